"""The way to a picture: each draft can be compared with it, wherever the notebook is looked at."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cometmagic.display import thoughts, thumbnails
from cometmagic.display.thoughts import FinalImage
from cometmagic.gemini.parts import ImagePart, TextPart
from cometmagic.gemini.response import ImageResponse, Usage
from cometmagic.storage.call_folder import build_preview_path
from tests.notebook.answers import answering, body, gravel, image, painted
from tests.notebook.fixtures import Notebook, Services

# What JupyterLab leaves of styles in a notebook that it does not trust, as far as the pages here need it.
KEPT_STYLES = {
    "position", "top", "left", "right", "width", "min-width", "max-width", "height", "overflow", "resize", "display",
    "box-sizing", "border-right", "margin", "padding", "border-radius", "color", "background", "font-size",
    "line-height", "white-space", "overflow-wrap", "vertical-align", "opacity", "max-height",
}  # fmt: skip


def part(content: bytes, *, thought: bool = True) -> ImagePart:
    width, height = Image.open(io.BytesIO(content)).size
    return ImagePart("image/jpeg", content=content, width=width, height=height, thought=thought)


FINAL = FinalImage(part(painted(width=640, height=360), thought=False), "a cat")


def sizes(page: str) -> list[tuple[int, int]]:
    return [Image.open(io.BytesIO(content)).size for content in contents(page)]


def contents(page: str) -> list[bytes]:
    return [base64.b64decode(found) for found in re.findall('src="data:image/jpeg;base64,([^"]+)"', page)]


def test_words_and_drafts_stand_in_order_of_arrival(notebook: Notebook, serve: Services) -> None:
    draft = painted("PNG", 320, 180, "orange")
    parts = [{"text": "First.", "thought": True}, image(draft, thought=True), {"text": "Then.", "thought": True}]
    serve(answering(body(*parts, image(draft, thought=True), image(painted()), {"text": "Last.", "thought": True})))

    ran = notebook.run("%gemini_image -t a cat")

    bundle = ran.captions[0]["data"]
    for words in (bundle["text/html"], bundle["text/plain"]):
        places = [
            words.index(word)
            for word in ("Thoughts: 2 drafts on the way, 300 tokens", "First.", "Draft 1", "Then.", "Draft 2", "Last.")
        ]
        assert places == sorted(places)
        assert f"Draft 2: 320 × 180 px, {len(draft) / 1000:.1f} kB" in words
    assert re.search(r"^Draft 1: .*/thought-1\.png$", bundle["text/plain"], re.MULTILINE)


@pytest.mark.parametrize("number", [1, 2, 10])
def test_each_draft_has_a_slider_to_the_final_picture(number: int) -> None:
    drafts = [part(gravel(512, 288, seed)) for seed in range(number)]
    page = thoughts.render_html(
        ImageResponse(tuple(drafts)), replace(FINAL, image=part(gravel(640, 360), thought=False))
    )

    assert page.count('<input type="range" min="0" max="100" value="50"') == number
    assert page.count('alt="Final picture: a cat"') == number
    for one in range(1, number + 1):
        assert f'aria-label="How much of Draft {one} is seen, in percent"' in page
        assert f'alt="Draft {one}, 512 × 288 px' in page
    assert len(page) < 125_000
    assert min(width for width, _ in sizes(page)) >= 100


def test_no_style_is_needed_that_an_untrusted_notebook_loses() -> None:
    page = thoughts.render_html(ImageResponse((TextPart("x", thought=True), part(painted()))), FINAL)

    styles = re.findall('style="([^"]*)"', page)
    assert {name.partition(":")[0] for style in styles for name in style.split(";")} <= KEPT_STYLES
    [overlay] = [style for style in styles if "resize" in style]
    assert {"resize:horizontal", "overflow:hidden", "width:50%"} <= set(overlay.split(";"))
    assert not re.search("<style|<script|https?:", page)


@pytest.mark.parametrize(
    ("size", "height"), [((640, 360), 100), ((320, 180), 100), ((360, 640), 100), ((1000, 250), 44)]
)
def test_a_draft_of_another_shape_lies_inside_the_final_picture(size: tuple[int, int], height: int) -> None:
    page = thoughts.render_html(ImageResponse((part(painted(width=size[0], height=size[1])),)), FINAL)

    assert f"max-width:none;height:{height}%" in page
    assert ("background:gray" in page) == (size[0] / size[1] != 640 / 360)


def test_drafts_without_a_final_picture_are_plain_pictures(notebook: Notebook, serve: Services) -> None:
    serve(answering(body({"text": "I try.", "thought": True}, image(painted("PNG", 320, 180), thought=True))))

    ran = notebook.run("%gemini_image -t a cat")

    assert ran.error is not None
    assert ran.error["ename"] == "NoImageError"
    page = ran.captions[0]["data"]["text/html"]
    assert "<details" in page
    assert '" open><summary>' in page
    assert "I try." in page
    assert sizes(page) == [(320, 180)]
    assert '<input type="range"' not in page


def test_a_draft_that_cannot_be_drawn_is_told() -> None:
    broken = ImagePart("image/png", content=b"\x89PNG\r\n\x1a\n", thought=True)

    page = thoughts.render_html(ImageResponse((broken, part(painted()))), FINAL)

    assert "Draft 1: image/png, 0.0 kB, cannot be drawn" in page
    assert page.count("<input ") == 1


def test_an_old_recording_without_small_pictures_has_them_made(tmp_path: Path) -> None:
    path = tmp_path / "thought-1.jpg"
    path.write_bytes(gravel(1024, 1024))
    draft = ImagePart("image/jpeg", path=path, width=1024, height=1024, thought=True)

    assert not build_preview_path(path).exists()
    [_, (width, height)] = sizes(thoughts.render_html(ImageResponse((draft,)), FINAL))
    assert width == height <= 512


def test_many_drafts_are_counted_and_not_drawn() -> None:
    number = thoughts.MAX_DRAFTS + 2
    response = ImageResponse((part(painted(width=64, height=36)),) * number)
    page, text = thoughts.render_html(response, FINAL), "\n".join(thoughts.render_text(response))

    assert page.count("<input ") == text.count("\nDraft ") == thoughts.MAX_DRAFTS
    assert f"{number} drafts on the way" in page
    assert "Not listed: 2 more drafts." in page
    assert text.endswith("Not listed: 2 more drafts.")


def test_large_drafts_are_drawn_until_too_many_pixels_were_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = part(painted("PNG", 100, 100))
    monkeypatch.setattr(thumbnails, "MAX_DECODED_PIXELS", 35_000)

    page = thoughts.render_html(ImageResponse((draft,) * 4), None)

    assert len(sizes(page)) == 3
    assert page.count("cannot be drawn") == 1


def test_without_thoughts_there_is_nothing() -> None:
    response = ImageResponse((TextPart("Here."), FINAL.image), usage=Usage(thoughts=40))

    assert thoughts.render_html(response, FINAL) == ""
    assert list(thoughts.render_text(response)) == []


def test_words_alone_are_thoughts_too() -> None:
    response = ImageResponse((TextPart("**Plan**\n\nA <cat>.", thought=True), FINAL.image), usage=Usage(thoughts=1040))

    page = thoughts.render_html(response, FINAL)
    assert "<summary>Thoughts, 1,040 tokens</summary>" in page
    assert "<strong>Plan</strong>\nA &lt;cat&gt;." in page
    assert "slider" not in page
    assert list(thoughts.render_text(response)) == ["Thoughts, 1,040 tokens:", "**Plan**\n\nA <cat>."]


def test_a_notebook_keeps_them_as_plain_json(notebook: Notebook) -> None:
    ran = notebook.run("%gemini_image -t -s 512 a cat")

    outputs: list[dict[str, Any]] = json.loads(json.dumps(ran.outputs))
    assert [set(output["data"]) for output in outputs] == [
        {"text/html", "image/jpeg", "text/plain"},
        {"text/html", "text/plain"},
    ]
