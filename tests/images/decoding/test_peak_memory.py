"""T5: an image file of 20 MB takes at most 400 MB of memory, whoever made it and whichever way it takes.

Each file is read in a process of its own. By default that is done for a few shapes; the full campaign takes all.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import memory
from tests.figures import Record
from tests.images.decoding.image_bombs import BOMBS, MAX_FILE_BYTES
from tests.images.decoding.peak_memory import WAYS
from tests.subprocesses import CHECKOUT

MAX_MB = 400
CARELESS = "decode_carelessly"
COMMON = ("png-palette", "jpeg-200-megapixels", "gif-vast", "webp-large", "tiff-tile", "png-a-pixel-wide")
HELD_BY_ITS_OWNER = ("png-text", "gif-disposed")  # what Pillow keeps when somebody else opens the file

pytestmark = pytest.mark.skipif(memory.status("VmHWM") is None, reason="only Linux tells a process's peak")


def measured(way: str, folder: Path, names: tuple[str, ...]) -> dict[str, tuple[int, str]]:
    """Return the peak in MB for each file, and what came out."""
    for name in names:
        (folder / name).write_bytes(BOMBS[name]())
    command = [sys.executable, "-m", "tests.images.decoding.peak_memory", way, *(str(folder / name) for name in names)]
    done = subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True)
    rows = map(json.loads, done.stdout.splitlines())
    return {name: (peak, outcome) for name, peak, outcome in rows}


def check(way: str, folder: Path, names: tuple[str, ...], figures: Record) -> None:
    made = measured(way, folder, names)

    worst = max(made, key=lambda name: made[name][0])
    figures(f"T5 memory of {way}, {len(made)} image files", f"up to {made[worst][0]} MB ({worst})", goal=f"{MAX_MB} MB")
    assert {name: found for name, found in made.items() if found[0] > MAX_MB or found[1].startswith("RAISED")} == {}


def test_k12_common_bombs(tmp_path: Path, figures: Record) -> None:
    check("refer", tmp_path, COMMON, figures)


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("way", [way for way in WAYS if way != CARELESS])
def test_k12_all_bombs(way: str, tmp_path: Path, figures: Record) -> None:
    names = tuple(name for name in BOMBS if way != "refer_opened" or name not in HELD_BY_ITS_OWNER)

    check(way, tmp_path, names, figures)


def test_a_careless_program_needs_more(tmp_path: Path) -> None:
    assert measured(CARELESS, tmp_path, ("png-palette",))["png-palette"][0] > MAX_MB


@pytest.mark.full
def test_bombs_are_small() -> None:
    assert {name: length for name, build in BOMBS.items() if (length := len(build())) > MAX_FILE_BYTES} == {}
