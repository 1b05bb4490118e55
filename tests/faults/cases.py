"""Every case of the campaign by name, in the retry class it belongs to: a maker from seed to reply.

The statuses and words are those of reliability.md, §2.2 and tables C to F. A name begins with its class.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from tests.faults.bodies import ECHOES, Body, body
from tests.faults.leaks import KEY
from tests.faults.replies import Class, Reply
from tests.faults.server import response
from tests.faults.travel import TRAVELS, Pace, Travel, chunks, framed, head, pace, packed

Maker = Callable[[Random, str], Reply]
HTML = b"<!DOCTYPE html><html><head><title>524: A timeout occurred</title></head>" + b"x" * 2000


def _error(message: str, code: Any = "", **beside: Any) -> bytes:
    return json.dumps({"error": {"message": message, "code": code, **beside}}).encode()


def _sent(rng: Random, name: str, made: Body, wire: bytes, *, paced: str = "", **beside: Any) -> Reply:
    """Return the reply that sends `wire`, of which `beside` may say that it is cut."""
    kind, slices = Class[name[0]], pace(rng, paced or rng.choice(("at-once", "sliced", "drip")), len(wire))
    given: dict[str, Any] = {"upto": len(wire), "think": rng.uniform(0, 0.06), "pace": slices} | beside
    return Reply(name, kind, wire, pictures=made.pictures, final=made.final, **given)


def _good(rng: Random, name: str, travel: Travel | None = None, status: str = "200 OK", ending: str = "close") -> Reply:
    """Return a whole answer."""
    made, way = body(rng), travel or rng.choice(TRAVELS)
    content = packed(rng, made.content, way.packing)
    wire = head(way, len(content), status) + framed(rng, content, way.framing)
    return _sent(rng, name, made, wire, paced=way.pace, ending=ending)


def _cut(rng: Random, name: str, where: str, ending: str) -> Reply:
    """Return an answer of which only a part is sent."""
    whole = _good(rng, name, ending=ending)
    begins = whole.wire.index(b"\r\n\r\n") + 4
    upto = {"before": 0, "head": rng.randrange(1, begins), "body": rng.randrange(begins, len(whole.wire))}[where]
    return replace(whole, upto=upto)


def _unread(rng: Random, name: str, ending: str) -> Reply:
    """Return a connection that ends before the request is read."""
    return Reply(name, Class.U, ending=ending, reads=False)


def _damaged(rng: Random, name: str, how: Callable[[Random, Body], bytes]) -> Reply:
    """Return an answer whose bytes are wrong, all of which are sent."""
    made = body(rng)
    return _sent(rng, name, made, how(rng, made))


def _short_gzip(rng: Random, made: Body) -> bytes:
    """Return gzip without its end, under a Content-Length that fits."""
    content = packed(rng, made.content, "gzip")
    content = content[: -rng.choice((1, 4, 8, 9, 20, rng.randrange(1, len(content))))]
    return response(content, headers={"Content-Encoding": "gzip"})


def _corrupt_gzip(rng: Random, made: Body) -> bytes:
    """Return gzip with one byte changed, which may be one of its checksum."""
    content = bytearray(packed(rng, made.content, "gzip"))
    content[rng.choice((-1, -6, rng.randrange(10, len(content))))] ^= rng.randint(1, 255)
    return response(bytes(content), headers={"Content-Encoding": "gzip"})


def _bad_chunk(rng: Random, made: Body) -> bytes:
    pieces = list(chunks(rng, made.content))
    pieces[rng.randrange(len(pieces))] = b"no size\r\nwords\r\n"
    return head(Travel("chunked", "plain", ""), 0) + b"".join(pieces)


def _short_length(rng: Random, made: Body) -> bytes:
    return response(made.content, headers={"Content-Length": str(rng.randrange(1, len(made.content)))})


def _garbage(rng: Random, made: Body) -> bytes:
    first = rng.choice((b"\x15\x03\x01\x00\x02\x02\x28", b"HTTP/1.1 2000 Fine", b"<html>old</html>", rng.randbytes(40)))
    return first + b"\r\n\r\n" + made.content


def _status(rng: Random, name: str, status: str, content: bytes, headers: dict[str, str]) -> Reply:
    """Return an answer that is no picture; some repeat the key in their words."""
    if rng.random() < ECHOES:
        content = content.replace(b'"message": "', b'"message": "Authorization: Bearer %s ' % KEY.encode())
    wire = response(content, status, headers)
    think = rng.uniform(0, 0.03)
    return Reply(name, Class[name[0]], wire, len(wire), Pace(rng.choice((len(wire), 97))), think=think)


_STATUSES: dict[str, tuple[str, bytes, dict[str, str]]] = {
    **{f"S-{code}": (f"{code} Down", HTML, {}) for code in (521, 523, 525, 526)},
    "S-429-delay": ("429 Slow", _error("Slow down."), {"Retry-After": "0"}),
    "S-429-minute": ("429 Slow", _error("Quota exceeded for requests per minute."), {}),
    "S-429-info": (
        "429 Slow",
        _error("Slow down.", 429, details=[{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0s"}]),
        {},
    ),
    "S-503-overloaded": ("503 Busy", _error("The model is overloaded. Please try again later."), {}),
    **{f"U-{code}": (f"{code} Odd", _error("upstream"), {}) for code in (408, 499, 500, 501, 502, 504, 505, 599, 999)},
    **{f"U-{code}-page": (f"{code} Odd", HTML, {}) for code in (500, 502, 504, 520, 522, 524)},
    "U-503-deadline": ("503 Busy", _error("Deadline expired before operation could complete."), {}),
    "S-503-demand": ("503 Busy", _error("Under high demand.", 503, status="UNAVAILABLE"), {}),
    "F-503-channel": ("503 Busy", _error("当前分组 default 下对于模型 x 无可用渠道"), {}),
    "F-429-credits": ("429 Slow", _error("Your prepaid credits are depleted.", 429, status="RESOURCE_EXHAUSTED"), {}),
    "U-503-empty": ("503 Busy", b"", {}),
    "U-200-empty": ("200 OK", b"", {}),
    "U-200-page": ("200 OK", HTML, {}),
    "U-200-half": ("200 OK", b'{"candidates": [{"content": {"parts": [{"text": "so', {}),
    "U-200-error-500": ("200 OK", _error("internal", 500), {}),
    "U-204": ("204 No Content", b"", {}),
    **{f"F-{code}": (f"{code} No", _error("no"), {}) for code in (400, 401, 402, 403, 404, 405, 409, 410)},
    **{f"F-{code}": (f"{code} No", _error("no"), {}) for code in (413, 415, 418, 422, 451)},
    **{f"F-{code}": (f"{code} Moved", HTML, {"Location": "/elsewhere"}) for code in (300, 301, 302, 303, 307, 308)},
    "F-404-page": ("404 No", HTML, {}),
    "F-429-day": ("429 Slow", _error("Quota exceeded for requests per day.", "RESOURCE_EXHAUSTED"), {}),
    "F-429-balance": ("429 Slow", _error("insufficient balance", "insufficient_user_quota"), {}),
    "F-429-long": ("429 Slow", _error("Slow down."), {"Retry-After": "1200"}),
    "F-500-invalid": ("500 Bad", _error("bad field", "invalid_request"), {}),
    "F-500-convert": ("500 Bad", _error("bad field", "convert_request_failed"), {}),
    "F-503-model": ("503 Busy", _error("no available channel", "model_not_found"), {}),
    "F-200-error-400": ("200 OK", _error("bad field", 400, status="INVALID_ARGUMENT"), {}),
    **{
        f"F-200-block-{why}": ("200 OK", json.dumps({"promptFeedback": {"blockReason": why}}).encode(), {})
        for why in ("SAFETY", "PROHIBITED_CONTENT", "OTHER")
    },
    **{
        f"F-200-{why}": ("200 OK", json.dumps({"candidates": [{"finishReason": why, "content": {}}]}).encode(), {})
        for why in ("IMAGE_SAFETY", "NO_IMAGE", "MAX_TOKENS", "RECITATION")
    },
    "F-200-words": (
        "200 OK",
        json.dumps({"candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "I cannot."}]}}]}).encode(),
        {},
    ),
}

CASES: dict[str, Maker] = {
    **{f"G-{way}": partial(_good, travel=way) for way in TRAVELS},
    **{f"G-after-{ending}": partial(_good, ending=ending) for ending in ("fin", "rst", "hang")},
    "G-201": partial(_good, status="201 Created"),
    **{f"U-unread-{ending}": partial(_unread, ending=ending) for ending in ("fin", "rst", "hang")},
    **{
        f"U-{where}-{ending}": partial(_cut, where=where, ending=ending)
        for where in ("before", "head", "body")
        for ending in ("fin", "rst", "hang")
    },
    "U-gzip-short": partial(_damaged, how=_short_gzip),
    "U-gzip-corrupt": partial(_damaged, how=_corrupt_gzip),
    "U-bad-chunk": partial(_damaged, how=_bad_chunk),
    "U-short-length": partial(_damaged, how=_short_length),
    "U-garbage": partial(_damaged, how=_garbage),
    **{
        name: partial(_status, status=status, content=content, headers=headers)
        for name, (status, content, headers) in _STATUSES.items()
    },
}


def reply(rng: Random, case: str) -> Reply:
    """Return one reply of a case."""
    return CASES[case](rng, case)


def named(kind: Class) -> list[str]:
    """Return the cases of a class."""
    return [name for name in CASES if name[0] == kind.name]
