"""C12 and E1 to E24: every status is one clear error with the right word on money, and is asked for once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cometmagic.errors import APIError, ChargeStatus, TransportError
from cometmagic.storage.call_record import CallState
from tests.faults.asking import Asker
from tests.faults.leaks import KEY
from tests.faults.server import chunked, recv_request, response, send

pytestmark = pytest.mark.usefixtures("carried_here", "soon")

COMET = {
    "error": {"message": "words of the service (request id: 2026-abc.1)", "type": "comet_api_error", "code": "a_code"}
}
GOOGLE = {"error": {"code": 400, "message": "Unknown name: Cannot find field.", "status": "INVALID_ARGUMENT"}}
HTML = b"<!DOCTYPE html>\n<html><head><title>524: A timeout occurred</title></head><body>" + b"x" * 3000


def error(ask: Asker, status: str, body: Any = b"", **headers: str) -> APIError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    outcome = ask(recv_request(), send(response(content, status, headers)))
    assert isinstance(outcome.told, APIError)
    assert all(exchange.delivered for exchange in outcome.log) or max(map(len, (content, str(headers)))) > 100_000
    assert not outcome.folder.response_path.exists()
    assert outcome.told.status == int(status.split(maxsplit=1)[0])
    assert status.split(maxsplit=1)[0] in str(outcome.told)
    assert outcome.told.advice
    return outcome.told


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
@pytest.mark.parametrize("where", ["same", "https://example.invalid/v1", "//example.invalid", "/v1", ""])
def test_c12_a_redirect_is_told_and_not_followed(ask: Asker, serving: Any, status: int, where: str) -> None:
    with serving([]) as other:
        target = other.url + "/x" if where == "same" else where
        told = error(ask, f"{status} Moved", HTML, Location=target)

    assert other.log == []
    assert "redirects to" in str(told)
    assert "not followed" in str(told)
    assert "COMETAPI_BASE_URL" in told.advice
    assert told.charge_status is ChargeStatus.REFUSED


NONSENSE = {
    "an open bracket": "http://[",
    "an open address": "http://[::1",
    "no host": "http://",
    "a large port": "http://example.invalid:99999999/",
    "a word for a port": "http://example.invalid:port/",
    "another scheme": "javascript:alert(1)",
    "a file": "file:///etc/passwd",
    "a password": "https://me:hunter2@example.invalid/",
    "a control character": "https://example.invalid/\x01\x7f",
    "an escape sequence": "https://example.invalid/\x1b]8;;x\x07",
    "a null character": "https://example.invalid/\0",
    "a lone carriage return": "https://example.invalid/\r/",
    "a surrogate": "https://\xed\xa0\x80.invalid/",
    "letters that are dots": "https://a\xef\xbc\x8einvalid/",
    "an impossible name": "https://xn--\xc3\xa9.invalid/",
    "bytes of no encoding": "https://\xff\xfe/",
    "a broken escape": "https://%zz.invalid/",
    "8 kB": "https://example.invalid/" + "x" * 8192,
    "70 kB": "https://example.invalid/" + "x" * 70_000,
    "1 MB": "https://example.invalid/" + "x" * 2**20,
}


@pytest.mark.parametrize("name", NONSENSE)
@pytest.mark.parametrize("status", [302, 308])
def test_c12_a_redirect_to_nonsense_is_refused_and_asked_for_once(ask: Asker, status: int, name: str) -> None:
    told = error(ask, f"{status} Moved", Location=NONSENSE[name])

    assert "redirects to" in str(told)
    assert told.charge_status is ChargeStatus.REFUSED
    assert len(str(told)) < 600


@pytest.mark.parametrize("status", ["200 OK", "302 Moved", "403 No", "500 Bad", "599 Odd"])
@pytest.mark.parametrize("header", ["X: \0", "X: " + "x" * 200_000, "no colon", ": no name"])
def test_the_status_stands_when_the_headers_cannot_be_read(ask: Asker, status: str, header: str) -> None:
    outcome = ask(recv_request(), send(f"HTTP/1.1 {status}\r\n{header}\r\n\r\n".encode()))

    is_refused = status[0] in "34"
    assert outcome.told.charge_status is (ChargeStatus.REFUSED if is_refused else ChargeStatus.UNKNOWN)
    assert isinstance(outcome.told, TransportError if status == "200 OK" else APIError)
    assert len(outcome.log) == 1


REFUSED, UNKNOWN = ChargeStatus.REFUSED, ChargeStatus.UNKNOWN
STATUSES: dict[str, tuple[str, Any, ChargeStatus, str]] = {
    "E1-comet": ("400 Bad", COMET, REFUSED, "400 a_code: words of the service"),
    "E1-google": ("400 Bad", GOOGLE, REFUSED, "400 INVALID_ARGUMENT: Unknown name: Cannot find field."),
    "E1-google-in-comet": ("400 Bad", {"error": {"message": json.dumps(GOOGLE)}}, REFUSED, "Cannot find field."),
    "E1-list": ("400 Bad", [GOOGLE], REFUSED, "Cannot find field."),
    "E1-text-error": ("400 Bad", {"error": "a plain word"}, REFUSED, "a plain word"),
    "E1-detail": ("422 Bad", {"detail": "a field is missing"}, REFUSED, "a field is missing"),
    "E1-signature": (
        "400 Bad",
        {"error": {"code": 400, "message": "Image part is missing a thought_signature in content position 2."}},
        REFUSED, "missing a thought_signature",
    ),
    "E2-401": ("401 No", COMET, REFUSED, "COMETAPI_KEY"),
    "E3-402": ("402 Pay", COMET, REFUSED, "balance"),
    "E3-403": ("403 No", COMET, REFUSED, "balance"),
    "E3-quota": ("403 No", {"error": {"message": "m", "code": "insufficient_user_quota"}}, REFUSED, "balance"),
    "E4-404-html": ("404 No", HTML, REFUSED, "a web page titled"),
    "E5-408": ("408 Slow", COMET, UNKNOWN, "balance"),
    "E6-413": ("413 Big", COMET, REFUSED, "Send a shorter prompt"),
    "E7-429": ("429 Slow", COMET, REFUSED, "Wait a little"),
    "E14-500-invalid": ("500 Bad", {"error": {"message": "m", "code": "invalid_request"}}, REFUSED, "--extra"),
    "E14-500-convert": ("500 Bad", {"error": {"message": "m", "code": "convert_request_failed"}}, REFUSED, "--extra"),
    "E15-500": ("500 Bad", COMET, UNKNOWN, "balance"),
    "E16-502": ("502 Bad", b"", UNKNOWN, "no explanation"),
    "E16-504": ("504 Bad", COMET, UNKNOWN, "may still have been made"),
    "E17-503-overloaded": ("503 Busy", {"error": {"message": "The model is overloaded."}}, REFUSED, "Wait a little"),
    "E18-503-deadline": (
        "503 Busy", {"error": {"message": "Deadline expired before operation could complete."}}, UNKNOWN, "Deadline"
    ),
    "503-model": ("503 Busy", {"error": {"message": "no available channel", "code": "model_not_found"}}, REFUSED,
                  "--model"),
    "E19-524": ("524 Timeout", HTML, UNKNOWN, "524: A timeout occurred"),
    "E19-520": ("520 Odd", HTML, UNKNOWN, "balance"),
    **{f"E20-{code}": (f"{code} Down", HTML, REFUSED, "cannot be reached") for code in (521, 523, 525, 526)},
    "E22-not-json": ("500 Bad", b"upstream connect error", UNKNOWN, "upstream connect error"),
    "E22-latin-1": ("400 Bad", "Größe".encode("latin-1"), REFUSED, "Gr\ufffd\ufffde"),
    "E22-deep": ("400 Bad", b"[" * 60_000, REFUSED, "400"),
    "E22-empty": ("400 Bad", b"", REFUSED, "no explanation"),
    "E22-empty-list": ("400 Bad", [], REFUSED, "400"),
    "E22-error-null": ("400 Bad", {"error": None}, REFUSED, "400"),
    "E22-message-null": ("400 Bad", {"error": {"message": None}}, REFUSED, '{"error": {"message": null}}'),
    "E23-418": ("418 Teapot", COMET, REFUSED, "words of the service"),
    "E23-599": ("599 Odd", COMET, UNKNOWN, "balance"),
    "E23-999": ("999 Odd", COMET, UNKNOWN, "balance"),
}  # fmt: skip


@pytest.mark.parametrize("name", STATUSES)
def test_a_status(ask: Asker, name: str) -> None:
    status, body, fate, words = STATUSES[name]

    told = error(ask, status, body)

    assert words in str(told)
    assert told.charge_status is fate


def test_the_request_id_of_the_message_is_kept(ask: Asker) -> None:
    assert error(ask, "500 Bad", COMET).request_id == "2026-abc.1"


def test_the_request_id_of_a_long_message_is_kept(ask: Asker) -> None:
    told = error(ask, "500 Bad", {"error": {"message": "long " * 500 + "(request id: r-77)"}})

    assert told.request_id == "r-77"
    assert "r-77" in str(told)


def test_c9_the_request_id_of_a_header_is_kept_clean(ask: Asker) -> None:
    told = error(ask, "500 Bad", {"error": {"message": "m"}}, **{"X-Request-Id": "abc\x1b[31m<b>"})

    assert told.request_id == "abc<b>"
    assert "[request id abc<b>]" in str(told)


@pytest.mark.parametrize("size", [1_000_000, 50_000_000])
def test_e22_a_large_error_body_is_read_in_part(ask: Asker, size: int) -> None:
    content = b'{"error": {"message": "' + b" ".join(b"word %d" % number for number in range(size // 10)) + b'"}}'

    outcome = ask(recv_request(), send(response(content, "400 Bad")))

    assert "word 0 word 1 word 2" in str(outcome.told)
    assert len(str(outcome.told)) < 1000
    assert outcome.exchange.sent < 10_000_000  # the connection was closed long before the end


HOSTILE = {
    "script": ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # text, never HTML
    "ansi": ("\x1b[31mred\x1b]8;;http://x\x07link\x1b\\", "redlink"),
    "surrogate": ("a\ud800b", "a?b"),
    "lines": ("one\r\ntwo\rthree\u2028four", "one two threefour"),
    "bidi": ("abc\u202egnp.exe\u2066", "abcgnp.exe"),
    "backspaces": ("not\b\b\bcharged", "notcharged"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_e24_a_hostile_message_is_told_clean(ask: Asker, name: str) -> None:
    sent, shown = HOSTILE[name]

    assert f": {shown}." in str(error(ask, "400 Bad", {"error": {"message": sent}}))


ECHOES = {
    "whole": f"Incorrect API key provided: {KEY}. Find yours",
    "first-half": f"bad key {KEY[:14]}…",
    "last-six": f"bad key …{KEY[-6:]}",
    "middle": f"bad key **{KEY[8:18]}**",
    "masked": f"bad key {KEY[:9]}********{KEY[-8:]}",
    "header": f"got 'Authorization: Bearer {KEY}'",
    "hex": f"got {KEY.encode().hex()}",
    "spaced-by-controls": "got " + "\x00".join(KEY),
    "twice": KEY + KEY,
}


@pytest.mark.parametrize("name", ECHOES)
@pytest.mark.parametrize("place", ["message", "code", "header", "location"])
def test_e2_an_echo_of_the_key_is_blotted_out(ask: Asker, name: str, place: str) -> None:
    # `ask` searches the error, its pickle and the library for every piece of the key.
    echo = ECHOES[name]
    printable = "".join(letter for letter in echo if letter.isascii() and letter.isprintable())
    fields = {"message": "m", "code": "c"} | ({place: echo} if place in ("message", "code") else {})
    headers = {"X-Request-Id": printable} if place == "header" else {}
    status, headers = ("301 Moved", {"Location": "/" + printable}) if place == "location" else ("401 No", headers)

    assert "[key]" in str(error(ask, status, {"error": fields}, **headers))


def test_the_status_stands_when_the_body_is_cut(ask: Asker) -> None:
    cut = response(b'{"error": {"message": "half of', "401 No", {"Content-Length": "5000"})

    outcome = ask(recv_request(), send(cut))

    assert isinstance(outcome.told, APIError)
    assert "half of" in str(outcome.told)
    assert outcome.state is CallState.FAILED


def test_a_chunked_error_is_read(ask: Asker) -> None:
    whole = response(
        chunked(json.dumps(GOOGLE).encode(), 10), "400 Bad", {"Transfer-Encoding": "chunked"}, length=False
    )

    assert "Cannot find field" in str(ask(recv_request(), send(whole)).told)


def test_401_is_no_transport_error() -> None:
    assert not issubclass(APIError, TransportError)
