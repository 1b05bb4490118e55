"""The panel in JupyterLab: cancelled, refused, copied and run; by keyboard alone; audited; saved and not trusted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.audit import audited
from tests.browser.conftest import Opener
from tests.browser.notebooks import written
from tests.browser.panel_page import PanelPage
from tests.browser.screen import Screen
from tests.faults.server import FaultServer, Held, Step, response, send
from tests.notebook.answers import CANARY, answering, full, painted
from tests.waiting import wait_for

CELL = "import cometmagic\npanel = cometmagic.panel('a red bicycle', thoughts=True)\npanel"
REFUSAL = json.dumps({"error": {"code": 400, "message": "<b>no</b>", "status": "INVALID_ARGUMENT"}}).encode()
RUN_BELOW = """async text => {
    const { commands, shell } = jupyterapp;
    await commands.execute('notebook:insert-cell-below');
    shell.currentWidget.content.activeCell.model.sharedModel.setSource(text);
    await commands.execute('notebook:run-cell');
}"""
COPIED = ".jp-Cell:last-child .jp-OutputArea-output img[alt='a red bicycle']:visible >> nth=0"
THEME = "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })"
SAVE = "() => jupyterapp.commands.execute('docmanager:save')"


def shown(lab: Opener, tmp_path: Path, *cells: str) -> tuple[Screen, PanelPage]:
    screen = lab(written(tmp_path / "panel", *cells))
    screen.run_all()
    panel = PanelPage(screen.page)
    panel.appear()
    return screen, panel


def live(server: FaultServer) -> str:
    settings = {"COMETAPI_KEY": CANARY, "COMETAPI_BASE_URL": server.url}
    return f"%load_ext cometmagic\nimport os\nos.environ.update({settings!r})"


def test_cancel_error_and_the_copied_cell_sends_the_same(shared_lab: Opener, tmp_path: Path) -> None:
    held = Held()
    steps: list[list[Step]] = [
        held.steps(send(response(full()))),
        answering(REFUSAL, status="400 Bad Request"),
        answering(),
        answering(),
    ]
    with FaultServer(*steps) as server:
        screen, panel = shown(shared_lab, tmp_path, live(server), CELL)
        expect(panel.root.locator(".cm-price")).to_contain_text("$0.067")

        panel.button("Generate").click()
        panel.told("waiting for the model")
        wait_for(lambda: held.inside)  # what was not sent yet would be taken back
        panel.button("Cancel").click()
        panel.told("Cancelled. The request goes on and may be charged")
        held.let_go.set()
        expect(panel.button("Generate")).to_have_attribute("aria-disabled", "false")

        panel.button("Generate").click()
        panel.told("APIError:")
        assert panel.root.locator(".cm-told b").count() == 0
        screen.screenshot("error")

        panel.button("Generate").click()
        panel.told("Done.")
        screen.page.evaluate(RUN_BELOW, panel.cell())
        screen.page.locator(COPIED).wait_for()

        *_, first, second = server.log
        assert len(server.log) == 4
        assert (first.start_line, first.body) == (second.start_line, second.body)
    assert screen.errors() == []
    assert screen.complaints() == []


def test_progress_and_cancel_go_on_beside_a_busy_cell(shared_lab: Opener, tmp_path: Path) -> None:
    screen, panel = shown(shared_lab, tmp_path, CELL)
    panel.button("Generate").click()
    panel.told("drawing")

    screen.page.evaluate(RUN_BELOW, "while panel.result is None: pass")

    panel.told("Done.")
    panel.picture()
    assert screen.complaints() == []


def test_by_keyboard_alone_from_the_prompt_to_the_result(shared_lab: Opener, tmp_path: Path) -> None:
    screen, panel = shown(shared_lab, tmp_path, "import cometmagic\npanel = cometmagic.panel()\npanel", "1 + 1")
    keys = screen.page.keyboard
    panel.field.focus()
    keys.type("a cat")

    def tab_to(wanted: Locator) -> None:
        for _ in range(60):
            if wanted.evaluate("one => one === document.activeElement"):
                return
            keys.press("Tab")
        pytest.fail(f"{wanted} is not reached")

    tab_to(panel.root.get_by_role("group", name="Aspect ratio").get_by_role("radio", name="auto"))
    keys.press("ArrowRight")
    panel.says("--aspect-ratio 1:1")
    keys.press("ArrowDown")
    panel.says("--aspect-ratio 2:3")
    focused = screen.page.locator(".cm-tile:has(:focus-visible)")
    assert focused.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    tab_to(panel.root.get_by_role("checkbox", name="Thoughts"))
    keys.press("Space")
    panel.says("--thoughts")
    keys.press("Control+Enter")
    panel.told("Done.")
    tab_to(panel.button("Draft 1"))
    keys.press("Enter")
    tab_to(panel.root.get_by_role("slider", name="Before and after"))
    keys.press("ArrowRight")
    assert panel.root.get_by_role("slider").input_value() == "51"
    tab_to(panel.button("Edit this"))
    keys.press("Space")
    panel.says("--edit")

    assert screen.page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length") == 2
    assert screen.complaints() == []


def test_an_audit_finds_nothing_serious_in_light_and_dark_but_what_was_made_wrong(lab: Opener, tmp_path: Path) -> None:
    screen, panel = shown(lab, tmp_path, CELL)
    panel.upload("sketch.png", painted("PNG", 90, 60, "teal"))
    panel.references(1)
    panel.root.locator(".cm-more > summary").click()
    panel.root.get_by_role("combobox", name="Model").select_option("gemini-2.5-flash-image")
    expect(panel.root.get_by_text("was shut down on")).to_be_visible()
    panel.root.get_by_role("textbox", name="Temperature").fill("warm")
    expect(panel.root.get_by_text("is not a number")).to_be_visible()
    panel.root.get_by_role("textbox", name="Temperature").fill("")
    panel.root.get_by_role("combobox", name="Model").select_option("gemini-3.1-flash-lite-image")
    panel.button("Generate").click()
    panel.told("Done.")
    panel.button("Draft 1").click()
    panel.root.locator(".cm-outcome summary").click()

    found: dict[str, object] = {}
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        screen.page.evaluate(THEME, theme)
        light = "true" if theme.endswith("Light") else "false"
        screen.page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")
        screen.screenshot(theme)
        looked_at, found[theme] = audited(screen.page, ".cometmagic-panel")
        assert looked_at > 100

    assert found == {"JupyterLab Light": [], "JupyterLab Dark": []}
    screen.page.evaluate("document.querySelector('.cm-price').style.color = '#444'")
    screen.page.evaluate("document.querySelector('.cm-primary').textContent = ''")
    _, wrong = audited(screen.page, ".cometmagic-panel")
    assert {"color-contrast", "button-name"} <= {rule for rule, *_ in wrong}
