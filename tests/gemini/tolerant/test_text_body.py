"""Bodies that are no JSON objects and hold an answer all the same, and such that hold none."""

from __future__ import annotations

import json

import pytest

from cometmagic.errors import CometError
from tests.faults.asking import Asker
from tests.faults.server import recv_request, response, send
from tests.gemini.answers import answer, base64_of, image, picture

pytestmark = pytest.mark.usefixtures("carried_here")

PICTURE = picture("JPEG") + b"\0" * 1000  # as much as makes no word
LETTERS = base64_of(PICTURE)
ANSWER = answer(image(PICTURE, "image/jpeg"))
ANSWERS: dict[str, bytes] = {
    "xml": f"<answer><image type='jpeg'>{LETTERS}</image></answer>".encode(),
    "a python dict": str(ANSWER).encode(),
    "javascript": f"{{image: '{LETTERS}', done: true}}".encode(),
    "yaml": f"status: ok\nimage: {LETTERS}\n".encode(),
    "a callback": f"callback({{'image': '{LETTERS}'}});".encode(),
    "a form": f"status=ok&image={LETTERS.rstrip('=')}&seed=5".encode(),
    "csv": f"id,image\n1,{LETTERS}\n".encode(),
    "json as a text": json.dumps(json.dumps(ANSWER)).encode(),
    "json as a text, with a line end": json.dumps(json.dumps(ANSWER)).encode() + b"\r\n",
    "twice as a text": json.dumps(json.dumps(json.dumps(ANSWER))).encode(),
    "base64 alone": LETTERS.encode(),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_picture_in_a_text_is_found(ask: Asker, name: str) -> None:
    outcome = ask(recv_request(), send(response(ANSWERS[name])))

    assert outcome.made.image.data == PICTURE
    assert len(outcome.log) == 1


def test_of_several_the_last_one_is_shown_and_all_are_kept(ask: Asker) -> None:
    first = base64_of(picture("JPEG", "blue") + b"\0" * 1000)

    made = ask(recv_request(), send(response(f"<a>{first}</a><b>{LETTERS}</b>".encode()))).made

    assert made.image.data == PICTURE
    assert len(list(made.folder.glob("image*.jpg"))) == 2


OTHERS: dict[str, bytes] = {
    "a page": f"<!doctype html><img src='data:image/jpeg;base64,{LETTERS}'>".encode(),
    "a page as a text": json.dumps(f"<html><img src='data:image/jpeg;base64,{LETTERS}'>").encode(),
    "letters": b"x: " + b"Az09" * 1000,
    "words": b"so sorry",
    "words as a text": b'"so sorry"',
    "json as a text without an object": b'"[1, 2]"',
}


@pytest.mark.parametrize("name", OTHERS)
def test_anything_else_is_kept_and_no_picture(ask: Asker, name: str) -> None:
    outcome = ask(recv_request(), send(response(OTHERS[name])))

    assert isinstance(outcome.error, CometError)
    assert outcome.folder.response_path.read_bytes() == OTHERS[name]
