"""The benchmark runs, and what it says about memory holds. Nothing here is timed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import __main__ as program
from tests.bench.bodies import Body, png_1k, tiny
from tests.bench.campaign import OURS, THEIRS
from tests.bench.measure import measure
from tests.bench.server import serving


@pytest.fixture(scope="module")
def body() -> Body:
    return png_1k()


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "gzip"])
def address(request: pytest.FixtureRequest, body: Body, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving([body, tiny()], tmp_path_factory.mktemp("served"), packed=request.param) as address:
        yield address


def test_no_python_object_ever_holds_the_body(address: str, body: Body) -> None:
    """All Python objects together stay smaller than the image, so no `str` or `bytes` of its size was alive."""
    seen = measure(OURS, address, body.name, trace=True)

    assert seen.traced is not None
    assert seen.traced < body.image
    assert 0 < seen.message < body.image / 2  # a preview is shown, not the picture


def test_the_measurement_sees_a_body_that_is_held(address: str, body: Body) -> None:
    """The control: the reference client keeps the body as an object, and that shows."""
    seen = measure(THEIRS, address, body.name, trace=True)

    assert seen.traced is not None
    assert seen.traced > len(body.content)


def test_the_program_prints_its_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert program.main(["--body", "png-1k", "--rounds", "1"]) == 0

    printed = capsys.readouterr().out
    assert "google-genai + PIL display" in printed
    assert printed.count("goal  ") == 2


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["png-4k", "jpeg-4k"])
def test_the_goals_are_met_at_full_size(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert program.main(["--body", name]) == 0

    printed = capsys.readouterr().out
    assert printed.count(", met") == 2, printed
