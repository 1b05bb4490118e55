"""Requests as they go over the wire: golden bodies, every option at its path, images chunk by chunk."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from cometmagic.errors import OptionError
from cometmagic.gemini.decode_turns import decode_request
from cometmagic.gemini.encode import encode_request, hash_request, iter_body, measure_body
from cometmagic.gemini.parts import TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.generation.plan import plan
from cometmagic.images.references import load_reference
from cometmagic.options.composite_types import ChoiceList, Pairs
from cometmagic.options.declaration import Options
from cometmagic.options.option_group import Option
from cometmagic.options.option_types import Choice, Flag, Number, Text
from cometmagic.storage.library import Library
from tests.faults.asking import Asker
from tests.gemini.answers import answer, answering, image, picture

RED, BLUE = picture("PNG"), picture("JPEG", "blue")


def composed(prompt: Any, images: Any = (), **options: Any) -> ImageRequest:
    return plan(prompt, images=images, **options).request


def on_the_wire(request: ImageRequest, root: Path) -> bytes:
    """Return the body of a request, its images read back from its call folder."""
    folder = Library(root).create_folder(request, source="offline")
    content = b"".join(iter_body(folder.read_body(), folder.path))
    assert measure_body(folder.read_body(), folder.path) == len(content)
    return content


def test_golden_butterfly(tmp_path: Path) -> None:
    request = composed(
        "A Monarch butterfly anatomical sketch on textured parchment", aspect_ratio="1:1", image_size="4k"
    )

    assert on_the_wire(request, tmp_path) == (
        b'{"contents":[{"role":"user","parts":'
        b'[{"text":"A Monarch butterfly anatomical sketch on textured parchment"}]}],'
        b'"generationConfig":{"imageConfig":{"aspectRatio":"1:1","imageSize":"4K"},"responseModalities":["TEXT","IMAGE"]}}'
    )


def test_golden_thoughts_thinking_and_search(tmp_path: Path) -> None:
    request = composed("Today's weather in Århus", thoughts=True, thinking="high", search="web,image", image_only=True)

    assert (
        on_the_wire(request, tmp_path)
        == (
            '{"contents":[{"role":"user","parts":[{"text":"Today\'s weather in Århus"}]}],'
            '"generationConfig":{"thinkingConfig":{"includeThoughts":true,"thinkingLevel":"HIGH"},'
            '"responseModalities":["IMAGE"]},'
            '"tools":[{"googleSearch":{"searchTypes":{"webSearch":{},"imageSearch":{}}}}]}'
        ).encode()
    )


def test_golden_system_sampling_safety_and_extra(tmp_path: Path) -> None:
    request = composed(
        "x", system="Draw plainly.", temperature=1, top_p=0.9, top_k=40, seed=-7, max_output_tokens=2000,
        safety={"harassment": "none", "hate": "high"},
        extra={"generationConfig": {"stopSequences": ["."], "temperature": 0.5}, "serviceTier": "flex"},
    )  # fmt: skip

    assert json.loads(on_the_wire(request, tmp_path)) == {
        "contents": [{"role": "user", "parts": [{"text": "x"}]}],
        "systemInstruction": {"parts": [{"text": "Draw plainly."}]},
        "generationConfig": {
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 40,
            "seed": -7,
            "maxOutputTokens": 2000,
            "responseModalities": ["TEXT", "IMAGE"],
            "stopSequences": ["."],
        },
        "safetySettings": [
            {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"},
            {"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_ONLY_HIGH"},
        ],
        "serviceTier": "flex",
    }


def test_golden_interleaved_references(tmp_path: Path) -> None:
    request = composed(["put this", RED, "on this"], [BLUE])

    expected = (
        f'{{"contents":[{{"role":"user","parts":[{{"text":"put this"}},'
        f'{{"inlineData":{{"mimeType":"image/png","data":"{base64.b64encode(RED).decode()}"}}}},{{"text":"on this"}},'
        f'{{"inlineData":{{"mimeType":"image/jpeg","data":"{base64.b64encode(BLUE).decode()}"}}}}]}}],'
        f'"generationConfig":{{"responseModalities":["TEXT","IMAGE"]}}}}'
    )
    assert on_the_wire(request, tmp_path) == expected.encode()


# A value of each kind, and what it is on the wire where that differs.
SHAPED: dict[str, Any] = {
    "thinking": "MINIMAL",
    "search": [{"googleSearch": {}}],
    "system": {"parts": [{"text": "words"}]},
    "safety": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    "image_only": ["IMAGE"],
}


def _sample(option: Option) -> Any:
    match option.type:
        case Choice(choices=choices):
            return choices[0]
        case ChoiceList(item_type=each):
            return each.choices[0]
        case Flag():
            return True
        case Number(maximum=high):
            return high
        case Pairs(key_table=left, value_table=right):
            return {next(iter(left)): next(iter(right))}
        case Text():
            return "words"
    raise NotImplementedError(option.type)


WITH_PATH = [option for option in Options.list_options().values() if option.json_path]


@pytest.mark.parametrize("option", WITH_PATH, ids=lambda option: option.name)
def test_every_declared_option_arrives_at_its_path(option: Option) -> None:
    value = _sample(option)
    place: Any = encode_request(composed("x", **{option.name: value}))
    for name in option.json_path.split("."):
        place = place[name]

    assert place == SHAPED.get(option.name, value)


@pytest.mark.parametrize("option", WITH_PATH, ids=lambda option: option.name)
def test_an_option_that_is_not_given_is_not_sent(option: Option) -> None:
    assert encode_request(composed("x")) == {
        "contents": [{"role": "user", "parts": [{"text": "x"}]}],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
    }


def test_options_without_a_path_are_known() -> None:
    assert {option.name for option in Options.list_options().values() if not option.json_path} == {"model", "extra"}


PLACES = [
    '{"file":"reference-1.png"}',
    '"{"file":"reference-1.png"}"',
    '\\"data\\":{"file":"reference-1.png"}',
    "\\",
    '"',
    "\u2028\x7f\t\r\n",
    '{"inlineData":{"mimeType":"image/png","data":{"file":"reference-1.png"}}}',
]


@pytest.mark.parametrize("words", PLACES, ids=ascii)
def test_a_prompt_that_looks_like_json_stays_text(tmp_path: Path, words: str) -> None:
    found = json.loads(on_the_wire(composed([words, RED], system=words), tmp_path))

    texts = [part.get("text") for part in found["contents"][0]["parts"]]
    assert texts == [words, None]
    assert found["systemInstruction"]["parts"][0]["text"] == words.strip()
    assert base64.b64decode(found["contents"][0]["parts"][1]["inlineData"]["data"]) == RED


@pytest.mark.parametrize("length", [1, 2, 3, 786_431, 786_432, 786_433, 2_000_000])
def test_the_length_is_known_beforehand(tmp_path: Path, length: int) -> None:
    content = RED + bytes(range(256)) * (length // 256 + 1)
    part = load_reference(content[: len(RED) + length]).part

    found = json.loads(on_the_wire(composed(["x", part]), tmp_path))

    assert base64.b64decode(found["contents"][0]["parts"][1]["inlineData"]["data"], validate=True) == part.data


def test_the_body_that_arrives(ask: Asker) -> None:
    exchange = ask(*answering(answer(image())), prompt=["edit", RED], images=[BLUE], aspect_ratio="16:9").exchange

    assert int(exchange.headers["content-length"]) == len(exchange.body)
    found = json.loads(exchange.body)
    assert [base64.b64decode(part["inlineData"]["data"]) for part in found["contents"][0]["parts"][1:]] == [RED, BLUE]
    assert found["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9"}


def test_a_request_is_read_back(tmp_path: Path) -> None:
    request = composed(["put this", RED, "on this"], [BLUE])
    folder = Library(tmp_path).create_folder(request, source="offline")

    (turn,) = decode_request(folder.read_body(), folder.build_path)

    assert [getattr(part, "text", None) or part.data for part in turn.parts] == ["put this", RED, "on this", BLUE]  # type: ignore[union-attr]


def test_the_hash_tells_requests_apart() -> None:
    requests = [
        composed("x"), composed("y"), composed("x", model="other"), composed("x", seed=1), composed(["x", RED]),
        composed(["x", picture("PNG", "blue")]), composed([RED, "x"]),
    ]  # fmt: skip
    hashes = [hash_request(request) for request in requests]

    assert len(set(hashes)) == len(requests)
    assert hash_request(composed(["x", RED])) == hashes[4]


def test_extra_json_cannot_stand_for_an_image() -> None:
    request = ImageRequest((Turn((TextPart("a cat"),)),), Options(extra={"x": {"file": "reference-1.png"}}))

    with pytest.raises(OptionError, match="stands for an image"):
        encode_request(request)
