"""The tree of edits a call belongs to: what it was made from, and what was made from it, as text.

What a call goes on from stands in its call.json as `parent`. It may be somebody else's or damaged: a parent that
is not here is told, and calls that are each other's parents are cut apart. This module draws no pictures and
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cometmagic.storage.index import read_calls, shorten_id
from cometmagic.storage.store import CallFolder, CallState, Library
from cometmagic.system.sanitize import clean_line

MOST = 60  # calls in a tree
EARLIER = 20  # of them before the one that is shown
WIDTH = 100  # characters of a line
LEAST = 40  # characters of a call, however far to the right it stands
DEEPEST = 45  # characters by which branches of branches are moved to the right
HERE = "  ← this one"


@dataclass
class _Family:
    """All calls of a library by id, and which were made from which."""

    calls: dict[str, dict[str, Any]]

    def __post_init__(self) -> None:
        self.children: dict[str, list[str]] = {}
        for name in self.calls:
            self.children.setdefault(self.parent(name), []).append(name)

    def parent(self, name: str) -> str:
        """Return the id of what a call was made from, "" when it was made from nothing."""
        parent = self.calls.get(name, {}).get("parent")
        found = parent.get("id") if isinstance(parent, dict) else None
        return found if isinstance(found, str) else ""

    def line_of(self, name: str) -> list[str]:
        """Return a call and what it was made from, the oldest first; a circle is cut where it closes."""
        found = [name]
        while (parent := self.parent(found[0])) in self.calls and parent not in found:
            found.insert(0, parent)
        return found

    def chosen(self, line_of: list[str]) -> set[str]:
        """Return the calls that are drawn: the line, what came of the call, then what stands beside it."""
        found = dict.fromkeys(line_of)
        for start in (line_of[-1], line_of[0]):
            queue = [start]
            for name in queue:
                fresh = [child for child in self.children.get(name, ()) if child not in queue]
                queue += fresh
            found |= dict.fromkeys(queue)
        return set(list(found)[:MOST])


def tree(library: Library, folder: CallFolder) -> str:
    """Return the tree a call belongs to, "" when it was made from nothing and nothing from it."""
    family = _Family({found.id: call for found, call in reversed(read_calls(library))})
    line_of = family.line_of(folder.id)
    origin, cut = family.parent(line_of[0]), line_of[-EARLIER:]
    if len(line_of) == 1 and not origin and not family.children.get(folder.id):
        return ""
    head = [f"… {len(line_of) - len(cut)} earlier ones"] if len(cut) < len(line_of) else []
    if origin and not head:
        head = [f"{_short(origin)}  {'is named again' if origin in family.calls else 'is not here'}"]
    return "\n".join([*head, *_Drawing(family, family.chosen(cut), folder.id).lines(cut[0], "", "")])


@dataclass
class _Drawing:
    """The calls of a family that are drawn, and which of them is shown."""

    family: _Family
    chosen: set[str]
    shown: str
    done: set[str] = field(default_factory=set)

    def lines(self, name: str, lead: str, follow: str) -> Iterator[str]:
        """Yield the lines of a call and of what came of it: a single one stands below it, several branch off."""
        self.done.add(name)
        yield f"{lead}{self._told(name, WIDTH - len(lead))}"
        left = [child for child in self.family.children.get(name, ()) if child not in self.done]
        children = [child for child in left if child in self.chosen]
        hidden = len(left) - len(children)
        if len(left) == len(children) == 1:
            yield from self.lines(children[0], follow, follow)
            return
        for number, child in enumerate(children, 1):
            last = number == len(left)
            deeper = follow + ("   " if last else "│  ") * (len(follow) < DEEPEST)
            yield from self.lines(child, f"{follow}{'└─ ' if last else '├─ '}", deeper)
        if hidden:
            yield f"{follow}└─ … {hidden} more"

    def _told(self, name: str, width: int) -> str:
        """Return a call in one line: its id, how it was made from the one before it, and its prompt."""
        call = self.family.calls[name]
        parent, prompt = call.get("parent"), clean_line(call.get("prompt", ""), 5 * WIDTH)
        how = f"{clean_line(parent.get('how', '?'), 10)}: " if isinstance(parent, dict) else ""
        failed = "  (no picture)" if call.get("state") in (CallState.FAILED, CallState.UNKNOWN) else ""
        end = f"{failed}{HERE if name == self.shown else ''}"
        return f"{clean_line(f'{_short(name)}  {how}{prompt}', max(LEAST, width - len(end)))}{end}"


def _short(name: str) -> str:
    return shorten_id(CallFolder(Path(name)))
