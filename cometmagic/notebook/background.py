"""`--background`: the cell ends at once, and its outputs are updated when the image is ready.

A thread of the kernel waits for the courier's events and updates the outputs of the cell; a new output from a thread
would appear under another running cell, or nowhere. The image does not depend on the thread: the courier saves it.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cometmagic.display import result_output
from cometmagic.display.bundles import Bundle, build_plain_text, join_bundles
from cometmagic.errors import Interrupted
from cometmagic.generation.call import EVENT_POLL_INTERVAL, PendingCall
from cometmagic.generation.result_list import AnyResult
from cometmagic.notebook import front_end
from cometmagic.notebook.progress import ProgressOutput, UpdatableOutput, publish

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

UPDATE_INTERVAL = 2.0  # seconds between two updates; long, because the notebook is in use meanwhile

ResultSetter = Callable[[AnyResult], None]  # stores a result in the cell's variable
ResultPresenter = Callable[[ProgressOutput, ResultSetter], AnyResult]  # shows a result and returns it


class PendingResult:
    """The result of a call that is still running. `.result()` waits for it, `.done` is true when the call has ended."""

    def __init__(self, pending_call: PendingCall) -> None:
        """`pending_call` is the call or batch to wait for."""
        self._pending_call = pending_call
        self._end_event = threading.Event()
        self._result: AnyResult | None = None
        self._error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether the call has ended, with an image or with an error."""
        return self._end_event.is_set()

    def result(self, timeout: float | None = None) -> AnyResult:
        """Wait for the result, at most `timeout` seconds, and return it.

        Raises the call's `CometError`, `TimeoutError`, or `Interrupted` when the wait is interrupted; the call goes on
        after the last two.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            while not self._end_event.wait(EVENT_POLL_INTERVAL):  # Windows cannot interrupt a long wait
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError(
                        f"The picture has not come within {timeout:g} s. {self._pending_call.describe_outcome()}"
                    )
        except KeyboardInterrupt:
            raise Interrupted(self._pending_call.describe_outcome()) from None
        if self._result is None or self._error is not None:
            raise self._error or RuntimeError("It ended without a word.")
        return self._result

    def cancel(self) -> str:
        """Cancel the call if nothing was sent yet, and return a sentence that says what happens to it."""
        return self._pending_call.stop()

    def complete(self, present: Callable[[], AnyResult]) -> Exception | None:
        """Store the result that `present` returns, or its error; return the error."""
        try:
            self._result = present()
        except Exception as error:  # noqa: BLE001  # `result` raises it
            self._error = error
        finally:
            self._end_event.set()
        return self._error

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the result, once the call has ended."""
        if name.startswith("_"):
            raise AttributeError(name)
        if not self.done:
            raise AttributeError(f"{name}: the picture has not come yet; .result() waits for it.")
        return getattr(self.result(), name)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the result as it looks once it is there, until then the status."""
        if self._result is None:
            return build_plain_text(repr(self))
        from cometmagic.display.mime_bundles import build_value  # only for a front end: the first cell does not wait

        return build_value(self._result)

    def __repr__(self) -> str:
        status = "under way" if not self.done else "failed" if self._error is not None else "ended"
        return f"<cometmagic {status}: {self._error if status == 'failed' else self._pending_call.describe_outcome()}>"


class _BackgroundOutput(ProgressOutput):
    """The outputs of a background cell: all exist when the cell ends, and are only updated afterwards."""

    def __init__(self, shell: InteractiveShell, *, html: bool = True) -> None:
        super().__init__(shell, html=html)
        self._caption_output = UpdatableOutput(shell, html=html)
        self._captions: list[Bundle] = []

    @property
    def is_due(self) -> bool:
        """Whether it is time for an update; a terminal has none, because its user is typing."""
        return self.is_notebook and (self.update_time is None or self.seconds - self.update_time >= UPDATE_INTERVAL)

    def show_placeholder(self, progress: Bundle, note: Bundle) -> None:
        """Show the outputs that exist when the cell ends."""
        if self.is_notebook:
            self.show_progress(progress)
            self._caption_output.show(note)
        else:
            publish(progress)

    def show_image(self, bundle: Bundle) -> None:
        """Replace the progress by the image, also in a terminal: no cell returns it."""
        self.show_final(bundle)

    def show_final(self, bundle: Bundle) -> None:
        """Replace the progress by the final output in the same place."""
        if self.is_notebook:
            self.progress_output.show(bundle)
        else:
            publish(bundle)

    def show_caption(self, bundle: Bundle) -> None:
        if self.is_notebook:
            self._captions.append(bundle)
            self._caption_output.show(join_bundles(*self._captions))
        else:
            publish(bundle)


def start_background(
    shell: InteractiveShell,
    pending_call: PendingCall,
    build_progress: Callable[[float], Bundle],
    present: ResultPresenter,
) -> PendingResult:
    """Wait for a call on a thread; `build_progress` is shown until it ends, then `present` shows the result.

    The cell's variable holds the `PendingResult` first and then the result, unless the user has assigned another value
    to it.
    """
    variable = pending_call.cell_options.into
    pending_result = PendingResult(pending_call)
    output = _BackgroundOutput(shell, html=pending_call.cell_options.html)
    if variable:
        shell.user_ns[variable] = pending_result

    def set_result(result: AnyResult) -> None:
        if variable and shell.user_ns.get(variable) is pending_result:
            shell.user_ns[variable] = result

    def wait() -> None:
        for _ in pending_call.iter_events():
            if output.is_due:
                output.show_progress(build_progress(output.seconds))
        error = pending_result.complete(lambda: present(output, set_result))
        if error is not None:
            output.show_caption(result_output.build_error(error))

    placeholder = result_output.build_placeholder(variable, is_updated=front_end.can_update_outputs(shell))
    output.show_placeholder(build_progress(0.0), placeholder)
    _start_thread(wait)
    return pending_result


def _start_thread(wait: Callable[[], None]) -> None:
    """Start the thread in the context of the cell: newer kernels assign outputs to cells by context."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(wait,), name="cometmagic-background", daemon=True).start()
