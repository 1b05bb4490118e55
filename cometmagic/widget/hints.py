"""What a panel shows before anything is sent: the price, the source, warnings, and which choices the model lacks.

All of it comes from the tables that the magic's warnings come from. Nothing here fails: what is not known yet is
left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cometmagic.costs.estimate import Price, estimate_price
from cometmagic.errors import CometError
from cometmagic.options import pyproject
from cometmagic.options.declaration import CellOptions, Options, build_options
from cometmagic.options.model_checks import find_model_warnings
from cometmagic.options.settings import read_default_source, read_environment_limits
from cometmagic.options.sweeps import expand_variants
from cometmagic.widget.controls import find_unavailable


@dataclass(frozen=True)
class Hints:
    """The price beside the button, notes on the options, and reasons by option and choice."""

    price: str = ""
    notes: tuple[str, ...] = ()
    unavailable_choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def merge_inherited_options(options: Mapping[str, Any], session_options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what applies where the panel sets nothing: the environment, the session, the project, a preset."""
    try:
        preset = {name: options[name] for name in ("preset",) if name in options}
        values = read_environment_limits() | pyproject.merge_options(preset, dict(session_options))[0]
        groups = build_options(values)
    except CometError:  # a run will report it
        return {}
    return {name: getattr(group, name) for group in groups for name in group.list_options() if name in values}


def build_hints(merged_options: Mapping[str, Any], prompt: str, reference_count: int, *, has_key: bool) -> Hints:
    """Return the hints for options that already include the inherited ones."""
    try:
        options, cell_options, _ = build_options(dict(merged_options))
        counts = reference_count + bool(cell_options.edit), len(list(expand_variants(cell_options)))
        notes = find_model_warnings(options, counts[0])
        price = _format_price(options, cell_options, prompt, counts, has_key=has_key)
        return Hints(price, tuple(notes), find_unavailable(options, counts[0]))
    except CometError as error:
        return Hints(notes=(str(error.message),))


def _format_price(
    options: Options, cell_options: CellOptions, prompt: str, counts: tuple[int, int], *, has_key: bool
) -> str:
    reference_count, image_count = counts
    source = read_default_source() if cell_options.source == "auto" else cell_options.source
    prefix = f"{image_count} pictures, " if image_count > 1 else ""
    if source == "replay":
        return f"{prefix}free: a recording"
    if source == "offline":
        return f"{prefix}free: an offline sketch"
    if not has_key and source == "auto":
        return f"{prefix}free: without a key a recording, else an offline sketch"
    price = estimate_price(options, prompt, reference_count)
    total = Price(None if price.usd is None else round(price.usd * image_count, 6), price.basis)
    return f"{prefix}{total}"
