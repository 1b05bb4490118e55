"""The Binder link opens the course with no key: what can be known about that without building an image."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINK = re.compile(r"https://mybinder\.org/v2/[^\s)\"'>]+")


def lines(name: str) -> list[str]:
    text = (ROOT / "binder" / name).read_text()
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_the_python_of_binder_is_one_we_support() -> None:
    (pin,) = lines("runtime.txt")

    assert SpecifierSet(PROJECT["requires-python"]).contains(pin.removeprefix("python-") + ".0")


def test_the_requirements_install_this_project_and_a_lab() -> None:
    (line,) = lines("requirements.txt")
    option, _, target = line.partition(" ")
    # pip reads `-e .[lab]` from the root of the repository, where Binder runs it.
    wanted = Requirement(PROJECT["name"] + target.removeprefix("."))

    assert option == "-e"
    assert target.startswith(".")
    assert wanted.extras <= set(PROJECT["optional-dependencies"])
    assert "jupyterlab" in {
        Requirement(text).name for extra in wanted.extras for text in PROJECT["optional-dependencies"][extra]
    }


def test_the_link_in_the_readme_opens_a_notebook_that_exists() -> None:
    links = LINK.findall((ROOT / "README.md").read_text())
    assert links

    for link in links:
        (opened,) = parse_qs(urlsplit(link).query)["urlpath"]
        assert opened.startswith("lab/tree/")
        assert (ROOT / opened.removeprefix("lab/tree/")).is_file()
