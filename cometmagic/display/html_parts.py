"""The pieces that outputs are made of: escaped text, pictures in the page, lines in small print.

Styles stand inline and are of the few that JupyterLab leaves in a notebook that it does not trust, so there is no
class, no script and no sheet; what greys a text is its opacity, which suits light and dark themes. This module knows
nothing of results.
"""

from __future__ import annotations

import base64
import html

from cometmagic.system.sanitize import clean

SMALL_PRINT_STYLE = "font-size:.85em;line-height:1.5;opacity:0.75;margin:.3em 0;overflow-wrap:break-word"
FLUID_STYLE = "max-width:100%;height:auto"


def escape_text(text: str) -> str:
    """Return foreign words as HTML text or an attribute's value."""
    return html.escape(clean(text), quote=True)


def wrap_small_print(inner_html: str) -> str:
    """Return a line in small print; what is `inside` is HTML."""
    return f'<div style="{SMALL_PRINT_STYLE}">{inner_html}</div>'


def wrap_without_math(inner_html: str) -> str:
    """Return HTML in which front ends look for no formulas: a model that speaks of $5 means dollars."""
    return f'<div class="mathjax_ignore tex2jax_ignore">{inner_html}</div>'


def encode_base64(content: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(content).decode()


def render_image(mime_type: str, content: bytes, alt: str, size: tuple[int, int], style: str = FLUID_STYLE) -> str:
    """Return a picture that lies in the page itself; `size` is in CSS pixels and keeps its place free."""
    source, (width, height) = f"data:{mime_type};base64,{encode_base64(content)}", size
    return f'<img src="{source}" alt="{escape_text(alt)}" width="{width}" height="{height}" style="{style}">'


def fit_size(width: int | None, height: int | None, max_side: int) -> tuple[int, int]:
    """Return the width and height at which a picture is shown, in CSS pixels; one that is not known is square."""
    width, height = width or max_side, height or max_side
    scale = min(1.0, max_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
