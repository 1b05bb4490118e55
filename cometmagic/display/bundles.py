"""The building blocks of outputs: bundles of lines, tables, programs, folded sections.

A bundle holds the same content as HTML and as plain text, for front ends without HTML. This module knows nothing of
results and plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from cometmagic.display.html_parts import escape_text, wrap_small_print, wrap_without_math
from cometmagic.system.sanitize import clean, clean_line

Bundle = tuple[dict[str, str], dict[str, Any]]  # MIME bundle, metadata

MAX_COLUMN_WIDTH = 60  # characters of a cell in a table of plain text
_TABLE_STYLE = "font-size:.85em;border-collapse:collapse;margin:.3em 0"
_TABLE_CELL_STYLE = "text-align:left;vertical-align:middle;padding:.2em 1.2em .2em 0"
# Front ends do not use their code font for a <pre> in an output.
_PROGRAM_STYLE = "font-family:Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;"
_PROGRAM_STYLE += "font-size:.85em;line-height:1.45;margin:.3em 0"


def build_bundle(html: str, plain_text: str) -> Bundle:
    """Return a bundle of trusted HTML and the same content as plain text, which is cleaned."""
    return {"text/html": wrap_without_math(html), "text/plain": clean(plain_text, len(plain_text) + 1)}, {}


def build_lines(*texts: str) -> Bundle:
    """Return a bundle of lines in small print."""
    return build_bundle(render_small_print(*texts), "\n".join(texts))


def build_plain_text(plain_text: str) -> Bundle:
    """Return a bundle of plain text without HTML."""
    return {"text/plain": clean(plain_text)}, {}


def join_bundles(*bundles: Bundle) -> Bundle:
    """Return the texts of several bundles as one bundle, each below the one before."""
    mime_types = dict.fromkeys(mime_type for data, _ in bundles for mime_type in data)
    return {name: "\n".join(data.get(name, "") for data, _ in bundles) for name in mime_types}, {}


def render_small_print(*texts: str) -> str:
    """Return HTML of lines in small print."""
    return "".join(wrap_small_print(escape_text(text)) for text in texts)


def render_code_block(code: str) -> str:
    """Return HTML of a program, unchanged, to be selected and copied."""
    return f'<pre style="{_PROGRAM_STYLE}">{escape(clean(code, len(code) + 1))}</pre>'


def render_details(title: str, inner_html: str) -> str:
    """Return a folded section; a click on its title opens it."""
    return f'<details style="margin:.3em 0"><summary>{escape_text(title)}</summary>{inner_html}</details>'


def render_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells of `rows` are HTML, those of `header` are text."""
    header_row, body = _render_row("th", map(escape_text, header)), "".join(_render_row("td", row) for row in rows)
    return f'<table style="{_TABLE_STYLE}"><thead>{header_row}</thead><tbody>{body}</tbody></table>'


def _render_row(tag: str, cells: Iterable[str]) -> str:
    inner_html = "".join(f'<{tag} style="{_TABLE_CELL_STYLE}">{cell}</{tag}>' for cell in cells)
    return f"<tr>{inner_html}</tr>"


def align_rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table in plain text."""
    widths = [min(MAX_COLUMN_WIDTH, max(map(len, column))) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            f"{clean_line(cell, MAX_COLUMN_WIDTH):<{width}}" for cell, width in zip(row, widths, strict=True)
        ).rstrip()
