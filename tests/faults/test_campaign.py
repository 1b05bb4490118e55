"""T1, T3, T15, T20: seeded schedules on real sockets lose no paid picture and buy none twice; a stock loop does.

`pytest -m full tests/faults` plays all of them. A schedule that fails is printed with its seed, and
`pytest tests/faults/test_campaign.py --seed 1234` plays it alone.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from tests.faults.campaign import Campaign
from tests.faults.cases import named
from tests.faults.evidence import Run
from tests.faults.oracle import Finding, Rule, doubled, judge, lost, paid
from tests.faults.replies import Class
from tests.faults.schedules import schedule
from tests.figures import Record

SHOWN = 12  # failed runs that are printed

SINGLE = [case for kind in (Class.U, Class.F, Class.G) for case in named(kind)]


@pytest.fixture(autouse=True)
def _interrupts_fall_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an interrupt fall between the opening of a file and its keeping: the oracle counts what stays open."""
    shown = sys.unraisablehook

    def hook(told: sys.UnraisableHookArgs) -> None:
        if not isinstance(told.exc_value, ResourceWarning | KeyboardInterrupt):
            shown(told)

    monkeypatch.setattr(sys, "unraisablehook", hook)


def sizes(default: int, full: int) -> pytest.MarkDecorator:
    """Run a test at its default size, and at its full one when that is asked for."""
    whole = pytest.param(full, marks=[pytest.mark.full, pytest.mark.timeout(3600)])
    return pytest.mark.parametrize("size", [default, whole])


@dataclass
class Tally:
    """What many runs came to."""

    runs: int = 0
    paid: int = 0
    lost: int = 0
    posts: int = 0
    doubled: int = 0
    failed: list[str] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)

    def add(self, run: Run, findings: list[Finding]) -> None:
        found = Counter(finding.rule for finding in findings)
        self.runs += 1
        self.paid += len(paid(run))
        self.posts += len(run.log)
        self.lost += found["lost"]
        self.doubled += found["doubled"]
        self.rules.update(set(found))
        if findings:
            self.failed.append("\n".join([str(run), *(f"  -> {finding}" for finding in findings)]))

    def broke(self, *rules: Rule) -> int:
        """Return in how many runs these rules were broken, one by one."""
        return sum(self.rules[rule] for rule in rules)

    def check(self) -> None:
        """Fail when anything was held against a run, and print what."""
        if not self.failed:
            return
        rules = ", ".join(f"{rule} {count}" for rule, count in self.rules.most_common())
        told = [f"{len(self.failed)} of {self.runs} runs failed ({rules}); play one again with --seed.", *self.failed]
        pytest.fail("\n\n".join(told[: SHOWN + 1]), pytrace=False)


def play(campaign: Campaign, seeds: Iterable[str]) -> tuple[Tally, Tally]:
    """Play schedules to the package and to the stock loop."""
    ours, stock = Tally(), Tally()
    for seed in seeds:
        given = schedule(seed)
        run = campaign.ours(given)
        ours.add(run, judge(run))
        campaign.forget(run)
        run = campaign.stock(given)
        stock.add(run, [*lost(run), *doubled(run)])
        campaign.forget(run)
    del run
    gc.collect()
    return ours, stock


@sizes(40, 2000)
def test_t1_no_paid_picture_is_lost(campaign: Campaign, figures: Record, seeds: list[str], size: int) -> None:
    ours, stock = play(campaign, seeds or map(str, range(size)))

    control = f"stock loop: {stock.lost} of {stock.paid}"
    figures("T1 paid pictures lost", f"{ours.lost} of {ours.paid}", goal="0 in 2,000 schedules", control=control)
    figures("T15 ended late, or left something open", f"{ours.broke('late', 'left')} of {ours.runs} runs", goal="0")
    others = ours.broke("doubled", "partial", "litter", "key", "told")
    figures("T1 wrong words, half files, the key", f"{others} of {ours.runs} runs", goal="0")
    ours.check()
    assert seeds or stock.lost > size // 20, "the stock loop loses pictures, or nothing was tested"


@sizes(1, 20)
def test_t3_no_picture_is_bought_twice(campaign: Campaign, figures: Record, seeds: list[str], size: int) -> None:
    ours, stock = play(campaign, seeds or (f"{case}/{number}" for number in range(size) for case in SINGLE))

    control = f"stock loop: {stock.doubled} of {stock.runs} runs"
    figures("T3 bought twice in U, F, G", f"{ours.doubled} of {ours.runs} runs", goal="0 of 1,500", control=control)
    ours.check()
    assert seeds or stock.doubled > size * 10, "the stock loop buys twice, or nothing was tested"
