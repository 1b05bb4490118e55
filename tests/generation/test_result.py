"""A result is a window on its folder: everything a call made, whenever it is asked for."""

from __future__ import annotations

import base64
import errno
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cometmagic import ImageResult, generate
from cometmagic.errors import APIError, LibraryError, NoImageError
from cometmagic.gemini.encode import encode_request
from cometmagic.gemini.parts import ImagePart, TextPart
from tests.notebook.answers import DRAFT, FINAL, answering, body, full, image, painted, serving

Make = Callable[..., ImageResult]


@pytest.fixture
def bike(monkeypatch: pytest.MonkeyPatch) -> Iterator[ImageResult]:
    """Return the result of a live call with thoughts, texts and a picture."""
    with serving(monkeypatch, answering()):
        yield generate("a red bicycle", aspect_ratio="16:9", thoughts=True)


def test_what_came_is_told_in_its_order(bike: ImageResult) -> None:
    assert bike.image.data == FINAL
    assert (bike.image.mime_type, bike.image.width, bike.image.height) == ("image/jpeg", 64, 36)
    assert bike.image.pil().size == (64, 36)
    assert bike.image.path == bike.folder / "image.jpg"
    assert [part.data for part in bike.images] == [FINAL]
    assert [part.data for part in bike.thoughts] == [DRAFT]
    assert (bike.text, bike.thought_text) == ("Here it is.", "Thinking of wheels.")
    assert [part.thought for part in bike.response.parts] == [True, True, False, False]


def test_what_it_took_is_told(bike: ImageResult) -> None:
    assert (bike.usage.total, bike.usage.thoughts, bike.usage.image) == (1432, 300, 1120)
    assert bike.cost == pytest.approx((1120 * 60 + 300 * 3 + 12 * 0.5) / 1e6)
    assert 0 <= bike.seconds < 30
    assert (bike.source, bike.model_version, bike.alt) == ("live", "gemini-test", "a red bicycle")
    assert bike.grounding.sources == ()
    assert bike.warnings == []


def test_the_last_of_several_images_is_the_final_one(monkeypatch: pytest.MonkeyPatch) -> None:
    other, last_thought = painted("PNG", color="red"), painted("PNG", color="blue")
    answer = body(image(other), image(FINAL), image(last_thought, thought=True))
    with serving(monkeypatch, answering(answer)):
        result = generate("a cat")

    assert result.image.data == FINAL
    assert [part.data for part in result.images] == [other, FINAL]
    assert (result.folder / "image-1.png").read_bytes() == other


def test_a_request_reads_back_and_makes_the_same_body(monkeypatch: pytest.MonkeyPatch) -> None:
    hat, cat = painted("PNG", color="red"), painted("WEBP", color="black")
    options: dict[str, Any] = {
        "aspect_ratio": "1:1",
        "search": "image,web",
        "safety": {"hate": "none"},
        "system": "be brief",
        "temperature": 0.5,
        "extra": {"generationConfig": {"newField": {"deep": [1, None]}}},
    }
    with serving(monkeypatch, answering(), answering()) as server:
        result = generate(["put this", hat, 'on {"file":"reference-1.png"}'], images=[cat], **options)
        asked = result.request
        parts = [part.text if isinstance(part, TextPart) else part for part in asked.turns[-1].parts]
        again = generate(parts, **asked.options.list_changes())

    assert server.log[0].body == server.log[1].body
    assert [part.data for part in asked.references] == [hat, cat]
    assert encode_request(asked) == encode_request(again.request)
    assert asked.options == again.request.options
    assert asked.prompt == 'put this\non {"file":"reference-1.png"}'


def test_a_result_survives_pickling_and_a_new_session(bike: ImageResult) -> None:
    again = pickle.loads(pickle.dumps(bike))  # noqa: S301  # our own

    assert again == bike == ImageResult(bike.folder)
    assert again.image.data == FINAL
    assert len(pickle.dumps(bike)) < 1000


def test_a_result_shows_itself_where_the_extension_is_not_loaded(bike: ImageResult) -> None:
    bundle, metadata = bike._repr_mimebundle_(include=None, exclude=None)

    preview = base64.b64decode(bundle["image/jpeg"])
    assert preview == (bike.folder / "preview.jpg").read_bytes()
    assert bundle["text/plain"].startswith(f"<cometmagic image 64x36 image/jpeg live {bike.folder}>: a red bicycle\n")
    assert 'alt="a red bicycle" width="64" height="36"' in bundle["text/html"]
    assert "tokens" in bundle["text/html"]
    assert metadata["image/jpeg"] == {"width": 64, "height": 36, "alt": "a red bicycle"}


def test_a_repr_never_fails(bike: ImageResult) -> None:
    shutil.rmtree(bike.folder)

    assert repr(bike) == f"<cometmagic call without an image {bike.folder}>"
    with pytest.raises(LibraryError, match=r"call\.json cannot be read"):
        _ = bike.image


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ("new.jpg", "new.jpg"),
        ("new.jpeg", "new.jpeg"),
        ("new.JPG", "new.JPG"),
        ("new.png", "new.jpg"),
        ("new", "new.jpg"),
        ("v1.5", "v1.5.jpg"),
        ("deep/er/new.jpg", "deep/er/new.jpg"),
        ("folder", "folder/a-red-bicycle.jpg"),
        ("other/", "other/a-red-bicycle.jpg"),
        ("taken.jpg", "taken-2.jpg"),
        ("taken.png", "taken-2.jpg"),
        ("~/new.jpg", "home/new.jpg"),
    ],
)
def test_a_picture_is_saved_as_it_came(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bike: ImageResult, asked: str, made: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "taken.jpg").write_text("mine")

    where = bike.save(asked)

    assert tmp_path / where == tmp_path / made
    assert (tmp_path / made).read_bytes() == FINAL
    assert (tmp_path / "taken.jpg").read_text() == "mine"
    assert bike.save(asked) != where


def test_a_picture_that_cannot_be_saved_is_still_there(tmp_path: Path, bike: ImageResult) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match=r"Cannot save to .* The image is kept in ") as caught:
        bike.save(tmp_path / "file" / "new.jpg")

    assert "sent" not in str(caught.value)
    assert bike.image.data == FINAL


IMPOSSIBLE_PATHS = [
    "", "\0", "a\0b.jpg", "\ud800", "folder/\ud800.jpg", "x" * 300, "x/" * 3000, "~no-such-user/x", "file/new.jpg",
    "fifo/new.jpg", "/dev/null/new.jpg", "/proc/new.jpg", b"x.jpg", 5, None, [], ["a.jpg"], float("nan"), object(),
]  # fmt: skip
POSSIBLE_PATHS = [
    "fifo",
    "fifo.jpg",
    "link.jpg",
    "folder",
    "folder/",
    "new.jpg/",
    "..",
    "é" * 80,
    " ",
    "a\nb",
    "-x",
    "CON",
]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_what_cannot_be_a_path_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bike: ImageResult
) -> None:
    place = tmp_path / "place"
    (place / "folder").mkdir(parents=True)
    monkeypatch.chdir(place)
    Path("file").write_text("mine")
    Path("link.jpg").symlink_to("file")
    os.mkfifo("fifo")
    os.mkfifo("fifo.jpg")
    before = sorted(place.rglob("*"))

    for path in IMPOSSIBLE_PATHS:
        with pytest.raises(LibraryError, match=r"^Cannot save to .* The image is kept in ") as caught:
            bike.save(path)  # type: ignore[arg-type]  # some are no paths at all
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 600
    assert sorted(place.rglob("*")) == before

    for path in POSSIBLE_PATHS:  # the control; what is there is never written to
        assert bike.save(path).read_bytes() == FINAL
    assert Path("file").read_text() == "mine"
    assert set(before) <= set(place.rglob("*"))


def test_a_save_that_fails_in_mid_write_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bike: ImageResult
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "new.jpg").write_text("mine")
    before = sorted(tmp_path.iterdir())
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(LibraryError, match=r"new\.jpg: No space left on device\. The image is kept in "):
            bike.save(tmp_path / "new.jpg")

    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "new.jpg").read_text() == "mine"
    assert bike.save(tmp_path / "new.jpg").read_bytes() == FINAL


def test_a_picture_is_saved_where_there_are_no_links(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bike: ImageResult
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(os, "link", refused)

    assert [bike.save(tmp_path / "new.jpg").name for _ in range(3)] == ["new.jpg", "new-2.jpg", "new-3.jpg"]
    assert (tmp_path / "new-3.jpg").read_bytes() == FINAL
    assert list(tmp_path.glob(".*")) == []


def test_a_name_as_long_as_the_disk_takes_is_numbered_too(tmp_path: Path, bike: ImageResult) -> None:
    name = f"{'é' * 125}.jpg"

    assert [bike.save(tmp_path / name).name for _ in range(2)] == [name, f"{'é' * 124}-2.jpg"]


def test_a_picture_is_saved_with_the_umask(tmp_path: Path, bike: ImageResult) -> None:
    before = os.umask(0o027)
    try:
        assert bike.save(tmp_path / "new.jpg").stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)


def test_an_answer_in_words_is_an_error_with_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(body({"text": "I would rather not."}))), pytest.raises(NoImageError) as caught:
        generate("a cat")

    error = caught.value
    assert "I would rather not." in str(error)
    assert error.response.text == "I would rather not."
    assert ImageResult(error.folder).text == "I would rather not."
    with pytest.raises(NoImageError, match="holds no final image"):
        _ = ImageResult(error.folder).image


def test_an_error_of_the_service_says_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({"error": {"code": "no_quota", "message": "Pay first (request id: r1)"}}).encode()
    with serving(monkeypatch, answering(said, status="402 Payment")), pytest.raises(APIError) as caught:
        generate("a cat")

    assert (caught.value.status, caught.value.code, caught.value.request_id) == (402, "no_quota", "r1")
    assert "Pay first" in str(caught.value)


def test_an_image_part_can_be_sent_again(monkeypatch: pytest.MonkeyPatch, bike: ImageResult) -> None:
    with serving(monkeypatch, answering(full())) as server:
        edited = generate("make it blue", images=[bike])

    sent = json.loads(server.log[0].body)["contents"][0]["parts"][1]["inlineData"]
    assert sent == {"mimeType": "image/jpeg", "data": base64.b64encode(FINAL).decode()}
    assert isinstance(edited.request.references[0], ImagePart)
