"""F13 to F24: answers of every shape that hold a picture give that picture."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.asking import Asker
from tests.gemini.answers import Json, answer, answering, base64_of, image, picture, text

RED, BLUE, GREEN = picture(), picture("PNG", "blue"), picture("JPEG", "green")


def _snake(value: Any) -> Any:
    names = {"inlineData": "inline_data", "mimeType": "mime_type", "finishReason": "finish_reason"}
    if isinstance(value, dict):
        return {names.get(name, name): _snake(item) for name, item in value.items()}
    return [_snake(item) for item in value] if isinstance(value, list) else value


def _parted(parts: Any) -> Json:
    return {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}


URI = f"data:image/png;base64,{base64_of(RED)}"
WRAPPED = "\n".join(base64_of(RED)[start : start + 60] for start in range(0, len(base64_of(RED)), 60))

HOLD_RED = {
    "plain": answer(image()),
    "text-then-image": answer(text("here"), image()),
    "image-then-text": answer(image(), text("there")),
    "F13-candidates-dict": {"candidates": answer(image())["candidates"][0]},
    "F13-parts-dict": _parted(image()),
    "F13-nulls-between-parts": _parted([None, "junk", 7, [], image(), None]),
    "F13-candidate-null-before": {"candidates": [None, *answer(image())["candidates"]]},
    "F13-no-role-no-reason": {"candidates": [{"content": {"parts": [image()]}}]},
    "F18-IMAGE_SAFETY-and-image": answer(image(), finish="IMAGE_SAFETY", promptFeedback={"safetyRatings": []}),
    "F18-block-reason-and-image": answer(image(), promptFeedback={"blockReason": "SAFETY"}),
    "F19-second-candidate": {"candidates": [{"finishReason": "NO_IMAGE"}, *answer(image())["candidates"]]},
    "F20-snake-case": _snake(answer(image())),
    "F20-both-spellings-one-null": _parted([{"inlineData": None, "inline_data": image()["inlineData"]}]),
    "F22-fileData-data-uri": answer({"fileData": {"mimeType": "image/png", "fileUri": URI}}),
    "F23-text-is-data-uri": answer(text(URI)),
    "F23-data-uri-then-words": answer(text(f"{URI} and that is your picture")),
    "F23-inlineData-is-data-uri": answer(image(URI)),
    "F23-markdown": answer(text(f"Here:\n![a bicycle]({URI})\nenjoy")),
    "F23-markdown-with-title": answer(text(f'![]( {URI} "a title")')),
    "F23-markdown-wrapped": answer(text(f"![a](data:image/png;base64,{WRAPPED})")),
    "F23-data-uri-with-charset": answer(text(f"data:image/png;charset=utf-8;base64,{base64_of(RED)}")),
    "F23-html-img": answer(text(f'<img src="{URI}" alt="x">')),
    "unknown-fields": answer(image(), newThing={"deep": [1, {"er": None}]}, createTime="now"),
    "data-in-a-list-of-one": [answer(image())],
    "F2-error-beside-image": answer(image(), error={"code": 500, "message": "late trouble"}),
}


@pytest.mark.parametrize("name", HOLD_RED)
def test_the_picture_comes_out(ask: Asker, name: str) -> None:
    made = ask(*answering(HOLD_RED[name])).made

    assert made.image.data == RED
    assert (made.image.mime_type, made.image.width, made.image.height) == ("image/png", 40, 30)
    assert made.image.path == made.folder / "image.png"
    assert [part.data for part in made.images] == [RED]
    assert made.thoughts == ()
    assert not (made.folder / "response.part").exists()


def test_f23_the_words_around_a_hidden_picture_stay(ask: Asker) -> None:
    made = ask(*answering(HOLD_RED["F23-markdown"])).made

    assert made.text == "Here:\n\nenjoy"


def _wrapped(uri: str, width: int, newline: str) -> str:
    return newline.join(uri[start : start + width] for start in range(0, len(uri), width))


def _ending(letters: int) -> bytes:
    """Return a picture whose base64 ends with so many letters of padding."""
    return RED + b"\xfe" * ((-letters - len(RED)) % 3 + 30)


WORDS = ["", "enjoy", "Done", "Here is it.", "DONE", "Yours truly", "1. a bicycle", "\n1024x768"]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_f23_base64_in_lines_without_parentheses(ask: Asker, words: str, padding: int) -> None:
    content = _ending(padding)
    prefix, encoded = "data:image/png;base64,", base64_of(content)
    assert encoded.count("=") == padding
    writings = {
        "from the prefix on": _wrapped(prefix + encoded, 76, "\n"),
        "after the prefix": prefix + _wrapped(encoded, 76, "\n"),
        "on lines of its own": f"{prefix}\n{_wrapped(encoded, 64, chr(10))}",
        "windows": prefix + _wrapped(encoded, 72, "\r\n"),
        "not at all": prefix + encoded,
    }
    for name, written in writings.items():
        made = ask(*answering(answer(text(f"Look:\n{written}\n{words}")))).made

        assert made.image.data == content, name
        assert made.text.split() == ["Look:", *words.split()], name


def test_f23_wrapped_base64_in_html(ask: Asker) -> None:
    made = ask(*answering(answer(text(f'<img src="data:image/png;base64,\n  {WRAPPED}" alt="x">')))).made

    assert made.image.data == RED
    assert made.text == '<img src="" alt="x">'


def test_f23_wrapped_base64_that_is_none_is_one_clear_error(ask: Asker) -> None:
    outcome = ask(*answering(answer(text(f"data:image/png;base64,{'A' * 76}\n{'B' * 41}\nand words"))))

    assert "cannot be decoded" in str(outcome.told)


def test_f23_an_unwrapped_picture_takes_no_short_line_with_it(ask: Asker) -> None:
    content = RED + b"\xfe" * (900 - len(RED))
    made = ask(*answering(answer(text(f"data:image/png;base64,{base64_of(content)}\n1024x768")))).made

    assert made.image.data == content
    assert made.text.strip() == "1024x768"


def test_f2_an_error_beside_the_picture_is_told(ask: Asker) -> None:
    assert "late trouble" in ask(*answering(HOLD_RED["F2-error-beside-image"])).notes


# What arrives, and what is final, other and draft of it.
ORDERS: dict[str, tuple[list[Json], bytes, list[bytes], list[bytes]]] = {
    "F21-drafts-first": (
        [image(RED, thought=True), image(GREEN, thought=True), text("so"), image(BLUE)],
        BLUE, [BLUE], [RED, GREEN],
    ),
    "F21-draft-last": ([image(BLUE), image(RED, thought=True)], BLUE, [BLUE], [RED]),
    "F21-draft-flag-as-text": ([image(RED, thought="true"), image(BLUE)], BLUE, [BLUE], [RED]),
    "F21-draft-flag-as-python": ([image(BLUE), image(RED, thought="True")], BLUE, [BLUE], [RED]),
    "F21-draft-flag-in-capitals": ([image(BLUE), image(RED, thought=" TRUE")], BLUE, [BLUE], [RED]),
    "F21-draft-flag-as-number": ([image(BLUE), image(RED, thought=1)], BLUE, [BLUE], [RED]),
    "F21-draft-flag-as-digit": ([image(BLUE), image(RED, thought="1")], BLUE, [BLUE], [RED]),
    "F21-no-draft": ([image(BLUE), image(RED, thought="False")], RED, [BLUE, RED], []),
    "F21-draft-same-as-final": ([image(RED, thought=True), image(RED)], RED, [RED], [RED]),
    "F19-unmarked-drafts": ([image(RED), text("better:"), image(GREEN), image(BLUE)], BLUE, [RED, GREEN, BLUE], []),
    "F23-two-in-one-text": ([text(f"{URI} {URI}"), image(BLUE)], BLUE, [RED, RED, BLUE], []),
    "F23-draft-in-thought-text": ([text(URI, thought=True), image(BLUE)], BLUE, [BLUE], [RED]),
    "G8-unknown-kind-last": ([image(RED), image(b"<svg/>")], RED, [RED, b"<svg/>"], []),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
def test_the_last_image_that_is_no_thought_is_final(ask: Asker, name: str) -> None:
    parts, final, images, drafts = ORDERS[name]

    made = ask(*answering(answer(*parts))).made

    assert made.image.data == final
    assert [part.data for part in made.images] == images
    assert [part.data for part in made.thoughts] == drafts


def test_f19_good_images_are_kept_beside_bad_ones(ask: Asker) -> None:
    outcome = ask(*answering(answer(image(RED), image("!!!not base64!!!"), image(BLUE))))

    assert outcome.made.image.data == BLUE
    assert [part.data for part in outcome.made.images] == [RED, BLUE]
    assert "1 image of the answer could not be read" in outcome.notes
    assert outcome.folder.response_path.exists()


def test_f19_two_candidates_are_both_kept(ask: Asker) -> None:
    two = {"candidates": [*answer(image(RED))["candidates"], *answer(image(BLUE))["candidates"]]}

    made = ask(*answering(two)).made

    assert [part.data for part in made.images] == [RED, BLUE]


def test_thoughts_and_words_are_told_apart(ask: Asker) -> None:
    parts = [text("I think", thought=True), text("Here "), text("you are."), image()]

    made = ask(*answering(answer(*parts))).made

    assert (made.text, made.thought_text) == ("Here you are.", "I think")


def test_the_deltas_of_one_thought_are_one_text(ask: Asker) -> None:
    thoughts = [text("thin", thought=True), text("king", thought=True), image(BLUE, thought=True)]

    made = ask(*answering(answer(*thoughts, text("again", thought=True), image()))).made

    assert made.thought_text == "thinking\nagain"


@pytest.mark.parametrize(
    ("contents", "note"),
    [
        ([RED], ""),
        ([RED, RED], ""),
        ([RED, BLUE], "2 pictures came; the last one is shown, the other is saved beside it."),
        ([GREEN, RED, BLUE], "3 pictures came; the last one is shown, the others are saved beside it."),
    ],
)
def test_further_pictures_are_told(ask: Asker, contents: list[bytes], note: str) -> None:
    outcome = ask(*answering(answer(image(GREEN, thought=True), *map(image, contents))))

    assert outcome.notes == note


USAGES: dict[str, tuple[Any, int | None]] = {
    "missing": (None, None),
    "good": ({"promptTokenCount": 12, "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}]}, 12),
    "negative": ({"promptTokenCount": -5}, None),
    "huge": ({"promptTokenCount": 10**15}, None),
    "string": ({"promptTokenCount": "twelve"}, None),
    "fraction": ({"promptTokenCount": 1.5}, None),
    "true": ({"promptTokenCount": True}, None),
    "list": ([1, 2], None),
    "details-null": ({"promptTokenCount": 3, "candidatesTokensDetails": None}, 3),
}


@pytest.mark.parametrize("name", USAGES)
def test_f24_token_counts_that_make_no_sense_are_unknown(ask: Asker, name: str) -> None:
    usage, prompt = USAGES[name]

    made = ask(*answering(answer(image(), usageMetadata=usage))).made

    assert made.usage.prompt == prompt
    assert made.usage.image == (1120 if name == "good" else None)
    assert made.cost is None or made.cost > 0
