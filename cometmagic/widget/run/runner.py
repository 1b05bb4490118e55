"""The runs of one panel: started by the button or from Python, one at a time, and stopped by `cancel`.

The button starts a run on a thread and returns at once. The thread sets traits, and the browser is updated even
while a cell runs. Nothing here depends on which thread a message of the browser arrives on.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from functools import partial

from cometmagic.errors import ChargeStatus, CometError, Interrupted
from cometmagic.generation.plan import Plan
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import AnyResult
from cometmagic.notebook.cell_run import plan_cell
from cometmagic.widget.cell.provenance import Provenance
from cometmagic.widget.cell.text import PanelSettings
from cometmagic.widget.notebook_context import get_namespace, get_session_options
from cometmagic.widget.panel_state import PanelState
from cometmagic.widget.run.execute import execute_run
from cometmagic.widget.run.thread import RunThread
from cometmagic.widget.view_state import ViewState


class Runner:
    """Starts and stops the runs of one panel; nothing else sets `busy`."""

    def __init__(self, state: PanelState, view_state: ViewState, provenance: Provenance) -> None:
        """Start idle."""
        self._state, self._view_state, self._provenance = state, view_state, provenance
        self._start_lock, self._stop_event = threading.RLock(), threading.Event()
        self._run_thread = RunThread("cometmagic-panel")

    def generate(self) -> AnyResult:
        """Run, and wait for the result. Raises a `CometError`, and `Interrupted`."""
        return self._execute(self._begin())

    def start(self) -> None:
        """Start a run and return at once. Raises `OptionError` while a run is in progress."""
        settings = self._begin()
        # Some kernels send nothing from a thread that does not have the context of a message.
        self._run_thread.submit(partial(contextvars.copy_context().run, self._execute_quietly, settings))

    def cancel(self) -> None:
        """Stop waiting, as interrupting a cell does: a request already sent goes on, and its image is saved."""
        self._stop_event.set()

    def find_settings(self, result: ImageResult) -> PanelSettings:
        """Return the settings of the run that produced a result. Raises `OptionError` if none can be found."""
        return self._provenance.find_settings(result, get_namespace())

    def _begin(self) -> PanelSettings:
        """Mark the panel as busy and return its settings; changing the panel no longer affects the run."""
        with self._start_lock:
            self._state.check_idle()
            self._stop_event.clear()
            self._state.key_guard.reload()
            try:
                self._state.set_trait("busy", True)
            except BaseException:  # an interrupt during the update of the page
                self._state.set_trait("busy", False)
                raise
            return self._state.settings

    def _execute(self, settings: PanelSettings) -> AnyResult:
        """Run to the end, and show the browser how the run ended."""
        view_state, run_result = self._view_state, None
        try:
            view_state.show_start()
            run_result = execute_run(
                partial(_build_plans, settings), self._stop_event, view_state.show_status, get_namespace()
            )
            self._provenance.record_settings(run_result.result, settings)
            self._state.result = run_result.result
            run_result.check()
            view_state.show_success(*run_result.saved_paths)
            return run_result.result
        except KeyboardInterrupt as interrupt:
            unsent = str(ChargeStatus.UNSENT)
            message = str(interrupt) or (unsent if run_result is None else "The picture is saved in the library.")
            view_state.show_stop(message)
            raise Interrupted(message) from None
        except Exception as error:
            view_state.show_error(error)
            raise
        finally:
            self._state.set_trait("busy", False)

    def _execute_quietly(self, settings: PanelSettings) -> None:
        with contextlib.suppress(CometError, Interrupted):  # the panel shows the error
            self._execute(settings)


def _build_plans(settings: PanelSettings) -> list[Plan]:
    images = {"image": list(settings.references)} if settings.references else {}
    namespace = settings.merge_namespace(get_namespace())
    return plan_cell(settings.prompt, settings.options | images, namespace, get_session_options())
