r"""Undoes the escapes with which a text may be written, layer by layer, and knows where each character stood.

Services quote in JSON, HTML and addresses, often in one within the other: `\u0026#57;`. What a cleaner or a browser
leaves out, such as escape sequences of terminals and tags, is left out here too: it must not split a secret. This
module does not know what is searched.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from itertools import compress
from typing import NamedTuple

MAX_LAYERS = 4  # escapes within escapes, and UTF-16 around them
MAX_ESCAPE_BYTES = 40  # of one character: `\u0026\u0023\u0035\u0037\u003b`, or with an escape sequence before it
_ESCAPE_SEQUENCES = rb"""
    (?:(?:\x1b|\\{1,8}(?:u00|x)1[bB])\[|\xc2\x9b|\\{1,8}u009[bB])[0-?]{0,64}[ -/]{0,64}[@-~]
    |(?:(?:\x1b|\\{1,8}(?:u00|x)1[bB])[\]PX^_]|\xc2[\x90\x98\x9d-\x9f]|\\{1,8}u009[08d-fD-F])
     (?:(?!\\{1,8}u00(?:07|1[bB]|9[cC]))(?:[^"\\\x07\x1b\xc2]|\xc2(?!\x9c)|\\.))*
    |(?:\x1b|\\{1,8}(?:u00|x)1[bB])(?:[@-Z]|\\\\?)
"""
_DECIMAL_CODE = rb"0{0,8}(?:3[2-9]|[4-9]\d|1[01]\d|12[0-6])(?!\d)"
_ESCAPES = re.compile(
    rb"""\\{1,8}(?:u00|x|u\{0{0,4})([2-7][0-9a-fA-F])\}?  # JSON, Python, JavaScript
    |%(?:25){0,8}([2-7][0-9a-fA-F])                      # URL
    |&\#[xX]0{0,8}([2-7][0-9a-fA-F])(?![0-9a-fA-F]);?    # HTML
    |(?:,\ ?)?\b0x([2-7][0-9a-fA-F])\b                   # bytes in a list
    |&\#("""
    + _DECIMAL_CODE
    + rb""");?
    |\\{1,8}(0[4-7][0-7]|1[0-7][0-7])                    # octal
    |\\(["\\/])                                          # JSON
    |(?:"""
    + _ESCAPE_SEQUENCES
    + rb"""
      |[^\x20-\x7e]                              # controls, and other scripts
      |\\{1,8}(?:u(?!00[2-7])[0-9a-fA-F]{4}|x[0189a-fA-F][0-9a-fA-F]|[bfnrt])
      |%(?:25){0,8}[0189a-fA-F][0-9a-fA-F]
      |&(?:shy|nbsp|zwn?j|lrm|rlm|hyphen|dash|lowbar|period);
      |&\#(?!"""
    + _DECIMAL_CODE
    + rb""")\d{1,8};?
      |&\#[xX](?!0{0,8}[2-7][0-9a-fA-F](?![0-9a-fA-F]))[0-9a-fA-F]{1,8};?
      |</?[A-Za-z]{1,10}(?:\ [^<>"]{0,40})?/?>|<!--[^<>"]{0,40}-->
    )+""",
    re.VERBOSE | re.DOTALL,
)
_BASES = {5: 10, 6: 8}  # of the codes in groups; in the others the code is hexadecimal
_LITERAL = 7  # the group of a character itself
_SIGNS = (b"\\", b"%", b"&", b"<", b"0x", b"\x1b", b"\xc2")  # one of them is in each escape
_IS_PRINTABLE = bytes(0x20 <= code <= 0x7E for code in range(256))
_UNPRINTABLE = bytes(code for code in range(256) if not _IS_PRINTABLE[code])


class UnescapedText(NamedTuple):
    """The printable ASCII characters of a text without escapes, and where each begins and ends in that text."""

    content: bytes
    starts: array[int]
    ends: array[int]


def iter_layers(content: bytes) -> Iterator[UnescapedText]:
    """Yield a text with one layer of escapes undone, with two, and so on while there are any."""
    layer = unescape(content)
    for _ in range(MAX_LAYERS):
        if layer is None:
            return
        yield layer
        inner = unescape(layer.content)
        layer = inner and UnescapedText(
            inner.content,
            array("Q", map(layer.starts.__getitem__, inner.starts)),
            array("Q", (layer.ends[end - 1] for end in inner.ends)),
        )


def unescape(content: bytes) -> UnescapedText | None:
    """Undo one layer of escapes, and leave out all that is not printable ASCII; None for a text without any."""
    if not any(sign in content for sign in _SIGNS):
        return _drop_unprintable(content)
    if _ESCAPES.search(content) is None:
        return None
    text, position = UnescapedText(b"", array("Q"), array("Q")), 0
    pieces: list[bytes] = []
    for match in _ESCAPES.finditer(content):
        _append_plain(text, pieces, content, position, match.start())
        if character := _read_character(match):
            pieces.append(character)
            text.starts.append(match.start())
            text.ends.append(match.end())
        position = match.end()
    _append_plain(text, pieces, content, position, len(content))
    return text._replace(content=b"".join(pieces))


def _drop_unprintable(content: bytes) -> UnescapedText | None:
    """Do the same for a text without signs of escapes, much faster: in UTF-16, every second byte is left out."""
    printable = content.translate(None, _UNPRINTABLE)
    if len(printable) == len(content):
        return None
    mask = content.translate(_IS_PRINTABLE)
    starts, ends = compress(range(len(content)), mask), compress(range(1, len(content) + 1), mask)
    return UnescapedText(printable, array("Q", starts), array("Q", ends))


def _append_plain(text: UnescapedText, pieces: list[bytes], content: bytes, start: int, end: int) -> None:
    pieces.append(content[start:end])
    text.starts.extend(range(start, end))
    text.ends.extend(range(start + 1, end + 1))


def _read_character(match: re.Match[bytes]) -> bytes:
    group = match.lastindex
    if group is None:
        return b""
    return match[group] if group == _LITERAL else bytes([int(match[group], _BASES.get(group, 16))])
