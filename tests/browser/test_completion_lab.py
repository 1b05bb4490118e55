"""Tab in JupyterLab: the completer takes what the kernel offers, and puts it where it belongs."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import Opener
from tests.browser.notebooks import written
from tests.browser.screen import Screen

CELLS = ["%load_ext cometmagic\nphoto = b'\\x89PNG\\r\\n\\x1a\\n'", "%%gemini_image"]
_TEXT = "() => jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.getSource()"
_ITEMS = ".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item"


def typed(screen: Screen, text: str, becomes: str) -> None:
    """Type in the second cell, take the only offer, and wait until its text is as expected."""
    screen.page.keyboard.type(text)
    screen.page.keyboard.press("Tab")
    screen.page.locator(_ITEMS).first.wait_for()
    screen.page.keyboard.press("Tab")
    screen.page.wait_for_function(f"text => ({_TEXT})() === text", arg=becomes)


def test_tab_completes_in_the_first_line_and_not_in_the_prompt(shared_lab: Opener, tmp_path: Path) -> None:
    screen = shared_lab(written(tmp_path / "tab", *CELLS))
    screen.page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell')")
    screen.page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.execution_count === 1"
    )
    screen.page.locator(".jp-CodeCell .cm-content").nth(1).click()
    screen.page.keyboard.press("End")

    typed(screen, " --as", "%%gemini_image --aspect-ratio")
    typed(screen, " 16", "%%gemini_image --aspect-ratio 16:9")
    typed(screen, " --search=we", "%%gemini_image --aspect-ratio 16:9 --search=web")
    typed(screen, " --safety hara", "%%gemini_image --aspect-ratio 16:9 --search=web --safety harassment=")
    line = "%%gemini_image --aspect-ratio 16:9 --search=web --safety harassment=off -i photo"
    typed(screen, "off -i phot", line)

    screen.page.keyboard.type(" -s ")
    screen.page.keyboard.press("Tab")
    screen.page.locator(_ITEMS).first.wait_for()
    screen.screenshot("sizes")
    labels = screen.page.locator(f"{_ITEMS} .jp-Completer-match").all_inner_texts()
    assert labels[:4] == ["512", "1K", "2K", "4K"]  # what follows are JupyterLab's own, words of the cell
    screen.page.keyboard.press("ArrowDown")
    screen.page.keyboard.press("ArrowDown")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_function(f"() => ({_TEXT})().endsWith(' -i photo -s 2K')")

    screen.page.keyboard.type("\n--as")
    screen.page.keyboard.press("Tab")
    screen.page.locator(_ITEMS).first.wait_for()  # Python's own
    assert [text for text in screen.page.locator(_ITEMS).all_inner_texts() if "aspect-ratio" in text] == []
    assert screen.complaints() == []
