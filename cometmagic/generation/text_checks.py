"""The texts of a request, checked before anything is sent or stored: they can be saved, and hold no key or token.

A cell, the panel and Python code pass the same check. A credential is refused with any source, because a call folder
would keep it, and named by kind and place only. This module does not know what the texts are for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from cometmagic.errors import MissingKeyError, OptionError
from cometmagic.gemini.parts import TextPart
from cometmagic.gemini.request import Turn
from cometmagic.generation.compose import Prompt, merge_template_texts, to_list
from cometmagic.images.inputs.image_text import is_image_text
from cometmagic.options.declaration import CellOptions, list_options
from cometmagic.options.settings import Key, find_key_quickly
from cometmagic.options.template import PromptPiece
from cometmagic.storage.call_record import MAX_TEXT_LENGTH
from cometmagic.system.secret_patterns import find_secret_kind


@dataclass(frozen=True)
class TextChecker:
    """Checks texts for the session's `key` and, unless `allow_secret`, for whatever else looks like a credential."""

    key: Key | None = None
    allow_secret: bool = False

    def check(self, name: str, text: str) -> None:
        """Raise `OptionError` for a text that cannot be saved or must not be sent; `name` begins the message."""
        _check_characters(name, text)
        if self.key is not None and self.key.is_in(text):
            advice = "Take it out, and clear it from the notebook's history."
            raise OptionError(f"{name} holds your API key.", advice=advice)
        if not self.allow_secret and (kind := find_secret_kind(text)):
            advice = "Take it out, or allow it with --allow-secret (allow_secret=True)."
            raise OptionError(f"{name} seems to hold {kind}.", advice=advice)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Check options by name, parsed or not."""
        flags = {name: option.flag for name, option in list_options().items()}
        for name, value in options.items():
            text = extract_text(_drop_image_texts(value) if name == "image" else value)
            self.check(flags.get(name, "An option"), text)

    def check_inputs(self, prompt: Prompt, references: Any, options: Mapping[str, Any]) -> None:
        """Check what the user wrote for a request."""
        self.check_options(options)
        self._check_prompt(prompt)
        self.check_references(references)

    def _check_prompt(self, prompt: Prompt) -> None:
        """Check a prompt, and first the variables in it."""
        text = extract_text(merge_template_texts(prompt))
        if len(text) > MAX_TEXT_LENGTH:
            message = f"The prompt has {len(text):,} characters; no model reads more than {MAX_TEXT_LENGTH:,}."
            raise OptionError(message)
        for piece in to_list(prompt):
            if isinstance(piece, PromptPiece) and piece.name:
                self.check(f"The variable {piece.name}", extract_text(piece.value))
        self.check("The prompt", text)

    def check_references(self, references: Any) -> None:
        """Check the paths and addresses among reference images; the images that are texts are not looked into."""
        self.check("A reference image", extract_text(_drop_image_texts(references)))

    def check_turns(self, turns: Sequence[Turn]) -> None:
        """Check what the user wrote in earlier turns."""
        texts = [
            part.text for turn in turns if turn.role == "user" for part in turn.parts if isinstance(part, TextPart)
        ]
        self.check("An earlier turn", "\n".join(texts))


def build_text_checker(options: Mapping[str, Any]) -> TextChecker:
    """Return the checker for options as users write them. Raises `OptionError` for a wrong `allow_secret`."""
    allow_secret = CellOptions.build({"allow_secret": options.get("allow_secret")}).allow_secret
    with contextlib.suppress(MissingKeyError):  # an invalid key matters to live calls only
        return TextChecker(find_key_quickly(), allow_secret)
    return TextChecker(None, allow_secret)


def extract_text(value: Any) -> str:
    """Return the texts within a value, joined; what is neither text nor a path nor a collection has none.

    Raises `OptionError` for a value that is nested too deeply.
    """
    try:
        return "\n".join(_iter_texts(value))
    except RecursionError:
        raise OptionError("An option is nested too deeply.") from None


def _drop_image_texts(references: Any) -> list[Any]:
    """Return references without images in base64, in which chance can write what looks like a key."""
    return [value for value in to_list(references) if not is_image_text(value)]


def _iter_texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case PurePath():
            yield str(value)
        case Mapping():
            for item in value.items():
                yield from _iter_texts(item)
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from _iter_texts(item)


def _check_characters(name: str, text: str) -> None:
    """Raise `OptionError` for a text that cannot be saved."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = f"{name} has a broken character at position {error.start + 1}."
        raise OptionError(message, advice="Type it again.") from None
    if "\0" in text:
        raise OptionError(f"{name} has a null character at position {text.index(chr(0)) + 1}.", advice="Take it out.")
