"""Pictures inside a notebook's JSON become small where they stand, and nothing else changes."""

from __future__ import annotations

import base64
import copy
import io
import re
from typing import Any

import pytest
from PIL import Image

from cometmagic.images import resize
from cometmagic.images.notebook_images import NotebookShrinker
from cometmagic.images.widget_state import WIDGET_STATE
from tests.gemini.answers import base64_of
from tests.image_samples import RED, encoded

Json = dict[str, Any]
LARGE = encoded(Image.effect_noise((300, 200), 90).convert("RGB"))
LARGE_JPEG = encoded(Image.open(io.BytesIO(LARGE)), "JPEG", quality=100)
TINY = encoded(Image.new("RGB", (3, 2), "red"))
_TOP = Image.linear_gradient("L").resize((300, 200)).point(lambda level: 255 * (level < 60))
CLEAR = encoded(Image.merge("LA", [Image.effect_noise((300, 200), 90), _TOP]).convert("RGBA"))
MOVING = [
    encoded(
        Image.new("RGB", (80, 80), "red"),
        kind,
        save_all=True,
        append_images=[Image.effect_noise((80, 80), 90).convert("RGB")],
    )
    for kind in ("GIF", "WEBP", "PNG")
]


def output(metadata: Json | None = None, **data: Any) -> Json:
    named = {name.replace("_", "/").replace("svg", "svg+xml"): value for name, value in data.items()}
    return {"output_type": "display_data", "data": named, "metadata": metadata or {}}


def notebook(*outputs: Json, **more: Any) -> Json:
    cell = {"cell_type": "code", "source": [], "metadata": {}, "outputs": list(outputs), "execution_count": 1}
    return {"cells": [cell, *more.pop("cells", [])], "metadata": more, "nbformat": 4, "nbformat_minor": 4}


def image_widget(content: bytes) -> Json:
    buffer = {"data": base64_of(content), "path": ["value"], "encoding": "base64"}
    return {"model_name": "ImageModel", "state": {}, "buffers": [buffer]}


def shrunk(document: Json, longest: int = 100) -> NotebookShrinker:
    shrinker = NotebookShrinker(longest)
    shrinker.shrink(document)
    return shrinker


def drawn(text: Any) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode("".join(text))))


def is_preview(text: Any, size: tuple[int, int] = (100, 67)) -> bool:
    picture = drawn(text)
    return (picture.format, picture.size) == ("JPEG", size)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_of_every_kind_becomes_a_preview(kind: str) -> None:
    content = encoded(Image.effect_noise((300, 200), 90).convert("RGB"), kind, quality=100)
    document = notebook(output(None, **{f"image_{kind.lower()}": base64_of(content), "text_plain": "a cat"}))

    shrinker = shrunk(document)

    [made] = document["cells"][0]["outputs"]
    assert is_preview(made["data"]["image/jpeg"])
    assert set(made["data"]) == {"image/jpeg", "text/plain"}
    assert made["metadata"] == {"image/jpeg": {"width": 300}}  # drawn as large as before
    assert shrinker.counts["shrunk"] == 1
    assert list(shrinker.originals.values()) == [content]


def test_the_way_a_text_is_written_stays() -> None:
    encoded_text = base64.encodebytes(LARGE).decode()
    lines = encoded_text.splitlines(keepends=True)
    document = notebook(output(image_png=encoded_text), output(image_png=lines), output(image_png=base64_of(LARGE)))

    shrunk(document)

    broken, listed, plain = (made["data"]["image/jpeg"] for made in document["cells"][0]["outputs"])
    assert broken.endswith("\n")
    assert isinstance(listed, list)
    assert not plain.endswith("\n")
    assert is_preview(broken)
    assert is_preview(listed)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"image/png": {"width": 640, "height": 480, "alt": "a"}}, {"width": 640, "height": 480, "alt": "a"}),
        ({"image/png": {"height": 90}}, {"height": 90}),
        ({"image/png": {"needs_background": "light"}}, {"needs_background": "light", "width": 300}),
        ({}, {"width": 300}),
    ],
)
def test_metadata_follow_and_the_size_stays(before: Json, after: Json) -> None:
    document = notebook(output({"tags": [1]} | before, image_png=base64_of(LARGE)))

    shrunk(document)

    assert document["cells"][0]["outputs"][0]["metadata"] == {"tags": [1], "image/jpeg": after}


def test_of_two_formats_of_one_picture_one_is_kept() -> None:
    """Pillow's own display stores both; both originals are kept outside."""
    both = output(
        {"image/jpeg": {"width": 1}, "image/png": {"width": 2}},
        image_jpeg=base64_of(LARGE_JPEG),
        image_png=base64_of(LARGE),
    )
    document = notebook(both)

    shrinker = shrunk(document)

    assert is_preview(both["data"]["image/jpeg"])
    assert (list(both["data"]), both["metadata"]) == (["image/jpeg"], {"image/jpeg": {"width": 2}})
    assert (shrinker.counts["shrunk"], shrinker.counts["twins"]) == (1, 1)
    assert set(shrinker.originals.values()) == {LARGE, LARGE_JPEG}


def test_of_two_small_ones_the_smaller_is_kept() -> None:
    small_jpeg = encoded(Image.new("RGB", (3, 2), "red"), "JPEG")
    both = output(image_jpeg=base64_of(small_jpeg), image_png=base64_of(TINY))

    shrinker = shrunk(notebook(both))

    assert both["data"] == {"image/png": base64_of(TINY)}
    assert list(shrinker.originals.values()) == [small_jpeg]


def test_a_transparent_picture_stays_transparent_and_as_large_as_before() -> None:
    document = notebook(output(image_png=base64_of(CLEAR)))

    shrinker = shrunk(document)

    [made] = document["cells"][0]["outputs"]
    picture = drawn(made["data"]["image/png"])
    assert (picture.format, picture.size) == ("PNG", (100, 67))
    assert [picture.getchannel("A").getpixel(point) for point in ((5, 5), (50, 30))] == [255, 0]
    assert made["metadata"] == {"image/png": {"width": 300}}
    assert list(shrinker.originals.values()) == [CLEAR]


def test_an_alpha_channel_that_hides_nothing_is_no_transparency() -> None:
    document = notebook(output(image_png=base64_of(encoded(drawn(base64_of(LARGE)).convert("RGBA")))))

    shrunk(document)

    assert is_preview(document["cells"][0]["outputs"][0]["data"]["image/jpeg"])


def test_a_transparent_picture_stays_where_nothing_says_how_large_it_is() -> None:
    """In HTML and in attachments a smaller PNG would be drawn smaller."""
    attached = {"a.png": {"image/png": base64_of(CLEAR)}}
    cell = {"cell_type": "markdown", "source": "![](attachment:a.png)", "metadata": {}, "attachments": attached}
    document = notebook(output(text_html=f'<img src="data:image/png;base64,{base64_of(CLEAR)}">'), cells=[cell])
    before = copy.deepcopy(document)

    assert +shrunk(document).counts == {"transparent": 2}
    assert document == before


def test_what_a_cell_reads_or_links_of_its_attachments_stays() -> None:
    attached = {f"{name}.png": {"image/png": base64_of(LARGE)} for name in ("shown", "linked", "placed", "my map", "a")}
    source = (
        "![](attachment:shown.png) [x](attachment:linked.png) ![](attachment:linked.png)"
        '<div style="position:absolute"><img src="attachment:placed.png"></div>'
        '<img src="attachment:my%20map.png" usemap="#a">'
    )
    cell = {"cell_type": "markdown", "source": source, "metadata": {}, "attachments": attached}

    shrinker = shrunk(notebook(cells=[cell]))

    assert [name for name, bundle in attached.items() if "image/jpeg" in bundle] == ["shown.png", "a.png"]
    assert (shrinker.counts["shrunk"], shrinker.counts["placed"]) == (2, 3)


def test_a_preview_says_how_large_it_is_drawn_also_to_a_second_run() -> None:
    document = notebook(output(text_html=f'<img src="data:image/png;base64,{base64_of(LARGE)}">'))
    for max_side in (100, 50):
        shrunk(document, max_side)
        [uri] = re.findall(r"base64,([\w+/=]+)", document["cells"][0]["outputs"][0]["data"]["text/html"])
        header = resize.read_header(base64.b64decode(uri))
        assert header
        assert (header.size[0], header.drawn_size) == (max_side, (300, 200))


def test_the_frames_of_a_matplotlib_animation_become_previews() -> None:
    """Its base64 is broken over lines by backslashes."""
    frame = base64.encodebytes(LARGE).decode().replace("\n", "\\\n")
    page = (
        f'<div class="animation"><img id="_anim_img1"></div><script>\n var frames = new Array(2);\n'
        f'  frames[0] = "data:image/png;base64,{frame}"\n  frames[1] = "data:image/png;base64,{frame}"\n'
        " anim1 = new Animation(frames, img_id, slider_id, 50.0, loop_select_id);\n</script>"
    )
    document = notebook(output(text_html=page))

    assert shrunk(document).counts["shrunk"] == 2
    made = document["cells"][0]["outputs"][0]["data"]["text/html"]
    frames = re.findall(r'^  frames\[[01]\] = "data:image/jpeg;base64,([\w+/=]+)"$', made, re.MULTILINE)
    assert [is_preview(text) for text in frames] == [True, True]
    assert made.split("new Animation")[1] == page.split("new Animation")[1]


def test_a_photo_on_its_side_is_drawn_upright_and_as_wide_as_before() -> None:
    photo, exif = Image.effect_noise((300, 200), 90).convert("RGB"), Image.Exif()
    exif[0x0112] = 6
    document = notebook(output(image_jpeg=base64_of(encoded(photo, "JPEG", quality=100, exif=exif))))

    shrunk(document)

    [made] = document["cells"][0]["outputs"]
    assert is_preview(made["data"]["image/jpeg"], (67, 100))
    assert made["metadata"]["image/jpeg"] == {"width": 200}


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_attachments(kind: str) -> None:
    attached = {"image.png": {"image/png": base64_of(LARGE)}, "tiny.png": {"image/png": base64_of(TINY)}}
    cell = {"cell_type": kind, "source": "![](attachment:image.png)", "metadata": {}, "attachments": attached}

    shrunk(notebook(cells=[cell]))

    assert is_preview(attached["image.png"]["image/jpeg"])
    assert list(attached["image.png"]) == ["image/jpeg"]
    assert attached["tiny.png"] == {"image/png": base64_of(TINY)}
    assert cell["source"] == "![](attachment:image.png)"


@pytest.mark.parametrize("as_lines", [False, True])
def test_data_uris_in_html_and_markdown(as_lines: bool) -> None:
    large = f'<img width=300 src="data:image/PNG;base64,{base64_of(LARGE)}">'
    page = f"<p>a\n{large}\n<img src=data:image/png;base64,{base64_of(TINY)}>"
    html: Any = page.splitlines(keepends=True) if as_lines else page
    cell = {
        "cell_type": "markdown",
        "metadata": {},
        "source": [f"![x](data:image/jpeg;base64,{base64_of(LARGE_JPEG)})"],
    }
    document = notebook(output(text_html=html), cells=[cell])

    shrinker = shrunk(document)

    made = document["cells"][0]["outputs"][0]["data"]["text/html"]
    assert isinstance(made, list) == as_lines
    first, second = re.findall(r"base64,([\w+/=]+)", "".join(made))
    assert is_preview(first)
    assert "".join(made) == page.replace(base64_of(LARGE), first).replace("image/PNG", "image/jpeg")
    assert second == base64_of(TINY)
    assert is_preview(re.findall(r"^!\[x\]\(data:image/jpeg;base64,([\w+/=]+)\)$", "".join(cell["source"]))[0])
    assert (shrinker.counts["shrunk"], shrinker.counts["small"]) == (2, 1)


def test_code_is_never_touched() -> None:
    source = f"url = 'data:image/png;base64,{base64_of(LARGE)}'"
    document = notebook(cells=[{"cell_type": "code", "source": source, "metadata": {}, "outputs": []}])
    before = copy.deepcopy(document)

    assert shrunk(document).counts.total() == 0
    assert document == before


def test_saved_image_widgets() -> None:
    buffer = {"data": base64_of(LARGE), "path": ["value"], "encoding": "base64"}
    other = {"model_name": "CanvasModel", "state": {}, "buffers": [copy.deepcopy(buffer)]}
    model: Json = {"model_name": "ImageModel", "state": {"layout": "x"}, "buffers": [buffer]}
    before = copy.deepcopy(other)

    shrunk(notebook(widgets={WIDGET_STATE: {"state": {"a": model, "b": other}, "version_major": 2}}))

    assert is_preview(buffer["data"])
    assert model["state"] == {"layout": "x", "format": "jpeg", "width": "300"}
    assert other == before


@pytest.mark.parametrize(
    ("state", "layout", "width"),
    [
        ({}, {}, "300"),
        ({"width": "", "height": ""}, {"align_self": "center", "height": None}, "300"),
        ({"width": "90"}, {}, "90"),
        ({"height": "90"}, {}, None),
        ({}, {"height": "90px"}, None),  # as wide as its height asks for
        ({}, {"max_width": "50%"}, None),
    ],
)
def test_the_size_of_a_widget_is_said_where_nothing_says_it(state: Json, layout: Json, width: str | None) -> None:
    models: Json = {
        "a": {"model_name": "LayoutModel", "state": layout},
        "b": image_widget(LARGE) | {"state": {"layout": "IPY_MODEL_a"} | state},
    }

    shrunk(notebook(widgets={WIDGET_STATE: {"state": models}}))

    assert models["b"]["state"].get("width") == width
    assert is_preview(models["b"]["buffers"][0]["data"])


@pytest.mark.parametrize(
    ("module", "content", "counted"),
    [
        ("@jupyter-widgets/controls", LARGE, "shrunk"),
        ("ipycanvas", LARGE, "placed"),
        ("bqplot", LARGE, "placed"),
        ("@jupyter-widgets/controls", CLEAR, "transparent"),
    ],
)
def test_a_widget_that_another_kind_reads_or_that_is_transparent_stays(
    module: str, content: bytes, counted: str
) -> None:
    reader = {"model_name": "AModel", "model_module": module, "state": {"children": ["IPY_MODEL_b"]}}
    document = notebook(widgets={WIDGET_STATE: {"state": {"a": reader, "b": image_widget(content)}}})
    before = copy.deepcopy(document)

    assert +shrunk(document).counts == {counted: 1}
    assert (document == before) == (counted != "shrunk")


@pytest.mark.parametrize(
    ("data", "counted"),
    [
        *[({"image/gif": base64_of(content)}, "moving") for content in MOVING],
        ({"image/svg+xml": "<svg/>"}, "svg"),
        ({"image/png": base64_of(LARGE[:5000])}, "damaged"),
        ({"image/jpeg": base64_of(LARGE_JPEG[:9000])}, "damaged"),
        ({"image/png": "not base64!"}, "damaged"),
        ({"image/png": ""}, "damaged"),
        ({"image/png": None}, "damaged"),
        ({"image/png": {"a": 1}}, "damaged"),
        ({"image/png": ["a", 5]}, "damaged"),
        ({"image/png": base64_of(b"BM" + bytes(5000))}, "damaged"),
        ({"image/png": base64_of(TINY)}, "small"),
        ({"image/png": base64_of(LARGE), "image/jpeg": "????"}, "damaged"),  # there is no place for another JPEG
    ],
)
def test_what_stays_as_it_is_and_is_counted(data: Json, counted: str) -> None:
    document = notebook(output() | {"data": data})
    before = copy.deepcopy(document)

    shrinker = shrunk(document)

    assert document == before
    assert +shrinker.counts == {counted: 1}
    assert shrinker.originals == {}


def test_a_moving_picture_beside_a_still_one_stays() -> None:
    both = output(image_gif=base64_of(MOVING[0]), image_png=base64_of(LARGE))

    shrunk(notebook(both))

    assert both["data"]["image/gif"] == base64_of(MOVING[0])
    assert is_preview(both["data"]["image/jpeg"])


@pytest.mark.parametrize("value", [None, 5, "x", [1], [None], {"a": 1}])
def test_odd_json_where_pictures_stand_is_left_alone(value: Any) -> None:
    odd: Json = {
        "cells": [
            {"cell_type": "markdown", "source": value, "attachments": value},
            {"outputs": value},
            {"outputs": [{"data": value, "metadata": value}, {"data": {"text/html": value}, "metadata": value}]},
            value,
        ],
        "metadata": {
            "widgets": {WIDGET_STATE: {"state": {"x": {"model_name": "ImageModel", "buffers": value, "state": value}}}}
        },
    }
    before = copy.deepcopy(odd)

    shrunk(odd)
    shrunk({"cells": [], "metadata": value})

    assert odd == before


@pytest.mark.parametrize("sigma", [5, 20, 40, 60, 90, 200])
@pytest.mark.parametrize("side", [90, 300])
def test_a_preview_of_any_quality_is_not_previewed_again(sigma: int, side: int) -> None:
    """How light a preview packs decides its quality, and a second one could pack lighter still."""
    grain = Image.effect_noise((side, side), sigma).convert("RGB")
    document = notebook(output(image_png=base64_of(encoded(grain))))
    assert shrunk(document).counts["shrunk"] == 1
    once = copy.deepcopy(document)

    assert shrunk(document).counts["shrunk"] == 0
    assert document == once


@pytest.mark.parametrize(("quality", "is_small"), [(100, False), (90, False), (85, False), (30, True)])
def test_a_jpeg_within_the_size_becomes_a_preview_where_that_is_lighter(quality: int, is_small: bool) -> None:
    grain = encoded(Image.effect_noise((90, 90), 90).convert("RGB"), "JPEG", quality=quality)

    assert shrunk(notebook(output(image_jpeg=base64_of(grain)))).counts["small"] == is_small


def test_a_second_run_changes_nothing() -> None:
    document = notebook(
        output(image_png=base64_of(LARGE), image_jpeg=base64_of(LARGE_JPEG)),
        output(image_png=base64_of(encoded(Image.new("RGB", (90, 90), RED)))),
        output(text_html=f'<img src="data:image/png;base64,{base64_of(LARGE)}">'),
    )
    assert shrunk(document).originals
    once = copy.deepcopy(document)

    assert shrunk(document).originals == {}
    assert document == once
