"""In a terminal there is no picture to see, so what is printed says where it is."""

from __future__ import annotations

import base64
import io
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from PIL import Image

COLUMNS = 60  # characters of a row in a terminal that is watched
IPYTHON = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", "--colors=NoColor"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder where the terminal starts; its profile is new and its library the default one."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "profile"))
    monkeypatch.delenv("COMETMAGIC_LIBRARY")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    return tmp_path


def typed(*lines: str) -> str:
    return "\n".join(["%load_ext cometmagic", *lines, ""])


def session(place: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """Type some lines into a terminal that nobody watches."""
    return subprocess.run(
        IPYTHON, cwd=place, check=True, capture_output=True, text=True, timeout=60, input=typed(*lines)
    )


def test_text_without_escapes_says_where_the_picture_is(place: Path) -> None:
    done = session(place, "%gemini_image -a 16:9 -o bike a red bicycle", "print('at', bike.image.path)", "bike", "%tb")

    [folder] = [path.parent for path in place.glob("gemini_images/*/call.json")]
    assert f"at {folder / 'image.jpg'}" in done.stdout
    assert f"<cometmagic image 1376x768 image/jpeg offline gemini_images/{folder.name}>" in done.stdout
    assert f"offline sketch, not made by the model, free · gemini_images/{folder.name}" in done.stdout
    assert f"Out[2]: <cometmagic image 1376x768 image/jpeg offline gemini_images/{folder.name}>\n" in done.stdout
    assert done.stdout.count("<cometmagic image ") == 2  # one for each Out[n]
    assert "\x1b" not in done.stdout + done.stderr
    assert "base64" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_terminal_that_draws_gets_a_small_picture(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHON_KITTY_GRAPHICS", "1")
    done = session(place, "%gemini_image -a 16:9 -o bike a red bicycle", "%gemini_library show bicycle")

    drawn = re.findall("\x1b_Ga=T,f=100,(.*?)m=0;(.*?)\x1b", done.stdout, re.DOTALL)
    pictures = [base64.b64decode(re.sub("(\x1b\\\\)?\x1b_G|m=1;|\x1b\\\\", "", "".join(pieces))) for pieces in drawn]
    assert [Image.open(io.BytesIO(png)).size for png in pictures] == [(640, 358)] * 2
    assert done.stdout.count("<cometmagic image ") == 2  # that of Out[n]


def test_a_picture_that_no_cell_returns_is_told_with_its_place(place: Path) -> None:
    done = session(
        place,
        "%gemini_image -s 512 a red bicycle;",
        "made = get_ipython().run_line_magic('gemini_image', '-s 512 a cat')",
    )

    for path in place.glob("gemini_images/*/image.jpg"):
        assert "512 × 512 px, " in done.stdout
        assert f"free · {path.relative_to(place)}\n" in done.stdout


def test_an_error_is_one_line(place: Path) -> None:
    done = session(place, "%gemini_image --aspect-ration 16:9 a cat")

    [line] = [line for line in done.stdout.splitlines() if "OptionError" in line]
    assert line.endswith("%%gemini_image? lists them all.")
    assert "did you mean --aspect-ratio?" in line
    assert "Traceback" not in done.stdout + done.stderr


def test_a_terminal_that_is_watched_sees_one_line_of_progress_that_goes_away(place: Path) -> None:
    watched, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, COLUMNS))
    try:
        subprocess.run(
            IPYTHON,
            cwd=place,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=terminal,
            text=True,
            timeout=60,
            input=typed("%gemini_image a red bicycle"),
        )
        os.close(terminal)
        seen = b""
        while chunk := _read(watched):
            seen += chunk
    finally:
        os.close(watched)

    assert b"\r\x1b[Kgemini-3.1-flash-image-preview \xc2\xb7 requested" in seen
    assert seen.rstrip(b"\r\n").endswith(b"\r\x1b[K")
    assert seen.count(b"\n") <= 1
    rows = seen.replace(b"\n", b"\r").decode().replace("\x1b[K", "").split("\r")
    assert max(map(len, rows)) == COLUMNS - 1  # the rest would run into a second row, and stay there


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a pseudo-terminal says that it is over
        return b""


def test_a_picture_in_the_background_is_told_when_it_comes(place: Path) -> None:
    done = session(place, "%gemini_image --background -o bike a red bicycle", "bike.result().image.width", "bike.done")

    assert "in the background" in done.stdout
    assert done.stdout.count("offline sketch, not made by the model, free") >= 1
    assert "True" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
