"""A panel that JupyterLab puts away while it is scrolled away, started anew, and cleared."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.notebooks import written
from tests.browser.panel_page import PanelPage
from tests.browser.server import SETTINGS
from tests.browser.test_panel_lab import CELL
from tests.browser.test_panel_saved_lab import RESTART, pictures, seen

SCROLL = """async at => {
    const { content } = jupyterapp.shell.currentWidget;
    content.activeCellIndex = at;
    await content.scrollToItem(at);
}"""
RUN_FIRST = """async () => {
    jupyterapp.shell.currentWidget.content.activeCellIndex = 0;
    await jupyterapp.commands.execute('notebook:run-cell');
}"""
CLEAR = "() => jupyterapp.commands.execute('notebook:clear-cell-output')"
LONG = "print('line\\n' * 40)"


def test_a_panel_scrolled_away_comes_back_alive(lab: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SETTINGS, "notebook-extension/tracker", {"windowingMode": "full"})
    screen = lab(written(tmp_path / "panel", CELL, *[LONG] * 12))
    screen.run_all()
    screen.page.evaluate(SCROLL, 0)
    panel = PanelPage(screen.page)
    panel.appear()
    panel.button("Generate").click()
    panel.told("Done.")

    screen.page.evaluate(SCROLL, 12)
    expect(panel.root).to_be_hidden()  # JupyterLab put it away, or nothing is tested
    screen.page.evaluate(SCROLL, 0)
    panel.appear()
    assert panel.picture().get_attribute("alt") == "a red bicycle"
    expect(pictures(screen)).to_have_count(1)
    assert len(seen(screen)[0]) == 1
    assert seen(screen)[1] == []
    panel.prompt("a cat")
    panel.says("a cat")
    screen.screenshot("back")

    # Started anew while it is scrolled away: what is saved takes its place when it comes back.
    screen.page.evaluate(SCROLL, 12)
    expect(panel.root).to_be_hidden()
    screen.page.evaluate(RESTART)
    screen.page.evaluate(SCROLL, 0)
    expect(pictures(screen)).to_have_count(1)
    expect(panel.root).to_be_hidden()
    programs, titles = seen(screen)
    assert programs == ["%%gemini_image --thoughts\na red bicycle"]
    assert len(titles) == 1
    screen.screenshot("started-anew")

    # Run once more, it lives; cleared, nothing stays.
    screen.page.evaluate(RUN_FIRST)
    panel.appear()
    assert seen(screen)[1] == []
    expect(pictures(screen)).to_have_count(0)
    screen.page.evaluate(CLEAR)
    expect(panel.root).to_have_count(0)
    assert seen(screen) == ([], [])
    assert screen.complaints() == []
