"""What the styles and scripts of a notebook may do to a picture beyond drawing it in the flow of the text.

A picture that is positioned, cropped, laid over another, or read by a script must keep its pixels. What cannot be
ruled out counts as done. This module knows nothing of what is replaced, nor by what.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Attributes = dict[str, str | None]
_PLACEMENT = re.compile(
    r"position|object-|overflow[\w-]*\s*:\s*(?:hidden|clip)|clip|mask|(?<!text-)transform|translate|inset|zoom"
    r"|pixelated|crisp-edges|background\s*:[^;]*url|margin[\w-]*\s*:[^;]*-\s*\.?\d",
    re.IGNORECASE,
)
_STYLE_SHEET = re.compile(r"<style\b[^>]*>(.*?)</style", re.IGNORECASE | re.DOTALL)
_SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_COMBINATOR = re.compile(r"[\s>+~]+")
_NAME = re.compile(r"[.#]([\w-]+)")
_TAG = re.compile(r"[a-z*][a-z0-9]*", re.IGNORECASE)
_QUOTED = re.compile(r"""(?<!createElement\()["'`]([^"'`<\n]{1,80})["'`]""")  # not of elements a script makes itself
_WORD = re.compile(r"[\w-]+")
_READING_ATTRIBUTES = {"usemap", "ismap", "srcset", "download", "background"}


class PageRules:
    """The names of elements, classes and ids that the style sheets place and the scripts of a notebook mention."""

    def __init__(self, texts: Iterable[str], scripts: Iterable[str]) -> None:
        """`texts` are HTML and Markdown, `scripts` are programs in JavaScript."""
        self._placed: set[str] = set()
        self._scripted = {word for script in scripts for word in _find_words(script)}
        for text in texts:
            for style_sheet in _STYLE_SHEET.findall(text):
                self._placed.update(_find_placed(style_sheet))
            for script in _SCRIPT.findall(text):
                self._scripted.update(_find_words(script))

    def is_fixed(self, tag: str, attributes: Attributes) -> bool:
        """Whether an element, and what it holds, is placed or read by a script."""
        names = {*(attributes.get("class") or "").split(), attributes.get("id") or ""}
        return (
            bool(_READING_ATTRIBUTES & attributes.keys())
            or any(name.startswith("on") for name in attributes)
            or bool(_PLACEMENT.search(attributes.get("style") or ""))
            or not self._placed.isdisjoint({tag, "*", *names})
            or not self._scripted.isdisjoint(names | ({"img"} if tag == "img" else set()))
        )


def _find_words(script: str) -> set[str]:
    """Return the words in the strings of a script, which may find elements."""
    words = {word for text in _QUOTED.findall(script) for word in _WORD.findall(text)}
    return words | ({"img"} if "document.images" in script else set())


def _find_placed(style_sheet: str) -> set[str]:
    """Return a name for each selector of the rules that place something."""
    names: set[str] = set()
    for rule in _COMMENT.sub("", style_sheet).split("}"):
        *selectors, body = rule.split("{")
        if selectors and _PLACEMENT.search(body):
            names.update(map(_find_name, selectors[-1].split(",")))
    return names


def _find_name(selector: str) -> str:
    """Return a class or id of the element that a selector means, or of one around it, or else its tag."""
    element = _COMBINATOR.split(selector.strip())[-1]
    tag = _TAG.match(element)
    names = _NAME.findall(element) or ([] if tag and tag[0].lower() == "img" else _NAME.findall(selector))
    return names[-1] if names else tag[0].lower() if tag else "*"
