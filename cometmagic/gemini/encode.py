"""A request as JSON: camelCase, as the Gemini API documents it, without fields that only Vertex AI has.

In `request.json`, `{"file": "reference-1.png"}` stands for an image's base64 and
`{"file": "signature-1.txt"}` for a thought signature. The body on the wire is *generated* from that
JSON chunk by chunk, so that fourteen 4K references take two megabytes of memory and not a gigabyte.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pybase64

from cometmagic.errors import OptionError
from cometmagic.gemini.extra_fields import merge_extra
from cometmagic.gemini.parts import ImagePart, Part, RawPart, TextPart
from cometmagic.gemini.request import ImageRequest
from cometmagic.gemini.signature_filter import strip_signatures
from cometmagic.options.declaration import Options
from cometmagic.system.regular_files import measure_regular, open_regular

CHUNK_BYTES = 3 * 2**18  # bytes of an image at a time: divisible by 3, 1 MiB of base64
_PLACEHOLDER = re.compile(rb'\{"file":"(reference-\d+\.[a-z]+|signature-\d+\.txt)"\}')


def format_reference_name(number: int, part: ImagePart) -> str:
    """Return the file name of the `number`-th image of a request, counted from 1."""
    return f"reference-{number}{part.suffix}"


def format_signature_name(number: int) -> str:
    """Return the file name of the `number`-th thought signature of a request, counted from 1."""
    return f"signature-{number}.txt"


def encode_request(request: ImageRequest) -> dict[str, Any]:
    """Return the request's JSON with each image and each thought signature as `{"file": name}`."""
    return _merge_extra(request)[0]


def encode_options(options: Options) -> dict[str, Any]:
    """Return what `encode_request` returns, without the contents of the turns."""
    body: dict[str, Any] = {}
    _set_options(body, options)
    return merge_extra(body, options.extra)[0]


def find_replaced_fields(request: ImageRequest) -> list[str]:
    """Return a sentence for each field of the request that `--extra` replaces."""
    return _merge_extra(request)[1]


def _merge_extra(request: ImageRequest) -> tuple[dict[str, Any], list[str]]:
    if _PLACEHOLDER.search(serialize_body(request.options.extra)):
        raise OptionError('--extra: {"file": "reference-…"} stands for an image here and cannot be sent.')
    return merge_extra(encode_declared_options(request), request.options.extra)


def encode_declared_options(request: ImageRequest) -> dict[str, Any]:
    """Return what `encode_request` returns, without the fields of `--extra`."""
    image_numbers, signature_numbers = itertools.count(1), itertools.count(1)

    def encode_part(part: Part) -> dict[str, Any]:
        node: dict[str, Any]
        if isinstance(part, TextPart):
            node = {"text": part.text}
        elif isinstance(part, RawPart):
            node = json.loads(part.content)
        else:
            name = format_reference_name(next(image_numbers), part)
            node = {"inlineData": {"mimeType": part.mime_type, "data": {"file": name}}}
        if part.signature is not None:
            node["thoughtSignature"] = {"file": format_signature_name(next(signature_numbers))}
        return node

    body: dict[str, Any] = {
        "contents": [{"role": turn.role, "parts": [encode_part(part) for part in turn.parts]} for turn in request.turns]
    }
    _set_options(body, request.options)
    return body


def has_placeholder(part: RawPart) -> bool:
    """Whether a part of an answer would be taken for a file of the request, so that it cannot be sent back."""
    return _PLACEHOLDER.search(part.content) is not None


def _set_options(body: dict[str, Any], options: Options) -> None:
    """Set every option that differs from its default at its path in `body`."""
    for option in options.list_options().values():
        value = getattr(options, option.name)
        if not option.json_path or (value == option.default and option.json_path not in _REQUIRED_PATHS):
            continue
        *parents, field = option.json_path.split(".")
        node = body
        for name in parents:
            node = node.setdefault(name, {})
        node[field] = _VALUE_ENCODERS[option.json_path](value) if option.json_path in _VALUE_ENCODERS else value


def _build_modalities(image_only: bool) -> list[str]:
    # TEXT is included by default because a refusal comes without an explanation otherwise.
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


def serialize_body(body: dict[str, Any]) -> bytes:
    """Return the JSON of `encode_request` as compact UTF-8."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def hash_request(request: ImageRequest) -> str:
    """Return a hex digest of the model, the body and the images: their pixels if they were encoded here, else bytes.

    So a recording is found with another version of the encoder. Thought signatures do not count, because a recording
    may lack them.
    """
    body = strip_signatures(serialize_body(encode_request(_drop_encodings(request))))
    digest = hashlib.sha256(request.options.model.encode() + b"\n" + body)
    for part in request.references:
        digest.update(bytes.fromhex(part.pixel_digest) if part.pixel_digest else hashlib.sha256(part.data).digest())
    return digest.hexdigest()


def _drop_encodings(request: ImageRequest) -> ImageRequest:
    """Return a request that says PNG for each image known by its pixels: its format depends on the encoder too."""

    def drop(part: Part) -> Part:
        return replace(part, mime_type="image/png") if isinstance(part, ImagePart) and part.pixel_digest else part

    return replace(request, turns=tuple(replace(turn, parts=tuple(map(drop, turn.parts))) for turn in request.turns))


def measure_request(request: ImageRequest) -> int:
    """Return the size of a request's body, in bytes."""
    body = serialize_body(encode_request(request))
    placeholders = sum(len(match[0]) for match in _PLACEHOLDER.finditer(body))
    if not placeholders:  # `--extra` may replace the contents, with the images in them
        return len(body)
    images = sum((part.size + 2) // 3 * 4 + 2 for part in request.references)
    return len(body) - placeholders + images + sum(signature.size + 2 for signature in request.signatures)


def measure_body(body: dict[str, Any], folder: Path) -> int:
    """Return the Content-Length of what `iter_body` yields, in bytes."""
    return sum(
        len(literal) + (_measure_encoded_file(file) + 2 if file else 0) for literal, file in _split_body(body, folder)
    )


def _measure_encoded_file(file: Path) -> int:
    size = measure_regular(file)
    return size if _is_signature(file) else (size + 2) // 3 * 4


def _is_signature(file: Path) -> bool:
    """Whether a file holds a thought signature (the inside of a JSON string) and not an image."""
    return file.name.startswith("signature-")


def iter_body(body: dict[str, Any], folder: Path) -> Iterator[bytes]:
    """Yield the body as it goes over the wire: images in base64, signatures unchanged."""
    for literal, file in _split_body(body, folder):
        yield literal
        if file is None:
            continue
        yield b'"'
        with open_regular(file) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk if _is_signature(file) else pybase64.b64encode(chunk)
        yield b'"'


def _split_body(body: dict[str, Any], folder: Path) -> Iterator[tuple[bytes, Path | None]]:
    """Yield the pieces of JSON between the placeholders, each with the file whose content follows it."""
    # Inside a JSON string every quote is escaped, so a prompt can never look like a placeholder.
    pieces = _PLACEHOLDER.split(serialize_body(body))
    for index in range(0, len(pieces), 2):
        yield pieces[index], folder / pieces[index + 1].decode() if index + 1 < len(pieces) else None
