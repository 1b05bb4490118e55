"""A picture with its drafts and sources on the screen: live, exported, and in a notebook that is not trusted."""

from __future__ import annotations

import contextlib
import html
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page

from tests.browser.conftest import Opener
from tests.browser.screen import Screen
from tests.browser.test_foreign_text import notebook
from tests.faults.server import FaultServer
from tests.notebook.answers import answering, body, image, painted

PLANTED = (
    "<script>parent.{name} = 1</script><img src='{url}/{name}.png' onerror='parent.{name} = 1'>"
    "<style>@import '{url}/{name}.css';</style><a href='{url}/clicked'>chip</a>"
)
CONTROL = "from IPython.display import HTML, display\ndisplay(HTML({frame!r}))"
OVERLAY = "[style*='resize']"
SHARE = "one => Math.round(100 * one.getBoundingClientRect().width / one.parentElement.getBoundingClientRect().width)"


class Beacon(http.server.ThreadingHTTPServer):
    """A server that only remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Remembers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Remembers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Beacon)
        self.server.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def beacon() -> Iterator[Beacon]:
    with Beacon() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_a_draft_is_compared_and_a_search_suggestion_does_nothing(lab: Opener, tmp_path: Path) -> None:
    draft, final = painted("PNG", 1024, 576, "orange"), painted("JPEG", 1920, 1080)
    with beacon() as outside:
        planted = PLANTED.format(name="fromSuggestion", url=outside.url)
        searched = {"webSearchQueries": ["cats"], "searchEntryPoint": {"renderedContent": planted}}
        said = body(image(draft, thought=True), image(final), searched=searched)
        control = html.escape(PLANTED.format(name="fromControl", url=outside.url))
        with FaultServer(answering(said)) as server:
            cell = CONTROL.format(frame=f'<iframe srcdoc="{control}"></iframe>')
            screen = lab(notebook(tmp_path, server.url, cell))
            screen.run_all()
            page = screen.page
            page.wait_for_function("window.fromControl")
        check(page.locator(".jp-OutputArea"), "a cat")
        page.frame_locator("iframe[sandbox]").get_by_text("chip").wait_for()
        screen.screenshot("live")
        exported = saved(screen)
        page.goto(exported.as_uri())
        check(page.locator("body"), "a cat")
        page.screenshot(path=tmp_path / "exported.png", full_page=True)
        screen.open("untrusted.ipynb")
        check_untrusted(page)

        assert any("fromControl" in path for path in outside.asked)
        assert not [path for path in outside.asked if "fromSuggestion" in path]
    assert page.evaluate("window.fromSuggestion") is None


def check(shown: Locator, alt: str) -> None:
    """Fail unless the pictures have their texts and the slider, its keys and the corner of the draft move."""
    page = shown.page
    assert page.evaluate("window.fromSuggestion") is None
    assert set(shown.locator("iframe[sandbox]").get_attribute("sandbox", timeout=5000).split()) == {  # type: ignore[union-attr]
        "allow-popups", "allow-popups-to-escape-sandbox"
    }  # fmt: skip
    shown.locator("summary").click()
    texts = [one.get_attribute("alt") for one in shown.locator("img").all()]
    assert texts[0] == alt
    assert texts[1] == f"Final picture: {alt}"
    assert str(texts[2]).startswith("Draft 1, 1024 × 576 px")
    slider = shown.get_by_role("slider", name="How much of Draft 1 is seen, in percent")
    assert share(page) == 50
    slider.fill("20")
    assert share(page) == 20
    slider.press("ArrowRight")
    page.wait_for_function(f'({SHARE})(document.querySelector("{OVERLAY}")) === 21', timeout=5000)
    drag(page, 100)
    assert share(page) > 40


def check_untrusted(page: Page) -> None:
    """Fail unless a draft can be compared where Jupyter has taken all scripts away."""
    page.locator("summary").click()
    slider = page.locator("input[type=range]")
    assert slider.is_disabled()
    assert slider.get_attribute("oninput") is None
    assert page.locator("iframe[sandbox]").count() == 0
    assert share(page) == 50
    drag(page, 100)
    assert share(page) > 70


def share(page: Page) -> int:
    """Return how much of the picture the draft covers, in percent."""
    return int(page.locator(OVERLAY).evaluate(SHARE))


def drag(page: Page, by: int) -> None:
    """Drag the corner of the draft to the right."""
    overlay = page.locator(OVERLAY)
    overlay.scroll_into_view_if_needed()
    box = overlay.bounding_box()
    assert box is not None
    corner = (box["x"] + box["width"] - 6, box["y"] + box["height"] - 4)
    page.mouse.move(*corner)
    page.mouse.down()
    page.mouse.move(corner[0] + by, corner[1], steps=5)
    page.mouse.up()


def saved(screen: Screen) -> Path:
    """Write what is on the screen as a page, and as a notebook that nobody has signed; return the page."""
    from nbconvert import HTMLExporter

    file = screen.server.root / "untrusted.ipynb"
    made = nbformat.from_dict(json.loads(next(screen.server.root.glob("*.ipynb")).read_text()))
    for cell, outputs in zip(made.cells, screen.outputs(), strict=True):
        cell.outputs = [nbformat.from_dict(output) for output in outputs]
    made.cells.pop()  # the control
    nbformat.write(made, file)
    page, _ = HTMLExporter().from_notebook_node(made)
    assert "No description has been provided" not in page
    exported = file.with_suffix(".html")
    exported.write_text(page)
    return exported
