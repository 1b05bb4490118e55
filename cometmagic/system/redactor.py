"""Removes secrets from what a service sends, in all the forms in which it may quote them.

In texts, every part of a secret that says something is replaced. A part of six characters also occurs by chance in
megabytes of base64, so in long data and in the names of fields only parts of twelve are replaced, and in bodies never
a number: an image that was paid for must stay readable. Those are found in a text that is squeezed to its letters and
digits too, for a secret may be split by anything. This module knows no files and no HTTP.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain, compress, pairwise

from cometmagic.system.escapes import MAX_ESCAPE_BYTES, iter_layers
from cometmagic.system.part_finder import PartFinder, Span, merge_spans
from cometmagic.system.secret import Secret
from cometmagic.system.secret_forms import (
    LOWER_CASE,
    SEPARATORS,
    iter_lower_forms,
    iter_squeezed_forms,
    list_whole_forms,
)

MARK = "[key]"
MIN_DATA_BYTES = 1024  # a longer run of base64 is data; a quoted header is shorter
_DATA = re.compile(rb"(?<![\w+/=-])[A-Za-z0-9+/=_-]{64,}+(?:\\/[A-Za-z0-9+/=_-]*+)*+")
_IS_DATA = bytes(chr(code).isalnum() or chr(code) in "+/=_-" for code in range(128)) + bytes(128)
_LONG = re.compile(rb'[^"]{%d}' % MIN_DATA_BYTES)
_LONG_STRING = re.compile(b'"' + _LONG.pattern)
_FIELD = re.compile(rb'"[A-Za-z]\w{1,29}"\s*:(?:\s*-?\d[\d.eE+-]*)?')  # a name, and the number after it
_SIGNS = (b" ", b"\n", b"\\", b"%", b".", b",", b":", b"<", b"&")
_BLOCK_BYTES = 64 * 1024
_IMAGE_BYTES = 8 * 1024  # of data alone, and more around it: these are not searched for parts, for speed
_SAMPLE_BYTES = 32  # that occur again if a text repeats itself
_REPETITIONS = 16  # in which each part stands once, if it stands anywhere: a part has at most twelve characters
_FIELD_BYTES = 100  # that a field has at most
_NUMBER_DIGITS = 20  # that a number of an answer has at most
_JSON_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{4}|[\x00-\x7f])")
_ESCAPE_BYTES = 6  # that a JSON escape has at most
_BODY_SEPARATORS = SEPARATORS.replace(b'"', b"")  # what is overwritten lies in one string


class Redactor:
    """Replaces some secrets in texts and bodies. Without secrets, it changes nothing."""

    __slots__ = ("_long_parts", "_parts", "_secrets")

    def __init__(self, secrets: Iterable[Secret | None] = ()) -> None:
        """Secrets that are None are left out."""
        self._secrets = [secret for secret in secrets if secret is not None]
        self._parts = PartFinder(chain.from_iterable(map(iter_lower_forms, self._secrets)), gram=3)
        self._long_parts = PartFinder(chain.from_iterable(map(iter_squeezed_forms, self._secrets)), gram=4)

    def __repr__(self) -> str:
        return f"<redactor of {len(self._secrets)} secrets>"

    @property
    def max_form_bytes(self) -> int:
        """The length of the longest form of a secret; 0 without secrets."""
        return max(map(len, self._secrets), default=0) * MAX_ESCAPE_BYTES

    def redact(self, text: str) -> str:
        """Return a text with `MARK` in place of each part of a secret."""
        return self.redact_joined([text])[0]

    def redact_joined(self, texts: Iterable[str]) -> list[str]:
        """Return texts that are read one right after the other, with `MARK` in place of each part of a secret."""
        if not self._secrets:
            return list(texts)
        contents = [text.encode("utf-8", "surrogatepass") for text in texts]
        spans = merge_spans(self._find_in_blocks(b"".join(contents)))
        borders = pairwise(accumulate(map(len, contents), initial=0))
        return [_mark(content, _clip(spans, *border)) for content, border in zip(contents, borders, strict=True)]

    def _find_in_blocks(self, content: bytes) -> Iterator[Span]:
        """Yield where secrets stand in a text."""
        for block_start, block in self._iter_blocks(content, 0, len(content)):
            for start, end in self._find_spans(block, SEPARATORS):
                yield block_start + start, block_start + end

    def redact_body(self, content: bytearray, limit: int | None = None, *, is_binary: bool = False) -> bool:
        """Write other characters, as many, over the secrets in a response's body, and return whether there were any.

        Secrets that begin at `limit` or later are left: what follows `content` may belong to them. In a binary file
        only whole secrets are replaced: a table of a JPEG holds the alphabet.
        """
        is_changed = False
        whole_spans = ((span, b"*") for span in self._find_whole(content))
        for span, filler in whole_spans if is_binary else self._iter_replacements(content):
            start, end = (_skip_escape(content, index) for index in span)
            if limit is None or start < limit:
                content[start:end] = filler * (end - start)
                is_changed = True
        return is_changed

    def _iter_replacements(self, content: bytearray) -> Iterator[tuple[Span, bytes]]:
        """Yield where a body contains a secret, and the character that replaces it: in data one of base64."""
        data_spans = list(_find_data(content)) if self._secrets else []
        starts, ends = zip(*data_spans, strict=True) if data_spans else ((), ())
        for start, end in zip((0, *ends), (*starts, len(content)), strict=True):
            yield from ((span, b"*") for span in self._find_in_text(content, start, end))
        is_image_middle = data_spans == [(0, len(content))] and len(content) > _IMAGE_BYTES
        if self._secrets and not is_image_middle:
            spans = merge_spans(self._find_squeezed(bytes(content), _BODY_SEPARATORS))
            yield from ((span, b"A") for span in spans if not _is_number(content[slice(*span)]))
        yield from ((span, b"A") for span in self._find_whole(content))  # what is left, in data and in names

    def _find_in_text(self, content: bytearray, start: int, end: int) -> Iterator[Span]:
        """Yield where secrets stand between two places of a body."""
        for block_start, block in self._iter_blocks(content, start, end):
            for first, last in self._find_in_words(block):
                yield block_start + first, block_start + last

    def _iter_blocks(self, content: bytes | bytearray, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Yield the blocks of a text that may hold a secret, and where they start: a text of escapes takes memory."""
        for position in range(start, end, _BLOCK_BYTES):
            block_start = max(start, position - _FIELD_BYTES)
            block = bytes(content[block_start : min(end, position + _BLOCK_BYTES + self.max_form_bytes)])
            if not self._is_clean_repetition(block):
                yield block_start, block

    def _is_clean_repetition(self, content: bytes) -> bool:
        """Whether a text is one short piece again and again, without a secret: what never ends mostly is that."""
        period = content.find(content[:_SAMPLE_BYTES], 1)
        beginning = content[: period * _REPETITIONS + self.max_form_bytes]
        is_repeated = period > 0 and len(beginning) < len(content) and content.startswith(content[period:])
        return is_repeated and not any(self._find_spans(beginning, SEPARATORS))

    def _find_in_words(self, content: bytes) -> list[Span]:
        """Return where secrets stand in JSON, except in a field's name or number."""
        spans = merge_spans(self._find_spans(content, _BODY_SEPARATORS)) if self._secrets else []
        return [span for span in spans if not _is_field(content, span)]

    def _find_whole(self, content: bytearray) -> Iterator[Span]:
        """Yield where a whole secret stands; a few digits may be a number, which must stay one."""
        forms = (form for secret in self._secrets for form in list_whole_forms(secret))
        for form in (form for form in forms if not _is_number(form)):
            index = content.find(form)
            while index >= 0:
                yield index, index + len(form)
                index = content.find(form, index + len(form))

    def _find_spans(self, content: bytes, separators: bytes) -> Iterator[Span]:
        """Yield where the parts of a secret stand in a text, with and without escapes; parts overlap."""
        yield from self._find_in_layer(content, separators)
        for layer in iter_layers(content):
            for start, end in self._find_in_layer(layer.content, separators):
                yield layer.starts[start], layer.ends[end - 1]

    def _find_in_layer(self, content: bytes, separators: bytes) -> Iterator[Span]:
        yield from self._parts.find(content.lower())
        yield from self._find_squeezed(content, separators)

    def _find_squeezed(self, content: bytes, separators: bytes) -> Iterator[Span]:
        """Yield where long parts stand in a text, whatever separates their letters and digits."""
        spans = list(self._long_parts.find(content.translate(LOWER_CASE, separators)))
        if spans:
            is_kept = bytes(code not in separators for code in range(256))
            positions = array("Q", compress(range(len(content)), content.translate(is_kept)))
            yield from ((positions[start], positions[end - 1] + 1) for start, end in spans)


def _clip(spans: list[Span], start: int, end: int) -> list[Span]:
    """Return what of some spans lies between two places, counted from the first."""
    clipped = ((max(span[0], start) - start, min(span[1], end) - start) for span in spans)
    return [span for span in clipped if span[0] < span[1]]


def _mark(content: bytes, spans: list[Span]) -> str:
    """Return a text with `MARK` in place of some spans."""
    pieces, position = [], 0
    for start, end in spans:
        pieces += [content[position:start], MARK.encode()]
        position = end
    return b"".join([*pieces, content[position:]]).decode("utf-8", "surrogatepass")


def _is_number(content: bytes | bytearray) -> bool:
    """Whether a piece of a body may be a number, which must stay one."""
    return len(content) <= _NUMBER_DIGITS and content.isdigit()


def _find_data(content: bytearray) -> Iterator[Span]:
    """Yield where a body contains long base64, hexadecimal or the like."""
    string = _LONG.match(content) or _LONG_STRING.search(content)  # `content` may begin within a string
    while string:
        start, end = string.end() - MIN_DATA_BYTES, content.find(b'"', string.end())
        end = end if end >= 0 else len(content)
        if _is_data(content, start, end):  # as with all images, and much faster than `_DATA`
            yield start, end
        else:
            yield from _find_runs(content, start, end)
        string = _LONG_STRING.search(content, end)


def _is_data(content: bytearray, start: int, end: int) -> bool:
    """Whether a string has none of the signs that every long text has, and no other scripts."""
    return all(content.find(sign, start, end) < 0 for sign in _SIGNS) and all(
        content[index : min(index + _BLOCK_BYTES, end)].isascii() for index in range(start, end, _BLOCK_BYTES)
    )


def _find_runs(content: bytearray, start: int, end: int) -> Iterator[Span]:
    if b"\1" * 64 not in content[start:end].translate(_IS_DATA):  # much faster than `_DATA`
        return iter(())
    runs = (run.span() for run in _DATA.finditer(content, start, end))
    return (run for run in runs if run[1] - run[0] >= MIN_DATA_BYTES)


def _is_field(content: bytes, span: Span) -> bool:
    """Whether a span lies in the name or the number of a field."""
    window_start = max(0, span[0] - _FIELD_BYTES)
    fields = _FIELD.finditer(content, window_start, span[1] + _FIELD_BYTES)
    return any(field.start() <= span[0] and span[1] <= field.end() for field in fields)


def _skip_escape(content: bytearray, index: int) -> int:
    """Return the end of a JSON escape that begins before an index and ends after it, else the index.

    The letter of an escaped line end may look like the beginning of a part; without it the body is no JSON.
    """
    start = max(0, index - _ESCAPE_BYTES)
    while start and content[start - 1 : start] == b"\\":  # an escape may begin at each second one
        start -= 1
    escapes = _JSON_ESCAPE.finditer(content, start, index + _ESCAPE_BYTES)
    return next((escape.end() for escape in escapes if escape.start() < index < escape.end()), index)
