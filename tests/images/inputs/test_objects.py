"""Objects that hold an image: each is sent as the bytes it holds, and one that holds none says so in a line."""

from __future__ import annotations

import array
import base64
import io
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import ipywidgets
import numpy as np
import pytest
import requests
from IPython.display import SVG
from IPython.display import Image as Shown
from PIL import Image

from cometmagic.errors import ChargeStatus, OptionError
from cometmagic.gemini.parts import sniff
from cometmagic.images.inputs.objects import find_url, unwrap
from cometmagic.images.references import load_reference
from tests.gemini.answers import picture
from tests.image_samples import encoded

PNG, JPEG, WEBP, GIF = (picture(kind) for kind in ("PNG", "JPEG", "WEBP", "GIF"))
BASE64 = base64.b64encode(PNG).decode()
ADDRESS = "https://example.org/cat.png"


def upload_item(content: Any = PNG, name: str = "cat.png") -> dict[str, Any]:
    return {"name": name, "type": "image/png", "size": len(content), "content": content}


def upload(*items: dict[str, Any]) -> ipywidgets.FileUpload:
    widget = ipywidgets.FileUpload(multiple=True)
    widget.set_state({"value": [item | {"last_modified": 0, "error": ""} for item in items]})  # as a browser does
    return widget


def requests_response(content: bytes, status: int = 200) -> requests.Response:
    response = requests.Response()
    response.status_code, response.raw = status, io.BytesIO(content)
    return response


def save(tmp_path: Path, content: bytes, name: str) -> str:
    path = tmp_path / name
    path.write_bytes(content)
    return str(path)


HELD: dict[str, Callable[[Path], Any]] = {
    "image widget": lambda _: ipywidgets.Image(value=PNG, format="png"),
    "image widget of a buffer": lambda _: ipywidgets.Image(value=memoryview(PNG)),
    "image widget that is told a wrong format": lambda _: ipywidgets.Image(value=PNG, format="jpeg"),
    "image widget from a file": lambda folder: ipywidgets.Image.from_file(save(folder, PNG, "x.png")),
    "image widget of a data URI": lambda _: ipywidgets.Image.from_url(f"data:image/png;base64,{BASE64}"),
    "upload item": lambda _: upload_item(),
    "upload item of a buffer": lambda _: upload_item(memoryview(PNG)),
    "upload of one file": lambda _: upload(upload_item()),
    "item of an upload": lambda _: upload(upload_item(), upload_item(JPEG)).value[0],
    "old upload item": lambda _: {"metadata": {"name": "cat.png"}, "content": PNG},
    "row of a dataset": lambda _: {"bytes": PNG, "path": "cat.png"},
    "inline data of JSON": lambda _: {"mimeType": "image/png", "data": BASE64},
    "part of a prompt": lambda _: {"inline_data": {"mime_type": "image/png", "data": BASE64}},
    "part of a chat": lambda _: {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BASE64}"}},
    "row of a dataset with a file": lambda folder: {"bytes": None, "path": save(folder, PNG, "x.png")},
    "data of an output": lambda _: {"text/plain": "<Image>", "image/png": BASE64},
    "display": lambda _: Shown(data=PNG),
    "display from a file": lambda folder: Shown(filename=save(folder, PNG, "x.png")),
    "display of a file that is not embedded": lambda folder: Shown(url=save(folder, PNG, "x.png")),
    "display of a data URI": lambda _: Shown(url=f"data:image/png;base64,{BASE64}"),
    "httpx response": lambda _: httpx.Response(200, content=PNG),
    "requests response": lambda _: requests_response(PNG),
    "bytes of base64": lambda _: BASE64.encode(),
    "bytes of a data URI": lambda _: f"data:image/png;base64,{BASE64}".encode(),
    "stream of base64": lambda _: io.BytesIO(BASE64.encode()),
}


@pytest.mark.parametrize("kind", HELD)
def test_an_object_is_sent_as_the_bytes_it_holds(kind: str, tmp_path: Path) -> None:
    reference = load_reference(HELD[kind](tmp_path))

    assert (reference.part.mime_type, reference.part.data, reference.note) == ("image/png", PNG, "")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_display_of_any_format_is_an_image(kind: str, tmp_path: Path) -> None:
    content = encoded(Image.new("RGB", (16, 12), "red"), kind)
    path = Path(save(tmp_path, content, f"x.{kind.lower()}"))
    file_format = "png" if kind in ("BMP", "TIFF") else kind.lower()  # what IPython lets through

    for shown in (Shown(data=content, format=file_format), Shown(data=path.read_bytes(), format=file_format)):
        assert load_reference(shown).part.pil().size == (16, 12)


@pytest.mark.parametrize("kind", ["image widget", "display"])
def test_an_address_that_is_shown_is_found_and_a_content_is_not_one(kind: str) -> None:
    shows_address = ipywidgets.Image.from_url(ADDRESS) if kind == "image widget" else Shown(url=ADDRESS)
    holds_content = ipywidgets.Image(value=PNG) if kind == "image widget" else Shown(data=PNG)

    assert find_url(shows_address) == ADDRESS
    assert find_url(holds_content) is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (ipywidgets.Image(), "The Image widget is empty. "),
        (ipywidgets.Image(value=b"junk"), "The Image widget holds no picture that can be sent. "),
        (ipywidgets.FileUpload(), "The FileUpload widget holds no file. "),
        (upload(upload_item(), upload_item()), "The FileUpload widget holds 2 files. "),
        (upload_item(b"%PDF-1.7", "a.pdf"), "a.pdf holds no picture that can be sent, but a PDF. "),
        (upload_item(b"junk", "x" * 400), "x…xx"),
        ({}, "A dict is not an image. "),
        ({"name": "x"}, "A dict is not an image. "),
        (ipywidgets.Button(), "A Button is not an image. "),
        (ipywidgets.Video(value=b"junk"), "A Video is not an image. "),
        (SVG("<svg xmlns='http://www.w3.org/2000/svg'/>"), "The image holds no picture that can be sent, but an SVG"),
        (httpx.Response(404), "The response is an error (404 Not Found), not an image. "),
        (requests_response(b"", 503), "The response is an error (503), not an image. "),
        (httpx.Response(200), "The response is empty. "),
        (httpx.Response(200, stream=httpx.ByteStream(PNG)), "The response has no content yet (ResponseNotRead). "),
        (httpx.Response(200, html="<!doctype html><p>"), "The response holds no picture that can be sent, but a web"),
    ],
    ids=range(16),
)
def test_an_object_without_an_image_says_what_it_is(value: Any, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        load_reference(value)

    text = str(caught.value)
    assert message in text.replace("x" * 70, "x")
    assert text.isprintable()
    assert len(text) < 400
    assert caught.value.charge_status is ChargeStatus.UNSENT


def test_a_response_that_was_read_is_an_image_after_all() -> None:
    response = httpx.Response(200, stream=httpx.ByteStream(PNG))
    response.read()

    assert load_reference(response).part.data == PNG


def test_what_is_in_memory_of_other_kinds_is_read(tmp_path: Path) -> None:
    with Path(save(tmp_path, PNG, "x.png")).open("rb") as file, mmap.mmap(file.fileno(), 0, access=1) as mapped:
        assert load_reference(mapped).part.data == PNG
    assert load_reference(memoryview(array.array("B", PNG))).part.data == PNG


@pytest.mark.parametrize("shape", ["row", "grid", "dict", "one"])
def test_axes_in_an_array_or_a_dict_are_their_figure(shape: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1), dpi=40)
    layouts: dict[str, Callable[[], Any]] = {
        "row": lambda: figure.subplots(1, 2),
        "grid": lambda: figure.subplots(2, 2),
        "dict": lambda: figure.subplot_mosaic("AB"),
        "one": lambda: np.array([figure.subplots()], dtype=object),
    }
    axes = layouts[shape]()

    assert load_reference(axes).part.data == load_reference(figure).part.data


def test_axes_of_several_figures_and_arrays_of_other_objects_are_refused() -> None:
    from matplotlib.figure import Figure

    axes = [Figure().subplots(), Figure().subplots()]

    with pytest.raises(OptionError, match=r"The axes belong to 2 figures\. .*Give one of the figures"):
        load_reference(np.array(axes, dtype=object))
    with pytest.raises(OptionError, match="The array holds object"):
        load_reference(np.array([[object(), None]], dtype=object))


class Hostile:
    """A value that answers whatever it is asked, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        if self.error:
            raise self.error
        return lambda *_: self


@pytest.mark.parametrize("error", [None, RuntimeError("no"), AttributeError()], ids=repr)
def test_hostile_objects_are_refused_in_a_line(error: Exception | None) -> None:
    with pytest.raises(OptionError) as caught:
        load_reference(Hostile(error))

    assert str(caught.value).isprintable()


def test_a_value_that_holds_nothing_is_left_as_it_is() -> None:
    value = object()

    assert unwrap(value) == (value, "")
    assert sniff(unwrap(upload_item()).value)[0] == "image/png"
