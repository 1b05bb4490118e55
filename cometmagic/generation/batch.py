"""Many calls at once: each ends on its own, and what failed stands in its place beside the results.

How many run at a time, and the pause after a 429, are decided by the courier's rate limiter. This module knows no
notebook.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cometmagic.costs.estimate import Price, sum_prices
from cometmagic.courier.job import STOPPED_REASON, Event
from cometmagic.errors import ChargeStatus, CometError, LibraryError
from cometmagic.generation.call import EVENT_POLL_INTERVAL, KERNEL_CONDITION, Call, PendingCall
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.generation.session import set_last_result
from cometmagic.options.declaration import CellOptions
from cometmagic.storage.call_record import CallState
from cometmagic.storage.save_paths import is_folder, slugify
from cometmagic.system.formatting import format_path

MAX_FILE_NAME_LENGTH = 120  # characters of a label in a file's name


@dataclass
class Batch(PendingCall):
    """Calls that run together, in the order of their requests, with the cell options they share."""

    calls: list[Call]
    cell_options: CellOptions
    _pause: tuple[float, str] = field(default=(0.0, ""), init=False)  # until when (monotonic), and why
    _is_cancelled: bool = field(default=False, init=False)

    @property
    def estimate(self) -> Price:
        """The estimated price of all of them; unknown when one of them is."""
        return sum_prices(call.estimate for call in self.calls if call.source == "live")

    @property
    def done_count(self) -> int:
        """How many have ended, with or without an image."""
        return sum(not call.is_running for call in self.calls)

    @property
    def outcome_counts(self) -> Counter[str]:
        """How many are `saved`, `failed`, never sent (`unsent`), `sent` and running, or `planned` and waiting."""
        return Counter(_OUTCOME_GROUPS.get(outcome, outcome) for outcome in map(_read_outcome, self.calls))

    @property
    def pause(self) -> tuple[float, str]:
        """How many seconds a call still has to wait, and why; 0 when none has to."""
        deadline, reason = self._pause
        return max(0.0, deadline - time.monotonic()), reason

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
        """See `PendingCall`; each event has the `number` of its call, counted from 0."""
        is_running = True
        while is_running:
            is_running, has_event = self.is_running, False
            for number, call in enumerate(self.calls):
                while call.job is not None and (event := call.job.read_event(0.0)):
                    has_event = True
                    self._handle_event(event)
                    yield event | {"number": number}
            if is_running and not has_event:
                time.sleep(EVENT_POLL_INTERVAL)
                yield None

    def _handle_event(self, event: Event) -> None:
        """Keep the longest pause that a call has to make; usually all have to."""
        if event["event"] == "waiting":
            self._pause = max(self._pause, (time.monotonic() + event["seconds"], event["why"]))

    def collect_results(self) -> ImageResults:
        """Return a result for each call, or its error in its place."""
        items: list[ImageResult | CometError] = []
        for call in self.calls:
            try:
                result = call.result()
            except CometError as error:
                items.append(error)
            else:
                set_last_result(result)
                items.append(result)
        return ImageResults(items, [call.label for call in self.calls])

    def save(self, results: ImageResults) -> Iterator[Path]:
        """Save a copy of each image where `--save` says, with its label in its name, and yield the paths.

        Raises the first error at the end, as a `LibraryError`.
        """
        errors: list[CometError] = []
        for call, result in zip(self.calls, results, strict=True):
            if call.cell_options.save and isinstance(result, ImageResult):
                try:
                    yield result.save(_build_save_path(call.cell_options.save, result, call.label))
                except CometError as error:
                    errors.append(error)
        if errors:
            raise errors[0]

    def describe_outcome(self) -> str:
        counts = Counter(map(_read_outcome, self.calls))
        if self._is_cancelled:
            counts["taken back"], counts["stopping"] = counts.pop("planned", 0), counts.pop("drawn", 0)
        if counts["stopped"] + counts["stopping"] == len(self.calls):
            return f"The {len(self.calls)} sketches were stopped."
        if counts["unsent"] == len(self.calls):
            return f"None of the {len(self.calls)} pictures was sent, so nothing was charged."
        phrases = [
            f"{count} {singular if count == 1 else plural}"
            for outcome, (singular, plural) in _OUTCOME_PHRASES.items()
            if (count := counts[outcome])
        ]
        library = format_path(self.calls[0].original_folder.path.parent)
        if any(counts[outcome] for outcome in ("sent", "drawn", "planned", "taken back")):
            condition = "" if all(call.can_outlive_kernel for call in self.calls) else KERNEL_CONDITION
            place = f"what comes will be saved in {library}{condition}"
        else:
            place = f"they lie in {library}"
        return f"Of {len(self.calls)} pictures {', '.join(phrases)}; {place}."


_OUTCOME_PHRASES = {
    "saved": ("is saved", "are saved"),
    "sent": ("goes on and may be charged", "go on and may be charged"),
    "drawn": ("is still drawn", "are still drawn"),
    "taken back": ("is being taken back", "are being taken back"),
    "planned": ("is not sent yet", "are not sent yet"),
    "unsent": ("was not sent", "were not sent"),
    "stopping": ("is being stopped", "are being stopped"),
    "stopped": ("was stopped", "were stopped"),
    "failed": ("failed", "failed"),
    "charged": ("failed and may have been charged", "failed and may have been charged"),
}
_OUTCOME_GROUPS = {"charged": "failed", "drawn": "sent", "stopped": "unsent"}
_STATUS_OUTCOMES = {
    ChargeStatus.UNSENT.name: "unsent",
    ChargeStatus.UNKNOWN.name: "charged",
    ChargeStatus.ANSWERED.name: "charged",
}


def _read_outcome(call: Call) -> str:
    try:
        fields = call.folder.read()
    except LibraryError:  # the folder was deleted
        return "charged" if call.source == "live" else "failed"
    match CallState(fields["state"]):
        case CallState.SETTLED:
            return "saved"
        case CallState.FAILED | CallState.UNKNOWN:
            error: Mapping[str, Any] = fields.get("error") or {}
            is_stopped = error.get("reason") == STOPPED_REASON
            return "stopped" if is_stopped else _STATUS_OUTCOMES.get(error.get("fate", ""), "failed")
        case _ if call.source != "live":
            return "drawn"
        case CallState.PLANNED:
            return "planned"
    return "sent"


def _build_save_path(target: str, result: ImageResult, label: str) -> str:
    """Return where an image of a batch is saved: where `--save` says, with its label in the name."""
    if not label:
        return target
    path, label_slug = Path(target), slugify(label, MAX_FILE_NAME_LENGTH)
    if is_folder(target):
        prompt = slugify(result.call["prompt"])
        return str(path / (label_slug if label_slug.startswith(prompt) else f"{prompt}-{label_slug}"))
    return str(path.with_name(f"{path.stem}-{label_slug}{path.suffix}"))
