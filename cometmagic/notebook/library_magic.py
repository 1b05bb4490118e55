"""`%gemini_library`: list, show, recover and share the calls of the library.

Each action calls one function of another wing and prints or displays its result. Modules are imported when an action
runs, to keep `%load_ext` fast.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython

from cometmagic.errors import ChargeStatus, OptionError
from cometmagic.options.option_types import Number
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean, clean_line
from cometmagic.system.suggestions import suggest

if TYPE_CHECKING:
    from cometmagic.generation.result import ImageResult
    from cometmagic.storage.library import Library

MAGIC = "%gemini_library"
_PREVIEW_OPTION = re.compile(r"(?:^|\s)--preview(?:(?:=|\s+)(\S+))?(?=\s|$)")
_PIXEL_COUNT = Number(1, 16384, is_whole=True)


def show_list(library: Library, query: str) -> None:
    """Show the newest calls: with thumbnails in a notebook, as a table in a terminal."""
    from cometmagic.display import library_table

    listing = library_table.list_calls(library, query)
    if hasattr(get_ipython(), "kernel"):
        from cometmagic.display.gallery import build_gallery
        from cometmagic.notebook.progress import publish

        publish(build_gallery(listing))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else library_table.TABLE_WIDTH
        _print(library_table.format_table(listing, width))


def show_call(library: Library, call_id: str) -> ImageResult | None:
    """Show a call as its cell did, and print its facts; return its result, if it has one."""
    from cometmagic.display import library_table
    from cometmagic.display.edit_tree import render_tree
    from cometmagic.generation.result import ImageResult
    from cometmagic.notebook import cell_run
    from cometmagic.storage import index

    folder = index.find_call(library, call_id)
    result = ImageResult(folder.path) if folder.is_complete else None
    if result:
        cell_run.show_result(result)
    else:
        _print(library_table.explain_missing_image(folder))
    _print(f"\n{library_table.describe_call(folder)}")
    if tree := render_tree(library, folder):
        _print(f"\n{tree}")
    return result


def fetch_call(library: Library, call_id: str) -> ImageResult:
    """Fetch the picture of a call whose answer holds only its address, show it and return its result."""
    from cometmagic.generation.fetch import fetch_image
    from cometmagic.notebook import cell_run
    from cometmagic.storage import index

    result = fetch_image(index.find_call(library, call_id).path)
    cell_run.show_result(result)
    return result


def _print(text: object) -> None:
    """Print a text that may quote a foreign library."""
    print(clean(text, len(str(text)) + 1))


def write_pack(library: Library, folder: str) -> None:
    """Copy the recordings to a folder and print what was copied."""
    from cometmagic.storage.recording_pack import pack

    _print(pack(library, folder))


def show_pending(library: Library, _: str) -> None:
    """Print the running calls of this kernel and of others."""
    from cometmagic.courier.recovery_report import format_running_calls

    _print("\n".join(format_running_calls(library.root)) or "Nothing is under way.")


def show_recovery(library: Library, _: str) -> None:
    """Recover the calls of earlier sessions, and print the outcome of each."""
    from cometmagic.courier.recovery_report import recover_calls

    has_calls = False
    for line in recover_calls(library.root):
        has_calls = True
        _print(line)
    if not has_calls:
        _print("Nothing was left behind.")


def trust_library(library: Library, _: str) -> None:
    """Mark a library from somebody else as trusted, and print what is in it."""
    from cometmagic.storage.library import format_call_count
    from cometmagic.storage.trust_records import get_session_records

    library.trust()
    limit = " until this kernel ends, because the state folder cannot be written" if get_session_records() else ""
    _print(
        f"The library {format_path(library.root)} with {format_call_count(len(list(library)))} is now trusted{limit}."
    )


def show_spending(library: Library, _: str) -> None:
    """Print what was spent."""
    from cometmagic.costs.spending_report import format_spending
    from cometmagic.generation.session import SESSION_ID

    _print(format_spending(library.root, SESSION_ID))


def shrink_notebook(library: Library, argument: str) -> None:
    """Shrink the images inside a notebook file and print how much smaller it is."""
    from cometmagic.storage.slim_notebook import DEFAULT_MAX_SIDE, slim

    preview, text = _PREVIEW_OPTION.search(argument), _PREVIEW_OPTION.sub(" ", argument, count=1).strip()
    name = _strip_outer_quotes(text)
    unknown_option = re.search(r"(?:^|\s)(-[\w-]+)", text) if name == text else None
    if unknown_option and not Path(name).expanduser().exists():
        raise _build_error(f"There is no option {unknown_option[1]}.")
    if not name:
        raise _build_error(f"{MAGIC} slim needs {ACTIONS['slim'].metavar}.")
    try:
        max_side = _PIXEL_COUNT.parse(preview[1] or "") if preview else DEFAULT_MAX_SIDE
    except ValueError as error:
        raise _build_error(f"--preview: {error}.") from None
    _print(slim(Path(name), library, int(max_side)))


@dataclass(frozen=True)
class Action:
    """An action of the magic: its function, its help, and its argument and option."""

    run: Callable[[Library, str], ImageResult | None]
    help: str
    metavar: str = ""
    is_optional: bool = False
    option: str = ""

    def check(self, name: str, argument: str) -> None:
        """Raise `OptionError` if the action does not accept the argument."""
        if argument.startswith("-") and not (self.option and argument.startswith(self.option)):
            raise _build_error(f"There is no option {argument.split(maxsplit=1)[0]}.")
        if argument and not self.metavar:
            raise _build_error(f"{MAGIC} {name} takes nothing, not {argument[:60]!r}.")
        if self.metavar and not argument and not self.is_optional:
            raise _build_error(f"{MAGIC} {name} needs {self.metavar}.")


ACTIONS = {
    "list": Action(show_list, "the newest calls; with WORDS those that have them all", "[WORDS]", is_optional=True),
    "show": Action(show_call, "the picture of one call and what is known of it; a part of the id is enough", "ID"),
    "pending": Action(show_pending, "what is still under way, in this notebook and in others"),
    "recover": Action(show_recovery, "bring home what an earlier session left behind"),
    "pack": Action(write_pack, "copy all recordings to a folder that replays them without key and network", "FOLDER"),
    "fetch": Action(
        fetch_call, "get the picture of a call that brought only its address; nothing is asked again", "ID"
    ),
    "trust": Action(trust_library, "use a library from somebody else like your own: live calls, edits, recovery"),
    "spend": Action(show_spending, "what was spent"),
    "slim": Action(
        shrink_notebook,
        "make the pictures inside a notebook file previews of PX pixels a side; the originals stay in the library",
        "NOTEBOOK [--preview PX]",
        option="--preview",
    ),
}


def format_help() -> str:
    """Return the help of the magic."""
    rows = [f"    {f'{MAGIC} {name} {action.metavar}':<44} {action.help}" for name, action in ACTIONS.items()]
    return "\n".join(["Show what has been made, and share it. Left out, the action is list.", "", *rows, ""])


def run_action(open_library: Callable[[], Library], line: str) -> ImageResult | None:
    """Run the action of a line, and return the result that it shows."""
    name, *arguments = line.split(maxsplit=1) or ["list"]
    argument = _strip_outer_quotes("".join(arguments).strip())
    if name not in ACTIONS:
        hint, advice = suggest(name, ACTIONS) or ".", f"Known are {', '.join(ACTIONS)}; {MAGIC}? explains them."
        raise _build_error(f"There is no {MAGIC} {name[:60]}{hint}", advice)
    ACTIONS[name].check(name, argument)
    return ACTIONS[name].run(open_library(), argument)


def _strip_outer_quotes(text: str) -> str:
    """Return a text without its outer quotes; paths with spaces can have them."""
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text


def _build_error(message: str, advice: str = f"{MAGIC}? explains it.") -> OptionError:
    return OptionError(clean_line(message), charge_status=ChargeStatus.PAST, advice=advice)
