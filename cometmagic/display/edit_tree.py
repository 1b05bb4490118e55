"""The tree of edits a call belongs to, as text: its ancestors and the calls that were made from it.

The `parent` in a call.json names the call that was edited. The file may be foreign or damaged: a missing parent is
reported, and a circle of parents is cut. This module draws no images and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallRecord, CallState
from cometmagic.storage.index import read_calls, shorten_id
from cometmagic.storage.library import Library
from cometmagic.system.sanitize import clean_line

MAX_CALLS = 60  # calls in a tree
MAX_ANCESTORS = 20  # calls from the oldest drawn ancestor to the current call
LINE_WIDTH = 100  # characters of a line
MIN_CALL_WIDTH = 40  # characters of a call at any indent
MAX_INDENT = 45  # characters; deeper branches are not indented further
CURRENT_MARK = "  ← this one"


@dataclass
class _CallGraph:
    """All calls of a library by id, with their parents and children."""

    calls: dict[str, CallRecord | None]  # None for one that is unreadable

    def __post_init__(self) -> None:
        self.children: dict[str, list[str]] = {}
        for call_id in self.calls:
            self.children.setdefault(self.find_parent(call_id), []).append(call_id)

    def find_parent(self, call_id: str) -> str:
        """Return the id of the call that a call was made from, or ""."""
        call = self.calls.get(call_id)
        parent = call.get("parent") if call is not None else None
        return parent["id"] if parent is not None else ""

    def find_ancestry(self, call_id: str) -> list[str]:
        """Return a call and its ancestors, the oldest first; a circle is cut where it closes."""
        ancestry = [call_id]
        while (parent_id := self.find_parent(ancestry[0])) in self.calls and parent_id not in ancestry:
            ancestry.insert(0, parent_id)
        return ancestry

    def select_calls(self, ancestry: list[str]) -> set[str]:
        """Return the calls to draw: the ancestry, the descendants of the call, then the side branches."""
        call_ids = dict.fromkeys(ancestry)
        for start_id in (ancestry[-1], ancestry[0]):
            queue = [start_id]
            for call_id in queue:
                queue += [child for child in self.children.get(call_id, ()) if child not in queue]
            call_ids |= dict.fromkeys(queue)
        return set(list(call_ids)[:MAX_CALLS])


def render_tree(library: Library, folder: CallFolder) -> str:
    """Return the tree a call belongs to, or "" if it has no parent and no children."""
    graph = _CallGraph({call_folder.id: call for call_folder, call in reversed(read_calls(library))})
    ancestry = graph.find_ancestry(folder.id)
    origin, recent = graph.find_parent(ancestry[0]), ancestry[-MAX_ANCESTORS:]
    if len(ancestry) == 1 and not origin and not graph.children.get(folder.id):
        return ""
    header = [f"… {len(ancestry) - len(recent)} earlier ones"] if len(recent) < len(ancestry) else []
    if origin and not header:
        header = [f"{_shorten_id(origin)}  {'is named again' if origin in graph.calls else 'is not here'}"]
    renderer = _TreeRenderer(graph, graph.select_calls(recent), folder.id)
    return "\n".join([*header, *renderer.render_lines(recent[0], "", "")])


@dataclass
class _TreeRenderer:
    """Draws the visible calls of a graph and marks the current one."""

    graph: _CallGraph
    visible_ids: set[str]
    current_id: str
    rendered_ids: set[str] = field(default_factory=set)

    def render_lines(self, call_id: str, prefix: str, child_prefix: str) -> Iterator[str]:
        """Yield the lines of a call and its descendants; a single child has no branch of its own."""
        self.rendered_ids.add(call_id)
        yield f"{prefix}{self._format_call(call_id, LINE_WIDTH - len(prefix))}"
        children = [child for child in self.graph.children.get(call_id, ()) if child not in self.rendered_ids]
        visible_children = [child for child in children if child in self.visible_ids]
        hidden_count = len(children) - len(visible_children)
        if len(children) == len(visible_children) == 1:
            yield from self.render_lines(children[0], child_prefix, child_prefix)
            return
        for number, child in enumerate(visible_children, 1):
            is_last = number == len(children)
            indent = child_prefix + ("   " if is_last else "│  ") * (len(child_prefix) < MAX_INDENT)
            yield from self.render_lines(child, f"{child_prefix}{'└─ ' if is_last else '├─ '}", indent)
        if hidden_count:
            yield f"{child_prefix}└─ … {hidden_count} more"

    def _format_call(self, call_id: str, width: int) -> str:
        """Return a call in one line: its id, the kind of edit, and its prompt."""
        call, mark = self.graph.calls[call_id], CURRENT_MARK if call_id == self.current_id else ""
        if call is None:
            return f"{_shorten_id(call_id)}  (unreadable){mark}"
        kind = f"{clean_line(parent['how'], 10)}: " if (parent := call.get("parent")) else ""
        text = f"{_shorten_id(call_id)}  {kind}{clean_line(call['prompt'], 5 * LINE_WIDTH)}"
        failure = "  (no picture)" if call["state"] in (CallState.FAILED, CallState.UNKNOWN) else ""
        return f"{clean_line(text, max(MIN_CALL_WIDTH, width - len(failure + mark)))}{failure}{mark}"


def _shorten_id(call_id: str) -> str:
    return shorten_id(CallFolder(Path(call_id)))
