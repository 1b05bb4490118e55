"""CometAPI's public catalogue, on a socket: no key is sent, nothing in it is trusted, and it is kept for a day."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cometmagic.courier import catalogue as catalogues
from cometmagic.courier.catalogue import CatalogueModel, read_catalogue
from cometmagic.courier.http import catalogue_fetch
from cometmagic.display.model_table import build_models_output
from cometmagic.errors import CometError
from tests.faults.leaks import KEY, leaks
from tests.faults.server import (
    FaultServer,
    Step,
    drip,
    fin,
    limit,
    recv_request,
    response,
    rst,
    send,
    sleep,
    sliced,
)

FLASH = "gemini-3.1-flash-image-preview"
ROWS: list[Any] = [
    {"id": FLASH, "pricing": {"input": 0.4, "ratio": 0.8}, "upcoming": False, "model_type": "image"},
    {"id": "gemini-4-flash-image", "pricing": {"ratio": "0.75"}, "upcoming": True},
    {"id": "gpt-5", "pricing": {"ratio": 1}},
    {"code": "nano-banana-pro-preview", "pricing": None},
]
MODELS = (
    CatalogueModel(FLASH, 0.8),
    CatalogueModel("gemini-4-flash-image", 0.75, is_upcoming=True),
    CatalogueModel("nano-banana-pro-preview"),
)


def answering(rows: Any = ROWS, **headers: str) -> list[Step]:
    return [recv_request(), send(response(json.dumps({"success": True, "data": rows}).encode(), headers=headers))]


def sending(content: bytes, status: str = "200 OK", **headers: str) -> list[Step]:
    return [recv_request(), send(response(content, status, headers=headers))]


@pytest.fixture
def serving_catalogue(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FaultServer]:
    """Return a function that points the package at a server; the state folder is new."""

    def point(server: FaultServer) -> FaultServer:
        monkeypatch.setenv("COMETAPI_KEY", KEY)
        monkeypatch.setenv("COMETAPI_BASE_URL", server.url)
        return server

    return point


@pytest.fixture
def cache(library_folder: Path) -> Path:
    """Return the file of the kept catalogue."""
    return library_folder.with_name("state") / "cometmagic" / "catalogue.json"


def test_no_key_is_sent_and_the_answer_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, serving_catalogue: Any, cache: Path
) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login user password {KEY}")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving_catalogue(FaultServer(answering(), answering())) as server:
        read = [read_catalogue() for _ in range(3)]

    [exchange] = server.log
    assert exchange.start_line == "GET /api/models HTTP/1.1"
    assert exchange.body == b""
    assert set(exchange.headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert leaks([json.dumps(exchange.headers).encode(), cache.read_bytes()]) == []
    assert leaks([f"Authorization: Bearer {KEY}".encode()])  # the control
    assert [catalogue.models for catalogue in read] == [MODELS] * 3
    assert {catalogue.time for catalogue in read} == {read[0].time}
    assert read[0].host == server.url.removeprefix("http://")
    assert cache.stat().st_mode & 0o777 == 0o600 or os.name == "nt"
    assert [path.name for path in cache.parent.iterdir()] == [cache.name]


@pytest.mark.parametrize(
    ("changes", "is_read_again"),
    [
        ({}, False),
        ({"time": (datetime.now(UTC) - timedelta(hours=23)).isoformat()}, False),
        ({"time": (datetime.now(UTC) - timedelta(hours=25)).isoformat()}, True),
        ({"time": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, True),
        ({"time": "2026-12-01"}, True),
        ({"time": 5}, True),
        ({"url": "https://elsewhere.example/api/models"}, True),
        ({"data": "x"}, True),
        ({"data": []}, True),
    ],
)
def test_it_is_kept_for_a_day_and_for_its_address(
    serving_catalogue: Any, cache: Path, changes: dict[str, Any], is_read_again: bool
) -> None:
    with serving_catalogue(FaultServer(answering(), answering())) as server:
        read_catalogue()
        cache.write_text(json.dumps(json.loads(cache.read_bytes()) | changes))
        assert read_catalogue().models == MODELS

    assert len(server.log) == 1 + is_read_again


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows gives each user such folders")
def test_a_folder_that_others_may_write_to_is_neither_read_nor_written(serving_catalogue: Any, cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.parent.chmod(0o777)
    with serving_catalogue(FaultServer(answering(), answering())) as server:
        assert read_catalogue().models == read_catalogue().models == MODELS

    assert len(server.log) == 2
    assert not cache.exists()


@pytest.mark.parametrize(
    ("row", "models"),
    [
        ({"id": FLASH}, (CatalogueModel(FLASH),)),
        ({"id": "google/gemini-x-image:free"}, (CatalogueModel("google/gemini-x-image:free"),)),
        ({"id": "Nano-Banana-9", "pricing": {"ratio": 0.5}}, (CatalogueModel("Nano-Banana-9", 0.5),)),
        *(({"id": FLASH, "pricing": {"ratio": ratio}}, (CatalogueModel(FLASH),)) for ratio in
          (None, True, 0, -1, 10**9, "x", "nan", "inf", "-inf", "", [1], {"a": 1})),
        ({"id": FLASH, "pricing": [1], "upcoming": "no"}, (CatalogueModel(FLASH),)),
        ({"id": "gemini-3-flash"}, ()),
        ({"id": "gpt-image-2"}, ()),
        ({"id": "gemini-image\n<script>"}, ()),
        ({"id": "gemini-image-\x1b[31m"}, ()),
        ({"id": "gemini-image-\u202e"}, ()),
        ({"id": "gemini-image-" + "x" * 200}, ()),
        ({"id": f"gemini-image-{KEY}"}, (CatalogueModel("gemini-image-[key]"),)),
        ({"id": ["gemini-image"], "code": 5}, ()),
        ({}, ()),
    ],
)  # fmt: skip
def test_what_is_read_of_a_row(row: dict[str, Any], models: tuple[CatalogueModel, ...]) -> None:
    assert catalogues._parse_models({"data": [row, 5, None, row]}) == models


FAILURES = {
    "a 404": (sending(b"{}", "404 Not Found"), "the service answered 404"),
    "a redirect": (sending(b"", "301 Moved", Location="http://127.0.0.1:1/"), "the service answered 301"),
    "a redirect to nonsense": (sending(b"", "302 Found", Location="http://[x"), "the service answered 302"),
    "a 503": (sending(b"no", "503 Busy"), "the service answered 503"),
    "HTML": (sending(b"<html>"), "it is not JSON"),
    "nothing": (sending(b""), "it is not JSON"),
    "a list": (sending(b"[]"), "it is not a JSON object"),
    "NaN": (sending(b'{"data": [{"id": NaN}]}'), "it is not JSON"),
    "a huge number": (sending(b'{"data": [{"id": 1e999}]}'), "it has a number that is too large"),
    "depth": (sending(b'{"data": ' + b"[" * 500 + b"]" * 500 + b"}"), "it is nested too deeply"),
    "many values": (sending(b'{"data": [' + b"{}," * 250_000 + b"{}]}"), "it has too many values"),
    "no models": (sending(b'{"success": false, "message": "no"}'), "it lists no models"),
    "null": (sending(b'{"data": null}'), "it lists no models"),
    "an empty list": (sending(b'{"data": []}'), "it lists no models"),
    "numbers": (sending(b'{"data": [1, 2]}'), "it lists no models"),
    "size": (sending(b" " * 4_100_000), "it is larger than 4 MB"),
    "a bomb": (sending(gzip.compress(b" " * 50_000_000), **{"Content-Encoding": "gzip"}), "it is larger than 4 MB"),
    "bad gzip": (sending(b"\x1f\x8bxxxxxxxxxx", **{"Content-Encoding": "gzip"}), "did not arrive whole"),
    "brotli": (sending(b"x", **{"Content-Encoding": "br"}), "did not arrive whole"),
    "a reset": ([recv_request(), rst()], "did not arrive whole"),
    "a cut": ([recv_request(), limit(response(b"{}" * 99), 60), fin()], "did not arrive whole"),
    "no HTTP": ([recv_request(), send(b"\x15\x03\x01\x00\x02"), fin()], "did not arrive whole"),
    "silence": ([recv_request(), sleep(5)], "it took longer than 0.4 seconds"),
    "a slow head": ([recv_request(), drip(response(b"{}"), 0.05)], "it took longer than 0.4 seconds"),
    "a slow body": ([recv_request(), sliced(response(b" " * 5000), 100, 0.05)], "it took longer than 0.4 seconds"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_whatever_goes_wrong_is_one_line_below_the_tables(
    monkeypatch: pytest.MonkeyPatch, serving_catalogue: Any, cache: Path, name: str
) -> None:
    steps, reason = FAILURES[name]
    if reason.startswith("it took"):
        monkeypatch.setattr(catalogue_fetch, "TOTAL_TIMEOUT", 0.4)
    with serving_catalogue(FaultServer(steps)) as server:
        shown = build_models_output(is_live=True)[0]

    [line] = [line for line in shown["text/plain"].splitlines() if "could not be read" in line]
    assert line.startswith(f"CometAPI's catalogue could not be read from {server.url.removeprefix('http://')}: ")
    assert reason in line
    assert FLASH in shown["text/plain"]
    assert len(server.log) == 1
    assert not cache.exists()


def test_without_a_service_the_tables_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETAPI_BASE_URL", "http://127.0.0.1:1")

    for shown in build_models_output(is_live=True)[0].values():
        assert "could not be read from 127.0.0.1:1: no connection was made." in shown
        assert FLASH in shown


def test_an_invalid_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETAPI_BASE_URL", "http://example.org")

    with pytest.raises(CometError, match="COMETAPI_BASE_URL"):
        read_catalogue()
    assert "COMETAPI_BASE_URL" in build_models_output(is_live=True)[0]["text/plain"]


def test_a_packed_answer_of_usual_size_is_read(serving_catalogue: Any) -> None:
    rows = [{"id": f"model-{number}", "features": ["x"] * 20, "pricing": {"ratio": 1}} for number in range(700)]
    content = gzip.compress(json.dumps({"data": [*rows, *ROWS]}).encode())
    with serving_catalogue(FaultServer(sending(content, **{"Content-Encoding": "gzip"}))):
        assert read_catalogue().models == MODELS
