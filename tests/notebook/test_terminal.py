"""In a terminal there is no picture to see, so what is printed says where it is."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_text_without_escapes_says_where_the_picture_is(place: Path) -> None:
    done = subprocess.run(
        IPYTHON,
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        input=typed("%gemini_image -a 16:9 -o bike a red bicycle", "print('at', bike.image.path)", "bike", "%tb"),
    )

    [folder] = [path.parent for path in place.glob("gemini_images/*/call.json")]
    assert f"at {folder / 'image.jpg'}" in done.stdout
    assert f"<cometmagic image 1376x768 image/jpeg offline gemini_images/{folder.name}>" in done.stdout
    assert f"offline sketch, not made by the model, free · gemini_images/{folder.name}" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert "base64" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_an_error_is_one_line(place: Path) -> None:
    done = subprocess.run(
        IPYTHON,
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        input=typed("%gemini_image --aspect-ration 16:9 a cat"),
    )

    [line] = [line for line in done.stdout.splitlines() if "OptionError" in line]
    assert line.endswith("%%gemini_image? lists them all.")
    assert "did you mean --aspect-ratio?" in line
    assert "Traceback" not in done.stdout + done.stderr


def test_a_terminal_that_is_watched_sees_one_line_of_progress_that_goes_away(place: Path) -> None:
    watched, terminal = pty.openpty()
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

    assert b"\r\x1b[Kgemini-3.1-flash-image-preview \xc2\xb7 drawing" in seen
    assert seen.rstrip(b"\r\n").endswith(b"\r\x1b[K")
    assert seen.count(b"\n") <= 1


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a pseudo-terminal says that it is over
        return b""
