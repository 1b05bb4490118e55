"""The options of a project: `[tool.cometmagic]` and its presets in the nearest pyproject.toml.

Such a file may come from somebody else, together with a notebook. So it cannot decide where a key goes or where
files are written, cannot send local files, and cannot raise a limit on spending. `FORBIDDEN_OPTIONS` lists what
it may not set, and `merge_options` defines the precedence. The file is read when it is needed.
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
from cometmagic.options.declaration import CellOptions, list_options
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
    "fetch": "connects to hosts that an answer names",
    "private_urls": "opens your own network",
    "allow_secret": "sends what looks like a key",
    "extra": "goes around every limit",
    "retry_unknown": "may cost a whole picture each time",
    "price_ratio": "changes what every limit of money counts",
}
PRESET_ONLY_OPTIONS = {"count": "multiplies what every cell costs", "sweep": "multiplies what every cell costs"}
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:api_?keys?|keys?|tokens?|secrets?|passwords?|authorization|urls?|endpoint|host|prox(?:y|ies)|library)(?:_|$)"
)
_PLACEHOLDER = re.compile(r"\{\{\s*[^\W\d]\w*\s*\}\}")


@dataclass(frozen=True)
class Preset:
    """Options by name, and a template with `{{prompt}}` in the place of the prompt."""

    name: str
    options: dict[str, Any]
    prompt_template: str
    path: Path


@dataclass(frozen=True)
class _ProjectFile:
    """The tables of a file, unchecked."""

    path: Path | None = None
    table: dict[str, Any] = field(default_factory=dict)
    presets: dict[str, Any] = field(default_factory=dict)


_project_cache: dict[tuple[Any, ...], _ProjectFile] = {}  # by path, time, size and inode of the file; one entry


def find_file() -> Path | None:
    """Return the nearest pyproject.toml, at or above the working folder, or None.

    The search ends at a folder with a `.git` and at the home folder. A folder that everybody may write to is searched
    only if it is the working folder.
    """
    return next((path for folder in _walk_folders() if (path := folder / FILE_NAME).is_file()), None)


def read_defaults() -> dict[str, Any]:
    """Return the options that the project sets. Raises `OptionError` with the file and the option."""
    project = _read_project()
    return _parse_options(project.table, project.path, TABLE_HEADER, FORBIDDEN_OPTIONS | PRESET_ONLY_OPTIONS)


def list_preset_names() -> list[str]:
    """Return the names of the project's presets. Raises `OptionError` when its file cannot be read."""
    return list(_read_project().presets)


def read_preset(name: str) -> Preset:
    """Return a preset of the project. Raises `OptionError` when it does not exist or is wrong."""
    project = _read_project()
    if name not in project.presets or project.path is None:
        raise _build_preset_error(name, project)
    header, table = f"{TABLE_HEADER[:-1]}.presets.{name}]", project.presets[name]
    if not isinstance(table, dict):
        raise _build_file_error(project.path, header, "is not a table.")
    template = table.get("prompt", PROMPT_PLACEHOLDER)
    if problem := _find_template_problem(template):
        raise _build_file_error(project.path, f"{header} prompt", problem)
    raw_options = {option: value for option, value in table.items() if option != "prompt"}
    options = _parse_options(raw_options, project.path, header, FORBIDDEN_OPTIONS)
    return Preset(name, options, template, project.path)


def _find_template_problem(template: Any) -> str:
    """Return what is wrong with a prompt template, or nothing."""
    if not isinstance(template, str) or template.count(PROMPT_PLACEHOLDER) != 1:
        return f"must be a text with {PROMPT_PLACEHOLDER} in it, once."
    if placeholders := _PLACEHOLDER.findall(template.replace(PROMPT_PLACEHOLDER, "")):
        return f"may have no other placeholder than {PROMPT_PLACEHOLDER}, not {placeholders[0]}."
    return ""


def _build_preset_error(name: str, project: _ProjectFile) -> OptionError:
    location = f" in {format_path(project.path)}" if project.path else f": there is no {FILE_NAME}"
    advice = (
        f"Known are {', '.join(project.presets)}."
        if project.presets
        else f"{TABLE_HEADER[:-1]}.presets.NAME] makes one."
    )
    message = f"There is no preset {name[:60]!r}{location}{suggest(name, project.presets) or '.'}"
    return OptionError(clean_line(message), advice=clean_line(advice))


def fill_prompt_template(preset: Preset, prompt: str) -> str:
    """Return the prompt within a preset's template. The prompt itself is not changed, and a blank one stays blank."""
    before, _, after = preset.prompt_template.partition(PROMPT_PLACEHOLDER)
    return f"{before}{prompt}{after}" if prompt.strip() else prompt


def merge_options(
    line_options: dict[str, Any], session_options: dict[str, Any]
) -> tuple[dict[str, Any], Preset | None]:
    """Return the options of a cell, and its preset if it names one.

    Precedence, highest first: the line, the preset, the session (`%config`), the project. A cap in the file can only
    lower a cap that the user has set for the session or by a variable.
    """
    name = line_options.get("preset", session_options.get("preset"))
    name = name if isinstance(name, str) else CellOptions.build({"preset": name}).preset
    preset = None if name is None else read_preset(name)
    limits = read_environment_limits()
    defaults = drop_higher_caps(read_defaults(), limits) | session_options
    options = defaults | drop_higher_caps(preset.options if preset else {}, limits | defaults) | line_options
    options.pop("preset", None)
    return options, preset


def drop_higher_caps(file_options: dict[str, Any], user_options: dict[str, Any]) -> dict[str, Any]:
    """Return a file's options without the caps that are not below the user's own."""
    return {
        name: value
        for name, value in file_options.items()
        if name not in CAPS or _is_below(value, user_options.get(name))
    }


def _walk_folders() -> Iterator[Path]:
    try:
        working_folder, home = Path.cwd(), Path.home()
    except (OSError, RuntimeError):  # the working folder is gone, or there is no home
        return
    for folder in (working_folder, *working_folder.parents):
        if folder != working_folder and not IS_WINDOWS and folder.stat().st_mode & stat.S_IWOTH:
            return
        yield folder
        if folder == home or (folder / ".git").exists():
            return


def _read_project() -> _ProjectFile:
    path = find_file()
    if path is None:
        return _ProjectFile()
    try:
        status = path.stat()
        key = (path, status.st_mtime_ns, status.st_size, status.st_ino)
        if key not in _project_cache:
            project = _parse_project(path)
            _project_cache.clear()
            _project_cache[key] = project
        return _project_cache[key]
    except OSError as error:
        raise OptionError(f"{clean_line(format_path(path))} cannot be read: {error.strerror}.") from None


def _parse_project(path: Path) -> _ProjectFile:
    from cometmagic.options.toml_file import read_toml  # the parser is needed only where there is a file

    try:
        document = read_toml(path, b"cometmagic")
    except (ValueError, RecursionError) as error:
        raise _build_file_error(path, "", f"is no valid TOML: {error}.") from None
    table = document.get("tool", {})
    for name in ("tool", "tool.cometmagic", "tool.cometmagic.presets"):
        if not isinstance(table, dict):
            raise _build_file_error(path, f"[{name}]", "is not a table.")
        if name == "tool":
            table = project_table = table.get("cometmagic", {})
        elif name == "tool.cometmagic":
            table = table.get("presets", {})
    options = {name: value for name, value in project_table.items() if name != "presets"}
    return _ProjectFile(path, options, presets=table)


def _parse_options(
    raw_options: dict[str, Any], path: Path | None, table_header: str, forbidden_options: dict[str, str]
) -> dict[str, Any]:
    """Return options by their names in Python. Raises `OptionError` with the file and the option."""
    options: dict[str, Any] = {}
    for raw_name, value in raw_options.items():
        name, location = raw_name.replace("-", "_"), f"{table_header} {raw_name}"
        if path is not None and (problem := _find_problem(name, value, forbidden_options)):
            raise _build_file_error(path, location, *problem)
        if name in options:
            raise _build_file_error(path, location, "is given twice.")
        options[name] = copy.deepcopy(value)
    return options


def _find_problem(name: str, value: Any, forbidden_options: dict[str, str]) -> tuple[str, str] | None:
    """Return what is wrong with an option in a file, and what to do. The value of a secret is never shown."""
    options, line_advice = list_options(), "Write it on the line of a cell."
    if name in forbidden_options:
        return f"{forbidden_options[name]}, so it is not taken from a file that somebody may have sent.", line_advice
    if name not in options:
        if _SECRET_NAME.search(name.lower()):
            advice = "Take it out, and set it in the environment."
            return "is never read from a file: keys, addresses and the library are the user's own.", advice
        return f"is no option{suggest(name, options) or '.'}", "%%gemini_image? lists them all."
    if name == "source" and str(value).strip().lower() == "live":
        return "cannot be live in a file: whether money is spent is the user's to say.", line_advice
    try:
        options[name].type.parse(value)
    except ValueError as error:
        return str(error), "Correct it."
    return None


def _is_below(cap: Any, user_cap: Any) -> bool:
    return user_cap is None or float(cap) < float(user_cap)


def _build_file_error(path: Path | None, location: str, problem: str, advice: str = "Correct it.") -> OptionError:
    message = f"{location}: {problem}" if location else problem
    return OptionError(clean_line(f"{format_path(path) if path else FILE_NAME} {message}"), advice=advice)
