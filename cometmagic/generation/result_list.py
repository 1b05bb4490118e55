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

from cometmagic.errors import CometError, Fate, revive
from cometmagic.generation.result import Came, ImageResult
from cometmagic.storage.diff import kept_options
from cometmagic.storage.store import preview_of
from cometmagic.system.sanitize import line

Ended = ImageResult | CometError
ON_A_SHEET = 100  # pictures; as many as a cell makes at most
LONGEST_LABEL = 60  # characters of a prompt that stands for a label
LONGEST_ALT = 1000  # characters


class ImageResults(Came, Sequence[Ended]):
    """A list of results; what failed stands in its place as its error. `labels` tell them apart."""

    def __init__(self, ended: Iterable[Ended], labels: Iterable[str] = ()) -> None:
        """`labels` are as many as there are results, or none."""
        self._ended = list(ended)
        self.labels = list(labels) or [""] * len(self._ended)

    @overload
    def __getitem__(self, index: int) -> Ended: ...
    @overload
    def __getitem__(self, index: slice) -> ImageResults: ...
    def __getitem__(self, index: int | slice) -> Ended | ImageResults:
        if isinstance(index, slice):
            return ImageResults(self._ended[index], self.labels[index])
        return self._ended[index]

    def __len__(self) -> int:
        return len(self._ended)

    def __iter__(self) -> Iterator[Ended]:
        return iter(self._ended)

    @property
    def made(self) -> list[ImageResult]:
        """The results that have a picture."""
        return [one for one in self._ended if isinstance(one, ImageResult)]

    @property
    def errors(self) -> list[CometError]:
        """What went wrong with the others."""
        return [one for one in self._ended if isinstance(one, CometError)]

    @property
    def unsure(self) -> int:
        """How many failed and may have been charged all the same; their price is not in `cost`."""
        return sum(error.fate in (Fate.UNKNOWN, Fate.ANSWERED) for error in self.errors)

    @property
    def failure(self) -> CometError | None:
        """What a cell raises when no picture came: the first error, and that it was all of them; else None."""
        if self.made or not self._ended:
            return None
        first, others = self.errors[0], ImageResults(self._ended[1:]).unsure
        charged = f", and {others} of the others may have been charged" if others else ""
        told = f"{len(self)} of {len(self)} pictures failed{charged}."
        return revive(first.record() | {"do": f"{first.do} {told}".strip()})

    @property
    def cost(self) -> float | None:
        """The estimate of all pictures that came in US dollars, None when a price is not known."""
        costs = [one.cost for one in self.made]
        known = [cost for cost in costs if cost is not None]
        return round(sum(known), 6) if len(known) == len(costs) else None

    @property
    def names(self) -> list[str]:
        """What tells the results apart, by which a sheet calls them: the labels, or else the prompts."""
        return [label or _name(number, one) for number, (label, one) in enumerate(self._labelled(), 1)]

    @property
    def alt(self) -> str:
        """The alternative text of the contact sheet: what was asked for, and what stands where."""
        failed = [" (failed)" if isinstance(one, CometError) else "" for one in self._ended]
        places = "; ".join(f"{line(name)}{word}" for name, word in zip(self.names, failed, strict=True))
        asked = {line(text) for one in self.made if (text := _alt(one))}
        subject = f"{asked.pop()}: " if len(asked) == 1 else ""
        return line(f"{subject}contact sheet of {len(self)} pictures, row by row: {places}", LONGEST_ALT)

    def contact_sheet(self) -> bytes:
        """Return all pictures on one sheet, with their labels, as a JPEG; the first hundred when there are more."""
        from cometmagic.images.contact_sheet import Cell, contact_sheet  # Pillow, which nothing else here needs

        named = zip(self.names, self._ended, strict=True)
        return contact_sheet([Cell(name, *_picture(one)) for name, one in itertools.islice(named, ON_A_SHEET)])

    def _labelled(self) -> Iterator[tuple[str, Ended]]:
        return zip(self.labels, self._ended, strict=True)

    def rows(self) -> list[dict[str, Any]]:
        """Return what is known of each; one that failed, or whose folder is gone, has an `error`."""
        return [_row(label, one) for label, one in self._labelled()]

    def table(self) -> Any:
        """Return a row for each: a list of dicts, or a pandas DataFrame where pandas is imported already."""
        pandas = sys.modules.get("pandas")
        return pandas.DataFrame(self.rows()) if pandas is not None else self.rows()

    def __repr__(self) -> str:
        failed = f", {len(self.errors)} failed" if self.errors else ""
        return f"<cometmagic {len(self)} images{failed}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        plain = {"text/plain": repr(self)}
        return {"image/jpeg": base64.b64encode(self.contact_sheet()).decode()} | plain if self.made else plain


def _name(number: int, one: Ended) -> str:
    """Return what a result without a label is called."""
    try:
        return line(one.call["prompt"], LONGEST_LABEL) if isinstance(one, ImageResult) else f"#{number}"
    except CometError:  # its folder is gone
        return f"#{number}"


def _alt(one: ImageResult) -> str:
    try:
        return one.alt
    except CometError:  # as above
        return ""


def _picture(one: Ended) -> tuple[Path | None, str]:
    """Return what a sheet shows of a result: its small picture, or why there is none."""
    try:
        if isinstance(one, CometError):
            return None, f"{type(one).__name__}: {one.what}"
        path = one.image.path
    except CometError as gone:
        return None, gone.what
    small = preview_of(path) if path else None
    return (small if small is not None and small.is_file() else path), ""


def _row(label: str, one: Ended) -> dict[str, Any]:
    folder = one.folder if isinstance(one, ImageResult) else one.facts.get("folder")
    about = {"label": label} | ({"id": folder.name} if isinstance(folder, Path) else {})
    if isinstance(one, CometError):
        return about | {"error": str(one)}
    try:
        call, image = one.call, one.image
    except CometError as gone:
        return about | {"error": str(gone)}
    about |= {"prompt": call["prompt"], **kept_options(call)}
    made = {"source": one.source, "seconds": one.seconds, "cost": one.cost, "tokens": one.usage.total}
    return about | made | {"width": image.width, "height": image.height, "path": str(image.path), "error": None}
