"""The controls of the campaign: each rule of the oracle is broken on purpose, and that is seen."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, get_args

import pytest

from cometmagic.courier import recorder
from cometmagic.courier.http.transport import PostAttempt
from cometmagic.errors import ChargeStatus, CometError
from cometmagic.gemini.decode import EncodedImage
from cometmagic.options.settings import Key
from cometmagic.storage import image_files
from cometmagic.storage import settle as settling
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.system import atomic_files
from tests.faults import census
from tests.faults.campaign import Campaign
from tests.faults.evidence import Run
from tests.faults.oracle import SPARE, Finding, Rule, judge
from tests.faults.schedules import Disturbance, Schedule, schedule

Patch = pytest.MonkeyPatch
_KEPT: list[Any] = []  # what a leaky build never gives back


def quiet(case: str) -> Schedule:
    """Return an undisturbed schedule that a thread of this process carries, so that what is patched is what runs."""
    return replace(schedule(f"{case}/1"), carrier="thread", disturbance=Disturbance())


def after(patch: Patch, then: Callable[[CallFolder], Any]) -> None:
    """Let something happen in the call's folder after each settling."""
    original = settling.settle

    def settle(folder: CallFolder, **given: Any) -> CometError | None:
        told = original(folder, **given)
        then(folder)
        return told

    patch.setattr(recorder, "settle", settle)


def drops_a_picture(patch: Patch) -> None:
    original = image_files._write_image
    written: list[EncodedImage] = []

    def write(folder: CallFolder, image: EncodedImage) -> Any:
        written.append(image)
        return original(folder, image) if len(written) > 1 else None

    patch.setattr(image_files, "_write_image", write)


def saves_half(patch: Patch) -> None:
    original = EncodedImage.write

    def write(image: EncodedImage, file: IO[bytes]) -> None:
        original(image, file)  # type: ignore[arg-type]
        file.truncate(file.tell() // 2)

    patch.setattr(EncodedImage, "write", write)


def posts_twice(patch: Patch) -> None:
    original = PostAttempt.send

    async def send(post: PostAttempt) -> Any:
        await original(post)
        return await original(post)

    patch.setattr(PostAttempt, "send", send)


def leaves_litter(patch: Patch) -> None:
    original = atomic_files.write_atomic

    def write_whole(path: Path, *given: Any) -> None:
        original(path.with_name(f".{path.name}.half"), *given)
        original(path, *given)

    patch.setattr(settling, "write_atomic", write_whole)


def writes_the_key_down(patch: Patch) -> None:
    original, seen = Key.reveal, list[str]()

    def reveal(key: Key) -> str:
        seen.append(original(key))
        return seen[-1]

    patch.setattr(Key, "reveal", reveal)
    after(patch, lambda folder: (folder.path / "debug.txt").write_text(f"sent with {seen[-1]}"))


def calls_it_free(patch: Patch) -> None:
    original = CallFolder.fail

    def fail(folder: CallFolder, error: CometError, **fields: Any) -> CometError:
        error.charge_status = ChargeStatus.REFUSED
        return original(folder, error, **fields)

    patch.setattr(CallFolder, "fail", fail)


def forgets_the_state(patch: Patch) -> None:
    after(patch, lambda folder: folder.update(state="received"))


def keeps_a_file_open(patch: Patch) -> None:
    after(patch, lambda folder: _KEPT.append((folder.path / "call.json").open("rb")))


def keeps_a_thread(patch: Patch) -> None:
    ended = threading.Event()
    after(patch, lambda _: threading.Thread(target=ended.wait, name="forgotten").start())
    _KEPT.append(ended)


def keeps_a_process(patch: Patch) -> None:
    after(patch, lambda _: _KEPT.append(subprocess.Popen(["sleep", "60"])))  # noqa: S607


def dawdles(patch: Patch) -> None:
    original = Campaign.ours

    def ours(campaign: Campaign, given: Schedule) -> Run:
        run = original(campaign, given)
        run.seconds = given.limits.total_timeout + SPARE + 0.1
        return run

    patch.setattr(Campaign, "ours", ours)


BROKEN: dict[str, tuple[Rule, str, Callable[[Patch], None]]] = {
    "drops-a-picture": ("lost", "G-length-plain-at-once", drops_a_picture),
    "saves-half": ("partial", "G-length-plain-at-once", saves_half),
    "posts-twice": ("doubled", "G-length-plain-at-once", posts_twice),
    "posts-twice-after-an-error": ("doubled", "U-502", posts_twice),
    "posts-twice-after-a-refusal": ("doubled", "F-400", posts_twice),
    "leaves-litter": ("litter", "G-length-plain-at-once", leaves_litter),
    "writes-the-key-down": ("key", "G-length-plain-at-once", writes_the_key_down),
    "calls-it-free": ("told", "U-502", calls_it_free),
    "forgets-the-state": ("told", "G-length-plain-at-once", forgets_the_state),
    "keeps-a-file-open": ("left", "G-length-plain-at-once", keeps_a_file_open),
    "keeps-a-thread": ("left", "G-length-plain-at-once", keeps_a_thread),
    "keeps-a-process": ("left", "G-length-plain-at-once", keeps_a_process),
    "dawdles": ("late", "G-length-plain-at-once", dawdles),
}


@pytest.fixture(autouse=True)
def _give_back() -> Any:
    yield
    while _KEPT:
        match _KEPT.pop():
            case threading.Event() as event:
                event.set()
            case subprocess.Popen() as process:
                process.kill()
                process.wait()
            case file:
                file.close()


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_build_is_caught(campaign: Campaign, monkeypatch: Patch, name: str) -> None:
    rule, case, breaks = BROKEN[name]
    assert judged(campaign, case) == []

    monkeypatch.setattr(census, "PATIENCE", 0.3)
    breaks(monkeypatch)

    assert rule in {finding.rule for finding in judged(campaign, case)}


def judged(campaign: Campaign, case: str) -> list[Finding]:
    run = campaign.ours(quiet(case))
    try:
        return judge(run)
    finally:
        campaign.forget(run)


def test_every_rule_has_its_control() -> None:
    assert {rule for rule, _, _ in BROKEN.values()} == set(get_args(Rule))


def test_a_call_that_was_moved_is_judged_when_it_has_come_home(campaign: Campaign) -> None:
    """Its own folder holds the beginning of a damaged answer only, which must not be taken for all there is."""
    run = campaign.ours(schedule("1650"))
    [folder] = run.library.iter_folders()
    moved = elsewhere_of(run)
    assert folder.read()["state"] == CallState.SENT
    assert len(moved) == 1

    assert [finding for finding in judge(run) if finding.rule != "late"] == []  # how long it takes is T15's

    assert elsewhere_of(run) == []
    assert folder.read()["state"] == CallState.SETTLED
    campaign.forget(run)


def elsewhere_of(run: Run) -> list[Path]:
    return list((run.root / "elsewhere").glob("*/*/call.json"))
