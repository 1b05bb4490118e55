"""What a model looked up: its queries, its sources as links, and the provider's search suggestion.

All of it is foreign. Only http(s) addresses become links, each with the host it leads to beside it, and what was
found as an image leads to its page first. The suggestion is HTML of the provider, which its terms ask to show: it
stands in a frame of its own, which runs nothing and loads nothing. Its links must work, so the frame may open a tab
when one is clicked, as any link may.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from cometmagic.display.html import quiet, text
from cometmagic.gemini.response import Grounding, GroundingSource
from cometmagic.system.sanitize import clean_line

MOST_SOURCES = 20
LARGEST_SUGGESTION = 15_000  # characters; the service's have about 5,000
SUGGESTION_HEIGHT = 60  # CSS pixels: one row of chips

_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'"
_HEAD = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><base target="_blank">'
_FRAME = (
    f"display:block;width:640px;max-width:100%;height:{SUGGESTION_HEIGHT}px;border:0;border-radius:4px;background:white"
)
_LIST = "margin:0;padding:0 0 0 2em"


def page(found: Grounding) -> str:
    """Return HTML with what was looked up; none when nothing was."""
    return "".join([*_queries(found), *_sources(found.sources), *_suggestion(found.suggestion)])


def plain(found: Grounding) -> Iterator[str]:
    """Yield the same as lines of text."""
    if found.queries:
        yield f"Searched for: {'; '.join(dict.fromkeys(found.queries))}"
    for number, source in enumerate(found.sources[:MOST_SOURCES], 1):
        yield f"{number}. {source.title}: {source.uri}"
    if more := _more(found.sources):
        yield more


def _queries(found: Grounding) -> Iterator[str]:
    if found.queries:
        told = ", ".join(f"“{text(query)}”" for query in dict.fromkeys(found.queries))
        yield quiet(f"Searched for {told}")


def _sources(sources: tuple[GroundingSource, ...]) -> Iterator[str]:
    rows = "".join(f"<li>{_source(source)}</li>" for source in sources[:MOST_SOURCES])
    if rows:
        yield quiet(f'<ol style="{_LIST}">{rows}</ol>{_more(sources)}')


def _more(sources: tuple[GroundingSource, ...]) -> str:
    left = len(sources) - MOST_SOURCES
    return f"and {left} more, in the result's .grounding" if left > 0 else ""


def _source(source: GroundingSource) -> str:
    host = _host(source.uri)
    told = f"{_link(source.uri, source.title)} {text(host)}".strip()
    if source.image_uri:
        told += f" ({_link(source.image_uri, 'its image')})" if _host(source.image_uri) else " (its image)"
    return told


def _link(address: str, title: str) -> str:
    """Return a link, or the title alone where the address is none that may be followed."""
    if not _host(address):
        return text(title)
    return f'<a href="{text(address)}" target="_blank" rel="noopener noreferrer">{text(title)}</a>'


def _host(address: str) -> str:
    """Return the host an http(s) address leads to, in ASCII so that none looks like another; else nothing."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:
        return ""
    return clean_line(host, 100) if parts.scheme in ("http", "https") else ""


def _suggestion(foreign: str) -> Iterator[str]:
    if foreign.strip() and len(foreign) <= LARGEST_SUGGESTION:
        inside = f'srcdoc="{text(_HEAD + foreign)}" title="Search suggestions"'
        yield f'<iframe sandbox="{_SANDBOX}" {inside} style="{_FRAME}"></iframe>'
