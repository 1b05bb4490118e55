"""Paths, sizes and times as text for people."""

from __future__ import annotations

from pathlib import Path


def format_path(path: Path) -> str:
    """Return a path relative to the working folder, or unchanged when it is not below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):  # not below it, on another drive, or the working folder is gone
        return str(path)


def format_bytes(size: int) -> str:
    """Return a number of bytes as text: `12.3 kB`."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def format_duration(seconds: float) -> str:
    """Return a duration as text, in one unit: `45 s`, `90 min`, `5 h`."""
    for unit, name, limit in ((1, "s", 120), (60, "min", 120)):
        if seconds < unit * limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 3600:.0f} h"
