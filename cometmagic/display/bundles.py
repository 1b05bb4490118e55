"""The larger pieces of outputs: lines as a bundle, tables, programs, what is folded away.

A bundle is the same thing as HTML and as plain text, for front ends without HTML. This module knows nothing of
results and plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from cometmagic.display.html import framed, quiet, text
from cometmagic.system.sanitize import clean, clean_line

Bundle = tuple[dict[str, str], dict[str, Any]]  # MIME bundle, metadata

LONGEST = 60  # characters of a place in a table of plain text
_TABLE = "font-size:.85em;border-collapse:collapse;margin:.3em 0"
_PLACE = "text-align:left;vertical-align:middle;padding:.2em 1.2em .2em 0"
# Front ends take their font for programs away from a <pre> in an output.
_PRE = "font-family:Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;"
_PRE += "font-size:.85em;line-height:1.45;margin:.3em 0"


def bundle(html: str, plain: str) -> Bundle:
    """Return HTML that is made here, and the same in plain text."""
    return {"text/html": framed(html), "text/plain": plain}, {}


def lines(*texts: str) -> Bundle:
    """Return some lines in small print."""
    return bundle(small_print(*texts), "\n".join(texts))


def plain(told: str) -> Bundle:
    """Return a text that has no HTML."""
    return {"text/plain": clean(told)}, {}


def together(*bundles: Bundle) -> Bundle:
    """Return several bundles of text as one, one below the other."""
    kinds = dict.fromkeys(kind for data, _ in bundles for kind in data)
    return {kind: "\n".join(data.get(kind, "") for data, _ in bundles) for kind in kinds}, {}


def small_print(*texts: str) -> str:
    """Return lines in small print."""
    return "".join(quiet(text(told)) for told in texts)


def program(told: str) -> str:
    """Return a text of many lines as it stands, to be selected and copied."""
    return f'<pre style="{_PRE}">{escape(clean(told, len(told) + 1))}</pre>'


def folded(title: str, inside: str) -> str:
    """Return HTML behind a title that opens it."""
    return f'<details style="margin:.3em 0"><summary>{text(title)}</summary>{inside}</details>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; what stands in its rows is HTML already."""
    inside = "".join(_row("td", row) for row in rows)
    return f'<table style="{_TABLE}"><thead>{_row("th", map(text, head))}</thead><tbody>{inside}</tbody></table>'


def _row(tag: str, places: Iterable[str]) -> str:
    inside = "".join(f'<{tag} style="{_PLACE}">{place}</{tag}>' for place in places)
    return f"<tr>{inside}</tr>"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table in plain text."""
    widths = [min(LONGEST, max(map(len, column))) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            f"{clean_line(place, LONGEST):<{width}}" for place, width in zip(row, widths, strict=True)
        ).rstrip()
