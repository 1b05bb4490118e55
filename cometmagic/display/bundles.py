"""The larger pieces of outputs: lines as a bundle, tables, programs, what is folded away.

A bundle is the same thing as HTML and as plain text, for front ends without HTML. This module knows nothing of
results and plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from cometmagic.display.html_parts import escape_text, wrap_small_print, wrap_without_math
from cometmagic.system.sanitize import clean, clean_line

Bundle = tuple[dict[str, str], dict[str, Any]]  # MIME bundle, metadata

MAX_COLUMN_WIDTH = 60  # characters of a place in a table of plain text
_TABLE_STYLE = "font-size:.85em;border-collapse:collapse;margin:.3em 0"
_TABLE_CELL_STYLE = "text-align:left;vertical-align:middle;padding:.2em 1.2em .2em 0"
# Front ends take their font for programs away from a <pre> in an output.
_PROGRAM_STYLE = "font-family:Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;"
_PROGRAM_STYLE += "font-size:.85em;line-height:1.45;margin:.3em 0"


def build_bundle(html: str, plain_text: str) -> Bundle:
    """Return HTML that is made here, and the same in plain text."""
    return {"text/html": wrap_without_math(html), "text/plain": plain_text}, {}


def build_lines(*texts: str) -> Bundle:
    """Return some lines in small print."""
    return build_bundle(render_small_print(*texts), "\n".join(texts))


def build_plain_text(plain_text: str) -> Bundle:
    """Return a text that has no HTML."""
    return {"text/plain": clean(plain_text)}, {}


def join_bundles(*bundles: Bundle) -> Bundle:
    """Return several bundles of text as one, one below the other."""
    kinds = dict.fromkeys(kind for data, _ in bundles for kind in data)
    return {kind: "\n".join(data.get(kind, "") for data, _ in bundles) for kind in kinds}, {}


def render_small_print(*texts: str) -> str:
    """Return lines in small print."""
    return "".join(wrap_small_print(escape_text(told)) for told in texts)


def render_program(code: str) -> str:
    """Return a text of many lines as it stands, to be selected and copied."""
    return f'<pre style="{_PROGRAM_STYLE}">{escape(clean(code, len(code) + 1))}</pre>'


def render_details(title: str, inner_html: str) -> str:
    """Return HTML behind a title that opens it."""
    return f'<details style="margin:.3em 0"><summary>{escape_text(title)}</summary>{inner_html}</details>'


def render_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; what stands in its rows is HTML already."""
    head, body = _render_row("th", map(escape_text, header)), "".join(_render_row("td", row) for row in rows)
    return f'<table style="{_TABLE_STYLE}"><thead>{head}</thead><tbody>{body}</tbody></table>'


def _render_row(tag: str, cells: Iterable[str]) -> str:
    inside = "".join(f'<{tag} style="{_TABLE_CELL_STYLE}">{place}</{tag}>' for place in cells)
    return f"<tr>{inside}</tr>"


def align_rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table in plain text."""
    widths = [min(MAX_COLUMN_WIDTH, max(map(len, column))) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            f"{clean_line(place, MAX_COLUMN_WIDTH):<{width}}" for place, width in zip(row, widths, strict=True)
        ).rstrip()
