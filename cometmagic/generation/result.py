"""The result of a call, read from its folder when you ask for it.

A result holds no images in memory, survives pickling and a restart of the kernel, and is the same for a live call,
a replay and an offline sketch. This module knows nothing about sending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from cometmagic.costs import call_price, estimate
from cometmagic.courier.job import Event
from cometmagic.errors import ChargeStatus, CometError, NoImageError
from cometmagic.gemini.decode import decode_response
from cometmagic.gemini.parts import ImagePart
from cometmagic.gemini.request import ImageRequest
from cometmagic.gemini.response import Grounding, ImageResponse, Usage
from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.generation.completed_call import CompletedCall
from cometmagic.generation.deviations import find_deviations
from cometmagic.options.keywords import ImageOptions, expose_keywords
from cometmagic.storage.call_folder import CallFolder, find_preview
from cometmagic.storage.call_record import CallRecord, read_usage
from cometmagic.storage.recorded_request import read_request
from cometmagic.storage.save_paths import build_image_path, build_path_error
from cometmagic.system.atomic_files import save_new_file
from cometmagic.system.formatting import format_path
from cometmagic.system.sanitize import clean, clean_line


@dataclass(frozen=True)
class ImageResult(CompletedCall):
    """The result of one settled call; everything about it is in `folder`."""

    __module__ = "cometmagic"  # where people import it from

    folder: Path
    is_replay: bool = False

    @property
    def call(self) -> CallRecord:
        """The content of call.json."""
        return CallFolder(self.folder).read()

    @property
    def response(self) -> ImageResponse:
        """The response, with its images as files. Raises `LibraryError` when the folder has none."""
        folder = CallFolder(self.folder)
        try:
            return decode_response(folder.map_answer(), folder.list_images()).response
        except MalformedError as error:
            raise folder.build_error("answer.json", f"is unreadable: {error}") from None

    @property
    def image(self) -> ImagePart:
        """The final image: the last one that is not a thought."""
        folder = CallFolder(self.folder)
        row = folder.find_final_row()
        if row is None:
            raise NoImageError(f"{self.folder} holds no final image.", charge_status=ChargeStatus.PAST)
        return folder.build_image(row)

    @property
    def images(self) -> tuple[ImagePart, ...]:
        """Every image that is not a thought, in order of arrival."""
        return self.response.images

    @property
    def thoughts(self) -> tuple[ImagePart, ...]:
        """Every thought image (the drafts), in order of arrival."""
        return self.response.thoughts

    @property
    def text(self) -> str:
        """The text of the response."""
        return self.response.text

    @property
    def thought_text(self) -> str:
        """The text of the thoughts."""
        return self.response.thought_text

    @property
    def usage(self) -> Usage:
        """Token counts as the service reported them."""
        return read_usage(self.call)

    @property
    def grounding(self) -> Grounding:
        """What the model searched for, and its sources."""
        return self.response.grounding

    @property
    def model_version(self) -> str:
        """The model that answered, as the service named it; it may differ from the one you asked for."""
        return self.call.get("model_version", "")

    @property
    def seconds(self) -> float:
        """Seconds from sending to the last byte of the answer."""
        return CallFolder(self.folder).measure_duration()

    @property
    def price(self) -> estimate.Price:
        """The estimated price of the tokens used, with its date; 0 when nothing was sent."""
        if self.source != "live":
            return estimate.Price(0.0, f"{self.source}, nothing was sent")
        return call_price.read_price(self.call)

    @property
    def cost(self) -> float | None:
        """The estimated price in US dollars; None when the model's price is unknown."""
        return self.price.usd

    @property
    def source(self) -> str:
        """Where the image came from: live, replay or offline."""
        return "replay" if self.is_replay else self.call["source"]

    @property
    def deviations(self) -> tuple[str, ...]:
        """How the image differs from the requested aspect ratio and size, such as "1:1 instead of 16:9"."""
        return find_deviations(CallFolder(self.folder))

    @property
    def warnings(self) -> list[str]:
        """Warnings from before sending, and notes on the response."""
        call = self.call
        return [clean(text) for text in (*call.get("warnings", ()), *call.get("notes", ()))]

    @property
    def request(self) -> ImageRequest:
        """The request, with the images that were sent."""
        return read_request(CallFolder(self.folder))

    @property
    def alt(self) -> str:
        """The alternative text: what `alt` said, or the prompt."""
        return self.call.get("alt") or self.call["prompt"]

    def preview(self) -> tuple[str, bytes]:
        """Return (MIME type, bytes) of what a notebook embeds: the preview, or the original when there is none."""
        image = find_preview(self.image)
        return image.mime_type, image.data

    def save(self, path: str | Path) -> Path:
        """Save the original, byte for byte, and return its path.

        `path` is a file or a folder. The suffix follows the content. Nothing is overwritten: the name gets a number
        instead. Raises `LibraryError` when the file cannot be written.
        """
        image = self.image
        try:
            target = build_image_path(path, image.suffix, self.call["prompt"])
            target.parent.mkdir(parents=True, exist_ok=True)
            return save_new_file(target, image.data)
        except (OSError, ValueError) as error:
            advice = f"The image is kept in {self.folder}."
            raise build_path_error("save to", path, error, charge_status=ChargeStatus.PAST, advice=advice) from None

    @expose_keywords(ImageOptions)
    def edit(
        self,
        prompt: Any,
        *,
        images: Any = (),
        progress: Callable[[Event], None] | None = None,
        **options: Unpack[ImageOptions],
    ) -> ImageResult:
        """Generate a new image from this one: its image is sent with the prompt.

        Args:
            prompt: What to change.
            images: Further reference images.
            progress: As in `generate`.
            **options: As in `generate`.

        Returns:
            The new result.

        Raises:
            CometError: As in `generate`; and `Interrupted`.
        """
        return self._generate(prompt, images, progress, options | {"edit": self})

    @expose_keywords(ImageOptions)
    def chat(
        self,
        prompt: Any,
        *,
        images: Any = (),
        progress: Callable[[Event], None] | None = None,
        **options: Unpack[ImageOptions],
    ) -> ImageResult:
        """Continue the conversation: the earlier turns are sent again, with their thought signatures.

        Takes, returns and raises what `edit` does; the model is the conversation's unless you name one.
        """
        return self._generate(prompt, images, progress, options | {"chat": self})

    @staticmethod
    def _generate(prompt: Any, images: Any, progress: Any, options: Mapping[str, Any]) -> ImageResult:
        import cometmagic  # the public door: this module knows nothing about sending

        return cometmagic.generate(prompt, images=images, progress=progress, **options)

    def as_code(self, kind: str = "httpx") -> str:
        """Return the request as a program that sends it.

        Args:
            kind: `curl`, `httpx`, `google-genai` or `magic`.

        Returns:
            The program. It reads the key from `COMETAPI_KEY` and never holds it.

        Raises:
            OptionError: The kind is unknown, or cannot express the request.
            LibraryError: The images of the request cannot be read or written.
        """
        from cometmagic.codegen.programs import render_code  # only for those who ask for one

        return render_code(self.request, kind, parent=self.call.get("parent"))

    def __repr__(self) -> str:
        try:
            image = self.image
            size = f"{image.width}x{image.height} " if image.width else ""
            description = f"image {size}{image.mime_type} {self.source}"
        except CometError:  # a debugger may look at a call that failed, or whose folder is gone
            description = "call without an image"
        return f"<cometmagic {description} {clean_line(format_path(self.folder))}>"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        from cometmagic.display.mime_bundles import build_value  # only for a front end

        return build_value(self)
