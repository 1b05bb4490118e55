"""The doctor: checks the settings and the machine, and reports what stops a call.

Nothing is sent, and problems are reported, not raised. Of the key, only the origin is shown. Heavy libraries are
not imported: their versions are read from their metadata. This module knows no notebook; a notebook can add rows.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from cometmagic.errors import CometError, LibraryError
from cometmagic.options import pyproject
from cometmagic.options.base_url import read_base_url
from cometmagic.options.command_line import format_option
from cometmagic.options.models import CHECK_DATE
from cometmagic.options.settings import (
    KEY_INSTRUCTIONS,
    Key,
    find_key,
    find_library_folder,
    read_default_source,
    read_environment_limits,
)
from cometmagic.storage.index import iter_recordings
from cometmagic.storage.library import MIN_FREE_BYTES, Library, format_call_count
from cometmagic.storage.save_paths import LIBRARY_ADVICE, build_write_error
from cometmagic.storage.trust import describe_untrusted
from cometmagic.system import certificates, proxies
from cometmagic.system.formatting import format_bytes
from cometmagic.system.regular_files import is_regular, measure_regular
from cometmagic.system.sanitize import clean_line

ERROR_MARK, WARNING_MARK = "✗", "!"  # in front of a problem: it stops calls, or it does not
MIN_PILLOW_VERSION = (12, 3)  # older versions have known security holes in their decoders
REQUIRED_PACKAGES, OPTIONAL_PACKAGES = ("httpx", "Pillow"), ("IPython", "ipywidgets")
UNUSABLE_LABEL = "cannot be used, see below"
Row = tuple[str, str]
Value = TypeVar("Value")


@dataclass
class Report:
    """A row for each setting, and the problems."""

    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add_row(self, name: str, text: str) -> None:
        self.rows.append((name, clean_line(text)))

    def add_error(self, text: str) -> None:
        """Add a problem that stops calls."""
        self.problems.append(f"{ERROR_MARK} {clean_line(text)}")

    def add_warning(self, text: str) -> None:
        """Add a problem that does not stop calls."""
        self.problems.append(f"{WARNING_MARK} {clean_line(text)}")

    def read_setting(self, reader: Callable[[], Value]) -> Value | None:
        """Return a setting. When it is wrong, add the error to the report and return None."""
        try:
            return reader()
        except CometError as error:
            self.add_error(f"{error.message} {error.advice or 'Correct it, or unset it for the default.'}")
            return None

    @property
    def has_errors(self) -> bool:
        """Whether a problem stops calls."""
        return any(problem.startswith(ERROR_MARK) for problem in self.problems)

    def __str__(self) -> str:
        width = max(len(name) for name, _ in self.rows) + 2
        verdict = f"Calls are stopped by what is marked {ERROR_MARK}." if self.has_errors else "Nothing stops a call."
        rows = [f"{name:<{width}}{text}" for name, text in self.rows]
        return "\n".join([*rows, "", *self.problems, verdict])


def examine(*extra_rows: Row, session_options: dict[str, Any] | None = None) -> Report:
    """Check everything and return the report, with `extra_rows` at the end; `session_options` come from `%config`."""
    report = Report()
    library = report.read_setting(lambda: Library(find_library_folder()))
    _check_source(report, library)
    _check_service(report)
    _check_library(report, library)
    _check_certificates(report)
    _check_clock(report)
    _check_versions(report)
    _check_defaults(report, session_options or {})
    for name, text in extra_rows:
        report.add_row(name, text)
    return report


def _check_source(report: Report, library: Library | None) -> None:
    problem_count = len(report.problems)
    key = report.read_setting(find_key)
    is_broken = len(report.problems) > problem_count
    source = report.read_setting(read_default_source)
    report.add_row("key", f"set, from {key.origin}" if key else UNUSABLE_LABEL if is_broken else "none")
    report.add_row("source", _explain_source(source, key))
    if library and not library.is_trusted:
        add_problem = report.add_error if key and source in ("auto", "live") else report.add_warning
        add_problem(describe_untrusted(library.root))
    if source == "live" and key is None and not is_broken:
        report.add_error(f"COMETMAGIC_SOURCE is live, and there is no key. {KEY_INSTRUCTIONS}")
    if source == "replay" and library and report.read_setting(lambda: any(iter_recordings(library))) is False:
        advice = "Set COMETMAGIC_LIBRARY to a library that has some."
        report.add_error(f"COMETMAGIC_SOURCE is replay, and there is no recording in {library.root}. {advice}")


def _explain_source(source: str | None, key: Key | None) -> str:
    """Return the source of calls, and the reason for it."""
    if source is None:
        return UNUSABLE_LABEL
    if source != "auto":
        return f"{source}, because COMETMAGIC_SOURCE says so"
    if key:
        return "live, because there is a key"
    return "a recording of the request, else an offline sketch, because there is no key"


def _check_service(report: Report) -> None:
    base_url = report.read_setting(read_base_url)
    if base_url is None:
        report.add_row("service", UNUSABLE_LABEL)
        return
    report.add_row(
        "service", f"{base_url.url}, {'CometAPI itself' if base_url.is_trusted else 'from COMETAPI_BASE_URL'}"
    )
    if not base_url.is_trusted:
        report.add_warning(
            f"The key and the prompts go to {base_url.host}, not to CometAPI. Unset COMETAPI_BASE_URL to change that."
        )
    report.add_row("proxy", proxies.describe_proxy(base_url.url))
    if problem := proxies.find_proxy_problem(base_url.url):
        report.add_error(problem)


def _check_library(report: Report, library: Library | None) -> None:
    if library is None:
        report.add_row("library", UNUSABLE_LABEL)
        return
    root = library.root
    try:
        folder = next(parent for parent in (root, *root.parents) if parent.exists())
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".cometmagic-"):
            free_bytes = shutil.disk_usage(folder).free
        trust_text = f"{'' if library.is_trusted else 'not '}trusted"
        calls_text = f"{format_call_count(len(list(library)))}, {trust_text}" if root.exists() else "not made yet"
    except (OSError, LibraryError) as error:
        report.add_row("library", f"{root}, {UNUSABLE_LABEL}")
        library_error = error if isinstance(error, LibraryError) else build_write_error(root, error)
        report.add_error(f"{library_error.message} {LIBRARY_ADVICE}")
        return
    report.add_row("library", f"{root}: {calls_text}, can be written, {free_bytes / 1e9:.1f} GB free")
    if free_bytes < MIN_FREE_BYTES:
        report.add_error(f"The disk of {root} has only {free_bytes >> 20} MB left. {LIBRARY_ADVICE}")
    log = root / "courier.log"
    if is_regular(log):
        report.add_row("log", f"{log}, {format_bytes(measure_regular(log))}")


def _check_certificates(report: Report) -> None:
    report.add_row("certificates", certificates.describe_certificates())
    if problem := certificates.find_certificate_problem():
        report.add_error(problem)
    if file := os.environ.get("SSLKEYLOGFILE"):
        report.add_warning(f"SSLKEYLOGFILE is set: whoever has {file} and recorded traffic can read the key. Unset it.")


def _check_clock(report: Report) -> None:
    now = datetime.now().astimezone()
    report.add_row("time", f"{now:%Y-%m-%d %H:%M:%S}, {now.tzname()} ({now:%z})")
    if now < datetime.fromisoformat(CHECK_DATE).astimezone() - timedelta(days=1):
        report.add_warning(
            f"The clock stands before {CHECK_DATE}, when this version was made; then no certificate holds. Set it."
        )


def _check_versions(report: Report) -> None:
    versions = {name: _find_version(name) for name in ("cometmagic", *REQUIRED_PACKAGES, *OPTIONAL_PACKAGES)}
    report.add_row("packages", ", ".join(f"{name} {number or 'missing'}" for name, number in versions.items()))
    report.add_row("python", f"{platform.python_version()} on {platform.system()}")
    for name in REQUIRED_PACKAGES:
        if not versions[name]:
            report.add_error(f"{name} is not installed. Install it with: pip install {name.lower()}")
    if not versions["ipywidgets"]:
        report.add_warning(
            "ipywidgets is not installed, so that there is no panel. Install it with: pip install ipywidgets"
        )
    pillow = re.match(r"(\d+)\.(\d+)", versions["Pillow"])
    if pillow and tuple(map(int, pillow.groups())) < MIN_PILLOW_VERSION:
        report.add_warning(
            f"Pillow {versions['Pillow']} has known security holes. Install 12.3 or newer: pip install -U pillow"
        )


def _check_defaults(report: Report, session_options: dict[str, Any]) -> None:
    """Report the options that the project's file and the variables set, and which of them are overridden."""
    limits = report.read_setting(read_environment_limits) or {}
    project = report.read_setting(lambda: (pyproject.read_defaults(), pyproject.list_preset_names()))
    defaults, preset_names = project or ({}, [])
    active_defaults = _remove_options(pyproject.drop_higher_caps(defaults, limits), session_options)
    if defaults or preset_names:
        text = _describe_options(_format_options(active_defaults), _remove_options(defaults, active_defaults))
        preset_text = f"presets {', '.join(preset_names)}" if preset_names else ""
        report.add_row("project", f"{pyproject.find_file()}: {'; '.join(filter(None, (text, preset_text)))}")
    for name in preset_names:
        try:
            pyproject.read_preset(name)
        except CometError as error:
            report.add_warning(f"{error.message} {error.advice}")
    if limits:
        active_limits = _remove_options(limits, active_defaults | session_options)
        text = "; ".join(
            f"{format_option(name, value)} (COMETMAGIC_{name.upper()})" for name, value in active_limits.items()
        )
        report.add_row("variables", _describe_options(text, _remove_options(limits, active_limits)))


def _describe_options(text: str, overridden_options: dict[str, Any]) -> str:
    """Return the `text` of the options in effect, followed by the options that are not."""
    overridden_text = f"not in effect {_format_options(overridden_options)}" if overridden_options else ""
    return "; ".join(filter(None, (text, overridden_text)))


def _format_options(options: dict[str, Any]) -> str:
    return " ".join(format_option(name, value) for name, value in options.items())


def _remove_options(options: dict[str, Any], names: Container[str]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


def _find_version(package: str) -> str:
    """Return the version of an installed package, or nothing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
