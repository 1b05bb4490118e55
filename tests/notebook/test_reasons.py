"""Why a cell has no picture, in a real kernel: one line with the service's reason and advice that fits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.courier.test_refusals import google, relay
from tests.courier.test_retry import refusing
from tests.notebook.answers import answering
from tests.notebook.fixtures import Notebook, Services

BLOCKED = {"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": [
    {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}]}}  # fmt: skip
REASONS: dict[str, tuple[str, Any, tuple[str, ...]]] = {
    "no-channel": (
        "503 No",
        relay("当前分组 default 下对于模型 x 无可用渠道"),
        ("无可用渠道", "--model", "not normally"),
    ),
    "another-format": (
        "200 OK",
        {"id": "task_1", "status": "queued"},
        ("task", "(queued, id task_1)", "Check COMETAPI_BASE_URL"),
    ),
    "blocked": ("200 OK", BLOCKED, ("(SAFETY), category dangerous", "--safety dangerous=none")),
    "credits": ("429 No", google("RESOURCE_EXHAUSTED", "Prepaid credits depleted.", 429), ("Check the balance",)),
}


@pytest.mark.parametrize("name", REASONS)
def test_a_cell_says_why_it_has_no_picture(notebook: Notebook, serve: Services, name: str) -> None:
    status, document, words = REASONS[name]
    server = serve(answering(json.dumps(document).encode(), status=status))

    ran = notebook.run("%gemini_image a cat")

    assert ran.error is not None
    [line] = ran.error["traceback"]
    assert all(word in line for word in words)
    assert len(server.log) == 1


def test_a_cell_with_several_pictures_outlives_high_demand(notebook: Notebook, serve: Services) -> None:
    busy = google("UNAVAILABLE", "high demand", RetryInfo={"retryDelay": "0s"})
    server = serve(*[refusing("503 Busy", busy)] * 3, *[answering()] * 5)

    ran = notebook.run("%gemini_image -n 5 --at-once 2 -o cats a cat")

    assert ran.error is None
    assert notebook.evaluate("len(cats.results), len(cats.errors)") == (5, 0)
    assert len(server.log) == 8
