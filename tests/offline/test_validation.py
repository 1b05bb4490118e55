"""What the offline service takes and refuses, and the size of the picture that is asked for."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import re
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pybase64
import pytest
from PIL import Image

from cometmagic.gemini.encode import encode_request, iter_body
from cometmagic.gemini.failures.error_bodies import parse_error_response
from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.offline import service, validation
from cometmagic.offline.error_responses import ServiceError
from cometmagic.options import models, pixel_sizes
from cometmagic.options.declaration import Options
from cometmagic.options.model_lifecycle import is_refused
from tests.offline.asking import (
    FLASH,
    LITE,
    PRO,
    SMALL,
    asked,
    data_of,
    final,
    message,
    picture,
    png,
    post,
    request,
    shown,
    text,
)

SERVED = [(name, row) for row in models.MODELS for name in row.names if not is_refused(name)]
GRID = [(name, ratio, size) for name, row in SERVED for ratio in row.aspect_ratios for size in row.image_sizes]
ALWAYS_SAID = "offline:text-only"  # a prompt that is answered without painting


# -- which model ------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["sora-2-all", "gemini-2.5-flash-image", "gemini-2.5-flash-image-preview"])
def test_an_unknown_or_retired_model_is_not_found_in_cometapis_words(model: str) -> None:
    status, body = service.answer(model, b"{}")
    error = json.loads(body)["error"]

    assert (status, error["type"], error["code"]) == (503, "comet_api_error", "model_not_found")
    assert error["message"].startswith(f"no available channel for group default and model {model} (distributor)")
    assert parse_error_response(status, body).details["request_id"]


@pytest.mark.parametrize("model", [name for name, _ in SERVED])
def test_every_served_name_is_answered_under_that_name(model: str) -> None:
    assert post(request(text(ALWAYS_SAID)), model)[1]["modelVersion"] == model
    assert post(request(text(ALWAYS_SAID)), f"models/{model}")[1]["modelVersion"] == model


# -- fields -----------------------------------------------------------------------------------------

BROKEN = [b"", b"{", b"nonsense", b'{"contents": NaN}', b"\xff\xfe\xfd", b"[" * 100_000, b'{"seed": ' + b"9" * 5000]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    status, answer = service.answer(FLASH, body)

    assert status == 400
    assert message(json.loads(answer)).startswith("Invalid JSON payload received.")


def test_the_place_where_json_breaks_is_pointed_at() -> None:
    _, answer = service.answer(FLASH, b'{\n  "contents": tru}')

    assert message(json.loads(answer)).endswith('\n  "contents": tru}\n              ^')


MILLION = 1_000_000
WASTEFUL: dict[str, bytes] = {
    "lists": b'{"contents": [' + b"[]," * MILLION + b"[]]}",
    "objects": b'{"contents": [' + b"{}," * MILLION + b"{}]}",
    "numbers": b'{"contents": [' + b"1," * MILLION + b"1]}",
    "unknown names": b"{" + b",".join(b'"k%d":1' % number for number in range(MILLION // 4)) + b"}",
    "strings": b'["a"' + b'"a"' * MILLION + b"," * MILLION,
    "beside a text of quotes": b'{"a": "' + b'\\"' * MILLION + b'", "contents": [' + b"1," * MILLION + b"1]}",
    "without an end": b'["' + b'\\"' * MILLION + b"," * MILLION,
    "in another encoding": ('{"a": "\u2222\u2222", "contents": [' + "1," * MILLION + "1]}").encode("utf-16"),
}


@pytest.mark.parametrize("name", WASTEFUL)
def test_a_body_of_too_many_values_costs_little(name: str) -> None:
    tracemalloc.start()
    try:
        status, answer = service.answer(FLASH, WASTEFUL[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (status, len(answer) < 1000) == (400, True)
    assert message(json.loads(answer)).startswith("Invalid JSON payload received.")
    assert peak < 4 * len(WASTEFUL[name])


def test_the_signs_in_a_text_are_no_values() -> None:
    assert service.answer(FLASH, json.dumps(request(text('[{,"' * 20_000 + ALWAYS_SAID))).encode())[0] == 200


@pytest.mark.parametrize("body", [{f"k{number}": 1 for number in range(5_000)},
                                  {"contents": [{"parts": [{}] * 5_000}]}], ids=["fields", "values"])  # fmt: skip
def test_of_many_violations_the_first_are_listed(body: dict[str, Any]) -> None:
    lines = message(post(body)[1]).splitlines()

    assert len(lines) == 21
    assert re.fullmatch(r".*and 4,98\d more", lines[-1])


FIELDS = {
    "at the root": ({"prompt": "x"}, 'Unknown name "prompt": Cannot find field.'),
    "in generationConfig": (
        {"generationConfig": {"aspectRatio": "1:1"}},
        "Unknown name \"aspectRatio\" at 'generation_config': Cannot find field.",
    ),
    "only Vertex has it": (
        {"generation_config": {"imageConfig": {"personGeneration": "ALLOW_ALL"}}},
        "Unknown name \"personGeneration\" at 'generation_config.image_config': Cannot find field.",
    ),
    "in a part": (
        {"contents": [{"parts": [{"text": "x"}, {"image": 1}]}]},
        "Unknown name \"image\" at 'contents[0].parts[1]': Cannot find field.",
    ),
    "a list where one value goes": (
        {"contents": [{"parts": [{"text": ["x"]}]}]},
        "Unknown name \"text\" at 'contents[0].parts[0]': Proto field is not repeating, cannot start list.",
    ),
    "no object at all": ([], 'Unknown name "": Root element must be a message.'),
    "text where an object goes": (
        {"generationConfig": "large"},
        (
            "Invalid value at 'generation_config' "
            '(type.googleapis.com/google.ai.generativelanguage.v1beta.GenerationConfig), "large"'
        ),
    ),
    "no number": (
        {"generationConfig": {"temperature": "hot"}},
        "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"hot\"",
    ),
    "a truth value is no number": (
        {"generationConfig": {"temperature": True}},
        "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), true",
    ),
    "no whole number": (
        {"generationConfig": {"seed": 1.5}},
        "Invalid value at 'generation_config.seed' (TYPE_INT32), 1.5",
    ),
    "too large a number": (
        {"generationConfig": {"seed": 2**31}},
        "Invalid value at 'generation_config.seed' (TYPE_INT32), 2147483648",
    ),
    "no text": ({"contents": [{"parts": [{"text": 7}]}]}, "'contents[0].parts[0].text' (TYPE_STRING), 7"),
    "no truth value": (
        {"generationConfig": {"thinkingConfig": {"includeThoughts": "yes"}}},
        "'generation_config.thinking_config.include_thoughts' (TYPE_BOOL), \"yes\"",
    ),
    "an unknown modality": (
        {"generationConfig": {"responseModalities": ["TEXT", "PICTURE"]}},
        (
            "Invalid value at 'generation_config.response_modalities[1]' "
            '(type.googleapis.com/google.ai.generativelanguage.v1beta.GenerationConfig.Modality), "PICTURE"'
        ),
    ),
    "an unknown thinking level": (
        {"generationConfig": {"thinkingConfig": {"thinkingLevel": "DEEP"}}},
        'v1beta.ThinkingConfig.ThinkingLevel), "DEEP"',
    ),
    "an unknown harm category": (
        {"safetySettings": [{"category": "HARM_CATEGORY_BOREDOM", "threshold": "OFF"}]},
        'v1beta.HarmCategory), "HARM_CATEGORY_BOREDOM"',
    ),
    "an unknown threshold": (
        {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "NONE"}]},
        'v1beta.SafetySetting.HarmBlockThreshold), "NONE"',
    ),
    "bad base64": (
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "a?b="}}]}]},
        "'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed for \"a?b=\"",
    ),
    "base64 of an impossible length": (
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "abcde"}}]}]},
        "(TYPE_BYTES), Base64 decoding failed",
    ),
    "no base64": (
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": 5}}]}]},
        "'contents[0].parts[0].inline_data.data' (TYPE_BYTES), 5",
    ),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_field_that_does_not_fit_is_named(case: str) -> None:
    document, said = FIELDS[case]
    status, answer = post(request() | document if isinstance(document, dict) else document)

    assert (status, answer["error"]["code"], answer["error"]["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert said in message(answer)
    violations = answer["error"]["details"][0]["fieldViolations"]
    assert "\n".join(violation["description"] for violation in violations) == message(answer)


def test_all_wrong_fields_are_told_at_once() -> None:
    _, answer = post({"a": 1, "b": 2, "generationConfig": {"c": 3}})

    assert [line.split('"')[1] for line in message(answer).splitlines()] == ["a", "b", "c"]


def test_both_spellings_nulls_and_single_objects_are_taken() -> None:
    snake = {
        "contents": {"parts": {"inline_data": {"mime_type": "image/png", "data": pybase64.b64encode(png()).decode()}}},
        "system_instruction": {"parts": [{"text": "calm"}]},
        "generation_config": {
            "response_modalities": ["Image"],
            "image_config": {"aspect_ratio": "3:2", "image_size": None},
            "thinking_config": {"include_thoughts": True, "thinking_level": "high"},
            "temperature": "0.5",
            "seed": 3.0,
        },
        "safety_settings": {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"},
        "tools": {"google_search": {}},
        "tool_config": None,
    }
    found = asked(snake)

    assert (found.width, found.height, found.image_size) == (1264, 848, "1K")
    assert (found.include_text, found.include_image, found.include_thoughts, found.thinking_level) == (
        False,
        True,
        True,
        "high",
    )
    assert (found.search_kinds, found.seed, found.summary.system) == (("web",), 3, "calm")


@pytest.mark.parametrize(
    "encoded",
    [
        pybase64.b64encode(png()).decode(),
        pybase64.urlsafe_b64encode(png()).decode(),
        pybase64.b64encode(png()).decode().rstrip("="),
        "\r\n".join(pybase64.b64encode(png()).decode()[at : at + 76] for at in range(0, 400, 76)),
    ],
    ids=["standard", "urlsafe", "unpadded", "with line breaks"],
)
def test_base64_is_taken_in_every_usual_form(encoded: str) -> None:
    document = request({"inlineData": {"mimeType": "image/png", "data": encoded}})

    assert asked(document).base_image is not None


# -- contents ---------------------------------------------------------------------------------------

CONTENTS = {
    "none": ({}, "* GenerateContentRequest.contents: contents is not specified\n"),
    "an empty list": ({"contents": []}, "* GenerateContentRequest.contents: contents is not specified\n"),
    "blank words": (request(text("  \n")), "* GenerateContentRequest.contents: contents is not specified\n"),
    "a turn without parts": (
        {"contents": [{"role": "user"}]},
        "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n",
    ),
    "an empty part": (
        request(text("x"), {}),
        (
            "* GenerateContentRequest.contents[0].parts[1].data: required oneof field 'data' must have one initialized "
            "field\n"
        ),
    ),
    "text and image in one part": (
        request(text("x") | shown(png())),
        "contents[0].parts[0]: oneof field 'data' is already set. Cannot set 'inline_data'",
    ),
    "an unknown role": (
        {"contents": [{"role": "assistant", "parts": [text("x")]}]},
        "Please use a valid role: user, model.",
    ),
    "the model has the last word": (
        {"contents": [{"role": "user", "parts": [text("x")]}, {"role": "model", "parts": [text("y")]}]},
        "Please ensure that multiturn requests end with a user role or a function response.",
    ),
    "a gif": (request(shown(b"GIF89a....", "image/gif")), "Unsupported MIME type: image/gif"),
    "a type cut short": (request(shown(png(), "png")), "Unsupported MIME type: png"),
    "no type": (request({"inlineData": {"data": "AAAA"}}), "Unsupported MIME type: "),
    "no picture": (request(shown(b"not a picture")), "Unable to process input image. Please retry or report."),
    "no bytes": (request(shown(b"")), "Unable to process input image. Please retry or report."),
    "half a picture": (request(shown(png()[:60])), "Unable to process input image. Please retry or report."),
    "a file elsewhere": (
        request({"fileData": {"fileUri": "https://www.example.org/cat.png", "mimeType": "image/png"}}),
        "Cannot fetch content from the provided URL.",
    ),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_contents_the_service_does_not_take_are_refused(case: str) -> None:
    document, said = CONTENTS[case]
    status, answer = post(document)

    assert (status, answer["error"]["status"], message(answer)) == (400, "INVALID_ARGUMENT", said)


def test_a_role_may_be_left_out() -> None:
    assert post({"contents": [{"parts": [text(ALWAYS_SAID)]}]})[0] == 200


def test_as_many_images_as_the_row_says_are_taken_and_no_more() -> None:
    images = [shown(png((8, 8)))] * models.MODELS[0].max_references

    assert asked(request(*images)).summary.image_count == len(images)
    status, answer = post(request(*images, images[0]))
    assert (status, message(answer)) == (400, "Too many input images: this model takes at most 14, and 15 were sent.")


def test_a_photograph_of_a_kind_pillow_cannot_read_is_taken_unseen() -> None:
    heic = b"\0\0\0\x18ftypheic" + bytes(64)

    assert asked(request(text("x"), shown(heic, "image/heic"))).base_image is None


# -- what a model does not do -----------------------------------------------------------------------

NO_SEARCH = f"Search as tool is not enabled for models/{LITE}"
MODELS = {
    "a ratio there is not": (
        FLASH,
        request(imageConfig={"aspectRatio": "7:3"}),
        (
            "* GenerateContentRequest.generation_config.image_config.aspect_ratio: aspect_ratio must be one of '1:1', "
            "'1:4', '1:8', '2:3', '3:2', '3:4', '4:1', '4:3', '4:5', '5:4', '8:1', '9:16', '16:9', or '21:9'.\n"
        ),
    ),
    "a size in lower case": (
        FLASH,
        request(imageConfig={"imageSize": "4k"}),
        (
            "* GenerateContentRequest.generation_config.image_config.image_size: image_size must be one of "
            "'512', '1K', '2K', or '4K'.\n"
        ),
    ),
    "a size in other words": (FLASH, request(imageConfig={"imageSize": "0.5K"}), "image_size must be one of"),
    "512 of pro": (PRO, request(imageConfig={"imageSize": "512"}), "image_size must be one of '1K', '2K', or '4K'."),
    "2K of lite": (LITE, request(imageConfig={"imageSize": "2K"}), "image_size must be '1K'."),
    "a long ratio of pro": (PRO, request(imageConfig={"aspectRatio": "1:8"}), "aspect_ratio must be one of '1:1'"),
    "a level of pro": (
        PRO,
        request(thinkingConfig={"thinkingLevel": "HIGH"}),
        "Thinking level is not supported for this model.",
    ),
    "a level flash lacks": (
        FLASH,
        request(thinkingConfig={"thinkingLevel": "MEDIUM"}),
        "Thinking level MEDIUM is not supported for this model. Please retry with other thinking level.",
    ),
    "level and budget": (
        FLASH,
        request(thinkingConfig={"thinkingLevel": "HIGH", "thinkingBudget": 1}),
        "You can only set only one of thinking budget and thinking level.",
    ),
    "a search of lite": (LITE, request() | {"tools": [{"googleSearch": {}}]}, NO_SEARCH),
    "an image search of lite": (
        LITE,
        request() | {"tools": [{"googleSearch": {"searchTypes": {"imageSearch": {}}}}]},
        NO_SEARCH,
    ),
    "an image search of pro": (
        PRO,
        request() | {"tools": [{"googleSearch": {"searchTypes": {"webSearch": {}, "imageSearch": {}}}}]},
        f"Image search is not enabled for models/{PRO}",
    ),
    "functions": (
        FLASH,
        request() | {"tools": [{"functionDeclarations": [{"name": "f"}]}]},
        f"Function calling is not enabled for models/{FLASH}",
    ),
    "JSON": (
        FLASH,
        request(responseMimeType="application/json"),
        f"JSON mode is not enabled for models/{FLASH}",
    ),
    "a penalty": (FLASH, request(presencePenalty=0.5), f"Penalty is not enabled for models/{FLASH}"),
    "several candidates": (FLASH, request(candidateCount=2), "Multiple candidates is not enabled for this model"),
    "sound": (
        FLASH,
        request(responseModalities=["AUDIO"]),
        "The requested combination of response modalities is not supported by the model.",
    ),
    "too hot": (FLASH, request(temperature=2.1), "temperature must be in the range [0, 2]."),
    "not a number": (FLASH, request(temperature="NaN"), "temperature must be in the range [0, 2]."),
    "too cold": (FLASH, request(temperature=-0.1), "temperature must be in the range [0, 2]."),
    "topP above 1": (FLASH, request(topP=1.01), "top_p must be in the range [0, 1]."),
    "topK of 0": (FLASH, request(topK=0), "top_k must be in the range [1, 1000]."),
    "a limit of 0": (FLASH, request(maxOutputTokens=0), "max_output_tokens must be in the range"),
    "a category that is not for settings": (
        FLASH,
        request() | {"safetySettings": [{"category": "HARM_CATEGORY_UNSPECIFIED", "threshold": "OFF"}]},
        "safety_settings[0]: element predicate failed: $.category in (HarmCategory.HARM_CATEGORY_HARASSMENT, ",
    ),
}


@pytest.mark.parametrize("case", MODELS)
def test_what_the_model_does_not_do_is_refused(case: str) -> None:
    model, document, said = MODELS[case]
    status, answer = post(document, model)

    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert said in message(answer)


def test_a_system_instruction_is_refused_where_the_row_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = models.Model(names=("gemini-deaf",), title="Deaf", has_system_instruction=False, image_tokens={"1K": 1})
    monkeypatch.setitem(models._MODELS_BY_NAME, "gemini-deaf", deaf)

    status, answer = post(request() | {"systemInstruction": {"parts": [text("be brief")]}}, "gemini-deaf")

    assert (status, message(answer)) == (400, "Developer instruction is not enabled for models/gemini-deaf")


def test_several_bad_values_are_told_at_once() -> None:
    _, answer = post(request(temperature=9, topP=9, imageConfig={"imageSize": "9K"}))

    assert message(answer).count("* GenerateContentRequest.") == 3


# -- what is taken ----------------------------------------------------------------------------------


def test_a_request_of_ours_with_every_option_is_taken(tmp_path: Path) -> None:
    given = {
        "model": FLASH,
        "aspect_ratio": "4:1",
        "image_size": "2K",
        "thoughts": True,
        "thinking": "high",
        "search": "web,image",
        "system": "draw like a child",
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 40,
        "seed": -5,
        "max_output_tokens": 8000,
        "safety": ["harassment=none", "hate=off"],
        "image_only": True,
    }
    assert set(given) == set(Options.list_options()) - {"extra"}
    image = ImagePart("image/png", content=png())
    body = encode_request(ImageRequest((Turn((TextPart("a cat"), image)),), Options.build(given)))
    (tmp_path / "reference-1.png").write_bytes(image.data)
    found = validation.validate(FLASH, b"".join(iter_body(body, tmp_path)))

    assert (found.width, found.height) == pixel_sizes.compute_pixel_size("4:1", "2K")
    assert (found.include_thoughts, found.thinking_level, found.search_kinds, found.seed) == (
        True,
        "high",
        ("web", "image"),
        -5,
    )
    assert (found.include_text, found.max_output_tokens, found.summary.system) == (False, 8000, "draw like a child")
    assert found.base_image is not None


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in some JSON but the root."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(node, dict):
        items = node.items()
    elif isinstance(node, list):
        items = enumerate(node)
    for name, value in items:
        yield (*at, name)
        yield from places(value, (*at, name))


FULL = {
    "contents": [
        {"role": "user", "parts": [text("a cat"), shown(png((8, 8)))]},
        {"role": "model", "parts": [{"text": "There.", "thoughtSignature": "AAAA", "thought": False}]},
        {"role": "user", "parts": [text(ALWAYS_SAID)]},
    ],
    "generationConfig": {
        "temperature": 1,
        "seed": 1,
        "imageConfig": {"aspectRatio": "1:1", "imageSize": "512"},
        "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
        "responseModalities": ["TEXT", "IMAGE"],
    },
    "systemInstruction": {"parts": [text("be kind")]},
    "tools": [{"googleSearch": {"searchTypes": {"webSearch": {}, "imageSearch": {}}}}],
    "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
}
JUNK: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "\ud800",
    "4K",
    "TEXT",
    [],
    {},
    [[]],
    [None],
    [{}],
    {"a": 1},
    ["x"],
)


@pytest.mark.parametrize("place", list(places(FULL)), ids=str)
def test_nonsense_in_any_place_is_answered_or_refused_but_never_breaks_the_service(place: tuple[Any, ...]) -> None:
    for junk in JUNK:
        document: Any = copy.deepcopy(FULL)
        node = document
        for name in place[:-1]:
            node = node[name]
        node[place[-1]] = junk
        with contextlib.suppress(ServiceError):
            asked(document)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "I;16", "1"])
def test_a_picture_of_any_mode_is_read_and_what_is_transparent_becomes_white(mode: str) -> None:
    out = io.BytesIO()
    clear = Image.new("RGBA", (32, 32), (255, 0, 0, 0)) if "A" in mode else Image.new("RGB", (32, 32), "white")
    clear.convert(mode).save(out, "PNG")
    base = asked(request(text("x"), shown(out.getvalue()))).base_image

    assert base is not None
    assert base.mode == "RGB"
    assert mode == "I;16" or base.getpixel((5, 5)) == (255, 255, 255)


def test_a_photograph_is_read_upright() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # a camera held on its side
    out = io.BytesIO()
    Image.new("RGB", (160, 90)).save(out, "JPEG", exif=turned)
    found = asked(request(text("x"), shown(out.getvalue(), "image/jpeg")))

    assert found.base_image is not None
    assert found.base_image.size == (90, 160)


# -- pixels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "ratio", "size"), GRID)
def test_every_ratio_and_size_of_every_model_has_its_pixels(model: str, ratio: str, size: str) -> None:
    found = asked(request(imageConfig={"aspectRatio": ratio, "imageSize": size}), model)

    assert (found.width, found.height) == pixel_sizes.compute_pixel_size(ratio, size)
    assert max(found.draft_size) <= max(pixel_sizes.compute_pixel_size(ratio))
    assert found.model.image_tokens[size] > 0


@pytest.mark.parametrize(
    ("model", "config", "pixels"),
    [
        (FLASH, {"imageSize": "512", "aspectRatio": "9:16"}, (384, 688)),
        (FLASH, {"imageSize": "512", "aspectRatio": "8:1"}, (1536, 192)),
        (FLASH, {}, (1024, 1024)),
        (FLASH, {"aspectRatio": "16:9", "imageSize": "4K"}, (5504, 3072)),
        (FLASH, {"aspectRatio": "1:8", "imageSize": "4K"}, (1536, 12288)),
        (LITE, {}, (1408, 768)),
        (PRO, {}, (1408, 768)),
        (PRO, {"imageSize": "2K"}, (2816, 1536)),
        ("gemini-nano-banana-2.1", {"aspectRatio": "21:9"}, (1584, 672)),
    ],
)
def test_the_picture_is_a_jpeg_of_just_those_pixels(
    model: str, config: dict[str, str], pixels: tuple[int, int]
) -> None:
    _, answer = post(request(imageConfig=config, responseModalities=["IMAGE"]), model)
    part = final(answer)

    assert part["inlineData"]["mimeType"] == "image/jpeg"
    made = picture(data_of(part))
    assert (made.format, made.mode, made.size) == ("JPEG", "RGB", pixels)


def test_the_file_says_that_it_was_made_offline() -> None:
    data = data_of(final(post(request(**SMALL))[1]))

    assert picture(data).info["comment"].startswith(b"Painted offline")


@pytest.mark.parametrize(
    ("model", "base", "pixels"),
    [
        (FLASH, (1600, 900), (1376, 768)),
        (FLASH, (300, 1200), (512, 2048)),
        (PRO, (300, 1200), (768, 1376)),
        (PRO, (1408, 768), (1408, 768)),
        (PRO, (1376, 768), (1376, 768)),
        (FLASH, (1408, 768), (1376, 768)),
    ],
)
def test_an_edit_without_a_ratio_keeps_the_shape_of_its_picture(
    model: str, base: tuple[int, int], pixels: tuple[int, int]
) -> None:
    found = asked(request(text("make it blue"), shown(png(base))), model)

    assert (found.width, found.height) == pixels
