"""What a service sends: bodies, event streams, errors, delays, base64, gzip."""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import json
import math
import re
import zlib
from pathlib import Path
from typing import Any

from cometmagic.courier.http.content_decoding import InflateError, build_decoder
from cometmagic.courier.retry import MAX_TOTAL_WAIT, RetryState
from cometmagic.errors import APIError, CometError
from cometmagic.gemini.decode import DecodedResponse, decode_document, decode_response
from cometmagic.gemini.decode_turns import decode_model_turn
from cometmagic.gemini.failures.error_bodies import parse_error_object, parse_error_response
from cometmagic.gemini.failures.error_document import parse_error_tree
from cometmagic.gemini.failures.finish_reasons import build_no_image_error
from cometmagic.gemini.failures.retry_after import MAX_RETRY_DELAY, find_retry_delay
from cometmagic.gemini.json_string import JSONString
from cometmagic.gemini.json_writer import splice_json
from cometmagic.gemini.parts import TextPart
from cometmagic.gemini.tolerant.base64_repair import repair_base64
from cometmagic.gemini.tolerant.json_scanner import MalformedError, scan_json
from cometmagic.gemini.tolerant.lenient_json import MAX_DEPTH, parse_events
from cometmagic.storage.call_folder import encode_call
from cometmagic.system.sanitize import clean
from tests.fuzz.checks import check_error

STATUSES = (200, 302, 400, 401, 403, 404, 408, 413, 429, 499, 500, 502, 503, 504, 521, 524, 599)
HEADER_NAMES = ("retry-after", "retry-after-ms", "date", "location", "x-request-id")
MAX_MEMBER_NAME = 5  # characters; longer names may count as long strings under the small limits of a run


def fuzz_json(data: bytes) -> None:
    """Check that plain JSON is read as `json` reads it; anything else is read or is `MalformedError`."""
    documents = None
    with contextlib.suppress(MalformedError):
        documents = scan_json(data).documents
    if expected := _parse_plain_json(data):
        assert _expand_strings(documents) == (expected if isinstance(expected, list) else [expected])


def _parse_plain_json(data: bytes) -> Any:
    """Return JSON in which nothing is odd, else None."""
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        return None
    try:
        document = json.loads(
            data.decode(),
            object_pairs_hook=_check_members,
            parse_int=_check_int,
            parse_float=_check_float,
            parse_constant=_check_float,
        )
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def _check_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs) or any(len(name) > MAX_MEMBER_NAME for name, _ in pairs):
        raise ValueError
    return dict(pairs)


def _check_int(digits: str) -> int:
    if len(digits) >= 20:
        raise ValueError
    return int(digits)


def _check_float(digits: str) -> float:
    if not math.isfinite(float(digits)):
        raise ValueError
    return float(digits)


def _expand_strings(value: Any) -> Any:
    """Return a tree with texts for its `JSONString`s."""
    match value:
        case JSONString():
            return value.read_text()
        case dict():
            return {name: _expand_strings(item) for name, item in value.items()}
        case list():
            return [_expand_strings(item) for item in value]
    return value


def fuzz_events(data: bytes) -> None:
    """Check that an event stream is read however its lines end."""
    text = data.decode("utf-8", "replace")
    assert all(parse_events(text) or ())
    lines = [line.strip() for line in re.split("[\r\n]", text)]
    event = "\n".join(filter(None, lines))
    for line_end in ("\n", "\r\n", "\r"):
        stream = "".join(f"data: {line}{line_end}" for line in lines) + line_end
        assert list(parse_events(stream) or ()) == ([event] if event else [])


def fuzz_response(data: bytes) -> None:
    """Check that a response is decoded, saved and read again; its texts can be shown."""
    try:
        answer = decode_response(data)
    except MalformedError:
        return
    damaged_count = 0
    for number, image in enumerate(answer.encoded_images):
        try:
            image.write(io.BytesIO())
            image.set_file(f"image-{number}.png")
        except ValueError:
            damaged_count += 1
    document = json.loads(b"".join(splice_json(answer.document, JSONString.iter_json, separators=(",", ":"))))
    for each_answer in (answer, decode_document(document)):
        _check_answer(each_answer, damaged_count)
    with contextlib.suppress(MalformedError):
        decode_model_turn(json.dumps(document).encode(), {})


def _check_answer(answer: DecodedResponse, damaged_count: int) -> None:
    for part in answer.parts:
        assert not isinstance(part, TextPart) or part.text == clean(part.text)
    error: CometError = build_no_image_error(
        answer.response,
        Path("response.part"),
        is_truncated=answer.is_truncated,
        damaged_count=damaged_count,
        unknown_files=(),
    )
    check_error(error)
    if answer.error:
        check_error(parse_error_object(answer.error))
    encode_call({"usage": vars(answer.response.usage), "model_version": answer.response.model_version})


def fuzz_error_body(data: bytes) -> None:
    """Check that an error body becomes one `APIError`, whatever the status and the headers."""
    headers, body = _split_headers(data[1:])
    error = parse_error_response(STATUSES[data[0] % len(STATUSES) if data else 0], body, headers)
    assert type(error) is APIError
    check_error(error)


def _split_headers(data: bytes) -> tuple[dict[str, str], bytes]:
    """Return headers from the first lines, and the body after them."""
    *values, body = data.split(b"\n", len(HEADER_NAMES))
    texts = [value.decode("latin-1") for value in values]
    return {name: text for name, text in zip(HEADER_NAMES, texts, strict=False) if text}, body


def fuzz_retry_after(data: bytes) -> None:
    """Check that a delay makes sense or is None, and the waits of a call together are limited."""
    headers, body = _split_headers(data)
    delay = find_retry_delay(headers, parse_error_tree(body.decode("utf-8", "replace")))
    assert delay is None or 0 <= delay <= MAX_RETRY_DELAY
    state = RetryState()
    waits = [state.compute_delay(APIError("busy", reason="rate limit", retry_after=delay)) for _ in range(5)]
    assert sum(filter(None, waits)) <= MAX_TOTAL_WAIT


def fuzz_base64(data: bytes) -> None:
    """Check that valid base64 gives its bytes; anything else is repaired without a guess, or is `ValueError`."""
    is_escaped, text = data[:1] == b"1", data[1:]
    content = None
    with contextlib.suppress(ValueError):
        content = b"".join(repair_base64(memoryview(text), is_escaped=is_escaped))
    with contextlib.suppress(binascii.Error):
        assert base64.b64decode(text, validate=True) == content
    assert content is None or len(content) <= len(text)


def fuzz_gzip(data: bytes) -> None:
    """Check that what zlib unpacks is unpacked in any pieces; anything else is plain or is `InflateError`."""
    step, packed = data[0] + 1 if data else 1, data[1:]
    decoder, content = build_decoder("gzip"), b""
    try:
        for start in range(0, len(packed), step):
            content += b"".join(decoder.feed(packed[start : start + step]))
        decoder.finish()
    except InflateError:
        content = b""
    decompressor = zlib.decompressobj(wbits=31)
    with contextlib.suppress(zlib.error):
        expected = decompressor.decompress(packed)
        assert not decompressor.eof or decompressor.unused_data or content == expected
