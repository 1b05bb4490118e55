"""JSON values as the text of a program: literals, and how they are laid out in lines.

What cannot be seen in a text is written as an escape, so that a program can be read, shown and copied without loss.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

WIDTH = 100
INDENT = "    "


@dataclass(frozen=True)
class Block:
    """Something in brackets: what opens it, its members, each with what stands before it, and what closes it."""

    opening: str
    items: tuple[tuple[str, Node], ...]
    closing: str


Node = str | Block
Atom = Callable[[Any], str | None]  # the text of a value that has no members to be laid out, else None


def tree(value: Any, atom: Atom) -> Node:
    """Return a JSON value as it is to be laid out."""
    if (text := atom(value)) is not None:
        return text
    if isinstance(value, dict):
        return Block("{", tuple((f"{atom(name)}: ", tree(member, atom)) for name, member in value.items()), "}")
    return Block("[", tuple(("", tree(member, atom)) for member in value), "]")


def laid_out(node: Node, last: str = ",", indent: str = "", before: int = 0) -> str:
    """Return the text of a node, in one line where it fits; `last` stands behind the last of several lines.

    `before` is how many characters stand in front of it in its line.
    """
    line = _flat(node)
    if isinstance(node, str) or not node.items or len(indent) + before + len(line) < WIDTH:
        return line
    inner = indent + INDENT
    rows = (f"{inner}{head}{laid_out(member, last, inner, len(head))}" for head, member in node.items)
    return f"{node.opening}\n" + ",\n".join(rows) + f"{last}\n{indent}{node.closing}"


def _flat(node: Node) -> str:
    if isinstance(node, str):
        return node
    return node.opening + ", ".join(head + _flat(member) for head, member in node.items) + node.closing


def json_atom(value: Any) -> str | None:
    """Return a value without members as JSON."""
    if isinstance(value, str):
        return _visible(value, lambda letter: json.dumps(letter)[1:-1])
    return None if isinstance(value, dict | list) else json.dumps(value)


def python_atom(value: Any) -> str | None:
    """Return a value without members as Python."""
    if isinstance(value, str):
        return python_text(value)
    return None if isinstance(value, dict | list) else repr(value)


def python_text(text: str) -> str:
    """Return a text as a literal of Python, in one line."""
    return _visible(text, lambda letter: f"\\u{ord(letter):04x}" if letter <= "\uffff" else f"\\U{ord(letter):08x}")


def _visible(text: str, escaped: Callable[[str], str]) -> str:
    """Return a text in quotes; the escapes of JSON mean the same in Python, but beyond 16 bits."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else escaped(letter) for letter in quoted)
