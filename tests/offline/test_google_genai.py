"""The official SDK against the offline service: what a class types today must work tomorrow with a key."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from cometmagic.offline import service
from cometmagic.offline.server import serve
from tests.offline.asking import FLASH, data_of, final, png, request, text

STORY = "Tell a story of a cat"
CONFIG = types.GenerateContentConfig(
    response_modalities=["TEXT", "IMAGE"],
    image_config=types.ImageConfig(aspect_ratio="1:1", image_size="512"),
    thinking_config=types.ThinkingConfig(include_thoughts=True),
)


@pytest.fixture(scope="module")
def client() -> Iterator[genai.Client]:
    with serve() as server:
        options = types.HttpOptions(base_url=server.url, api_version="v1beta")
        with genai.Client(api_key="offline", http_options=options) as made:
            yield made


def expected(prompt: str) -> bytes:
    """Return the final image the service gives for the same request without the SDK."""
    document = request(
        text(prompt),
        responseModalities=["TEXT", "IMAGE"],
        imageConfig={"aspectRatio": "1:1", "imageSize": "512"},
        thinkingConfig={"includeThoughts": True},
    )
    return data_of(final(json.loads(service.answer(FLASH, json.dumps(document).encode())[1])))


def said(parts: list[types.Part]) -> str:
    return "".join(part.text for part in parts if part.text and not part.thought)


def images(parts: list[types.Part]) -> list[bytes]:
    return [part.inline_data.data or b"" for part in parts if part.inline_data and not part.thought]


def test_words_are_printed_thoughts_skipped_and_the_image_saved_as_sent(client: genai.Client, tmp_path: Path) -> None:
    response = client.models.generate_content(model=FLASH, contents=STORY, config=CONFIG)
    parts = response.parts or []

    assert said(parts).startswith("Once there was")
    assert [bool(part.thought) for part in parts] == [True] * 4 + [False] * 2
    made = parts[-1].as_image()
    assert made is not None
    made.save(str(tmp_path / "cat.jpg"))
    assert (tmp_path / "cat.jpg").read_bytes() == images(parts)[-1] == expected(STORY)
    assert Image.open(io.BytesIO(images(parts)[-1])).size == (512, 512)
    assert response.usage_metadata is not None
    assert response.usage_metadata.total_token_count
    assert response.candidates is not None
    assert response.candidates[0].finish_reason == types.FinishReason.STOP


def test_a_stream_gives_the_same_image_and_words(client: genai.Client) -> None:
    chunks = list(client.models.generate_content_stream(model=FLASH, contents=STORY, config=CONFIG))
    parts = [part for chunk in chunks for part in chunk.parts or []]

    assert len(chunks) > len(images(parts)) + 2
    assert said(parts).startswith("Once there was a small world of its own")
    assert images(parts) == [expected(STORY)]
    assert sum(bool(part.inline_data and part.thought) for part in parts) == 2


@pytest.mark.parametrize("streaming", [False, True])
def test_a_chat_goes_on_from_its_first_picture(client: genai.Client, *, streaming: bool) -> None:
    chat = client.chats.create(model=FLASH, config=CONFIG)
    turns = []
    for prompt in (STORY, "Tell it again at night"):
        if streaming:
            turns.append([part for chunk in chat.send_message_stream(prompt) for part in chunk.parts or []])
        else:
            turns.append(chat.send_message(prompt).parts or [])

    assert [len(images(parts)) for parts in turns] == [1, 1]
    assert images(turns[0]) != images(turns[1])
    assert said(turns[1]).startswith("Here is your picture again")  # the first one was understood as its own
    assert len([part for part in turns[0] if part.thought_signature]) == 2


def test_a_picture_can_be_sent_along(client: genai.Client) -> None:
    shown = types.Part.from_bytes(data=png((90, 160)), mime_type="image/png")
    contents = types.UserContent(parts=[types.Part(text="make it blue"), shown])
    config = types.GenerateContentConfig(image_config=types.ImageConfig(image_size="512"))
    response = client.models.generate_content(model=FLASH, contents=contents, config=config)

    assert Image.open(io.BytesIO(images(response.parts or [])[-1])).size == (384, 688)


def test_a_search_comes_back_with_its_sources(client: genai.Client) -> None:
    config = types.GenerateContentConfig(
        tools=[types.Tool(google_search=types.GoogleSearch())],
        image_config=types.ImageConfig(aspect_ratio="1:1", image_size="512"),
    )
    response = client.models.generate_content(model=FLASH, contents="herons", config=config)

    assert response.candidates is not None
    found = response.candidates[0].grounding_metadata
    assert found is not None
    assert found.web_search_queries == ["herons"]
    assert found.grounding_chunks is not None
    assert found.grounding_chunks[0].web is not None


def test_a_bad_request_is_a_client_error(client: genai.Client) -> None:
    config = types.GenerateContentConfig(image_config=types.ImageConfig(aspect_ratio="7:3"))
    with pytest.raises(errors.ClientError, match="aspect_ratio must be one of") as caught:
        client.models.generate_content(model=FLASH, contents="x", config=config)

    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")


def test_a_bad_request_is_a_client_error_in_a_stream_too(client: genai.Client) -> None:
    config = types.GenerateContentConfig(temperature=3)
    with pytest.raises(errors.ClientError, match="temperature"):
        next(iter(client.models.generate_content_stream(model=FLASH, contents="x", config=config)))


def test_an_unknown_model_is_a_server_error(client: genai.Client) -> None:
    with pytest.raises(errors.ServerError, match="no available channel") as caught:
        client.models.generate_content(model="sora-2", contents="x")

    assert caught.value.code == 503


@pytest.mark.parametrize(("trigger", "code"), [("offline:rate-limit", 429), ("offline:no-balance", 403)])
def test_failures_on_request_reach_the_sdk(client: genai.Client, trigger: str, code: int) -> None:
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model=FLASH, contents=trigger)

    assert caught.value.code == code


@pytest.mark.parametrize("trigger", ["offline:blocked", "offline:image-safety", "offline:no-image"])
def test_an_answer_without_an_image_has_no_parts_in_the_sdk(client: genai.Client, trigger: str) -> None:
    response = client.models.generate_content(model=FLASH, contents=trigger)

    assert not response.parts


def test_a_model_is_found_and_tokens_are_counted(client: genai.Client) -> None:
    shown = types.Part.from_bytes(data=png(), mime_type="image/png")
    contents = types.UserContent(parts=[types.Part(text=STORY), shown])
    counted = client.models.count_tokens(model=FLASH, contents=contents)
    answered = client.models.generate_content(model=FLASH, contents="offline:text-only")

    assert client.models.get(model=FLASH).name == f"models/{FLASH}"
    assert f"models/{FLASH}" in {model.name for model in client.models.list()}
    assert (counted.total_tokens or 0) > 200
    assert answered.usage_metadata is not None
    assert (
        client.models.count_tokens(model=FLASH, contents="offline:text-only").total_tokens
        == answered.usage_metadata.prompt_token_count
    )
    with pytest.raises(errors.ClientError, match="is not found") as caught:
        client.models.get(model="sora-2")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


def test_the_version_that_the_sdk_takes_by_itself_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_GENAI_API_VERSION", raising=False)
    with (
        serve() as server,
        genai.Client(api_key="offline", http_options=types.HttpOptions(base_url=server.url)) as made,
    ):
        assert made.models.generate_content(model=FLASH, contents="offline:text-only").text
        assert made.models.get(model=FLASH).display_name
        assert made.models.count_tokens(model=FLASH, contents="x").total_tokens == 1
    assert {request.status for request in server.requests} == {200}


def test_fields_that_only_the_sdk_sends_are_taken(client: genai.Client) -> None:
    config = types.GenerateContentConfig(labels={"class": "7b"}, continuation_token=b"token", store=False)

    assert client.models.generate_content(model=FLASH, contents="offline:text-only", config=config).text


def test_a_thinking_level_that_no_image_model_has_is_refused_by_the_model(client: genai.Client) -> None:
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel.XHIGH))
    with pytest.raises(errors.ClientError, match="Thinking level XHIGH is not supported"):
        client.models.generate_content(model=FLASH, contents="x", config=config)


@pytest.mark.parametrize(
    "trigger", ["offline:zero-usage", "offline:wrong-size", "offline:code-parts", "offline:model-status"]
)
def test_odd_pictures_reach_the_sdk(client: genai.Client, trigger: str) -> None:
    response = client.models.generate_content(model=FLASH, contents=f"a cat {trigger}", config=CONFIG)

    assert len(images(response.parts or [])) == 1
