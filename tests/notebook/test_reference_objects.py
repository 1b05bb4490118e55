"""Objects of a notebook as references: in a cell, in the panel and from Python, with or without their metadata."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cometmagic import generate_many
from cometmagic.generation.plan import plan
from tests.image_samples import GPS, encoded, exif
from tests.notebook.answers import answering, painted
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.test_namespace import sent

RED = painted("PNG", 8, 6, "red")
PHOTO = encoded(Image.new("RGB", (40, 30), "red"), "JPEG", exif=exif(gps=GPS))
BASE64 = base64.b64encode(RED).decode()
FORM = "p.children[0].children[0]"
VARIABLES = f"""
import base64, io, tempfile
import httpx, ipywidgets
from IPython.display import Image as Shown
raw = {RED!r}
widget, shown, response = ipywidgets.Image(value=raw), Shown(raw), httpx.Response(200, content=raw)
upload = ipywidgets.FileUpload()
upload.set_state({{"value": [
    {{"name": "cat.png", "type": "image/png", "size": 9, "error": "", "last_modified": 0, "content": memoryview(raw)}}
]}})
item, items = upload.value[0], upload.value
spooled = tempfile.SpooledTemporaryFile()
_ = spooled.write(raw)
text = {BASE64!r}
uri = "data:image/png;base64," + text
"""
WORDS = ["widget", "shown", "response", "upload", "item", "items[0]", "spooled", "text", "uri", BASE64,
         f"data:image/png;base64,{BASE64}"]  # fmt: skip


@pytest.mark.parametrize("word", WORDS, ids=range(len(WORDS)))
def test_what_people_hold_is_sent_from_a_cell_and_from_the_panel(
    notebook: Notebook, serve: Services, word: str
) -> None:
    notebook.run(VARIABLES)
    server = serve(answering(), answering())

    assert notebook.run(f"%%gemini_image -i {word}\na hat like this").error is None
    ran = notebook.run(f"import cometmagic as cm\np = cm.panel('a hat', images=[{word!r}])\nr = p.generate()")

    assert ran.error is None
    assert [sent(exchange) for exchange in server.log] == [[RED], [RED]]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("x" * 5000, "there is neither a variable nor a file 'xxx"),
        ("x" * 300 + "/y.png", "Cannot read xxx"),
        ("a/" * 3000, "Cannot read a/a/"),
        ("x.y" * 2000, "Cannot read x.yx.y"),
        ("nowhere/x.png", "There is no image file nowhere/x.png"),
        (".", ". is a folder"),
        ("numbers", "A set is not an image"),
        ("data:image/png;base64,AAAA", "The data: URI holds no picture that can be sent"),
        ("data:image/png;base64," + "é" * 900, "The data: URI is damaged or cut"),
    ],
    ids=range(9),
)
def test_a_word_that_names_no_image_is_one_short_line(notebook: Notebook, word: str, message: str) -> None:
    notebook.run("import cometmagic as cm\nnumbers = {1, 2}")

    error = notebook.run(f"%%gemini_image -i {word}\na hat").error
    panel_error = notebook.run(f"p = cm.panel('a hat', images=[{word!r}])").error
    shown = panel_error["evalue"] if panel_error else notebook.evaluate(f"{FORM}.references[0]['told']")

    assert error is not None
    for line in (error["evalue"], shown):
        assert message in line
        assert "\n" not in line
        assert len(line) < 300


def refs(value: Any) -> list[bytes]:
    return [part.data for part in value.request.references]


def test_metadata_is_left_out_where_that_is_wanted(notebook: Notebook, serve: Services) -> None:
    (notebook.place / "photo.jpg").write_bytes(PHOTO)
    server = serve(answering(), answering())

    with_facts = notebook.run("%%gemini_image -i photo.jpg\na hat")
    without_facts = notebook.run("%%gemini_image -i photo.jpg --strip-exif\na hat")

    assert [b"Exif" in content for exchange in server.log for content in sent(exchange)] == [True, False]
    assert "GPS position" in json.dumps(with_facts.outputs)
    assert "GPS position" not in json.dumps(without_facts.outputs)


@pytest.mark.parametrize("place", ["keyword", "project"])
def test_several_prompts_leave_metadata_out_too(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options: Any = {"strip_exif": True} if place == "keyword" else {}
    if place == "project":
        Path("pyproject.toml").write_text("[tool.cometmagic]\nstrip_exif = true\n")

    results = generate_many(["a cat", "a dog"], images=[PHOTO], source="offline", **options)
    one = plan("x", images=[PHOTO], **options)

    for content in (*refs(one), *(content for result in results.results for content in refs(result))):
        assert b"Exif" not in content
    assert not any("GPS position" in warning for warning in one.warnings)
    assert b"Exif" in refs(plan("x", images=[PHOTO], strip_exif=False))[0], "the control"
