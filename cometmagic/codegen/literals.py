"""JSON values as literals of a program, laid out in lines.

Invisible characters are written as escapes, so that a program can be read, displayed and copied without loss. This
module knows nothing about requests.
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
    """A bracketed expression. Each item is a prefix, such as `"name": ` or `name=`, and a value."""

    opening: str
    items: tuple[tuple[str, Node], ...]
    closing: str


Node = str | Block
AtomFormatter = Callable[[Any], str | None]  # returns the text of a value without members, else None


def build_tree(value: Any, format_atom: AtomFormatter) -> Node:
    """Return a JSON value as a tree for `format_tree`."""
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
    """Return the text of a node, on one line if it fits, else with `trailing_comma` after the last item.

    `indent` is the indentation of its line, and `prefix_length` the number of characters before it on that line.
    """
    line = _format_inline(node)
    if isinstance(node, str) or not node.items or len(indent) + prefix_length + len(line) < LINE_WIDTH:
        return line
    inner_indent = indent + INDENT
    lines = (
        f"{inner_indent}{prefix}{format_tree(item, trailing_comma, inner_indent, len(prefix))}"
        for prefix, item in node.items
    )
    return f"{node.opening}\n" + ",\n".join(lines) + f"{trailing_comma}\n{indent}{node.closing}"


def _format_inline(node: Node) -> str:
    if isinstance(node, str):
        return node
    return node.opening + ", ".join(prefix + _format_inline(item) for prefix, item in node.items) + node.closing


def format_json_atom(value: Any) -> str | None:
    """Return a value without members as JSON."""
    if isinstance(value, str):
        return _format_string(value, lambda character: json.dumps(character)[1:-1])
    return None if isinstance(value, dict | list) else json.dumps(value)


def format_python_atom(value: Any) -> str | None:
    """Return a value without members as Python."""
    if isinstance(value, str):
        return format_python_string(value)
    return None if isinstance(value, dict | list) else repr(value)


def format_python_string(text: str) -> str:
    """Return a text as a Python literal on one line."""
    return _format_string(
        text, lambda character: f"\\u{ord(character):04x}" if character <= "\uffff" else f"\\U{ord(character):08x}"
    )


def _format_string(text: str, escape: Callable[[str], str]) -> str:
    """Return a text in quotes. JSON's escapes mean the same in Python, except beyond 16 bits."""
    literal = json.dumps(text, ensure_ascii=False)
    return "".join(character if character.isprintable() else escape(character) for character in literal)
