"""The magics, from `%%gemini_image` to `%gemini_doctor`, and how they are registered.

In `%%gemini_image` the options of the line override those of the session (`%config GeminiImage`); the text of the cell
is the prompt, byte for byte. The image is shown while the cell runs, so the result that the cell returns is not shown
again. Modules are imported when a magic runs, to keep `%load_ext` fast.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

from cometmagic.errors import ChargeStatus, CometError, OptionError
from cometmagic.notebook import library_magic
from cometmagic.notebook.completer import LIVE_FLAG, Completer
from cometmagic.notebook.config import GeminiImage, read_options
from cometmagic.notebook.input_lines import PromptLine, clean_cell_magic
from cometmagic.notebook.namespace import is_result_name
from cometmagic.notebook.shown_values import ShownValues
from cometmagic.notebook.variable_scope import find_variables
from cometmagic.options.command_line import parse_first_line, parse_line
from cometmagic.options.help_text import build_help_text
from cometmagic.options.settings import find_library_folder
from cometmagic.storage.trust import describe_untrusted, is_trusted
from cometmagic.storage.unfinished_calls import find_unfinished_calls
from cometmagic.system.sanitize import clean

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Configurable

    from cometmagic.generation.result import ImageResult
    from cometmagic.notebook.cell_run import CellValue
    from cometmagic.storage.library import Library
    from cometmagic.widget.panel import Panel


MAX_RECENT_CALLS = 200  # calls that are checked when the extension is loaded


@magics_class
class GeminiMagics(Magics):
    """The magics of this extension."""

    def __init__(self, shell: InteractiveShell) -> None:
        """`shell` holds the variables and displays the outputs."""
        super().__init__(shell)
        self.interactive_shell = shell
        self.defaults = _create_defaults(shell)
        self.completer = Completer(shell)
        self.shown_values = ShownValues(shell)

    @no_var_expand
    @line_cell_magic
    def gemini_image(self, line: str, cell_text: str | None = None) -> CellValue:
        """See `command_line.build_help_text`, which replaces this text."""
        from cometmagic.notebook import cell_run

        # In a cell the prompt is below the line; on a line it starts at the first word that is not an option or value.
        if cell_text is None:
            parsed_line = parse_line(line, self._is_result_name)
            options, prompt = parsed_line.options, parsed_line.prompt
        else:
            options, prompt = parse_first_line(line), cell_text.removesuffix("\n")
        shell = self.interactive_shell
        result = cell_run.run_cell(shell, prompt, options, read_options(self.defaults), find_variables(shell.user_ns))
        self.shown_values.add(result)
        return result

    def _is_result_name(self, word: str) -> bool:
        return is_result_name(word, find_variables(self.interactive_shell.user_ns), find_library_folder())

    @no_var_expand
    @line_magic
    def gemini_library(self, line: str) -> ImageResult | None:
        """See `library_magic.format_help`, which replaces this text."""
        result = library_magic.run_action(_open_library, line)
        self.shown_values.add(result)
        return result

    @no_var_expand
    @line_magic
    def gemini_panel(self, line: str) -> Panel:
        """Show a panel: what a cell of %%gemini_image does, by hand. Takes what `%gemini_image` takes, or nothing."""
        import cometmagic  # the widget imports this wing, so this wing uses the public API

        parsed_line = parse_line(line, self._is_result_name)
        return cometmagic.panel(parsed_line.prompt, **parsed_line.options)

    @no_var_expand
    @line_magic
    def gemini_models(self, line: str) -> None:
        """Show what each model supports and costs, and the dates of its names.

        %gemini_models --live also reads CometAPI's public catalogue, without a key; it is kept for a day.
        """
        from cometmagic.display.model_table import build_models_output
        from cometmagic.notebook.progress import publish

        if line.strip() not in ("", LIVE_FLAG):
            raise OptionError(
                f"%gemini_models takes {LIVE_FLAG} or nothing, not {line.strip()[:60]!r}.",
                charge_status=ChargeStatus.PAST,
            )
        publish(build_models_output(is_live=bool(line.strip())))

    @no_var_expand
    @line_magic
    def gemini_doctor(self, line: str) -> None:
        """Tell which settings and surroundings calls have, and what is wrong with them. The key is not shown."""
        from cometmagic import doctor
        from cometmagic.notebook import front_end

        if line.strip():
            raise OptionError(
                f"%gemini_doctor takes nothing, not {line.strip()[:60]!r}.", charge_status=ChargeStatus.PAST
            )
        session_options = read_options(self.defaults)
        rows = front_end.describe_surroundings(self.interactive_shell, session_options)
        print(doctor.examine(*rows, session_options=session_options))


def _create_defaults(shell: InteractiveShell) -> Configurable:
    try:
        return GeminiImage(parent=shell)
    except (
        OptionError
    ) as error:  # an invalid `%config` stays in the shell's configuration and must not prevent a reload
        print(f"Ignored: {error}", file=sys.stderr)
        return GeminiImage()


def _open_library() -> Library:
    from cometmagic.storage.library import library

    return library()


GeminiMagics.gemini_image.__doc__ = build_help_text()
GeminiMagics.gemini_library.__doc__ = library_magic.format_help()


def load(shell: Any) -> None:  # IPython types its parts as optional, and its configurables as shells
    """Register everything with the shell."""
    magics = GeminiMagics(shell)
    shell.register_magics(magics)
    shell.configurables.append(magics.defaults)
    magics.completer.register()
    shell.input_transformer_manager.cleanup_transforms.append(clean_cell_magic)
    shell.input_transformer_manager.token_transformers.append(PromptLine)
    magics.shown_values.register()
    with contextlib.suppress(RuntimeError):  # a Python without threads
        threading.Thread(target=_start_courier, name="cometmagic-warm", daemon=True).start()
    _recover_earlier_calls()


def _start_courier() -> None:
    """Start the courier on a thread, so that the first image does not wait for it."""
    from cometmagic.courier.client import get_courier

    get_courier()


def _recover_earlier_calls() -> None:
    """Recover the unfinished calls of earlier kernels, or say that the library is not trusted; the check is quick."""
    with contextlib.suppress(CometError):  # an invalid library folder is reported when it is used
        root = find_library_folder()
        if not is_trusted(root):
            print(describe_untrusted(root))
        elif find_unfinished_calls(root, MAX_RECENT_CALLS):
            from cometmagic.courier.recovery_report import recover_calls

            for line in recover_calls(root, MAX_RECENT_CALLS):
                print(clean(line))


def unload(shell: Any) -> None:
    """Undo `load`."""
    magics = shell.magics_manager.registry.pop("GeminiMagics", None)
    if not isinstance(magics, GeminiMagics):
        return
    for kind, names in magics.magics.items():
        for name in names:
            shell.magics_manager.magics[kind].pop(name, None)
    shell.configurables.remove(magics.defaults)
    magics.completer.unregister()
    shell.input_transformer_manager.cleanup_transforms.remove(clean_cell_magic)
    shell.input_transformer_manager.token_transformers.remove(PromptLine)
    magics.shown_values.unregister()
