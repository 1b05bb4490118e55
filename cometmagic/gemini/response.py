"""A response: its parts in order of arrival, the finish reason, the tokens used.

The final image is the *last image that is not a thought*, because drafts come first and some routes do
not mark them. This module knows neither JSON nor files.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from cometmagic.gemini.parts import ImagePart, Part, TextPart


@dataclass(frozen=True)
class Usage:
    """Token counts as reported by the service; None where a count is missing or invalid."""

    prompt: int | None = None
    answer: int | None = None
    thoughts: int | None = None
    total: int | None = None
    image: int | None = None
    is_readable: bool = True  # False when something came that is no count: negative, a list, words


@dataclass(frozen=True)
class GroundingSource:
    """A page used for the response; for an image result, `uri` is the page that contains the image."""

    title: str
    uri: str
    image_uri: str = ""


@dataclass(frozen=True)
class Grounding:
    """The searches behind a response. `suggestion` is untrusted HTML; show it only in a sandbox."""

    queries: tuple[str, ...] = ()
    sources: tuple[GroundingSource, ...] = ()
    suggestion: str = ""


@dataclass(frozen=True)
class ImageResponse:
    """One response of the service."""

    parts: tuple[Part, ...] = ()
    finish_reason: str = ""
    finish_message: str = ""
    block_reason: str = ""
    block_message: str = ""
    blocked_categories: tuple[str, ...] = ()  # as `--safety` writes them
    usage: Usage = Usage()
    grounding: Grounding = Grounding()
    model_version: str = ""
    model_status: str = ""  # what the service says about the model's life: its stage, when it ends
    response_id: str = ""
    addresses: tuple[str, ...] = ()  # of images that did not come themselves
    addresses_in_words: tuple[str, ...] = ()  # all of those, which may be of something else

    @property
    def image(self) -> ImagePart | None:
        """The final image, or None when there are only drafts or text."""
        images = self.images
        return images[-1] if images else None

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """Every image that is not a thought."""
        return tuple(part for part in self.parts if isinstance(part, ImagePart) and not part.thought)

    @property
    def thoughts(self) -> tuple[ImagePart, ...]:
        """Every image that is a thought, that is, the drafts."""
        return tuple(part for part in self.parts if isinstance(part, ImagePart) and part.thought)

    @property
    def text(self) -> str:
        """The text that is not a thought."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart) and not part.thought)

    @property
    def thought_text(self) -> str:
        """The text that is a thought; other parts separate thoughts from each other."""
        groups = itertools.groupby(self.parts, key=lambda part: isinstance(part, TextPart) and part.thought)
        return "\n".join(
            "".join(part.text for part in parts if isinstance(part, TextPart))
            for is_thought, parts in groups
            if is_thought
        )
