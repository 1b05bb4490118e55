"""F1 to F12: bodies that are not the one plain JSON object they should be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cometmagic.errors import APIError, ChargeStatus, CometError, NoImageError, TransportError
from tests.faults.asking import Asker
from tests.faults.server import recv_request, response, send
from tests.gemini.answers import answer, answering, body, image, picture, text

WHOLE = body(answer(text("Grüße "), image(), text("ende")))
UTF_8 = json.dumps(answer(text("Grüße "), image(), text("ende")), ensure_ascii=False).encode()
RED = picture()


def sse(*events: Any, line: str = "\n", end: str = "") -> bytes:
    """Return server-sent events."""
    return "".join(f"data: {json.dumps(event, ensure_ascii=False)}{line}{line}" for event in events).encode() + (
        end.encode()
    )


def deltas(*words: str) -> list[Any]:
    """Return the events of a stream: text in pieces, then the image whole, then the end."""
    return [
        *(answer(text(word), finish=None) for word in words),
        answer(image(), finish=None),
        answer(text(""), usageMetadata={"totalTokenCount": 9}),
    ]


def members(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


READ = {
    "plain": WHOLE,
    "F3-utf-8": UTF_8,
    "F4-bom": b"\xef\xbb\xbf" + UTF_8,
    "F4-utf-16-le": UTF_8.decode().encode("utf-16-le"),
    "F4-utf-16-be": UTF_8.decode().encode("utf-16-be"),
    "F4-utf-16-bom": UTF_8.decode().encode("utf-16"),
    "F6-nan": WHOLE[:-1] + b', "x": NaN, "y": [Infinity, -Infinity], "z": 1e999}',
    "F8-depth-90-beside": WHOLE[:-1] + b', "x": ' + members(90) + b"}",
    "F8-depth-1000-beside": WHOLE[:-1] + b', "x": ' + members(1000) + b"}",
    "F8-depth-100000-beside": WHOLE[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "F9-long-integer-beside": WHOLE[:-1] + b', "usageMetadata": {"totalTokenCount": ' + b"9" * 5000 + b"}}",
    "F11-list": b"[" + WHOLE + b"]",
    "F12-list-of-deltas": json.dumps(deltas("Grüße ", "ende")).encode(),
    "F12-sse-lf": sse(*deltas("Grüße ", "ende")),
    "F12-sse-crlf": sse(*deltas("Grüße ", "ende"), line="\r\n"),
    "F12-sse-done": sse(*deltas("Grüße ", "ende"), end="data: [DONE]\n\n"),
    "F12-sse-comments": b": keep-alive\n\nevent: message\nid: 1\n" + sse(*deltas("Grüße ", "ende")),
    "F12-sse-no-last-blank": sse(*deltas("Grüße ", "ende")).rstrip(),
    "F12-sse-no-blank-lines": sse(*deltas("Grüße ", "ende")).replace(b"\n\n", b"\n"),
    "F12-sse-words-beside": sse(*deltas("Grüße ", "ende")) + b"data: ping\n\n",
    "F12-documents-in-a-row": b"\n".join(json.dumps(event).encode() for event in deltas("Grüße ", "ende")),
    "D16-rubbish-after": WHOLE + b"\0\0 <!-- served by -->",
    "space-around": b"\r\n\t " + WHOLE + b" \n\n",
}


@pytest.mark.parametrize("name", READ)
def test_the_picture_and_the_words_come_out(ask: Asker, name: str) -> None:
    outcome = ask(*answering(READ[name]))

    assert outcome.made.image.data == RED
    assert outcome.made.text == "Grüße ende"
    json.loads((outcome.folder.path / "answer.json").read_bytes(), parse_constant=pytest.fail)
    if "1000" not in name:
        assert outcome.notes == ""


def test_f3_a_wrong_content_type_does_not_matter(ask: Asker) -> None:
    wrong = response(WHOLE, headers={"Content-Type": "text/html"})

    assert ask(recv_request(), send(wrong)).made.image.data == RED


def test_f5_invalid_utf_8(ask: Asker) -> None:
    made = ask(*answering(UTF_8.replace("ü".encode(), b"\xfc"))).made

    assert made.image.data == RED
    assert made.text == "Gr�ße ende"


def test_f5_invalid_utf_8_in_a_long_text(ask: Asker) -> None:
    made = ask(*answering(body(answer(text("x" * 5000 + "?"), image())).replace(b"?", b"\xfc"))).made

    assert made.image.data == RED
    assert made.text == "x" * 5000 + "�"
    json.loads((made.folder / "answer.json").read_bytes())


@pytest.mark.parametrize("line", ["\u2028", "\x0b", "\x85"], ids=ascii)
def test_f12_what_python_calls_a_line_end_is_none_in_an_event(ask: Asker, line: str) -> None:
    made = ask(*answering(sse(answer(text(f"one{line}two"), image())))).made

    assert made.image.data == RED
    assert made.text.replace(line, "") == "onetwo"


def test_f12_spaces_between_deltas_stay(ask: Asker) -> None:
    assert ask(*answering(sse(*deltas("a", " ", "red", "\n", "bicycle")))).made.text == "a red\nbicycle"


def test_f12_an_error_in_the_middle_of_a_stream(ask: Asker) -> None:
    events = [answer(text("so"), finish=None), {"error": {"code": 503, "message": "overloaded"}}]

    told = ask(*answering(sse(*events))).told

    assert isinstance(told, APIError)
    assert "503: overloaded" in str(told)


@pytest.mark.parametrize("last", ["", 'data: {"cand', "data: "], ids=["between-events", "in-an-event", "empty-event"])
def test_f10_a_stream_without_its_end_may_hold_a_draft_only(ask: Asker, last: str) -> None:
    outcome = ask(*answering(sse(answer(image(), finish=None), end=last)))

    assert outcome.made.image.data == RED
    assert "cut short" in outcome.notes


def test_f7_two_lists_of_candidates(ask: Asker) -> None:
    one, two = (json.dumps(answer(image(content))["candidates"]) for content in (RED, picture("JPEG")))

    made = ask(*answering(f'{{"candidates": {one}, "candidates": {two}, "candidates": null}}'.encode())).made

    assert [part.data for part in made.images] == [RED, picture("JPEG")]


def test_f7_two_contents(ask: Asker) -> None:
    with_image = json.dumps({"parts": [image()]})

    made = ask(*answering(f'{{"candidates": [{{"content": {with_image}, "content": {{"role": "model"}}}}]}}'.encode()))

    assert made.made.image.data == RED


def test_f7_of_a_doubled_field_the_last_wins(ask: Asker) -> None:
    twice = WHOLE.replace(b'"responseId":', b'"responseId": "first", "responseId":')

    assert ask(*answering(twice)).call["response_id"] == "r-1"


NOT_READ: dict[str, tuple[bytes, str]] = {
    "F1-html": (b"<!DOCTYPE html><html><head><title>Sign in\n to  WiFi</title></head>", "titled 'Sign in to WiFi'"),
    "F1-html-untitled": (b"\n <html><body>hello", "a web page"),
    "F1-html-hostile-title": (b"<html><title>\x1b[31m<script>x\r</title>", "<script>x"),
    "F1-words": (b"Hello, I am a proxy.", "cannot be read"),
    "C10-empty": (b"", "empty body"),
    "C10-blank": (b" \r\n\t", "empty body"),
    "F8-depth-1000": (members(1000), ""),
    "F8-depth-100000": (members(100_000), ""),
    "F8-depth-100000-lists": (b"[" * 100_000, "cannot be read"),
    "F9-long-integer": (b"9" * 5000, "no Gemini response"),
    "F11-string": (b'"hello"', "no Gemini response"),
    "F11-null": (b"null", "no Gemini response"),
    "F11-number": (b"42", "no Gemini response"),
    "F11-list-empty": (b"[]", "no Gemini response"),
    "F11-list-of-strings": (b'["a", "b"]', "no Gemini response"),
    "F11-two-numbers": (b"1 2 3", "cannot be read"),
    "F12-sse-empty": (b"data: [DONE]\n\n", "cannot be read"),
    "F12-sse-words": (b"data: ping\n\ndata: pong\n\n", "cannot be read"),
    "binary": (bytes(range(256)) * 20, "cannot be read"),
    "zeros": (bytes(1000), "cannot be read"),
}


@pytest.mark.parametrize("name", NOT_READ)
def test_what_is_no_answer_is_told_and_kept(ask: Asker, name: str) -> None:
    content, words = NOT_READ[name]

    outcome = ask(*answering(content))

    assert isinstance(outcome.told, CometError)
    assert isinstance(outcome.told, NoImageError) == (words == "no Gemini response") or "depth" in name
    assert words in str(outcome.told)
    assert outcome.told.charge_status in (ChargeStatus.UNKNOWN, ChargeStatus.ANSWERED)
    assert outcome.folder.response_path.read_bytes() == content


@pytest.mark.parametrize("status", ["204 No Content", "200 OK", "202 Accepted"])
def test_c10_no_body(ask: Asker, status: str) -> None:
    told = ask(recv_request(), send(response(b"", status))).told

    assert isinstance(told, TransportError)
    assert "empty body" in str(told)


def test_e23_a_2xx_of_its_own_kind_is_read(ask: Asker) -> None:
    assert ask(recv_request(), send(response(WHOLE, "299 Odd"))).made.image.data == RED
