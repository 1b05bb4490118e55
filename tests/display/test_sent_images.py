"""Under a picture stand the images that were sent for it, and the call it goes on from."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any

import pytest
from PIL import Image

from cometmagic.display import sent_images
from tests.notebook.answers import gravel, painted
from tests.notebook.fixtures import Notebook


def thumbnails(page: str) -> list[bytes]:
    return [base64.b64decode(found) for found in re.findall('src="data:image/jpeg;base64,([^"]+)"', page)]


def caption(notebook: Notebook, line: str) -> dict[str, str]:
    ran = notebook.run(f"%gemini_image {line}")
    assert ran.error is None
    data: dict[str, str] = ran.captions[0]["data"]
    return data


def test_what_was_sent_is_shown_small_with_its_size(notebook: Notebook) -> None:
    (notebook.place / "wide.jpg").write_bytes(gravel(1200, 600))
    (notebook.place / "tall.png").write_bytes(painted("PNG", 30, 300))

    data = caption(notebook, "-i wide.jpg -i tall.png a cat")

    assert "Sent along: 2 images." in data["text/html"]
    assert [Image.open(io.BytesIO(one)).size for one in thumbnails(data["text/html"])] == [(96, 48), (10, 96)]
    for words in ("1200 × 600 px", "30 × 300 px"):
        assert words in data["text/html"]
        assert words in data["text/plain"]
    assert 'alt="Image 2 that was sent"' in data["text/html"]


def test_each_is_light_and_there_are_at_most_fourteen(notebook: Notebook) -> None:
    names = " ".join(f"-i {number}.jpg" for number in range(14))
    for number in range(14):
        (notebook.place / f"{number}.jpg").write_bytes(gravel(400, 400, number))

    shown = thumbnails(caption(notebook, f"-m gemini-3-pro-image-preview {names} a cat")["text/html"])

    assert len(shown) == 14
    assert max(len(base64.b64encode(one)) for one in shown) < 6000


def test_a_picture_without_references_has_no_row(notebook: Notebook) -> None:
    assert "Sent along" not in json.dumps(caption(notebook, "a cat"))


def test_an_edit_and_a_conversation_say_what_they_go_on_from(notebook: Notebook) -> None:
    first = caption(notebook, "-o cat a cat")
    name = notebook.folders[0].name

    edited, continued = caption(notebook, "--edit cat make it blue"), caption(notebook, "--chat cat and at night")

    assert "Edited from" not in first["text/plain"]
    for data, told in ((edited, f"Edited from {name}"), (continued, f"Continues {name}")):
        assert told in data["text/html"]
        assert told in data["text/plain"]
    assert len(thumbnails(edited["text/html"])) == 1
    assert "Sent along" not in continued["text/plain"]


@pytest.mark.parametrize("call", [{}, {"parent": None}])
def test_a_parent_that_is_none_is_not_told(call: Any) -> None:
    assert sent_images.describe_origin(call) == ""


def test_a_parent_is_told_in_one_clean_line() -> None:
    call: Any = {"parent": {"id": "a\x1b[2J\nb", "how": "edit"}}
    assert sent_images.describe_origin(call) == "Edited from a b"


def test_it_is_said_when_an_image_was_changed(notebook: Notebook) -> None:
    (notebook.place / "sketch.bmp").write_bytes(painted("BMP", 90, 60))
    (notebook.place / "photo.jpg").write_bytes(painted("JPEG", 90, 60))

    changed = caption(notebook, "-i sketch.bmp -i photo.jpg a cat")["text/html"]
    as_it_was = caption(notebook, "-i photo.jpg a cat")["text/html"]

    assert "Sent along: 2 images, changed as said above." in changed
    assert "sketch.bmp was converted from BMP to PNG" in changed
    assert "Sent along: 1 image." in as_it_was


@pytest.mark.parametrize("damage", ["gone", "no body", "strange options", "no picture"])
def test_a_recording_that_lacks_them_is_shown_all_the_same(notebook: Notebook, damage: str) -> None:
    (notebook.place / "sketch.png").write_bytes(painted("PNG"))
    caption(notebook, "-i sketch.png -o cat a cat")
    [folder] = notebook.folders
    match damage:
        case "gone":
            (folder / "reference-1.png").unlink()
        case "no body":
            (folder / "request.json").unlink()
        case "strange options":
            call = json.loads((folder / "call.json").read_text())
            call["options"]["of_the_future"] = 1
            (folder / "call.json").write_text(json.dumps(call))
        case _:
            (folder / "reference-1.png").write_bytes(b"no picture")

    ran = notebook.run("cat")

    assert ran.error is None
    [value] = ran.pictures
    assert len(thumbnails(value["data"]["text/html"])) == 1  # the image, and no reference
