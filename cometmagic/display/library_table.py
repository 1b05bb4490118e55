"""The library for people: a table of its calls, and what is known of one of them.

All of it is plain text, for a notebook as well as for a terminal. What was recorded may be somebody else's:
it is cleaned, and what is missing in it is left out. This module changes nothing.
"""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

from cometmagic.costs.charges import compute_outcome
from cometmagic.costs.estimate import Price
from cometmagic.costs.ledger_entries import Outcome
from cometmagic.errors import CometError, LibraryError, restore_error
from cometmagic.options.command_line import format_option
from cometmagic.storage.call_folder import CallFolder, CallState
from cometmagic.storage.index import UNKNOWN_TIME, parse_planned_time, read_calls, shorten_id
from cometmagic.storage.library import Library, format_call_count
from cometmagic.storage.request_diff import read_call_options
from cometmagic.system.formatting import format_bytes, format_path
from cometmagic.system.sanitize import clean_line

MAX_ROWS = 30  # calls in a table
TABLE_WIDTH = 110  # characters of a table; what JupyterLab shows beside its file list
FACT_WIDTH = 100  # characters of a fact
MIN_WIDTH_WITH_MODEL = 104  # characters; a narrower table does without the model
MIN_PROMPT_WIDTH = 16  # characters of a prompt that stand in any table
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
    """Some calls, newest first: what they are, a row for each, and what there is to say."""

    title: str
    rows: list[tuple[CallFolder, Row]]
    notes: list[str]


def list_calls(library: Library, query: str = "") -> Listing:
    """Return the newest calls; only those that have each of `words` somewhere in them."""
    entries, place = read_calls(library), format_path(library.root)
    if not entries:
        return Listing(f"There is no call in {place} yet.", [], [])
    found = [(folder, call) for folder, call in entries if _is_match(folder, call, query)]
    if not found:
        return Listing(f"None of the {format_call_count(len(entries))} in {place} has {query!r}.", [], [])
    chosen, notes = f" with {query!r}" if query else "", []
    rows = [(folder, _build_row(folder, call)) for folder, call in found[:MAX_ROWS]]
    if len(found) > MAX_ROWS:
        notes.append(
            f"and {len(found) - MAX_ROWS} older ones; %gemini_library list WORDS finds those with certain words"
        )
    if any(row.cost.endswith("?") for _, row in rows):
        notes.append("? sent, but without a picture: it may have been charged")
    return Listing(f"{format_call_count(len(found))}{chosen} in {place}, newest first", rows, notes)


def format_table(listing: Listing, width: int = TABLE_WIDTH) -> str:
    """Return calls as a table, `width` characters wide."""
    if not listing.rows:
        return listing.title
    lines = [listing.title, "", *_format_rows([row for _, row in listing.rows], width)]
    return "\n".join([*lines, *(f"\n{note}" for note in listing.notes)])


def _is_match(folder: CallFolder, call: dict[str, Any], query: str) -> bool:
    """Whether each of `words` stands in the call's name, prompt, model, source, state or time."""
    told = " ".join(
        [folder.id, _format_time(call), *(str(call.get(name)) for name in ("source", "state", "model", "prompt"))]
    )
    return all(word in told.casefold() for word in query.casefold().split())


def _build_row(folder: CallFolder, call: dict[str, Any]) -> Row:
    source, state, model = (clean_line(call.get(name, "?"), 32) for name in ("source", "state", "model"))
    state = state if call else "damaged"
    return Row(
        shorten_id(folder),
        _format_time(call),
        source,
        state,
        _format_cost(call),
        model,
        clean_line(call.get("prompt", "")),
    )


def _format_time(call: dict[str, Any]) -> str:
    moment = parse_planned_time(call)
    return f"{moment:%Y-%m-%d %H:%M}" if moment != UNKNOWN_TIME else "?"


def _format_cost(call: dict[str, Any]) -> str:
    """Return the estimate of a live call, with a question mark where nothing came of the money."""
    if call.get("source") != "live":
        return "free" if call else "?"
    try:
        usd, word = compute_outcome(call)
        if word in (Outcome.UNSENT, Outcome.NO_IMAGE) and not usd:
            return "-"
        known = Price(usd) if usd is not None else Price(**call["estimate"])
        return _format_dollars(known) if word == Outcome.COMPLETED else f"{_format_dollars(known)}?"
    except (CometError, AttributeError, KeyError, TypeError, ValueError):
        return "?"


def _format_dollars(price: Price) -> str:
    return f"${price.usd:.3f}" if price.usd is not None else "?"


def _format_rows(rows: list[Row], width: int) -> Iterator[str]:
    """Yield a table's lines, cut to `width`."""
    shown = [row if width >= MIN_WIDTH_WITH_MODEL else row._replace(model="") for row in (Row(*Row._fields), *rows)]
    columns = [column for column in zip(*(row[:-1] for row in shown), strict=True) if any(column)]
    widths = [max(map(len, column)) for column in columns]
    left = max(MIN_PROMPT_WIDTH, width - sum(widths) - 2 * len(widths))
    for *cells, row in zip(*columns, shown, strict=True):
        start = "  ".join(f"{cell:<{size}}" for cell, size in zip(cells, widths, strict=True))
        yield f"{start}  {clean_line(row.prompt, left)}".rstrip()


def explain_missing_image(folder: CallFolder) -> str:
    """Return in one line why a call has no picture to show."""
    try:
        call = folder.read()
    except LibraryError as error:
        return clean_line(error)
    if isinstance(kept := call.get("error"), dict) and kept:
        told = restore_error({name: clean_line(kept.get(name, "")) for name in ("type", "what", "fate", "do")})
        return f"{type(told).__name__}: {told}"
    if call.get("state") == CallState.SETTLED:
        return "The call made a picture, but not all of its files are here."
    return f"The call has not ended; its state is {clean_line(call.get('state'), 20)}. {_PENDING_HINT}"


def describe_call(folder: CallFolder) -> str:
    """Return what is known of a call, one line for each thing."""
    try:
        call = folder.read()
    except LibraryError:
        call = {}
    options = " ".join(
        format_option(name, value) for name, value in read_call_options(call).items() if value is not None
    )
    rows = {
        "prompt": clean_line(call.get("prompt", "")),
        "options": clean_line(options),
        "when": _format_time(call),
        "state": clean_line(f"{call.get('state', 'damaged')}, {call.get('source', 'source unknown')}"),
        "request id": clean_line(call.get("request_id", ""), 120),
        "files": "; ".join(_list_files(folder)),
        "folder": clean_line(format_path(folder.path)),
    }
    return "\n".join(_wrap_text(f"{name:<12}{text}") for name, text in rows.items() if text)


def _wrap_text(text: str) -> str:
    return textwrap.fill(text, FACT_WIDTH, subsequent_indent=" " * 12, break_long_words=False, break_on_hyphens=False)


def _list_files(folder: CallFolder) -> Iterator[str]:
    """Yield the files of a call with their sizes; hidden ones are half written."""
    with contextlib.suppress(OSError):
        for path in sorted(folder.path.iterdir()):
            if not path.name.startswith("."):
                yield f"{clean_line(path.name, 60)} {format_bytes(path.stat().st_size)}"
