"""No wing opens files by itself: what lies in a library may be a link, a pipe or somebody else's.

Files of libraries and call folders are opened by system/regular_files.py. Whatever else opens files, or asks about
them, is listed here with its reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import cometmagic

PACKAGE = Path(cometmagic.__file__).parent
FOLLOWING = {"open", "fdopen", "read_bytes", "read_text", "write_bytes", "write_text", "touch", "copyfile", "copytree"}
FOLLOWING |= {"exists", "is_file", "is_dir", "stat", "isfile", "isdir", "getsize", "copy2", "samefile", "FileIO"}
ALLOWED = {
    "system/regular_files.py": "the opener itself",
    "system/certificates.py": "a folder that the environment names",
    "system/atomic_files.py": "new files, created under names that nothing has",
    "codegen/assets.py:resolve_image": "a path that the user named",
    "images/file_reader.py": "a path that the user named",
    "images/inputs/objects.py:_read_file": "a path in an archive that the user opened",
    "notebook/completion_items.py": "a path that the user is typing",
    "notebook/library_magic.py:shrink_notebook": "a path that the user named",
    "notebook/namespace.py": "a path that the user named",
    "storage/save_paths.py": "a path that the user named",
    "storage/slim_notebook.py:_resolve_notebook": "a path that the user named",
    "storage/slim_notebook.py:_read_notebook": "a path that the user named",
    "storage/slim_notebook.py:_replace_file": "a path that the user named",
    "storage/trust.py": "the folder of the library, which the user named",
    "doctor.py:_check_library": "the folder of the library, which the user named",
    "options/pyproject.py": "the project's settings, which have rules of their own",
    "options/toml_file.py": "as above",
    "widget/widgets.py": "files of the package",
    "courier/worker.py:main": "a descriptor, not a path",
    "storage/fallback_storage.py:_copy_prefix": "a descriptor, not a path",
    "images/decoding/opener.py": "an open file, not a path",
    "gemini/coerce.py:coerce_string": "a text in memory",
    "gemini/answer_texts.py:_read_edges": "as above",
}


def find_accesses(source: str) -> Iterator[tuple[str, str]]:
    """Yield what opens or follows a path, each with the function it stands in."""

    def visit(node: ast.AST, function: str) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            if _follows_path(child):
                yield function, ast.unparse(child)
            yield from visit(child, child.name if is_function else function)  # type: ignore[attr-defined]

    return visit(ast.parse(source), "")


def _follows_path(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="io"), attr="FileIO") | ast.Name(id="FileIO")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="Image"), attr="open"), args=[argument, *_]):
            return not ast.unparse(argument).startswith("io.BytesIO(")
        case ast.Attribute(value=ast.Name(id="Image"), attr="open") | ast.Attribute(attr="FileIO"):
            return False  # as above, when called
        case ast.Attribute(attr=name):
            return name in FOLLOWING
        case ast.Name(id=name):
            return name == "open"
    return False


def list_accesses(root: Path) -> dict[str, list[str]]:
    """Return the accesses of a package by module and function."""
    accesses: dict[str, list[str]] = {}
    for path in sorted(root.rglob("*.py")):
        for function, text in find_accesses(path.read_text(encoding="utf-8")):
            accesses.setdefault(f"{path.relative_to(root).as_posix()}:{function}", []).append(text)
    return accesses


def is_allowed(place: str) -> bool:
    return place in ALLOWED or place.partition(":")[0] in ALLOWED


def test_files_are_opened_by_the_opener() -> None:
    found = {place: texts for place, texts in list_accesses(PACKAGE).items() if not is_allowed(place)}

    assert found == {}, "use cometmagic.system.regular_files"


def test_every_exception_is_needed() -> None:
    places = list_accesses(PACKAGE)
    used = {*places, *(place.partition(":")[0] for place in places)}

    assert [place for place in ALLOWED if place not in used] == []


@pytest.mark.parametrize(
    "line",
    [
        "open(path)",
        "os.open(path, flags)",
        "io.FileIO(path)",
        "(folder.path / name).open('rb')",
        "folder.path.joinpath(name).read_bytes()",
        "retry(path.read_bytes)",
        "path.read_text()",
        "path.write_bytes(content)",
        "path.write_text(text)",
        "path.exists()",
        "path.is_file()",
        "folder.is_dir()",
        "path.stat().st_size",
        "os.stat(path)",
        "os.path.getsize(path)",
        "shutil.copytree(source, target)",
        "Image.open(path)",
    ],
)
def test_control_a_planted_line_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "new.py").write_text(f"def load(path):\n    return {line}\n")

    assert list(list_accesses(tmp_path)) == ["storage/new.py:load"]


@pytest.mark.parametrize(
    "line", ["open_regular(path)", "path.lstat()", "stat.S_ISREG(mode)", "Image.open(io.BytesIO(b))"]
)
def test_what_follows_no_path_is_not_found(line: str) -> None:
    assert list(find_accesses(line)) == []
