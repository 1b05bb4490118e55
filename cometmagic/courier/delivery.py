"""One planned call folder to a settled one: try, wait and try again where that is safe, settle.

What may be tried again stands in retry.py, how many are under way together is the gate's, and a POST is
post.py's. Whatever happens, the folder says what became of the call, and the ledger what it cost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import Any

from cometmagic.accounts import account
from cometmagic.courier.blot import blot
from cometmagic.courier.failure import failure
from cometmagic.courier.gate import Gate
from cometmagic.courier.post import Post, Report
from cometmagic.courier.retry import ANSWERED, CROWDED, Tries, classify
from cometmagic.courier.route import Live, Offline
from cometmagic.elsewhere import move_away
from cometmagic.errors import CometError, Fate, LibraryError, NoImageError, TransportError
from cometmagic.foreign import line
from cometmagic.library import CallFolder, State, now
from cometmagic.locks import Busy
from cometmagic.offline import service
from cometmagic.recover import keep_from_others
from cometmagic.settle import settle
from cometmagic.wire import body_chunks, explain


async def deliver(folder: CallFolder, route: Live | Offline, report: Report, gate: Gate | None = None) -> None:
    """Carry the call of `folder` and settle it; `report` gets an event at each step, and `done` in any case.

    Cancelling is for calls that have not been sent. What became of the call stands in the folder; where
    that is another one, because a disk was full, a `moved` event says so.
    """
    await Delivery(folder, route, report, gate or Gate()).run()


class Delivery:
    """One call on its way."""

    def __init__(self, folder: CallFolder, route: Live | Offline, report: Report, gate: Gate) -> None:
        """Begin with nothing sent."""
        self.folder = self._planned = folder
        self.route = route
        self.report = report
        self.gate = gate
        self._post: Post | None = None  # the try that is under way, or was the last
        self._settled: CometError | None = None  # the error that settling has written down already

    @property
    def sent(self) -> bool:
        """Whether a byte of the request, in its last try, may have left."""
        return self._post is not None and self._post.sent

    @property
    def may_be_cancelled(self) -> bool:
        """Whether stopping now costs nothing."""
        return isinstance(self.route, Live) and not self.sent

    async def run(self) -> None:
        """See `deliver`."""
        try:
            with keep_from_others(self.folder, patience=1.0):
                if self.folder.read()["state"] == State.PLANNED:
                    await self._carry()
        except (OSError, LibraryError, Busy):
            pass  # the folder is gone, no disk takes more, or another carries it: what was written last stands
        finally:
            self.report({"event": "done"})

    async def _carry(self) -> None:
        try:
            error = await self._ask_offline() if isinstance(self.route, Offline) else await self._ask(self.route)
        except asyncio.CancelledError:
            error = self._interrupted()
        if error is not None and error is not self._settled:
            self._write(error=error)
        if isinstance(self.route, Live):
            for folder in dict.fromkeys((self._planned, self.folder)):  # what was moved has left something behind
                await asyncio.to_thread(blot, folder, self.route.key.reveal())
            account(self.folder)

    def _interrupted(self) -> CometError:
        """Return the error of a call that is taken back: what it may have cost is what its earlier tries may have."""
        before = {one["error"]["fate"] for one in self.folder.read().get("tries", [])}
        if not before:
            return TransportError("The call was interrupted before it was sent.", fate=Fate.UNSENT)
        fate = next(fate for fate in (Fate.UNKNOWN, Fate.REFUSED, Fate.UNSENT) if fate.name in before)
        return TransportError("The call was interrupted while it waited for another try.", fate=fate)

    async def _ask_offline(self) -> CometError | None:
        try:
            error = await asyncio.to_thread(self._sketched)
        except Exception as problem:  # noqa: BLE001  # every failure must end in the folder
            error = failure(problem, sent=self.folder.read()["state"] != State.PLANNED)
        return await self._settle(error)

    async def _ask(self, route: Live) -> CometError | None:
        """Try until there is an answer or nothing more to try; return what went wrong."""
        tries, error = Tries(route.limits.retry_unknown), None
        try:
            async with asyncio.timeout(None) as total:
                while True:
                    async with self.gate.place(route.limits.at_once, self._tell_closed):
                        if not tries.number:  # the wait for a place in a batch does not count
                            total.reschedule(asyncio.get_running_loop().time() + route.limits.total_timeout)
                            tries.until = time.monotonic() + route.limits.total_timeout
                        error = await self._try(route)
                    pause = tries.pause(error)
                    await self.gate.ended(classify(error).kind)
                    if error is None or pause is None:
                        return error
                    await self._wait(error, pause, tries.number)
        except TransportError as stopped:  # the gate lets no more through
            return error or stopped
        except TimeoutError as problem:
            if not self.sent:
                return error or failure(problem, sent=False)
            error = await self._settle(failure(problem, sent=True))
            await self.gate.ended(classify(error).kind)
            return error

    async def _try(self, route: Live) -> CometError | None:
        """Make one try, and settle what came; return what went wrong."""
        post = self._post = Post(self.folder, route, self.report)
        self.folder.part.unlink(missing_ok=True)  # what an earlier try left holds no picture
        try:
            error = await post.send()
        except Exception as problem:  # noqa: BLE001  # every failure must end in the folder, and none may show the key
            error = failure(problem, sent=post.sent, uploaded=(post.uploaded, post.length))
        finally:
            self._now_in(post.folder)
        return await self._settle(error)

    async def _settle(self, error: CometError | None) -> CometError | None:
        """Settle what came, if anything did; return what went wrong."""
        if error is not None and not self.folder.has_answer:
            return error
        self.report({"event": "settling"})
        self._write(state=State.RECEIVED, received=now())
        told = await asyncio.to_thread(self._settled_anywhere)
        # What came may hold the whole image all the same, or a plain refusal; then the failure says less.
        if told is None or error is None or isinstance(told, NoImageError):
            self._settled = told
            if told is not None:
                told.facts["reason"] = ANSWERED
            return told
        return error

    def _settled_anywhere(self) -> CometError | None:
        """Settle, on another disk when this one takes no more; return the error of an answer without an image."""
        try:
            return settle(self.folder)
        except OSError as problem:
            with contextlib.suppress(Exception):
                away = move_away(self.folder, self.folder.part.stat().st_size)
                told = settle(away)
                self._now_in(away)
                return told
            return self._unsaved(problem)
        except Exception as problem:  # noqa: BLE001  # the answer is paid for: whatever happens, say where it lies
            return self._unsaved(problem)

    def _unsaved(self, problem: Exception) -> CometError:
        why = problem.strerror if isinstance(problem, OSError) else f"{type(problem).__name__}: {line(problem, 200)}"
        what, do = f"The answer came but could not be saved ({why}).", f"What came is kept in {self.folder.part}."
        error = CometError(what, fate=Fate.ANSWERED, do=do)
        self.folder.update(error=error.record())
        return error

    async def _wait(self, error: CometError, pause: float, number: int) -> None:
        """Write down a try that failed and wait; nothing is under way meanwhile."""
        tries = [*self.folder.read().get("tries", []), {"ended": now(), "error": error.record()}]
        self._write(state=State.PLANNED, tries=tries, error=None)
        self._post = None
        if error.facts.get("status") in CROWDED:
            self.gate.close(pause)
        self.report({"event": "waiting", "seconds": pause, "why": error.what, "try": number + 1})
        await asyncio.sleep(pause)

    def _tell_closed(self, seconds: float) -> None:
        self.report({"event": "waiting", "seconds": seconds, "why": "The service asked for a pause."})

    def _write(self, *, error: CometError | None = None, **fields: Any) -> None:
        """Write down what became of the call, on another disk when this one takes no more."""
        for _ in range(2):
            try:
                self.folder.fail(error) if error is not None else self.folder.update(**fields)
            except OSError:
                if not self.folder.has_answer:
                    raise
                self._now_in(move_away(self.folder, self.folder.part.stat().st_size))
            else:
                return

    def _now_in(self, folder: CallFolder) -> None:
        if folder != self.folder:
            self.folder = folder
            self.report({"event": "moved", "folder": str(folder.path)})

    def _sketched(self) -> CometError | None:
        """Ask the service that is built in, with the very bytes that would have gone out."""
        call = self.folder.update(state=State.SENT, sent=now())
        self.report({"event": "sent"})
        status, body = service.answer(call["model"], b"".join(body_chunks(self.folder.body(), self.folder.path)))
        if status != 200:
            return explain(status, body)
        with self.folder.part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        return None
