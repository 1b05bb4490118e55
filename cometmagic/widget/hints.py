"""What a panel says before anything is sent: the price, the source, remarks, and which choices the model has not.

All of it comes from the tables the magic warns from. Nothing here fails: what cannot be known yet is not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cometmagic.costs import estimate as advice
from cometmagic.errors import CometError
from cometmagic.options import pyproject
from cometmagic.options.declaration import CellOptions, Options, build_options
from cometmagic.options.model_checks import find_model_warnings
from cometmagic.options.settings import read_default_source, read_environment_limits
from cometmagic.options.sweeps import expand_variants
from cometmagic.widget.controls import find_unavailable


@dataclass(frozen=True)
class Hints:
    """What is told beside the button, remarks on the options, and reasons by option and choice."""

    price: str = ""
    notes: tuple[str, ...] = ()
    unavailable_choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def merge_inherited_options(options: Mapping[str, Any], session_options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what holds where the panel sets nothing: limits of the environment, the session, the project, a preset."""
    try:
        named = {name: options[name] for name in ("preset",) if name in options}
        given = read_environment_limits() | pyproject.merge_options(named, dict(session_options))[0]
        parts = build_options(given)
    except CometError:  # a run will say what is wrong
        return {}
    return {name: getattr(part, name) for part in parts for name in part.list_options() if name in given}


def build_hints(merged_options: Mapping[str, Any], prompt: str, reference_count: int, *, has_key: bool) -> Hints:
    """Return what can be said of options that are merged already."""
    try:
        options, cell, _ = build_options(dict(merged_options))
        pictures = len(list(expand_variants(cell)))
        sent = reference_count + bool(cell.edit)
        notes = find_model_warnings(options, sent)
        return Hints(
            _format_price(options, cell, prompt, (sent, pictures), has_key=has_key),
            tuple(notes),
            find_unavailable(options, sent),
        )
    except CometError as error:
        return Hints(notes=(str(error.message),))


def _format_price(options: Options, cell: CellOptions, prompt: str, counts: tuple[int, int], *, has_key: bool) -> str:
    sent, pictures = counts
    source = read_default_source() if cell.source == "auto" else cell.source
    several = f"{pictures} pictures, " if pictures > 1 else ""
    if source == "replay":
        return f"{several}free: a recording"
    if source == "offline":
        return f"{several}free: an offline sketch"
    if not has_key and source == "auto":
        return f"{several}free: without a key a recording, else an offline sketch"
    estimate = advice.estimate_price(options, prompt, sent)
    total = advice.Price(None if estimate.usd is None else round(estimate.usd * pictures, 6), estimate.basis)
    return f"{several}{total}"
