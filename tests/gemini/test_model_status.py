"""What the service says about a model's life: noted once, cleaned, and only when there is something to note."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cometmagic.gemini.model_status import format_model_status

TODAY = date(2026, 12, 1)
LATER, EARLIER = "2027-01-15T00:00:00Z", "2026-10-01T00:00:00Z"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, ""),
        (3, ""),
        ({}, ""),
        ({"modelStage": "STABLE"}, ""),
        ({"modelStage": "MODEL_STAGE_PREVIEW", "message": " "}, ""),
        ({"modelStage": "MODEL_STAGE_UNSPECIFIED"}, ""),
        ("STABLE", ""),
        ("DEPRECATED", "deprecated"),
        ({"modelStage": "LEGACY"}, "legacy"),
        ({"modelStage": "STABLE", "message": "Slow today."}, "Slow today."),
        ({"modelStage": "PREVIEW", "retirementTime": LATER}, "will be retired on 2027-01-15"),
        ({"modelStage": "DEPRECATED", "retirementTime": LATER, "message": "Use b."},
         "deprecated, will be retired on 2027-01-15: Use b."),
        ({"modelStage": "DEPRECATED", "retirementTime": EARLIER}, "deprecated, retired on 2026-10-01"),
        ({"modelStage": "RETIRED", "retirementTime": EARLIER}, "retired on 2026-10-01"),
        ({"modelStage": "RETIRED", "retirementTime": "2026-12-01"}, "retired on 2026-12-01"),
        ({"modelStage": "RETIRED"}, "retired"),
        ({"modelStage": "\x1b[31mLEGACY", "retirementTime": "soon\n"}, 'legacy, retirement "soon"'),
        ({"retirementTime": "2027-99-99"}, 'retirement "2027-99-99"'),
        ({"message": "a\nb " + "x" * 600}, "a b " + "x" * 295 + "…"),
    ],
)  # fmt: skip
def test_the_status_of_a_model(status: Any, words: str) -> None:
    assert format_model_status(status, TODAY) == words
