"""The smallest parts of outputs: escaped text, embedded images, lines in small print, dimensions.

All styles are inline and limited to those that JupyterLab keeps in an untrusted notebook: no class, script or style
sheet. Small print is grey by opacity, which suits light and dark themes. This module knows nothing of results.
"""

from __future__ import annotations

import base64
import html

from cometmagic.system.sanitize import clean

SMALL_PRINT_STYLE = "font-size:.85em;line-height:1.5;opacity:0.75;margin:.3em 0;overflow-wrap:break-word"
FLUID_STYLE = "max-width:100%;height:auto"
# A slide shows a whole square image below its cell; the width stays, so nothing jumps while an image loads.
SCREEN_STYLE = f"{FLUID_STYLE};max-height:65vh;object-fit:contain;object-position:left top"


def escape_text(text: str) -> str:
    """Return foreign text as HTML text or an attribute's value."""
    return html.escape(clean(text), quote=True)


def wrap_small_print(inner_html: str) -> str:
    """Return a line in small print; `inner_html` is trusted HTML."""
    return f'<div style="{SMALL_PRINT_STYLE}">{inner_html}</div>'


def wrap_without_math(inner_html: str) -> str:
    """Return HTML in which front ends do not render formulas: "$5" in a model's text means dollars."""
    return f'<div class="mathjax_ignore tex2jax_ignore">{inner_html}</div>'


def encode_base64(content: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(content).decode()


def render_image(mime_type: str, content: bytes, alt: str, size: tuple[int, int], style: str = FLUID_STYLE) -> str:
    """Return an image embedded in the page; `size` is in CSS pixels and reserves its space."""
    source, (width, height) = f"data:{mime_type};base64,{encode_base64(content)}", size
    return f'<img src="{source}" alt="{escape_text(alt)}" width="{width}" height="{height}" style="{style}">'


def fit_size(width: int | None, height: int | None, max_side: int) -> tuple[int, int]:
    """Return the displayed width and height of an image in CSS pixels; square if its size is unknown."""
    width, height = width or max_side, height or max_side
    scale = min(1.0, max_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def format_dimensions(width: int | None, height: int | None, mime_type: str) -> str:
    """Return the pixel size of an image, or its type if the size is unknown."""
    return f"{width} × {height} px" if width else mime_type
