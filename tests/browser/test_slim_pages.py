"""A slimmed notebook, as a page: each picture is where it was, as large as it was, and looks the same."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser

from cometmagic.images.notebook_images import NotebookShrinker
from tests.browser.notebook_page import DrawnPicture, measure_change, measure_move, read_pictures
from tests.image_samples import encoded
from tests.images.test_notebook_images import notebook, output

SIZE = (300, 200)
MAX_MOVE, MAX_CHANGE = 1, 3  # CSS pixels, and of 255
_SMOOTH = Image.linear_gradient("L").resize(SIZE)
OPAQUE = Image.merge("RGB", [_SMOOTH, _SMOOTH.transpose(Image.Transpose.ROTATE_180), Image.new("L", SIZE, 90)])
CLEAR = Image.merge("RGBA", [*OPAQUE.split(), _SMOOTH.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
NOISY = Image.blend(OPAQUE, Image.effect_noise(SIZE, 60).convert("RGB"), 0.3)
SIDEWAYS = Image.Exif()
SIDEWAYS[0x0112] = 6
CONTENTS = [
    encoded(NOISY),
    encoded(NOISY, "JPEG", quality=98, exif=SIDEWAYS),
    encoded(CLEAR),
    encoded(NOISY.convert("RGBA")),
]


# What matplotlib's `to_jshtml` writes, with an `Animation` that shows the first frame.
ANIMATION = """<img id="_anim_img1"><script>
function Animation(frames, id) { document.getElementById(id).src = frames[0]; }
var frames = new Array(1);
  frames[0] = "data:image/png;base64,%s"
anim1 = new Animation(frames, "_anim_img1");
</script>"""


def write_page(folder: Path) -> dict[str, Any]:
    """Return a notebook with these pictures wherever one can be, and write it into a folder."""
    names = [f"{number}.png" for number in range(len(CONTENTS))]
    addresses = [f"data:image/png;base64,{base64.b64encode(content).decode()}" for content in CONTENTS]
    broken = [f"data:image/png;base64,{quote(base64.encodebytes(content).decode())}" for content in CONTENTS]
    tags = "".join(f'<img src="{address}"> <img style="max-height:90px" src="{address}">' for address in addresses)
    html = [
        tags,
        "".join(f'<p>a <img height=50 src="{address}"></p>' for address in broken),
        '<style>.pin {position: absolute}</style><div style="position:relative;height:80px">'
        + "".join(f'<img class="pin" style="left:{i * 30}px" src="{address}">' for i, address in enumerate(addresses))
        + "</div>",
        "<table><tr>" + "".join(f"<td><img src={address}></td>" for address in addresses) + "</tr></table>",
        ANIMATION % base64.encodebytes(CONTENTS[0]).decode().replace("\n", "\\\n"),
    ]
    attached = {
        name: {"image/png": base64.b64encode(content).decode()} for name, content in zip(names, CONTENTS, strict=True)
    }
    source = "\n\n".join(
        f"![{name}](attachment:{name}) and ![]({address})" for name, address in zip(names, addresses, strict=True)
    )
    cell = {"cell_type": "markdown", "metadata": {}, "source": source, "attachments": attached}
    bundles = [output(image_png=base64.b64encode(content).decode()) for content in CONTENTS]
    document = notebook(*bundles, *[output(text_html=text, text_plain="") for text in html], cells=[cell])
    (folder / "lesson.ipynb").write_text(json.dumps(document))
    return document


def pictures_of(browser: Browser, path: Path, name: str) -> list[DrawnPicture]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        return read_pictures(page, path, name)
    finally:
        page.close()


def test_every_picture_of_a_slimmed_notebook_is_drawn_as_before(browser: Browser, tmp_path: Path) -> None:
    document, path = write_page(tmp_path), tmp_path / "lesson.ipynb"
    before = pictures_of(browser, path, "before")
    old_size = path.stat().st_size

    shrinker = NotebookShrinker(100)
    shrinker.shrink(document)
    path.write_text(json.dumps(document))

    after = pictures_of(browser, path, "after")
    assert len(before) == len(after) == 8 * len(CONTENTS) + 1
    assert [measure_move(*pair) <= MAX_MOVE for pair in zip(before, after, strict=True)] == [True] * len(before)
    assert [measure_change(*pair) <= MAX_CHANGE for pair in zip(before, after, strict=True)] == [True] * len(before)
    assert (shrinker.counts["shrunk"], shrinker.counts["placed"]) == (23, 4)
    assert path.stat().st_size < old_size / 2


def test_the_comparison_sees_a_picture_that_is_smaller_or_on_black(browser: Browser, tmp_path: Path) -> None:
    path, small = tmp_path / "lesson.ipynb", Image.open(io.BytesIO(CONTENTS[2])).resize((75, 50))
    drawn = []
    for name, picture in (("before", CLEAR), ("after", small), ("black", CLEAR.convert("RGB"))):
        text = base64.b64encode(encoded(picture)).decode()
        path.write_text(json.dumps(notebook(output(text_html=f'<img src="data:image/png;base64,{text}">'))))
        drawn += pictures_of(browser, path, name)

    before, after, black = drawn
    assert measure_move(before, after) == 225
    assert measure_change(before, black) > 10 * MAX_CHANGE
