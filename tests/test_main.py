"""`python -m cometmagic`: a picture without a notebook, and the offline service on a port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from cometmagic.__main__ import main

PROGRAM = [sys.executable, "-m", "cometmagic"]


def run(place: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=place,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_picture_and_where_it_is(tmp_path: Path, library_folder: Path) -> None:
    saved = tmp_path / "it's new.jpg"

    done = run(tmp_path, "demo", 'a red bicycle, it\'s "new"', "--aspect-ratio", "16:9", "--save", str(saved))

    assert (done.returncode, done.stderr) == (0, "")
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines()[1:])
    picture = Path(told["Picture"])
    assert picture.is_relative_to(library_folder)
    with Image.open(picture) as opened:
        assert opened.size == (1376, 768)
    assert saved.read_bytes() == picture.read_bytes()
    assert json.loads((Path(told["All about the call"]) / "call.json").read_bytes())["source"] == "offline"
    assert told["Price"] == "$0.000 (offline, nothing was sent)"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a cat", "--aspect-ration", "16:9"], "OptionError: There is no option --aspect-ration; did you mean"),
        (["a cat", "--aspect-ratio", "16:8"], "OptionError: --aspect-ratio: '16:8' is not one of 1:1"),
        (
            ["a", "red", "bicycle"],
            "OptionError: 'red bicycle' is no option. Nothing was sent, so nothing was charged. Write the prompt",
        ),
        (["a cat", "--source", "live"], "MissingKeyError: --source live needs an API key"),
        ([" "], "OptionError: There is no prompt"),
        (["--aspect-ration", "16:9", "a cat"], "OptionError: There is no option --aspect-ration; did you mean"),
        (["--thoughts", "a", "cat"], "OptionError: 'a' is no option. Nothing was sent"),
        (["--thoughts", "a cat", "--seed", "5"], "OptionError: --seed stands behind the prompt."),
    ],
)
def test_what_is_wrong_is_one_line_and_status_1(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = run(tmp_path, "demo", *arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["demo", "doctor", "serve"]),
        (["demo", "--help"], ["%%gemini_image"]),
        (["serve", "--help"], ["--port"]),
    ],
)
def test_help(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    done = run(tmp_path, *arguments)

    assert (done.returncode, done.stderr) == (0, "")
    assert [word for word in words if word not in done.stdout] == []


@pytest.mark.parametrize(
    ("words", "size"),
    [
        (["--aspect-ratio", "16:9", "a red bicycle"], (1376, 768)),
        (["-t", "-5 degrees in a street"], (1024, 1024)),
        (["-5 degrees in a street", "--seed", "-7"], (1024, 1024)),
    ],
)
def test_options_may_stand_on_either_side(tmp_path: Path, words: list[str], size: tuple[int, int]) -> None:
    done = run(tmp_path, "demo", *words)

    assert (done.returncode, done.stderr) == (0, "")
    prompt = next(word for word in words if " " in word)
    assert done.stdout.startswith(f"{prompt!r} by ")
    assert f"{size[0]} x {size[1]} px" in done.stdout


def test_a_terminal_without_the_prompts_letters(tmp_path: Path) -> None:
    done = run(tmp_path, "demo", "ein grünes Rad", PYTHONIOENCODING="ascii")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(r"'ein gr\xfcnes Rad' by ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--port", "99999"], "argument --port: 99999 is not between 0 and 65535"),
        (["--port", "-1"], "argument --port: -1 is not between 0 and 65535"),
        (["--delay", "-1"], "argument --delay: -1 is not between 0 and 3600"),
        (["--delay", "nan"], "argument --delay: nan is not between 0 and 3600"),
    ],
)
def test_what_the_service_cannot_take(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = run(tmp_path, "serve", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].endswith(f": error: {told}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variables", "status", "last"),
    [
        ({}, 0, "Nothing stops a call."),
        ({"COMETAPI_BASE_URL": "https://relay.example"}, 0, "Nothing stops a call."),
        ({"COMETMAGIC_SOURCE": "lve"}, 1, "Calls are stopped by what is marked ✗."),
        ({"COMETMAGIC_LIBRARY": "pyproject.toml/x", "PYTHONIOENCODING": "ascii"}, 1, None),
    ],
)
def test_the_doctor_has_status_1_when_something_stops_a_call(
    tmp_path: Path, variables: dict[str, str], status: int, last: str | None
) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    surroundings = {"SSL_CERT_FILE": "", "HTTPS_PROXY": "", "HTTP_PROXY": "", "ALL_PROXY": ""}

    done = run(tmp_path, "doctor", **surroundings | variables)

    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.startswith("key ")
    assert done.stdout.splitlines()[-1] == (last or "Calls are stopped by what is marked \\u2717.")


@pytest.mark.parametrize(
    ("raised", "told"),
    [(KeyboardInterrupt(), "Interrupted.\n"), (KeyboardInterrupt("It goes on."), "It goes on.\n")],
)
def test_an_interrupt_is_one_line_and_status_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raised: BaseException, told: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr("cometmagic.generation.generate.generate", interrupted)

    assert main(["demo", "a cat"]) == 130
    assert capsys.readouterr() == ("", told)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_service_does_what_it_prints_and_stops(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stop: signal.Signals
) -> None:
    with subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        told = next(line for line in server.stdout if "export " in line)
        settings = dict(word.split("=", 1) for word in told.split() if "=" in word)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        done = run(tmp_path, "demo", "a red bicycle")
        server.send_signal(stop)
        _, errors = server.communicate(timeout=20)

    assert (server.returncode, errors) == (0, "")
    assert settings["COMETAPI_BASE_URL"].startswith("http://127.0.0.1:")
    assert (done.returncode, done.stderr) == (0, "")
    assert "live: 1024 x 1024 px" in done.stdout
