"""The mutants of a module: its source with one small change each, such as `<=` for `<`, or a table without a row.

Modules are mutated as a whole, with their tables and patterns; common tools change functions only. Types and
docstrings are left alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

_OPERATOR_PAIRS = (
    (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.In, ast.NotIn), (ast.Is, ast.IsNot),
    (ast.Add, ast.Sub), (ast.Mult, ast.FloorDiv), (ast.Pow, ast.Mult), (ast.BitOr, ast.BitAnd), (ast.Div, ast.Mult),
    (ast.And, ast.Or),
)  # fmt: skip
_OPERATORS: dict[type, type] = {old: new for pair in _OPERATOR_PAIRS for old, new in (pair, pair[::-1])}
_NEGATABLE_FIELDS: dict[type, str] = {ast.If: "test", ast.IfExp: "test", ast.While: "test", ast.UnaryOp: "operand"}
# Lists whose items are left out one by one, and how long they must be.
_LIST_FIELDS: dict[type, tuple[str, int]] = {
    ast.BoolOp: ("values", 2),
    ast.Call: ("keywords", 1),
    ast.List: ("elts", 1),
    ast.Set: ("elts", 1),
    ast.Tuple: ("elts", 1),
    ast.comprehension: ("ifs", 1),
}
_TYPE_FIELDS = ("annotation", "returns")
_MAX_PATTERN = 400  # characters; each of them is left out once
_CONTEXT, _EXCERPT = 60, 120  # characters of a description: before the change, and in all


@dataclass(frozen=True)
class Mutant:
    """A changed source, and where and how it differs."""

    line: int
    change: str
    source: str


def iter_mutants(source: str) -> Iterator[Mutant]:
    """Yield the mutants of a module's source, in the order of its nodes."""
    tree = ast.parse(source)
    for node in _iter_nodes(tree):
        for field, value in _iter_changes(node):
            old_value, old_text = getattr(node, field), ast.unparse(node)
            setattr(node, field, value)
            mutant_source, new_text = ast.unparse(ast.fix_missing_locations(tree)), ast.unparse(node)
            setattr(node, field, old_value)
            if new_text != old_text:
                yield Mutant(getattr(node, "lineno", 0), _describe_change(old_text, new_text), mutant_source)


def _iter_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and those below it, without types and docstrings."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile":
        node.args[0]._is_pattern = True  # type: ignore[attr-defined]
    yield node
    for field, value in ast.iter_fields(node):
        children = () if field in _TYPE_FIELDS else value if isinstance(value, list) else (value,)
        for child in children:
            if isinstance(child, ast.AST):
                yield from _iter_nodes(child)


def _iter_changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield each change of a node as a field and its new value."""
    match node:
        case ast.Constant(value=value):
            yield from (("value", other) for other in _iter_constants(value, is_pattern=hasattr(node, "_is_pattern")))
        case ast.Compare(ops=[operator]):
            yield "ops", [_OPERATORS[type(operator)]()]
        case ast.BoolOp(op=operator) | ast.BinOp(op=operator) | ast.AugAssign(op=operator):
            yield from (("op", new_type()) for old_type, new_type in _OPERATORS.items() if old_type is type(operator))
        case ast.Return(value=ast.AST()):
            yield "value", ast.Constant(None)
        case ast.Slice():
            yield from ((field, None) for field in ("lower", "upper") if getattr(node, field) is not None)
    if field := _NEGATABLE_FIELDS.get(type(node)):
        yield field, ast.UnaryOp(ast.Not(), getattr(node, field))
    yield from _iter_shorter_lists(node)
    yield from _iter_removals(node)


def _iter_constants(value: Any, *, is_pattern: bool) -> Iterator[Any]:
    match value:
        case bool():
            yield not value
        case int() | float():
            yield value + 1
        case str() if is_pattern:
            yield from (value[:index] + value[index + 1 :] for index in range(min(len(value), _MAX_PATTERN)))
        case str() | bytes():
            yield type(value)() if value else "x" if isinstance(value, str) else b"x"


def _iter_shorter_lists(node: ast.AST) -> Iterator[tuple[str, list[Any]]]:
    """Yield a node's list without each of its items."""
    field, min_length = _LIST_FIELDS.get(type(node), ("", 0))
    items = getattr(node, field, [])
    if len(items) >= min_length and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        yield from ((field, items[:index] + items[index + 1 :]) for index in range(len(items)))


def _iter_removals(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield the bodies of a node without each statement that can be left out."""
    for field in ("body", "orelse"):
        statements = getattr(node, field, None)
        if not isinstance(statements, list):
            continue
        for index, statement in enumerate(statements):
            is_call = isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant)
            if is_call or isinstance(statement, ast.AugAssign | ast.Continue | ast.Break | ast.Raise):
                yield field, [*statements[:index], ast.Pass(), *statements[index + 1 :]]


def _describe_change(old_text: str, new_text: str) -> str:
    """Return the first line that differs, before and after; of a long line, what is around the difference."""
    lines = zip_longest(old_text.split("\n"), new_text.split("\n"), fillvalue="")
    old_line, new_line = next(pair for pair in lines if pair[0] != pair[1])
    letters = enumerate(zip_longest(old_line, new_line))
    index = next(index for index, pair in letters if pair[0] != pair[1])
    start = max(0, index - _CONTEXT)
    return f"{old_line[start:][:_EXCERPT].strip()} → {new_line[start:][:_EXCERPT].strip()}"
