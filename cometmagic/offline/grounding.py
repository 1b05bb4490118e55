"""What a search found, made up: queries from the prompt's words, pages and pictures at example.org.

The shapes are those of the service: an answer drawn from a search must show its suggestion chip, and a
found image links to the page it stands on. Nothing is looked up.
"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import quote

_WORD = re.compile(r"[^\W_]{4,}")
_MAX_QUERY_WORDS = 4
_PAGES = (("encyclopedia", "{} - Encyclopedia"), ("guide", "A short guide to {}"))


def build_metadata(prompt: str, search_kinds: tuple[str, ...], text: str) -> dict[str, Any]:
    """Return the `groundingMetadata` of an answer with the words `text`."""
    query = " ".join(dict.fromkeys(_WORD.findall(prompt.lower()))) or "picture"
    query = " ".join(query.split()[:_MAX_QUERY_WORDS])
    found: dict[str, Any] = {"groundingChunks": []}
    if "web" in search_kinds:
        found["webSearchQueries"] = [query]
        found["groundingChunks"] += [_build_page(query, folder, title) for folder, title in _PAGES]
        found["searchEntryPoint"] = {"renderedContent": _build_search_chip(query)}
    if "image" in search_kinds:
        found["imageSearchQueries"] = [query]
        found["groundingChunks"].append(_build_image(query))
    if text:
        segment = {"startIndex": 0, "endIndex": len(text.encode()), "text": text}
        found["groundingSupports"] = [{"segment": segment, "groundingChunkIndices": [0]}]
    return found


def _build_page(query: str, folder: str, title_format: str) -> dict[str, Any]:
    uri = f"https://www.example.org/{folder}/{quote(query)}"
    return {"web": {"uri": uri, "title": title_format.format(query), "domain": "example.org"}}


def _build_image(query: str) -> dict[str, Any]:
    place = f"https://photos.example.org/{quote(query)}"
    return {
        "image": {
            "sourceUri": f"{place}/page.html",
            "imageUri": f"{place}/photo.jpg",
            "title": f"Photographs of {query}",
            "domain": "photos.example.org",
        }
    }


def _build_search_chip(query: str) -> str:
    address = f"https://www.example.org/search?q={quote(query)}"
    style = "display:inline-block;padding:4px 12px;border:1px solid #ccc;border-radius:16px;font-family:sans-serif"
    return f'<div class="container"><a class="chip" style="{style}" href="{address}">{html.escape(query)}</a></div>\n'
