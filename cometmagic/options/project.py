"""What a project sets: `[tool.cometmagic]` and its presets in the nearest pyproject.toml.

Such a file may come from somebody else, together with a notebook. So it never decides where a key goes or
where files are written, sends nothing of this machine, and raises no limit on spending: `REFUSED` tells what
it may not set, and `merged` how it stands to what the user says. It is read when it is needed.
"""

from __future__ import annotations

import copy
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cometmagic.errors import OptionError
from cometmagic.options.declaration import declared
from cometmagic.options.option_types import suggest
from cometmagic.options.settings import environment_limits
from cometmagic.system.atomic_files import WINDOWS, near
from cometmagic.system.sanitize import line

FILE = "pyproject.toml"
TABLE = "[tool.cometmagic]"
PLACE = "{{prompt}}"
CAPS = ("max_cost", "session_cap", "day_cap")
REFUSED = {
    "save": "writes files",
    "into": "sets a variable of the notebook",
    "image": "sends files of this machine",
    "edit": "belongs to one cell",
    "chat": "belongs to one cell",
    "preset": "changes prompts that do not name it",
    "private_urls": "opens your own network",
    "extra": "goes around every limit",
    "retry_unknown": "may cost a whole picture each time",
}
ONLY_IN_PRESETS = {"count": "multiplies what every cell costs", "sweep": "multiplies what every cell costs"}
_SECRET = re.compile(
    r"(?:^|_)(?:api_?keys?|keys?|tokens?|secrets?|passwords?|authorization|urls?|endpoint|host|prox(?:y|ies)|library)(?:_|$)"
)
_PLACEHOLDER = re.compile(r"\{\{\s*[^\W\d]\w*\s*\}\}")


@dataclass(frozen=True)
class Preset:
    """Options by name, and a frame around the prompt, which stands at its `{{prompt}}`."""

    name: str
    options: dict[str, Any]
    frame: str
    file: Path


@dataclass(frozen=True)
class _Project:
    """What a file says, unchecked."""

    file: Path | None = None
    table: dict[str, Any] = field(default_factory=dict)
    presets: dict[str, Any] = field(default_factory=dict)


_read_last: dict[tuple[Any, ...], _Project] = {}  # by path and what the disk says of it; holds one


def file() -> Path | None:
    """Return the nearest pyproject.toml, at or above the working folder, or None.

    The search ends with a folder that has a `.git` and with the home folder; where everybody may write, only
    the working folder itself is looked into.
    """
    return next((path for folder in _folders() if (path := folder / FILE).is_file()), None)


def defaults() -> dict[str, Any]:
    """Return the options that the project sets. Raises `OptionError` that names file and option."""
    found = _project()
    return _checked(found.table, found.file, TABLE, REFUSED | ONLY_IN_PRESETS)


def preset_names() -> list[str]:
    """Return the names of the project's presets. Raises `OptionError` when its file cannot be read."""
    return list(_project().presets)


def preset(name: str) -> Preset:
    """Return a preset of the project. Raises `OptionError` when there is none, or it is wrong."""
    found = _project()
    if name not in found.presets or found.file is None:
        raise _unknown(name, found)
    place, made = f"{TABLE[:-1]}.presets.{name}]", found.presets[name]
    if not isinstance(made, dict):
        raise _wrong(found.file, place, "is not a table.")
    frame, given = made.get("prompt", PLACE), {option: made[option] for option in made if option != "prompt"}
    if not isinstance(frame, str) or frame.count(PLACE) != 1:
        raise _wrong(found.file, f"{place} prompt", f"must be a text with {PLACE} in it, once.")
    if others := _PLACEHOLDER.findall(frame.replace(PLACE, "")):
        raise _wrong(found.file, f"{place} prompt", f"may have no other placeholder than {PLACE}, not {others[0]}.")
    return Preset(name, _checked(given, found.file, place, REFUSED), frame, found.file)


def _unknown(name: str, found: _Project) -> OptionError:
    where = f" in {near(found.file)}" if found.file else f": there is no {FILE}"
    known = f"Known are {', '.join(found.presets)}." if found.presets else f"{TABLE[:-1]}.presets.NAME] makes one."
    told = f"There is no preset {name[:60]!r}{where}{suggest(name, found.presets) or '.'}"
    return OptionError(line(told), do=line(known))


def framed(preset: Preset, prompt: str) -> str:
    """Return the prompt in a preset's frame; what stands in the prompt stays as it is. Blank remains blank."""
    before, _, after = preset.frame.partition(PLACE)
    return f"{before}{prompt}{after}" if prompt.strip() else prompt


def merged(on_line: dict[str, Any], session: dict[str, Any]) -> tuple[dict[str, Any], Preset | None]:
    """Return the options of a cell, and its preset if it names one.

    What the line says lies over the preset, that over the session (`%config`), that over the project. A cap in
    the file only ever lowers what the user has set for the session or by a variable.
    """
    name = on_line.get("preset", session.get("preset"))
    chosen = None if name is None else preset(str(name))
    limits = environment_limits()
    own = capped(defaults(), limits) | session
    options = own | capped(chosen.options if chosen else {}, limits | own) | on_line
    options.pop("preset", None)
    return options, chosen


def capped(from_file: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return what a file sets without the caps that are not below the user's own."""
    return {name: value for name, value in from_file.items() if name not in CAPS or _is_below(value, own.get(name))}


def _folders() -> Iterator[Path]:
    try:
        here, home = Path.cwd(), Path.home()
    except (OSError, RuntimeError):  # the working folder is gone, or there is no home
        return
    for folder in (here, *here.parents):
        if folder != here and not WINDOWS and folder.stat().st_mode & stat.S_IWOTH:
            return
        yield folder
        if folder == home or (folder / ".git").exists():
            return


def _project() -> _Project:
    found = file()
    if found is None:
        return _Project()
    try:
        facts = found.stat()
        key = (found, facts.st_mtime_ns, facts.st_size, facts.st_ino)
        if key not in _read_last:
            made = _parsed(found)
            _read_last.clear()
            _read_last[key] = made
        return _read_last[key]
    except OSError as error:
        raise OptionError(f"{line(near(found))} cannot be read: {error.strerror}.") from None


def _parsed(path: Path) -> _Project:
    import tomllib

    try:
        document = tomllib.loads(path.read_bytes().decode())
    except (ValueError, RecursionError) as error:
        raise _wrong(path, "", f"is no valid TOML: {error}.") from None
    table = document.get("tool", {})
    for name in ("tool", "tool.cometmagic", "tool.cometmagic.presets"):
        if not isinstance(table, dict):
            raise _wrong(path, f"[{name}]", "is not a table.")
        if name == "tool":
            table = ours = table.get("cometmagic", {})
        elif name == "tool.cometmagic":
            table = table.get("presets", {})
    return _Project(path, {name: value for name, value in ours.items() if name != "presets"}, table)


def _checked(given: dict[str, Any], path: Path | None, place: str, refused: dict[str, str]) -> dict[str, Any]:
    """Return options by their names in Python. Raises `OptionError` that names the file and the option."""
    options: dict[str, Any] = {}
    for written, value in given.items():
        name, where = written.replace("-", "_"), f"{place} {written}"
        if path is not None and (problem := _problem(name, value, refused)):
            raise _wrong(path, where, *problem)
        if name in options:
            raise _wrong(path, where, "is given twice.")
        options[name] = copy.deepcopy(value)
    return options


def _problem(name: str, value: Any, refused: dict[str, str]) -> tuple[str, str] | None:
    """Return what is wrong with an option in a file, and what to do; the value of a secret is never told."""
    known, on_line = declared(), "Write it on the line of a cell."
    if name in refused:
        return f"{refused[name]}, so it is not taken from a file that somebody may have sent.", on_line
    if name not in known:
        if _SECRET.search(name.lower()):
            do = "Take it out, and set it in the environment."
            return "is never read from a file: keys, addresses and the library are the user's own.", do
        return f"is no option{suggest(name, known) or '.'}", "%%gemini_image? lists them all."
    if name == "source" and str(value).strip().lower() == "live":
        return "cannot be live in a file: whether money is spent is the user's to say.", on_line
    try:
        known[name].kind.parse(value)
    except ValueError as error:
        return str(error), "Correct it."
    return None


def _is_below(cap: Any, own: Any) -> bool:
    return own is None or float(cap) < float(own)


def _wrong(path: Path | None, where: str, what: str, do: str = "Correct it.") -> OptionError:
    told = f"{where}: {what}" if where else what
    return OptionError(line(f"{near(path) if path else FILE} {told}"), do=do)
