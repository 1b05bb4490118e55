"""The reference images of a panel by a real mouse and by the keyboard alone: dragged, moved, removed, refused."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Opener
from tests.browser.panel_page import PanelPage
from tests.browser.test_panel_lab import shown
from tests.notebook.answers import painted

NAMES = {"a.png": "teal", "b.png": "orange", "c.png": "purple"}
HAT = painted("PNG", 60, 60, "red")
PICTURES = f"from PIL import Image\nfor name, colour in {NAMES}.items(): Image.new('RGB', (90, 60), colour).save(name)"
CELL = f"import cometmagic\npanel = cometmagic.panel('a cat', images={list(NAMES)})\npanel"
OTHER = "photo = 5\nother = cometmagic.panel('a dog', images=['a.png'])\nother"


MINE = "application/x-cometmagic-reference"
DATA = """([type, name, content]) => {
    const data = new DataTransfer();
    if (type) data.setData(type, '');
    data.items.add(new File([new Uint8Array(content)], name, {type: 'image/png'}));
    return data;
}"""
LISTEN = """() => document.addEventListener('dragstart', ({ target, dataTransfer }) => {
    globalThis.begun = [target.localName, dataTransfer.types.includes('Files')];
}, true)"""
BEGUN = "() => globalThis.begun"
BUSY = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)"
CODE = "code => { jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }); }"


def thumbs(panel: PanelPage) -> Locator:
    return panel.root.get_by_role("list", name="Reference images").get_by_role("listitem")


def line(*names: str) -> str:
    return " ".join(f"--image {name}" for name in names) + "\na cat"


def stand(panel: PanelPage, *names: str) -> None:
    """Wait until these are the reference images: in the cell, and then in the list, which hears of it later."""
    panel.says(line(*names))
    for at, name in enumerate(names):
        expect(thumbs(panel).nth(at)).to_have_attribute("title", name)


def drop(panel: PanelPage, kind: str, name: str, content: list[int] | int) -> None:
    """Drop a file of these bytes, or of so many zeros, on the pictures, with another type of data beside it."""
    data = panel.page.evaluate_handle(DATA, [kind, name, content])
    for event in ("dragenter", "dragover", "drop"):
        thumbs(panel).first.dispatch_event(event, {"dataTransfer": data})


def drag(panel: PanelPage, source: Locator, target: Locator, share: float) -> None:
    """Drag the picture of a thumbnail to a share of the width of another, by the mouse."""
    mouse, at = panel.page.mouse, target.bounding_box()
    assert at is not None
    source.locator("img").hover()
    mouse.down()
    mouse.move(at["x"] + at["width"] * share, at["y"] + 10, steps=8)


def test_a_reference_is_dragged_to_its_place(shared_lab: Opener, tmp_path: Path) -> None:
    screen, panel = shown(shared_lab, tmp_path, PICTURES, CELL, OTHER)
    other = PanelPage(screen.page, 1)
    other.references(1)
    panel.has_references(*NAMES)

    drag(panel, thumbs(panel).nth(2), thumbs(panel).nth(0), 0.2)
    expect(thumbs(panel).nth(0)).to_have_class("cm-thumb cm-before")
    screen.screenshot("dragged")
    panel.page.mouse.up()
    stand(panel, "c.png", "a.png", "b.png")
    expect(panel.root.locator(".cm-before, .cm-after")).to_have_count(0)

    drag(panel, thumbs(panel).nth(0), thumbs(panel).nth(1), 0.8)
    panel.page.mouse.up()
    stand(panel, "a.png", "c.png", "b.png")

    # Beside a picture, where the mark is; the list is another while it is held, then a file comes.
    drag(panel, thumbs(panel).nth(0), thumbs(panel).nth(2), 1.05)
    expect(thumbs(panel).nth(2)).to_have_class("cm-thumb cm-after")
    panel.page.mouse.up()
    stand(panel, "c.png", "b.png", "a.png")
    drag(panel, thumbs(panel).nth(2), thumbs(panel).nth(0), 0.2)
    screen.page.evaluate(CODE, "panel.references = ('a.png', 'c.png', 'b.png')")
    stand(panel, "a.png", "c.png", "b.png")
    drop(panel, "", "large.png", 65_000_000)
    expect(panel.root.get_by_text("large.png is larger than 64 MB.")).to_be_visible()
    panel.page.mouse.up()
    drop(
        panel, MINE, "cap.png", [*painted("PNG", 60, 60, "navy")]
    )  # a browser that makes a file of what is dragged all the same

    # Onto itself, out of the list, to another panel: nothing happens, and no picture becomes a file of its own.
    for target in (thumbs(panel).nth(1), panel.button("Generate"), thumbs(other).nth(0)):
        drag(panel, thumbs(panel).nth(1), target, 0.4)
        panel.page.mouse.up()
    panel.drop("hat.png", HAT)  # a file still is one, and comes after all of that
    *held, added = panel.references(4)
    assert held == ["a.png", "c.png", "b.png"]
    assert Path(screen.server.root, added).read_bytes() == HAT
    other.has_references("a.png")

    screen.page.evaluate(LISTEN)
    for movable, told in ((False, ["li", False]), (True, ["img", True])):  # the second is the positive control
        thumbs(panel).nth(0).locator("img").evaluate("(image, movable) => image.draggable = movable", movable)
        drag(panel, thumbs(panel).nth(0), panel.button("Generate"), 0.4)
        panel.page.mouse.up()
        assert screen.page.evaluate(BEGUN) == told
    assert screen.complaints() == []


def test_the_keyboard_moves_and_removes_and_keeps_its_place(shared_lab: Opener, tmp_path: Path) -> None:
    screen, panel = shown(shared_lab, tmp_path, PICTURES, CELL, OTHER)
    panel.references(3)
    keys, said = screen.page.keyboard, panel.root.locator(".cm-drop [role=status]")

    panel.button("Move reference 1 later").focus()
    keys.press("Enter")
    stand(panel, "b.png", "a.png", "c.png")
    expect(panel.button("Move reference 2 later")).to_be_focused()
    expect(said).to_have_text("Moved to place 2 of 3.")
    keys.press("Enter")
    stand(panel, "b.png", "c.png", "a.png")
    expect(panel.button("Move reference 3 earlier")).to_be_focused()  # no later place; a key held down removes nothing
    keys.press("Tab")
    expect(panel.button("Remove reference 3")).to_be_focused()
    keys.press("Space")
    stand(panel, "b.png", "c.png")
    expect(panel.button("Remove reference 2")).to_be_focused()
    expect(said).to_have_text("Removed.")
    for number in (2, 1):
        panel.button(f"Remove reference {number}").press("Enter")
        expect(thumbs(panel)).to_have_count(number - 1)
    expect(panel.button("Add pictures…")).to_be_focused()

    screen.page.evaluate(CODE, "panel.references = ('a.png', 'b.png')")
    panel.references(2)
    screen.page.evaluate(CODE, BUSY)  # a kernel that answers late takes the focus from nothing
    panel.button("Move reference 1 later").press("Enter")
    panel.field.focus()
    expect(said).to_have_text("Removed.")
    screen.server.root.joinpath("go").touch()
    stand(panel, "b.png", "a.png")
    expect(said).to_have_text("Moved to place 2 of 2.")
    expect(panel.field).to_be_focused()
    panel.button("Move reference 1 later").focus()
    screen.page.evaluate(CODE, "panel.references = ()")  # taken away by others
    expect(panel.button("Add pictures…")).to_be_focused()

    named = panel.root.get_by_role("textbox", name="Reference image by variable")
    named.fill("photo")
    named.press("Enter")
    wrong = panel.root.get_by_role("region", name="Reference images").get_by_role("alert")
    expect(wrong).to_contain_text("photo")
    expect(named).to_have_value("photo")  # to be mended
    screen.screenshot("refused")
    named.fill("a.png")
    panel.button("Add").dblclick()
    stand(panel, "a.png")
    expect(named).to_have_value("")
    expect(wrong).to_be_hidden()
    screen.page.evaluate(CODE, "panel.references += ('https://example.com/', 'nowhere')")
    expect(thumbs(panel).get_by_role("img", name="Reference 2: example.com")).to_have_text("example.com")
    expect(thumbs(panel).get_by_role("img", name="Reference 3: nowhere: there is")).to_contain_text("there is neither")
    assert screen.complaints() == []


def test_what_is_filled_anew_keeps_the_focus(shared_lab: Opener, tmp_path: Path) -> None:
    screen, panel = shown(
        shared_lab, tmp_path, "import cometmagic\npanel = cometmagic.panel('a cat', thoughts=True)\npanel"
    )
    for _ in range(2):
        panel.button("Generate").click()
        expect(panel.button("Generate")).to_have_attribute("aria-disabled", "true")
        expect(panel.button("Generate")).to_have_attribute("aria-disabled", "false")
    history = panel.root.get_by_role("list", name="Made with this panel").get_by_role("button")
    expect(history).to_have_count(2)

    panel.button("Edit this").click()
    chip = panel.button("Do not edit")
    chip.focus()
    panel.page.evaluate("document.querySelector('.cm-flag input').click()")  # another control is set meanwhile
    panel.says("%%gemini_image --edit")
    expect(chip).to_be_focused()
    panel.page.keyboard.press("Enter")
    expect(panel.field).to_be_focused()
    expect(chip).to_have_count(0)

    history.first.focus()
    panel.page.keyboard.press("Enter")
    expect(history.first).to_have_attribute("aria-current", "true")
    expect(history.first).to_be_focused()
    panel.button("Draft 2").focus()
    panel.page.keyboard.press("Enter")
    expect(panel.button("Draft 2")).to_be_focused()
    slider = panel.root.get_by_role("slider", name="Before and after")
    slider.focus()
    screen.page.evaluate(CODE, "panel.result = cometmagic.generate('a dog')")  # which has no drafts
    expect(slider).to_be_hidden()
    expect(panel.button("Edit this")).to_be_focused()
    expect(history).to_have_count(3)
    panel.button("Same again").click()
    expect(panel.button("Same again")).to_have_attribute("aria-disabled", "true")
    expect(history).to_have_count(4)
    expect(panel.button("Same again")).to_have_attribute("aria-disabled", "false")
    assert screen.complaints() == []
