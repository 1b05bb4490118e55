"""The first thing a new user does: open the quickstart in JupyterLab and run all of it, without a key."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import Opener

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"


def test_run_all_shows_pictures_and_no_error(shared_lab: Opener) -> None:
    screen = shared_lab(QUICKSTART)

    screen.run_all()
    widths = screen.picture_widths()
    screen.screenshot("quickstart")

    assert all(width > 1 for width in widths)
    assert screen.errors() == []
    assert not [output for cell in screen.outputs() for output in cell if output["output_type"] == "error"]
    assert screen.complaints() == []
