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
from cometmagic.costs.accounts import check_price, total
from cometmagic.courier.endpoint import Live
from cometmagic.errors import CometError
from cometmagic.gemini.encode import reference_name, signature_name
from cometmagic.gemini.parts import ImagePart
from cometmagic.generation.plan import Plan
from cometmagic.options.settings import endpoint, library_folder
from cometmagic.storage.index import find_several, short_id
from cometmagic.storage.store import CallFolder, Library
from cometmagic.system.atomic_files import amount

LONGEST_TEXT = 4000  # characters of a text in the JSON


def written(plan: Plan) -> str:
    """Return the request's JSON as people read it: images and signatures as their kind and size, long texts cut.

    What cannot be seen or would change its surroundings stands as its escape.
    """
    request = plan.request
    names = {reference_name(at, part): described(part) for at, part in enumerate(request.references, 1)}
    for at, part in enumerate(request.signatures, 1):
        names[signature_name(at)] = f"thought signature, {amount(part.size)}"
    told = json.dumps(_elided(plan.body, names), ensure_ascii=False, indent=2)
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in told)


def _elided(node: Any, names: dict[str, str]) -> Any:
    match node:
        case {"file": str(name)} if len(node) == 1 and name in names:
            return f"<{names[name]}>"
        case dict():
            return {name: _elided(value, names) for name, value in node.items()}
        case list():
            return [_elided(value, names) for value in node]
        case str() if len(node) > LONGEST_TEXT:
            return f"{node[:LONGEST_TEXT]}… ({len(node):,} characters)"
    return node


def described(part: ImagePart) -> str:
    """Return what an image is: `image/png, 1024 × 768 px, 84.0 kB`."""
    size = (part.width, part.height) if part.width and part.height else _measured(part)
    pixels = f"{size[0]} × {size[1]} px, " if size else ""
    return f"{part.mime_type}, {pixels}{amount(part.size)}"


def _measured(part: ImagePart) -> tuple[int, int] | None:
    from cometmagic.images import resize  # Pillow, which a request of words does not need

    return resize.size(io.BytesIO(part.data))


def sources(planned: Sequence[Plan]) -> list[str]:
    """Return where each picture would come from, and why."""
    without_key = [plan for plan in planned if not isinstance(plan.route, Live)]
    found = find_several(Library(library_folder()), Counter(plan.digest for plan in without_key))
    left = {digest: iter(recordings) for digest, recordings in found.items()}
    return [_source(plan, left.get(plan.digest, iter(()))) for plan in planned]


def _source(plan: Plan, recordings: Iterator[CallFolder]) -> str:
    if isinstance(plan.route, Live):
        return f"live, from {endpoint().host}, with the key from {plan.route.key.origin}"
    if plan.source == "offline":
        return "offline sketch, free, as asked for"
    found = next(recordings, None)
    if found is not None:
        return f"replay of the recording {short_id(found)}, free"
    if plan.source == "replay":
        return "replay, which would fail: there is no recording of this request"
    return "offline sketch, free: there is neither a key nor a recording of this request"


def price(planned: Sequence[Plan]) -> estimate.Price:
    """Return what all that would be sent should cost; when nothing would be, what it all would cost live."""
    return total(plan.estimate for plan in [plan for plan in planned if plan.source == "live"] or planned)


def remarks(planned: Sequence[Plan]) -> list[str]:
    """Return what there is to say beforehand, each thing once; also whether a limit would refuse it."""
    told = [warning for plan in planned for warning in plan.warnings]
    live = [plan for plan in planned if plan.source == "live"]
    for plan in live:
        told += estimate.remarks(plan.limits, plan.estimate)
    if live:
        limits = live[0].limits
        try:
            check_price([plan.estimate for plan in live], 1 + limits.retry_unknown, limits.max_cost)
        except CometError as error:
            told.append(f"It would be refused: {error.what} {error.do}")
    return list(dict.fromkeys(told))
