"""Pictures for lessons without a key or a network.

The images of the offline service come from here. They are composed from the words of the prompt, and the same
prompt, size, seed and base image always give the same picture, so that thirty students can compare what they
see. The package knows pictures only: no JSON, no HTTP, no files and no notebook.

`prompt_parser` reads the words with the tables of `vocabulary`, `scene_plan` decides what to show, and `layout`
paints one of the `places` and puts the `subjects` on it. `styles` and `filters` give the look, `edits` change
an image, and `picture` puts everything together. All shapes are drawn with the one `Pen`.
"""

from cometmagic.offline.painter.picture import Picture, paint

__all__ = ["Picture", "paint"]
