"""Paths and sizes as people read them."""

from __future__ import annotations

from pathlib import Path


def format_path(path: Path) -> str:
    """Return a path as seen from the working folder, or as it is when it does not lie below that."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, on another drive, or the working folder is gone
        return str(path)


def format_bytes(size: int) -> str:
    """Return a number of bytes as people read it: `12.3 kB`."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
