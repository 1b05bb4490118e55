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

from cometmagic.storage.call_folder import CallFolder, CallState
from cometmagic.storage.index import read_calls, shorten_id
from cometmagic.storage.library import Library
from cometmagic.system.sanitize import clean_line

MAX_CALLS = 60  # calls in a tree
MAX_ANCESTORS = 20  # of them before the one that is shown
LINE_WIDTH = 100  # characters of a line
MIN_CALL_WIDTH = 40  # characters of a call, however far to the right it stands
MAX_INDENT = 45  # characters by which branches of branches are moved to the right
CURRENT_MARK = "  ← this one"


@dataclass
class _CallGraph:
    """All calls of a library by id, and which were made from which."""

    calls: dict[str, dict[str, Any]]

    def __post_init__(self) -> None:
        self.children: dict[str, list[str]] = {}
        for name in self.calls:
            self.children.setdefault(self.find_parent(name), []).append(name)

    def find_parent(self, call_id: str) -> str:
        """Return the id of what a call was made from, "" when it was made from nothing."""
        parent = self.calls.get(call_id, {}).get("parent")
        found = parent.get("id") if isinstance(parent, dict) else None
        return found if isinstance(found, str) else ""

    def find_ancestry(self, call_id: str) -> list[str]:
        """Return a call and what it was made from, the oldest first; a circle is cut where it closes."""
        found = [call_id]
        while (parent := self.find_parent(found[0])) in self.calls and parent not in found:
            found.insert(0, parent)
        return found

    def select_calls(self, ancestry: list[str]) -> set[str]:
        """Return the calls that are drawn: the line, what came of the call, then what stands beside it."""
        found = dict.fromkeys(ancestry)
        for start in (ancestry[-1], ancestry[0]):
            queue = [start]
            for name in queue:
                fresh = [child for child in self.children.get(name, ()) if child not in queue]
                queue += fresh
            found |= dict.fromkeys(queue)
        return set(list(found)[:MAX_CALLS])


def render_tree(library: Library, folder: CallFolder) -> str:
    """Return the tree a call belongs to, "" when it was made from nothing and nothing from it."""
    family = _CallGraph({found.id: call for found, call in reversed(read_calls(library))})
    line_of = family.find_ancestry(folder.id)
    origin, cut = family.find_parent(line_of[0]), line_of[-MAX_ANCESTORS:]
    if len(line_of) == 1 and not origin and not family.children.get(folder.id):
        return ""
    head = [f"… {len(line_of) - len(cut)} earlier ones"] if len(cut) < len(line_of) else []
    if origin and not head:
        head = [f"{_shorten_id(origin)}  {'is named again' if origin in family.calls else 'is not here'}"]
    return "\n".join([*head, *_TreeRenderer(family, family.select_calls(cut), folder.id).render_lines(cut[0], "", "")])


@dataclass
class _TreeRenderer:
    """The calls of a family that are drawn, and which of them is shown."""

    graph: _CallGraph
    visible_ids: set[str]
    current_id: str
    rendered_ids: set[str] = field(default_factory=set)

    def render_lines(self, call_id: str, prefix: str, child_prefix: str) -> Iterator[str]:
        """Yield the lines of a call and of what came of it: a single one stands below it, several branch off."""
        self.rendered_ids.add(call_id)
        yield f"{prefix}{self._format_call(call_id, LINE_WIDTH - len(prefix))}"
        left = [child for child in self.graph.children.get(call_id, ()) if child not in self.rendered_ids]
        children = [child for child in left if child in self.visible_ids]
        hidden = len(left) - len(children)
        if len(left) == len(children) == 1:
            yield from self.render_lines(children[0], child_prefix, child_prefix)
            return
        for number, child in enumerate(children, 1):
            last = number == len(left)
            deeper = child_prefix + ("   " if last else "│  ") * (len(child_prefix) < MAX_INDENT)
            yield from self.render_lines(child, f"{child_prefix}{'└─ ' if last else '├─ '}", deeper)
        if hidden:
            yield f"{child_prefix}└─ … {hidden} more"

    def _format_call(self, call_id: str, width: int) -> str:
        """Return a call in one line: its id, how it was made from the one before it, and its prompt."""
        call = self.graph.calls[call_id]
        parent, prompt = call.get("parent"), clean_line(call.get("prompt", ""), 5 * LINE_WIDTH)
        how = f"{clean_line(parent.get('how', '?'), 10)}: " if isinstance(parent, dict) else ""
        failed = "  (no picture)" if call.get("state") in (CallState.FAILED, CallState.UNKNOWN) else ""
        end = f"{failed}{CURRENT_MARK if call_id == self.current_id else ''}"
        return f"{clean_line(f'{_shorten_id(call_id)}  {how}{prompt}', max(MIN_CALL_WIDTH, width - len(end)))}{end}"


def _shorten_id(call_id: str) -> str:
    return shorten_id(CallFolder(Path(call_id)))
