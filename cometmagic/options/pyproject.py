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
from cometmagic.options.declaration import list_options
from cometmagic.options.settings import read_environment_limits
from cometmagic.system.atomic_files import IS_WINDOWS
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean_line
from cometmagic.system.suggestions import suggest

FILE_NAME = "pyproject.toml"
TABLE_HEADER = "[tool.cometmagic]"
PROMPT_PLACEHOLDER = "{{prompt}}"
CAPS = ("max_cost", "session_cap", "day_cap")
FORBIDDEN_OPTIONS = {
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
PRESET_ONLY_OPTIONS = {"count": "multiplies what every cell costs", "sweep": "multiplies what every cell costs"}
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:api_?keys?|keys?|tokens?|secrets?|passwords?|authorization|urls?|endpoint|host|prox(?:y|ies)|library)(?:_|$)"
)
_PLACEHOLDER = re.compile(r"\{\{\s*[^\W\d]\w*\s*\}\}")


@dataclass(frozen=True)
class Preset:
    """Options by name, and a frame around the prompt, which stands at its `{{prompt}}`."""

    name: str
    options: dict[str, Any]
    prompt_template: str
    path: Path


@dataclass(frozen=True)
class _ProjectFile:
    """What a file says, unchecked."""

    path: Path | None = None
    table: dict[str, Any] = field(default_factory=dict)
    presets: dict[str, Any] = field(default_factory=dict)


_project_cache: dict[tuple[Any, ...], _ProjectFile] = {}  # by path and what the disk says of it; holds one


def find_file() -> Path | None:
    """Return the nearest pyproject.toml, at or above the working folder, or None.

    The search ends with a folder that has a `.git` and with the home folder; where everybody may write, only
    the working folder itself is looked into.
    """
    return next((path for folder in _walk_folders() if (path := folder / FILE_NAME).is_file()), None)


def read_defaults() -> dict[str, Any]:
    """Return the options that the project sets. Raises `OptionError` that names file and option."""
    found = _read_project()
    return _parse_options(found.table, found.path, TABLE_HEADER, FORBIDDEN_OPTIONS | PRESET_ONLY_OPTIONS)


def list_preset_names() -> list[str]:
    """Return the names of the project's presets. Raises `OptionError` when its file cannot be read."""
    return list(_read_project().presets)


def read_preset(name: str) -> Preset:
    """Return a preset of the project. Raises `OptionError` when there is none, or it is wrong."""
    found = _read_project()
    if name not in found.presets or found.path is None:
        raise _build_preset_error(name, found)
    place, made = f"{TABLE_HEADER[:-1]}.presets.{name}]", found.presets[name]
    if not isinstance(made, dict):
        raise _build_file_error(found.path, place, "is not a table.")
    frame, given = (
        made.get("prompt", PROMPT_PLACEHOLDER),
        {option: made[option] for option in made if option != "prompt"},
    )
    if not isinstance(frame, str) or frame.count(PROMPT_PLACEHOLDER) != 1:
        raise _build_file_error(found.path, f"{place} prompt", f"must be a text with {PROMPT_PLACEHOLDER} in it, once.")
    if others := _PLACEHOLDER.findall(frame.replace(PROMPT_PLACEHOLDER, "")):
        raise _build_file_error(
            found.path, f"{place} prompt", f"may have no other placeholder than {PROMPT_PLACEHOLDER}, not {others[0]}."
        )
    return Preset(name, _parse_options(given, found.path, place, FORBIDDEN_OPTIONS), frame, found.path)


def _build_preset_error(name: str, project: _ProjectFile) -> OptionError:
    where = f" in {format_path(project.path)}" if project.path else f": there is no {FILE_NAME}"
    known = (
        f"Known are {', '.join(project.presets)}."
        if project.presets
        else f"{TABLE_HEADER[:-1]}.presets.NAME] makes one."
    )
    told = f"There is no preset {name[:60]!r}{where}{suggest(name, project.presets) or '.'}"
    return OptionError(clean_line(told), advice=clean_line(known))


def fill_prompt_template(preset: Preset, prompt: str) -> str:
    """Return the prompt in a preset's frame; what stands in the prompt stays as it is. Blank remains blank."""
    before, _, after = preset.prompt_template.partition(PROMPT_PLACEHOLDER)
    return f"{before}{prompt}{after}" if prompt.strip() else prompt


def merge_options(
    line_options: dict[str, Any], session_options: dict[str, Any]
) -> tuple[dict[str, Any], Preset | None]:
    """Return the options of a cell, and its preset if it names one.

    What the line says lies over the preset, that over the session (`%config`), that over the project. A cap in
    the file only ever lowers what the user has set for the session or by a variable.
    """
    name = line_options.get("preset", session_options.get("preset"))
    chosen = None if name is None else read_preset(str(name))
    limits = read_environment_limits()
    own = drop_higher_caps(read_defaults(), limits) | session_options
    options = own | drop_higher_caps(chosen.options if chosen else {}, limits | own) | line_options
    options.pop("preset", None)
    return options, chosen


def drop_higher_caps(file_options: dict[str, Any], user_options: dict[str, Any]) -> dict[str, Any]:
    """Return what a file sets without the caps that are not below the user's own."""
    return {
        name: value
        for name, value in file_options.items()
        if name not in CAPS or _is_below(value, user_options.get(name))
    }


def _walk_folders() -> Iterator[Path]:
    try:
        here, home = Path.cwd(), Path.home()
    except (OSError, RuntimeError):  # the working folder is gone, or there is no home
        return
    for folder in (here, *here.parents):
        if folder != here and not IS_WINDOWS and folder.stat().st_mode & stat.S_IWOTH:
            return
        yield folder
        if folder == home or (folder / ".git").exists():
            return


def _read_project() -> _ProjectFile:
    found = find_file()
    if found is None:
        return _ProjectFile()
    try:
        facts = found.stat()
        key = (found, facts.st_mtime_ns, facts.st_size, facts.st_ino)
        if key not in _project_cache:
            made = _parse_project(found)
            _project_cache.clear()
            _project_cache[key] = made
        return _project_cache[key]
    except OSError as error:
        raise OptionError(f"{clean_line(format_path(found))} cannot be read: {error.strerror}.") from None


def _parse_project(path: Path) -> _ProjectFile:
    import tomllib

    try:
        document = tomllib.loads(path.read_bytes().decode())
    except (ValueError, RecursionError) as error:
        raise _build_file_error(path, "", f"is no valid TOML: {error}.") from None
    table = document.get("tool", {})
    for name in ("tool", "tool.cometmagic", "tool.cometmagic.presets"):
        if not isinstance(table, dict):
            raise _build_file_error(path, f"[{name}]", "is not a table.")
        if name == "tool":
            table = ours = table.get("cometmagic", {})
        elif name == "tool.cometmagic":
            table = table.get("presets", {})
    return _ProjectFile(path, {name: value for name, value in ours.items() if name != "presets"}, table)


def _parse_options(
    raw_options: dict[str, Any], path: Path | None, table_header: str, forbidden_options: dict[str, str]
) -> dict[str, Any]:
    """Return options by their names in Python. Raises `OptionError` that names the file and the option."""
    options: dict[str, Any] = {}
    for written, value in raw_options.items():
        name, where = written.replace("-", "_"), f"{table_header} {written}"
        if path is not None and (problem := _find_problem(name, value, forbidden_options)):
            raise _build_file_error(path, where, *problem)
        if name in options:
            raise _build_file_error(path, where, "is given twice.")
        options[name] = copy.deepcopy(value)
    return options


def _find_problem(name: str, value: Any, forbidden_options: dict[str, str]) -> tuple[str, str] | None:
    """Return what is wrong with an option in a file, and what to do; the value of a secret is never told."""
    known, on_line = list_options(), "Write it on the line of a cell."
    if name in forbidden_options:
        return f"{forbidden_options[name]}, so it is not taken from a file that somebody may have sent.", on_line
    if name not in known:
        if _SECRET_NAME.search(name.lower()):
            do = "Take it out, and set it in the environment."
            return "is never read from a file: keys, addresses and the library are the user's own.", do
        return f"is no option{suggest(name, known) or '.'}", "%%gemini_image? lists them all."
    if name == "source" and str(value).strip().lower() == "live":
        return "cannot be live in a file: whether money is spent is the user's to say.", on_line
    try:
        known[name].type.parse(value)
    except ValueError as error:
        return str(error), "Correct it."
    return None


def _is_below(cap: Any, user_cap: Any) -> bool:
    return user_cap is None or float(cap) < float(user_cap)


def _build_file_error(path: Path | None, location: str, problem: str, advice: str = "Correct it.") -> OptionError:
    told = f"{location}: {problem}" if location else problem
    return OptionError(clean_line(f"{format_path(path) if path else FILE_NAME} {told}"), advice=advice)
