"""The control of all "the key is nowhere" claims: planted, it is found."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from cometmagic.errors import APIError
from tests.faults.leaks import KEY, leaks, spoken

PLANTS = {
    "whole": KEY,
    "six-letters": f"xx{KEY[9:15]}yy",
    "first-six": KEY[:6],
    "last-six": KEY[-6:],
    "hex": KEY.encode().hex(),
    "hex-upper": KEY.encode().hex().upper(),
    "url": quote(KEY),
    **{f"base64-{before}": base64.b64encode(b"x" * before + KEY.encode() + b"tail").decode() for before in range(3)},
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_key_is_found_in_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file.json").write_text(f"{{{PLANTS[name]}}}")

    assert leaks(tmp_path)


def test_a_planted_key_is_found_in_a_file_name(tmp_path: Path) -> None:
    (tmp_path / KEY).touch()

    assert leaks(tmp_path)


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_key_is_found_in_an_error(name: str) -> None:
    message, advice = APIError("clean"), APIError("clean")
    message.message = advice.advice = PLANTS[name]  # as if nothing masked it

    assert leaks(spoken(message))
    assert leaks(spoken(advice))
    assert leaks(spoken(APIError("clean", code=PLANTS[name])))


def test_a_planted_key_is_found_in_the_context_of_an_error() -> None:
    def careless() -> None:
        try:
            int(KEY)
        except ValueError:
            raise APIError("clean") from None  # which keeps the context all the same

    with pytest.raises(APIError) as caught:
        careless()

    assert leaks(spoken(caught.value))


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(f"sk- {KEY[:5]} {KEY[-5:]} a quite ordinary text")

    assert leaks(tmp_path) == []
    assert leaks(spoken(APIError("clean"))) == []
