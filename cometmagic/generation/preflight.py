"""What is known of requests before they are sent: their JSON for people, where the picture would come from, and why.

All of it is read or computed: nothing is sent, and no folder is made. This module knows no notebook.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from cometmagic.costs import estimate
from cometmagic.costs.charges import check_max_cost, sum_prices
from cometmagic.courier.route import LiveRoute
from cometmagic.errors import CometError
from cometmagic.gemini.encode import format_reference_name, format_signature_name
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.plan import Plan
from cometmagic.options.settings import find_library_folder, read_base_url
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import find_recordings, shorten_id
from cometmagic.storage.library import Library
from cometmagic.system.formatting import format_bytes

MAX_TEXT_LENGTH = 4000  # characters of a text in the JSON


def format_request(plan: Plan) -> str:
    """Return the request's JSON as people read it: images and signatures as their kind and size, long texts cut.

    What cannot be seen or would change its surroundings stands as its escape.
    """
    request = plan.request
    names = {format_reference_name(at, part): describe_image(part) for at, part in enumerate(request.references, 1)}
    for at, part in enumerate(request.signatures, 1):
        names[format_signature_name(at)] = f"thought signature, {format_bytes(part.size)}"
    told = json.dumps(_elide(plan.body, names), ensure_ascii=False, indent=2)
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in told)


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
    """Return what an image is: `image/png, 1024 × 768 px, 84.0 kB`."""
    size = (part.width, part.height) if part.width and part.height else _measure_image(part)
    pixels = f"{size[0]} × {size[1]} px, " if size else ""
    return f"{part.mime_type}, {pixels}{format_bytes(part.size)}"


def _measure_image(part: ImagePart) -> tuple[int, int] | None:
    from cometmagic.images import resize  # Pillow, which a request of words does not need

    return resize.read_size(io.BytesIO(part.data))


def describe_sources(plans: Sequence[Plan]) -> list[str]:
    """Return where each picture would come from, and why."""
    without_key = [plan for plan in plans if not isinstance(plan.route, LiveRoute)]
    found = find_recordings(Library(find_library_folder()), Counter(plan.request_hash for plan in without_key))
    left = {digest: iter(recordings) for digest, recordings in found.items()}
    return [_describe_source(plan, left.get(plan.request_hash, iter(()))) for plan in plans]


def _describe_source(plan: Plan, recordings: Iterator[CallFolder]) -> str:
    if isinstance(plan.route, LiveRoute):
        return f"live, from {read_base_url().host}, with the key from {plan.route.key.origin}"
    if plan.source == "offline":
        return "offline sketch, free, as asked for"
    found = next(recordings, None)
    if found is not None:
        return f"replay of the recording {shorten_id(found)}, free"
    if plan.source == "replay":
        return "replay, which would fail: there is no recording of this request"
    return "offline sketch, free: there is neither a key nor a recording of this request"


def estimate_total(plans: Sequence[Plan]) -> estimate.Price:
    """Return what all that would be sent should cost; when nothing would be, what it all would cost live."""
    return sum_prices(plan.estimate for plan in [plan for plan in plans if plan.source == "live"] or plans)


def collect_warnings(plans: Sequence[Plan]) -> list[str]:
    """Return what there is to say beforehand, each thing once; also whether a limit would refuse it."""
    told = [warning for plan in plans for warning in plan.warnings]
    live = [plan for plan in plans if plan.source == "live"]
    for plan in live:
        told += estimate.find_limit_warnings(plan.limits, plan.estimate)
    if live:
        limits = live[0].limits
        try:
            check_max_cost([plan.estimate for plan in live], 1 + limits.retry_unknown, limits.max_cost)
        except CometError as error:
            told.append(f"It would be refused: {error.message} {error.advice}")
    return list(dict.fromkeys(told))
