"""A `gemini_images` that is a link, as a project from somebody else may have: used only when the user names it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import cometmagic
from cometmagic import LibraryError, generate, plan
from cometmagic.codegen.programs import render_code
from cometmagic.doctor import examine
from cometmagic.gemini.request import ImageRequest
from cometmagic.options.declaration import Options
from cometmagic.storage.library import Library
from cometmagic.storage.trust import check_trusted, describe_untrusted
from cometmagic.widget.cell.text import parse_settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs links")


def link_to_folder(target: Path) -> None:
    target.mkdir()


def link_to_own_library(target: Path) -> None:
    Library(target).create_folder(plan("a secret").request, source="offline")
    assert Library(target).is_trusted


def link_to_itself(target: Path) -> None:
    target.symlink_to(target)


def link_to_nothing(_: Path) -> None:
    pass


LINKS = [link_to_folder, link_to_own_library, link_to_itself, link_to_nothing]
USES: dict[str, Callable[[], object]] = {
    "library": cometmagic.library,
    "offline": lambda: generate("a cat", source="offline"),
    "replay": lambda: generate("a cat", source="replay"),
    "plan": lambda: plan("a cat"),
    "code": lambda: render_code(ImageRequest((), Options()), "magic"),
    "panel": lambda: parse_settings("%gemini_image --edit x a cat"),
}


@pytest.fixture
def linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the library of a project from somebody else leads to; the project is the working folder."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "gemini_images").symlink_to(tmp_path / "target")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "target"


@pytest.mark.parametrize("create", LINKS)
def test_a_project_whose_library_is_a_link_reads_and_writes_nothing_there(
    linked: Path, monkeypatch: pytest.MonkeyPatch, create: Callable[[Path], None]
) -> None:
    create(linked)
    before = sorted(linked.parent.rglob("*"))
    monkeypatch.delenv("COMETMAGIC_LIBRARY")

    for use in USES.values():
        with pytest.raises(LibraryError, match=r"gemini_images in .* is a link.*Set COMETMAGIC_LIBRARY to the folder"):
            use()
    assert "is a link" in str(examine())
    assert sorted(linked.parent.rglob("*")) == before


def test_a_link_that_the_user_names_is_used(linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETMAGIC_LIBRARY", "gemini_images")
    link_to_folder(linked)
    generate("a cat", source="offline")

    assert cometmagic.library().is_trusted
    assert len(list(Library(linked))) == 1


@pytest.mark.parametrize("create", [link_to_itself, link_to_nothing])
def test_a_library_that_leads_nowhere_is_not_trusted(linked: Path, create: Callable[[Path], None]) -> None:
    create(linked)
    library = Library(Path("gemini_images").absolute())

    assert not library.is_trusted
    assert "it cannot be read" in describe_untrusted(library.root)
    for use in (library.trust, lambda: library.pack(linked.with_name("lesson")), lambda: check_trusted(library.root)):
        with pytest.raises(LibraryError):
            use()
