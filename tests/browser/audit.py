"""What an accessibility audit says of a part of a page: axe-core, injected."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TALL = 6000  # pixels: what has to be scrolled to is not looked at
_LAID_OUT = """selector => {
    const part = document.querySelector(selector), box = part.getBoundingClientRect();
    return part.contains(document.elementFromPoint(box.left + box.width / 2, box.bottom - 5));
}"""
# JupyterLab's body has no height and hides what flows over it, which axe takes for a page with nothing on it.
_SEEN = "document.body.style.overflow = 'visible'"


def audited(page: Page, selector: str) -> tuple[int, list[tuple[str, str, str]]]:
    """Return how many elements have a good contrast, and (rule, element, why) of what is serious or critical."""
    before = page.viewport_size
    page.set_viewport_size({"width": 1280, "height": TALL})
    page.wait_for_function(_LAID_OUT, arg=selector)
    page.evaluate(_SEEN)
    results: dict[str, Any] = Axe().run(page, context=selector, options={}).response
    if before is not None:
        page.set_viewport_size(before)
    contrasts = [len(one["nodes"]) for one in results["passes"] if one["id"] == "color-contrast"]
    return sum(contrasts), [
        (one["id"], node["html"], node["failureSummary"])
        for one in results["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
