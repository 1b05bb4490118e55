"""JSON values as the text of a program: literals, and how they are laid out in lines.

What cannot be seen in a text is written as an escape, so that a program can be read, shown and copied without loss.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LINE_WIDTH = 100
INDENT = "    "


@dataclass(frozen=True)
class Block:
    """Something in brackets: what opens it, its members, each with what stands before it, and what closes it."""

    opening: str
    items: tuple[tuple[str, Node], ...]
    closing: str


Node = str | Block
AtomFormatter = Callable[[Any], str | None]  # the text of a value that has no members to be laid out, else None


def build_tree(value: Any, format_atom: AtomFormatter) -> Node:
    """Return a JSON value as it is to be laid out."""
    if (text := format_atom(value)) is not None:
        return text
    if isinstance(value, dict):
        return Block(
            "{",
            tuple((f"{format_atom(name)}: ", build_tree(member, format_atom)) for name, member in value.items()),
            "}",
        )
    return Block("[", tuple(("", build_tree(member, format_atom)) for member in value), "]")


def format_tree(node: Node, trailing_comma: str = ",", indent: str = "", prefix_length: int = 0) -> str:
    """Return the text of a node, in one line where it fits; `last` stands behind the last of several lines.

    `before` is how many characters stand in front of it in its line.
    """
    line = _format_inline(node)
    if isinstance(node, str) or not node.items or len(indent) + prefix_length + len(line) < LINE_WIDTH:
        return line
    inner = indent + INDENT
    rows = (f"{inner}{head}{format_tree(member, trailing_comma, inner, len(head))}" for head, member in node.items)
    return f"{node.opening}\n" + ",\n".join(rows) + f"{trailing_comma}\n{indent}{node.closing}"


def _format_inline(node: Node) -> str:
    if isinstance(node, str):
        return node
    return node.opening + ", ".join(head + _format_inline(member) for head, member in node.items) + node.closing


def format_json_atom(value: Any) -> str | None:
    """Return a value without members as JSON."""
    if isinstance(value, str):
        return _format_string(value, lambda letter: json.dumps(letter)[1:-1])
    return None if isinstance(value, dict | list) else json.dumps(value)


def format_python_atom(value: Any) -> str | None:
    """Return a value without members as Python."""
    if isinstance(value, str):
        return format_python_string(value)
    return None if isinstance(value, dict | list) else repr(value)


def format_python_string(text: str) -> str:
    """Return a text as a literal of Python, in one line."""
    return _format_string(
        text, lambda letter: f"\\u{ord(letter):04x}" if letter <= "\uffff" else f"\\U{ord(letter):08x}"
    )


def _format_string(text: str, escape: Callable[[str], str]) -> str:
    """Return a text in quotes; the escapes of JSON mean the same in Python, but beyond 16 bits."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else escape(letter) for letter in quoted)
