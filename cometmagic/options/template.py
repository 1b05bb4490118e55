"""The prompt as a template: `{{name}}` stands for a variable of that name, and nothing else is special.

Prompts for image models are often JSON or code, so single braces, `$` and `%` mean nothing here. The text
is read once: what a variable holds is never read for placeholders, and there are no attributes, indexes
or calls, so that a text from elsewhere can reach nothing. To write `{{name}}` itself, put it in a variable.
This module knows no notebook and makes no picture: what is neither text nor a number is handed on.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from numbers import Number
from types import ModuleType
from typing import Any

from cometmagic.errors import TemplateError
from cometmagic.system.sanitize import clean_line
from cometmagic.system.suggestions import suggest

LONGEST_NAME = 60  # characters of a name or a placeholder in a message
MOST_NAMES = 5  # unknown names in a message
_BRACES = re.compile(r"\{\{([^{}]++)\}\}")
_EXPRESSION = re.compile(r"\s*+([^\W\d]\w*+)\s*+(?:$|[.\[(|!])")
_CONTAINERS = (list, tuple, dict, set, frozenset)


@dataclass(frozen=True)
class PromptPiece:
    """A part of a filled template; `name` is the variable it came from, or "" where it stood in the text."""

    value: Any
    name: str = ""


def render_template(text: str, variables: Mapping[str, Any]) -> list[PromptPiece]:
    """Return `text` in pieces, each `{{name}}` replaced by the variable of that name.

    Texts and numbers become texts; other values stay what they are, for somebody to make images of them.
    Raises `TemplateError` for names that do not exist, and for values that can be neither.
    """
    found = list(_find_placeholders(text))
    if unknown := [
        name for name in dict.fromkeys(match[1] for match in found) if _resolve_name(name, variables) is None
    ]:
        raise _build_unknown_error(unknown, variables)
    pieces, done = [], 0
    for match in found:
        name = _resolve_name(match[1], variables) or ""
        pieces += [PromptPiece(text[done : match.start()]), PromptPiece(_convert_value(name, variables[name]), name)]
        done = match.end()
    pieces.append(PromptPiece(text[done:]))
    return [piece for piece in pieces if piece.name or piece.value]


def find_used_names(text: str, variable_names: Container[str]) -> list[str]:
    """Return those of `names` that a text asks for, each once and in order."""
    found = (_resolve_name(match[1], variable_names) for match in _find_placeholders(text))
    return list(dict.fromkeys(name for name in found if name is not None))


def find_lookalikes(text: str, variables: Mapping[str, Any]) -> list[str]:
    """Return what was perhaps meant as a placeholder and is sent as it stands, each once and in order.

    That is an expression in double braces that begins with the name of a variable: `{{ name }}`, `{{name.size}}`.
    """
    found = dict.fromkeys(
        match[0]
        for match in _BRACES.finditer(text)
        if not match[1].isidentifier() and (first := _EXPRESSION.match(match[1])) and _resolve_name(first[1], variables)
    )
    return [clean_line(one, LONGEST_NAME) for one in found]


def _find_placeholders(text: str) -> Iterator[re.Match[str]]:
    return (match for match in _BRACES.finditer(text) if match[1].isidentifier())


def _resolve_name(name: str, variable_names: Container[str]) -> str | None:
    """Return the name as the variable has it. Python itself folds identifiers: the micro sign is its Greek letter."""
    return next((form for form in (name, unicodedata.normalize("NFKC", name)) if form in variable_names), None)


def _build_unknown_error(unknown_names: list[str], variables: Mapping[str, Any]) -> TemplateError:
    """Return the error that names them all, as far as one line takes them."""
    told = [_format_placeholder(name) + _suggest_variable(name, variables) for name in unknown_names[:MOST_NAMES]]
    more = len(unknown_names) - len(told)
    what = ", ".join(told) + (f" and {more} more" if more else "")
    is_one = len(unknown_names) == 1
    return TemplateError(
        f"There is no variable {what}." if is_one else f"There are no variables {what}.",
        advice=f"Assign {'it' if is_one else 'them'} first, or correct the name{'' if is_one else 's'}.",
    )


def _suggest_variable(name: str, variables: Mapping[str, Any]) -> str:
    """Return the nearest variable that could stand there. IPython's own, such as `_i3`, are not meant."""
    if len(name) > LONGEST_NAME:
        return ""
    hidden = name.startswith("_")
    near = suggest(
        name,
        [
            known
            for known in variables
            if known.startswith("_") == hidden and not _describe_unusable_value(variables[known])
        ],
    )
    return f" ({near.removeprefix('; ')})" if near else ""


def _convert_value(name: str, value: Any) -> Any:
    """Return what is put in for a variable."""
    if why := _describe_unusable_value(value):
        do = "Put a text, a number or an image in it."
        raise TemplateError(f"{_format_placeholder(name)} is {why}, which is neither text nor an image.", advice=do)
    if isinstance(value, str):
        return str.__str__(value)  # the characters, whatever a subclass prints
    if isinstance(value, Number) or _is_numpy_scalar(value):
        try:
            return str(value)
        except ValueError:  # Python writes no more than a few thousand digits
            raise TemplateError(
                f"{_format_placeholder(name)} is a number too long to write.", advice="Round it."
            ) from None
    return value


def _describe_unusable_value(value: Any) -> str:
    """Return what a value is when it can be neither text nor an image, else nothing."""
    kind = type(value).__name__
    if value is None:
        return "None"
    if isinstance(value, _CONTAINERS):
        return f"{_add_article(kind)} of {len(value)}" if value else f"an empty {kind}"
    if isinstance(value, type):
        return f"the class {clean_line(value.__name__, LONGEST_NAME)}"
    if isinstance(value, ModuleType):
        return "a module"
    return _add_article(kind) if callable(value) else ""


def _add_article(type_name: str) -> str:
    return f"{'an' if type_name[:1] in 'aeiouAEIOU' else 'a'} {clean_line(type_name, LONGEST_NAME)}"


def _format_placeholder(name: str) -> str:
    return f"{{{{{clean_line(name, LONGEST_NAME)}}}}}"


def _is_numpy_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic) and not isinstance(value, bytes | numpy.void)
