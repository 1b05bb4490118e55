"""The library as plain text: a table of its calls, and the facts of one call.

The text is the same for notebooks and terminals. Recordings may be foreign or damaged: their text is cleaned, and
missing facts are left out. This module changes nothing.
"""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from cometmagic.costs.call_price import read_estimate
from cometmagic.costs.charges import compute_outcome
from cometmagic.costs.estimate import Price
from cometmagic.costs.ledger_entries import Outcome
from cometmagic.errors import LibraryError, restore_error
from cometmagic.options.command_line import format_option
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallRecord, CallState
from cometmagic.storage.index import parse_planned_time, read_calls, shorten_id
from cometmagic.storage.library import Library, format_call_count
from cometmagic.storage.request_diff import read_call_options
from cometmagic.system.formatting import format_bytes, format_path
from cometmagic.system.regular_files import measure_regular
from cometmagic.system.sanitize import TEXT_CAP, clean_line

MAX_ROWS = 30  # calls in a table
TABLE_WIDTH = 110  # characters of a table; fits JupyterLab with its file list open
FACT_WIDTH = 100  # characters of a line of facts
MIN_WIDTH_WITH_MODEL = 104  # characters; a narrower table has no model column
UNREADABLE = "unreadable"  # the state of a call whose call.json does not fit its declaration
MIN_PROMPT_WIDTH = 16  # characters of a prompt in any table
_PENDING_HINT = "%gemini_library pending tells what is under way, %gemini_library recover brings home what was left."


class Row(NamedTuple):
    """One call in the table."""

    id: str
    when: str
    source: str
    state: str
    cost: str
    model: str
    prompt: str


class Listing(NamedTuple):
    """Calls of a library, newest first, with a title and notes."""

    title: str
    rows: list[tuple[CallFolder, Row]]
    notes: list[str]


def list_calls(library: Library, query: str = "") -> Listing:
    """Return the newest calls; with a `query` only those that contain each of its words."""
    entries, root = read_calls(library), format_path(library.root)
    if not entries:
        return Listing(f"There is no call in {root} yet.", [], [])
    matches = [(folder, call) for folder, call in entries if _is_match(folder, call, query)]
    if not matches:
        return Listing(f"None of the {format_call_count(len(entries))} in {root} has {query!r}.", [], [])
    condition, notes = f" with {query!r}" if query else "", []
    rows = [(folder, _build_row(folder, call)) for folder, call in matches[:MAX_ROWS]]
    if (remainder := len(matches) - MAX_ROWS) > 0:
        notes.append(f"and {remainder} older ones; %gemini_library list WORDS finds those with certain words")
    if any(row.cost.endswith("?") for _, row in rows):
        notes.append("? sent, but without a picture: it may have been charged")
    return Listing(f"{format_call_count(len(matches))}{condition} in {root}, newest first", rows, notes)


def format_table(listing: Listing, width: int = TABLE_WIDTH) -> str:
    """Return calls as a table of `width` characters."""
    if not listing.rows:
        return listing.title
    lines = [listing.title, "", *_format_rows([row for _, row in listing.rows], width)]
    return "\n".join([*lines, *(f"\n{note}" for note in listing.notes)])


def _is_match(folder: CallFolder, call: CallRecord | None, query: str) -> bool:
    """Whether the id, time, source, state, model or prompt contains each word of `query`."""
    facts = [UNREADABLE] if call is None else [call["source"], call["state"], call["model"], call["prompt"]]
    times = [] if call is None else [_format_time(call)]
    text = " ".join([folder.id, *times, *facts]).casefold()
    return all(word in text for word in query.casefold().split())


def _build_row(folder: CallFolder, call: CallRecord | None) -> Row:
    if call is None:
        return Row(shorten_id(folder), "?", "?", UNREADABLE, "?", "?", "")
    model, prompt = clean_line(call["model"], 32), clean_line(call["prompt"])
    return Row(shorten_id(folder), _format_time(call), call["source"], call["state"], _format_cost(call), model, prompt)


def _format_time(call: CallRecord) -> str:
    return f"{parse_planned_time(call):%Y-%m-%d %H:%M}"


def _format_cost(call: CallRecord) -> str:
    """Return the estimate of a live call, with a question mark if it was sent but has no image."""
    if call["source"] != "live":
        return "free"
    usd, outcome = compute_outcome(call)
    if outcome in (Outcome.UNSENT, Outcome.NO_IMAGE) and not usd:
        return "-"
    price = _format_dollars(Price(usd) if usd is not None else read_estimate(call))
    return price if outcome == Outcome.COMPLETED else f"{price}?"


def _format_dollars(price: Price) -> str:
    return f"${price.usd:.3f}" if price.usd is not None else "?"


def _format_rows(rows: list[Row], width: int) -> Iterator[str]:
    """Yield the lines of a table of `width` characters; its header is the names of the columns."""
    has_model = width >= MIN_WIDTH_WITH_MODEL
    lines = [row if has_model else row._replace(model="") for row in (Row(*Row._fields), *rows)]
    columns = [column for column in zip(*(row[:-1] for row in lines), strict=True) if any(column)]
    widths = [max(map(len, column)) for column in columns]
    prompt_width = max(MIN_PROMPT_WIDTH, width - sum(widths) - 2 * len(widths))
    for *cells, row in zip(*columns, lines, strict=True):
        text = "  ".join(f"{cell:<{cell_width}}" for cell, cell_width in zip(cells, widths, strict=True))
        yield f"{text}  {clean_line(row.prompt, prompt_width)}".rstrip()


def explain_missing_image(folder: CallFolder) -> str:
    """Return in one line why a call has no image to show."""
    try:
        call = folder.read()
    except LibraryError as error:
        return clean_line(error)
    if fields := call.get("error"):
        recorded_error = restore_error(fields)
        return clean_line(f"{type(recorded_error).__name__}: {recorded_error}", TEXT_CAP)  # an address is shown whole
    if call["state"] == CallState.SETTLED:
        return "The call made a picture, but not all of its files are here."
    return f"The call has not ended; its state is {call['state']}. {_PENDING_HINT}"


def describe_call(folder: CallFolder) -> str:
    """Return the facts of a call, each on its own line."""
    try:
        rows = _describe_record(folder.read())
    except LibraryError:
        rows = {"state": UNREADABLE}
    rows |= {"files": "; ".join(_list_files(folder)), "folder": clean_line(format_path(folder.path))}
    return "\n".join(_wrap_text(f"{name:<12}{text}") for name, text in rows.items() if text)


def _describe_record(call: CallRecord) -> dict[str, str]:
    options = " ".join(
        format_option(name, value) for name, value in read_call_options(call).items() if value is not None
    )
    return {
        "prompt": clean_line(call["prompt"]),
        "options": clean_line(options),
        "when": _format_time(call),
        "state": f"{call['state']}, {call['source']}",
        "request id": call.get("request_id", ""),
    }


def _wrap_text(text: str) -> str:
    return textwrap.fill(text, FACT_WIDTH, subsequent_indent=" " * 12, break_long_words=False, break_on_hyphens=False)


def _list_files(folder: CallFolder) -> Iterator[str]:
    """Yield the files of a call with their sizes."""
    with contextlib.suppress(OSError):
        for path in folder.list_files():
            yield f"{clean_line(path.name, 60)} {format_bytes(measure_regular(path))}"
