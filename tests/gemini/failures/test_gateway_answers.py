"""What gateways answer in place of a picture: the advice fits, and no second picture is advised where one is coming."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.asking import Asker
from tests.faults.server import recv_request, response, send
from tests.gemini.answers import answer

pytestmark = pytest.mark.usefixtures("carried_here", "soon")

CHAT = {"message": {"content": "I cannot create images of real people.", "refusal": "I cannot"}}
# The HTTP status, the body, what must be said, and what must not.
ANSWERS: dict[str, tuple[str, Any, tuple[str, ...], tuple[str, ...]]] = {
    "a task inside": (
        "200 OK",
        {"code": 0, "message": "SUCCEED", "data": {"task_id": "8812", "task_status": "submitted"}},
        ("a task that is still being worked on (submitted, id 8812)", "ask the service for the result by this id"),
        ("run the cell again",),
    ),
    "a task in a queue": (
        "200 OK",
        {"data": {"task_id": "t-778", "status": "IN_QUEUE"}},
        ("IN_QUEUE, id t-778",),
        ("run the cell again",),
    ),
    "a job with an address": (
        "202 Accepted",
        {"jobId": "j-1", "state": "PENDING", "statusUrl": "https://x.example/jobs/j-1"},
        ("PENDING, id j-1, status at https://x.example/jobs/j-1",),
        ("run the cell again",),
    ),
    "an id and a status": (
        "200 OK",
        {"id": "p-1", "status": "starting"},
        ("starting, id p-1",),
        ("run the cell again",),
    ),
    "another format with an id": (
        "200 OK",
        {"id": "p-1", "note": "ok"},
        ("Check COMETAPI_BASE_URL",),
        ("still being worked on (",),
    ),
    "a reason in Russian": (
        "200 OK",
        {"ошибка": "Недостаточно средств на балансе"},
        ("Недостаточно средств на балансе",),
        (),
    ),
    "a reason in Japanese": ("200 OK", {"success": False, "メッセージ": "モデルが混雑"}, ("モデルが混雑",), ()),
    "a refusal of a chat": (
        "200 OK",
        {"choices": [CHAT | {"finish_reason": "content_filter"}]},
        ("that was refused", "It says: I cannot create images of real people.", "Rephrase the prompt"),
        ("people.I", "COMETAPI_BASE_URL"),
    ),
    "a chat": (
        "200 OK",
        {"choices": [{"message": {"content": "Hello there."}, "finish_reason": "stop"}]},
        ("Hello there.", "Check COMETAPI_BASE_URL"),
        ("refused", "Rephrase"),
    ),
    "a file of the service": (
        "200 OK",
        answer({"fileData": {"fileUri": "gs://bucket/cat.png"}}),
        ("gs://bucket/cat.png", "ask the service for the image by this address"),
        ("Open it soon",),
    ),
    "a plain address": (
        "200 OK",
        answer({"fileData": {"fileUri": "http://cdn.example/cat.png"}}),
        ("http://cdn.example/cat.png", "open it only if you know the host"),
        ("Open it soon",),
    ),
    "a local file": (
        "200 OK",
        answer({"fileData": {"fileUri": "file:///etc/passwd"}}),
        ("do not open it",),
        ("Open it soon",),
    ),
    "wrong fields": (
        "422 Wrong",
        {"message": "The given data was invalid.", "errors": {"size": ["The selected size is invalid."]}},
        ("size: The selected size is invalid",),
        (),
    ),
    "wrong fields alone": (
        "422 Wrong",
        {"errors": {"prompt": ["can't be blank"]}},
        ("prompt: can't be blank",),
        ("{",),
    ),
    "throttling": ("400 Bad", {"__type": "ThrottlingException", "message": "Rate exceeded"}, ("Wait a little",), ()),
    "a proxy": ("407 Login", {"message": "login needed"}, ("check HTTPS_PROXY",), ()),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_advice_fits(ask: Asker, name: str) -> None:
    status, body, words, other_words = ANSWERS[name]

    said = str(ask(recv_request(), send(response(json.dumps(body).encode(), status, {"Retry-After": "0"}))).told)

    assert [text for text in words if text not in said] == [], said
    assert [text for text in other_words if text in said] == [], said
