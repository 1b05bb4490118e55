"""An answer as people read it: parts in order of arrival, why it ended, what it used.

The final image is the *last image that is not a thought*: drafts come first, and on some routes
without being marked. This module knows neither JSON nor files.
"""

from __future__ import annotations

from dataclasses import dataclass

from cometmagic.gemini.parts import ImagePart, Part, TextPart


@dataclass(frozen=True)
class Usage:
    """Token counts as the service gave them; None where it gave none or nonsense."""

    prompt: int | None = None
    answer: int | None = None
    thoughts: int | None = None
    total: int | None = None
    image: int | None = None


@dataclass(frozen=True)
class GroundingSource:
    """A page the answer drew on; for an image result `uri` is the page that contains the image."""

    title: str
    uri: str
    image_uri: str = ""


@dataclass(frozen=True)
class Grounding:
    """What was looked up. `suggestion` is the provider's HTML: foreign, to be shown sandboxed only."""

    queries: tuple[str, ...] = ()
    sources: tuple[GroundingSource, ...] = ()
    suggestion: str = ""


@dataclass(frozen=True)
class ImageResponse:
    """One answer of the service."""

    parts: tuple[Part, ...] = ()
    finish_reason: str = ""
    finish_message: str = ""
    block_reason: str = ""
    block_message: str = ""
    usage: Usage = Usage()
    grounding: Grounding = Grounding()
    model_version: str = ""
    response_id: str = ""

    @property
    def image(self) -> ImagePart | None:
        """The final image, or None when only drafts or words came."""
        images = self.images
        return images[-1] if images else None

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """Every image that is not a thought."""
        return tuple(part for part in self.parts if isinstance(part, ImagePart) and not part.thought)

    @property
    def thoughts(self) -> tuple[ImagePart, ...]:
        """Every image that is a thought: the drafts."""
        return tuple(part for part in self.parts if isinstance(part, ImagePart) and part.thought)

    @property
    def text(self) -> str:
        """The text that is not a thought."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart) and not part.thought)

    @property
    def thought_text(self) -> str:
        """The text that is a thought."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart) and part.thought)
