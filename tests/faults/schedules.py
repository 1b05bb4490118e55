"""A seed gives one schedule, always the same: what the service does, and what disturbs the one who asks.

A seed is a number, `1234`, or a case and a number, `U-502/7`. Both can be played alone with `--seed`.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from random import Random

from cometmagic.options.declaration import Limits
from tests.faults.cases import named, reply
from tests.faults.replies import Class, Reply

RETRIES = 3  # how often a request that was not processed may be sent again

# The limits of a call that must end by them, and of all others, whose end must not hang on how busy a machine is.
HANGING = Limits(connect_timeout=2, write_timeout=2, idle_timeout=0.7, total_timeout=1.1)
ANSWERED = Limits(connect_timeout=2, write_timeout=2, idle_timeout=2, total_timeout=3)

_MIXTURE = {Class.G: 56, Class.U: 28, Class.F: 8, Class.S: 8}
_DISTURBANCES = {"none": 20, "interrupt": 30, "callback": 10, "disk": 25, "pair": 15}
FOR_EVER = 10**6
AT_ONCE = 2


@dataclass(frozen=True)
class Disturbance:
    """What happens to the asker beside the answer.

    `interrupt`: SIGINT `after` seconds into the call. `callback`: the progress callback raises at its
    `nth` event. `disk`: from the `nth` write, flush or rename of the delivery on, `lasting` of them
    fail with `error`. `pair`: two threads ask at once.
    """

    kind: str = "none"
    after: float = 0.0
    nth: int = 0
    lasting: int = 0
    error: int = 0

    def __str__(self) -> str:
        match self.kind:
            case "interrupt":
                return f"SIGINT after {self.after * 1000:.1f} ms"
            case "callback":
                return f"the callback raises at event {self.nth}"
            case "disk":
                lasting = "all" if self.lasting == FOR_EVER else str(self.lasting)
                return f"from write {self.nth} on {lasting} fail: {os.strerror(self.error)}"
            case "pair":
                return "two threads at once"
        return "undisturbed"


@dataclass(frozen=True)
class Schedule:
    """One run: `replies` are for the connections in their order, `carrier` is `thread` or `process`."""

    seed: str
    replies: tuple[Reply, ...]
    disturbance: Disturbance
    carrier: str
    limits: Limits = field(repr=False)

    @property
    def prompts(self) -> list[str]:
        """What is asked; one prompt an asker."""
        return [f"picture {number} of seed {self.seed}" for number in range(self.askers)]

    @property
    def askers(self) -> int:
        """How many ask at once."""
        return AT_ONCE if self.disturbance.kind == "pair" else 1

    @property
    def allowed(self) -> int:
        """How many POSTs there may be: one for each asker, and one more after each that was not processed."""
        posts = 1
        for answer in self.replies[:RETRIES]:
            if answer.kind is not Class.S:
                break
            posts += 1
        return posts * self.askers

    def __str__(self) -> str:
        first = f"seed {self.seed}, by the {self.carrier}, {self.disturbance}"
        return "\n".join([first, *(f"  {number}. {answer}" for number, answer in enumerate(self.replies, 1))])


def schedule(seed: str) -> Schedule:
    """Return the schedule of a seed."""
    case, _, _ = seed.rpartition("/")
    rng = Random(seed)  # noqa: S311  # the same schedule again is what the random numbers are for
    kind = rng.choices(list(_MIXTURE), list(_MIXTURE.values()))[0]
    name = case or rng.choice(named(kind))
    disturbance = _disturbance(rng, "U-unread" not in name and not name.startswith("S"))
    first = [reply(rng, name)]
    if name.startswith("S"):
        first += [reply(rng, rng.choice(named(Class.S))) for _ in range(rng.randrange(RETRIES))]
    # Whoever asks once more is answered well: what a service does that has made the picture twice.
    others = [reply(rng, rng.choice(_PROMPT_AND_GOOD)) for _ in range(RETRIES)]
    # A disk fails, and waits between tries are scaled down, in this process only.
    process = disturbance.kind != "disk" and not name.startswith("S") and rng.random() < 0.25
    return Schedule(
        seed,
        (*first, *others),
        disturbance,
        "process" if process else "thread",
        HANGING if any(answer.waits for answer in (*first, *others)) else ANSWERED,
    )


_PROMPT_AND_GOOD = [name for name in named(Class.G) if name != "G-after-hang"]


def _disturbance(rng: Random, may_be_pair: bool) -> Disturbance:
    weights = _DISTURBANCES if may_be_pair else _DISTURBANCES | {"pair": 0}
    kind = rng.choices(list(weights), list(weights.values()))[0]
    lasting, error = rng.choice(((1, errno.EIO), (1, errno.ENOSPC), (9, errno.ENOSPC), (FOR_EVER, errno.ENOSPC)))
    made = Disturbance(kind, rng.uniform(0, 0.15), rng.randint(1, 4 if kind == "callback" else 50), lasting, error)
    return made if kind != "none" else Disturbance()
