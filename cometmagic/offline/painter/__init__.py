"""Pictures for lessons without a key or a network.

The offline source answers in the shape of the real service; its pictures come from here. They are composed
from the words of the prompt, drawn anew each time, and always the same for the same prompt, size, seed and
base, so that thirty students can compare what they see. The module knows pictures only: no JSON, no HTTP,
no files and no notebook. Words are read in `vocabulary`, the picture is planned in `layout`, places are in
`scenery`, subjects in `cast`, manners in `styles` and edits in `relight`; everything is drawn
with one `Pen`; `painting` puts it together.
"""

from cometmagic.offline.painter.picture import Picture, paint

__all__ = ["Picture", "paint"]
