"""What several requests made, in the order they were asked for: results, and errors where one failed.

Like a result it is a window on call folders. It knows nothing of sending, and nothing of how it is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from cometmagic.differences import kept_options
from cometmagic.errors import CometError
from cometmagic.result import ImageResult

Ended = ImageResult | CometError


class ImageResults(Sequence[Ended]):
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
    def cost(self) -> float | None:
        """The estimate of all pictures in US dollars, None when a price is not known."""
        costs = [one.cost for one in self.made]
        known = [cost for cost in costs if cost is not None]
        return round(sum(known), 6) if len(known) == len(costs) else None

    def table(self) -> Any:
        """Return a row for each: a list of dicts, or a pandas DataFrame where pandas is imported already."""
        rows = [_row(label, one) for label, one in zip(self.labels, self._ended, strict=True)]
        pandas = sys.modules.get("pandas")
        return pandas.DataFrame(rows) if pandas is not None else rows

    def __repr__(self) -> str:
        failed = f", {len(self.errors)} failed" if self.errors else ""
        return f"<cometmagic {len(self)} images{failed}>"


def _row(label: str, one: Ended) -> dict[str, Any]:
    if isinstance(one, CometError):
        return {"label": label, "error": str(one)}
    call, image = one.call, one.image
    about = {"label": label, "id": one.folder.name, "prompt": call["prompt"], **kept_options(call)}
    made = {"source": one.source, "seconds": one.seconds, "cost": one.cost, "tokens": one.usage.total}
    return about | made | {"width": image.width, "height": image.height, "path": str(image.path), "error": None}
