"""The building blocks of outputs: bundles of lines, tables, programs, folded sections.

A bundle holds the same content as HTML and as plain text, for front ends without HTML. This module knows nothing of
results and plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from cometmagic.display.html_parts import (
    SCREEN_STYLE,
    encode_base64,
    escape_text,
    render_image,
    wrap_small_print,
    wrap_without_math,
)
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


def build_image(mime_type: str, content: bytes, alt: str, size: tuple[int, int]) -> Bundle:
    """Return an image as HTML and as an output of its own type; `size` is in CSS pixels.

    The HTML is for notebooks: JupyterLab and nbconvert keep the alternative text of an <img> only. The other is for
    PDF, Markdown and front ends without HTML.
    """
    html = wrap_without_math(render_image(mime_type, content, alt, size, SCREEN_STYLE))
    facts = {"width": size[0], "height": size[1], "alt": alt}
    return {"text/html": html, mime_type: encode_base64(content)}, {"vscode_altText": alt, mime_type: facts}


def drop_html(bundle: Bundle) -> Bundle:
    """Return a bundle without its HTML: exporters write the image to a file then."""
    return {mime_type: content for mime_type, content in bundle[0].items() if mime_type != "text/html"}, bundle[1]


def build_lines(*texts: str) -> Bundle:
    """Return a bundle of lines in small print."""
    return build_bundle(render_small_print(*texts), "\n".join(texts))


def build_plain_text(plain_text: str) -> Bundle:
    """Return a bundle of plain text without HTML."""
    return {"text/plain": clean(plain_text)}, {}


def join_bundles(*bundles: Bundle) -> Bundle:
    """Return several bundles as one: their texts below each other, and the first content of any other type."""
    contents: dict[str, list[str]] = {}
    metadata: dict[str, Any] = {}
    for data, bundle_metadata in bundles:
        for mime_type, content in data.items():
            contents.setdefault(mime_type, []).append(content)
        metadata = bundle_metadata | metadata
    return {
        mime_type: "\n".join(texts) if mime_type.startswith("text/") else texts[0]
        for mime_type, texts in contents.items()
    }, metadata


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
