"""What the offline service answers: parts, edits, conversations, failures on request, streams."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pybase64
import pytest
from PIL import Image, ImageChops, ImageStat

from cometmagic.gemini.decode import decode_response
from cometmagic.offline import service
from tests.offline.asking import (
    FLASH,
    LITE,
    PRO,
    SMALL,
    THOUGHTS,
    answered,
    asked,
    data_of,
    events,
    final,
    message,
    parts_of,
    picture,
    png,
    post,
    request,
    shown,
    text,
)

# -- parts ------------------------------------------------------------------------------------------


def kinds(parts: list[dict[str, Any]]) -> list[str]:
    return [
        ("thought " if part.get("thought") else "") + ("image" if "inlineData" in part else "text") for part in parts
    ]


def test_some_prompts_are_answered_with_an_image_and_some_with_words_before_it() -> None:
    orders = {tuple(kinds(parts_of(post(request(text(prompt), **SMALL))[1]))) for prompt in ("a cat", "a cats")}

    assert orders == {("image",), ("text", "image")}


@pytest.mark.parametrize("prompt", ["Tell a story of a cat", "a cat and a few words", "An illustrated poem", "Why?"])
def test_words_that_are_asked_for_always_come(prompt: str) -> None:
    assert kinds(parts_of(post(request(text(prompt), **SMALL))[1])) == ["text", "image"]


def test_without_text_among_the_modalities_there_are_no_words() -> None:
    config = SMALL | {"responseModalities": ["IMAGE"]}

    assert kinds(parts_of(post(request(text("Tell a story of a cat"), **config))[1])) == ["image"]


def test_with_text_as_the_only_modality_there_are_only_words() -> None:
    _, answer = post(request(responseModalities=["TEXT"], **THOUGHTS))

    assert kinds(parts_of(answer)) == ["text"]
    assert "candidatesTokensDetails" not in answer["usageMetadata"]


def test_thoughts_are_two_drafts_each_after_its_words_and_unsigned() -> None:
    _, answer = post(request(text("a story of a cat"), **SMALL, **THOUGHTS))
    parts = parts_of(answer)

    expected = ["thought text", "thought image", "thought text", "thought image", "text", "image"]
    assert kinds(parts) == expected
    assert ["thoughtSignature" in part for part in parts] == [False, False, False, False, True, True]
    assert len({data_of(part) for part in parts if "inlineData" in part}) == 3
    assert answer["usageMetadata"]["thoughtsTokenCount"] > 0


def test_drafts_of_a_large_picture_are_no_larger_than_1k() -> None:
    config: dict[str, Any] = {"imageConfig": {"imageSize": "2K", "aspectRatio": "1:1"}}
    drafts = [part for part in parts_of(post(request(**config, **THOUGHTS))[1]) if part.get("thought")]

    for draft in drafts:
        assert "text" in draft or max(picture(data_of(draft)).size) <= 1024


def test_the_same_request_gives_the_same_bytes_and_a_seed_another_picture() -> None:
    once, again = (service.answer(FLASH, json.dumps(request(**SMALL)).encode())[1] for _ in range(2))
    seeded = json.dumps(request(seed=5, **SMALL)).encode()

    assert once == again
    assert data_of(final(json.loads(once))) != data_of(final(json.loads(service.answer(FLASH, seeded)[1])))


def test_the_shape_and_the_thoughts_do_not_change_the_seed_but_the_temperature_does() -> None:
    plain = asked(request()).seed

    assert asked(request(imageConfig={"aspectRatio": "16:9"}, **THOUGHTS)).seed == plain
    assert asked(request(temperature=0.1)).seed != plain
    assert asked(request(), PRO).seed != plain


def test_our_decoder_reads_the_very_bytes_that_were_sent() -> None:
    body = service.answer(FLASH, json.dumps(request(**SMALL, **THOUGHTS)).encode())[1]
    sent = [data_of(part) for part in parts_of(json.loads(body)) if "inlineData" in part]
    read = decode_response(body)

    written = []
    for image in read.encoded_images:
        out = io.BytesIO()
        image.write(out)
        written.append(out.getvalue())
    assert written == sent
    assert [image.thought for image in read.encoded_images] == [True, True, False]
    assert not read.is_truncated
    assert read.error is None


def test_a_prompt_of_any_characters_is_answered() -> None:
    prompt = '\ud83d \x00 "quotes" \\ \u202e <b>&amp; 猫 🐈'

    assert answered(request(text(prompt), **SMALL)).response.finish_reason == "STOP"
    assert answered(request(text(f"{prompt} offline:text-only")) | {"tools": [{"googleSearch": {}}]}).response.text


# -- edits ------------------------------------------------------------------------------------------


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return how far apart two pictures are on the whole, 0 to 255."""
    small = [made.convert("RGB").resize((16, 16), Image.Resampling.BOX) for made in (one, other)]
    return sum(ImageStat.Stat(ImageChops.difference(*small)).mean) / 3


def test_an_edit_starts_from_the_picture_it_is_given() -> None:
    base = Image.new("RGB", (512, 512), "navy")
    base.paste((250, 220, 40), (0, 0, 256, 256))
    out = io.BytesIO()
    base.save(out, "PNG")
    config = SMALL | {"responseModalities": ["IMAGE"]}
    edited = picture(data_of(final(post(request(text("a cat"), shown(out.getvalue()), **config))[1])))
    fresh = picture(data_of(final(post(request(text("a cat"), **config))[1])))

    assert difference(edited, base) < difference(fresh, base) / 2


def test_the_last_picture_shown_is_the_one_that_is_edited() -> None:
    first, last = shown(png((90, 160))), shown(png((160, 90)))

    assert asked(request(text("x"), first, last)).summary.image_count == 2
    assert asked(request(text("x"), first, last)).width > asked(request(text("x"), last, first)).width


# -- conversations and signatures -------------------------------------------------------------------


@pytest.fixture(scope="module")
def first_turn() -> dict[str, Any]:
    """Return the model's content of a first turn, as received: thoughts, words and an image."""
    content: dict[str, Any] = post(request(text("a story of a cat"), **SMALL, **THOUGHTS))[1]["candidates"][0][
        "content"
    ]
    return json.loads(json.dumps(content))  # type: ignore[no-any-return]


def conversation(model_turn: dict[str, Any]) -> dict[str, Any]:
    turns = [{"role": "user", "parts": [text("a story of a cat")]}, model_turn]
    last = {"role": "user", "parts": [text("and at night")]}
    return {"contents": [*turns, last], "generationConfig": SMALL}


def changed(turn: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return the turn with some members of its final image's part replaced, or left out when None."""
    *before, image = turn["parts"]
    part = {name: value for name, value in (image | members).items() if value is not None}
    return turn | {"parts": [*before, part]}


def test_a_second_turn_with_everything_sent_back_as_received_is_taken(first_turn: dict[str, Any]) -> None:
    found = asked(conversation(first_turn))

    assert found.base_image is not None
    assert found.base_image.size == (512, 512)
    assert found.summary.image_count == 1
    assert answered(conversation(first_turn)).response.finish_reason == "STOP"


def test_thoughts_need_not_be_sent_back(first_turn: dict[str, Any]) -> None:
    kept = [part for part in first_turn["parts"] if not part.get("thought")]

    assert asked(conversation(first_turn | {"parts": kept})).base_image is not None


def test_signatures_and_images_may_come_back_in_the_url_safe_alphabet(first_turn: dict[str, Any]) -> None:
    safe = json.loads(json.dumps(conversation(first_turn)).replace("+", "-"))
    for part in safe["contents"][1]["parts"]:
        if "thoughtSignature" in part:
            part["thoughtSignature"] = part["thoughtSignature"].replace("/", "_")

    assert asked(safe).base_image is not None


def test_an_image_of_the_model_without_its_signature_is_refused_by_its_place(first_turn: dict[str, Any]) -> None:
    status, answer = post(conversation(changed(first_turn, thoughtSignature=None)))

    said = "Image part is missing a thought_signature in content position 2, part position 6."
    assert (status, answer["error"]["status"], message(answer)) == (400, "INVALID_ARGUMENT", said)


def test_a_picture_put_into_the_models_mouth_is_refused() -> None:
    status, answer = post(conversation({"role": "model", "parts": [shown(png())]}))

    said = "Image part is missing a thought_signature in content position 2, part position 1."
    assert (status, message(answer)) == (400, said)


@pytest.mark.parametrize("signature", ["AAAA", pybase64.b64encode(bytes(4000)).decode()])
def test_a_signature_that_was_not_given_is_not_valid(first_turn: dict[str, Any], signature: str) -> None:
    status, answer = post(conversation(changed(first_turn, thoughtSignature=signature)))

    assert (status, message(answer)) == (400, "Thought signature is not valid")


def test_a_signature_on_other_bytes_is_not_valid(first_turn: dict[str, Any]) -> None:
    status, answer = post(conversation(changed(first_turn, inlineData=shown(png())["inlineData"])))

    assert (status, message(answer)) == (400, "Thought signature is not valid")


def test_the_signature_of_an_image_is_not_one_for_words(first_turn: dict[str, Any]) -> None:
    moved = [
        part | ({"thoughtSignature": first_turn["parts"][-1]["thoughtSignature"]} if kind == "text" else {})
        for part, kind in zip(first_turn["parts"], kinds(first_turn["parts"]), strict=True)
    ]
    status, answer = post(conversation(first_turn | {"parts": moved}))

    assert (status, message(answer)) == (400, "Thought signature is not valid")


@pytest.mark.parametrize(
    "escape",
    ["skip_thought_signature_validator", pybase64.b64encode(b"skip_thought_signature_validator").decode()],
)
def test_the_documented_way_around_signatures_is_taken(escape: str) -> None:
    turn = {"role": "model", "parts": [shown(png()) | {"thoughtSignature": escape}]}

    assert asked(conversation(turn)).base_image is not None


def test_signatures_are_standard_base64_of_a_few_kilobytes(first_turn: dict[str, Any]) -> None:
    for part in first_turn["parts"]:
        if "thoughtSignature" in part:
            assert 2000 < len(pybase64.b64decode(part["thoughtSignature"], validate=True)) < 10_000


# -- usage ------------------------------------------------------------------------------------------

USED = [
    (FLASH, request(**SMALL), 747),
    (FLASH, request(text("a story"), **SMALL, **THOUGHTS), 747),
    (FLASH, request(text("x"), shown(png()), shown(png()), imageConfig={"aspectRatio": "1:1"}), 1120),
    (PRO, request(text("a word")), 1120),
    (LITE, request(), 1120),
    (FLASH, request(responseModalities=["TEXT"]), 0),
]


@pytest.mark.parametrize(("model", "document", "image"), USED)
def test_the_token_counts_add_up(model: str, document: dict[str, Any], image: int) -> None:
    counts = post(document, model)[1]["usageMetadata"]
    total = sum(counts.get(f"{name}TokenCount", 0) for name in ("prompt", "candidates", "thoughts"))

    assert counts["totalTokenCount"] == total
    assert sum(row["tokenCount"] for row in counts["promptTokensDetails"]) == counts["promptTokenCount"]
    assert sum(row["tokenCount"] for row in counts.get("candidatesTokensDetails", [])) == image
    assert counts["candidatesTokenCount"] >= image


@pytest.mark.parametrize(("model", "tokens"), [(FLASH, 2240), (PRO, 1120)])
def test_each_image_that_is_sent_counts_the_models_own_tokens(model: str, tokens: int) -> None:
    counts = post(request(text("offline:text-only"), shown(png()), shown(png())), model)[1]["usageMetadata"]

    assert {"modality": "IMAGE", "tokenCount": tokens} in counts["promptTokensDetails"]


def test_only_thinking_that_is_done_is_counted() -> None:
    def thoughts(model: str, **config: Any) -> int | None:
        return answered(request(text("offline:text-only"), **config), model).response.usage.thoughts

    assert thoughts(FLASH) is None
    assert thoughts(FLASH, thinkingConfig={"thinkingLevel": "MINIMAL"}) is None
    assert (thoughts(FLASH, thinkingConfig={"thinkingLevel": "HIGH"}) or 0) > 0
    assert (thoughts(PRO) or 0) > 0


# -- search -----------------------------------------------------------------------------------------


def test_a_web_search_names_pages_and_gives_its_chip() -> None:
    document = request(text('a "heron" <b>fishing</b> at dawn'), **SMALL) | {"tools": [{"googleSearch": {}}]}
    answer = answered(document)
    found = answer.response.grounding

    assert found.queries == ("heron fishing dawn",)
    assert found.sources
    assert all(source.uri.startswith("https://www.example.org/") and source.title for source in found.sources)
    assert "heron fishing dawn" in found.suggestion
    support = answer.document["candidates"][0]["groundingMetadata"]["groundingSupports"][0]
    assert support["segment"]["text"] == answer.response.text
    assert support["segment"]["endIndex"] == len(answer.response.text.encode())
    assert support["groundingChunkIndices"] == [0]


def test_an_image_search_links_to_the_page_of_each_picture() -> None:
    tools: list[dict[str, Any]] = [{"googleSearch": {"searchTypes": {"imageSearch": {}}}}]
    found = answered(request(text("a heron"), **SMALL) | {"tools": tools}).response.grounding

    assert [source.uri for source in found.sources] == ["https://photos.example.org/heron/page.html"]
    assert found.sources[0].image_uri == "https://photos.example.org/heron/photo.jpg"
    assert found.suggestion == ""


def test_without_a_search_there_is_no_grounding() -> None:
    assert "groundingMetadata" not in post(request(**SMALL))[1]["candidates"][0]


# -- streams ----------------------------------------------------------------------------------------


def test_a_stream_says_the_same_as_the_whole_answer() -> None:
    document = request(text("a story of a cat"), **SMALL, **THOUGHTS)
    body = json.dumps(document).encode()
    streamed, whole = decode_response(b"".join(service.stream(FLASH, body)[1])), answered(document)

    def images(answer: Any) -> list[tuple[bytes, bool]]:
        return [(bytes(image.data.view), image.thought) for image in answer.encoded_images]

    assert images(streamed) == images(whole)
    assert streamed.response.text.split() == whole.response.text.split()
    assert streamed.response.usage == whole.response.usage
    assert streamed.response.finish_reason == "STOP"
    assert streamed.response.response_id == whole.response.response_id


def test_texts_arrive_in_pieces_and_each_image_whole() -> None:
    found = events(request(text("a story of a cat"), **SMALL))
    arrived = [kind for event in found for kind in kinds(parts_of(event))]

    assert arrived == ["text", "text", "text", "image", "text"]
    assert [len(parts_of(event)) for event in found] == [1] * 5
    signed = ["thoughtSignature" in part for event in found for part in parts_of(event)]
    assert signed == [True, False, False, True, False]


def test_counts_only_grow_and_the_reason_comes_last() -> None:
    found = events(request(text("a story of a cat"), **SMALL, **THOUGHTS))
    totals = [event["usageMetadata"]["totalTokenCount"] for event in found]

    assert totals == sorted(totals)
    assert ["finishReason" in event["candidates"][0] for event in found] == [False] * (len(found) - 1) + [True]


def test_events_end_as_googles_do() -> None:
    _, stream = service.stream(FLASH, json.dumps(request(text("offline:text-only"))).encode())

    for event in stream:
        assert event.startswith(b"data: {")
        assert event.endswith(b"}\r\n\r\n")
        assert event.count(b"\n") == 2


@pytest.mark.parametrize("trigger", ["offline:blocked", "offline:image-safety", "offline:recitation"])
def test_an_answer_without_parts_is_one_event(trigger: str) -> None:
    (event,) = events(request(text(trigger)))

    status, whole = post(request(text(trigger)))
    assert (status, event) == (200, whole)


def test_a_refused_stream_is_one_plain_body() -> None:
    status, pieces = service.stream(FLASH, b"{}")

    assert (status, b"".join(pieces)) == service.answer(FLASH, b"{}")


# -- weight -----------------------------------------------------------------------------------------


def test_importing_the_service_loads_neither_pillow_nor_the_painter() -> None:
    script = (
        "import sys; import cometmagic.offline.service; "
        "print([name for name in ('PIL', 'cometmagic.offline.painter', 'IPython', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
