"""From plans to calls that are running: folders are written, then handed to the courier. Nothing waits here."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from cometmagic.courier.client import start_delivery
from cometmagic.courier.route import LiveRoute
from cometmagic.errors import ChargeStatus, Interrupted, OptionError
from cometmagic.generation import session
from cometmagic.generation.batch import Batch
from cometmagic.generation.call import Call, CancelCheck
from cometmagic.generation.plan import Plan
from cometmagic.generation.reserve import reserve_calls, withdraw
from cometmagic.options.declaration import CellOptions


def submit_call(call: Call, batch_id: str = "") -> Call:
    """Hand a call to the courier, unless a recording takes its place."""
    if isinstance(call.route, LiveRoute):
        call.route = replace(call.route, batch_id=batch_id)
    if call.route is not None:
        is_interrupted = False
        try:
            call.job = start_delivery(call.original_folder.path, call.route)
        except KeyboardInterrupt:  # it may have come while the key was written, so it is no context of the error
            is_interrupted = True
        if is_interrupted:
            raise Interrupted(call.describe_outcome())  # the courier may have the call already
    return call


def launch(plan: Plan, is_cancelled: CancelCheck = lambda: False) -> Call:
    """Write the call folder of a plan and start the delivery. Raises a `CometError`, and `Interrupted`."""
    try:
        [call] = reserve_calls([plan], session.SESSION_ID, is_cancelled)
    except KeyboardInterrupt:
        raise Interrupted(ChargeStatus.UNSENT) from None
    return submit_call(call)


def check_not_dry_run(plan: Plan) -> None:
    """Raise `OptionError` for a plan that must not be sent."""
    if plan.cell_options.dry_run or plan.cell_options.show_code:
        raise OptionError("A dry run sends nothing.", advice="Look at cometmagic.plan(…) instead.")


def launch_batch(plans: Sequence[Plan], is_cancelled: CancelCheck = lambda: False) -> Batch:
    """Write all call folders, then hand them to the courier: limits refuse before anything is sent.

    Raises a `CometError` for whatever is wrong before that; then nothing is running.
    """
    for plan in plans:
        check_not_dry_run(plan)
    calls = reserve_calls(plans, session.SESSION_ID, is_cancelled)
    batch = Batch(calls, plans[0].cell_options if plans else CellOptions())
    batch_id = secrets.token_hex(8) if len(calls) > 1 else ""  # a call alone keeps all its tries
    try:
        for call in calls:
            submit_call(call, batch_id)
    except BaseException:
        batch.cancel()
        for call in calls:
            if call.job is None:
                withdraw(call)
        raise
    if is_cancelled():
        batch.cancel()
    return batch
