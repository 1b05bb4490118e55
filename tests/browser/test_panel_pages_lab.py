"""One panel in two tabs and two places: what is typed in one is seen in the other, and nothing is taken back."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.notebooks import written
from tests.browser.panel_page import PanelPage
from tests.browser.screen import Screen
from tests.browser.test_panel_lab import SAVE, live
from tests.faults.server import FaultServer
from tests.notebook.answers import CANARY, answering

CELL = "import cometmagic\npanel = cometmagic.panel('a cat')\npanel"


def test_two_tabs_and_two_places_show_one_panel(shared_lab: Opener, tmp_path: Path) -> None:
    notebook = written(tmp_path / "panel", CELL, "panel")
    screen = shared_lab(notebook)
    screen.run_all()
    roots = screen.page.locator(".cometmagic-panel:visible")
    expect(roots).to_have_count(2)
    first, second = (PanelPage(screen.page, at) for at in (0, 1))
    first.appear()
    second.appear()
    screen.page.evaluate(SAVE)
    with screen.page.context.new_page() as page:
        other = Screen(page, screen.server, tmp_path / "other")
        other.open(notebook.name)
        third = PanelPage(other.page, 0)
        third.appear()

        first.prompt("a red bicycle")
        expect(second.field).to_have_value("a red bicycle")
        expect(third.field).to_have_value("a red bicycle")
        third.choose("Aspect ratio", "16:9")
        second.choose("Image size", "2K")
        for panel in (first, second, third):
            panel.says("--aspect-ratio 16:9 --image-size 2K")
        # A page that has not heard yet: both are typed at once, in different controls.
        first.field.press_sequentially(", blue", delay=5)
        third.root.get_by_role("checkbox", name="Thoughts").check()
        for panel in (first, second, third):
            panel.says("--thoughts")
            panel.says("a red bicycle, blue")

        second.button("Generate").click()
        for panel in (first, second, third):
            panel.told("Done.")
            assert panel.picture().get_attribute("alt") == "a red bicycle, blue"
        assert other.complaints() == []
    assert screen.complaints() == []


def test_a_key_typed_or_pasted_into_the_prompt_is_told_there_and_not_saved(shared_lab: Opener, tmp_path: Path) -> None:
    with FaultServer(answering()) as server:
        screen = shared_lab(written(tmp_path / "panel", live(server), CELL))
        screen.run_all()
        panel = PanelPage(screen.page)
        panel.appear()

        panel.field.press_sequentially(f", {CANARY[:9]}", delay=200)  # slowly: longer than the form waits for a letter
        screen.page.wait_for_timeout(500)
        assert CANARY[:7] not in panel.cell()
        panel.field.fill(f"draw {CANARY}")
        wrong = panel.root.get_by_role("alert").filter(has_text="holds your API key")
        expect(wrong).to_be_visible()
        panel.field.press("Control+Enter")
        panel.told("holds your API key")
        screen.screenshot("key")
        screen.page.wait_for_timeout(1500)  # after which a panel says that the kernel is busy, if it is
        panel.told("holds your API key")

        expect(panel.field).to_have_value(f"draw {CANARY}")
        assert panel.cell() == "%%gemini_image\na cat, sk-ca"
        screen.page.evaluate(SAVE)
        [path] = screen.server.root.glob("*.ipynb")
        saved = "".join(cell for cell in path.read_text().splitlines() if "os.environ" not in cell)
        assert "a cat" in saved
        assert CANARY not in saved
        assert server.posts == 0

        panel.prompt("a dog named sk-learn")
        # What began like a key was a word. The warning goes when the field is left, and all below it moves: a key is
        # pressed, as a click may miss.
        panel.root.get_by_role("checkbox", name="Thoughts").press("Space")
        expect(panel.root.get_by_role("checkbox", name="Thoughts")).to_be_checked()
        panel.says("a dog named sk-learn")
        expect(wrong).to_be_hidden()
        panel.button("Generate").click()
        panel.told("Done.")
    assert screen.complaints() == []
