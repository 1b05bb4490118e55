"""The pictures of a cell with `--count` and `--sweep`: which options each has, and what it is called.

Everything that is wrong with them is found here, before anything else is looked at. This module knows nothing of
prompts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.options.command_line import format_option
from cometmagic.options.declaration import MOST_IMAGES_PER_CELL, CellOptions, Options, list_options
from cometmagic.options.option_group import Option
from cometmagic.system.suggestions import suggest

Variant = tuple[str, dict[str, Any]]  # a label, and the options that are its own


def expand_variants(cell: CellOptions) -> Iterator[Variant]:
    """Yield (label, changed options) for each picture of a cell: all combinations of its sweeps, `count` times.

    The values of the last sweep change first. Raises `OptionError` for an unknown option, a bad value, or too many
    pictures.
    """
    axes = [list(_parse_axis(_find_sweep_option(name), values)) for name, values in cell.sweep.items()]
    check_image_count(cell.count * math.prod(map(len, axes)))
    for chosen in itertools.product(*axes):
        words = [label for label, _ in chosen]
        changes = {name: value for _, change in chosen for name, value in change.items()}
        for number in range(1, cell.count + 1):
            yield " · ".join([*words, *([f"#{number}"] if cell.count > 1 else [])]), changes


def check_image_count(image_count: int) -> None:
    """Raise `OptionError` when these are too many: a typing error must not cost a fortune."""
    if image_count > MOST_IMAGES_PER_CELL:
        raise OptionError(f"These would be {image_count:,} pictures; at most {MOST_IMAGES_PER_CELL} are made at once.")


def _find_sweep_option(name: str) -> Option:
    """Return the API option of this name. Raises `OptionError`."""
    known = Options.list_options()
    if name in known:
        return known[name]
    swept = "Options of the API can be swept: " + ", ".join(option.flag.removeprefix("--") for option in known.values())
    if name in list_options():
        instead = "-n makes several of the same." if name == "count" else f"{swept}."
        raise OptionError(f"--sweep: {list_options()[name].flag} is nothing that could vary.", advice=instead)
    told = f"{name[:40]!r}{suggest(name, known) or '.'}"
    raise OptionError(f"--sweep: there is no option {told}", advice=f"{swept}.")


def _parse_axis(option: Option, values: tuple[Any, ...]) -> Iterator[Variant]:
    """Yield each value of a sweep with its label. Raises `OptionError` for a bad one, or one that comes twice."""
    seen: list[Any] = []
    for given in values:
        try:
            value = None if given is None else option.type.parse(given)
        except ValueError as error:
            raise OptionError(f"--sweep {option.flag.removeprefix('--')}: {error}") from None
        label = _format_label(option, value)
        if value in seen:
            raise OptionError(f"--sweep: {label} is given twice.", advice="-n makes several of the same.")
        seen.append(value)
        yield label, {option.name: value}


def _format_label(option: Option, value: Any) -> str:
    name = option.flag.removeprefix("--")
    return f"{name} left out" if value is None else format_option(option.name, value).removeprefix("--") or name
