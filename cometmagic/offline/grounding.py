"""Invented search results: queries from the prompt's words, pages and photos at example.org.

The format is the service's: a response based on a search must show its suggestion chip, and an image links
to the page it appears on. Nothing is searched.
"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import quote

_WORD_PATTERN = re.compile(r"[^\W_]{4,}")
_MAX_QUERY_WORDS = 4
_PAGES = (("encyclopedia", "{} - Encyclopedia"), ("guide", "A short guide to {}"))


def build_metadata(prompt: str, search_kinds: tuple[str, ...], text: str) -> dict[str, Any]:
    """Return the `groundingMetadata` of a response whose text is `text`."""
    query = " ".join(dict.fromkeys(_WORD_PATTERN.findall(prompt.lower()))) or "picture"
    query = " ".join(query.split()[:_MAX_QUERY_WORDS])
    metadata: dict[str, Any] = {"groundingChunks": []}
    if "web" in search_kinds:
        metadata["webSearchQueries"] = [query]
        metadata["groundingChunks"] += [_build_page(query, folder, title) for folder, title in _PAGES]
        metadata["searchEntryPoint"] = {"renderedContent": _build_search_chip(query)}
    if "image" in search_kinds:
        metadata["imageSearchQueries"] = [query]
        metadata["groundingChunks"].append(_build_image(query))
    if text:
        segment = {"startIndex": 0, "endIndex": len(text.encode()), "text": text}
        metadata["groundingSupports"] = [{"segment": segment, "groundingChunkIndices": [0]}]
    return metadata


def _build_page(query: str, folder: str, title_format: str) -> dict[str, Any]:
    uri = f"https://www.example.org/{folder}/{quote(query)}"
    return {"web": {"uri": uri, "title": title_format.format(query), "domain": "example.org"}}


def _build_image(query: str) -> dict[str, Any]:
    url = f"https://photos.example.org/{quote(query)}"
    return {
        "image": {
            "sourceUri": f"{url}/page.html",
            "imageUri": f"{url}/photo.jpg",
            "title": f"Photographs of {query}",
            "domain": "photos.example.org",
        }
    }


def _build_search_chip(query: str) -> str:
    url = f"https://www.example.org/search?q={quote(query)}"
    style = "display:inline-block;padding:4px 12px;border:1px solid #ccc;border-radius:16px;font-family:sans-serif"
    return f'<div class="container"><a class="chip" style="{style}" href="{url}">{html.escape(query)}</a></div>\n'
