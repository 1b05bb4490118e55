"""The doctor tells every setting and every broken one, in one line each, raises nothing and shows no key."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections import namedtuple
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from cometmagic import doctor, generate
from cometmagic.doctor import Report, examine
from cometmagic.storage.trust import MARK_NAME
from tests.faults.leaks import KEY, leaks
from tests.notebook.answers import answering, serving

# Settings, what the lines begin with, and what they say.
BROKEN: list[tuple[dict[str, str], str, list[str]]] = [
    ({"COMETAPI_KEY": "short"}, "✗", ["COMETAPI_KEY is too short or too long for an API key. Copy the key again."]),
    ({"COMETAPI_KEY": "your-key-here"}, "✗", ["COMETAPI_KEY holds no real API key. Set COMETAPI_KEY"]),
    (
        {"COMETMAGIC_SOURCE": "lve"},
        "✗",
        ["COMETMAGIC_SOURCE: 'lve' is not one of", "did you mean live? Correct it, or"],
    ),
    ({"COMETMAGIC_SOURCE": "live"}, "✗", ["COMETMAGIC_SOURCE is live, and there is no key. Set COMETAPI_KEY"]),
    ({"COMETMAGIC_SOURCE": "replay"}, "✗", ["COMETMAGIC_SOURCE is replay, and there is no recording in"]),
    ({"COMETAPI_BASE_URL": "http://api.cometapi.com"}, "✗", ["COMETAPI_BASE_URL must begin with https://", "unset it"]),
    ({"COMETAPI_BASE_URL": "https://x:y"}, "✗", ["COMETAPI_BASE_URL is not an address. Correct it, or unset it"]),
    (
        {"COMETAPI_BASE_URL": "https://relay.example"},
        "!",
        ["The key and the prompts go to relay.example, not to CometAPI"],
    ),
    ({"COMETMAGIC_LIBRARY": "{place}/file"}, "✗", ["Cannot write in", "/file: ", "Set COMETMAGIC_LIBRARY to a folder"]),
    ({"COMETMAGIC_LIBRARY": "{place}/file/below"}, "✗", ["Cannot write in", "/file/below: ", "Set COMETMAGIC_LIBRARY"]),
    ({"COMETMAGIC_LIBRARY": "~no-such-user/x"}, "✗", ["COMETMAGIC_LIBRARY: ", "Name a folder that can be written"]),
    ({"COMETMAGIC_LIBRARY": "x" * 300}, "✗", ["Cannot write in", "File name too long"]),
    ({"SSL_CERT_FILE": "{place}/nowhere"}, "✗", ["SSL_CERT_FILE names", "/nowhere, which cannot be read", "unset it"]),
    ({"SSLKEYLOGFILE": "{place}/keys"}, "!", ["SSLKEYLOGFILE is set", "/keys", "Unset it"]),
    ({"HTTPS_PROXY": "htp://ada:secret@proxy"}, "✗", ["HTTPS_PROXY begins with htp://, and only http,"]),
]


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start each test without proxies and certificates, in a folder of its own with a file in it."""
    for name in (
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SSLKEYLOGFILE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")


def row(report: Report, name: str) -> str:
    return dict(report.rows)[name]


def test_where_nothing_is_set_nothing_stops_a_call(library_folder: Path) -> None:
    report = examine()

    assert (report.problems, report.has_errors) == ([], False)
    assert str(report).endswith("\n\nNothing stops a call.")
    assert row(report, "key") == "none"
    assert row(report, "source") == "a recording of the request, else an offline sketch, because there is no key"
    assert row(report, "service") == "https://api.cometapi.com, CometAPI itself"
    assert row(report, "proxy") == "none"
    assert row(report, "library").startswith(f"{library_folder}: not made yet, can be written, ")
    assert "log" not in dict(report.rows)
    assert not library_folder.exists()


@pytest.mark.parametrize(("settings", "mark", "told"), BROKEN, ids=range(len(BROKEN)))
def test_what_is_broken_is_one_line_with_a_mark_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: dict[str, str], mark: str, told: list[str]
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value.format(place=tmp_path))

    report = examine()

    [problem] = report.problems
    assert problem.startswith(f"{mark} {told[0]}")
    assert [words for words in told if words not in problem] == []
    assert problem in str(report).splitlines()
    assert report.has_errors == (mark == "✗")
    assert str(report).splitlines()[-1] == (
        "Calls are stopped by what is marked ✗." if report.has_errors else "Nothing stops a call."
    )
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(("key", "mark"), [("", "!"), (KEY, "✗")])
def test_a_library_from_elsewhere_is_told_and_stops_live_calls(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path, key: str, mark: str
) -> None:
    generate("a cat", source="offline")
    assert row(examine(), "library").startswith(f"{library_folder}: 1 call, trusted, can be written, ")
    (library_folder / MARK_NAME).write_text("forged")
    monkeypatch.setenv("COMETAPI_KEY", key)

    report = examine()

    assert row(report, "library").startswith(f"{library_folder}: 1 call, not trusted, can be written, ")
    [problem] = report.problems
    assert problem.startswith(f"{mark} The library library is not trusted (it may come from somebody else)")
    assert report.has_errors == (mark == "✗")


def test_a_library_that_cannot_be_looked_into_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETMAGIC_SOURCE", "replay")
    monkeypatch.setenv("COMETMAGIC_LIBRARY", "x" * 300)

    first, second = examine().problems

    assert first.startswith("✗ Cannot read ")
    assert second.startswith("✗ Cannot write in ")


def test_everything_broken_at_once_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = {name: value.format(place=tmp_path) for settings, mark, _ in BROKEN for name, value in settings.items()}
    for name, value in (broken | {"COMETMAGIC_SOURCE": "lve", "COMETAPI_BASE_URL": "no"}).items():
        monkeypatch.setenv(name, value)

    report = examine()

    assert len(report.problems) == 6
    assert [row(report, name) for name in ("key", "source", "service")] == ["cannot be used, see below"] * 3


@pytest.mark.parametrize(
    ("source", "key", "told"),
    [
        ("", KEY, "live, because there is a key"),
        ("auto", KEY, "live, because there is a key"),
        ("offline", KEY, "offline, because COMETMAGIC_SOURCE says so"),
        ("live", KEY, "live, because COMETMAGIC_SOURCE says so"),
        ("offline", "", "offline, because COMETMAGIC_SOURCE says so"),
    ],
)
def test_the_source_in_effect_and_why(monkeypatch: pytest.MonkeyPatch, source: str, key: str, told: str) -> None:
    monkeypatch.setenv("COMETMAGIC_SOURCE", source)
    monkeypatch.setenv("COMETAPI_KEY", key)

    report = examine()

    assert row(report, "source") == told
    assert row(report, "key") == ("set, from COMETAPI_KEY" if key else "none")
    assert report.problems == []


@pytest.mark.parametrize("key", [KEY, f"{KEY}\n{KEY}", f"{KEY}\u2014", KEY * 30, KEY[:7]])
def test_nothing_of_the_key_is_told(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("COMETAPI_KEY", key)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{KEY}:{KEY}@proxy:3128")
    assert leaks(repr(value).encode() for value in os.environ.values())  # the control

    told = str(examine())

    assert leaks([told.encode()]) == []
    assert f" {len(key)} " not in told


def test_the_library_and_what_is_in_it(monkeypatch: pytest.MonkeyPatch, library_folder: Path, tmp_path: Path) -> None:
    with serving(monkeypatch, answering()):
        generate("a cat")
    generate("a dog", source="offline")
    (library_folder / "courier.log").write_bytes(b"x" * 1234)
    before = sorted(library_folder.iterdir())
    monkeypatch.setenv("COMETMAGIC_SOURCE", "replay")

    report = examine()

    assert row(report, "library").startswith(f"{library_folder}: 2 calls, trusted, can be written, ")
    assert row(report, "library").endswith(" GB free")
    assert row(report, "log") == f"{library_folder / 'courier.log'}, 1.2 kB"
    assert report.problems == []  # a recording is there to replay
    assert sorted(library_folder.iterdir()) == before


def test_a_library_that_may_not_be_written_is_told(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    library_folder.mkdir()

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refused)  # root may write anywhere

    report = examine()

    [problem] = report.problems
    assert problem.startswith(f"✗ Cannot write in {library_folder}: Permission denied. Set COMETMAGIC_LIBRARY to a")


def test_a_nearly_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024  # as shutil's own
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 99, 10 * 2**20))

    [problem] = examine().problems

    assert problem.startswith("✗ The disk of ")
    assert "only 10 MB left" in problem


@pytest.mark.parametrize(
    ("versions", "problems"),
    [
        (
            {"Pillow": "12.2.1"},
            ["! Pillow 12.2.1 has known security holes. Install 12.3 or newer: pip install -U pillow"],
        ),
        ({"Pillow": "12.3.0"}, []),
        ({"Pillow": "13"}, []),
        (
            {"ipywidgets": None},
            ["! ipywidgets is not installed, so that there is no panel. Install it with: pip install ipywidgets"],
        ),
        ({"httpx": None}, ["✗ httpx is not installed. Install it with: pip install httpx"]),
        ({"Pillow": None}, ["✗ Pillow is not installed. Install it with: pip install pillow"]),
        ({"cometmagic": None}, []),
    ],
)
def test_versions(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str | None], problems: list[str]) -> None:
    def version(name: str) -> str:
        found = versions.get(name, "99.0")
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(doctor, "version", version)

    report = examine()

    assert report.problems == problems
    for name, number in versions.items():
        assert f"{name} {number or 'missing'}" in row(report, "packages")


def test_the_versions_are_those_that_are_installed() -> None:
    report = examine()

    for name in ("cometmagic", "IPython", "ipywidgets", "httpx", "Pillow"):
        assert f"{name} {metadata.version(name)}" in row(report, "packages")
    assert row(report, "python").startswith(".".join(map(str, sys.version_info[:3])))


@pytest.mark.parametrize(("year", "is_wrong"), [(1970, True), (2020, True), (2030, False)])
def test_a_clock_that_stands_in_the_past_is_told(monkeypatch: pytest.MonkeyPatch, year: int, is_wrong: bool) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Clock:
            return cls(year, 5, 6, 7, 8, 9)  # as `now` without a zone is

    monkeypatch.setattr(doctor, "datetime", Clock)

    report = examine()

    assert row(report, "time").startswith(f"{year}-05-06 07:08:09, ")
    assert [problem[:12] for problem in report.problems] == ["! The clock "] * is_wrong


def test_further_rows_stand_at_the_end() -> None:
    report = examine(("front end", "a\x1b[31m toaster"))

    assert report.rows[-1] == ("front end", "a toaster")
    assert "\nfront end     a toaster\n" in str(report)
