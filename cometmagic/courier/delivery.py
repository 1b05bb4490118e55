"""The delivery of one planned call: send the request, retry where that is safe, and settle the folder.

The rules for retries are in retry.py, the limit on calls at the same time in rate_limiter.py, a single POST in
http/transport.py, and writing to the folder in recorder.py. Whatever happens, the folder records how the call
ended, and the ledger what it cost.
"""

from __future__ import annotations

import asyncio
import contextlib

from cometmagic.costs.charges import check_caps, record_cost
from cometmagic.courier import retry
from cometmagic.courier.address_fetch import fetch_image
from cometmagic.courier.error_choice import apply_earlier_charge_status, describe_damage, name_kept_files, says_more
from cometmagic.courier.http.log_redaction import redact_logs
from cometmagic.courier.http.transport import PostAttempt
from cometmagic.courier.http.transport_errors import build_transport_error
from cometmagic.courier.job import STOPPED_REASON, EventSink
from cometmagic.courier.log import log_crash
from cometmagic.courier.offline_attempt import OfflineAttempt
from cometmagic.courier.rate_limiter import RateLimiter
from cometmagic.courier.recorder import CallRecorder
from cometmagic.courier.recovery import lock_call, recover
from cometmagic.courier.retry import ANSWERED_REASON, MAX_TOTAL_WAIT, THROTTLE_REASONS, RetryState, classify
from cometmagic.courier.route import LiveRoute, OfflineRoute, Route
from cometmagic.errors import ChargeStatus, CometError, LibraryError, TransportError
from cometmagic.storage.call_folder import CallFolder, now
from cometmagic.storage.call_record import CallState, find_worst_charge_status
from cometmagic.system import proxies
from cometmagic.system.file_lock import LockBusyError
from cometmagic.system.redactor import Redactor

LOCK_TIMEOUT = 0.3  # seconds to wait while another process checks whether the call is running


class Delivery:
    """The delivery of one call."""

    def __init__(self, folder: CallFolder, route: Route, emit: EventSink, rate_limiter: RateLimiter) -> None:
        """Start with nothing sent; `emit` gets an event at each step, except `done`."""
        self._key = route.key if isinstance(route, LiveRoute) else None
        self._redactor = Redactor([self._key, *proxies.list_passwords()] if self._key else [])
        self.recorder = CallRecorder(folder, emit, self._redactor)
        self.route = route
        self._emit = emit
        self.rate_limiter = rate_limiter
        self._attempt: PostAttempt | None = None  # the present attempt, or the last one
        self._recorded_error: CometError | None = None  # the error that settling has already written
        self._is_writing = False  # while settling, and when the call ends
        self._is_drawn = False  # offline: the answer is there
        self._is_finished = False

    @property
    def folder(self) -> CallFolder:
        """The call's folder: another one after its disk was full, which a `moved` event reports."""
        return self.recorder.folder

    @property
    def is_sent(self) -> bool:
        """Whether any byte of the request may have been sent in the last attempt."""
        return self._attempt is not None and self._attempt.is_sent

    @property
    def can_be_cancelled(self) -> bool:
        """Whether stopping now costs nothing: nothing was sent, or nothing is ever sent."""
        if isinstance(self.route, OfflineRoute):
            return not self._is_drawn and not self._is_finished
        return not self.is_sent and not self._is_finished

    def abandon(self) -> None:
        """Record that nobody waits for the call any more, unless it is about to end."""
        if not self._is_writing:
            with contextlib.suppress(OSError, LibraryError):
                self.folder.update(abandoned=now())

    async def run(self) -> None:
        """Send the request and settle the call. Cancelling is only for calls of which nothing was sent."""
        try:
            with lock_call(self.folder, timeout=LOCK_TIMEOUT):
                if self.folder.read()["state"] == CallState.PLANNED:
                    await self._deliver()
        except (OSError, LibraryError, LockBusyError) as exception:
            # The folder is gone, all disks are full, or another process has the call: the last written state stays.
            log_crash(self.folder.path.parent, exception)
        except Exception as exception:  # noqa: BLE001  # a bug here: the response is saved all the same
            log_crash(self.folder.path.parent, exception)
            with contextlib.suppress(OSError, CometError, LockBusyError):
                await asyncio.to_thread(recover, self.folder, self._key)

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
                self.recorder.fail(apply_earlier_charge_status(error, self.folder.read()))
        finally:
            if error is not None and isinstance(self.route, LiveRoute):  # the cost of an image is recorded already
                await asyncio.to_thread(record_cost, self.folder)

    def _build_interrupt_error(self) -> CometError:
        """Return the error of a cancelled call; it may have been charged if an earlier attempt may have been."""
        if isinstance(self.route, OfflineRoute):
            return TransportError("The sketch was stopped.", reason=STOPPED_REASON)
        charge_status = find_worst_charge_status(self.folder.read())
        phase = "before it was sent" if charge_status is None else "while it waited for another try"
        return TransportError(f"The call was interrupted {phase}.", charge_status=charge_status or ChargeStatus.UNSENT)

    async def _deliver_offline(self) -> CometError | None:
        try:
            error = await OfflineAttempt(self.folder, self._emit).answer()
            self._is_drawn = True
        except Exception as exception:  # noqa: BLE001  # every failure must be recorded in the folder
            error = build_transport_error(exception, is_sent=self.folder.read()["state"] != CallState.PLANNED)
        return await self._settle(error)

    async def _deliver_live(self, route: LiveRoute) -> CometError | None:
        """Send the request, again where the rules allow it; return the last error, None for an image."""
        with self.rate_limiter.count_call(route.batch_id) as trip_count:
            return await self._send_until_final(route, trip_count)

    async def _send_until_final(self, route: LiveRoute, trip_count: int) -> CometError | None:
        retry_state, error, deadline = RetryState(route.limits.retry_unknown), None, None
        clock = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(None) as timeout:
                while True:
                    wait_start = clock()
                    async with self.rate_limiter.acquire_slot(
                        route.limits.at_once, self._emit_pause, trip_count, retry_state.attempt_count
                    ):
                        # The first wait for a slot, in a batch, does not count.
                        retry_state.total_wait += clock() - wait_start if retry_state.attempt_count else 0.0
                        deadline = deadline or clock() + route.limits.total_timeout
                        timeout.reschedule(deadline)
                        error = await self._send_once(route)
                        timeout.reschedule(None)  # settling has no time limit
                        error = await self._settle(error)
                    delay = retry_state.compute_delay(error, deadline - clock())
                    self._throttle(error, delay)
                    self.rate_limiter.record_outcome(classify(error).outcome)
                    if error is None or delay is None or self.rate_limiter.trip_count != trip_count:
                        return error
                    # The rate limiter may pause for longer than this call may still wait.
                    timeout.reschedule(min(deadline, clock() + delay + MAX_TOTAL_WAIT - retry_state.total_wait))
                    await self._wait_for_retry(error, delay)
        except TransportError as rate_limit_error:
            return error or rate_limit_error
        except TimeoutError as exception:
            return await self._settle_timeout(exception, error)

    def _throttle(self, error: CometError | None, delay: float | None) -> None:
        """Slow all calls down when the service turned this one away, for `delay` seconds or, at the last try, a few."""
        if error is not None and error.details.get("reason") in THROTTLE_REASONS:
            self.rate_limiter.throttle(retry.INITIAL_BACKOFF if delay is None else delay)

    async def _settle_timeout(self, exception: TimeoutError, previous_error: CometError | None) -> CometError | None:
        """Settle a call whose time is up; return its error, `previous_error` when nothing was sent after it."""
        if not self.is_sent:
            return previous_error or build_transport_error(exception, is_sent=False)
        error = await self._settle(build_transport_error(exception, is_sent=True))
        self.rate_limiter.record_outcome(classify(error).outcome)
        return error

    async def _send_once(self, route: LiveRoute) -> CometError | None:
        """Make one attempt, if the limits on money still allow it; return its error."""
        for name in (self.folder.response_path.name, "answer.json"):  # those of an earlier attempt have no image
            (self.folder.path / name).unlink(missing_ok=True)
        try:
            await asyncio.to_thread(check_caps, self.folder, route.limits)
        except CometError as error:
            return error
        attempt = self._attempt = PostAttempt(self.folder, route, self._emit, self._redactor)
        try:
            with redact_logs(self._redactor):
                return await attempt.send()
        except Exception as exception:  # noqa: BLE001  # every failure is recorded in the folder, and none shows the key
            upload_progress = attempt.uploaded_bytes, attempt.content_length
            return build_transport_error(
                exception,
                is_sent=attempt.is_sent,
                upload_progress=upload_progress,
                proxy_variable=proxies.find_proxy_variable(route.base_url),
                redact=self._redactor.redact,
            )
        finally:
            self.recorder.change_folder(attempt.folder)

    async def _settle(self, error: CometError | None) -> CometError | None:
        """Settle the response, if there is one; return the error of the call."""
        if error is not None and not self.folder.has_raw_response:
            return error
        with self.recorder.keep_response_open():
            return await self._settle_response(error)

    async def _settle_response(self, error: CometError | None) -> CometError | None:
        self._emit({"event": "settling"})
        self.recorder.write(state=CallState.RECEIVED, received=now(), damage=describe_damage(error))
        self._is_writing = True
        response_error = await asyncio.to_thread(self.recorder.settle)
        if response_error is not None and isinstance(self.route, LiveRoute) and self.folder.read().get("fetch"):
            response_error = await asyncio.to_thread(fetch_image, self.folder, response_error, self._redactor)
        self._is_writing = False
        is_unsaved = self.folder.read()["state"] == CallState.RECEIVED  # it can be recovered later
        if response_error is None or error is None or is_unsaved or says_more(response_error, error):
            self._recorded_error = response_error
            if response_error is not None:
                response_error.details.setdefault("reason", ANSWERED_REASON)  # an error in a 200 has its own
            elif isinstance(self.route, LiveRoute):  # now: the next call that takes the slot checks its limits
                await asyncio.to_thread(record_cost, self.folder)
            return response_error
        return name_kept_files(error, self.folder.read(), self.folder.response_path)

    async def _wait_for_retry(self, error: CometError, delay: float) -> None:
        """Record a failed attempt and wait before the next one."""
        attempts = [*self.folder.read().get("tries", []), {"ended": now(), "error": error.to_dict()}]
        self.recorder.write(state=CallState.PLANNED, tries=attempts, error=None)
        self._attempt = self._recorded_error = None
        self._emit({"event": "waiting", "seconds": delay, "why": error.message, "again": True})
        await asyncio.sleep(delay)

    def _emit_pause(self, seconds: float) -> None:
        self._emit({"event": "waiting", "seconds": seconds, "why": "The service asked for a pause.", "again": False})
