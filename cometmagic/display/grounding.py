"""The web search behind a response: queries, sources as links, and the provider's search suggestion.

All of it is foreign text. Only http(s) addresses become links, each followed by its host; the source of an image links
to its page first. The suggestion is HTML that the provider's terms require to be shown: it is put into a sandboxed
frame that runs no script and loads nothing. The frame may open a new tab, so that the links in it work.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from cometmagic.display.html_parts import escape_text, wrap_small_print
from cometmagic.gemini.response import Grounding, GroundingSource
from cometmagic.system.sanitize import clean_line

MAX_SOURCES = 20
MAX_SUGGESTION_LENGTH = 15_000  # characters; the service sends about 5,000
SUGGESTION_HEIGHT = 60  # CSS pixels: one row of chips

_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'"
_FRAME_HEAD = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><base target="_blank">'
_FRAME_STYLE = (
    f"display:block;width:640px;max-width:100%;height:{SUGGESTION_HEIGHT}px;border:0;border-radius:4px;background:white"
)
_LIST_STYLE = "margin:0;padding:0 0 0 2em"


def render_html(grounding: Grounding) -> str:
    """Return HTML with queries, sources and suggestion, or "" without a search."""
    return "".join(
        [*_render_queries(grounding), *_render_sources(grounding.sources), *_render_suggestion(grounding.suggestion)]
    )


def render_text(grounding: Grounding) -> Iterator[str]:
    """Yield the same content as lines of text."""
    if grounding.queries:
        yield f"Searched for: {'; '.join(dict.fromkeys(grounding.queries))}"
    for number, source in enumerate(grounding.sources[:MAX_SOURCES], 1):
        yield f"{number}. {source.title}: {source.uri}"
    if remainder := _format_remainder(grounding.sources):
        yield remainder


def _render_queries(grounding: Grounding) -> Iterator[str]:
    if grounding.queries:
        queries = ", ".join(f"“{escape_text(query)}”" for query in dict.fromkeys(grounding.queries))
        yield wrap_small_print(f"Searched for {queries}")


def _render_sources(sources: tuple[GroundingSource, ...]) -> Iterator[str]:
    rows = "".join(f"<li>{_render_source(source)}</li>" for source in sources[:MAX_SOURCES])
    if rows:
        yield wrap_small_print(f'<ol style="{_LIST_STYLE}">{rows}</ol>{_format_remainder(sources)}')


def _format_remainder(sources: tuple[GroundingSource, ...]) -> str:
    count = len(sources) - MAX_SOURCES
    return f"and {count} more, in the result's .grounding" if count > 0 else ""


def _render_source(source: GroundingSource) -> str:
    host = _parse_host(source.uri)
    html = f"{_render_link(source.uri, source.title)} {escape_text(host)}".strip()
    if source.image_uri:
        html += f" ({_render_link(source.image_uri, 'its image')})" if _parse_host(source.image_uri) else " (its image)"
    return html


def _render_link(address: str, title: str) -> str:
    """Return a link, or only the title if the address is not http(s)."""
    if not _parse_host(address):
        return escape_text(title)
    return f'<a href="{escape_text(address)}" target="_blank" rel="noopener noreferrer">{escape_text(title)}</a>'


def _parse_host(address: str) -> str:
    """Return the host of an http(s) address, else ""; in ASCII, so that no host can look like another."""
    try:
        url = urlsplit(address)
        host = (url.hostname or "").encode("idna").decode()
    except ValueError:
        return ""
    return clean_line(host, 100) if url.scheme in ("http", "https") else ""


def _render_suggestion(suggestion_html: str) -> Iterator[str]:
    if suggestion_html.strip() and len(suggestion_html) <= MAX_SUGGESTION_LENGTH:
        attributes = f'srcdoc="{escape_text(_FRAME_HEAD + suggestion_html)}" title="Search suggestions"'
        yield f'<iframe sandbox="{_SANDBOX}" {attributes} style="{_FRAME_STYLE}"></iframe>'
