"""What is known of one run when it has ended: what the server saw, what the askers met, where the files lie."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cometmagic.generation.result import ImageResult
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from tests.faults.replies import Reply, Stamp
from tests.faults.schedules import Schedule
from tests.faults.server import Exchange

MARGIN = 0.5  # seconds before a limit in which what is sent need not be read


@dataclass
class Asked:
    """What one asker met."""

    prompt: str
    made: ImageResult | None = None
    raised: BaseException | None = None


@dataclass
class Run:
    """Everything that is known of one run."""

    schedule: Schedule
    root: Path
    asked: list[Asked]
    stamps: list[Stamp]
    log: list[Exchange] = field(default_factory=list)
    begun: float = 0.0
    seconds: float = 0.0
    idle: bool = True
    left: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # what the disk refused
    interrupted: bool = False

    @property
    def library(self) -> Library:
        """The library the calls were made in."""
        return Library(self.root / "library")

    def __str__(self) -> str:
        failed = f"\n  failed: {', '.join(self.failed[:4])}" if self.failed else ""
        return f"{self.schedule}{failed}"

    @contextlib.contextmanager
    def places(self) -> Iterator[pytest.MonkeyPatch]:
        """Let the package find the run's own folders where it looks for those of the user."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("TMPDIR", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
                patch.setenv(name, str(self.root / "elsewhere"))
            patch.setattr(tempfile, "tempdir", str(self.root / "elsewhere"))
            yield patch

    def folder(self, prompt: str) -> CallFolder | None:
        """Return the call folder of an asker, or None when none was finished."""
        return next((folder for folder in self.library.iter_folders() if folder.read()["prompt"] == prompt), None)

    def played(self) -> Iterator[tuple[Exchange, Reply, bool]]:
        """Yield each connection, what it got, and whether that came early enough to be read."""
        for exchange, answer, stamp in zip(self.log, self.schedule.replies, self.stamps, strict=False):
            yield exchange, answer, stamp.at <= self.begun + self.schedule.limits.total_timeout - MARGIN

    def of(self, asked: Asked, exchange: Exchange) -> bool:
        """Tell whether a connection is of this asker; of a lone one all are, also those nobody read."""
        return len(self.asked) == 1 or asked.prompt.encode() in exchange.body
