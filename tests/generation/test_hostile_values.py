"""Values that nobody writes on purpose, for every option and every other thing a request is made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cometmagic import generate, library
from cometmagic.errors import CometError, OptionError
from cometmagic.generation.plan import build_plans
from cometmagic.options.declaration import list_options
from cometmagic.options.models import MAX_REFERENCES

DEEP: Any = []
for _ in range(5000):
    DEEP = [DEEP]


class Hostile:
    """A value of which everything fails."""

    def __repr__(self) -> str:
        raise RuntimeError("hostile")

    __str__ = __bool__ = __len__ = __array__ = __repr__

    @property
    def image(self) -> None:
        raise KeyError("hostile")


VALUES: list[Any] = [
    "\ud800", "a\ud800b", "\udc80", "a\0b", "\0", "", "   ", "x" * 300_000, "../..", "/", "//h/s", "~no-such-user/x",
    "http://[", "http://a.example:99999/x", "http://\ud800.example/", "http://a.example/" + "x" * 70_000, "\x1b[31m",
    "\u202e", "nan", "Infinity", "1e999", "9" * 5000, "[1e999]", '{"a": 1e999}', '{"a": NaN}', "[" * 100_000, "=",
    "a=b", '{"a":' * 900 + "1" + "}" * 900, "aspect_ratio=\ud800", "system=\ud800,b", "seed=[1e999]",
    '{"file":"reference-1.png"}', float("nan"), float("inf"), 10**400, 10**5000, -1, True, b"", b"\xff", [], {}, [[]],
    ["\ud800"], {"\ud800": 1},
    {"a": "\ud800"}, {"a": float("nan")}, {"a": DEEP}, DEEP, {"system": ["\ud800"]}, {"system": [DEEP]}, Hostile(),
    np.zeros((3, 3, 3)), [Hostile()], {Hostile(): Hostile()}, Hostile, Path("a\0b"), Path("\ud800"), {1, 2}, range(3),
]  # fmt: skip


def list_requests() -> Iterator[tuple[Any, dict[str, Any]]]:
    for value in VALUES:
        yield from (("a cat", {name: value}) for name in list_options())
        yield from ((value, {}), (["a cat", value], {}), ("a cat", {"images": value}), ("a cat", {"images": [value]}))
        if isinstance(value, str):
            yield "a cat", {value: 1}


@pytest.mark.usefixtures("_offline")
def test_any_value_is_taken_or_refused_in_one_line(library_folder: Path) -> None:
    messages: list[str] = []
    for prompt, options in list_requests():
        try:
            build_plans(prompt, **options)
        except CometError as error:
            messages.append(str(error))

    assert len(messages) > 1500
    assert [ascii(message)[:500] for message in messages if not message.isprintable() or len(message) > 900] == []
    assert not library_folder.exists()


@pytest.mark.usefixtures("_offline")
@pytest.mark.parametrize(
    "name", ["prompt", "system", "alt", "model", "save", "edit", "chat", "preset", "into", "images"]
)
def test_a_text_that_cannot_be_written_is_refused_before_anything_is(library_folder: Path, name: str) -> None:
    for text in ("a\ud800", "a\0"):
        request: dict[str, Any] = {"prompt": "a cat", "image_size": "512", name: text}
        with pytest.raises(CometError, match="Nothing was sent") as caught:
            generate(**request)
        assert str(caught.value).isprintable()

    assert not library_folder.exists()
    generate("a cat", image_size="512", preview=64)  # the control
    assert len(list(library())) == 1


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETMAGIC_SOURCE", "offline")


@pytest.mark.usefixtures("_offline")
def test_too_many_references_are_refused_before_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "missing.png"

    for count, message in ((MAX_REFERENCES + 1, "There are 51 reference images"), (MAX_REFERENCES, "missing.png")):
        with pytest.raises(OptionError, match=message):
            build_plans("a cat", images=[path] * count)
