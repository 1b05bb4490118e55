"""A request: turns of parts, and options.

A cell, the panel and Python code all build the same value. It knows neither JSON (see `encode`) nor
which of them built it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cometmagic.gemini.parts import ImagePart, Part, TextPart, ThoughtSignature
from cometmagic.options.declaration import Options


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation, by the user or the model."""

    parts: tuple[Part, ...]
    role: Literal["user", "model"] = "user"


@dataclass(frozen=True)
class ImageRequest:
    """Everything that is sent to the model."""

    turns: tuple[Turn, ...]
    options: Options

    @property
    def prompt(self) -> str:
        """The text of the last user turn."""
        return "\n".join(part.text for part in self.turns[-1].parts if isinstance(part, TextPart))

    @property
    def text(self) -> str:
        """The text of all turns."""
        return "\n".join(part.text for turn in self.turns for part in turn.parts if isinstance(part, TextPart))

    @property
    def references(self) -> tuple[ImagePart, ...]:
        """All images that are sent, in order, including those of earlier turns."""
        return tuple(part for turn in self.turns for part in turn.parts if isinstance(part, ImagePart))

    @property
    def last_turn_images(self) -> tuple[ImagePart, ...]:
        """The images of the last user turn."""
        return tuple(part for part in self.turns[-1].parts if isinstance(part, ImagePart))

    @property
    def signatures(self) -> tuple[ThoughtSignature, ...]:
        """The thought signatures of earlier turns, in order."""
        return tuple(part.signature for turn in self.turns for part in turn.parts if part.signature is not None)
