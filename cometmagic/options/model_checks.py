"""Warnings about options that a model is not known to support. They never stop a call. Prices are not known here."""

from __future__ import annotations

from datetime import UTC, date, datetime

from cometmagic.options import model_lifecycle, models
from cometmagic.options.declaration import Options
from cometmagic.system.suggestions import suggest


def find_model_warnings(options: Options, reference_count: int = 0, today: date | None = None) -> list[str]:
    """Return one line for each option or value that the model is not known to support, and for a name shut down."""
    model = models.find_model(options.model)
    if model is None:
        suggestion = suggest(options.model, models.MODEL_NAMES) or "."
        return [f"{options.model} is not in the table of {models.CHECK_DATE}; sent as it is, price unknown{suggestion}"]
    checks = (
        ("--aspect-ratio", options.aspect_ratio, model.aspect_ratios),
        ("--image-size", options.image_size, model.image_sizes),
        ("--thinking", options.thinking, model.thinking_levels),
        *(("--search", kind, model.search_kinds) for kind in options.search or ()),
    )
    shutdown = model_lifecycle.describe_shutdown(options.model, today or datetime.now(UTC).date())
    warnings = [f"{shutdown} Sent anyway."] if shutdown else []
    warnings += [
        _format_support_warning(options.model, flag, value, supported_values)
        for flag, value, supported_values in checks
        if value and value not in supported_values
    ]
    if options.system and not model.has_system_instruction:
        warnings.append(f"{options.model} is not known to take a system instruction; sent anyway.")
    if reference_count > model.max_references:
        warnings.append(
            f"{options.model} is known to take {model.max_references} reference images, not {reference_count}."
        )
    return warnings


def _format_support_warning(model_name: str, flag: str, value: str, supported_values: tuple[str, ...]) -> str:
    support = f"it has {', '.join(supported_values)}" if supported_values else "it has no such choice"
    return f"{flag} {value} is not known to work on {model_name} ({support}); sent anyway."
