"""From plans to call folders: all that are asked for together, or none.

What they may cost is reserved in one step, and what recordings take the place of calls is decided here. Nothing
is sent; a call that is prepared has only to be handed to the courier.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from cometmagic.costs import estimate
from cometmagic.costs.charges import record_cost, reserve_costs
from cometmagic.courier.client import get_courier
from cometmagic.errors import ChargeStatus, LibraryError, TransportError
from cometmagic.generation.call import Call, CancelCheck
from cometmagic.generation.plan import Plan
from cometmagic.options.declaration import Limits
from cometmagic.options.settings import find_library_folder, read_base_url
from cometmagic.storage import nearest_recording
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import find_recordings
from cometmagic.storage.library import Library

THREAD_WARNING = "No helper process could be started: the picture is lost if this kernel ends before it has come."


def reserve_calls(plans: Sequence[Plan], session_id: str, is_cancelled: CancelCheck) -> list[Call]:
    """Write the call folders of plans, and reserve what they may cost together on the account of a session.

    Raises a `CometError` for what is wrong with any of them, or when the asker leaves; then none is under way,
    and nothing is reserved.
    """
    library, calls = Library(find_library_folder()), list[Call]()
    numbers = _count_repeats(plans)
    recordings = _choose_recordings(library, plans, numbers)
    live = [plan for plan in plans if plan.source == "live"]
    limits = plans[0].limits if plans else Limits()
    wanted = [(plan.request.options.model, plan.estimate) for plan in live]
    with reserve_costs(library.root, wanted, limits, session_id) as names:
        name = iter(names)
        try:
            for plan, number, recording in zip(plans, numbers, recordings, strict=True):
                _check_cancelled(is_cancelled)
                if recording is not None:
                    calls.append(_build_call(plan, recording, "replay"))
                else:
                    calls.append(
                        _write_call(library, plan, number, session_id, next(name) if plan.source == "live" else "")
                    )
            _check_cancelled(is_cancelled)
        except BaseException:
            for call in calls:
                withdraw(call)
            raise
    return calls


def _check_cancelled(is_cancelled: CancelCheck) -> None:
    if is_cancelled():
        raise TransportError("The call was interrupted before it was sent.", charge_status=ChargeStatus.UNSENT)


def _count_repeats(plans: Sequence[Plan]) -> list[int]:
    """Return for each plan how many before it ask for the very same."""
    if len(plans) == 1:
        return [0]
    before, numbers = Counter[str](), list[int]()
    for plan in plans:
        numbers.append(before[plan.request_hash])
        before[plan.request_hash] += 1
    return numbers


def _choose_recordings(
    library: Library, plans: Sequence[Plan], repeat_numbers: Sequence[int]
) -> list[CallFolder | None]:
    """Return for each plan the recording that takes its place, or None: for equal requests different ones.

    Raises `OptionError` when there are not enough for what is to be replayed.
    """
    replayed = [plan for plan in plans if plan.source in ("auto", "replay")]
    found = find_recordings(library, Counter(plan.request_hash for plan in replayed))

    def chosen() -> Iterator[CallFolder | None]:
        for plan, number in zip(plans, repeat_numbers, strict=True):
            mine = found[plan.request_hash] if plan.source in ("auto", "replay") else []
            if plan.source == "replay" and number >= len(mine):
                raise nearest_recording.build_missing_error(library, plan.request, len(mine))
            yield mine[number] if number < len(mine) else None

    return list(chosen())


def _write_call(library: Library, plan: Plan, repeat_number: int, session_id: str, reservation_id: str) -> Call:
    """Write one call folder; `number` tells it from others of the same request, the rest is the ledger's."""
    warnings = [] if get_courier().can_outlive_kernel else [THREAD_WARNING]
    facts: dict[str, Any] = {"source": "live" if plan.source == "live" else "offline"}
    facts |= {"estimate": plan.estimate.to_dict(), "preview": plan.cell_options.preview, "alt": plan.cell_options.alt}
    facts |= {"number": repeat_number} if repeat_number else {}
    facts |= {"parent": plan.parent.to_dict()} if plan.parent is not None else {}
    if plan.source == "live":
        warnings += estimate.find_limit_warnings(plan.limits, plan.estimate)
        host = "" if read_base_url().is_trusted else read_base_url().host
        facts |= {"host": host, "id": reservation_id, "session": session_id, "limits": plan.limits.list_changes()}
    folder = library.create_folder(plan.request, warnings=[*plan.warnings, *warnings], **facts)
    return _build_call(plan, folder, facts["source"], warnings)


def _build_call(plan: Plan, folder: CallFolder, source: str, warnings: Sequence[str] = ()) -> Call:
    route = None if source == "replay" else plan.route
    told = [*plan.warnings, *warnings]
    return Call(
        folder, plan.request.options.model, plan.cell_options, source, plan.estimate, told, route, label=plan.label
    )


def withdraw(call: Call) -> None:
    """Bring a call that was handed to nobody to its end."""
    if call.route is not None:
        with contextlib.suppress(LibraryError, OSError):  # a disk that takes no more: recovery writes it down
            call.original_folder.fail(
                TransportError("The call was withdrawn before it was sent.", charge_status=ChargeStatus.UNSENT)
            )
            record_cost(call.original_folder)
