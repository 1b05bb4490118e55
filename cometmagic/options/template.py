"""The prompt as a template: `{{name}}` is replaced by the variable of that name, and nothing else is special.

Prompts for image models are often JSON or code, so single braces, `$` and `%` have no meaning here. Values are
not searched for placeholders, and there are no attributes, indexes or calls, so a text from somebody else can
reach nothing. To write `{{name}}` itself, put it in a variable. This module knows no notebook and no images:
values that are neither text nor numbers are returned as they are.
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

MAX_NAME_LENGTH = 60  # characters of a name or a placeholder in a message
MAX_NAMES = 5  # unknown names in a message
_BRACES = re.compile(r"\{\{([^{}]++)\}\}")
_EXPRESSION = re.compile(r"\s*+([^\W\d]\w*+)\s*+(?:$|[.\[(|!])")
_CONTAINERS = (list, tuple, dict, set, frozenset)


@dataclass(frozen=True)
class PromptPiece:
    """A piece of a rendered template. `name` is the variable it came from, or "" for the text of the template."""

    value: Any
    name: str = ""


def render_template(text: str, variables: Mapping[str, Any]) -> list[PromptPiece]:
    """Return `text` in pieces, each `{{name}}` replaced by the variable of that name.

    Texts and numbers become texts; other values stay as they are, and the caller makes images of them.
    Raises `TemplateError` for unknown names, and for values that can be neither text nor an image.
    """
    matches = list(_find_placeholders(text))
    names = dict.fromkeys(match[1] for match in matches)
    if unknown_names := [name for name in names if _resolve_name(name, variables) is None]:
        raise _build_unknown_error(unknown_names, variables)
    pieces, end = [], 0
    for match in matches:
        name = _resolve_name(match[1], variables) or ""
        pieces += [PromptPiece(text[end : match.start()]), PromptPiece(_convert_value(name, variables[name]), name)]
        end = match.end()
    pieces.append(PromptPiece(text[end:]))
    return [piece for piece in pieces if piece.name or piece.value]


def find_used_names(text: str, variable_names: Container[str]) -> list[str]:
    """Return those of `variable_names` that a text uses, each once and in order."""
    names = (_resolve_name(match[1], variable_names) for match in _find_placeholders(text))
    return list(dict.fromkeys(name for name in names if name is not None))


def find_placeholders(text: str) -> list[str]:
    """Return the names in all `{{name}}` of a text, whether there are such variables or not."""
    return [match[1] for match in _find_placeholders(text)]


def find_lookalikes(text: str, variables: Mapping[str, Any]) -> list[str]:
    """Return texts that look like placeholders but are sent unchanged, each once and in order.

    They are expressions in double braces that begin with the name of a variable: `{{ name }}`, `{{name.size}}`.
    """
    texts = dict.fromkeys(
        match[0]
        for match in _BRACES.finditer(text)
        if not match[1].isidentifier() and (first := _EXPRESSION.match(match[1])) and _resolve_name(first[1], variables)
    )
    return [clean_line(lookalike, MAX_NAME_LENGTH) for lookalike in texts]


def _find_placeholders(text: str) -> Iterator[re.Match[str]]:
    return (match for match in _BRACES.finditer(text) if match[1].isidentifier())


def _resolve_name(name: str, variable_names: Container[str]) -> str | None:
    """Return the name of the variable, or None. Like Python, it takes the micro sign for the Greek letter mu."""
    return next((form for form in (name, unicodedata.normalize("NFKC", name)) if form in variable_names), None)


def _build_unknown_error(unknown_names: list[str], variables: Mapping[str, Any]) -> TemplateError:
    """Return the error that lists the unknown names, or the first of them and how many more there are."""
    placeholders = [
        _format_placeholder(name) + _suggest_variable(name, variables) for name in unknown_names[:MAX_NAMES]
    ]
    remainder = len(unknown_names) - len(placeholders)
    names = ", ".join(placeholders) + (f" and {remainder} more" if remainder else "")
    is_single = len(unknown_names) == 1
    return TemplateError(
        f"There is no variable {names}." if is_single else f"There are no variables {names}.",
        advice=f"Assign {'it' if is_single else 'them'} first, or correct the name{'' if is_single else 's'}.",
    )


def _suggest_variable(name: str, variables: Mapping[str, Any]) -> str:
    """Return the most similar usable variable as a suggestion. IPython's own, such as `_i3`, are left out."""
    if len(name) > MAX_NAME_LENGTH:
        return ""
    is_private = name.startswith("_")
    candidates = [
        variable
        for variable, value in variables.items()
        if variable.startswith("_") == is_private and not _describe_unusable_value(value)
    ]
    suggestion = suggest(name, candidates)
    return f" ({suggestion.removeprefix('; ')})" if suggestion else ""


def _convert_value(name: str, value: Any) -> Any:
    """Return what replaces the placeholder of a variable."""
    if description := _describe_unusable_value(value):
        raise TemplateError(
            f"{_format_placeholder(name)} is {description}, which is neither text nor an image.",
            advice="Put a text, a number or an image in it.",
        )
    if isinstance(value, str):
        return str.__str__(value)  # the characters, whatever `__str__` of a subclass returns
    if isinstance(value, Number) or _is_numpy_scalar(value):
        try:
            return str(value)
        except ValueError:  # Python converts at most a few thousand digits
            raise TemplateError(
                f"{_format_placeholder(name)} is a number too long to write.", advice="Round it."
            ) from None
    return value


def _describe_unusable_value(value: Any) -> str:
    """Return a description of a value that can be neither text nor an image, or nothing."""
    type_name = type(value).__name__
    if value is None:
        return "None"
    if isinstance(value, _CONTAINERS):
        return f"{_add_article(type_name)} of {len(value)}" if value else f"an empty {type_name}"
    if isinstance(value, type):
        return f"the class {clean_line(value.__name__, MAX_NAME_LENGTH)}"
    if isinstance(value, ModuleType):
        return "a module"
    return _add_article(type_name) if callable(value) else ""


def _add_article(type_name: str) -> str:
    return f"{'an' if type_name[:1] in 'aeiouAEIOU' else 'a'} {clean_line(type_name, MAX_NAME_LENGTH)}"


def _format_placeholder(name: str) -> str:
    return f"{{{{{clean_line(name, MAX_NAME_LENGTH)}}}}}"


def _is_numpy_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic) and not isinstance(value, bytes | numpy.void)
