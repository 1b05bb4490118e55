"""Answers to be killed over: three kinds, three ways of saving each.

Each knows its images and where in the body they end, so that a judge can tell what a folder must hold
when only the first part of it had come.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from tests.faults.server import Step, chunked, recv_request, response, send
from tests.gemini.answers import answer, base64_of, body, image, text

SIGNATURE = "s" * 50_000


def flat(width: int, height: int, color: str) -> bytes:
    """Return a PNG of one colour: many pixels in few bytes."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), color).save(file, "PNG")
    return file.getvalue()


def noise(side: int) -> bytes:
    """Return a PNG that cannot be packed: few pixels in many bytes."""
    file = io.BytesIO()
    pixels = random.Random(side).randbytes(3 * side * side)  # noqa: S311  # any that do not pack
    Image.frombytes("RGB", (side, side), pixels).save(file, "PNG")
    return file.getvalue()


@dataclass(frozen=True)
class Picture:
    """An image of an answer, and where in the body its last byte lies."""

    sha256: str
    end: int
    thought: bool


@dataclass(frozen=True)
class Case:
    """A kind of answer and a way of saving it."""

    name: str
    sent: bytes = field(repr=False)  # over the socket
    body: bytes = field(repr=False)  # as it is to lie on the disk
    pictures: tuple[Picture, ...]
    preview: int
    from_the_start: bool  # False when only its saving differs from another case

    @property
    def steps(self) -> list[Step]:
        """What the server does."""
        return [recv_request(), send(self.sent)]

    def whole(self, received: int) -> set[str]:
        """Return the images that are whole in the first bytes of the body."""
        return {picture.sha256 for picture in self.pictures if picture.end <= received}


def _case(kind: str, sent: bytes, content: bytes, pictures: Sequence[tuple[bytes, bool]], preview: int) -> Case:
    placed, drafts = [], any(thought for _, thought in pictures)
    for picture, thought in pictures:
        encoded = base64_of(picture).encode()
        end = content.index(encoded) + len(encoded) + 1  # with the closing quote
        placed.append(Picture(hashlib.sha256(picture).hexdigest(), end, thought))
    name = f"{kind}{', drafts' if drafts else ''}, preview {preview}"
    return Case(name, sent, content, tuple(placed), preview, bool(preview) and drafts == (kind == "packed"))


def _plain(preview: int, *, drafts: bool) -> Case:
    """One large PNG, which is made small strip by strip."""
    shown = [(flat(2100, 2000, "teal"), False)]
    if drafts:
        shown.insert(0, (flat(900, 700, "orange"), True))
    parts = [image(content, thought=thought, thoughtSignature=SIGNATURE) for content, thought in shown]
    content = body(answer(text("Here it is."), *parts))
    return _case("plain", response(content), content, shown, preview)


def _packed(preview: int) -> Case:
    """Two drafts and the image, with signatures, packed."""
    shown = [(flat(90, 70, "orange"), True), (noise(60), True), (noise(220), False)]
    parts = [image(content, thought=thought, thoughtSignature=SIGNATURE) for content, thought in shown]
    content = body(answer(text("Wheels first.", thought=True), *parts))
    sent = response(gzip.compress(content), headers={"Content-Encoding": "gzip"})
    return _case("packed", sent, content, shown, preview)


def _streamed(preview: int, *, drafts: bool) -> Case:
    """Two images, each in an event of its own."""
    shown = [(noise(70), False), (noise(230), False)]
    if drafts:
        shown.insert(0, (noise(50), True))
    documents = [answer(image(content, thought=thought), finish=None) for content, thought in shown]
    documents.append(answer(text("Done.", thoughtSignature=SIGNATURE)))
    content = b"".join(b"data: %s\n\n" % body(document) for document in documents)
    headers = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
    sent = response(b"", headers=headers, length=False) + chunked(content, 16_000)
    return _case("streamed", sent, content, shown, preview)


def unsigned(side: int) -> Case:
    """One image, the last thing of its answer."""
    shown = [(noise(side), False)]
    content = body(answer(image(shown[0][0])))
    return _case("unsigned", response(content), content, shown, 1024)


@functools.cache
def cases() -> list[Case]:
    """Return three kinds of answers in three ways of saving; a packed one always has drafts.

    The first of each kind goes from end to end; the others differ only in what is saved.
    """
    plain = [_plain(1024, drafts=False), _plain(0, drafts=False), _plain(1024, drafts=True)]
    streamed = [_streamed(1024, drafts=False), _streamed(0, drafts=False), _streamed(1024, drafts=True)]
    return [*plain, _packed(1024), _packed(0), *streamed]
