"""The panel itself: a widget whose traits, controls, cell and requests always say the same.

The button hands a run to a thread and returns at once; the thread sets traits, and the browser hears of it, also
while a cell runs. Nothing here depends on which thread a message of the browser arrives on.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

from IPython.core.getipython import get_ipython
from ipywidgets import VBox
from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, Tuple, Unicode, observe, validate

from cometmagic.errors import ChargeStatus, CometError, Interrupted, OptionError
from cometmagic.generation.compose import to_list
from cometmagic.generation.plan import Plan, extract_text
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import ImageResults
from cometmagic.notebook.cell_run import plan_cell
from cometmagic.notebook.progress import publish
from cometmagic.widget import controls, notebook_context
from cometmagic.widget.cell import reference_names, text
from cometmagic.widget.cell.provenance import AnyResult, Provenance
from cometmagic.widget.form_sync import FormSync
from cometmagic.widget.handlers import MessageHandler
from cometmagic.widget.key_guard import KeyGuard
from cometmagic.widget.run import execute
from cometmagic.widget.run.thread import RunThread
from cometmagic.widget.static_output import StaticOutput, render_page
from cometmagic.widget.view_state import ViewState


class Panel(VBox):  # type: ignore[misc]
    """A form for one picture after another.

    `prompt` is a template as in a cell, `options` those of its line, `references` reference images as its `--image`
    names them, `result` what was made last, `busy` whether a run is under way. All can be observed, and all but
    `busy` set; options and references are set as a whole: `panel.options |= {"thoughts": True}`.
    """

    prompt = Unicode(help="what the picture should show")
    options = Dict(help="the options of the cell, by name")
    references = Tuple(help="reference images: variables, files and addresses")
    result = AnyTrait(None, allow_none=True, help="what was made last")
    busy = Bool(False, read_only=True, help="whether a run is under way")

    def __init__(self, prompt: str = "", *, images: Any = (), **options: Any) -> None:
        """Set the controls as told. Raises `OptionError`."""
        self._start_lock, self._stop_event, self._static_output = (
            threading.RLock(),
            threading.Event(),
            StaticOutput(self._read_content),
        )
        self._run_thread, self.key_guard = RunThread("cometmagic-panel"), KeyGuard()
        given = (*to_list(images), *to_list(options.pop("image", ())))
        self._is_refresh_enabled, self._provenance = False, Provenance()
        self._variables: Mapping[str, str | Path] = {}
        super().__init__()
        try:
            self.prompt, self.options, self.references = prompt, options, given
        except CometError:
            self.close()
            raise
        reading = FormSync(self)
        self._view_state = ViewState(self, reading)
        self._message_handler = MessageHandler(self, self._view_state, reading)
        self._is_refresh_enabled = True
        self._refresh()
        self.children = (self._view_state.container,)
        self.add_class("cometmagic-panel")

    @classmethod
    def from_cell(cls, cell: str) -> Self:
        """Return a panel that stands for a cell of `%%gemini_image`. Raises `OptionError` when it is none."""
        return cls._from_settings(text.parse_settings(cell, notebook_context.get_namespace()))

    @classmethod
    def from_result(cls, result: ImageResult) -> Self:
        """Return a panel that asks for what made a result, and shows it. Raises `OptionError`."""
        made = cls._from_settings(text.restore_settings(result, notebook_context.get_namespace()))
        made.result = result
        return made

    @classmethod
    def _from_settings(cls, settings: text.PanelSettings) -> Self:
        made = cls()
        try:
            made.apply_settings(settings)
        except CometError:
            made.close()
            raise
        return made

    @property
    def settings(self) -> text.PanelSettings:
        """What the panel is set to."""
        return text.PanelSettings(self.prompt, dict(self.options), tuple(self.references), self._variables)

    def as_cell(self) -> str:
        """Return the cell that the panel stands for."""
        return text.format_cell(self.settings)

    def apply_settings(self, settings: text.PanelSettings) -> None:
        """Set all controls at once, and the variables that only this panel has. Raises `OptionError`."""
        for name, value in settings.variables.items():
            self.key_guard.check(f"The variable {name}", str(value))
        with self.hold_refresh():
            self._variables = dict(settings.variables)
            self.prompt, self.options, self.references = settings.prompt, settings.options, settings.references

    @contextlib.contextmanager
    def hold_refresh(self) -> Iterator[None]:
        """Tell the pages of several changes when all are made."""
        self._is_refresh_enabled = False
        try:
            yield
        finally:
            self._is_refresh_enabled = True
            self._refresh()

    def generate(self) -> AnyResult:
        """Do what the button does, and wait for the result. Raises a `CometError`, and `Interrupted`."""
        return self._execute_run(self._begin_run())

    def start(self) -> None:
        """Do what the button does: start a run and return at once. Raises `OptionError` while one is under way."""
        settings = self._begin_run()
        # Some kernels send nothing from a thread that does not have the context of a message.
        self._run_thread.submit(partial(contextvars.copy_context().run, self._execute_quietly, settings))

    def check_idle(self) -> None:
        """Raise `OptionError` while a run is under way."""
        if self.busy:
            raise OptionError("The panel is at work.", advice="Wait for its picture, or cancel it.")

    def cancel(self) -> None:
        """Stop waiting, as an interrupt of a cell does: what was sent goes on, and its picture is saved."""
        self._stop_event.set()

    def close(self) -> None:
        """Close the panel and its parts."""
        for sheet in self.children:
            for part in (*sheet.children, sheet):
                part.close()
        super().close()

    def _begin_run(self) -> text.PanelSettings:
        """Return what is asked for, which a change of the panel does not change any more."""
        with self._start_lock:
            self.check_idle()
            self._stop_event.clear()
            self.key_guard.reload()
            try:
                self.set_trait("busy", True)
            except BaseException:  # an interrupt while the page is told
                self.set_trait("busy", False)
                raise
            return self.settings

    def _execute_run(self, settings: text.PanelSettings) -> AnyResult:
        """Carry a run to its end, and tell the browser how it ended."""
        mirror, ended = self._view_state, None
        try:
            mirror.show_start()
            ended = execute.execute_run(
                lambda: self._build_plans(settings),
                self._stop_event,
                mirror.show_status,
                notebook_context.get_namespace(),
            )
            self._provenance.record_cell(ended.result, text.format_cell(settings))
            self.result = ended.result
            ended.check()
            mirror.show_success(*ended.saved_paths)
            return ended.result
        except KeyboardInterrupt as stopped:
            told = str(stopped) or (
                str(ChargeStatus.UNSENT) if ended is None else "The picture is saved in the library."
            )
            mirror.show_stop(told)
            raise Interrupted(told) from None
        except Exception as error:
            mirror.show_error(error)
            raise
        finally:
            self.set_trait("busy", False)

    def _execute_quietly(self, settings: text.PanelSettings) -> None:
        with contextlib.suppress(CometError, Interrupted):  # the panel says it
            self._execute_run(settings)

    def _build_plans(self, settings: text.PanelSettings) -> list[Plan]:
        given = settings.options | ({"image": list(settings.references)} if settings.references else {})
        return plan_cell(
            settings.prompt,
            given,
            settings.merge_namespace(notebook_context.get_namespace()),
            notebook_context.get_session_options(),
        )

    @property
    def namespace(self) -> dict[str, Any]:
        """What names stand for: the panel's own variables, which a cell or a result came with, then the notebook's."""
        return self.settings.merge_namespace(notebook_context.get_namespace())

    @validate("prompt")
    def _validate_prompt(self, proposal: dict[str, Any]) -> str:
        self.key_guard.check("The prompt", proposal["value"])
        return str(proposal["value"])

    @validate("options")
    def _validate_options(self, proposal: dict[str, Any]) -> dict[str, Any]:
        given = dict(proposal["value"])
        for flag in ("edit", "chat"):
            if flag in given:
                given[flag] = reference_names.name_result(flag, given[flag], self.namespace)
        options = controls.normalize_options(given)
        for name, value in options.items():
            self.key_guard.check(f"The option {name!r}", extract_text(value))
        return controls.ImmutableOptions(options)

    @validate("references")
    def _validate_references(self, proposal: dict[str, Any]) -> tuple[str, ...]:
        words = tuple(reference_names.name_reference(given, self.namespace) for given in proposal["value"])
        for word in words:
            self.key_guard.check("A reference image", word)
        return words

    @validate("result")
    def _validate_result(self, proposal: dict[str, Any]) -> Any:
        if not isinstance(proposal["value"], ImageResult | ImageResults | None):
            raise OptionError(f"{type(proposal['value']).__name__} is no result.")
        if isinstance(proposal["value"], ImageResults) and not proposal["value"].results:
            raise OptionError("There is no picture among these results.")
        return proposal["value"]

    @observe("prompt", "options", "references", "busy")
    def _refresh(self, _: Any = None) -> None:
        if self._is_refresh_enabled:
            self._view_state.refresh()
            if self.result is None:
                self._static_output.update()

    @observe("result")
    def _show_result(self, _: Any) -> None:
        self._view_state.show_result(self.result)
        self._static_output.update()

    def _read_content(self) -> tuple[AnyResult | None, str]:
        """Return what is shown and the cell that made it; without a result, the panel's own."""
        made = self.result
        return made, self.as_cell() if made is None else self._provenance.find_cell(
            made, notebook_context.get_namespace()
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        is_open = self.comm is not None  # a closed one is a picture and a cell, as in a saved notebook
        bundle: dict[str, Any] = (super()._repr_mimebundle_(**kwargs) or {}) if is_open else {}
        made, cell = self._read_content()
        told = f" {made!r}" if made is not None else ""
        return bundle | {"text/plain": f"<cometmagic panel{told}>\n{cell}", "text/html": render_page(made, cell)}

    def _ipython_display_(self) -> None:
        shell = get_ipython()
        bundle = type(self)._repr_mimebundle_(self)  # closing takes it from the widget
        if shell is None or not hasattr(shell, "kernel") or self.comm is None:
            publish((bundle, {}))
            return
        publish((bundle | {"text/html": "<div></div>"}, {}))  # the outputs beside it say it
        self._static_output.show(shell)

    def __repr__(self) -> str:
        return f"<cometmagic panel: {self.as_cell()!r}>"


def panel(prompt: str = "", *, images: Any = (), **options: Any) -> Panel:
    """Return a panel, its controls set as told: `panel("a red bicycle", aspect_ratio="16:9")`.

    `images`, one or several, are reference images as `generate` takes them, `options` those of the cell. Raises
    `OptionError`.
    """
    return Panel(prompt, images=images, **options)
