"""One picture by hand, from the prompt to the copied cell, in each front end: offline, and nothing goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opening
from tests.browser.notebooks import written
from tests.browser.panel_page import PanelPage
from tests.notebook.answers import painted

CELL = "import cometmagic\npanel = cometmagic.panel()\npanel"
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "panel.ipynb"


@pytest.mark.parametrize("front_end", ["lab", "notebook", "voila"])
def test_a_picture_from_the_prompt_to_the_copied_cell(
    open_in: Opening, tmp_path: Path, library_folder: Path, front_end: str
) -> None:
    screen = open_in(front_end, written(tmp_path / "panel", CELL))
    if front_end != "voila":
        screen.run_all()
    panel = PanelPage(screen.page)
    panel.appear()
    expect(panel.root.locator("summary", has_text="More")).to_have_count(1)
    assert bool(panel.root.get_by_label("Save", exact=True).count()) == (front_end != "voila")  # a visitor's page

    panel.prompt("a red bicycle")
    panel.choose("Aspect ratio", "16:9")
    panel.root.get_by_role("checkbox", name="Thoughts").check()
    panel.says("--thoughts")
    sketch, hat = painted("PNG", 90, 60, "teal"), painted("PNG", 60, 60, "orange")
    panel.upload("sketch.png", sketch)
    [first] = panel.references(1)
    panel.drop("hat.png", hat)
    _, second = panel.references(2)
    panel.button("Move reference 2 earlier").click()
    panel.says(f"--image {second} --image {first}")
    panel.has_references(second, first)
    panel.button("Remove reference 2").click()
    panel.has_references(second)
    [path] = Path(screen.server.root).rglob(Path(second).name)  # a visitor sees no folder
    assert path.read_bytes() == hat

    panel.field.press("Control+Enter")
    expect(panel.root.get_by_role("progressbar")).to_have_attribute("data-state", "busy")
    panel.told("Done.")
    assert panel.picture().get_attribute("alt") == "a red bicycle"
    screen.screenshot("made")

    panel.button("Draft 1").click()
    assert [panel.slide(share) for share in (30, 80)] == [30, 80]
    panel.button("Final").click()
    expect(panel.root.locator(".cm-above")).to_be_hidden()
    assert panel.copied() == f"%%gemini_image --aspect-ratio 16:9 --thoughts --image {second}\na red bicycle"

    panel.button("Edit this").click()
    panel.says("--edit")
    panel.prompt("make it blue")
    panel.button("Generate").click()
    expect(panel.picture()).to_have_attribute("alt", "make it blue")
    history = panel.root.get_by_role("list", name="Made with this panel").get_by_role("button")
    expect(history).to_have_count(2)
    history.first.click()
    expect(panel.picture()).to_have_attribute("alt", "a red bicycle")
    with screen.page.expect_download() as saving:
        panel.button("Save original").click()
    saved = Path(saving.value.path()).read_bytes()
    originals = [path.read_bytes() for path in library_folder.glob("*/image.jpg")]

    assert saving.value.suggested_filename == "a-red-bicycle.jpg"
    assert saved in originals
    assert screen.complaints() == []


def test_the_panels_notebook_is_a_page_of_its_own(open_in: Opening) -> None:
    screen = open_in("voila", NOTEBOOK)
    panel = PanelPage(screen.page)
    panel.appear()

    panel.button("Generate").click()
    panel.told("Done.")

    assert panel.picture().get_attribute("alt") == "a red bicycle leaning on a sunlit wall"
    assert panel.root.evaluate("one => one.getBoundingClientRect().width") > 800
    screen.screenshot("voila")
    assert screen.complaints() == []
