"""What a panel shows before anything is sent: the price, the source, warnings, and which choices the model lacks.

All of it comes from the tables that the magic's warnings come from. Nothing here fails: what is not known yet is
left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cometmagic.costs.estimate import estimate_price, find_price_warnings, sum_prices
from cometmagic.errors import CometError
from cometmagic.options import pyproject
from cometmagic.options.declaration import build_options
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
        options, cell_options, limits = build_options(dict(merged_options))
        reference_count += bool(cell_options.edit)
        image_count = len(list(expand_variants(cell_options)))
        free_source = _describe_free_source(cell_options.source, has_key=has_key)
        estimate = estimate_price(options, prompt, reference_count, limits.price_ratio)
        prefix = f"{image_count} pictures, " if image_count > 1 else ""
        return Hints(
            f"{prefix}{free_source or sum_prices([estimate] * image_count)}",
            (*find_model_warnings(options, reference_count), *(() if free_source else find_price_warnings(options))),
            find_unavailable(options, reference_count),
        )
    except CometError as error:
        return Hints(notes=(str(error.message),))


def _describe_free_source(requested_source: str, *, has_key: bool) -> str:
    """Return what a run would show for nothing, and an empty string when it would be live."""
    source = read_default_source() if requested_source == "auto" else requested_source
    if source == "replay":
        return "free: a recording"
    if source == "offline":
        return "free: an offline sketch"
    return "" if has_key or source == "live" else "free: without a key a recording, else an offline sketch"
