"""Many requests at once: planned together, refused together, sent together, and each with an end of its own.

How many are under way at a time, and the pause after a 429, are the courier's (gate.py). What failed stays in
its place beside what came. This module knows no notebook.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cometmagic.costs.charges import sum_prices
from cometmagic.costs.estimate import Price
from cometmagic.courier.job import Event
from cometmagic.errors import ChargeStatus, CometError, LibraryError
from cometmagic.generation.call import EVENT_POLL_INTERVAL, KERNEL_CONDITION, Call, PendingCall
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.generation.session import set_last_result
from cometmagic.options.declaration import CellOptions
from cometmagic.storage.call_folder import CallState
from cometmagic.storage.save_paths import slugify
from cometmagic.system.formatting import format_path

MAX_FILE_NAME_LENGTH = 120  # characters in a file's name that tell a picture from others


@dataclass
class Batch(PendingCall):
    """Requests that are under way together, in the order they were asked for; `cell` is what they share."""

    calls: list[Call]
    cell_options: CellOptions
    _pause: tuple[float, str] = field(default=(0.0, ""), init=False)  # until when (monotonic), and why
    _is_cancelled: bool = field(default=False, init=False)

    @property
    def estimate(self) -> Price:
        """What all of them should cost; unknown when one of them is."""
        return sum_prices(call.estimate for call in self.calls if call.source == "live")

    @property
    def done_count(self) -> int:
        """How many have ended, one way or the other."""
        return sum(not call.is_running for call in self.calls)

    @property
    def outcome_counts(self) -> Counter[str]:
        """How many are `saved`, `failed`, `unsent` for good, `sent` and under way, or `planned` and wait."""
        return Counter(_OUTCOME_GROUPS.get(end, end) for end in map(_read_outcome, self.calls))

    @property
    def pause(self) -> tuple[float, str]:
        """For how many seconds one of them has to wait, and why; 0 when none has to."""
        until, why = self._pause
        return max(0.0, until - time.monotonic()), why

    @property
    def is_running(self) -> bool:
        return any(call.is_running for call in self.calls)

    @property
    def has_cancel_reply(self) -> bool:
        return all(call.has_cancel_reply for call in self.calls)

    def cancel(self) -> None:
        self._is_cancelled = True
        for call in self.calls:
            call.cancel()

    def abandon(self) -> None:
        for call in self.calls:
            call.abandon()

    def iter_events(self) -> Iterator[Event | None]:
        """See `UnderWay`; the `number` of an event tells which call it is of, counted from 0."""
        goes_on = True
        while goes_on:
            goes_on, came = self.is_running, False
            for number, call in enumerate(self.calls):
                while call.job is not None and (event := call.job.read_event(0.0)):
                    came = True
                    self._handle_event(event)
                    yield event | {"number": number}
            if goes_on and not came:
                time.sleep(EVENT_POLL_INTERVAL)
                yield None

    def _handle_event(self, event: Event) -> None:
        """Note how long one has to wait; mostly all have to."""
        if event["event"] == "waiting":
            self._pause = max(self._pause, (time.monotonic() + event["seconds"], event["why"]))

    def collect_results(self) -> ImageResults:
        """Return what came of each: a result, or its error in its place."""
        ended: list[ImageResult | CometError] = []
        for call in self.calls:
            try:
                result = call.result()
            except CometError as error:
                ended.append(error)
            else:
                set_last_result(result)
                ended.append(result)
        return ImageResults(ended, [call.label for call in self.calls])

    def save(self, results: ImageResults) -> Iterator[Path]:
        """Save each picture to `--save`, if that was given, under a name that tells it from the others.

        Yield where each lies; the first that could not be saved is raised at the end, as a `LibraryError`.
        """
        failed: list[CometError] = []
        for call, result in zip(self.calls, results, strict=True):
            if call.cell_options.save and isinstance(result, ImageResult):
                try:
                    yield result.save(_build_save_path(call.cell_options.save, result, call.label))
                except CometError as error:
                    failed.append(error)
        if failed:
            raise failed[0]

    def describe_outcome(self) -> str:
        ends = Counter(map(_read_outcome, self.calls))
        if self._is_cancelled:
            ends["taken back"] = ends.pop("planned", 0)
        if ends["unsent"] == len(self.calls):
            return f"None of the {len(self.calls)} pictures was sent, so nothing was charged."
        told = [
            f"{ends[end]} {one if ends[end] == 1 else many}"
            for end, (one, many) in _OUTCOME_PHRASES.items()
            if ends[end]
        ]
        where = format_path(self.calls[0].original_folder.path.parent)
        if any(ends[end] for end in ("sent", "drawn", "planned", "taken back")):
            stays = "" if all(call.can_outlive_kernel for call in self.calls) else KERNEL_CONDITION
            kept = f"what comes will be saved in {where}{stays}"
        else:
            kept = f"they lie in {where}"
        return f"Of {len(self.calls)} pictures {', '.join(told)}; {kept}."


_OUTCOME_PHRASES = {
    "saved": ("is saved", "are saved"),
    "sent": ("goes on and may be charged", "go on and may be charged"),
    "drawn": ("is still drawn", "are still drawn"),
    "taken back": ("is being taken back", "are being taken back"),
    "planned": ("is not sent yet", "are not sent yet"),
    "unsent": ("was not sent", "were not sent"),
    "failed": ("failed", "failed"),
    "charged": ("failed and may have been charged", "failed and may have been charged"),
}
_OUTCOME_GROUPS = {"charged": "failed", "drawn": "sent"}
_CHARGEABLE_STATUSES = (ChargeStatus.UNKNOWN.name, ChargeStatus.ANSWERED.name)


def _read_outcome(call: Call) -> str:
    try:
        about = call.folder.read()
    except LibraryError:  # somebody has removed it
        return "charged" if call.source == "live" else "failed"
    match CallState(about["state"]):
        case CallState.SETTLED:
            return "saved"
        case CallState.FAILED | CallState.UNKNOWN:
            fate = about["error"]["fate"]
            return (
                "unsent"
                if fate == ChargeStatus.UNSENT.name
                else "charged"
                if fate in _CHARGEABLE_STATUSES
                else "failed"
            )
        case _ if call.source != "live":
            return "drawn"
        case CallState.PLANNED:
            return "planned"
    return "sent"


def _build_save_path(target: str, result: ImageResult, label: str) -> str:
    """Return where a picture is saved: as `--save` says, with what tells it from the others in its name."""
    if not label:
        return target
    place, told = Path(target), slugify(label, MAX_FILE_NAME_LENGTH)
    if target.endswith(("/", os.sep)) or place.is_dir():
        prompt = slugify(result.call["prompt"])
        return str(place / (told if told.startswith(prompt) else f"{prompt}-{told}"))
    return str(place.with_name(f"{place.stem}-{told}{place.suffix}"))
