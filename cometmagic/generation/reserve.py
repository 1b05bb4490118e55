"""From plans to call folders: all that are asked for together, or none.

What they may cost is reserved in one step, and what recordings take the place of calls is decided here. Nothing
is sent; a call that is prepared has only to be handed to the courier.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cometmagic.costs import estimate
from cometmagic.costs.accounts import account, reserved
from cometmagic.courier.client import courier
from cometmagic.errors import Fate, LibraryError, TransportError
from cometmagic.generation.call import Call
from cometmagic.generation.plan import Plan
from cometmagic.options.declaration import Limits
from cometmagic.options.settings import endpoint, library_folder
from cometmagic.storage import replay
from cometmagic.storage.index import find_several
from cometmagic.storage.store import CallFolder, Library

ON_A_THREAD = "No helper process could be started: the picture is lost if this kernel ends before it has come."

Unwanted = Callable[[], bool]  # whether the asker has left meanwhile


def prepare(planned: Sequence[Plan], session: str, unwanted: Unwanted) -> list[Call]:
    """Write the call folders of plans, and reserve what they may cost together on the account of a session.

    Raises a `CometError` for what is wrong with any of them, or when the asker leaves; then none is under way,
    and nothing is reserved.
    """
    library, calls = Library(library_folder()), list[Call]()
    numbers = _numbers(planned)
    recordings = _recordings(library, planned, numbers)
    live = [plan for plan in planned if plan.source == "live"]
    limits = planned[0].limits if planned else Limits()
    wanted = [(plan.request.options.model, plan.estimate) for plan in live]
    with reserved(library.root, wanted, limits, session) as names:
        name = iter(names)
        try:
            for plan, number, recording in zip(planned, numbers, recordings, strict=True):
                _check_whether(unwanted)
                if recording is not None:
                    calls.append(_call(plan, recording, "replay"))
                else:
                    calls.append(_written(library, plan, number, session, next(name) if plan.source == "live" else ""))
            _check_whether(unwanted)
        except BaseException:
            for call in calls:
                withdraw(call)
            raise
    return calls


def _check_whether(unwanted: Unwanted) -> None:
    if unwanted():
        raise TransportError("The call was interrupted before it was sent.", fate=Fate.UNSENT)


def _numbers(planned: Sequence[Plan]) -> list[int]:
    """Return for each plan how many before it ask for the very same."""
    if len(planned) == 1:
        return [0]
    before, numbers = Counter[str](), list[int]()
    for plan in planned:
        numbers.append(before[plan.digest])
        before[plan.digest] += 1
    return numbers


def _recordings(library: Library, planned: Sequence[Plan], numbers: Sequence[int]) -> list[CallFolder | None]:
    """Return for each plan the recording that takes its place, or None: for equal requests different ones.

    Raises `OptionError` when there are not enough for what is to be replayed.
    """
    replayed = [plan for plan in planned if plan.source in ("auto", "replay")]
    found = find_several(library, Counter(plan.digest for plan in replayed))

    def chosen() -> Iterator[CallFolder | None]:
        for plan, number in zip(planned, numbers, strict=True):
            mine = found[plan.digest] if plan.source in ("auto", "replay") else []
            if plan.source == "replay" and number >= len(mine):
                raise replay.missing(library, plan.request, len(mine))
            yield mine[number] if number < len(mine) else None

    return list(chosen())


def _written(library: Library, plan: Plan, number: int, session: str, name: str) -> Call:
    """Write one call folder; `number` tells it from others of the same request, the rest is the ledger's."""
    warnings = [] if courier().outlives_kernel else [ON_A_THREAD]
    facts: dict[str, Any] = {"source": "live" if plan.source == "live" else "offline"}
    facts |= {"estimate": plan.estimate.record(), "preview": plan.cell.preview, "alt": plan.cell.alt}
    facts |= {"number": number} if number else {}
    facts |= {"parent": plan.origin.record()} if plan.origin is not None else {}
    if plan.source == "live":
        warnings += estimate.remarks(plan.limits, plan.estimate)
        host = "" if endpoint().trusted else endpoint().host
        facts |= {"host": host, "id": name, "session": session, "limits": plan.limits.changed()}
    folder = library.open(plan.request, warnings=[*plan.warnings, *warnings], **facts)
    return _call(plan, folder, facts["source"], warnings)


def _call(plan: Plan, folder: CallFolder, source: str, warnings: Sequence[str] = ()) -> Call:
    route = None if source == "replay" else plan.route
    told = [*plan.warnings, *warnings]
    return Call(folder, plan.request.options.model, plan.cell, source, plan.estimate, told, route, label=plan.label)


def withdraw(call: Call) -> None:
    """Bring a call that was handed to nobody to its end."""
    if call.route is not None:
        with contextlib.suppress(LibraryError, OSError):  # a disk that takes no more: recovery writes it down
            call.planned.fail(TransportError("The call was withdrawn before it was sent.", fate=Fate.UNSENT))
            account(call.planned)
