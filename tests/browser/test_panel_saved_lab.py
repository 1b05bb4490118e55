"""What is seen of a panel where it does not live: saved and not trusted, trusted and not run, its kernel gone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, Response, expect

from tests.browser.conftest import Opener
from tests.browser.screen import OPEN, Screen
from tests.browser.test_panel_lab import CELL, SAVE, shown

PICTURE = ".jp-OutputArea-output img[alt='a red bicycle']"
CLOSE = "() => jupyterapp.commands.execute('application:close')"
TRUST = "() => jupyterapp.shell.currentWidget.context.model.cells.get(0).trusted"
SHUT_DOWN = """async () => {
    await jupyterapp.shell.currentWidget.sessionContext.shutdown();
}"""
WITHOUT_STYLE = "document.querySelectorAll('.jp-OutputArea-output style').forEach(one => one.remove())"
NEW_VIEW = """async () => {
    jupyterapp.shell.currentWidget.content.activeCellIndex = 0;
    await jupyterapp.commands.execute('notebook:create-output-view');
}"""
RESTART = """async () => {
    const { sessionContext } = jupyterapp.shell.currentWidget;
    await sessionContext.session.kernel.restart();
    await sessionContext.session.kernel.info;
}"""


def seen(screen: Screen) -> tuple[list[str], list[str]]:
    """Return (cells, titles) that are seen in the notebook in front."""
    front = screen.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    programs = front.locator(".jp-OutputArea pre:visible", has_text="%%gemini_image")
    titles = front.get_by_text("Panel of cometmagic, as it was saved").filter(visible=True)
    return programs.all_inner_texts(), titles.all_inner_texts()


def pictures(screen: Screen) -> Locator:
    front = screen.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    return front.locator(f"{PICTURE}:visible")


def test_what_is_seen_where_the_panel_does_not_live(lab: Opener, tmp_path: Path) -> None:
    screen, panel = shown(lab, tmp_path, CELL, "print('beside')", "cometmagic.panel('never run')")
    panel.button("Generate").click()
    panel.told("Done.")
    expect(pictures(screen)).to_have_count(1)  # the panel's own
    programs, titles = seen(screen)
    assert (len(programs), titles) == (2, [])
    expect(screen.page.get_by_text("beside", exact=True)).to_be_visible()
    screen.page.evaluate(SAVE)
    [path] = screen.server.root.glob("*.ipynb")

    # Sent to somebody else: Jupyter trusts only what it signed.
    other = path.with_name("sent.ipynb")
    other.write_text(path.read_text().replace("beside", "changed"))
    screen.page.evaluate(OPEN, screen.server.path(other.name))
    expect(pictures(screen)).to_have_count(1)
    screen.screenshot("not-trusted")
    programs, titles = seen(screen)
    assert programs == ["%%gemini_image --thoughts\na red bicycle", "%%gemini_image\nnever run"]
    assert len(titles) == 2
    assert screen.page.evaluate(TRUST) is False
    screen.page.evaluate(CLOSE)

    # Its kernel started anew, and the cell not run.
    screen.page.evaluate(RESTART)
    expect(pictures(screen)).to_have_count(1)
    expect(panel.root).to_be_hidden()
    screen.screenshot("restarted")
    assert seen(screen) == (programs, titles)

    # Opened again by its author, and not run.
    screen.page.evaluate(SHUT_DOWN)
    screen.page.evaluate(CLOSE)
    screen.page.evaluate(OPEN, screen.server.path(path.name))
    expect(pictures(screen)).to_have_count(1)
    error = screen.page.get_by_text("Error displaying widget")
    expect(error).to_have_count(2)
    screen.screenshot("not-run")
    assert screen.page.evaluate(TRUST) is True
    assert error.filter(visible=True).count() == 0
    assert seen(screen) == (programs, titles)
    screen.page.evaluate(WITHOUT_STYLE)
    assert error.filter(visible=True).count() == 2  # without it, that is what is seen


def test_a_page_that_is_loaded_again_has_its_panel(lab: Opener, tmp_path: Path) -> None:
    screen, panel = shown(lab, tmp_path, CELL)
    panel.button("Generate").click()
    panel.told("Done.")
    screen.page.evaluate(SAVE)
    with screen.page.expect_response(_keeps_the_view):
        screen.page.evaluate(NEW_VIEW)
    expect(screen.page.locator(".cometmagic-panel:visible")).to_have_count(2)

    screen.page.reload()
    panel.appear()

    assert panel.picture().get_attribute("alt") == "a red bicycle"
    expect(pictures(screen)).to_have_count(1)
    assert seen(screen)[1] == []
    panel.prompt("a cat")
    panel.says("a cat")
    waiting = screen.page.get_by_text("Loading widget...")  # JupyterLab never ends that in a view that it restores
    expect(waiting).to_have_count(1)
    expect(waiting).to_be_hidden()
    expect(screen.page.locator(f".jp-LinkedOutputView {PICTURE}")).to_be_visible()
    screen.screenshot("restored-view")
    assert screen.complaints() == []
    screen.page.evaluate(WITHOUT_STYLE)
    expect(waiting).to_be_visible()  # without it, that is what is seen


def _keeps_the_view(answer: Response) -> bool:
    return "/api/workspaces" in answer.url and "cloned-outputs" in (answer.request.post_data or "")
