"""The panel itself: a widget whose traits, controls, cell and requests always agree.

`PanelState` holds the traits, `ViewState` updates the pages, `MessageHandler` handles their messages, and
`Runner` runs. No other module of the widget knows `Panel`.
"""

from __future__ import annotations

from typing import Any, Self, Unpack

from IPython.core.getipython import get_ipython
from ipywidgets import VBox
from traitlets import observe

from cometmagic.errors import CometError
from cometmagic.generation.image_list import list_images
from cometmagic.generation.result import ImageResult
from cometmagic.generation.result_list import AnyResult
from cometmagic.notebook.progress import publish
from cometmagic.options.keywords import PanelOptions, expose_keywords
from cometmagic.widget.cell.provenance import Provenance
from cometmagic.widget.cell.text import PanelSettings, parse_settings, restore_settings
from cometmagic.widget.form_sync import FormSync
from cometmagic.widget.message_handler import MessageHandler
from cometmagic.widget.notebook_context import get_namespace, has_visitors
from cometmagic.widget.panel_state import PanelState
from cometmagic.widget.run.runner import Runner
from cometmagic.widget.static_output import StaticOutput, render_page
from cometmagic.widget.view_state import ViewState
from cometmagic.widget.visitor_policy import MAX_REFERENCES, VisitorPolicy
from cometmagic.widget.widgets import ReadOnlyState


class Panel(PanelState, ReadOnlyState, VBox):  # type: ignore[misc]
    """A form that generates images, one run after another.

    `prompt` is a template as in a cell, `options` are those of its line, `references` are reference images as
    `--image` names them, `result` is the last result, `busy` is whether a run is in progress. All can be observed,
    and all but `busy` can be set. Set options and references as a whole: `panel.options |= {"thoughts": True}`.
    """

    __module__ = "cometmagic"  # where people import it from

    @expose_keywords(PanelOptions)
    def __init__(self, prompt: str = "", *, images: Any = (), **options: Unpack[PanelOptions]) -> None:
        """Set the controls, as `panel` does."""
        values: dict[str, Any] = {**options}
        is_public = has_visitors()
        self._static_output = StaticOutput(self._read_content, has_visitors=is_public)
        self._provenance = Provenance()
        references = (*list_images(images), *list_images(values.pop("image", ())))
        super().__init__()
        if is_public:
            self.max_references = MAX_REFERENCES
        try:
            self.options, self.prompt, self.references = values, prompt, references
        except CometError:
            self.close()
            raise
        policy = VisitorPolicy(self, lambda: self._view_state.results) if is_public else None
        form_sync = FormSync(self, policy)
        self._view_state = ViewState(self, form_sync, has_visitors=policy is not None)
        self._runs = Runner(self, self._view_state, self._provenance)
        self._message_handler = MessageHandler(self, self._view_state, form_sync, self._runs, policy)
        self._is_refresh_enabled = True
        self._refresh()
        self.children = (self._view_state.container,)
        self.add_class("cometmagic-panel")

    @classmethod
    def from_cell(cls, cell: str) -> Self:
        """Return a panel with the settings of a `%%gemini_image` cell. Raises `OptionError` for any other cell."""
        return cls._from_settings(parse_settings(cell, get_namespace()))

    @classmethod
    def from_result(cls, result: ImageResult) -> Self:
        """Return a panel with the settings that produced a result, and show the result. Raises `OptionError`."""
        new_panel = cls._from_settings(restore_settings(result, get_namespace()))
        new_panel.result = result
        return new_panel

    @classmethod
    def _from_settings(cls, settings: PanelSettings) -> Self:
        new_panel = cls()
        try:
            new_panel.apply_settings(settings)
        except CometError:
            new_panel.close()
            raise
        return new_panel

    def generate(self) -> AnyResult:
        """Do what the button does, and wait for the result. Raises a `CometError`, and `Interrupted`."""
        return self._runs.generate()

    def start(self) -> None:
        """Do what the button does: start a run and return at once. Raises `OptionError` while a run is in progress."""
        self._runs.start()

    def cancel(self) -> None:
        """Stop waiting, as interrupting a cell does: a request already sent goes on, and its image is saved."""
        self._runs.cancel()

    def close(self) -> None:
        """Close the panel and its parts."""
        for container in self.children:
            for part in (*container.children, container):
                part.close()
        super().close()

    def _refresh_views(self) -> None:
        """Update the form, and the outputs below it while they show the panel's own cell."""
        self._view_state.refresh()
        if self.result is None:
            self._static_output.update()

    @observe("result")
    def _show_result(self, _: Any) -> None:
        self._view_state.show_result(self.result)
        self._static_output.update()

    def _read_content(self) -> tuple[AnyResult | None, str]:
        """Return the last result and the cell that produced it, if known; without a result, the panel's own cell."""
        result = self.result
        try:
            settings = self.settings if result is None else self._provenance.find_settings(result, get_namespace())
            return result, self._view_state.format_cell(settings)
        except CometError:
            return result, ""

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        is_open = self.comm is not None  # a closed panel is an image and a cell, as in a saved notebook
        bundle: dict[str, Any] = (super()._repr_mimebundle_(**kwargs) or {}) if is_open else {}
        result, cell = self._read_content()
        suffix = f" {result!r}" if result is not None else ""
        text = self._view_state.hide_folders(f"<cometmagic panel{suffix}>\n{cell}")
        return bundle | {"text/plain": text, "text/html": render_page(result, cell)}

    def _ipython_display_(self) -> None:
        shell = get_ipython()
        bundle = type(self)._repr_mimebundle_(self)  # closing removes the method from the widget
        if shell is None or not hasattr(shell, "kernel") or self.comm is None:
            publish((bundle, {}))
            return
        publish((bundle | {"text/html": "<div></div>"}, {}))  # the outputs below it have the HTML
        self._static_output.show(shell)

    def __repr__(self) -> str:
        return f"<cometmagic panel: {self.as_cell()!r}>"


@expose_keywords(PanelOptions)
def panel(prompt: str = "", *, images: Any = (), **options: Unpack[PanelOptions]) -> Panel:
    """Return a panel with its controls set.

    Args:
        prompt: A template, as in a cell: `{{name}}` stands for a variable of the notebook.
        images: One reference image or several: variables of the notebook, file paths, http(s) addresses.
        **options: The options of a cell, for example `aspect_ratio="16:9"`.

    Returns:
        The panel. Show it as the last line of a cell.

    Raises:
        OptionError: An option or a reference is wrong.
    """
    return Panel(prompt, images=images, **options)
