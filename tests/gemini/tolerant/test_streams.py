"""Streams as gateways send them: framings, errors in them, and facts that later, emptier events do not take away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cometmagic.errors import BALANCE_ADVICE, APIError, ChargeStatus, NoImageError
from tests.faults.asking import Asker
from tests.gemini.answers import Json, answer, answering, base64_of, image, picture, text
from tests.gemini.tolerant.test_lenient_json import sse

RED = picture()
SO, PICTURE, END = answer(text("so"), finish=None), answer(image(), finish=None), answer()
LINES = [json.dumps(each) for each in (SO, PICTURE, END)]
PRETTY = json.dumps(SO, indent=1)


def chunk(content: str, finish: str | None = None) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish}]})


def cut(whole: str, size: int) -> list[str]:
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def data(*lines: str) -> str:
    return "".join(f"data: {line}\n\n" for line in lines)


MARKDOWN = f"so![x](data:image/png;base64,{base64_of(RED)})"
FRAMINGS: dict[str, str] = {
    "bare-lines": "\n".join(LINES),
    "bare-lines-with-the-end-mark": "\n".join([*LINES, "[DONE]"]),
    "comments-then-bare-lines": ": keepalive\n\n: keepalive\n" + "\n".join(LINES),
    "bare-line-first": f"{LINES[0]}\ndata: {LINES[1]}\n\ndata: {LINES[2]}\n\n",
    "bare-line-between": f"data: {LINES[0]}\n\n{LINES[1]}\ndata: {LINES[2]}\n\n",
    "bare-line-last": f"data: {LINES[0]}\n\ndata: {LINES[1]}\n\n{LINES[2]}",
    "bare-lines-without-blank-ones": f"data: {LINES[0]}\n{LINES[1]}\ndata: {LINES[2]}",
    "comments-in-an-event": f"data: {LINES[0]}\n: keepalive\n\n: x\ndata: {LINES[1]}\n: y\n\ndata: {LINES[2]}\n\n",
    "names-and-ids": "".join(f"event: message\nid: 1\nretry: 5\ndata: {line}\n\n" for line in LINES),
    "names-without-blank-lines": "".join(f"event: message\ndata: {line}\n" for line in LINES),
    "bom": "\ufeff" + sse(SO, PICTURE, END).decode(),
    "no-space": "".join(f"data:{line}\n\n" for line in LINES),
    "carriage-returns": "".join(f"data: {line}\r\r" for line in LINES),
    "pretty-in-data": "".join(f"data: {line}\n" for line in PRETTY.split("\n")) + "\n" + data(*LINES[1:]),
    "pretty-after-data": f"data: {PRETTY}\n\ndata: {LINES[1]}\n\ndata: {LINES[2]}\n\n",
    "pretty-bare": f": wait\n\n{PRETTY}\n\n{LINES[1]}\n\n{LINES[2]}",
    "comment-in-a-pretty-bare-one": ": wait\n" + PRETTY.replace("\n", "\n: wait\n", 1) + f"\n{LINES[1]}\n{LINES[2]}",
    "pings": f"event: ping\ndata: {{}}\n\ndata: {LINES[0]}\n\ndata: ping\n\ndata: {LINES[1]}\n\ndata: {LINES[2]}\n\n",
    "words-between": f"data: {LINES[0]}\nping\n{LINES[1]}\nping\ndata: {LINES[2]}\n\n",
    "end-mark-only": f"data: {LINES[0]}\n\ndata: {LINES[1]}\n\ndata: [DONE]\n\n",
    "an-array": "[" + ",\r\n".join(LINES) + "]",
    "an-event-with-an-array": f"data: [{','.join(LINES)}]\n\n",
    "chat-chunks": data(*map(chunk, cut(MARKDOWN, 40)), "[DONE]"),
    "chat-chunks-with-a-reason": data(*map(chunk, cut(MARKDOWN, 7)), chunk("", "stop")),
    "text-pieces": data(*(json.dumps(answer(text(piece), finish=None)) for piece in cut(MARKDOWN, 33)), LINES[2]),
    "chat-images": data(
        chunk("so"),
        json.dumps({"choices": [{"delta": {"images": [{"b64_json": base64_of(RED)}]}}]}),
        chunk("", "stop"),
    ),
    "nested-documents": "".join(f'data: {{"response": {line}}}\n\n' for line in LINES),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMINGS)
def test_the_picture_and_the_words_come_out_of_every_framing(ask: Asker, name: str) -> None:
    outcome = ask(*answering(FRAMINGS[name].encode()))

    assert [part.data for part in outcome.made.images] == [RED]
    assert outcome.made.text == "so"
    assert outcome.notes == ""


FINAL = {"b64_json": base64_of(RED)}
ENDED: dict[str, str] = {
    "image-generation": data(json.dumps({"type": "image_generation.completed"} | FINAL)),
    "image-edit-by-its-name": f"event: image_edit.completed\ndata: {json.dumps(FINAL)}\n\n",
    "responses": data(
        json.dumps({"type": "response.output_item.done", "item": {"result": base64_of(RED)}}),
        json.dumps({"type": "response.completed", "response": {"status": "completed"}}),
    ),
    "anthropic": data(json.dumps(FINAL), json.dumps({"type": "message_stop"})),
    "stop-reason": data(json.dumps(FINAL), json.dumps({"delta": {"stop_reason": "end_turn"}})),
    "finish-reason": data(json.dumps(FINAL), chunk("", "stop")),
    "status": data(json.dumps({"status": "succeeded", "output": [base64_of(RED)]})),
    "end-mark": data(json.dumps(FINAL), "[DONE]"),
    "named-end": f"data: {json.dumps(FINAL)}\n\nevent: done\ndata: {{}}\n\n",
}
NOT_ENDED: dict[str, str] = {
    "a-partial-image": data(json.dumps({"type": "image_generation.partial", "image": base64_of(RED)})),
    "in-progress": data(json.dumps({"status": "in_progress", "output": [base64_of(RED)]})),
    "no-reason": data(json.dumps(FINAL), chunk("")),
    "a-name-in-words": data(json.dumps(FINAL | {"content": "event: done"})),
}


@pytest.mark.parametrize("name", ENDED | NOT_ENDED)
def test_a_stream_of_another_format_that_has_ended_is_not_cut_short(ask: Asker, name: str) -> None:
    outcome = ask(*answering((ENDED | NOT_ENDED)[name].encode()))

    assert outcome.made.image.data == RED
    assert ("cut short" in outcome.notes) == (name in NOT_ENDED)


ERRORS: dict[str, str] = {
    "in-an-event": 'data: {"error": {"code": 503, "message": "out of order"}}\n\n',
    "bare": '{"error": {"code": 503, "message": "out of order"}}',
    "named": 'event: error\ndata: {"code": 503, "message": "out of order"}\n\n',
    "named-words": "event: error\ndata: out of order\n\n",
    "anthropic": 'event: error\ndata: {"type": "error", "error": {"type": "x", "message": "out of order"}}\n\n',
    "a-text": 'data: {"error": "out of order"}\n\n',
    "before-the-end": f'data: {{"error": {{"message": "out of order"}}}}\n\ndata: {LINES[2]}\n\n',
    "followed-by-empty-ones": data('{"error": {"message": "out of order"}}', '{"error": {}}', '{"error": null}'),
    "in-the-middle-of-an-event": (
        'data: {"candidates": [{"content": {"parts": [{"text": "he\n\n{"error": {"message": "out of order"}}\n'
    ),
    "after-the-end-mark": 'data: [DONE]\n\n{"error": {"message": "out of order"}}\n',
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_in_a_stream_is_told_with_and_without_a_picture(ask: Asker, name: str) -> None:
    told = ask(*answering(f"data: {LINES[0]}\n\n{ERRORS[name]}".encode())).told

    assert isinstance(told, APIError)
    assert "out of order" in str(told)
    made = ask(*answering(f"data: {LINES[1]}\n\n{ERRORS[name]}".encode()))
    assert made.made.image.data == RED
    assert "out of order" in made.notes


OVERLOADED = '{"error": {"code": 503, "message": "out of order", "status": "UNAVAILABLE"}}'
BEGINNINGS: dict[str, list[str]] = {
    "words": [LINES[0]],
    "a-draft": [json.dumps(answer(image(thought=True), finish=None))],
    "a-thought": [json.dumps(answer(text("first", thought=True), finish=None))],
    "half-a-picture": [json.dumps(answer(image(base64_of(RED)[:41]), finish=None))],
    "code": [json.dumps(answer({"executableCode": {"code": "1"}}, finish=None))],
    "chat": [chunk("", None), chunk("so")],
    "responses": [json.dumps({"type": "response.output_text.delta", "delta": {"text": "so"}})],
}
NO_BEGINNINGS: dict[str, list[str]] = {
    "nothing": [],
    "a-role": [chunk("")],
    "an-empty-part": [json.dumps(answer(text(" "), finish=None))],
    "counts": [json.dumps({"usageMetadata": {"promptTokenCount": 5}, "modelVersion": "m"})],
    "the-id": [json.dumps({"type": "response.created", "response": {"id": "r", "status": "in_progress"}})],
}


@pytest.mark.usefixtures("carried_here", "soon")
@pytest.mark.parametrize("name", BEGINNINGS | NO_BEGINNINGS)
def test_an_error_after_the_beginning_of_an_answer_may_have_cost_money(ask: Asker, name: str) -> None:
    outcome = ask(*answering(data(*(BEGINNINGS | NO_BEGINNINGS)[name], OVERLOADED).encode()))

    error = outcome.told
    assert isinstance(error, APIError)
    assert "out of order" in error.message
    assert error.charge_status is (ChargeStatus.UNKNOWN if name in BEGINNINGS else ChargeStatus.REFUSED)
    assert (error.advice == BALANCE_ADVICE) == (name in BEGINNINGS)
    assert (str(outcome.folder.response_path) in error.message) == (name in BEGINNINGS)
    assert outcome.folder.response_path.exists()


GROUNDING: Json = {
    "webSearchQueries": ["newt"],
    "groundingChunks": [{"web": {"uri": "https://a.example/", "title": "A"}}],
}
MORE: Json = {"webSearchQueries": ["pond"], "groundingChunks": [{"web": {"uri": "https://b.example/", "title": "B"}}]}
USAGE: Json = {"promptTokenCount": 12, "candidatesTokenCount": 1300, "totalTokenCount": 1400,
               "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}]}  # fmt: skip
EMPTY: list[Any] = [None, "", {}, [], 0]


def candidate(**fields: Any) -> Json:
    return {"candidates": [fields]}


# What the events before and after the picture say; what the result has.
FACTS: dict[str, tuple[list[Json], list[Json], Json]] = {
    **{
        f"usage-then-{empty!r}": ([], [{"usageMetadata": USAGE}, {"usageMetadata": empty}], {"total": 1400})
        for empty in EMPTY
    },
    "usage-then-zeros": (
        [], [{"usageMetadata": USAGE}, {"usageMetadata": dict.fromkeys(USAGE, 0)}], {"total": 1400, "image": 1120}
    ),
    "usage-then-words-only": (
        [], [{"usageMetadata": USAGE}, {"usageMetadata": {"promptTokenCount": 12, "totalTokenCount": 12}}],
        {"total": 1400, "answer": 1300},
    ),
    "usage-that-grows": (
        [{"usageMetadata": {"totalTokenCount": 12}}], [{"usageMetadata": USAGE}], {"total": 1400}
    ),
    "usage-in-two-halves": (
        [{"usageMetadata": {"promptTokenCount": 12}}], [{"usageMetadata": {"totalTokenCount": 9}}],
        {"prompt": 12, "total": 9},
    ),
    **{
        f"grounding-then-{empty!r}": ([candidate(groundingMetadata=GROUNDING)], [candidate(groundingMetadata=empty)],
                                      {"queries": ["newt"], "pages": ["A"]})
        for empty in EMPTY
    },
    "grounding-then-empty-lists": (
        [candidate(groundingMetadata=GROUNDING)],
        [candidate(groundingMetadata={"webSearchQueries": [], "groundingChunks": None})],
        {"queries": ["newt"], "pages": ["A"]},
    ),
    "two-groundings": (
        [candidate(groundingMetadata=GROUNDING)], [candidate(groundingMetadata=MORE)],
        {"queries": ["newt", "pond"], "pages": ["A", "B"]},
    ),
    "the-same-grounding-twice": (
        [candidate(groundingMetadata=GROUNDING)], [candidate(groundingMetadata=GROUNDING)],
        {"queries": ["newt"], "pages": ["A"]},
    ),
    "reason-then-none": ([], [candidate(finishReason="STOP"), candidate(finishReason="")], {"reason": "STOP"}),
    "reason-then-unspecified": (
        [], [candidate(finishReason="MAX_TOKENS"), candidate(finishReason="FINISH_REASON_UNSPECIFIED")],
        {"reason": "MAX_TOKENS"},
    ),
    "unspecified-then-reason": (
        [candidate(finishReason="FINISH_REASON_UNSPECIFIED")], [candidate(finishReason="STOP")], {"reason": "STOP"}
    ),
    "version-then-empty": ([{"modelVersion": "m-2"}], [{"modelVersion": ""}], {"version": "m-2"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_a_later_emptier_fact_does_not_count(ask: Asker, name: str) -> None:
    before, after, facts = FACTS[name]
    bare = {"candidates": [{"content": {"parts": [image()]}}]}

    made = ask(*answering(sse(*before, bare, *after, end="data: [DONE]\n\n"))).made

    response = made.response
    found = vars(made.usage) | {
        "queries": list(response.grounding.queries),
        "pages": [source.title for source in response.grounding.sources],
        "reason": response.finish_reason,
        "version": made.model_version,
    }
    assert {name: found[name] for name in facts} == facts
    assert made.call["usage"] == vars(made.usage)


@pytest.mark.parametrize(
    "later", [{}, None, {"blockReason": ""}, {"blockReason": "BLOCK_REASON_UNSPECIFIED"}], ids=repr
)
def test_a_blocked_prompt_stays_blocked(ask: Asker, later: Any) -> None:
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": "No swords."}}

    told = ask(*answering(sse(blocked, {"promptFeedback": later, "usageMetadata": {"totalTokenCount": 3}}))).told

    assert isinstance(told, NoImageError)
    assert "(PROHIBITED_CONTENT): No swords." in str(told)


def test_a_finish_message_stays(ask: Asker) -> None:
    events = [candidate(finishReason="IMAGE_SAFETY", finishMessage="No swords."), candidate(finishMessage="")]

    assert "(IMAGE_SAFETY): No swords." in str(ask(*answering(sse(*events))).told)
