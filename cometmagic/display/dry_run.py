"""The output of `--dry-run` and `--show-code`: the complete request, or a program that sends it. Nothing is sent.

The prompt is shown with the values of variables highlighted, and with images as thumbnails at their places. This
module builds the output from plans and decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from cometmagic.display import thumbnails
from cometmagic.display.bundles import (
    Bundle,
    align_rows,
    build_bundle,
    render_code_block,
    render_details,
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

THUMBNAIL_PIXELS = 96  # CSS pixels of the longest side
MAX_THUMBNAILS = 20  # images after the prompt
COLUMNS = ("#", "label", "source", "body", "estimate")
TITLE = "Dry run: nothing was sent."
_HIGHLIGHT = "rgba(255,200,0,0.35)"
_HIGHLIGHT_STYLE = f"background:{_HIGHLIGHT};color:inherit;border-radius:3px;padding:0 .2em"
_PROMPT_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid #888;padding:.2em .8em;margin:.5em 0"
_THUMBNAIL_STYLE = "display:inline-block;vertical-align:middle;margin:.2em;max-width:100%;height:auto"
_HIGHLIGHT_BORDER = f";border:3px solid {_HIGHLIGHT}"

_Section = tuple[str, str]  # HTML, plain text
_Piece = tuple[str, str | ImagePart]  # the variable, "" for text of the prompt itself; the value


def build_code(code: str, label: str = "") -> Bundle:
    """Return a program below its label; the plain text is only the program."""
    data, metadata = build_bundle((render_small_print(label) if label else "") + render_code_block(code), "")
    return data | {"text/plain": code}, metadata  # exact: a program has no special character outside its escapes


def build_dry_run(plans: Sequence[Plan]) -> Bundle:
    """Return everything that would be sent for one image or several."""
    plan, source_labels = plans[0], describe_sources(plans)
    pieces, trailing_images = _split_images(plan)
    sections = [
        (f"<div><strong>{escape_text(TITLE)}</strong></div>", TITLE),
        _render_lines(_summarize_plans(plans, source_labels)),
        _render_lines(collect_warnings(plans)),
        _render_prompt(pieces),
        _render_images(trailing_images),
        _render_lines(_summarize_history(plan)),
        _render_variants(plans, source_labels) if len(plans) > 1 else ("", ""),
        _render_request(plan, "Request of the first" if len(plans) > 1 else "Request"),
    ]
    return build_bundle("".join(html for html, _ in sections), "\n\n".join(text for _, text in sections if text))


def _render_lines(lines: Sequence[str]) -> _Section:
    return render_small_print(*lines), "\n".join(map(clean, lines))


def _summarize_plans(plans: Sequence[Plan], source_labels: Sequence[str]) -> list[str]:
    """Return the models, total size and price of all requests, and the source of the images."""
    is_batch = len(plans) > 1
    models = ", ".join(dict.fromkeys(plan.request.options.model for plan in plans))
    body = f"{format_bytes(sum(plan.body_size for plan in plans))} to send"
    cost = f"{'together ' * is_batch}{estimate_total(plans)}"
    if not any(plan.source == "live" for plan in plans):
        cost = f"free; live {cost}"
    sources = list(dict.fromkeys(source_labels))
    source = sources[0] if len(sources) == 1 else "not the same for all, see the table"
    return [" · ".join([*([f"{len(plans)} pictures"] if is_batch else []), models, body, cost]), f"Source: {source}."]


def _split_images(plan: Plan) -> tuple[list[_Piece], list[ImagePart]]:
    """Return the prompt with the images inside it, and the images that are sent after it."""
    images = iter(plan.request.last_turn_images)
    pieces: list[_Piece] = []
    for piece in plan.prompt_pieces:
        value = piece.value if isinstance(piece.value, str) else next(images, None)
        if value is not None:
            pieces.append((piece.name, value))
    return pieces, list(images)


def _render_prompt(pieces: Sequence[_Piece]) -> _Section:
    html = "".join(_render_piece(name, value) for name, value in pieces)
    plain_text = "".join(_format_piece(name, value) for name, value in pieces)
    names = ", ".join(dict.fromkeys(f"{{{{{name}}}}}" for name, _ in pieces if name))
    legend = render_small_print(f"Marked is what was filled in for {names}.") if names else ""
    return f'<div style="{_PROMPT_STYLE}">{html}</div>{legend}', plain_text


def _render_piece(name: str, value: str | ImagePart) -> str:
    if isinstance(value, ImagePart):
        return _render_thumbnail(value, name)
    return f'<mark style="{_HIGHLIGHT_STYLE}">{escape_text(value)}</mark>' if name else escape_text(value)


def _format_piece(name: str, value: str | ImagePart) -> str:
    text = clean(value) if isinstance(value, str) else describe_image(value)
    if name:
        return f"{{{{{name} = {text}}}}}"
    return text if isinstance(value, str) else f"<{text}>"


def _render_images(parts: Sequence[ImagePart]) -> _Section:
    """Return the images that are sent after the prompt."""
    if not parts:
        return "", ""
    html = "".join(_render_thumbnail(part) for part in parts[:MAX_THUMBNAILS])
    plain_text = "\n".join(f"After the prompt: {describe_image(part)}" for part in parts)
    return f"{wrap_small_print('After the prompt:')}{html}", plain_text


def _render_thumbnail(part: ImagePart, name: str = "") -> str:
    """Return a thumbnail of an image, or its description if it cannot be drawn."""
    content = thumbnails.create_thumbnail(part, THUMBNAIL_PIXELS, MAX_THUMBNAIL_BYTES)
    description = " ".join(filter(None, [name, describe_image(part)]))
    if content is None:
        return escape_text(f"<{description}>")
    width, height = thumbnails.read_size(ImagePart(thumbnails.JPEG, content=content)) or (None, None)
    size, style = fit_size(width, height, THUMBNAIL_PIXELS), _THUMBNAIL_STYLE + _HIGHLIGHT_BORDER * bool(name)
    return render_image(thumbnails.JPEG, content, description, size, style)


def _summarize_history(plan: Plan) -> list[str]:
    """Return a line about the earlier turns of a conversation, if there are any."""
    request = plan.request
    if len(request.turns) == 1:
        return []
    signatures = request.signatures
    signature_size = format_bytes(sum(signature.size for signature in signatures))
    signature_text = f", {len(signatures)} thought signatures of {signature_size}" if signatures else ""
    images = len(request.references) - len(request.last_turn_images)
    return [f"Before the prompt: {len(request.turns) - 1} earlier turns, {images} images{signature_text}."]


def _render_variants(plans: Sequence[Plan], source_labels: Sequence[str]) -> _Section:
    """Return a table of all requests."""
    rows = [
        (str(number), plan.label, source, format_bytes(plan.body_size), str(plan.estimate).partition(" (")[0])
        for number, (plan, source) in enumerate(zip(plans, source_labels, strict=True), 1)
    ]
    html = render_table(COLUMNS, [[escape_text(cell) for cell in row] for row in rows])
    return html, "\n".join(align_rows([COLUMNS, *rows]))


def _render_request(plan: Plan, title: str) -> _Section:
    request = format_request(plan)
    return render_details(
        f"{title}, images and signatures left out", render_code_block(request)
    ), f"{title}:\n{request}"
