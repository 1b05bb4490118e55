"""What is imported when: a notebook that only loads the extension pays for next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import cometmagic
from cometmagic.courier import client

HEAVY = ("httpx", "PIL", "anywidget", "ipywidgets", "pybase64")
SHELL = "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
LOAD = SHELL + "before = set(sys.modules)\nshell.run_line_magic('load_ext', 'cometmagic')\n"
REPORT = "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"


def imported(code: str, place: Path) -> set[str]:
    """Return the packages that a program imports, in a process of its own."""
    program = f"import json, sys\nbefore = set()\n{code}\n{REPORT}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=place, check=True, capture_output=True, text=True, timeout=60
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_imports_nothing_heavy(tmp_path: Path) -> None:
    assert imported("import cometmagic", tmp_path) & {*HEAVY, "IPython", "traitlets", "asyncio"} == set()


def test_loading_the_extension_imports_nothing_heavy(tmp_path: Path) -> None:
    added = imported(LOAD, tmp_path)

    assert added & set(HEAVY) == set()
    assert "cometmagic" in added


def test_a_picture_needs_neither_http_nor_pillow_in_the_kernel(tmp_path: Path) -> None:
    added = imported(f"{LOAD}shell.run_line_magic('gemini_image', 'a cat')", tmp_path)

    assert added & set(HEAVY) == {"pybase64"}


@pytest.mark.parametrize("magic", ["gemini_library", "gemini_doctor", "gemini_models"])
def test_looking_around_imports_nothing_heavy(tmp_path: Path, magic: str) -> None:
    added = imported(f"{LOAD}shell.run_line_magic({magic!r}, '')", tmp_path)

    assert added & set(HEAVY) <= {"pybase64"}
    assert "cometmagic" in added


def test_the_report_shows_what_is_imported(tmp_path: Path) -> None:
    """The positive control: without a process of its own, the courier brings its libraries along."""
    here = "import subprocess\nsubprocess.Popen = None\n"

    added = imported(f"{here}{LOAD}shell.run_line_magic('gemini_image', 'a cat')", tmp_path)

    assert added & set(HEAVY) == {"httpx", "PIL", "pybase64"}


def test_the_courier_starts_without_the_command_line_of_httpx(tmp_path: Path) -> None:
    added = imported(client._WORKER_CODE.removesuffix("main()"), tmp_path)

    assert "httpx" in added
    assert added & {"rich", "click"} == set()


@pytest.mark.parametrize("name", [*cometmagic.__all__, "__version__"])
def test_a_public_name_is_found(name: str) -> None:
    assert getattr(cometmagic, name)


def test_the_public_names_are_offered() -> None:
    assert dir(cometmagic) == sorted([*cometmagic.__all__, "__version__"])


def test_the_package_says_that_it_is_typed() -> None:
    assert Path(cometmagic.__file__).with_name("py.typed").is_file()


def test_a_name_that_is_not_public_is_told() -> None:
    with pytest.raises(AttributeError, match="module 'cometmagic' has no attribute 'generat'"):
        _ = cometmagic.generat
