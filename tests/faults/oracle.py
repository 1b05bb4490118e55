"""The judge: what the server saw, compared with what is on disk and what the asker was told.

What is held against a run, by rule:

- `lost`: a picture of which every byte, with the quote after it, was sent to a whole request is nowhere
  below the run's folder, byte for byte, also after `recover`. Not counted are answers whose last byte was
  sent less than half a second before the call's limit. A reset comes after everything before it was
  acknowledged (`replies.drained`), so it overtakes nothing.
- `doubled`: more connections than the class of the replies allows.
- `partial`: a file under a picture's name that is none of the pictures sent, unless its gzip was damaged and
  the call's notes say so; a preview or a JSON file that cannot be read. `litter`: something half written is
  left after recovery.
- `key`: the key stands anywhere but in the Authorization header.
- `told`: the call's state, its error and what was sent do not agree, or a call that may have been charged
  does not say so.
- `late`: it ended more than a second after the total limit. `left`: files, threads or processes stay. One
  open folder is forgiven after an interrupt while the call was still being planned: folders can be opened
  with `os.open` only, and CPython may raise the interrupt before the number it returns is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from cometmagic.courier.recovery import recover
from cometmagic.errors import ChargeStatus, CometError, Interrupted
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from tests.faults.disturb import DisturbanceError
from tests.faults.evidence import Asked, Run
from tests.faults.leaks import KEY, leaks, spoken
from tests.faults.replies import Class, Reply

SPARE = 1.0  # seconds a call may take beyond its limit
ENDED = (CallState.SETTLED, CallState.FAILED, CallState.UNKNOWN)

# What may be said of money: a refusal is not charged, and a call whose fate is open says so.
CHARGED = {ChargeStatus.UNKNOWN, ChargeStatus.ANSWERED}
SAID = {
    Class.S: {ChargeStatus.REFUSED, ChargeStatus.UNSENT},
    Class.F: {ChargeStatus.REFUSED, ChargeStatus.ANSWERED},
    Class.U: CHARGED,
    Class.G: CHARGED,
}


Rule = Literal["lost", "doubled", "partial", "litter", "key", "told", "late", "left"]


@dataclass(frozen=True)
class Finding:
    """One thing that must not be."""

    rule: Rule
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


def judge(run: Run) -> list[Finding]:
    """Return everything that is held against a run of the package."""
    told = [*doubled(run), *_told(run), *_late(run)]
    folders = [folder for prompt in run.schedule.prompts if (folder := run.folder(prompt))]
    with run.places():
        for folder in folders:
            if folder.read()["state"] not in ENDED or folder.response_path.exists():
                recover(folder)
    return [*told, *lost(run), *_partial(run), *_key(run), *_left(run)]


def paid(run: Run) -> list[bytes]:
    """Return the pictures that must be on disk."""
    return [
        picture
        for exchange, answer, early in run.played()
        if exchange.complete and early
        for picture in answer.whole
    ]  # fmt: skip


def lost(run: Run) -> Iterator[Finding]:
    """Find pictures that were paid for and are nowhere."""
    kept = {_hash(path.read_bytes()) for path in run.root.rglob("*") if path.is_file()}
    for picture in paid(run):
        if _hash(picture) not in kept:
            yield Finding("lost", f"a picture of {len(picture)} bytes, sha256 {_hash(picture)[:12]}")


def doubled(run: Run) -> Iterator[Finding]:
    """Find POSTs that nothing allows, of all askers together or of one."""
    allowed = run.schedule.allowed
    if len(run.log) > allowed:
        yield Finding("doubled", f"{len(run.log)} connections where {allowed} may be")
    for asked in run.asked:
        posts = sum(run.of(asked, exchange) for exchange in run.log)
        if posts > allowed // len(run.asked) and len(run.log) <= allowed:
            yield Finding("doubled", f"{posts} connections for {asked.prompt}")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _partial(run: Run) -> Iterator[Finding]:
    """Find files that are not what their names say."""
    sent = {_hash(picture) for answer in run.schedule.replies for picture in answer.pictures}
    for path in sorted(run.root.rglob("*")):
        if path.name.startswith(".") or path.suffix == ".tmp":
            yield Finding("litter", path.name)
        elif path.name.startswith(("image", "thought-")) and _hash(path.read_bytes()) not in sent:
            if run.schedule.replies[0].case == "U-gzip-corrupt" and "damaged" in _notes(path.parent):
                continue
            yield Finding("partial", f"{path.name} is no picture that was sent")
        elif not _reads(path):
            yield Finding("partial", f"{path.name} cannot be read")


def _notes(folder: Path) -> str:
    with contextlib.suppress(CometError):
        return " ".join(CallFolder(folder).read().get("notes", []))
    return ""


def _reads(path: Path) -> bool:
    with contextlib.suppress(ValueError, OSError, SyntaxError):
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.name.startswith("preview"):
            Image.open(io.BytesIO(path.read_bytes())).load()
        return True
    return False


def _key(run: Run) -> Iterator[Finding]:
    """Find the key where it must not be."""
    texts: list[bytes] = []
    for exchange in run.log:
        headers = dict(exchange.headers)
        if exchange.complete and headers.pop("authorization", "") != f"Bearer {KEY}":
            yield Finding("key", "the Authorization header does not hold it")
        texts += [exchange.start_line.encode(), exchange.body, repr(headers).encode()]
    texts += [text for asked in run.asked if asked.raised for text in spoken(asked.raised)]
    places = {found.rpartition(": ")[0] for found in [*leaks(texts), *leaks(run.root)]}
    yield from (Finding("key", f"in {place}") for place in sorted(places))


def _late(run: Run) -> Iterator[Finding]:
    most = run.schedule.limits.total_timeout + SPARE
    if not run.idle or run.seconds > most:
        yield Finding("late", f"ended after {run.seconds:.1f} s where {most:.1f} s may be")


def _left(run: Run) -> Iterator[Finding]:
    planning = run.interrupted and type(run.asked[0].raised) is KeyboardInterrupt
    folders = [text for text in run.left if Path(text.removeprefix("open file ")).is_dir()]
    forgiven = folders[:1] if planning else []
    yield from (Finding("left", text) for text in run.left if text not in forgiven)


def _told(run: Run) -> Iterator[Finding]:
    """Find askers who were told something that does not fit."""
    if run.schedule.disturbance.kind in ("none", "pair") and len(run.log) < len(run.asked):
        yield Finding("told", "nothing was sent")
    for asked in run.asked:
        folder = CallFolder(asked.made.folder) if asked.made else run.folder(asked.prompt)
        call = dict(folder.read()) if folder else {}
        answers = [reply for seen, reply, _ in run.played() if run.of(asked, seen) and seen.start_line]
        for text in _of_asker(run, asked, call, answers[-1] if answers else None):
            yield Finding("told", f"{asked.prompt}: {text}; {call.get('state')}; {asked.raised!r}")


def _of_asker(run: Run, asked: Asked, call: dict[str, Any], answer: Reply | None) -> Iterator[str]:
    """Yield what does not fit in what one asker has: a result, an error, or an interrupt and a folder."""
    state, problem = call.get("state"), asked.raised
    if isinstance(problem, KeyboardInterrupt) and not run.interrupted:
        yield "an interrupt that nobody sent"
    if asked.made is not None:
        yield from _made(asked, state, answer)
    elif isinstance(problem, CometError):
        yield from _error(run, problem.charge_status, state, answer)
        if problem.charge_status not in str(problem) or "\n" in str(problem) or not str(problem).isprintable():
            yield "its words"
    elif not isinstance(problem, KeyboardInterrupt | DisturbanceError):
        yield "neither a result nor an error of ours"
    elif isinstance(problem, Interrupted) and answer and ChargeStatus.UNSENT in str(problem):
        yield "it says that nothing was sent"
    elif isinstance(problem, Interrupted) and "charged" not in str(problem) and "is saved" not in str(problem):
        yield "it says neither that it may be charged nor where the picture is"
    elif state not in ENDED and (answer or state not in (None, CallState.PLANNED)):
        yield "its call never ended"
    elif state in (CallState.FAILED, CallState.UNKNOWN):
        yield from _error(run, ChargeStatus[call["error"]["fate"]], state, answer)


def _made(asked: Asked, state: str | None, answer: Reply | None) -> Iterator[str]:
    if state != CallState.SETTLED:
        yield "a result of a call that is not settled"
    if answer and answer.kind is Class.G and asked.made and asked.made.image.data != answer.final:
        yield "the result is another picture than the last"


def _error(run: Run, fate: ChargeStatus, state: str | None, answer: Reply | None) -> Iterator[str]:
    """Yield what does not fit in an error, where the disk failed or not."""
    if run.failed:
        if answer and answer.kind in (Class.U, Class.G) and fate not in CHARGED:
            yield "it may have been charged and does not say so"
        return
    if state != (CallState.UNKNOWN if fate is ChargeStatus.UNKNOWN else CallState.FAILED):
        yield "the state is not the error's"
    if answer and fate not in SAID[answer.kind]:
        yield f"{fate.name} is not what is said of a call that {answer.kind}"
    if answer and answer.kind is Class.G:
        yield "a good answer is told as an error"
