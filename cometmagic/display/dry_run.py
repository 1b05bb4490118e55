"""What `--dry-run` and `--show-code` show: all that would be sent, or a program that sends it. Nothing is sent.

In the prompt that is shown, what variables have filled in is marked, and images stand as thumbnails where they
would be sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from cometmagic.display import thumbnails
from cometmagic.display.bundles import Bundle, aligned, bundle, folded, program, small_print, table
from cometmagic.display.html import fitted, img, quiet, text
from cometmagic.display.sent_images import HEAVIEST
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.plan import Plan
from cometmagic.generation.preflight import (
    collect_warnings,
    describe_image,
    describe_sources,
    estimate_total,
    format_request,
)
from cometmagic.system.atomic_files import format_bytes
from cometmagic.system.sanitize import clean

THUMBNAIL = 96  # CSS pixels of a longest side
MOST_THUMBNAILS = 20  # a conversation may hold more
HEAD = ("#", "label", "source", "body", "estimate")
TITLE = "Dry run: nothing was sent."
_YELLOW = "rgba(255,200,0,0.35)"
_MARK = f"background:{_YELLOW};color:inherit;border-radius:3px;padding:0 .2em"
_PROMPT = "white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid #888;padding:.2em .8em;margin:.5em 0"
_INLINE = "display:inline-block;vertical-align:middle;margin:.2em;max-width:100%;height:auto"
_MARKED = f";border:3px solid {_YELLOW}"

_Section = tuple[str, str]  # the same as HTML and as plain text
_Piece = tuple[str, str | ImagePart]  # the variable it came from, or "", and what it is


def code(told: str, label: str = "") -> Bundle:
    """Return a program, to be read and copied; the plain text is the program and nothing else."""
    return bundle((small_print(label) if label else "") + program(told), told)


def view(planned: Sequence[Plan]) -> Bundle:
    """Return all that would be sent for one picture or several."""
    first, whence = planned[0], describe_sources(planned)
    pieces, others = _pieces(first)
    sections = [
        (f"<div><strong>{text(TITLE)}</strong></div>", TITLE),
        _lines(_facts(planned, whence)),
        _lines(collect_warnings(planned)),
        _prompt(pieces),
        _images(others),
        _lines(_earlier(first)),
        _variants(planned, whence) if len(planned) > 1 else ("", ""),
        _request(first, "Request of the first" if len(planned) > 1 else "Request"),
    ]
    return bundle("".join(html for html, _ in sections), "\n\n".join(plain for _, plain in sections if plain))


def _lines(told: Sequence[str]) -> _Section:
    return small_print(*told), "\n".join(map(clean, told))


def _facts(planned: Sequence[Plan], whence: Sequence[str]) -> list[str]:
    """Return what is known of all requests together: models, sizes, price; and where the pictures would come from."""
    several = len(planned) > 1
    models = ", ".join(dict.fromkeys(plan.request.options.model for plan in planned))
    body = f"{format_bytes(sum(plan.body_size for plan in planned))} to send"
    cost = f"{'together ' * several}{estimate_total(planned)}"
    if not any(plan.source == "live" for plan in planned):
        cost = f"free; live {cost}"
    told = dict.fromkeys(whence)
    source = next(iter(told)) if len(told) == 1 else "not the same for all, see the table"
    return [" · ".join([*([f"{len(planned)} pictures"] if several else []), models, body, cost]), f"Source: {source}."]


def _pieces(plan: Plan) -> tuple[list[_Piece], list[ImagePart]]:
    """Return the prompt with the images that stand in it, and those that are sent after it."""
    shown = iter(plan.request.last_turn_images)
    pieces: list[_Piece] = []
    for piece in plan.prompt_pieces:
        value = piece.value if isinstance(piece.value, str) else next(shown, None)
        if value is not None:
            pieces.append((piece.name, value))
    return pieces, list(shown)


def _prompt(pieces: Sequence[_Piece]) -> _Section:
    html = "".join(_marked(name, value) for name, value in pieces)
    plain = "".join(_braced(name, value) for name, value in pieces)
    names = ", ".join(dict.fromkeys(f"{{{{{name}}}}}" for name, _ in pieces if name))
    legend = small_print(f"Marked is what was filled in for {names}.") if names else ""
    return f'<div style="{_PROMPT}">{html}</div>{legend}', plain


def _marked(name: str, value: str | ImagePart) -> str:
    if isinstance(value, ImagePart):
        return _thumbnail(value, name)
    return f'<mark style="{_MARK}">{text(value)}</mark>' if name else text(value)


def _braced(name: str, value: str | ImagePart) -> str:
    told = clean(value) if isinstance(value, str) else describe_image(value)
    return f"{{{{{name} = {told}}}}}" if name else told if isinstance(value, str) else f"<{told}>"


def _images(parts: Sequence[ImagePart]) -> _Section:
    """Return the images that are sent after the prompt."""
    if not parts:
        return "", ""
    html = "".join(_thumbnail(part) for part in parts[:MOST_THUMBNAILS])
    return f"{quiet('After the prompt:')}{html}", "\n".join(
        f"After the prompt: {describe_image(part)}" for part in parts
    )


def _thumbnail(part: ImagePart, name: str = "") -> str:
    """Return an image small, or in words when it cannot be drawn."""
    content = thumbnails.made(part, THUMBNAIL, HEAVIEST)
    about = " ".join(filter(None, [name, describe_image(part)]))
    if content is None:
        return text(f"<{about}>")
    size = thumbnails.size(ImagePart("image/jpeg", content=content)) or (THUMBNAIL, THUMBNAIL)
    return img("image/jpeg", content, about, fitted(*size, THUMBNAIL), _INLINE + _MARKED * bool(name))


def _earlier(plan: Plan) -> list[str]:
    """Return what is sent of earlier turns."""
    request = plan.request
    if len(request.turns) == 1:
        return []
    signatures = request.signatures
    carried = f", {len(signatures)} thought signatures of {format_bytes(sum(one.size for one in signatures))}"
    images = len(request.references) - len(request.last_turn_images)
    return [f"Before the prompt: {len(request.turns) - 1} earlier turns, {images} images{carried * bool(signatures)}."]


def _variants(planned: Sequence[Plan], whence: Sequence[str]) -> _Section:
    """Return a table of all requests."""
    rows = [
        (str(number), plan.label, source, format_bytes(plan.body_size), str(plan.estimate).partition(" (")[0])
        for number, (plan, source) in enumerate(zip(planned, whence, strict=True), 1)
    ]
    return table(HEAD, [[text(place) for place in row] for row in rows]), "\n".join([*aligned([HEAD, *rows])])


def _request(plan: Plan, title: str) -> _Section:
    told = format_request(plan)
    return folded(f"{title}, images and signatures left out", program(told)), f"{title}:\n{told}"
