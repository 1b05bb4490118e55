"""The images of a cell with `--count` and `--sweep`: the label and the options of each.

All errors in these options are found here, before anything else is checked. This module knows nothing of prompts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.options.command_line import format_option
from cometmagic.options.declaration import MAX_IMAGES_PER_CELL, CellOptions, Options, list_options
from cometmagic.options.option_group import Option
from cometmagic.system.suggestions import suggest

Variant = tuple[str, dict[str, Any]]  # its label, and the options that differ from the cell's


def expand_variants(cell: CellOptions) -> Iterator[Variant]:
    """Yield (label, changed options) for each image of a cell: all combinations of its sweeps, `count` times.

    The last sweep varies fastest. Raises `OptionError` for an unknown option, a wrong value, or too many images.
    """
    axes = [list(_parse_axis(_find_sweep_option(name), values)) for name, values in cell.sweep.items()]
    check_image_count(cell.count * math.prod(map(len, axes)))
    for combination in itertools.product(*axes):
        labels = [label for label, _ in combination]
        changes = {name: value for _, change in combination for name, value in change.items()}
        for number in range(1, cell.count + 1):
            yield " · ".join([*labels, *([f"#{number}"] if cell.count > 1 else [])]), changes


def check_image_count(image_count: int) -> None:
    """Raise `OptionError` for too many images: a typing error must not cost a fortune."""
    if image_count > MAX_IMAGES_PER_CELL:
        raise OptionError(f"These would be {image_count:,} pictures; at most {MAX_IMAGES_PER_CELL} are made at once.")


def _find_sweep_option(name: str) -> Option:
    """Return the API option of this name. Raises `OptionError`."""
    options = Options.list_options()
    if name in options:
        return options[name]
    flags = ", ".join(option.flag.removeprefix("--") for option in options.values())
    advice = f"Options of the API can be swept: {flags}."
    if name in list_options():
        raise OptionError(
            f"--sweep: {list_options()[name].flag} is nothing that could vary.",
            advice="-n makes several of the same." if name == "count" else advice,
        )
    raise OptionError(f"--sweep: there is no option {name[:40]!r}{suggest(name, options) or '.'}", advice=advice)


def _parse_axis(option: Option, values: tuple[Any, ...]) -> Iterator[Variant]:
    """Yield each value of a sweep with its label. Raises `OptionError` for a wrong or repeated value."""
    parsed_values: list[Any] = []
    for raw_value in values:
        try:
            value = None if raw_value is None else option.type.parse(raw_value)
        except ValueError as error:
            raise OptionError(f"--sweep {option.flag.removeprefix('--')}: {error}") from None
        label = _format_label(option, value)
        if value in parsed_values:
            raise OptionError(f"--sweep: {label} is given twice.", advice="-n makes several of the same.")
        parsed_values.append(value)
        yield label, {option.name: value}


def _format_label(option: Option, value: Any) -> str:
    name = option.flag.removeprefix("--")
    return f"{name} left out" if value is None else format_option(option.name, value).removeprefix("--") or name
