"""The results of several calls, in the order of their requests, with an error where one failed.

Like a result, a list of results reads call folders. This module knows nothing about sending or display.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from cometmagic.costs.call_price import read_token_count
from cometmagic.costs.charges import compute_uncertain_cost
from cometmagic.errors import ChargeStatus, CometError, restore_error
from cometmagic.generation.completed_call import CompletedCall
from cometmagic.generation.result import ImageResult
from cometmagic.storage.call_folder import CallFolder, find_preview
from cometmagic.storage.request_diff import read_call_options
from cometmagic.system.sanitize import clean_line

ResultOrError = ImageResult | CometError
MAX_SHEET_IMAGES = 100  # as many as a cell makes at most
MAX_LABEL_LENGTH = 60  # characters of a prompt that serves as a label
MAX_ALT_LENGTH = 1000  # characters


class ImageResults(CompletedCall, Sequence[ResultOrError]):
    """A list of results; what failed stands in its place as its error. Each has a label."""

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
        """The results that have an image."""
        return [item for item in self._items if isinstance(item, ImageResult)]

    @property
    def errors(self) -> list[CometError]:
        """The errors of the others."""
        return [item for item in self._items if isinstance(item, CometError)]

    @property
    def uncertain_count(self) -> int:
        """How many failed but may have been charged; their price is not in `cost`."""
        return sum(error.charge_status in (ChargeStatus.UNKNOWN, ChargeStatus.ANSWERED) for error in self.errors)

    @property
    def failure(self) -> CometError | None:
        """The error that a cell raises when all failed: the first one, with their number; None otherwise."""
        if self.results or not self._items:
            return None
        error, uncertain_count = self.errors[0], ImageResults(self._items[1:]).uncertain_count
        charges = f", and {uncertain_count} of the others may have been charged" if uncertain_count else ""
        summary = f"{len(self)} of {len(self)} pictures failed{charges}."
        return restore_error(error.to_dict() | {"do": f"{error.advice} {summary}".strip()})

    @property
    def cost(self) -> float | None:
        """The estimated price of all images in US dollars; None when one is unknown."""
        costs = [result.cost for result in self.results]
        known_costs = [cost for cost in costs if cost is not None]
        return round(sum(known_costs), 6) if len(known_costs) == len(costs) else None

    @property
    def sheet_labels(self) -> list[str]:
        """The labels on a contact sheet: those of the results, or else their prompts."""
        return [label or _build_label(number, item) for number, (label, item) in enumerate(self._iter_labels(), 1)]

    @property
    def alt(self) -> str:
        """The alternative text of the contact sheet: the prompt, and the label of each image."""
        notes = [" (failed)" if isinstance(item, CometError) else "" for item in self._items]
        labels = "; ".join(f"{clean_line(label)}{note}" for label, note in zip(self.sheet_labels, notes, strict=True))
        prompts = {clean_line(text) for result in self.results if (text := _read_alt(result))}
        subject = f"{prompts.pop()}: " if len(prompts) == 1 else ""
        return clean_line(f"{subject}contact sheet of {len(self)} pictures, row by row: {labels}", MAX_ALT_LENGTH)

    def contact_sheet(self) -> bytes:
        """Return all images on one sheet, with their labels, as a JPEG; only the first hundred when there are more."""
        from cometmagic.images.contact_sheet import Tile, render_contact_sheet  # Pillow, which nothing else here needs

        items = itertools.islice(zip(self.sheet_labels, self._items, strict=True), MAX_SHEET_IMAGES)
        return render_contact_sheet([Tile(label, *_find_picture(item)) for label, item in items])

    def _iter_labels(self) -> Iterator[tuple[str, ResultOrError]]:
        return zip(self.labels, self._items, strict=True)

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each: options, cost, size, deviations, path; `error` for one that failed or is gone.

        `uncertain_cost` is what it may have cost besides its picture, in US dollars.
        """
        return [_build_row(label, item) for label, item in self._iter_labels()]

    def table(self) -> Any:
        """Return a row for each: a list of dicts, or a pandas DataFrame where pandas is imported already.

        A notebook shows the DataFrame with a small image in each row.
        """
        if "pandas" not in sys.modules:
            return self.rows()
        from cometmagic.display.thumbnail_table import ThumbnailTable

        return ThumbnailTable(self.rows())

    def __repr__(self) -> str:
        failures = f", {len(self.errors)} failed" if self.errors else ""
        return f"<cometmagic {len(self)} images{failures}>"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        from cometmagic.display.mime_bundles import build_value  # only for a front end

        return build_value(self)


AnyResult = ImageResult | ImageResults


def _build_label(number: int, item: ResultOrError) -> str:
    """Return a label for a result that has none."""
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
    """Return the image that a sheet shows of a result, or why there is none."""
    try:
        if isinstance(item, CometError):
            return None, f"{type(item).__name__}: {item.message}"
        return find_preview(item.image).path, ""
    except CometError as error:
        return None, error.message


def _build_row(label: str, item: ResultOrError) -> dict[str, Any]:
    folder = item.folder if isinstance(item, ImageResult) else item.details.get("folder")
    row: dict[str, Any] = {"label": label} | ({"id": folder.name} if isinstance(folder, Path) else {})
    if isinstance(item, CometError):
        return row | {"error": str(item), "uncertain_cost": _read_uncertain_cost(folder)}
    try:
        call, image = item.call, item.image
    except CometError as error:
        return row | {"error": str(error)}
    row |= {"prompt": call["prompt"], **read_call_options(call)}
    row |= {"source": item.source, "seconds": item.seconds, "cost": item.cost, "tokens": read_token_count(call)}
    row |= {"width": image.width, "height": image.height, "deviations": ", ".join(item.deviations)}
    return row | {"path": str(image.path), "error": None, "uncertain_cost": compute_uncertain_cost(call)}


def _read_uncertain_cost(folder: Any) -> float:
    """Return the dollars that a call without a picture may have cost; nothing for one that was never written."""
    try:
        return compute_uncertain_cost(CallFolder(folder).read()) if isinstance(folder, Path) else 0.0
    except CometError:  # its folder is gone
        return 0.0
