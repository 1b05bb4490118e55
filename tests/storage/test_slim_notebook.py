"""A notebook file is made small as a whole or not at all, and no original is lost."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image

from cometmagic import generate
from cometmagic.errors import LibraryError
from cometmagic.storage import slim_notebook as slimming
from cometmagic.storage.library import Library
from cometmagic.storage.slim_notebook import slim
from tests.gemini.answers import base64_of
from tests.image_samples import encoded
from tests.images.test_notebook_images import LARGE, LARGE_JPEG, MOVING, notebook, output


@pytest.fixture
def library(library_folder: Path) -> Library:
    return Library(library_folder)


def write(path: Path, *outputs: dict[str, Any], **layout: Any) -> Path:
    layout = {"indent": 1, "ensure_ascii": False} | layout
    text = json.dumps(notebook(*outputs or [output(image_png=base64_of(LARGE))]), **layout) + "\n"
    path.write_bytes(text.encode())
    return path


def originals(library: Library) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((library.root / "originals").glob("*"))}


def test_the_notebook_is_small_and_its_originals_are_in_the_library(library: Library, tmp_path: Path) -> None:
    path = write(
        tmp_path / "my lesson.ipynb", output(image_png=base64_of(LARGE)), output(image_jpeg=base64_of(LARGE_JPEG))
    )
    before = path.stat().st_size

    told = slim(path, library, 100)

    assert (told.old_size, told.new_size) == (before, path.stat().st_size)
    assert told.new_size < before / 10
    assert originals(library) == {
        f"{sha256(LARGE).hexdigest()[:16]}.png": LARGE,
        f"{sha256(LARGE_JPEG).hexdigest()[:16]}.jpg": LARGE_JPEG,
    }
    assert list(library.iter_folders()) == []
    made = nbformat.reads(path.read_text(), as_version=4)
    nbformat.validate(made)
    assert [list(one.data) for one in made.cells[0].outputs] == [["image/jpeg"]] * 2


def test_the_report_says_what_was_saved_and_what_to_do(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(
        tmp_path / "a.ipynb",
        output(image_png=base64_of(LARGE), image_jpeg=base64_of(LARGE_JPEG)),
        output(image_gif=base64_of(MOVING[0])),
        output(image_png="?"),
        output(image_svg="<svg/>"),
    )

    told = str(slim(path, library, 100)).splitlines()

    assert told[0].startswith("a.ipynb: 0.")
    assert " MB became " in told[0]
    assert told[1:] == [
        "Pictures that became previews: 1.",
        "Second copies in another format that were taken out: 1.",
        "The originals are in the library; 2 of them were new to it and lie in library/originals.",
        "Left as they were: 1 animated, 1 SVG, 1 that cannot be read or are too large.",
        "If the notebook is open, reload it from disk before you save it: saving brings the old one back.",
    ]


def test_a_second_run_changes_nothing(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb")
    slim(path, library, 100)
    once, when, kept = path.read_bytes(), path.stat().st_mtime_ns, originals(library)

    told = slim(path, library, 100)

    assert str(told).startswith("There is nothing to shrink in ")
    assert "Left as they were: 1 small enough already." in str(told)
    assert (path.read_bytes(), path.stat().st_mtime_ns, originals(library)) == (once, when, kept)


def test_a_smaller_preview_can_be_made_later(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb")
    first = slim(path, library, 200)

    assert slim(path, library, 50).new_size < first.new_size
    assert slim(path, library, 200).new_size == path.stat().st_size  # never larger again
    assert LARGE in originals(library).values()


def test_an_original_that_a_call_holds_is_not_kept_twice(library: Library, tmp_path: Path) -> None:
    made = generate("a cat", source="offline").image
    path = write(tmp_path / "a.ipynb", output(None, **{made.mime_type.replace("/", "_"): base64_of(made.data)}))

    told = slim(path, library, 50)

    assert (told.counts["shrunk"], told.original_count, originals(library)) == (1, 0, {})


def test_a_name_that_is_taken_is_never_written_over(library: Library, tmp_path: Path) -> None:
    place = library.root / "originals"
    place.mkdir(parents=True)
    name = sha256(LARGE).hexdigest()[:16]
    (place / f"{name}.png").write_bytes(b"something else")

    slim(write(tmp_path / "a.ipynb"), library, 100)

    assert originals(library) == {f"{name}.png": b"something else", f"{name}-2.png": LARGE}


@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"indent": 2},
        {"indent": "\t"},
        {"indent": None},
        {"indent": None, "separators": (",", ":")},
        {"ensure_ascii": True},
        {"sort_keys": True},
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n\n"])
def test_everything_else_stays_byte_for_byte(
    library: Library, tmp_path: Path, layout: dict[str, Any], end: str
) -> None:
    text = {
        "text/plain": ["ä \u2028 \x1b[0m \U0001f600\n", '"q" \\ /'],
        "application/json": {"b": 1.5, "a": [1e-07, 10**40]},
    }
    document = notebook({"output_type": "stream", "text": "ä\u2028\x1b"} | {"data": text})
    document["cells"].append({"cell_type": "raw", "source": "x", "metadata": {}})
    picture = output({"image/jpeg": {"width": 9}}, image_jpeg=base64_of(LARGE_JPEG))
    document["cells"][0]["outputs"].append(picture)
    old = json.dumps(document, **{"indent": 1, "ensure_ascii": False} | layout) + end
    path = tmp_path / "a.ipynb"
    path.write_bytes(old.encode())

    slim(path, library, 100)

    new = path.read_bytes().decode()
    small = json.loads(new)["cells"][0]["outputs"][1]["data"]["image/jpeg"]
    assert new == old.replace(base64_of(LARGE_JPEG), small)
    assert len(new) < len(old) / 2


def test_line_ends_of_windows_and_half_characters_stay(library: Library, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.ipynb", output(image_png=base64_of(LARGE)), output(text_plain="\ud83d"), ensure_ascii=True
    )
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    slim(path, library, 100)

    new = path.read_bytes()
    assert new.count(b"\n") == new.count(b"\r\n") > 10
    assert json.loads(new)["cells"][0]["outputs"][1]["data"]["text/plain"] == "\ud83d"


def test_a_half_character_among_others_is_escaped(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", output(image_png=base64_of(LARGE)), output(text_plain="HALFä"))
    path.write_bytes(path.read_bytes().replace(b"HALF", b"\\ud83d"))

    slim(path, library, 100)

    assert json.loads(path.read_bytes())["cells"][0]["outputs"][1]["data"]["text/plain"] == "\ud83dä"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o666])
def test_the_mode_of_the_file_stays(library: Library, tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "a.ipynb")
    path.chmod(mode)

    slim(path, library, 100)

    assert path.stat().st_mode & 0o777 == mode


def test_a_link_stays_a_link(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb")
    (tmp_path / "link.ipynb").symlink_to(path)
    before = path.stat().st_size

    slim(tmp_path / "link.ipynb", library, 100)

    assert (tmp_path / "link.ipynb").is_symlink()
    assert path.stat().st_size < before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not a notebook"),
        (b"{", "is not a notebook"),
        (b"[]", "is not a notebook"),
        (b"\xff\xfe", "is not a notebook"),
        (b"\x89PNG\r\n\x1a\n", "is not a notebook"),
        (b'{"cells": []}', "is not a notebook"),
        (b'{"nbformat": 4}', "of another format than 4"),
        (b'{"nbformat": 3, "worksheets": []}', "of another format than 4"),
        (b'{"nbformat": 5, "cells": []}', "of another format than 4"),
        (b"[" * 100_000, "is not a notebook"),
    ],
)
def test_what_is_no_notebook_is_refused_and_left_alone(
    library: Library, tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)

    with pytest.raises(LibraryError, match=told) as refused:
        slim(path, library)

    assert "sent" not in str(refused.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("b.ipynb", "There is no notebook .*b.ipynb; did you mean a.ipynb?"),
        ("a", "; did you mean a.ipynb?"),
        ("", "There is no notebook"),
        ("x" * 300, "Cannot read|There is no notebook"),
        ("~no-such-user/a.ipynb", "Cannot read"),
        ("nowhere/a.ipynb", "There is no notebook"),
        ("a\0b", "Cannot read|There is no notebook"),
    ],
)
def test_what_is_not_there_is_told(library: Library, tmp_path: Path, name: str, told: str) -> None:
    write(tmp_path / "a.ipynb")

    with pytest.raises(LibraryError, match=told):
        slim(Path(name) if name.startswith("~") else tmp_path / name, library)


def test_a_file_that_may_not_be_written_is_refused_before_anything_is_done(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb")
    path.chmod(0o444)
    before = path.read_bytes()

    with pytest.raises(LibraryError, match=r"a\.ipynb may not be written\. Copy it"):
        slim(path, library, 100)

    assert path.read_bytes() == before
    assert not library.root.exists()


def test_a_file_that_is_written_meanwhile_is_left_as_it_is(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, keep = write(tmp_path / "a.ipynb"), slimming._save_originals

    def saved_by_jupyter(*given: Any) -> int:
        path.write_text('{"nbformat": 4, "cells": ["newer"]}')
        return keep(*given)

    monkeypatch.setattr(slimming, "_save_originals", saved_by_jupyter)

    with pytest.raises(LibraryError, match=r"was written meanwhile, and is left as it is\. Run it"):
        slim(path, library, 100)

    assert "newer" in path.read_text()
    assert [other.name for other in tmp_path.iterdir() if other.name.endswith(".tmp")] == []


def test_without_room_for_the_originals_the_notebook_stays(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb")
    before = path.read_bytes()
    library.root.write_text("a file where the library should be")

    with pytest.raises(LibraryError, match="Cannot write in"):
        slim(path, library, 100)

    assert path.read_bytes() == before


def test_a_notebook_of_very_large_numbers_is_no_notebook(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text('{"nbformat": 4, "cells": [], "metadata": {"a": ' + "1" * 5000 + "}}")

    with pytest.raises(LibraryError, match="is not a notebook"):
        slim(path, library, 100)


def test_a_picture_that_stands_twice_is_kept_once(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", *[output(image_png=base64_of(LARGE)) for _ in range(3)])

    told = slim(path, library, 100)

    assert (told.counts["shrunk"], told.original_count) == (3, 1)


def test_what_cannot_be_measured_is_left(library: Library, tmp_path: Path) -> None:
    huge = encoded(Image.new("1", (9000, 9000)))
    path = write(tmp_path / "a.ipynb", output(image_png=base64_of(huge)))
    before = path.read_bytes()

    assert slim(path, library, 100).counts["damaged"] == 1
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
