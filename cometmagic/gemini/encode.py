"""A request as JSON: camelCase, as the Gemini API documents it, and never a field only Vertex knows.

The JSON that stands in `request.json` has `{"file": "reference-1.png"}` where an image's base64 goes, and
`{"file": "signature-1.txt"}` where a thought signature does. The body on the wire is *generated* from that
skeleton chunk by chunk, so that fourteen 4K references cost two megabytes of memory and not a gigabyte.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pybase64

from cometmagic.errors import OptionError
from cometmagic.gemini.parts import ImagePart, Part, TextPart
from cometmagic.gemini.request import ImageRequest
from cometmagic.gemini.signature_filter import strip_signatures
from cometmagic.options.declaration import Options

CHUNK_BYTES = 3 * 2**18  # bytes of an image at a time: divisible by 3, 1 MiB of base64
_PLACEHOLDER = re.compile(rb'\{"file":"(reference-\d+\.[a-z]+|signature-\d+\.txt)"\}')


def format_reference_name(number: int, part: ImagePart) -> str:
    """Return the file name of the `number`-th image that is sent, counted from 1."""
    return f"reference-{number}{part.suffix}"


def format_signature_name(number: int) -> str:
    """Return the file name of the `number`-th thought signature that is sent, counted from 1."""
    return f"signature-{number}.txt"


def encode_request(request: ImageRequest) -> dict[str, Any]:
    """Return the request's JSON with each image and each thought signature as `{"file": name}`."""
    images, signatures = itertools.count(1), itertools.count(1)

    def written(part: Part) -> dict[str, Any]:
        if isinstance(part, TextPart):
            node: dict[str, Any] = {"text": part.text}
        else:
            name = format_reference_name(next(images), part)
            node = {"inlineData": {"mimeType": part.mime_type, "data": {"file": name}}}
        if part.signature is not None:
            node["thoughtSignature"] = {"file": format_signature_name(next(signatures))}
        return node

    body: dict[str, Any] = {
        "contents": [{"role": turn.role, "parts": [written(part) for part in turn.parts]} for turn in request.turns]
    }
    _write_options(body, request.options)
    if _PLACEHOLDER.search(serialize_body(request.options.extra)):
        raise OptionError('--extra: {"file": "reference-…"} stands for an image here and cannot be sent.')
    return _merge(body, request.options.extra)


def _write_options(body: dict[str, Any], options: Options) -> None:
    """Put every option that was given at its path."""
    for option in options.list_options().values():
        value = getattr(options, option.name)
        if not option.json_path or (value == option.default and option.json_path not in _REQUIRED_PATHS):
            continue
        *parents, last = option.json_path.split(".")
        place = body
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = _VALUE_ENCODERS[option.json_path](value) if option.json_path in _VALUE_ENCODERS else value


def _build_modalities(image_only: bool) -> list[str]:
    # TEXT is asked for by default because a refusal arrives without its words otherwise.
    return ["IMAGE"] if image_only else ["TEXT", "IMAGE"]


def _build_tools(search_types: tuple[str, ...]) -> list[dict[str, Any]]:
    if search_types == ("web",):
        return [{"googleSearch": {}}]
    return [{"googleSearch": {"searchTypes": {f"{kind}Search": {} for kind in search_types}}}]


_VALUE_ENCODERS: dict[str, Callable[[Any], Any]] = {
    "generationConfig.responseModalities": _build_modalities,
    "generationConfig.thinkingConfig.thinkingLevel": str.upper,
    "tools": _build_tools,
    "systemInstruction": lambda text: {"parts": [{"text": text}]},
    "safetySettings": lambda pairs: [{"category": name, "threshold": level} for name, level in pairs.items()],
}
_REQUIRED_PATHS = ("generationConfig.responseModalities",)


def _merge(body: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """Return `body` with `extra` laid over it, objects member by member."""
    out = dict(body)
    for name, value in extra.items():
        both = isinstance(value, dict) and isinstance(out.get(name), dict)
        out[name] = _merge(out[name], value) if both else value
    return out


def serialize_body(body: dict[str, Any]) -> bytes:
    """Return the JSON of `encode` as compact UTF-8."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def hash_request(request: ImageRequest) -> str:
    """Return the hex digest that tells one request from another: model, body and the images' contents.

    Thought signatures do not count, so that a recording is found as well where they were left out.
    """
    digest = hashlib.sha256(
        request.options.model.encode() + b"\n" + strip_signatures(serialize_body(encode_request(request)))
    )
    for part in request.references:
        digest.update(hashlib.sha256(part.data).digest())
    return digest.hexdigest()


def measure_request(request: ImageRequest) -> int:
    """Return how many bytes the body of a request will have."""
    body = serialize_body(encode_request(request))
    places = sum(len(place[0]) for place in _PLACEHOLDER.finditer(body))
    images = sum((part.size + 2) // 3 * 4 + 2 for part in request.references)
    return len(body) - places + images + sum(signature.size + 2 for signature in request.signatures)


def measure_body(body: dict[str, Any], folder: Path) -> int:
    """Return the Content-Length of `body_chunks`, in bytes."""
    return sum(
        len(literal) + (_measure_encoded(file) + 2 if file else 0) for literal, file in _split_body(body, folder)
    )


def _measure_encoded(file: Path) -> int:
    size = file.stat().st_size
    return size if _is_signature(file) else (size + 2) // 3 * 4


def _is_signature(file: Path) -> bool:
    """Whether a file holds the inside of a JSON string, and no image."""
    return file.name.startswith("signature-")


def iter_body(body: dict[str, Any], folder: Path) -> Iterator[bytes]:
    """Yield the body as it goes over the wire, each image's base64 made as it is sent, signatures as they came."""
    for literal, file in _split_body(body, folder):
        yield literal
        if file is None:
            continue
        yield b'"'
        with file.open("rb") as opened:
            while chunk := opened.read(CHUNK_BYTES):
                yield chunk if _is_signature(file) else pybase64.b64encode(chunk)
        yield b'"'


def _split_body(body: dict[str, Any], folder: Path) -> Iterator[tuple[bytes, Path | None]]:
    """Yield the skeleton's literals, each with the file whose content follows it."""
    # Inside a JSON string every quote is escaped, so a prompt can never look like a place.
    pieces = _PLACEHOLDER.split(serialize_body(body))
    for index in range(0, len(pieces), 2):
        yield pieces[index], folder / pieces[index + 1].decode() if index + 1 < len(pieces) else None
