"""What Linux says about a process's memory, without a dependency; elsewhere nothing is known (None).

Two kinds are told apart: the resident peak holds everything, also pages of mapped files, which the
system takes back at will; anonymous memory is what the process itself made and only it can give back.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path


def status(field: str, pid: int | str = "self") -> int | None:
    """Return a field of a process's status in bytes, or None."""
    with contextlib.suppress(OSError):
        found = re.search(rf"^{field}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        return int(found[1]) * 1024 if found else None
    return None


def reset_peak() -> int | None:
    """Let this process's resident peak begin anew and return it, or None where that is not possible."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return status("VmHWM")


def anonymous(pid: int) -> int:
    """Return the anonymous memory of a process and all it has started, in bytes; 0 when it is not known."""
    total = status("RssAnon", pid) or 0
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(anonymous(int(child)) for child in (task / "children").read_text().split())
    return total
