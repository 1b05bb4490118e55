"""D6 to D11: packed answers, whole, cut, damaged, endless or packed in what was not asked for."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.courier.http.content_decoding import InflateError, build_decoder
from cometmagic.errors import ChargeStatus, TransportError
from cometmagic.options.declaration import Limits
from tests.faults.asking import Asker, Outcome
from tests.faults.bombs import MEGA, pack, zeros
from tests.faults.server import Step, recv_request, response, send, sliced
from tests.gemini.answers import answer, body, image, picture, text

WHOLE = body(answer(text("words " * 50), image(picture("JPEG")), text("more " * 3000)))
PACKED = gzip.compress(WHOLE)


def packed(content: bytes, encoding: str = "gzip") -> list[Step]:
    return [recv_request(), send(response(content, headers={"Content-Encoding": encoding}))]


GOOD = {
    "D9-gzip": PACKED,
    "D8-two-members": gzip.compress(WHOLE[:99]) + gzip.compress(WHOLE[99:]),
    "D8-empty-members": gzip.compress(b"") + PACKED + gzip.compress(b""),
    "D8-many-members": b"".join(gzip.compress(WHOLE[start : start + 50]) for start in range(0, len(WHOLE), 50)),
    "D16-zeros-after": PACKED + bytes(100),
    "stored": gzip.compress(WHOLE, 0),
}


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " x-gzip "])
@pytest.mark.parametrize("name", GOOD)
def test_a_packed_answer_is_unpacked(ask: Asker, name: str, encoding: str) -> None:
    outcome = ask(*packed(GOOD[name], encoding))

    assert outcome.made.image.data == picture("JPEG")
    assert outcome.notes == ""


LAYERS: dict[str, tuple[str, bytes]] = {
    "no header": ("", PACKED),
    "another header": ("zstd", PACKED),
    "zlib": ("deflate", zlib.compress(WHOLE)),
    "bare deflate": ("deflate", zlib.compress(WHOLE, wbits=-15)),
    "twice": ("gzip, gzip", gzip.compress(PACKED)),
    "twice, told once": ("gzip", gzip.compress(PACKED)),
    "twice, not told": ("", gzip.compress(PACKED)),
    "plain, called brotli": ("br", WHOLE),
    "events in gzip": ("", gzip.compress(b"data: " + WHOLE + b"\n\n")),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_first_bytes_show_how_an_answer_is_packed(ask: Asker, name: str) -> None:
    encoding, content = LAYERS[name]
    headers = {"Content-Encoding": encoding} if encoding else {}

    assert ask(recv_request(), sliced(response(content, headers=headers), 7)).made.image.data == picture("JPEG")


def test_an_answer_with_the_status_of_an_error_may_be_packed_too(ask: Asker) -> None:
    outcome = ask(recv_request(), send(response(PACKED, "429 Slow", {"Retry-After": "0"})))

    assert outcome.made.image.data == picture("JPEG")
    assert len(outcome.log) == 1


@pytest.mark.parametrize(
    ("charset", "words"),
    [("ISO-8859-1", "café fermé"), ("gb18030", "余额不足"), ("windows-1252", "Accès refusé"), ("nonsense", "plain")],
)
def test_an_error_is_read_in_its_charset(ask: Asker, charset: str, words: str) -> None:
    content = words.encode(charset if charset != "nonsense" else "ascii")
    headers = {"Content-Type": f"text/plain; charset={charset}"}

    assert words in str(ask(recv_request(), send(response(content, "400 Bad", headers))).told)


@pytest.mark.parametrize("name", GOOD)
def test_a_packed_answer_may_come_in_pieces(ask: Asker, name: str) -> None:
    whole = response(GOOD[name], headers={"Content-Encoding": "gzip"})

    assert ask(recv_request(), sliced(whole, 13)).made.image.data == picture("JPEG")


def unread(ask: Asker, *steps: Step) -> Outcome:
    outcome = ask(*steps)
    assert isinstance(outcome.told, TransportError)
    assert outcome.told.charge_status is ChargeStatus.UNKNOWN
    return outcome


@pytest.mark.parametrize(("missing", "cut"), [(1, False), (8, False), (40, True)])
def test_d7_a_truncated_gzip_is_noticed(ask: Asker, missing: int, cut: bool) -> None:
    # Content-Length fits, so that HTTP itself sees nothing wrong. Without its checksum all of the JSON is there.
    outcome = ask(*packed(PACKED[:-missing]))

    assert outcome.made.image.data == picture("JPEG")
    assert ("cut short" in outcome.notes) == cut


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2])
def test_d7_a_gzip_cut_before_the_image_ends(ask: Asker, share: float) -> None:
    outcome = unread(ask, *packed(PACKED[: int(len(PACKED) * share)]))

    assert "cut short" in str(outcome.told)
    assert WHOLE.startswith(outcome.folder.response_path.read_bytes())


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no gzip at all", "cannot be read"), (PACKED[:12] + b"\xff" * 40 + PACKED[52:], "damaged")],
    ids=["words", "corrupt"],
)
def test_d6_a_damaged_gzip(ask: Asker, content: bytes, words: str) -> None:
    assert words in str(unread(ask, *packed(content)).told)


def test_d6_what_only_says_that_it_is_gzip_is_read_as_it_is(ask: Asker) -> None:
    assert ask(*packed(WHOLE)).made.image.data == picture("JPEG")


def test_d6_what_came_before_the_damage_is_kept(ask: Asker) -> None:
    outcome = ask(*packed(PACKED[:-8] + bytes(8)))  # the checksum alone is wrong

    assert outcome.made.image.data == picture("JPEG")
    assert "damaged" in outcome.notes


@pytest.mark.parametrize("encoding", ["br", "zstd", "br, gzip", "\x1b[31m"], ids=repr)
def test_d11_an_encoding_that_was_not_asked_for(ask: Asker, encoding: str) -> None:
    outcome = unread(ask, *packed(b"\x1b\x0b\x80packed", encoding))

    assert "not asked for" in str(outcome.told)
    assert outcome.folder.response_path.read_bytes() == b"\x1b\x0b\x80packed"


@pytest.mark.parametrize("filling", [b"\0", b" ", b"[", b'"', b"1,"], ids=repr)
def test_d10_a_bomb_stops_at_the_limit(ask: Asker, filling: bytes) -> None:
    content = pack(filling * (MEGA // len(filling)), 100)
    steps = packed(content)

    outcome = ask.carry(*steps, limits=Limits(largest_answer=3))

    assert isinstance(outcome.told, TransportError)
    assert outcome.told.charge_status is ChargeStatus.UNKNOWN
    assert outcome.folder.response_path.stat().st_size <= 4 << 20


def test_d13_a_plain_body_stops_at_the_limit(ask: Asker) -> None:
    outcome = ask.carry(recv_request(), send(response(b" " * 5_000_000)), limits=Limits(largest_answer=3))

    assert "larger than" in str(outcome.told)
    assert outcome.folder.response_path.stat().st_size <= 4 << 20


def test_a_packed_error_is_told(ask: Asker) -> None:
    content = gzip.compress(json.dumps({"error": {"message": "packed words"}}).encode())

    told = ask(recv_request(), send(response(content, "400 Bad", {"Content-Encoding": "gzip"}))).told

    assert "packed words" in str(told)


BADLY_PACKED: dict[str, Callable[[], bytes]] = {
    "cut": lambda: PACKED[:30],
    "junk": lambda: b"junk",
    "bomb": lambda: zeros(200),
}


@pytest.mark.parametrize("name", BADLY_PACKED)
def test_a_badly_packed_error_is_still_its_status(ask: Asker, name: str) -> None:
    told = ask(recv_request(), send(response(BADLY_PACKED[name](), "401 No", {"Content-Encoding": "gzip"}))).told

    assert "401" in str(told)
    assert told.charge_status is ChargeStatus.REFUSED


@given(st.binary(max_size=300), st.integers(1, 40), st.integers(0, 2))
def test_any_gzip_in_any_pieces(content: bytes, size: int, members: int) -> None:
    stream = b"".join(gzip.compress(content) for _ in range(members + 1))
    unpack = build_decoder("gzip")

    out = b"".join(b"".join(unpack.feed(stream[at : at + size])) for at in range(0, len(stream), size))
    out += b"".join(unpack.finish())

    assert out == content * (members + 1)


@given(st.binary(max_size=100), st.integers(0, 60))
def test_any_bytes_are_unpacked_or_refused(junk: bytes, kept: int) -> None:
    unpack = build_decoder("gzip")
    try:
        b"".join(unpack.feed(gzip.compress(b"x" * 100)[:kept] + junk))
        b"".join(unpack.finish())
    except InflateError:
        pass


def test_the_steps_of_a_bomb_are_small() -> None:
    assert max(len(piece) for piece in build_decoder("gzip").feed(zeros(50))) <= 2**20
