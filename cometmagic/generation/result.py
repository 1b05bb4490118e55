"""What a call made, read from its folder when asked for.

A result is a window on a call folder: it holds no pictures in memory, survives pickling and a restart
of the kernel, and tells the same about a live call, a replay and an offline sketch. It knows nothing of
sending.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self, Unpack

from cometmagic.costs import charges, estimate
from cometmagic.courier.job import Event
from cometmagic.errors import ChargeStatus, CometError, LibraryError, NoImageError, restore_error
from cometmagic.gemini.decode import decode_request, decode_response
from cometmagic.gemini.parts import ImagePart
from cometmagic.gemini.request import ImageRequest
from cometmagic.gemini.response import Grounding, ImageResponse, Usage
from cometmagic.gemini.tolerant.json_scanner import MalformedError
from cometmagic.gemini.utf8_file import map_utf8_file
from cometmagic.options.declaration import Options
from cometmagic.options.keywords import ImageOptions, list_keywords
from cometmagic.storage.call_folder import CallFolder, CallState, build_preview_path
from cometmagic.storage.save_paths import slugify
from cometmagic.system.atomic_files import save_new_file
from cometmagic.system.formatting import format_path


class CompletedCall:
    """What a picture that is still on its way has as well, so that a cell need not know whether it has come."""

    @property
    def done(self) -> bool:
        """True: it is there."""
        return True

    def result(self, timeout: float | None = None) -> Self:  # noqa: ARG002  # nothing is waited for
        """Return it."""
        return self

    def cancel(self) -> str:
        """Do nothing, and say so."""
        return "There is nothing to cancel: it has come."


@dataclass(frozen=True)
class ImageResult(CompletedCall):
    """One settled call. `folder` is where everything about it lies."""

    __module__ = "cometmagic"  # where people import it from

    folder: Path
    is_replay: bool = False

    @property
    def call(self) -> dict[str, Any]:
        """What call.json says."""
        return CallFolder(self.folder).read()

    @property
    def response(self) -> ImageResponse:
        """The answer, its images as files. Raises `LibraryError` when the folder has none."""
        path = self.folder / "answer.json"
        try:
            return decode_response(map_utf8_file(path), CallFolder(self.folder).list_images()).response
        except OSError as error:
            raise LibraryError(f"{path} cannot be read ({error.strerror}).", charge_status=ChargeStatus.PAST) from None
        except MalformedError as error:
            raise LibraryError(f"{path} cannot be read: {error}.", charge_status=ChargeStatus.PAST) from None

    @property
    def image(self) -> ImagePart:
        """The final image: the last one that is not a thought."""
        row = next((row for row in self.call.get("files", []) if row["role"] == "image"), None)
        if row is None:
            raise NoImageError(f"{self.folder} holds no final image.", charge_status=ChargeStatus.PAST)
        return CallFolder(self.folder).build_image(row)

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
        """What the model said beside the image."""
        return self.response.text

    @property
    def thought_text(self) -> str:
        """What the model said while thinking."""
        return self.response.thought_text

    @property
    def usage(self) -> Usage:
        """Token counts as the service gave them."""
        return Usage(**self.call.get("usage", {}))

    @property
    def grounding(self) -> Grounding:
        """What the model looked up."""
        return self.response.grounding

    @property
    def model_version(self) -> str:
        """The model that answered, by its own word; it may differ from the one that was asked."""
        return str(self.call.get("model_version", ""))

    @property
    def seconds(self) -> float:
        """Seconds from sending to the last byte of the answer."""
        call = self.call
        sent, received = (datetime.fromisoformat(call[name]) for name in ("sent", "received"))
        return (received - sent).total_seconds()

    @property
    def price(self) -> estimate.Price:
        """The estimate by the tokens used, with its date; 0 when nothing was sent."""
        call = self.call
        if self.source != "live":
            return estimate.Price(0.0, f"{self.source}, nothing was sent")
        return charges.read_price(call)

    @property
    def cost(self) -> float | None:
        """The estimate in US dollars, None when the model's price is not known."""
        return self.price.usd

    @property
    def source(self) -> str:
        """Where the picture came from: live, replay or offline."""
        return "replay" if self.is_replay else str(self.call["source"])

    @property
    def warnings(self) -> list[str]:
        """What was remarked before sending and after the answer."""
        call = self.call
        return [*call.get("warnings", []), *call.get("notes", [])]

    @property
    def request(self) -> ImageRequest:
        """What was asked, with the images that were sent."""
        folder, call = CallFolder(self.folder), self.call
        turns = decode_request(folder.read_body(), folder.path)
        return ImageRequest(turns, Options(**{name: _to_tuple(value) for name, value in call["options"].items()}))

    @property
    def alt(self) -> str:
        """The alternative text: what the user gave, else the prompt."""
        call = self.call
        return str(call.get("alt") or call["prompt"])

    def preview(self) -> tuple[str, bytes]:
        """Return (MIME type, bytes) of what the notebook embeds: the preview, or the original without one."""
        image = self.image
        if image.path is not None and (small := build_preview_path(image.path)).exists():
            return "image/jpeg", small.read_bytes()
        return image.mime_type, image.data

    def save(self, path: str | Path) -> Path:
        """Copy the original, byte for byte, to a file or into a folder, and return where it lies.

        The suffix follows the content, and nothing is overwritten: a number is added to the name.
        Raises `LibraryError` when it cannot be written.
        """
        target, image = Path(path).expanduser(), self.image
        if target.is_dir() or str(path).endswith(("/", os.sep)):
            target = target / slugify(self.call["prompt"])
        if target.suffix.lower() not in (image.suffix, {".jpg": ".jpeg"}.get(image.suffix)):
            known = target.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp", ".gif")
            target = target.with_suffix(image.suffix) if known else target.with_name(target.name + image.suffix)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            return save_new_file(target, image.data)
        except OSError as error:
            what = f"Cannot save to {target}: {error.strerror}."
            raise LibraryError(
                what, charge_status=ChargeStatus.PAST, advice=f"The image is kept in {self.folder}."
            ) from None

    @list_keywords(ImageOptions)
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

    @list_keywords(ImageOptions)
    def chat(
        self,
        prompt: Any,
        *,
        images: Any = (),
        progress: Callable[[Event], None] | None = None,
        **options: Unpack[ImageOptions],
    ) -> ImageResult:
        """Continue the conversation: the earlier turns are sent again, with their thought signatures.

        Args:
            prompt: What to say next.
            images: Further reference images.
            progress: As in `generate`.
            **options: As in `generate`; the model is the conversation's unless you name one.

        Returns:
            The new result.

        Raises:
            CometError: As in `generate`; and `Interrupted`.
        """
        return self._generate(prompt, images, progress, options | {"chat": self})

    @staticmethod
    def _generate(
        prompt: Any, images: Any, progress: Callable[[Event], None] | None, options: Mapping[str, Any]
    ) -> ImageResult:
        import cometmagic  # by the front door: a result knows no way to make one

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
            told = f"image {size}{image.mime_type} {self.source}"
        except CometError:  # a debugger may look at a call that failed, or whose folder is gone
            told = "call without an image"
        return f"<cometmagic {told} {format_path(self.folder)}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from cometmagic.display.result_output import build_image  # also where the extension is not loaded

        plain = {"text/plain": repr(self)}
        try:
            return build_image(self)[0] | plain
        except (CometError, OSError):
            return plain


def _to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def read_result(folder: CallFolder) -> ImageResult:
    """Return the result of a call that has ended.

    Raises the error that is written in the folder when it made no image.
    """
    call = folder.read()
    if call["state"] == CallState.SETTLED:
        return ImageResult(folder.path)
    result = ImageResult(folder.path)
    told = (
        call.get("error")
        or CometError(f"The call in {folder.path} has not ended.", charge_status=ChargeStatus.UNKNOWN).to_dict()
    )
    answered = (folder.path / "answer.json").exists()
    raise restore_error(told, folder=folder.path, **({"response": result.response} if answered else {}))
