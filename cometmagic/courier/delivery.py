"""One planned call folder to a settled one: try, wait and try again where that is safe, settle.

What may be tried again stands in retry.py, how many are under way together is the gate's, a POST is
transport.py's, and what is written down recorder.py's. Whatever happens, the folder says what became of the
call, and the ledger what it cost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os

from cometmagic.costs.charges import record_cost
from cometmagic.courier import log
from cometmagic.courier.http.transport import EventSink, PostAttempt
from cometmagic.courier.http.transport_errors import DAMAGED_REASON, build_transport_error
from cometmagic.courier.rate_limiter import RateLimiter
from cometmagic.courier.recorder import CallRecorder
from cometmagic.courier.recovery import lock_call, recover
from cometmagic.courier.retry import ANSWERED_REASON, MAX_TOTAL_WAIT, THROTTLE_STATUSES, RetryState, classify
from cometmagic.courier.route import LiveRoute, OfflineRoute
from cometmagic.errors import BALANCE_ADVICE, ChargeStatus, CometError, LibraryError, NoImageError, TransportError
from cometmagic.gemini.encode import iter_body
from cometmagic.gemini.error_bodies import parse_error_response
from cometmagic.offline import service
from cometmagic.storage.call_folder import CallFolder, CallState, find_worst_charge_status, now
from cometmagic.storage.redaction import redact_folder
from cometmagic.system.file_lock import LockBusyError

LOCK_TIMEOUT = 0.3  # seconds to wait for a call that somebody only looks at


async def deliver(
    folder: CallFolder, route: LiveRoute | OfflineRoute, emit: EventSink, rate_limiter: RateLimiter | None = None
) -> None:
    """Carry the call of `folder` and settle it; `report` gets an event at each step, and `done` in any case.

    Cancelling is for calls that have not been sent. What became of the call stands in the folder; where
    that is another one, because a disk was full, a `moved` event says so.
    """
    try:
        await Delivery(folder, route, emit, rate_limiter or RateLimiter()).run()
    finally:
        emit({"event": "done"})


class Delivery:
    """One call on its way."""

    def __init__(
        self, folder: CallFolder, route: LiveRoute | OfflineRoute, emit: EventSink, rate_limiter: RateLimiter
    ) -> None:
        """Begin with nothing sent."""
        self.recorder = CallRecorder(folder, emit, route.key.reveal() if isinstance(route, LiveRoute) else "")
        self.route = route
        self._emit = emit
        self.rate_limiter = rate_limiter
        self._attempt: PostAttempt | None = None  # the try that is under way, or was the last
        self._recorded_error: CometError | None = None  # the error that settling has written down already
        self._is_writing = False  # while settling and what follows write into the folder
        self._is_finished = False

    @property
    def folder(self) -> CallFolder:
        """Where the call lies."""
        return self.recorder.folder

    @property
    def is_sent(self) -> bool:
        """Whether a byte of the request, in its last try, may have left."""
        return self._attempt is not None and self._attempt.is_sent

    @property
    def can_be_cancelled(self) -> bool:
        """Whether stopping now costs nothing."""
        return isinstance(self.route, LiveRoute) and not self.is_sent and not self._is_finished

    def abandon(self) -> None:
        """Write down that nobody waits for the call any more; when it is about to end that says nothing new."""
        if not self._is_writing:
            with contextlib.suppress(OSError, LibraryError):
                self.folder.update(abandoned=now())

    async def run(self) -> None:
        """Carry and settle; that it is done is for others to say."""
        try:
            with lock_call(self.folder, timeout=LOCK_TIMEOUT):
                if self.folder.read()["state"] == CallState.PLANNED:
                    await self._deliver()
        except (OSError, LibraryError, LockBusyError) as problem:
            # The folder is gone, no disk takes more, or another carries it: what was written last stands.
            log.log_crash(self.folder.path.parent, problem)
        except Exception as problem:  # noqa: BLE001  # a fault of ours: what came is saved all the same
            log.log_crash(self.folder.path.parent, problem)
            with contextlib.suppress(OSError, CometError, LockBusyError):
                await asyncio.to_thread(recover, self.folder)

    async def _deliver(self) -> None:
        try:
            error = (
                await self._deliver_offline()
                if isinstance(self.route, OfflineRoute)
                else await self._deliver_live(self.route)
            )
        except asyncio.CancelledError:
            error = self._build_interrupt_error()
        self._is_finished = self._is_writing = True
        try:
            if error is not None and error is not self._recorded_error:
                self.recorder.fail(self._apply_earlier_charge_status(error))
        finally:
            if isinstance(self.route, LiveRoute):
                await asyncio.to_thread(self._account_and_redact, self.route.key.reveal())

    def _account_and_redact(self, key: str) -> None:
        record_cost(self.folder)
        for folder in dict.fromkeys(
            (self.recorder.original_folder, self.folder)
        ):  # what was moved has left something behind
            with contextlib.suppress(LibraryError):  # the one that it was planned in may have vanished
                redact_folder(folder, key)

    def _apply_earlier_charge_status(self, error: CometError) -> CometError:
        """Return the last error of a call, which costs nothing itself but after a try that may have cost something."""
        if (
            error.charge_status in (ChargeStatus.UNSENT, ChargeStatus.REFUSED)
            and find_worst_charge_status(self.folder.read()) is ChargeStatus.UNKNOWN
        ):
            error.charge_status, error.advice = ChargeStatus.UNKNOWN, BALANCE_ADVICE
        return error

    def _build_interrupt_error(self) -> CometError:
        """Return the error of a call that is taken back: what it may have cost is what its earlier tries may have."""
        before = find_worst_charge_status(self.folder.read())
        when = "before it was sent" if before is None else "while it waited for another try"
        return TransportError(f"The call was interrupted {when}.", charge_status=before or ChargeStatus.UNSENT)

    async def _deliver_offline(self) -> CometError | None:
        try:
            error = await asyncio.to_thread(self._answer_offline)
        except Exception as problem:  # noqa: BLE001  # every failure must end in the folder
            error = build_transport_error(problem, is_sent=self.folder.read()["state"] != CallState.PLANNED)
        return await self._settle(error)

    async def _deliver_live(self, route: LiveRoute) -> CometError | None:
        """Try until there is an answer or nothing more to try; return what went wrong."""
        tries, error, deadline = RetryState(route.limits.retry_unknown), None, None
        clock = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(None) as total:
                while True:
                    before = clock()
                    async with self.rate_limiter.acquire_slot(route.limits.at_once, self._emit_pause):
                        tries.total_wait += clock() - before if tries.attempt_count else 0.0
                        # The first wait for a place, in a batch, does not count.
                        deadline = deadline or clock() + route.limits.total_timeout
                        total.reschedule(deadline)
                        error = await self._send_once(route)
                        total.reschedule(None)  # what has come is settled, however long that takes
                        error = await self._settle(error)
                    pause = tries.compute_delay(error, deadline - clock())
                    if error is None or pause is None:
                        self.rate_limiter.record_outcome(classify(error).outcome)
                        return error
                    # The gate may stay closed longer than this call may still wait.
                    total.reschedule(min(deadline, clock() + pause + MAX_TOTAL_WAIT - tries.total_wait))
                    await self._wait_for_retry(error, pause)
        except TransportError as stopped:  # the gate lets no more through
            return error or stopped
        except TimeoutError as problem:
            if not self.is_sent:
                return error or build_transport_error(problem, is_sent=False)
            error = await self._settle(build_transport_error(problem, is_sent=True))
            self.rate_limiter.record_outcome(classify(error).outcome)
            return error

    async def _send_once(self, route: LiveRoute) -> CometError | None:
        """Make one try; return what went wrong."""
        post = self._attempt = PostAttempt(self.folder, route, self._emit)
        self.folder.response_path.unlink(missing_ok=True)  # what an earlier try left holds no picture
        try:
            return await post.send()
        except Exception as problem:  # noqa: BLE001  # every failure must end in the folder, and none may show the key
            return build_transport_error(
                problem, is_sent=post.is_sent, upload_progress=(post.uploaded_bytes, post.content_length)
            )
        finally:
            self.recorder.change_folder(post.folder)

    async def _settle(self, error: CometError | None) -> CometError | None:
        """Settle what came, if anything did; return what went wrong."""
        if error is not None and not self.folder.has_raw_response:
            return error
        with self.recorder.keep_response_open():
            return await self._settle_response(error)

    async def _settle_response(self, error: CometError | None) -> CometError | None:
        self._emit({"event": "settling"})
        damage = error.message if error is not None and error.details.get("reason") == DAMAGED_REASON else None
        self.recorder.write(state=CallState.RECEIVED, received=now(), damage=damage)
        self._is_writing = True
        told = await asyncio.to_thread(self.recorder.settle)
        self._is_writing = False
        unsaved = self.folder.read()["state"] == CallState.RECEIVED  # and can be recovered later
        # What came may hold the whole image all the same, or a plain refusal; then the failure says less.
        if told is None or error is None or unsaved or isinstance(told, NoImageError):
            self._recorded_error = told
            if told is not None:
                told.details["reason"] = ANSWERED_REASON
            return told
        return error

    async def _wait_for_retry(self, error: CometError, delay: float) -> None:
        """Write down a try that failed and wait; nothing is under way meanwhile."""
        tries = [*self.folder.read().get("tries", []), {"ended": now(), "error": error.to_dict()}]
        self.recorder.write(state=CallState.PLANNED, tries=tries, error=None)
        self._attempt = None
        if error.details.get("status") in THROTTLE_STATUSES:
            self.rate_limiter.throttle(delay)
        self._emit({"event": "waiting", "seconds": delay, "why": error.message, "again": True})
        await asyncio.sleep(delay)

    def _emit_pause(self, seconds: float) -> None:
        self._emit({"event": "waiting", "seconds": seconds, "why": "The service asked for a pause.", "again": False})

    def _answer_offline(self) -> CometError | None:
        """Ask the service that is built in, with the very bytes that would have gone out."""
        call = self.folder.update(state=CallState.SENT, sent=now())
        self._emit({"event": "sent"})
        asked = b"".join(iter_body(self.folder.read_body(), self.folder.path))
        status, body = service.answer(call["model"], asked, call.get("number", 0))
        if status != 200:
            return parse_error_response(status, body)
        with self.folder.response_path.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        return None
