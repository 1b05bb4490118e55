"""One planned call folder to a settled one: try, wait and try again where that is safe, settle.

What may be tried again stands in retry.py, how many are under way together is the gate's, a POST is
transport.py's, and what is written down recorder.py's. Whatever happens, the folder says what became of the
call, and the ledger what it cost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os

from cometmagic.costs.accounts import account
from cometmagic.courier import log
from cometmagic.courier.endpoint import Live, Offline
from cometmagic.courier.rate_limiter import Gate
from cometmagic.courier.recorder import Keeper
from cometmagic.courier.recovery import keep_from_others, recover
from cometmagic.courier.retry import ANSWERED, CROWDED, LONGEST, Tries, classify
from cometmagic.courier.transport import Post, Report
from cometmagic.courier.transport_errors import DAMAGED, failure
from cometmagic.errors import LOOK_FIRST, CometError, Fate, LibraryError, NoImageError, TransportError
from cometmagic.gemini.encode import body_chunks
from cometmagic.gemini.error_bodies import explain
from cometmagic.offline import service
from cometmagic.storage.redaction import blot
from cometmagic.storage.store import CallFolder, State, now, worst_of_tries
from cometmagic.system.file_lock import Busy

MOMENT = 0.3  # seconds to wait for a call that somebody only looks at


async def deliver(folder: CallFolder, route: Live | Offline, report: Report, gate: Gate | None = None) -> None:
    """Carry the call of `folder` and settle it; `report` gets an event at each step, and `done` in any case.

    Cancelling is for calls that have not been sent. What became of the call stands in the folder; where
    that is another one, because a disk was full, a `moved` event says so.
    """
    try:
        await Delivery(folder, route, report, gate or Gate()).run()
    finally:
        report({"event": "done"})


class Delivery:
    """One call on its way."""

    def __init__(self, folder: CallFolder, route: Live | Offline, report: Report, gate: Gate) -> None:
        """Begin with nothing sent."""
        self.keeper = Keeper(folder, report, route.key.reveal() if isinstance(route, Live) else "")
        self.route = route
        self.report = report
        self.gate = gate
        self._post: Post | None = None  # the try that is under way, or was the last
        self._settled: CometError | None = None  # the error that settling has written down already
        self._on_a_thread = False  # while settling and what follows write into the folder
        self._over = False

    @property
    def folder(self) -> CallFolder:
        """Where the call lies."""
        return self.keeper.folder

    @property
    def sent(self) -> bool:
        """Whether a byte of the request, in its last try, may have left."""
        return self._post is not None and self._post.sent

    @property
    def may_be_cancelled(self) -> bool:
        """Whether stopping now costs nothing."""
        return isinstance(self.route, Live) and not self.sent and not self._over

    def abandon(self) -> None:
        """Write down that nobody waits for the call any more; when it is about to end that says nothing new."""
        if not self._on_a_thread:
            with contextlib.suppress(OSError, LibraryError):
                self.folder.update(abandoned=now())

    async def run(self) -> None:
        """Carry and settle; that it is done is for others to say."""
        try:
            with keep_from_others(self.folder, patience=MOMENT):
                if self.folder.read()["state"] == State.PLANNED:
                    await self._carry()
        except (OSError, LibraryError, Busy) as problem:
            # The folder is gone, no disk takes more, or another carries it: what was written last stands.
            log.crash(self.folder.path.parent, problem)
        except Exception as problem:  # noqa: BLE001  # a fault of ours: what came is saved all the same
            log.crash(self.folder.path.parent, problem)
            with contextlib.suppress(OSError, CometError, Busy):
                await asyncio.to_thread(recover, self.folder)

    async def _carry(self) -> None:
        try:
            error = await self._ask_offline() if isinstance(self.route, Offline) else await self._ask(self.route)
        except asyncio.CancelledError:
            error = self._interrupted()
        self._over = self._on_a_thread = True
        try:
            if error is not None and error is not self._settled:
                self.keeper.fail(self._with_earlier_tries(error))
        finally:
            if isinstance(self.route, Live):
                await asyncio.to_thread(self._close, self.route.key.reveal())

    def _close(self, key: str) -> None:
        account(self.folder)
        for folder in dict.fromkeys((self.keeper.planned, self.folder)):  # what was moved has left something behind
            with contextlib.suppress(LibraryError):  # the one that it was planned in may have vanished
                blot(folder, key)

    def _with_earlier_tries(self, error: CometError) -> CometError:
        """Return the last error of a call, which costs nothing itself but after a try that may have cost something."""
        if error.fate in (Fate.UNSENT, Fate.REFUSED) and worst_of_tries(self.folder.read()) is Fate.UNKNOWN:
            error.fate, error.do = Fate.UNKNOWN, LOOK_FIRST
        return error

    def _interrupted(self) -> CometError:
        """Return the error of a call that is taken back: what it may have cost is what its earlier tries may have."""
        before = worst_of_tries(self.folder.read())
        when = "before it was sent" if before is None else "while it waited for another try"
        return TransportError(f"The call was interrupted {when}.", fate=before or Fate.UNSENT)

    async def _ask_offline(self) -> CometError | None:
        try:
            error = await asyncio.to_thread(self._sketched)
        except Exception as problem:  # noqa: BLE001  # every failure must end in the folder
            error = failure(problem, sent=self.folder.read()["state"] != State.PLANNED)
        return await self._settle(error)

    async def _ask(self, route: Live) -> CometError | None:
        """Try until there is an answer or nothing more to try; return what went wrong."""
        tries, error, deadline = Tries(route.limits.retry_unknown), None, None
        clock = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(None) as total:
                while True:
                    before = clock()
                    async with self.gate.place(route.limits.at_once, self._tell_closed):
                        tries.waited += clock() - before if tries.number else 0.0
                        # The first wait for a place, in a batch, does not count.
                        deadline = deadline or clock() + route.limits.total_timeout
                        total.reschedule(deadline)
                        error = await self._try(route)
                        total.reschedule(None)  # what has come is settled, however long that takes
                        error = await self._settle(error)
                    pause = tries.pause(error, deadline - clock())
                    if error is None or pause is None:
                        self.gate.ended(classify(error).kind)
                        return error
                    # The gate may stay closed longer than this call may still wait.
                    total.reschedule(min(deadline, clock() + pause + LONGEST - tries.waited))
                    await self._wait(error, pause)
        except TransportError as stopped:  # the gate lets no more through
            return error or stopped
        except TimeoutError as problem:
            if not self.sent:
                return error or failure(problem, sent=False)
            error = await self._settle(failure(problem, sent=True))
            self.gate.ended(classify(error).kind)
            return error

    async def _try(self, route: Live) -> CometError | None:
        """Make one try; return what went wrong."""
        post = self._post = Post(self.folder, route, self.report)
        self.folder.part.unlink(missing_ok=True)  # what an earlier try left holds no picture
        try:
            return await post.send()
        except Exception as problem:  # noqa: BLE001  # every failure must end in the folder, and none may show the key
            return failure(problem, sent=post.sent, uploaded=(post.uploaded, post.length))
        finally:
            self.keeper.now_in(post.folder)

    async def _settle(self, error: CometError | None) -> CometError | None:
        """Settle what came, if anything did; return what went wrong."""
        if error is not None and not self.folder.has_answer:
            return error
        with self.keeper.holding():
            return await self._settle_what_came(error)

    async def _settle_what_came(self, error: CometError | None) -> CometError | None:
        self.report({"event": "settling"})
        damage = error.what if error is not None and error.facts.get("reason") == DAMAGED else None
        self.keeper.write(state=State.RECEIVED, received=now(), damage=damage)
        self._on_a_thread = True
        told = await asyncio.to_thread(self.keeper.settle)
        self._on_a_thread = False
        unsaved = self.folder.read()["state"] == State.RECEIVED  # and can be recovered later
        # What came may hold the whole image all the same, or a plain refusal; then the failure says less.
        if told is None or error is None or unsaved or isinstance(told, NoImageError):
            self._settled = told
            if told is not None:
                told.facts["reason"] = ANSWERED
            return told
        return error

    async def _wait(self, error: CometError, pause: float) -> None:
        """Write down a try that failed and wait; nothing is under way meanwhile."""
        tries = [*self.folder.read().get("tries", []), {"ended": now(), "error": error.record()}]
        self.keeper.write(state=State.PLANNED, tries=tries, error=None)
        self._post = None
        if error.facts.get("status") in CROWDED:
            self.gate.close(pause)
        self.report({"event": "waiting", "seconds": pause, "why": error.what, "again": True})
        await asyncio.sleep(pause)

    def _tell_closed(self, seconds: float) -> None:
        self.report({"event": "waiting", "seconds": seconds, "why": "The service asked for a pause.", "again": False})

    def _sketched(self) -> CometError | None:
        """Ask the service that is built in, with the very bytes that would have gone out."""
        call = self.folder.update(state=State.SENT, sent=now())
        self.report({"event": "sent"})
        asked = b"".join(body_chunks(self.folder.body(), self.folder.path))
        status, body = service.answer(call["model"], asked, call.get("number", 0))
        if status != 200:
            return explain(status, body)
        with self.folder.part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        return None
