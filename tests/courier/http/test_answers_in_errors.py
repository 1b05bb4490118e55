"""An answer that comes with the status of an error: a picture is kept and asked for once; a refusal is told as one."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from PIL import Image

from cometmagic import generate
from cometmagic.errors import ChargeStatus, CometError
from cometmagic.gemini.failures.answer_marks import has_answer
from cometmagic.storage.call_record import CallState
from tests.faults.asking import Asker
from tests.faults.server import Step, fin, recv_request, response, send, sliced
from tests.gemini.answers import answer, base64_of, image, picture
from tests.image_samples import encoded
from tests.notebook.answers import serving

pytestmark = pytest.mark.usefixtures("carried_here", "soon")

STATUSES = [
    "302 Found",
    "400 Bad",
    "403 No",
    "409 Conflict",
    "429 Slow",
    "500 Error",
    "502 Bad",
    "503 Busy",
    "529 Busy",
]
PICTURE = encoded(Image.new("RGB", (600, 600), "red"))  # as large as a model's; the logo of a page is smaller
WHOLE = answer(image(PICTURE), usageMetadata={"promptTokenCount": 5, "candidatesTokenCount": 1290})
ERROR = {"error": {"code": 503, "message": "out of order", "status": "UNAVAILABLE"}}
# A real picture has more; a mark needs a thousand letters of base64.
LARGE = base64_of(PICTURE + b"\0" * 2000)
LOGO = base64_of(picture() + bytes(2000))
PICTURES: dict[str, bytes] = {
    "an answer": json.dumps(WHOLE).encode(),
    "an answer in lines": json.dumps(WHOLE, indent=2).encode(),
    "an answer beside an error": json.dumps(WHOLE | ERROR).encode(),
    "an array that ends with an error": json.dumps([WHOLE, ERROR]).encode(),
    "a stream that ends with an error": f"data: {json.dumps(WHOLE)}\n\ndata: {json.dumps(ERROR)}\n\n".encode(),
    "in another format": json.dumps({"created": 1, "data": [{"b64_json": LARGE}]}).encode(),
    "in a chat": json.dumps(
        {"choices": [{"message": {"images": [{"image_url": {"url": f"data:image/png;base64,{LARGE}"}}]}}]}
    ).encode(),
    "the file itself": PICTURE,
    "after many words": json.dumps({"padding": "words " * 3000} | WHOLE).encode(),
    "in the error": json.dumps({"error": ERROR["error"] | {"image": LARGE}}).encode(),
    "in a detail of the error": json.dumps(
        {"error": ERROR["error"] | {"details": [{"inlineData": {"mimeType": "image/png", "data": LARGE}}]}}
    ).encode(),
    "as a text in the error": json.dumps(
        {"error": {"message": "slow", "metadata": {"raw": json.dumps(answer(image(PICTURE + bytes(2000))))}}}
    ).encode(),
    "in the message": json.dumps({"error": {"message": f"slow data:image/png;base64,{LARGE}"}}).encode(),
    "in one of several errors": json.dumps({"errors": [{"message": "slow", "image": LARGE}]}).encode(),
    "in a page": f"<html><body><img src='data:image/png;base64,{LARGE}'></body></html>".encode(),
    "an answer in a page": f"<!doctype html><pre>{json.dumps(answer(image(PICTURE + bytes(2000))))}</pre>".encode(),
}


def answering(status: str, body: bytes) -> list[Step]:
    return [recv_request(), send(response(body, status, {"Retry-After": "0"}))]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_kept_whatever_the_status_says(ask: Asker, status: str, name: str) -> None:
    outcome = ask(*answering(status, PICTURES[name]))

    assert outcome.made.image.data.startswith(PICTURE)
    assert len(outcome.log) == 1
    assert f"The service answered {status[:3]}." in outcome.notes
    assert "tries" not in outcome.call


def test_it_may_come_packed_and_in_pieces(ask: Asker) -> None:
    body = PICTURES["after many words"]
    headers = {"Content-Encoding": "gzip"}

    outcome = ask(recv_request(), sliced(response(gzip.compress(body), "500 Error", headers), 300), fin())

    assert outcome.made.image.data == PICTURE


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "a blocked prompt": ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "PROHIBITED_CONTENT"),
    "a blocked picture": (answer(finish="IMAGE_SAFETY"), "IMAGE_SAFETY"),
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_told_as_one(ask: Asker, status: str, name: str) -> None:
    document, reason = REFUSALS[name]

    error = ask(*answering(status, json.dumps(document).encode())).told

    assert isinstance(error, CometError)
    assert f"({reason})" in str(error)


def test_half_a_picture_is_neither_lost_nor_asked_for_again(ask: Asker) -> None:
    half = json.dumps(WHOLE).encode().partition(b'"data": "')
    body = b"".join(half[:2]) + LARGE[:1500].encode()

    outcome = ask(*answering("429 Slow", body))

    assert outcome.state is CallState.UNKNOWN
    assert outcome.folder.response_path.read_bytes() == body
    assert len(outcome.log) == 1


ADDRESSES: dict[str, bytes] = {
    "beside the error": json.dumps(ERROR | {"data": [{"url": "https://cdn.example/a.png"}]}).encode(),
    "in the error": json.dumps({"error": ERROR["error"] | {"result": "https://cdn.example/a.png"}}).encode(),
    "in the message": json.dumps({"error": {"message": "slow, see https://cdn.example/a.png?x=1 for it"}}).encode(),
}


@pytest.mark.parametrize("status", ["429 Slow", "500 Error", "503 Busy"])
@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_is_told_and_nothing_is_sent_again(ask: Asker, status: str, name: str) -> None:
    outcome = ask(*answering(status, ADDRESSES[name]))

    assert isinstance(outcome.error, CometError)
    assert outcome.error.charge_status is ChargeStatus.ANSWERED
    assert "Address: https://cdn.example/a.png" in str(outcome.error)
    assert "%gemini_library fetch" in str(outcome.error)
    assert len(outcome.log) == 1


BEGUN: dict[str, bytes] = {
    "a reason for the end": json.dumps(ERROR | {"candidates": [{"finishReason": "IMAGE_SAFETY"}]}).encode(),
    "a bill": json.dumps({"error": ERROR["error"] | {"billed": True}}).encode(),
    "a job": json.dumps({"task_id": "t-9", "status": "processing", "message": "too many polls"}).encode(),
    "a made image": b'{"message": "Image generated but download rate limited; id img_77"}',
}


@pytest.mark.parametrize("status", ["429 Slow", "503 Busy"])
@pytest.mark.parametrize("name", BEGUN)
def test_what_shows_that_the_model_worked_is_not_sent_again(ask: Asker, status: str, name: str) -> None:
    outcome = ask(*answering(status, BEGUN[name]))

    assert isinstance(outcome.error, CometError)
    assert outcome.error.charge_status in (ChargeStatus.UNKNOWN, ChargeStatus.ANSWERED)
    assert len(outcome.log) == 1


NOT_BEGUN: dict[str, bytes] = {
    "an error": json.dumps(ERROR).encode(),
    "a link to help": json.dumps(
        {"error": ERROR["error"] | {"details": [{"url": "https://ai.example/limits"}]}}
    ).encode(),
    "no image": b'{"error": {"status": "UNAVAILABLE", "message": "No image was generated"}}',
    "not billed": json.dumps({"error": ERROR["error"] | {"billed": False}}).encode(),
}


@pytest.mark.parametrize("name", NOT_BEGUN)
def test_what_shows_nothing_of_the_kind_is_sent_again(ask: Asker, name: str) -> None:
    outcome = ask(*answering("503 Busy", NOT_BEGUN[name]))

    assert isinstance(outcome.error, CometError)
    assert outcome.error.charge_status is ChargeStatus.REFUSED
    assert len(outcome.log) == 4


@pytest.mark.parametrize("status", ["200 OK", "400 Bad", "429 Slow"])
def test_an_error_that_quotes_an_image_of_the_request_is_no_picture(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    def quoting(content: bytes) -> list[Step]:
        quotation = f"Invalid image: data:image/png;base64,{base64_of(content)}"
        return answering(status, json.dumps({"error": {"code": 400, "message": quotation}}).encode())

    other = encoded(Image.new("RGB", (600, 600), "blue"))  # the positive control
    with serving(monkeypatch, *[quoting(PICTURE)] * (4 if status == "429 Slow" else 1), quoting(other)):
        with pytest.raises(CometError, match="Invalid image"):
            generate("a cat", images=[PICTURE])
        assert generate("a cat", images=[PICTURE]).image.data == other


SENT = json.dumps({"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": LARGE}}]}]})
PLAIN: dict[str, tuple[str, bytes]] = {
    "an error": ("out of order", json.dumps(ERROR).encode()),
    "no candidates": ("out of order", json.dumps(ERROR | {"candidates": [], "promptFeedback": {}}).encode()),
    "the request": ("out of order", json.dumps(ERROR | {"request": json.loads(SENT)}).encode()),
    "the request in the error": ("out of order", json.dumps({"error": ERROR["error"] | {"body": SENT}}).encode()),
    "a page with a picture": ("a web page", f'<html><img src="data:image/png;base64,{LOGO}"></html>'.encode()),
    "words": ("so sorry", b"so sorry"),
}


@pytest.mark.parametrize("status", ["400 Bad", "403 No"])
@pytest.mark.parametrize("name", PLAIN)
def test_an_error_without_an_answer_is_an_error(ask: Asker, status: str, name: str) -> None:
    words, body = PLAIN[name]

    outcome = ask(*answering(status, body))

    assert isinstance(outcome.error, CometError)
    assert outcome.error.charge_status is ChargeStatus.REFUSED
    assert words in str(outcome.error)
    assert LARGE[:50] not in str(outcome.error)


def test_only_answers_have_its_marks() -> None:
    assert all(has_answer(body, 429) for body in PICTURES.values())
    assert not has_answer(PLAIN["a page with a picture"][1], 429)
    assert not has_answer(json.dumps({"error": {"message": base64.b64encode(b"a token").decode()}}).encode(), 429)
    address = json.dumps({"error": ERROR["error"], "data": [{"url": "https://cdn.example/a.png"}]}).encode()
    assert [has_answer(address, status) for status in (401, 403, 429, 500)] == [False, False, True, True]
