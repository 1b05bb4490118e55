"""`images=` takes any collection, reads it once, and refuses one that does not end or that fails."""

from __future__ import annotations

import array
import collections
import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cometmagic.errors import OptionError
from cometmagic.generation.generate import generate, generate_many
from cometmagic.generation.image_list import list_images
from cometmagic.generation.plan import build_plan
from cometmagic.generation.result_list import ImageResults
from cometmagic.options.models import MAX_REFERENCES
from tests.gemini.answers import picture

PNG, JPEG = picture("PNG"), picture("JPEG")


def generator() -> Iterator[bytes]:
    yield PNG
    yield JPEG


COLLECTIONS: dict[str, Callable[[], Any]] = {
    "list": lambda: [PNG, JPEG],
    "tuple": lambda: (PNG, JPEG),
    "generator": generator,
    "expression": lambda: (content for content in (PNG, JPEG)),
    "map": lambda: map(bytes, (PNG, JPEG)),
    "filter": lambda: filter(None, [PNG, b"", JPEG]),
    "iterator": lambda: iter([PNG, JPEG]),
    "values": {"a": PNG, "b": JPEG}.values,
    "deque": lambda: collections.deque([PNG, JPEG]),
    "keys": {PNG: 1, JPEG: 2}.keys,
}


@pytest.mark.parametrize("kind", COLLECTIONS)
@pytest.mark.parametrize("keyword", ["images", "image"])
def test_every_collection_is_a_list_of_images(kind: str, keyword: str) -> None:
    plan = build_plan("x", **{keyword: COLLECTIONS[kind]()})

    assert [part.data for part in plan.request.references] == [PNG, JPEG]


@pytest.mark.parametrize("kind", ["generator", "map"])
@pytest.mark.parametrize("keyword", ["images", "image"])
def test_an_iterator_is_read_once_for_several_prompts(kind: str, keyword: str) -> None:
    results = generate_many(["a cat", "a dog"], source="offline", count=2, **{keyword: COLLECTIONS[kind]()})

    assert [len(result.request.references) for result in results.results] == [2] * 4


@pytest.mark.parametrize("kind", [set, frozenset])
def test_paths_in_a_set_are_sent_in_one_order(kind: Callable[[Any], Any], tmp_path: Path) -> None:
    for name, content in zip("cab", (PNG, JPEG, picture("WEBP")), strict=True):
        (tmp_path / name).write_bytes(content)
    paths = kind(tmp_path / name for name in "cab")

    plan = build_plan("x", images=paths)

    assert [part.mime_type for part in plan.request.references] == ["image/jpeg", "image/webp", "image/png"]
    assert list_images({PNG}) == [PNG]
    assert list_images(tmp_path.glob("a")) == [tmp_path / "a"]


def test_results_are_their_images() -> None:
    results = generate_many(["a cat", "a dog"], source="offline")
    assert isinstance(results, ImageResults)

    result = generate("both", images=results, source="offline")

    assert [part.data for part in result.request.references] == [item.image.data for item in results.results]


SINGLE: list[Any] = [
    PNG, bytearray(PNG), memoryview(PNG), array.array("B", PNG), "cat.png", Path("cat.png"), io.BytesIO(PNG),
    np.zeros((4, 5)), Image.new("RGB", (4, 5)), {"content": PNG}, 7, range(3), object(), OptionError,
]  # fmt: skip


@pytest.mark.parametrize("value", SINGLE, ids=range(len(SINGLE)))
def test_what_is_no_collection_is_one_image(value: Any) -> None:
    images = list_images(value)

    assert len(images) == 1
    assert images[0] is value
    assert list_images(None) == []


def test_an_open_file_is_one_image(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)

    with path.open("rb") as file:
        assert list_images(file) == [file]


def fail(error: Exception) -> Iterator[bytes]:
    yield PNG
    raise error


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            lambda: itertools.repeat(PNG),
            f"There are more than {MAX_REFERENCES} reference images; at most {MAX_REFERENCES} are sent.",
        ),
        (
            lambda: [PNG] * (MAX_REFERENCES + 1),
            f"There are {MAX_REFERENCES + 1} reference images; at most {MAX_REFERENCES} are sent.",
        ),
        (lambda: fail(ValueError("two\nlines")), "The images cannot be listed (ValueError: two lines)."),
        (lambda: fail(StopAsyncIteration()), "The images cannot be listed (StopAsyncIteration)."),
        (lambda: fail(OptionError("Its own.")), "Its own."),
        (lambda: [generator()], "A generator is not an image."),
    ],
    ids=range(6),
)
def test_a_collection_that_cannot_be_sent_is_one_line(images: Callable[[], Any], message: str) -> None:
    for request in (lambda: build_plan("x", images=images()), lambda: generate_many(["x"], images=images())):
        with pytest.raises(OptionError) as caught:
            request()

        assert caught.value.message == message
