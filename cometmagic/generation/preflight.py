"""What is known of requests before they are sent: their JSON for people, the source of each image, and warnings.

Nothing is sent, and no folder is made. This module knows no notebook.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from cometmagic.costs import estimate
from cometmagic.costs.charges import find_cap_warnings
from cometmagic.costs.max_cost import check_max_cost
from cometmagic.courier.route import LiveRoute
from cometmagic.errors import CometError
from cometmagic.gemini.encode import format_reference_name, format_signature_name
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.plan import Plan
from cometmagic.generation.session import SESSION_ID
from cometmagic.options.base_url import read_base_url
from cometmagic.options.settings import find_library_folder
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import shorten_id
from cometmagic.storage.library import Library
from cometmagic.storage.nearest_recording import find_replays
from cometmagic.system.formatting import format_bytes

MAX_TEXT_LENGTH = 4000  # characters of a text in the JSON


def format_request(plan: Plan) -> str:
    """Return the request's JSON for people: images and signatures as their type and size, long texts shortened.

    Characters that cannot be printed are escaped.
    """
    references, signatures = enumerate(plan.request.references, 1), enumerate(plan.request.signatures, 1)
    descriptions = {format_reference_name(number, part): describe_image(part) for number, part in references}
    for number, signature in signatures:
        descriptions[format_signature_name(number)] = f"thought signature, {format_bytes(signature.size)}"
    text = json.dumps(_elide(plan.body, descriptions), ensure_ascii=False, indent=2)
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)


def _elide(node: Any, descriptions: dict[str, str]) -> Any:
    match node:
        case {"file": str(name)} if len(node) == 1 and name in descriptions:
            return f"<{descriptions[name]}>"
        case dict():
            return {name: _elide(value, descriptions) for name, value in node.items()}
        case list():
            return [_elide(value, descriptions) for value in node]
        case str() if len(node) > MAX_TEXT_LENGTH:
            return f"{node[:MAX_TEXT_LENGTH]}… ({len(node):,} characters)"
    return node


def describe_image(part: ImagePart) -> str:
    """Return a description of an image: `image/png, 1024 × 768 px, 84.0 kB`."""
    size = (part.width, part.height) if part.width and part.height else _measure_image(part)
    pixels = f"{size[0]} × {size[1]} px, " if size else ""
    return f"{part.mime_type}, {pixels}{format_bytes(part.size)}"


def _measure_image(part: ImagePart) -> tuple[int, int] | None:
    from cometmagic.images.decoding import opener  # Pillow, which a request of words does not need

    return opener.read_size(io.BytesIO(part.data))


def describe_sources(plans: Sequence[Plan]) -> list[str]:
    """Return where each image would come from, and why."""
    requests = [(plan.request_hash, plan.request) for plan in plans if not isinstance(plan.route, LiveRoute)]
    recordings = find_replays(Library(find_library_folder()), requests)
    remaining = {request_hash: iter(folders) for request_hash, folders in recordings.items()}
    return [_describe_source(plan, remaining.get(plan.request_hash, iter(()))) for plan in plans]


def _describe_source(plan: Plan, recordings: Iterator[CallFolder]) -> str:
    if isinstance(plan.route, LiveRoute):
        return f"live, from {read_base_url().host}, with the key from {plan.route.key.origin}"
    if plan.source == "offline":
        return "offline sketch, free, as asked for"
    recording = next(recordings, None)
    if recording is not None:
        return f"replay of the recording {shorten_id(recording)}, free"
    if plan.source == "replay":
        return "replay, which would fail: there is no recording of this request"
    return "offline sketch, free: there is neither a key nor a recording of this request"


def estimate_total(plans: Sequence[Plan]) -> estimate.Price:
    """Return the estimated price of what would be sent; when nothing would be, the price if all were live."""
    live_plans = [plan for plan in plans if plan.source == "live"]
    return estimate.sum_prices(plan.estimate for plan in live_plans or plans)


def collect_warnings(plans: Sequence[Plan]) -> list[str]:
    """Return all warnings, each once, and whether a limit would refuse the requests."""
    warnings = [warning for plan in plans for warning in plan.warnings]
    live_plans = [plan for plan in plans if plan.source == "live"]
    for plan in plans:
        warnings += estimate.find_price_warnings(plan.request.options)  # beside the price, which is shown in any case
    if live_plans:
        limits = live_plans[0].limits
        warnings += estimate.find_limit_warnings(limits, [plan.estimate for plan in live_plans])
        warnings += find_cap_warnings(find_library_folder(), limits, SESSION_ID)
        try:
            check_max_cost([plan.call_estimate for plan in live_plans], limits)
        except CometError as error:
            warnings.append(f"It would be refused: {error.message} {error.advice}")
    return list(dict.fromkeys(warnings))
