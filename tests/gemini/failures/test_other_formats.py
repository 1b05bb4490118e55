"""A 200 that is no Gemini response: it is said what it is, what it holds, where it was asked for, and what to check."""

from __future__ import annotations

from typing import Any

import pytest

from cometmagic.errors import APIError, ChargeStatus, CometError, NoImageError, TransportError
from cometmagic.gemini.failures.other_formats import describe_documents
from tests.faults.asking import Asker
from tests.faults.server import recv_request, response, send
from tests.gemini.answers import answer, answering, image, picture, text

CHAT = {"id": "c", "object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": "Hi"}}]}
OTHER_FORMATS: dict[str, tuple[Any, str]] = {
    "status": ({"status": "ok"}, "a status message (ok) with the fields status"),
    "chat": (CHAT, "a chat completion with the fields id, object, choices"),
    "chat-in-a-stream": (b'data: {"id": "c", "choices": [{"delta": {}}]}\n\ndata: [DONE]\n\n', "a chat completion"),
    "task": ({"id": "task_1", "status": "queued"}, "a task that is still being worked on (queued, id task_1)"),
    "task-with-a-message": ({"code": 0, "message": "success", "data": {"task_id": "t"}}, "the fields code, message"),
    "task-that-failed": ({"status": "failed", "failure_reason": "moderation"}, "a task that failed (failed) with the"),
    "task-id": ({"task_id": "t", "message": "submitted"}, "a task that is still being worked on"),
    "models": ({"object": "list", "data": []}, "a list with the fields object, data"),
    "images-without-one": ({"created": 1, "data": []}, "an image response of OpenAI's API"),
    "anthropic": ({"type": "message", "role": "assistant", "content": []}, "a message of Anthropic's API"),
    "operation": ({"name": "operations/1", "done": False}, "an operation that is still running"),
    "many-fields": ({f"f{number}\x1b": 1 for number in range(30)}, "f0, f1, f2, f3, f4, f5, f6, f7, …"),
    "list-of-texts": (["a", "b"], 'a list in JSON (["a", "b"])'),
    "empty-list": ([], "a list in JSON ([])"),
    "bare-text": (b'"OK"', 'a text in JSON ("OK")'),
    "number": (b"42", "a number in JSON (42)"),
    "null": (b"null", "null in JSON"),
    "empty": ({}, "empty JSON, from"),
    "list-of-empty": ([{}], "empty JSON, from"),
    "no-candidates": ({"candidates": {}}, "an empty answer with the fields candidates"),
    "candidates-in-words": ({"candidates": "none"}, "an empty answer with the fields candidates"),
    "candidates-of-null": ({"candidates": [None]}, "an empty answer with the fields candidates"),
    "model-only": ({"modelVersion": "x", "responseId": "y"}, "an empty answer with the fields modelVersion"),
    "feedback-empty": ({"promptFeedback": {}, "status": "ok"}, "a status message (ok) with the fields promptFeedback"),
    "chat-words": (CHAT, "It says: Hi"),
    "words-in-a-stream": (
        "".join(f'data: {{"choices": [{{"delta": {{"content": "{letter}"}}}}]}}\n\n' for letter in "Hi").encode(),
        "It says: Hi",
    ),
    "anthropic-words": ({"role": "assistant", "content": [{"type": "text", "text": "Hello."}]}, "It says: Hello."),
    "xml": (b"<Error><Code>NoSuchBucket</Code><Message>No &lt;bucket&gt;</Message></Error>",
            "an error in XML, from"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_FORMATS)
def test_json_of_another_api(ask: Asker, name: str) -> None:
    document, words = OTHER_FORMATS[name]

    outcome = ask(*answering(document), model="some-model")

    assert isinstance(outcome.told, NoImageError)
    assert outcome.told.charge_status is ChargeStatus.ANSWERED
    assert words in outcome.told.message
    assert f"127.0.0.1:{outcome.log[0].headers['host'].split(':')[1]}/v1beta/models/some-model:" in outcome.told.message
    assert "Check COMETAPI_BASE_URL" in outcome.told.advice
    assert outcome.folder.response_path.exists()
    assert len(outcome.log) == 1


BINARY: dict[str, tuple[bytes, str]] = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"1 0 obj " * 500, "a PDF file of 4.0 kB"),
    "zip": (b"PK\3\4" + bytes(range(256)) * 9, "a ZIP archive of 2.3 kB"),
    "tiff": (b"II*\0" + bytes(range(256)) * 9, "a TIFF picture of 2.3 kB"),
    "unknown": (bytes(range(256)) * 9, "binary data of 2.3 kB"),
}


@pytest.mark.parametrize("name", BINARY)
def test_a_binary_body_is_described_and_not_quoted(ask: Asker, name: str) -> None:
    content, words = BINARY[name]

    answered = ask(*answering(content))
    refused = ask(recv_request(), send(response(content, "400 Bad Request")))

    assert isinstance(answered.told, TransportError)
    assert answered.told.message.endswith(f"It is {words}.")
    assert answered.folder.response_path.read_bytes() == content
    assert f"400: {words}." in refused.told.message


def test_a_file_with_an_error_status_is_described(ask: Asker) -> None:
    content = b"%PDF-1.7\n" + bytes(range(256))
    assert ": a PDF" in str(ask(recv_request(), send(response(content, "400 Bad Request"))).told)


ERRORS: dict[str, tuple[Any, str, str]] = {
    "json-rpc": ({"jsonrpc": "2.0", "id": 1, "error": {"code": -32600, "message": "Invalid Request"}},
                 "Invalid Request", "jsonrpc, id, error"),
    "graphql": ({"errors": [{"message": "Cannot query it."}]}, "Cannot query it", "errors"),
    "message": ({"message": "Hello"}, "Hello", "message"),
    "success": ({"success": False, "message": "未登录"}, "未登录", "success, message"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_of_another_api_names_its_fields_and_the_address(ask: Asker, name: str) -> None:
    document, words, fields = ERRORS[name]

    outcome = ask(*answering(document), model="some-model")

    assert isinstance(outcome.told, APIError)
    assert f"200: {words}; it is JSON of another format with the fields {fields}, from 127.0.0.1" in str(outcome.told)
    assert outcome.told.advice.startswith("Check COMETAPI_BASE_URL. Look at the balance")


def test_an_error_of_a_known_status_does_not(ask: Asker) -> None:
    assert "another format" not in str(ask(*answering({"error": {"code": 400, "message": "m"}})).told)


def test_what_a_chat_completion_says_of_its_failure_is_quoted(ask: Asker) -> None:
    chat = {"id": "x", "choices": [{"error": {"code": 502, "message": "Provider disconnected"}}]}

    assert "It says: Provider disconnected." in ask(*answering(chat)).told.message


def test_an_error_that_reports_success_is_none(ask: Asker) -> None:
    outcome = ask(*answering(answer(image(), error={"code": 0, "message": "success"})))

    assert "error" not in outcome.notes


def test_what_a_chat_completion_says_of_money_is_found(ask: Asker) -> None:
    words = "Sorry. You will not be charged for this. " + "x " * 400
    chat = {"choices": [{"message": {"role": "assistant", "content": words}}]}

    told = ask(*answering(chat)).told

    assert "It says: Sorry. You will not be charged for this." in told.message
    assert len(told.message) < 900
    assert "The service says that this is free" in str(told)


@pytest.mark.parametrize("content", [b"", b"  \n "], ids=["empty", "blank"])
def test_an_empty_body_names_the_address(ask: Asker, content: bytes) -> None:
    told = ask(*answering(content), model="some-model").told

    assert "an empty body, from 127.0.0.1" in told.message
    assert told.advice.startswith("Check COMETAPI_BASE_URL.")


UNREADABLE: dict[str, tuple[bytes, type[CometError], str]] = {
    "page": (b"<!doctype html><title>Sign in</title>", APIError, "a web page titled 'Sign in'"),
    "xml": (b"<?xml version='1.0'?><x/>", APIError, "a web page"),
    "words": (b"upstream connect error", CometError, "It begins: upstream connect error"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_json(ask: Asker, name: str) -> None:
    content, kind, words = UNREADABLE[name]

    outcome = ask(*answering(content))

    assert isinstance(outcome.told, kind)
    assert words in outcome.told.message
    assert "COMETAPI_BASE_URL" in outcome.told.advice
    assert "COMETAPI_KEY" not in str(outcome.told)


GEMINI: dict[str, Any] = {
    "usage-only": {"usageMetadata": {"totalTokenCount": 7}},
    "usage-and-model": {"usageMetadata": {"promptTokenCount": 4}, "modelVersion": "x", "candidates": []},
    "snake-case": {"usage_metadata": {"prompt_token_count": 4}, "id": 1},
    "wrapped": {"response": {"candidates": [{"finishReason": "IMAGE_SAFETY"}]}, "status": "ok"},
    "wrapped-in-a-list": {"data": [{"candidates": [{"content": {}}]}], "created": 1},
}


@pytest.mark.parametrize("name", GEMINI)
def test_a_gemini_response_is_described_as_none_other(name: str) -> None:
    assert describe_documents([GEMINI[name]]) == ""


def test_words_and_pictures_beside_fields_of_others_count(ask: Asker) -> None:
    assert "answered in words only" in str(ask(*answering(answer(text("No."), status="ok", id="x"))).told)
    assert ask(*answering(answer(image(), status="ok", id="x"))).made.image.data == picture()


def test_an_empty_answer_is_no_other_format(ask: Asker) -> None:
    assert "holds no image" in str(ask(*answering(GEMINI["usage-only"])).told)
