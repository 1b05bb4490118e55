"""What several requests made, in the order they were asked for: results, and errors where one failed.

Like a result it is a window on call folders. It knows nothing of sending, and nothing of how it is shown.
"""

from __future__ import annotations

import base64
import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from cometmagic.errors import ChargeStatus, CometError, restore_error
from cometmagic.generation.result import CompletedCall, ImageResult
from cometmagic.storage.call_folder import build_preview_path
from cometmagic.storage.request_diff import read_call_options
from cometmagic.system.sanitize import clean_line

ResultOrError = ImageResult | CometError
MAX_SHEET_IMAGES = 100  # pictures; as many as a cell makes at most
MAX_LABEL_LENGTH = 60  # characters of a prompt that stands for a label
MAX_ALT_LENGTH = 1000  # characters


class ImageResults(CompletedCall, Sequence[ResultOrError]):
    """A list of results; what failed stands in its place as its error. `labels` tell them apart."""

    __module__ = "cometmagic"  # where people import it from

    def __init__(self, items: Iterable[ResultOrError], labels: Iterable[str] = ()) -> None:
        """`labels` are as many as there are results, or none."""
        self._items = list(items)
        self.labels = list(labels) or [""] * len(self._items)

    @overload
    def __getitem__(self, index: int) -> ResultOrError: ...
    @overload
    def __getitem__(self, index: slice) -> ImageResults: ...
    def __getitem__(self, index: int | slice) -> ResultOrError | ImageResults:
        if isinstance(index, slice):
            return ImageResults(self._items[index], self.labels[index])
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[ResultOrError]:
        return iter(self._items)

    @property
    def results(self) -> list[ImageResult]:
        """The results that have a picture."""
        return [one for one in self._items if isinstance(one, ImageResult)]

    @property
    def errors(self) -> list[CometError]:
        """What went wrong with the others."""
        return [one for one in self._items if isinstance(one, CometError)]

    @property
    def uncertain_count(self) -> int:
        """How many failed and may have been charged all the same; their price is not in `cost`."""
        return sum(error.charge_status in (ChargeStatus.UNKNOWN, ChargeStatus.ANSWERED) for error in self.errors)

    @property
    def failure(self) -> CometError | None:
        """What a cell raises when no picture came: the first error, and that it was all of them; else None."""
        if self.results or not self._items:
            return None
        first, others = self.errors[0], ImageResults(self._items[1:]).uncertain_count
        charged = f", and {others} of the others may have been charged" if others else ""
        told = f"{len(self)} of {len(self)} pictures failed{charged}."
        return restore_error(first.to_dict() | {"do": f"{first.advice} {told}".strip()})

    @property
    def cost(self) -> float | None:
        """The estimate of all pictures that came in US dollars, None when a price is not known."""
        costs = [one.cost for one in self.results]
        known = [cost for cost in costs if cost is not None]
        return round(sum(known), 6) if len(known) == len(costs) else None

    @property
    def sheet_labels(self) -> list[str]:
        """What tells the results apart, by which a sheet calls them: the labels, or else the prompts."""
        return [label or _build_label(number, one) for number, (label, one) in enumerate(self._iter_labels(), 1)]

    @property
    def alt(self) -> str:
        """The alternative text of the contact sheet: what was asked for, and what stands where."""
        failed = [" (failed)" if isinstance(one, CometError) else "" for one in self._items]
        places = "; ".join(f"{clean_line(name)}{word}" for name, word in zip(self.sheet_labels, failed, strict=True))
        asked = {clean_line(text) for one in self.results if (text := _read_alt(one))}
        subject = f"{asked.pop()}: " if len(asked) == 1 else ""
        return clean_line(f"{subject}contact sheet of {len(self)} pictures, row by row: {places}", MAX_ALT_LENGTH)

    def contact_sheet(self) -> bytes:
        """Return all pictures on one sheet, with their labels, as a JPEG; the first hundred when there are more."""
        from cometmagic.images.contact_sheet import Tile, render_contact_sheet  # Pillow, which nothing else here needs

        named = zip(self.sheet_labels, self._items, strict=True)
        return render_contact_sheet(
            [Tile(name, *_find_picture(one)) for name, one in itertools.islice(named, MAX_SHEET_IMAGES)]
        )

    def _iter_labels(self) -> Iterator[tuple[str, ResultOrError]]:
        return zip(self.labels, self._items, strict=True)

    def rows(self) -> list[dict[str, Any]]:
        """Return what is known of each; one that failed, or whose folder is gone, has an `error`."""
        return [_build_row(label, one) for label, one in self._iter_labels()]

    def table(self) -> Any:
        """Return a row for each: a list of dicts, or a pandas DataFrame where pandas is imported already."""
        pandas = sys.modules.get("pandas")
        return pandas.DataFrame(self.rows()) if pandas is not None else self.rows()

    def __repr__(self) -> str:
        failed = f", {len(self.errors)} failed" if self.errors else ""
        return f"<cometmagic {len(self)} images{failed}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        plain = {"text/plain": repr(self)}
        return {"image/jpeg": base64.b64encode(self.contact_sheet()).decode()} | plain if self.results else plain


def _build_label(number: int, item: ResultOrError) -> str:
    """Return what a result without a label is called."""
    try:
        return clean_line(item.call["prompt"], MAX_LABEL_LENGTH) if isinstance(item, ImageResult) else f"#{number}"
    except CometError:  # its folder is gone
        return f"#{number}"


def _read_alt(result: ImageResult) -> str:
    try:
        return result.alt
    except CometError:  # as above
        return ""


def _find_picture(item: ResultOrError) -> tuple[Path | None, str]:
    """Return what a sheet shows of a result: its small picture, or why there is none."""
    try:
        if isinstance(item, CometError):
            return None, f"{type(item).__name__}: {item.message}"
        path = item.image.path
    except CometError as gone:
        return None, gone.message
    small = build_preview_path(path) if path else None
    return (small if small is not None and small.is_file() else path), ""


def _build_row(label: str, item: ResultOrError) -> dict[str, Any]:
    folder = item.folder if isinstance(item, ImageResult) else item.details.get("folder")
    about = {"label": label} | ({"id": folder.name} if isinstance(folder, Path) else {})
    if isinstance(item, CometError):
        return about | {"error": str(item)}
    try:
        call, image = item.call, item.image
    except CometError as gone:
        return about | {"error": str(gone)}
    about |= {"prompt": call["prompt"], **read_call_options(call)}
    made = {"source": item.source, "seconds": item.seconds, "cost": item.cost, "tokens": item.usage.total}
    return about | made | {"width": image.width, "height": image.height, "path": str(image.path), "error": None}
