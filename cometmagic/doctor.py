"""What stands in the way of a call: settings and surroundings, looked at one by one.

Nothing is sent, and whatever is broken is told and not raised. Of the key only its origin is told. Heavy
libraries are not imported: their versions stand in their metadata. This module knows no notebook; what one
knows besides, it gives as further rows.
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
from cometmagic.options import project
from cometmagic.options.command_line import written
from cometmagic.options.models import CHECKED
from cometmagic.options.settings import (
    HOW_TO_SET,
    Key,
    default_source,
    endpoint,
    environment_limits,
    find_key,
    library_folder,
)
from cometmagic.storage.index import recordings
from cometmagic.storage.store import HOW_TO_MOVE, LEAST_FREE, Library, counted, unwritable
from cometmagic.system import proxies
from cometmagic.system.atomic_files import amount
from cometmagic.system.sanitize import line

STOPS, WARNS = "✗", "!"  # the marks: it stops calls; it is good to know
LEAST_PILLOW = (12, 3)  # older ones have known holes in their decoders
NEEDED, USED = ("httpx", "Pillow"), ("IPython", "ipywidgets")
BROKEN = "cannot be used, see below"
Row = tuple[str, str]
Found = TypeVar("Found")


@dataclass
class Report:
    """What was seen, a row for each thing, and the problems."""

    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def see(self, name: str, told: str) -> None:
        self.rows.append((name, line(told)))

    def stop(self, told: str) -> None:
        """Take a problem that stops calls."""
        self.problems.append(f"{STOPS} {line(told)}")

    def warn(self, told: str) -> None:
        """Take a problem that stops none."""
        self.problems.append(f"{WARNS} {line(told)}")

    def read(self, setting: Callable[[], Found]) -> Found | None:
        """Return a setting, or None when it is broken, which is told then."""
        try:
            return setting()
        except CometError as error:
            self.stop(f"{error.what} {error.do or 'Correct it, or unset it for the default.'}")
            return None

    @property
    def stops(self) -> bool:
        """Whether a problem stops calls."""
        return any(told.startswith(STOPS) for told in self.problems)

    def __str__(self) -> str:
        width = max(len(name) for name, _ in self.rows) + 2
        verdict = f"Calls are stopped by what is marked {STOPS}." if self.stops else "Nothing stops a call."
        rows = [f"{name:<{width}}{told}" for name, told in self.rows]
        return "\n".join([*rows, "", *self.problems, verdict])


def examine(*more: Row, session: dict[str, Any] | None = None) -> Report:
    """Look at everything and return what was seen, with `more` rows at the end; `session` are a notebook's defaults."""
    report = Report()
    library = report.read(lambda: Library(library_folder()))
    _source(report, library)
    _service(report)
    _library(report, library)
    _certificates(report)
    _clock(report)
    _versions(report)
    _defaults(report, session or {})
    for name, told in more:
        report.see(name, told)
    return report


def _source(report: Report, library: Library | None) -> None:
    known = len(report.problems)
    key = report.read(find_key)
    is_broken = len(report.problems) > known
    source = report.read(default_source)
    report.see("key", f"set, from {key.origin}" if key else BROKEN if is_broken else "none")
    report.see("source", _chosen(source, key))
    if source == "live" and key is None and not is_broken:
        report.stop(f"COMETMAGIC_SOURCE is live, and there is no key. {HOW_TO_SET}")
    if source == "replay" and library and report.read(lambda: any(recordings(library))) is False:
        do = "Set COMETMAGIC_LIBRARY to a library that has some."
        report.stop(f"COMETMAGIC_SOURCE is replay, and there is no recording in {library.root}. {do}")


def _chosen(source: str | None, key: Key | None) -> str:
    """Return which source calls go to, and why."""
    if source is None:
        return BROKEN
    if source != "auto":
        return f"{source}, because COMETMAGIC_SOURCE says so"
    if key:
        return "live, because there is a key"
    return "a recording of the request, else an offline sketch, because there is no key"


def _service(report: Report) -> None:
    address = report.read(endpoint)
    if address is None:
        report.see("service", BROKEN)
        return
    report.see("service", f"{address.url}, {'CometAPI itself' if address.trusted else 'from COMETAPI_BASE_URL'}")
    if not address.trusted:
        report.warn(
            f"The key and the prompts go to {address.host}, not to CometAPI. Unset COMETAPI_BASE_URL to change that."
        )
    report.see("proxy", proxies.proxy(address.url))
    for problem in proxies.broken_proxies(address.url):
        report.stop(problem)


def _library(report: Report, library: Library | None) -> None:
    if library is None:
        report.see("library", BROKEN)
        return
    root = library.root
    try:
        place = next(parent for parent in (root, *root.parents) if parent.exists())
        with tempfile.NamedTemporaryFile(dir=place, prefix=".cometmagic-"):
            free = shutil.disk_usage(place).free
        held = counted(len(list(library.folders()))) if root.exists() else "not made yet"
    except (OSError, LibraryError) as error:
        report.see("library", f"{root}, {BROKEN}")
        told = error if isinstance(error, LibraryError) else unwritable(root, error)
        report.stop(f"{told.what} {HOW_TO_MOVE}")
        return
    report.see("library", f"{root}: {held}, can be written, {free / 1e9:.1f} GB free")
    if free < LEAST_FREE:
        report.stop(f"The disk of {root} has only {free >> 20} MB left. {HOW_TO_MOVE}")
    log = root / "courier.log"
    if log.is_file():
        report.see("log", f"{log}, {amount(log.stat().st_size)}")


def _certificates(report: Report) -> None:
    report.see("certificates", proxies.certificates())
    if problem := proxies.broken_certificates():
        report.stop(problem)
    if file := os.environ.get("SSLKEYLOGFILE"):
        report.warn(f"SSLKEYLOGFILE is set: with {file} and a recording of the network the key can be read. Unset it.")


def _clock(report: Report) -> None:
    now = datetime.now().astimezone()
    report.see("time", f"{now:%Y-%m-%d %H:%M:%S}, {now.tzname()} ({now:%z})")
    if now < datetime.fromisoformat(CHECKED).astimezone() - timedelta(days=1):
        report.warn(
            f"The clock stands before {CHECKED}, when this version was made; then no certificate holds. Set it."
        )


def _versions(report: Report) -> None:
    found = {name: _version(name) for name in ("cometmagic", *NEEDED, *USED)}
    told = ", ".join(f"{name} {number or 'missing'}" for name, number in found.items())
    report.see("packages", told)
    report.see("python", f"{platform.python_version()} on {platform.system()}")
    for name in NEEDED:
        if not found[name]:
            report.stop(f"{name} is not installed. Install it with: pip install {name.lower()}")
    if not found["ipywidgets"]:
        report.warn("ipywidgets is not installed, so that there is no panel. Install it with: pip install ipywidgets")
    pillow = re.match(r"(\d+)\.(\d+)", found["Pillow"])
    if pillow and tuple(map(int, pillow.groups())) < LEAST_PILLOW:
        report.warn(f"Pillow {found['Pillow']} has known security holes. Install 12.3 or newer: pip install -U pillow")


def _defaults(report: Report, session: dict[str, Any]) -> None:
    """Tell which options the project's file and variables set, and which of them something else lies over."""
    limits = report.read(environment_limits) or {}
    found = report.read(lambda: (project.defaults(), project.preset_names()))
    below, presets = found or ({}, [])
    used = {name: value for name, value in project.capped(below, limits).items() if name not in session}
    if below or presets:
        told = [_written(used), f"not in effect {_written(below, used)}" if below.keys() - used.keys() else ""]
        told.append(f"presets {', '.join(presets)}" if presets else "")
        report.see("project", f"{project.file()}: {'; '.join(filter(None, told))}")
    for name in presets:
        try:
            project.preset(name)
        except CometError as error:
            report.warn(f"{error.what} {error.do}")
    if limits:
        over = used | session
        told = [
            f"{_written({name: value})} (COMETMAGIC_{name.upper()})"
            for name, value in limits.items()
            if name not in over
        ]
        hidden = {name: value for name, value in limits.items() if name in over}
        told.append(f"not in effect {_written(hidden)}" if hidden else "")
        report.see("variables", "; ".join(filter(None, told)))


def _written(options: dict[str, Any], but: Container[str] = ()) -> str:
    return " ".join(written(name, value) for name, value in options.items() if name not in but)


def _version(name: str) -> str:
    """Return the version of a package that is installed, or nothing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
