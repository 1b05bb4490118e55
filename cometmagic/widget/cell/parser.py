"""Parses a cell as IPython does: the arguments of the magic, and the variables assigned before it.

IPython turns every cell into a small program. Here it is parsed and never run, so anything that only running it could
tell is refused. This module knows neither options nor templates.
"""

from __future__ import annotations

import ast
import tokenize
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from cometmagic.codegen.magic_cell import MAGIC_NAME
from cometmagic.errors import OptionError
from cometmagic.system.sanitize import clean_line

_RESERVED_NAMES = ("Path", "get_ipython")  # names that the program itself needs
_MAX_EXCERPT_LENGTH = 60  # characters of a statement in a message


@dataclass(frozen=True)
class CellProgram:
    """What a cell does: `line` and `body` are the magic's arguments; `body` is None if the prompt is in the line."""

    line: str
    body: str | None
    variables: Mapping[str, str | Path]


def parse_cell(text: Any) -> CellProgram:
    """Return what a cell does. Raises `OptionError` if it is not a cell of the magic, or does more."""
    if not isinstance(text, str):
        advice = "Give the text of a cell of %%gemini_image."
        raise OptionError(f"{clean_line(type(text).__name__)} is no text.", advice=advice)
    source = _transform_cell(text)
    statements = _parse_statements(source)
    call = _match_magic_call(statements[-1]) if statements else None
    if call is None:
        advice = "Its first line is %%gemini_image, perhaps with options."
        raise OptionError("This is no cell of %%gemini_image.", advice=advice)
    variables: dict[str, str | Path] = {}
    for statement in statements[:-1]:
        if (assignment := _match_assignment(statement)) is not None:
            variables |= assignment
        elif not _is_path_import(statement):
            raise _build_error(source, statement)
    match [argument.value if isinstance(argument, ast.Constant) else None for argument in call.args[1:]]:
        case [str(line), str(body)]:
            return CellProgram(line, body, variables)
        case [str(line)]:
            return CellProgram(line, None, variables)
    raise _build_error(source, call)


def _transform_cell(text: str) -> str:
    try:
        return TransformerManager().transform_cell(text)
    except (SyntaxError, ValueError, RuntimeError, tokenize.TokenError):  # a cell that cannot be run
        return ""


def _parse_statements(source: str) -> list[ast.stmt]:
    try:
        with warnings.catch_warnings(action="ignore"):  # invalid escapes: running the cell shows the warning
            return ast.parse(source.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _match_magic_call(statement: ast.stmt) -> ast.Call | None:
    """Return the magic's call if a statement is one, otherwise None."""
    match statement:
        case ast.Expr(
            ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Name("get_ipython"), args=[], keywords=[]), attr=method),
                args=[ast.Constant(str(name)), *arguments],
                keywords=[],
            ) as call
        ) if len(arguments) == {"run_cell_magic": 2, "run_line_magic": 1}.get(method):
            _check_space(name)
            return call if name == MAGIC_NAME else None
    return None


def _check_space(name: str) -> None:
    """Refuse a character that looks like a space after the magic's name: to IPython it is part of the name."""
    character = name.removeprefix(MAGIC_NAME)[:1] if name.startswith(MAGIC_NAME) else ""
    if character and not (character.isalnum() or character == "_"):
        message = f"The character behind %%{MAGIC_NAME} is no plain space (U+{ord(character):04X})."
        raise OptionError(message, advice="Type a space there.")


def _match_assignment(statement: ast.stmt) -> dict[str, str | Path] | None:
    """Return the variable that a statement assigns, or None for any other statement."""
    match statement:
        case ast.Assign([ast.Name(name)], ast.Constant(str(text))) if name not in _RESERVED_NAMES:
            return {name: text}
        case ast.Assign([ast.Name(name)], ast.Call(ast.Name("Path"), [ast.Constant(str(text))], [])) if (
            name not in _RESERVED_NAMES
        ):
            return {name: Path(text)}
    return None


def _is_path_import(statement: ast.stmt) -> bool:
    match statement:
        case ast.ImportFrom("pathlib", [ast.alias("Path", None)], 0):
            return True
    return False


def _build_error(source: str, node: ast.AST) -> OptionError:
    excerpt = clean_line(ast.get_source_segment(source.strip(), node) or "", _MAX_EXCERPT_LENGTH)
    advice = "Leave texts in quotes, Path('…') and the call of the magic; a panel runs nothing."
    return OptionError(f"This cell does more than a panel can: {excerpt}", advice=advice)
