"""From plans to call folders: all of a batch, or none.

Their costs are reserved in one step, and recordings that take the place of calls are chosen here. Nothing is sent: the
calls only have to be handed to the courier.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from cometmagic.costs import estimate
from cometmagic.costs.charges import find_cap_warnings, record_cost, reserve_costs
from cometmagic.courier.client import get_courier
from cometmagic.errors import ChargeStatus, LibraryError, TransportError
from cometmagic.generation.call import Call, CancelCheck
from cometmagic.generation.plan import Plan
from cometmagic.options.base_url import read_base_url
from cometmagic.options.declaration import Limits
from cometmagic.options.settings import find_library_folder
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from cometmagic.storage.nearest_recording import build_missing_error, find_replays

THREAD_WARNING = "No helper process could be started: the picture is lost if this kernel ends before it has come."


def reserve_calls(plans: Sequence[Plan], session_id: str, is_cancelled: CancelCheck) -> list[Call]:
    """Write the call folders of plans, and reserve what they may cost together.

    Raises a `CometError` for what is wrong with any of them, or when the caller stops waiting; then no folder waits to
    be sent, and nothing is reserved.
    """
    library, calls = Library(find_library_folder()), list[Call]()
    repeat_numbers = _count_repeats(plans)
    recordings = _choose_recordings(library, plans, repeat_numbers)
    live_plans = [plan for plan in plans if plan.source == "live"]
    limits = plans[0].limits if plans else Limits()
    estimates = [plan.call_estimate for plan in live_plans]
    with reserve_costs(library.root, estimates, limits, session_id) as reservation_ids:
        ids = iter(reservation_ids)
        limit_warnings = estimate.find_limit_warnings(limits, [call.price for call in estimates]) if estimates else []
        limit_warnings += find_cap_warnings(library.root, limits, session_id) if estimates else []
        try:
            for plan, number, recording in zip(plans, repeat_numbers, recordings, strict=True):
                _check_cancelled(is_cancelled)
                if recording is not None:
                    calls.append(_build_call(plan, recording, "replay"))
                else:
                    reservation_id = next(ids) if plan.source == "live" else ""
                    warnings = limit_warnings if plan.source == "live" else []
                    calls.append(_write_call(library, plan, number, session_id, reservation_id, warnings))
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
    """Return for each plan how many before it have the same request."""
    if len(plans) == 1:
        return [0]
    counts, repeat_numbers = Counter[str](), list[int]()
    for plan in plans:
        repeat_numbers.append(counts[plan.request_hash])
        counts[plan.request_hash] += 1
    return repeat_numbers


def _choose_recordings(
    library: Library, plans: Sequence[Plan], repeat_numbers: Sequence[int]
) -> list[CallFolder | None]:
    """Return for each plan the recording that takes its place, or None; equal requests get different recordings.

    Raises `OptionError` when a replay needs more recordings than there are.
    """
    replayable = [plan for plan in plans if plan.source in ("auto", "replay")]
    recordings = find_replays(library, [(plan.request_hash, plan.request) for plan in replayable])

    def choose(plan: Plan, repeat_number: int) -> CallFolder | None:
        if plan.source not in ("auto", "replay"):
            return None
        candidates = recordings[plan.request_hash]
        if plan.source == "replay" and repeat_number >= len(candidates):
            raise build_missing_error(library, plan.request, len(candidates))
        return candidates[repeat_number] if repeat_number < len(candidates) else None

    return list(map(choose, plans, repeat_numbers))


def _write_call(
    library: Library,
    plan: Plan,
    repeat_number: int,
    session_id: str,
    reservation_id: str,
    limit_warnings: Sequence[str],
) -> Call:
    """Write one call folder; `repeat_number` distinguishes equal requests, the ids are those of the ledger."""
    warnings = [*([] if get_courier().can_outlive_kernel else [THREAD_WARNING]), *limit_warnings]
    fields: dict[str, Any] = {"source": "live" if plan.source == "live" else "offline"}
    fields |= {"estimate": plan.estimate.to_dict(), "preview": plan.cell_options.preview, "alt": plan.cell_options.alt}
    fields |= {"number": repeat_number} if repeat_number else {}
    fields |= {"fetch": True} if plan.cell_options.fetch else {}
    fields |= {"parent": plan.parent.to_dict()} if plan.parent is not None else {}
    if plan.source == "live":
        host = "" if read_base_url().is_trusted else read_base_url().host
        fields |= {"host": host, "id": reservation_id, "session": session_id, "limits": plan.limits.list_changes()}
    folder = library.create_folder(plan.request, warnings=[*plan.warnings, *warnings], **fields)
    return _build_call(plan, folder, fields["source"], warnings)


def _build_call(plan: Plan, folder: CallFolder, source: str, warnings: Sequence[str] = ()) -> Call:
    route = None if source == "replay" else plan.route
    model, all_warnings = plan.request.options.model, [*plan.warnings, *warnings]
    return Call(folder, model, plan.cell_options, source, plan.estimate, all_warnings, route, label=plan.label)


def withdraw(call: Call) -> None:
    """End a call that the courier did not get."""
    if call.route is not None:
        with contextlib.suppress(LibraryError, OSError):  # a full disk: recovery writes it down later
            message = "The call was withdrawn before it was sent."
            call.original_folder.fail(TransportError(message, charge_status=ChargeStatus.UNSENT))
            record_cost(call.original_folder)
