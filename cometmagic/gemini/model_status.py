"""What the service says about a model's life, in one line: its stage, when it ends, what to use instead.

A model that is as it should be says nothing. Nothing here is trusted; what is known of models is in the options.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from cometmagic.gemini.coerce import coerce_object, coerce_string
from cometmagic.system.sanitize import clean_line

_USUAL_STAGES = ("", "unspecified", "stable", "preview", "experimental")
_MAX_STAGE_LENGTH = 40
_MAX_MESSAGE_LENGTH = 300
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def format_model_status(value: Any, today: date | None = None) -> str:
    """Return a `modelStatus`, an object or the name of a stage, as one line; "" when there is nothing to note."""
    status = coerce_object(value) or {"modelStage": value}
    stage = clean_line(coerce_string(status.get("modelStage")), _MAX_STAGE_LENGTH).lower()
    stage = stage.removeprefix("model_stage_").replace("_", " ")
    end = _format_end(coerce_string(status.get("retirementTime")), today or datetime.now(UTC).date())
    is_said = stage in _USUAL_STAGES or (end and stage == "retired")
    facts = ", ".join(filter(None, ["" if is_said else stage, end]))
    return ": ".join(filter(None, [facts, clean_line(coerce_string(status.get("message")), _MAX_MESSAGE_LENGTH)]))


def _format_end(text: str, today: date) -> str:
    """Return when a model is retired; a text that is no date is quoted."""
    match = _DATE.match(text)
    try:
        day = date.fromisoformat(match[0]) if match else None
    except ValueError:
        day = None
    if day is None:
        return f'retirement "{clean_line(text, _MAX_STAGE_LENGTH)}"' if text.strip() else ""
    return f"{'will be retired' if day > today else 'retired'} on {day}"
