"""A figure of matplotlib, or of a library that draws charts, as the picture that the notebook shows of it.

The notebook cuts a figure at what is drawn, not at the figure's edge, so that legends, tables and labels beyond it
are seen. Here the picture holds both: all of the figure, and all that is drawn. Libraries are never imported here:
if a value belongs to one, it is imported already. This module knows nothing of requests.
"""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from cometmagic.errors import OptionError
from cometmagic.images.decoding import opener
from cometmagic.images.resize import SIDE_LENGTHS
from cometmagic.system.sanitize import clean_line

if TYPE_CHECKING:
    from PIL import Image

MAX_EXTENT = 10  # widths or heights of a figure; what lies farther away would make the figure itself tiny
_FAST_COMPRESSION = {"compress_level": 1}  # the file is only decoded again
_Box = tuple[float, float, float, float]  # left, bottom, right and top, in inches from the figure's lower left corner


class Drawing(NamedTuple):
    """A figure as a picture. `name` begins sentences; `conversion` says what was changed, if anything was."""

    name: str
    picture: Image.Image
    conversion: str = ""


class _ChartLibrary(NamedTuple):
    """How a chart of a library is drawn as PNG, and what to do when that fails."""

    name: str
    draw: Callable[[Any], bytes] | None
    advice: str


def draw_figure(value: Any) -> Drawing | None:
    """Return the picture of a figure, of what is drawn in one, or of a chart; None when `value` is neither.

    Raises `OptionError` when it cannot be drawn.
    """
    if (figure := _find_figure(value)) is not None:
        return _draw_matplotlib(figure)
    library = next((_CHART_LIBRARIES[name] for name in _list_packages(value) if name in _CHART_LIBRARIES), None)
    if library is None or isinstance(value, type):
        return None
    name = f"The {library.name}"
    if library.draw is None:
        raise OptionError(f"{name} cannot be drawn from here.", advice=library.advice)
    try:
        content = library.draw(value)
        picture = opener.load_image(content)
    except Exception as error:  # noqa: BLE001  # of any library: without its drawing program, or of a chart with errors
        raise OptionError(f"{name} cannot be drawn ({_format_reason(error)}).", advice=library.advice) from None
    return Drawing(name, picture)


def _list_packages(value: Any) -> list[str]:
    """Return the top packages of a value's class and of those it inherits from."""
    return [str(base.__module__).partition(".")[0] for base in type(value).__mro__]


def _find_figure(value: Any) -> Any:
    """Return the matplotlib figure that `value` is, is part of or holds, or None."""
    artist = sys.modules.get("matplotlib.artist")
    if artist is None:
        return None
    if "seaborn" in _list_packages(value):  # its grids are no artists
        value = getattr(value, "figure", None) or getattr(value, "fig", value)
    if not isinstance(value, artist.Artist):
        return None
    figure = value.figure
    while figure is not None and figure.figure is not figure:  # a figure within a figure
        figure = figure.figure
    if figure is None:
        raise OptionError(f"The {clean_line(type(value).__name__)} is drawn in no figure.", advice="Give the figure.")
    return figure


def _draw_matplotlib(figure: Any) -> Drawing:
    """Return the picture of a matplotlib figure. Its canvas stays the same, and pyplot is not used."""
    try:
        width, height = map(float, figure.get_size_inches())
        box = _measure_figure(figure, width, height)
        _check_extent(box, width, height)
        dpi = min(figure.dpi, SIDE_LENGTHS[0] / max(box[2] - box[0], box[3] - box[1]))
        picture = _save_figure(figure, _round_outward(box, dpi, (width, height)), dpi)
    except OptionError:
        raise
    except Exception as error:  # noqa: BLE001  # an invalid formula, an impossible size, and more
        advice = "Correct it; figure.savefig says more."
        raise OptionError(f"The figure cannot be drawn ({_format_reason(error)}).", advice=advice) from None
    conversion = "" if dpi == figure.dpi else f"drawn at {dpi:.0f} dots per inch instead of {figure.dpi:.0f}"
    return Drawing("The figure", picture, conversion)


def _measure_figure(figure: Any, width: float, height: float) -> _Box:
    """Return the box around a figure and all that is drawn, after its layout is done."""
    figure.draw_without_rendering()
    drawn = figure.get_tightbbox()
    left, bottom, right, top = map(float, drawn.extents) if drawn is not None else (0.0, 0.0, width, height)
    if not all(map(math.isfinite, (left, bottom, right, top))):
        return 0.0, 0.0, width, height
    # An edge is half as wide as a line, so a frame at the figure's edge is a little outside: less than a pixel.
    pixel = 1 / float(figure.dpi)
    return (
        left if left < -pixel else 0.0,
        bottom if bottom < -pixel else 0.0,
        right if right > width + pixel else width,
        top if top > height + pixel else height,
    )


def _check_extent(box: _Box, width: float, height: float) -> None:
    extent = max((box[2] - box[0]) / width, (box[3] - box[1]) / height)
    if extent > MAX_EXTENT:
        message = f"Something is drawn far outside the figure, which would be {extent:,.0f} times as large with it."
        raise OptionError(message, advice="Move it, or leave it out: artist.set_in_layout(False).")


def _round_outward(box: _Box, dpi: float, size: tuple[float, float]) -> _Box:
    """Return a box that reaches whole pixels beyond the figure, so that the figure's own pixels stay as they are.

    Matplotlib cuts off fractions of pixels; the margin keeps it from losing a whole one to rounding.
    """
    margin = 1e-3  # pixels
    left, bottom = (math.floor(side * dpi + margin) / dpi for side in box[:2])
    right, top = (
        (side if side == full else math.ceil(side * dpi - margin) / dpi) + margin / dpi
        for side, full in zip(box[2:], size, strict=True)
    )
    return left, bottom, right, top


def _save_figure(figure: Any, box: _Box, dpi: float) -> Image.Image:
    """Return a figure's picture, with its own colours: matplotlib's settings for files do not count in a notebook."""
    bbox = sys.modules["matplotlib.transforms"].Bbox.from_extents(*box)
    figure.savefig(
        buffer := io.BytesIO(), format="png", dpi=dpi, bbox_inches=bbox, metadata={"Software": None},
        facecolor=figure.get_facecolor(), edgecolor=figure.get_edgecolor(), transparent=False,
        pil_kwargs=dict(_FAST_COMPRESSION),
    )  # fmt: skip
    return opener.load_image(buffer.getvalue())


def _draw_plotly(value: Any) -> bytes:
    return bytes(value.to_image(format="png"))


def _save_chart(value: Any) -> bytes:
    value.save(buffer := io.BytesIO(), format="png")
    return buffer.getvalue()


def _save_plotnine(value: Any) -> bytes:
    value.save(buffer := io.BytesIO(), format="png", verbose=False)
    return buffer.getvalue()


def _format_reason(error: Exception) -> str:
    return f"{type(error).__name__}: {clean_line(error, 120)}"


_CHART_LIBRARIES = {
    "plotly": _ChartLibrary(
        "plotly figure", _draw_plotly, "Install what draws it: pip install kaleido, and Chrome; or save it as PNG."
    ),
    "altair": _ChartLibrary("altair chart", _save_chart, "Install what draws it: pip install vl-convert-python."),
    "plotnine": _ChartLibrary("plotnine plot", _save_plotnine, "Correct it; plot.draw() says more."),
    "bokeh": _ChartLibrary("bokeh figure", None, "Save it with bokeh.io.export_png, and give the file."),
    "holoviews": _ChartLibrary("holoviews object", None, "Save it with holoviews.save as PNG, and give the file."),
    "pyecharts": _ChartLibrary("pyecharts chart", None, "Save it as PNG, and give the file."),
    "folium": _ChartLibrary("folium map", None, "Save a screenshot as PNG, and give that."),
}
