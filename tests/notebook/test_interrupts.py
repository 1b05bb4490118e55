"""I1, I6: the stop button at any moment gives the prompt back, and the picture is still saved (T11).

The service holds every answer back until the cell has ended, so none of these cells can end by itself.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.holding import Holding, brought_home, folders
from tests.figures import Record
from tests.notebook.answers import CANARY
from tests.notebook.fixtures import Notebook
from tests.notebook.kernel import Ran

SEED = 20261126
FEW, MANY = 6, 200
LONGEST = 0.7  # seconds between the request's arrival and the stop button: some updates of the display
FORMS = {"magic": "%%gemini_image\na cat", "await": "import cometmagic\nawait cometmagic.agenerate('a cat')"}


@dataclass(frozen=True)
class Stopped:
    """One cell that was interrupted."""

    ran: Ran
    seconds: float  # from the stop button to the idle status
    folder: Path
    place: Path

    @property
    def line(self) -> str:
        """What the cell said instead of a traceback. Fails when it said more."""
        assert self.ran.error is not None
        [line] = self.ran.error["traceback"]
        return str(line)

    def tells(self) -> bool:
        """Whether the cell said in one line where the picture will be."""
        where = self.folder.relative_to(self.place)
        said = f"Interrupted: The request goes on and may be charged; its image will be saved in {where}."
        return self.line.startswith(said) and "\n" not in self.line


@contextmanager
def stopping(notebook: Notebook, cell: str, trials: int) -> Iterator[Iterator[Stopped]]:
    """Give cells that were interrupted at random moments, the answer of each let go afterwards."""
    numbers = random.Random(SEED)  # noqa: S311  # the same moments again is what the seed is for

    def trial(number: int) -> Stopped:
        before, wait = set(folders(notebook.library)), numbers.uniform(0, LONGEST)
        request = notebook.kernel.start(cell)
        holding.asked(number)
        time.sleep(wait)  # the moment is what is tried
        pressed = time.monotonic()
        notebook.kernel.interrupt()
        ran = notebook.kernel.finish(request)
        seconds = time.monotonic() - pressed
        holding.let_go(number)
        [folder] = set(folders(notebook.library)) - before
        return Stopped(ran, seconds, folder, notebook.place)

    with Holding(trials) as holding:
        notebook.set(COMETAPI_KEY=CANARY, COMETAPI_BASE_URL=holding.server.url)
        yield map(trial, range(trials))
        assert len(holding.server.log) == trials, "a request was made twice"


def told(form: str, stopped: list[Stopped], figures: Record) -> float:
    """Report how long the prompt took to come back, and return the 99th percentile."""
    times = sorted(one.seconds for one in stopped)
    p99 = times[math.ceil(0.99 * len(times)) - 1]
    spread = f"p50 {statistics.median(times):.2f}, p99 {p99:.2f}, max {times[-1]:.2f} s"
    figures(f"prompt back after {len(times)} interrupts ({form})", f"{spread}, seed {SEED}", goal="p99 <= 0.5 s")
    return p99


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_is_saved_after_an_interrupt(notebook: Notebook, form: str, figures: Record) -> None:
    with stopping(notebook, FORMS[form], FEW) as trials:
        stopped = list(trials)
        assert all(brought_home(one.folder) for one in stopped)

    told(form, stopped, figures)
    assert all(one.ran.error for one in stopped)
    assert notebook.run("print('alive')").text.strip() == "alive"


@pytest.mark.parametrize("form", FORMS)
def test_an_interrupted_cell_says_where_its_picture_will_be(notebook: Notebook, form: str) -> None:
    with stopping(notebook, FORMS[form], FEW) as trials:
        assert [one.line for one in trials if not one.tells()] == []


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("form", FORMS)
def test_the_prompt_comes_back_within_half_a_second(notebook: Notebook, form: str, figures: Record) -> None:
    with stopping(notebook, FORMS[form], MANY) as trials:
        stopped = list(trials)
        home = [brought_home(one.folder) for one in stopped]

    p99 = told(form, stopped, figures)
    figures(f"image saved after an interrupt ({form})", f"{sum(home)} of {MANY}", goal=str(MANY))
    assert all(home)
    assert p99 <= 0.5
