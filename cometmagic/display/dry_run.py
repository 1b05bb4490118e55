"""What `--dry-run` and `--show-code` show: all that would be sent, or a program that sends it. Nothing is sent.

In the prompt that is shown, what variables have filled in is marked, and images stand as thumbnails where they
would be sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from cometmagic.display import thumbnails
from cometmagic.display.bundles import (
    Bundle,
    align_rows,
    build_bundle,
    render_details,
    render_program,
    render_small_print,
    render_table,
)
from cometmagic.display.html_parts import escape_text, fit_size, render_image, wrap_small_print
from cometmagic.display.sent_images import MAX_THUMBNAIL_BYTES
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.plan import Plan
from cometmagic.generation.preflight import (
    collect_warnings,
    describe_image,
    describe_sources,
    estimate_total,
    format_request,
)
from cometmagic.system.formatting import format_bytes
from cometmagic.system.sanitize import clean

THUMBNAIL_PIXELS = 96  # CSS pixels of a longest side
MAX_THUMBNAILS = 20  # a conversation may hold more
COLUMNS = ("#", "label", "source", "body", "estimate")
TITLE = "Dry run: nothing was sent."
_HIGHLIGHT = "rgba(255,200,0,0.35)"
_HIGHLIGHT_STYLE = f"background:{_HIGHLIGHT};color:inherit;border-radius:3px;padding:0 .2em"
_PROMPT_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid #888;padding:.2em .8em;margin:.5em 0"
_THUMBNAIL_STYLE = "display:inline-block;vertical-align:middle;margin:.2em;max-width:100%;height:auto"
_HIGHLIGHT_BORDER = f";border:3px solid {_HIGHLIGHT}"

_Section = tuple[str, str]  # the same as HTML and as plain text
_Piece = tuple[str, str | ImagePart]  # the variable it came from, or "", and what it is


def build_code(code: str, label: str = "") -> Bundle:
    """Return a program, to be read and copied; the plain text is the program and nothing else."""
    return build_bundle((render_small_print(label) if label else "") + render_program(code), code)


def build_dry_run(plans: Sequence[Plan]) -> Bundle:
    """Return all that would be sent for one picture or several."""
    first, whence = plans[0], describe_sources(plans)
    pieces, others = _split_images(first)
    sections = [
        (f"<div><strong>{escape_text(TITLE)}</strong></div>", TITLE),
        _render_lines(_summarize_plans(plans, whence)),
        _render_lines(collect_warnings(plans)),
        _render_prompt(pieces),
        _render_images(others),
        _render_lines(_summarize_history(first)),
        _render_variants(plans, whence) if len(plans) > 1 else ("", ""),
        _render_request(first, "Request of the first" if len(plans) > 1 else "Request"),
    ]
    return build_bundle("".join(html for html, _ in sections), "\n\n".join(plain for _, plain in sections if plain))


def _render_lines(lines: Sequence[str]) -> _Section:
    return render_small_print(*lines), "\n".join(map(clean, lines))


def _summarize_plans(plans: Sequence[Plan], source_labels: Sequence[str]) -> list[str]:
    """Return what is known of all requests together: models, sizes, price; and where the pictures would come from."""
    several = len(plans) > 1
    models = ", ".join(dict.fromkeys(plan.request.options.model for plan in plans))
    body = f"{format_bytes(sum(plan.body_size for plan in plans))} to send"
    cost = f"{'together ' * several}{estimate_total(plans)}"
    if not any(plan.source == "live" for plan in plans):
        cost = f"free; live {cost}"
    told = dict.fromkeys(source_labels)
    source = next(iter(told)) if len(told) == 1 else "not the same for all, see the table"
    return [" · ".join([*([f"{len(plans)} pictures"] if several else []), models, body, cost]), f"Source: {source}."]


def _split_images(plan: Plan) -> tuple[list[_Piece], list[ImagePart]]:
    """Return the prompt with the images that stand in it, and those that are sent after it."""
    shown = iter(plan.request.last_turn_images)
    pieces: list[_Piece] = []
    for piece in plan.prompt_pieces:
        value = piece.value if isinstance(piece.value, str) else next(shown, None)
        if value is not None:
            pieces.append((piece.name, value))
    return pieces, list(shown)


def _render_prompt(pieces: Sequence[_Piece]) -> _Section:
    html = "".join(_render_piece(name, value) for name, value in pieces)
    plain = "".join(_format_piece(name, value) for name, value in pieces)
    names = ", ".join(dict.fromkeys(f"{{{{{name}}}}}" for name, _ in pieces if name))
    legend = render_small_print(f"Marked is what was filled in for {names}.") if names else ""
    return f'<div style="{_PROMPT_STYLE}">{html}</div>{legend}', plain


def _render_piece(name: str, value: str | ImagePart) -> str:
    if isinstance(value, ImagePart):
        return _render_thumbnail(value, name)
    return f'<mark style="{_HIGHLIGHT_STYLE}">{escape_text(value)}</mark>' if name else escape_text(value)


def _format_piece(name: str, value: str | ImagePart) -> str:
    told = clean(value) if isinstance(value, str) else describe_image(value)
    return f"{{{{{name} = {told}}}}}" if name else told if isinstance(value, str) else f"<{told}>"


def _render_images(parts: Sequence[ImagePart]) -> _Section:
    """Return the images that are sent after the prompt."""
    if not parts:
        return "", ""
    html = "".join(_render_thumbnail(part) for part in parts[:MAX_THUMBNAILS])
    return f"{wrap_small_print('After the prompt:')}{html}", "\n".join(
        f"After the prompt: {describe_image(part)}" for part in parts
    )


def _render_thumbnail(part: ImagePart, name: str = "") -> str:
    """Return an image small, or in words when it cannot be drawn."""
    content = thumbnails.create_thumbnail(part, THUMBNAIL_PIXELS, MAX_THUMBNAIL_BYTES)
    about = " ".join(filter(None, [name, describe_image(part)]))
    if content is None:
        return escape_text(f"<{about}>")
    size = thumbnails.read_size(ImagePart("image/jpeg", content=content)) or (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
    return render_image(
        "image/jpeg",
        content,
        about,
        fit_size(*size, THUMBNAIL_PIXELS),
        _THUMBNAIL_STYLE + _HIGHLIGHT_BORDER * bool(name),
    )


def _summarize_history(plan: Plan) -> list[str]:
    """Return what is sent of earlier turns."""
    request = plan.request
    if len(request.turns) == 1:
        return []
    signatures = request.signatures
    carried = f", {len(signatures)} thought signatures of {format_bytes(sum(one.size for one in signatures))}"
    images = len(request.references) - len(request.last_turn_images)
    return [f"Before the prompt: {len(request.turns) - 1} earlier turns, {images} images{carried * bool(signatures)}."]


def _render_variants(plans: Sequence[Plan], source_labels: Sequence[str]) -> _Section:
    """Return a table of all requests."""
    rows = [
        (str(number), plan.label, source, format_bytes(plan.body_size), str(plan.estimate).partition(" (")[0])
        for number, (plan, source) in enumerate(zip(plans, source_labels, strict=True), 1)
    ]
    return render_table(COLUMNS, [[escape_text(place) for place in row] for row in rows]), "\n".join(
        [*align_rows([COLUMNS, *rows])]
    )


def _render_request(plan: Plan, title: str) -> _Section:
    told = format_request(plan)
    return render_details(f"{title}, images and signatures left out", render_program(told)), f"{title}:\n{told}"
