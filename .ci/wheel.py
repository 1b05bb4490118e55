"""Build the sdist and the wheel, install the wheel in a fresh environment, and use it there as a new user would.

`wheel.py FOLDER` keeps what was built and tried. The tests run on the checkout; only this shows that what is published
holds all it needs: the panel's view, the type marker. It runs outside the checkout, so that nothing can be imported
from there by accident.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PROGRAM = """
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

import cometmagic

assert Path(cometmagic.__file__).is_relative_to(Path(__import__("sys").prefix)), cometmagic.__file__
result = cometmagic.generate("a red bicycle", source="offline")
assert result.image.data[:3] == b"\\xff\\xd8\\xff", result
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "cometmagic")
shown = shell.run_cell_magic("gemini_image", "--source offline", "a cat")
assert isinstance(shown, cometmagic.ImageResult), shown
assert cometmagic.panel("a cat").as_cell() == "%%gemini_image\\na cat"
print(cometmagic.__version__, "works:", len(list(cometmagic.library())), "images")
"""


def run(*command: str | Path, cwd: Path) -> None:
    """Run a command; raise when it fails."""
    subprocess.run(command, cwd=cwd, check=True)


def contents(archive: Path) -> set[str]:
    """Return the paths of the files in a wheel or an sdist, an sdist's without its top folder."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return set(wheel.namelist())
    with tarfile.open(archive) as sdist:
        return {name.partition("/")[2] for name in sdist.getnames()}


def check_contents(wheel: Path, sdist: Path) -> None:
    """Exit when a file of the package is missing, or the wheel holds anything else."""
    files = (path for path in (ROOT / "cometmagic").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    package = {path.relative_to(ROOT).as_posix() for path in files}
    for archive in (wheel, sdist):
        if missing := package - contents(archive):
            sys.exit(f"{archive.name} lacks {sorted(missing)}")
    others = {name for name in contents(wheel) - package if ".dist-info/" not in name}
    if others:
        sys.exit(f"{wheel.name} also holds {sorted(others)}")


def main(target: Path | None = None) -> None:
    """Build into a folder, check and try; exit with a message when anything is wrong."""
    with tempfile.TemporaryDirectory(prefix="cometmagic-wheel-") as scratch:
        place = Path(scratch)
        built = place / "dist"
        run(sys.executable, "-m", "build", "--outdir", built, ROOT, cwd=place)
        [wheel], [sdist] = built.glob("*.whl"), built.glob("*.tar.gz")
        check_contents(wheel, sdist)
        venv.create(place / "fresh", with_pip=True)
        python = place / "fresh" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        run(python, "-m", "pip", "install", "--quiet", wheel, cwd=place)
        (place / "program.py").write_text(PROGRAM)
        run(python, place / "program.py", cwd=place)
        run(python, "-m", "cometmagic", "doctor", cwd=place)
        if target is not None:
            shutil.copytree(built, target, dirs_exist_ok=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
