"""A panel on the screen: what a user does to it, and what is seen of it. It knows no front end."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 60_000
_FILES = """([name, content]) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(content), one => one.charCodeAt(0))], name, {type: 'image/png'}));
    return data;
}"""


@dataclass
class PanelPage:
    """A panel of a page: the first, or another."""

    page: Page
    at: int = 0

    @property
    def root(self) -> Locator:
        return self.page.locator(".cometmagic-panel").nth(self.at)

    @property
    def field(self) -> Locator:
        """Where the prompt is typed."""
        return self.root.get_by_role("textbox", name="Prompt")

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def appear(self) -> None:
        """Wait until the panel is drawn and its cell stands in it."""
        self.button("Generate").wait_for(timeout=PATIENCE_MS)
        expect(self.root.locator("pre code")).to_contain_text("%%gemini_image")

    def prompt(self, text: str) -> None:
        """Type a prompt, letter by letter."""
        self.field.fill("")
        self.field.press_sequentially(text)

    def choose(self, group: str, choice: str) -> None:
        """Choose one of a group of tiles, and wait until the cell says so."""
        tile = self.root.get_by_role("group", name=group).get_by_role("radio", name=choice, exact=True)
        tile.check()
        self.says(choice)

    def says(self, words: str) -> None:
        """Wait until the panel's cell has these words."""
        expect(self.root.locator("pre code")).to_contain_text(words, timeout=PATIENCE_MS)

    def cell(self) -> str:
        """Return the text of the panel's cell."""
        return self.root.locator("pre code").text_content() or ""

    def copied(self) -> str:
        """Press the copy button and return what is on the clipboard then."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.button("Copy cell").click()
        expect(self.root.get_by_text("Copied.")).to_be_visible()
        return str(self.page.evaluate("navigator.clipboard.readText()"))

    def upload(self, name: str, content: bytes) -> None:
        """Choose a file for the reference images."""
        file: Any = {"name": name, "mimeType": "image/png", "buffer": content}
        self.root.locator("input[type=file]").set_input_files(file)

    def drop(self, name: str, content: bytes) -> None:
        """Drop a file on the reference images."""
        data = self.page.evaluate_handle(_FILES, [name, base64.b64encode(content).decode()])
        place = self.root.get_by_role("region", name="Reference images")
        for event in ("dragenter", "dragover", "drop"):
            place.dispatch_event(event, {"dataTransfer": data})

    def references(self, number: int) -> list[str]:
        """Wait until so many reference images are shown, and return how the cell names them."""
        shown = self.root.get_by_role("list", name="Reference images").get_by_role("listitem")
        expect(shown).to_have_count(number, timeout=PATIENCE_MS)
        expect(shown.get_by_role("img")).to_have_count(number)
        return list(shown.evaluate_all("items => items.map((item) => item.title)"))

    def has_references(self, *words: str) -> None:
        """Wait until these reference images are shown, in this order."""
        shown = self.root.get_by_role("list", name="Reference images").get_by_role("listitem")
        expect(shown).to_have_count(len(words), timeout=PATIENCE_MS)
        for place, word in enumerate(words):
            expect(shown.nth(place)).to_have_attribute("title", word)

    def told(self, words: str) -> None:
        """Wait until the line below the button has these words."""
        expect(self.root.locator(".cm-told")).to_contain_text(words, timeout=PATIENCE_MS)

    def picture(self) -> Locator:
        """Return the large picture, once it is drawn."""
        shown = self.root.locator(".cm-frame img:not(.cm-above)")
        shown.wait_for(timeout=PATIENCE_MS)
        expect(shown).not_to_have_js_property("naturalWidth", 0)  # while another image is loaded
        return shown

    def slide(self, share: int) -> float:
        """Move the slider to a percentage, and return which share of the draft is seen then."""
        self.root.get_by_role("slider", name="Before and after").fill(str(share))
        above = self.root.locator(".cm-above")
        seen = above.evaluate("image => getComputedStyle(image).clipPath.match(/inset\\(0px (.+?) 0px/)[1]")
        return share if str(100 - share) in seen or seen == "calc(0%)" else -1.0
