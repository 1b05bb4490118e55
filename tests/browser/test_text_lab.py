"""How text stands on the screen in JupyterLab: programs in their font, long words inside, long thoughts folded."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import Opener
from tests.browser.notebooks import written
from tests.faults.leaks import KEY
from tests.faults.server import FaultServer
from tests.gemini.answers import answer, answering, image, text

WORD = "x" * 700
LINES = "A thought that does not come to its end.\n" * 120
WIDER = """() => [...document.querySelectorAll('.jp-OutputArea-output')]
    .filter(output => output.scrollWidth > output.clientWidth + 1).map(output => output.innerText.slice(0, 80))"""
FONTS = """() => [...document.querySelectorAll('.jp-OutputArea-output pre[style]')]
    .map(shown => getComputedStyle(shown).fontFamily)"""
DATES = """() => [...document.querySelectorAll('.jp-OutputArea-output td span')]
    .map(shown => shown.getClientRects().length)"""
THOUGHTS = """() => [...document.querySelectorAll('details div')]
    .filter(shown => shown.scrollHeight > shown.clientHeight + 1 && getComputedStyle(shown).overflowY === 'auto')
    .map(shown => shown.clientHeight)"""


def test_text_of_any_length_stays_in_its_place(shared_lab: Opener, tmp_path: Path) -> None:
    found = {"web": {"uri": "https://example.org/", "title": WORD}}
    searched = {"webSearchQueries": [WORD], "groundingChunks": [found]}
    said = answer(text(LINES, thought=True), text(WORD, thought=True), text(WORD), image())
    said["candidates"][0]["groundingMetadata"] = searched
    with FaultServer(answering(said)) as server:
        settings = {"COMETAPI_KEY": KEY, "COMETAPI_BASE_URL": server.url}
        cells = [
            f"import os\nos.environ.update({settings!r})\n%load_ext cometmagic",
            f"%gemini_image --thoughts --search web {WORD}",
            "%gemini_image --show-code curl a cat",
            "%gemini_library",
            f"%gemini_image --dry-run {WORD}",
        ]
        screen = shared_lab(written(tmp_path / "long", *cells))
        screen.run_all()
        screen.page.get_by_text("Dry run: nothing was sent.").wait_for()
        screen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        screen.screenshot("long")

        assert screen.page.evaluate(WIDER) == []
        assert all("monospace" in font for font in screen.page.evaluate(FONTS))
        assert len(screen.page.evaluate(FONTS)) == 2
        assert screen.page.evaluate(DATES) == [1]
        assert all(0 < height < 400 for height in screen.page.evaluate(THOUGHTS))
        assert screen.page.evaluate(THOUGHTS) != []
        assert screen.errors() == []
