"""The caption below an image: facts, warnings, sent images, the model's text, sources and thoughts.

It is built as HTML and, for front ends without HTML, as plain text. The image itself and the other outputs of a call
are in result_output.py; the caption of a batch is in batch_output.py.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from cometmagic.costs.call_price import read_token_count
from cometmagic.display import grounding, sent_images, thoughts
from cometmagic.display.bundles import Bundle, build_bundle, render_small_print
from cometmagic.display.html_parts import escape_text, format_dimensions, wrap_small_print
from cometmagic.generation.result import ImageResult
from cometmagic.system.formatting import format_bytes, format_path
from cometmagic.system.sanitize import clean_line

MAX_FINAL_ALT_LENGTH = 200  # characters of the alternative text, which is repeated beside each draft
MAX_WARNINGS = 20
_ANSWER_STYLE = "white-space:pre-wrap;overflow-wrap:break-word;margin:.3em 0"


def build_caption(result: ImageResult, saved_path: Path | None = None) -> Bundle:
    """Return (MIME bundle, metadata) of the caption; `saved_path` is the copy that the cell saved."""
    facts, notes = _summarize_result(result), _list_notes(result, saved_path)
    response = result.response  # read once: the file can be large
    answer = response.text.strip()
    final_image = thoughts.FinalImage(result.image, clean_line(result.alt, MAX_FINAL_ALT_LENGTH))
    html = [
        wrap_small_print(f"{escape_text(' · '.join(facts))}<br><code>{escape_text(format_path(result.folder))}</code>"),
        render_small_print(*notes),
        sent_images.render_html(result),
        f'<div style="{_ANSWER_STYLE}">{escape_text(answer)}</div>' if answer else "",
        grounding.render_html(response.grounding),
        thoughts.render_html(response, final_image),
    ]
    plain_lines = [
        " · ".join([*facts, format_path(final_image.image.path or result.folder)]),
        *notes,
        *sent_images.render_text(result),
        *([answer] if answer else []),
        *grounding.render_text(response.grounding),
        *thoughts.render_text(response),
    ]
    return build_bundle("".join(html), "\n".join(plain_lines))


def _list_notes(result: ImageResult, saved_path: Path | None) -> list[str]:
    """Return the earlier call that was edited, the saved copy, and the warnings."""
    origin = sent_images.describe_origin(result.call)
    return [
        *([origin] if origin else []),
        *([f"Saved as {format_path(saved_path)}."] if saved_path else []),
        *itertools.islice(list_warnings(result), MAX_WARNINGS),
    ]


def list_warnings(result: ImageResult) -> list[str]:
    """Return what is not as requested, in one line, and the warnings."""
    deviations = result.deviations
    return [*([f"Not as requested: {', '.join(deviations)}."] if deviations else []), *result.warnings]


def _summarize_result(result: ImageResult) -> list[str]:
    image, model, answering_model = result.image, clean_line(result.call["model"]), result.model_version
    name = model if answering_model in ("", model) else f"{model} (answered by {answering_model})"
    dimensions = format_dimensions(image.width, image.height, image.mime_type)
    price = [str(result.price)] if result.source == "live" else []
    return [
        name,
        f"{dimensions}, {format_bytes(image.size)}",
        f"{result.seconds:.1f} s",
        _format_tokens(result),
        *price,
        _format_source(result),
    ]


def _format_source(result: ImageResult) -> str:
    match result.source:
        case "replay":
            return f"replay of a recording of {result.call['planned'][:10]}, free"
        case "offline":
            return "offline sketch, not made by the model, free"
        case _:
            host = result.call.get("host", "")
            return f"live, from {host}" if host else "live"


def _format_tokens(result: ImageResult) -> str:
    token_count, thought_count = read_token_count(result.call), result.usage.thoughts
    if token_count is None:
        return "tokens unknown"
    return f"{token_count:,} tokens" + (f", {thought_count:,} of them thinking" if thought_count else "")
