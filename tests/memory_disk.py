"""The plugin that keeps the temporary files of a run in memory, where the system has a disk there.

Every picture is written with several `fsync`; on a disk, tests wait for those half of their time. Nothing that is
tested depends on the disk, as processes are ended here and not machines; the long campaigns use the real one all the
same. The files are gone after the run: `--basetemp` keeps them. It is loaded by name from pyproject.toml, before the
first temporary file.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

MEMORY_DISK = Path("/dev/shm")  # noqa: S108  # its name on Linux
MIN_FREE = 4 * 2**30  # bytes; a run needs a quarter of it


@pytest.hookimpl(tryfirst=True)  # before the other plugins make folders
def pytest_configure(config: pytest.Config) -> None:
    """Set the folder of temporary files, also for all processes of the run, unless somebody has chosen another one."""
    is_chosen = "TMPDIR" in os.environ or config.option.basetemp or config.option.markexpr == "full"
    if is_chosen or not os.access(MEMORY_DISK, os.W_OK) or shutil.disk_usage(MEMORY_DISK).free < MIN_FREE:
        return
    folder, process_id = tempfile.mkdtemp(prefix="cometmagic-tests-", dir=MEMORY_DISK), os.getpid()

    def remove() -> None:
        """Remove the folder, but not in a fork, which ends while the run goes on (`tests.mutation`)."""
        if os.getpid() == process_id:
            shutil.rmtree(folder, ignore_errors=True)

    config.add_cleanup(remove)
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setenv("TMPDIR", folder)
    patch.setattr(tempfile, "tempdir", None)  # what was read from the environment before
