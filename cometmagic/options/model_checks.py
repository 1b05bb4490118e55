"""Which options a model is not known to support: warnings, never refusals. What anything costs is not known here."""

from __future__ import annotations

from cometmagic.options import models
from cometmagic.options.declaration import Options
from cometmagic.system.suggestions import suggest


def find_model_warnings(options: Options, reference_count: int = 0) -> list[str]:
    """Return one line for each thing the model is not known to take."""
    model = models.find_model(options.model)
    if model is None:
        near = suggest(options.model, models.MODEL_NAMES) or "."
        return [f"{options.model} is not in the table of {models.CHECK_DATE}; sent as it is, price unknown{near}"]
    checks = (
        ("--aspect-ratio", options.aspect_ratio, model.aspect_ratios),
        ("--image-size", options.image_size, model.image_sizes),
        ("--thinking", options.thinking, model.thinking_levels),
        *(("--search", kind, model.search_kinds) for kind in options.search or ()),
    )
    said = [_format_retirement_warning(options.model, model)] if model.retirement_date else []
    said += [
        _format_support_warning(options.model, flag, value, has)
        for flag, value, has in checks
        if value and value not in has
    ]
    if options.system and not model.has_system_instruction:
        said.append(f"{options.model} is not known to take a system instruction; sent all the same.")
    if reference_count > model.max_references:
        said.append(f"{options.model} is known to take {model.max_references} reference images, not {reference_count}.")
    return said


def _format_retirement_warning(model_name: str, model: models.Model) -> str:
    return f"{model_name} was retired on {model.retirement_date}; use {model.replacement}. Sent all the same."


def _format_support_warning(model_name: str, flag: str, value: str, supported_values: tuple[str, ...]) -> str:
    has = f"it has {', '.join(supported_values)}" if supported_values else "it has no such choice"
    return f"{flag} {value} is not known to work on {model_name} ({has}); sent all the same."
