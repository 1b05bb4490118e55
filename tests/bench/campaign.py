"""All contenders against one body, interleaved, and the table that compares them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from tests.bench.bodies import Body
from tests.bench.contenders import CONTENDERS
from tests.bench.measure import Seen, measure

OURS, THEIRS = "cometmagic", "google-genai + PIL display"
TIME_GOAL, MEMORY_GOAL = 0.35, 2.0
_HEAD = (
    f"{'':28}{'ms':>8}{'× genai':>9}{'ms after':>10}{'× genai':>9}{'× limit':>9}"
    f"{'resident':>11}{'anonymous':>11}{'python':>9}{'message':>10}"
)


@dataclass(frozen=True)
class Rounds:
    """How often each kind of run is repeated."""

    timed: int = 7
    sampled: int = 3
    traced: int = 1


@dataclass
class Row:
    """All runs of one contender."""

    runs: list[Seen] = field(default_factory=list)
    sampled: list[Seen] = field(default_factory=list)
    traced: list[Seen] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the first byte sent to the message."""
        return median(seen.seconds for seen in self.runs)

    @property
    def after(self) -> float:
        """From the last byte of the answer to the message."""
        return median(seen.after for seen in self.runs)

    @property
    def resident(self) -> int | None:
        """Growth of the resident peak."""
        return _median([seen.resident for seen in self.runs])

    @property
    def anonymous(self) -> int | None:
        """Growth of what the process itself made."""
        return _median([seen.anonymous for seen in self.sampled])

    @property
    def python(self) -> int | None:
        """Peak of what Python objects took."""
        return _median([seen.traced for seen in self.traced])


def _median(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return int(median(known)) if known else None


def campaign(body: Body, address: str, rounds: Rounds, told: Callable[[str], object]) -> dict[str, Row]:
    """Run every contender in every round, one after another."""
    rows = {name: Row() for name in CONTENDERS}
    for number in range(rounds.timed):
        told(f"{body.name}: round {number + 1} of {rounds.timed}")
        for name, row in rows.items():
            row.runs.append(measure(name, address, body.name))
            if number < rounds.sampled:
                row.sampled.append(measure(name, address, body.name, sample=True))
            if number < rounds.traced:
                row.traced.append(measure(name, address, body.name, trace=True))
    return rows


def table(body: Body, rows: dict[str, Row]) -> str:
    """Return the comparison as lines of text; memory is in sizes of the final image."""
    reference, floor = rows[THEIRS], rows["limit: socket, base64, disk"]
    lines = [f"{body.name}: body {len(body.content) / 1e6:.1f} MB, final image {body.image / 1e6:.1f} MB", _HEAD]
    for name, row in rows.items():
        lines.append(
            f"{name:28}{row.seconds * 1e3:8.0f}{row.seconds / reference.seconds:9.2f}{row.after * 1e3:10.0f}"
            f"{row.after / reference.after:9.2f}{row.after / floor.after:9.1f}{_images(row.resident, body):>11}"
            f"{_images(row.anonymous, body):>11}{_images(row.python, body):>9}{row.runs[0].message / 1e6:7.1f} MB"
        )
    return "\n".join([*lines, *verdicts(body, rows)])


def verdicts(body: Body, rows: dict[str, Row]) -> list[str]:
    """Return one line a goal."""
    ratio = rows[OURS].after / rows[THEIRS].after
    peak = rows[OURS].anonymous
    grown = None if peak is None else peak / body.image
    return [
        f"goal  last byte to display <= {TIME_GOAL} × {THEIRS}: {ratio:.2f}, {_met(ratio <= TIME_GOAL)}",
        f"goal  anonymous peak <= {MEMORY_GOAL:g} image sizes: "
        + ("not known here" if grown is None else f"{grown:.2f}, {_met(grown <= MEMORY_GOAL)}"),
    ]


def _met(good: bool) -> str:
    return "met" if good else "MISSED"


def _images(count: int | None, body: Body) -> str:
    return "?" if count is None else f"{count / body.image:.2f}"
