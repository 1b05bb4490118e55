"""A call that nobody carries any more, brought to its end by what its folder holds.

The carrier may have died at any step: before sending, while the answer came, while it was decoded. What
is whole is saved; what was sent and never answered is written down as perhaps charged. This module
sends nothing, and trusts its caller that the carrier is gone.
"""

from __future__ import annotations

from cometmagic.errors import LOOK_FIRST, Fate, TransportError
from cometmagic.library import CallFolder, State
from cometmagic.settle import settle


def recover(folder: CallFolder) -> State:
    """Settle a call whose carrier is gone, and return where it stands then."""
    state = State(folder.read()["state"])
    if state is State.PLANNED:
        folder.fail(TransportError("The call was planned and never sent.", fate=Fate.UNSENT, do="Run the cell again."))
    elif state in (State.SENT, State.RECEIVED):
        if folder.has_answer:
            settle(folder)
        else:
            folder.fail(TransportError("The call was sent, and what carried it ended before an answer.", do=LOOK_FIRST))
    for litter in folder.path.glob(".*.tmp"):
        litter.unlink(missing_ok=True)
    return State(folder.read()["state"])
