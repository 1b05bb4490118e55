"""What others said is shown as text, whatever it holds, and never keeps the picture from being shown."""

from __future__ import annotations

import base64
import json
import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cometmagic.display import caption, result_output
from cometmagic.generation.generate import generate
from tests.notebook.answers import DRAFT, FINAL, answering, body, image, serving
from tests.notebook.fixtures import Notebook, Services

OURS = {"div", "br", "code", "details", "summary", "strong", "img", "figure", "figcaption", "span", "input"}
OURS |= {"a", "ol", "li", "iframe", "mark", "pre", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"style", "src", "alt", "width", "height", "class", "open", "title", "href", "target", "rel"}
ATTRIBUTES |= {
    "type",
    "min",
    "max",
    "value",
    "aria-label",
    "oninput",
    "data-lm-suppress-shortcuts",
    "sandbox",
    "srcdoc",
}
MOVE = "this.previousElementSibling.lastElementChild.style.width=this.value+'%'"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</div></details><iframe srcdoc='<script>alert(1)</script>'>",
    "![x](https://evil.example/?q=1) <a href='javascript:alert(1)'>y</a>",
    "**<b onclick=alert(1)>bold</b>**",
    "a\ud800b\udfffc",
    "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x00\u202e",
]


class Tags(HTMLParser):
    """The tags and attributes a browser would make of a text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.links: list[str] = []
        self.scripts: set[str] = set()
        self.sandboxes: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        given = {name: value or "" for name, value in attrs}
        self.addresses += [given["src"]] if "src" in given else []
        self.links += [given["href"]] if "href" in given else []
        self.scripts |= {value for name, value in given.items() if name.startswith("on")}
        self.sandboxes += [given.get("sandbox", "none")] if tag == "iframe" else []


def searched(text: str) -> dict[str, Any]:
    """Return what a search found that holds a text everywhere."""
    return {
        "webSearchQueries": [text],
        "groundingChunks": [
            {"web": {"uri": text, "title": text, "domain": text}},
            {"web": {"uri": f"https://example.org/{text}", "title": text}},
            {"image": {"sourceUri": f"https://example.org/{text}", "imageUri": text, "title": text}},
        ],
        "searchEntryPoint": {"renderedContent": text},
    }


def check_harmless(outputs: list[dict[str, Any]]) -> None:
    for output in outputs:
        found = Tags(output.get("data", {}).get("text/html", ""))
        assert found.tags <= OURS
        assert found.attributes <= ATTRIBUTES
        assert found.scripts <= {MOVE}
        assert all(address.startswith("data:image/") for address in found.addresses)
        assert all(address.startswith(("http://", "https://")) for address in found.links)
        assert not any({"none", "allow-scripts", "allow-same-origin"} & set(one.split()) for one in found.sandboxes)
        assert not {"text/markdown", "image/svg+xml", "application/javascript"} & set(output.get("data", {}))
        assert not {"\x1b", "\x07", "\x00", "\u202e"} & set(output.get("data", {}).get("text/plain", ""))


def test_the_check_finds_what_is_not_escaped() -> None:
    for text in HOSTILE[:5]:
        with pytest.raises(AssertionError):
            check_harmless([{"data": {"text/html": f"<div title='{text}'>{text}</div>"}}])


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_model_says(notebook: Notebook, serve: Services, text: str) -> None:
    parts = ({"text": text, "thought": True}, image(DRAFT, thought=True), {"text": text}, image(FINAL, text))
    serve(answering(body(*parts, modelVersion=text, responseId=text, searched=searched(text))))

    ran = notebook.run("%gemini_image -t --search web,image a cat")

    assert ran.error is None
    assert (len(ran.pictures), len(ran.outputs)) == (1, 2)
    check_harmless(ran.outputs)


@pytest.mark.parametrize("text", HOSTILE[:6], ids=range(6))
def test_what_a_prompt_says(notebook: Notebook, serve: Services, text: str) -> None:
    serve(answering(after=0.7), answering())

    for alt in ("", "--alt 'x\"><b>'"):
        ran = notebook.run(f"%%gemini_image {alt} -m evil<script>\n{text}")
        assert ran.error is None
        check_harmless([message["content"] for message in ran.updates])
        check_harmless(notebook.run("_").outputs)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
def test_what_an_error_says(notebook: Notebook, serve: Services, text: str, status: str) -> None:
    said = {"code": 400, "message": f"{text}\nsecond line", "status": text}
    serve(answering(json.dumps({"error": said}).encode(), status=status))

    ran = notebook.run("%gemini_image a cat")

    check_harmless(ran.outputs)
    assert ran.error is not None
    [line] = ran.error["traceback"]
    assert not {"\n", "\x1b", "\x07", "\x00", "\ud800"} & set(line)
    assert "second line" in line


def test_an_original_that_is_too_large_is_shown_by_a_thumbnail(library_folder: Path) -> None:
    result = generate("a cat", source="offline", preview=0)
    [original] = result.folder.glob("image.*")
    whole = base64.b64encode(original.read_bytes()).decode()
    assert whole in result_output.build_image(result)[0]["text/html"]
    os.truncate(original, result_output.MAX_EMBEDDED_BYTES + 1)

    bundle, _ = result_output.build_image(result)
    assert bundle["image/jpeg"] in bundle["text/html"]
    assert len(bundle["text/html"]) < 40_000

    original.write_bytes(b"")
    os.truncate(original, result_output.MAX_EMBEDDED_BYTES + 1)
    (result.folder / "preview-small.jpg").unlink()
    assert set(result_output.build_image(result)[0]) == {"text/plain"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec=None), max_size=60))
def test_any_text_can_be_shown(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Lone surrogates and controls included: what is displayed is always UTF-8."""
    answer = body({"text": text}, {"text": text, "thought": True}, image(FINAL))
    with serving(monkeypatch, answering(answer)):
        result = generate("a cat")

    for bundle, metadata in (result_output.build_image(result), caption.build_caption(result)):
        json.dumps([bundle, metadata], ensure_ascii=False).encode()
        check_harmless([{"data": bundle}])
