"""Pictures where they were asked for in JupyterLab: under a cell without a jump, and in outputs that ignore updates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.browser.conftest import Opener
from tests.browser.notebooks import written
from tests.browser.screen import PATIENCE_MS
from tests.faults.server import FaultServer
from tests.notebook.answers import CANARY, answering
from tests.notebook.kernel import EMPTY

SETUP = "import os\nos.environ.update(COMETAPI_KEY={key!r}, COMETAPI_BASE_URL={url!r})\n%load_ext cometmagic"
ORDINARY = "print('before')\nx = %gemini_image a cat\nprint('after')"
WIDGETS = """
import ipywidgets
from IPython.display import display
out, button = ipywidgets.Output(), ipywidgets.Button(description="draw")

@out.capture()
def draw(_):
    %gemini_image a dog
button.on_click(draw)

@ipywidgets.interact(n=(1, 3))
def show(n=1):
    %gemini_image --background a {{n}} fox
    display(x.image)
with out:
    %gemini_image a cat
display(button, out)
"""
# Every frame: the height of the first cell's output area, and where its picture begins below the area's top.
WATCH = """() => {
    window.frames_seen = [];
    const look = () => {
        const area = document.querySelectorAll('.jp-CodeCell .jp-OutputArea')[1];
        if (area) {
            const box = area.getBoundingClientRect();
            const images = [...area.querySelectorAll('img')].filter(one => !one.closest('details'));
            const tops = images.map(one => Math.round(one.getBoundingClientRect().top - box.top));
            window.frames_seen.push({height: Math.round(box.height), tops, text: area.innerText});
        }
        requestAnimationFrame(look);
    };
    look();
}"""
EMPTY_HEIGHTS = """() => [...document.querySelectorAll('.jp-OutputArea-child')]
    .filter(one => !one.innerText.trim() && !one.querySelector('img')).map(one => one.getBoundingClientRect().height)"""
WIDGET_IMAGES = """() => [...document.querySelectorAll('.jp-OutputArea-output .jp-OutputArea img')]
    .filter(one => !one.closest('details')).length"""


def watched(frames: list[dict[str, Any]]) -> tuple[list[str], list[list[int]]]:
    """Return the different texts that were seen, and the different places of pictures, in order."""
    texts = list(dict.fromkeys(frame["text"].strip() for frame in frames))
    places = [list(tops) for tops in dict.fromkeys(tuple(frame["tops"]) for frame in frames)]
    return texts, places


def test_a_picture_is_there_once_and_stays_where_it_is(shared_lab: Opener, tmp_path: Path) -> None:
    with FaultServer(answering(after=2.0)) as server:
        screen = shared_lab(written(tmp_path / "ordinary", SETUP.format(key=CANARY, url=server.url), ORDINARY))
        screen.page.evaluate(WATCH)
        screen.run_all()
        screen.picture_widths()
        screen.screenshot("ordinary")

    texts, places = watched(screen.page.evaluate("window.frames_seen"))
    assert any("waiting for the model · 1 s" in text for text in texts)  # the frames were seen
    assert "waiting" not in texts[-1]
    assert "requested" not in texts[-1]
    assert [len(tops) for tops in places] == [0, 1]
    assert screen.page.evaluate(EMPTY_HEIGHTS) in ([], [0])
    _, outputs = screen.outputs()
    assert next(output["data"] for output in outputs if output["output_type"] == "display_data") == EMPTY
    assert screen.complaints() == []


def test_a_picture_is_seen_in_outputs_of_widgets(shared_lab: Opener, tmp_path: Path) -> None:
    with FaultServer(*[answering()] * 4) as server:
        cells = [SETUP.format(key=CANARY, url=server.url), "x = %gemini_image a cat", WIDGETS]
        screen = shared_lab(written(tmp_path / "widgets", *cells))
        screen.run_all()
        screen.page.wait_for_function(f"({WIDGET_IMAGES})() === 2", timeout=PATIENCE_MS)
        screen.page.get_by_role("button", name="draw", exact=True).click()
        screen.page.wait_for_function(f"({WIDGET_IMAGES})() === 3", timeout=PATIENCE_MS)
        screen.screenshot("widgets")

        shown = screen.page.locator(".jp-OutputArea-output .jp-OutputArea").all_inner_texts()
    assert "this output can't change later" in shown[0]
    assert not [text for text in shown if " 0 s" in text]
    assert len(server.log) == 4
    assert screen.errors() == []
    assert screen.complaints() == []
