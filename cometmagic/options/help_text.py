"""The help texts of the options, built from the declaration.

They are the help of the magic, the table in the README and the help of `%config`. This module knows no option by
name.
"""

from __future__ import annotations

import textwrap

from cometmagic.options.declaration import GROUPS
from cometmagic.options.option_group import Option

HELP_WIDTH = 100
_INTRODUCTION = """\
Make a picture with a Gemini image model, show it and keep it.

    %%gemini_image --aspect-ratio 16:9 --image-size 2K --thoughts -o bike
    a red bicycle leaning on a sunlit wall

    %gemini_image -a 1:1 a red bicycle"""


def format_flags(option: Option) -> str:
    """Return an option's flags and its placeholder: `-a, --aspect-ratio R`."""
    return " ".join(filter(None, (", ".join(option.flags), option.type.metavar)))


def describe(option: Option) -> str:
    """Return an option's help with its choices and its default."""
    notes = [", ".join(option.type.choices)] if option.type.choices else []
    if option.default not in (None, False, {}, ()):
        notes.append(f"default {option.default}")
    return f"{option.help} ({'; '.join(notes)})" if notes else option.help


def build_help_text() -> str:
    """Return the help of the magic."""
    blocks = [_INTRODUCTION]
    for group in GROUPS:
        rows = [_format_help_row(option) for option in group.list_options().values()]
        blocks.append(f"{group.TITLE}:\n" + "\n".join(rows))
    return "\n\n".join(blocks) + "\n"


def _format_help_row(option: Option) -> str:
    indent = " " * 30
    text = textwrap.fill(
        describe(option), HELP_WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    flags = f"  {format_flags(option)}"
    return f"{flags:<29} {text.lstrip()}" if len(flags) < len(indent) else f"{flags}\n{text}"
