"""Figures whole: what is drawn beyond a figure's edge is sent, and the figure's own pixels stay what they are."""

from __future__ import annotations

import io
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from cometmagic.errors import OptionError
from cometmagic.images.figures import draw_figure
from cometmagic.images.references import load_reference
from tests.gemini.answers import picture

if TYPE_CHECKING:  # matplotlib takes long, and every worker collects this file
    from matplotlib.figure import Figure

MAGENTA = (255, 0, 255)


@pytest.fixture
def figure() -> Figure:
    from matplotlib.figure import Figure

    made = Figure(figsize=(4, 3), dpi=50)
    made.add_subplot().plot([1, 2, 3], label="a line")
    return made


def render_plain(figure: Figure) -> Any:
    """Return what matplotlib saves of a figure: what lies within its edges."""
    figure.savefig(buffer := io.BytesIO(), format="png", dpi=figure.dpi)
    return np.asarray(Image.open(buffer).convert("RGB"))


def render(value: Any) -> Any:
    return np.array(load_reference(value).part.pil().convert("RGB"))


def is_drawn(pixels: Any) -> bool:
    return bool((np.abs(pixels.astype(int) - MAGENTA).max(axis=2) < 60).any())


def add_legend(axes: Any, **place: Any) -> None:
    axes.legend(facecolor="magenta", framealpha=1, **place)


# What draws something in magenta, and on which sides of the figure it is: left, top, right, bottom.
BEYOND: dict[str, tuple[Callable[[Any], Any], str]] = {
    "legend on the right": (lambda axes: add_legend(axes, loc="upper left", bbox_to_anchor=(1.1, 1)), "right"),
    "legend below": (lambda axes: add_legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.2)), "bottom"),
    "legend of the figure": (
        lambda axes: axes.figure.legend(facecolor="magenta", framealpha=1, loc="upper left", bbox_to_anchor=(1, 1)),
        "right",
    ),
    "title above": (lambda axes: axes.set_title("T", y=1.3, backgroundcolor="magenta"), "top"),
    "title of the figure": (lambda axes: axes.figure.suptitle("T", y=1.2, backgroundcolor="magenta"), "top"),
    "long labels": (lambda axes: axes.set_ylabel("y\n" * 9, backgroundcolor="magenta"), "left"),
    "label below": (lambda axes: axes.set_xlabel("x\n" * 9, backgroundcolor="magenta"), "bottom"),
    "ticks": (lambda axes: axes.set_yticks([2], ["a very long name"], backgroundcolor="magenta"), "left"),
    "text on the left": (lambda axes: axes.text(-0.5, 0.5, "x", transform=axes.transAxes, color="magenta",
                                                backgroundcolor="magenta"), "left"),
    "annotation": (lambda axes: axes.annotate("x", (0.5, 0.5), (1.5, 0.5), "axes fraction",
                                              backgroundcolor="magenta"), "right"),
    "table": (lambda axes: axes.table([["1"]] * 20, cellColours=[["magenta"]] * 20, loc="bottom"), "bottom"),
    "text of the figure": (lambda axes: axes.figure.text(1.2, 0.5, "x", backgroundcolor="magenta"), "right"),
    "colour bar": (lambda axes: axes.figure.add_axes((1.05, 0.2, 0.1, 0.6), facecolor="magenta"), "right"),
    "inset": (lambda axes: axes.inset_axes((1.2, 0, 0.5, 1), facecolor="magenta"), "right"),
    "two sides": (lambda axes: (axes.set_title("T", y=1.3, backgroundcolor="magenta"),
                                axes.set_ylabel("y\n" * 9)), "left top"),
}  # fmt: skip


@pytest.mark.parametrize(("draw", "sides"), BEYOND.values(), ids=BEYOND)
def test_what_is_drawn_beyond_the_edge_is_sent(figure: Figure, draw: Callable[[Any], Any], sides: str) -> None:
    draw(figure.axes[0])
    plain, whole = render_plain(figure), render(figure)

    assert is_drawn(whole)
    height, width = whole.shape[0] - 150, whole.shape[1] - 200
    assert (height > 0) is ("top" in sides or "bottom" in sides)
    assert (width > 0) is ("left" in sides or "right" in sides)
    top, left = height * ("top" in sides), width * ("left" in sides)
    inner = whole[top : top + 150, left : left + 200]
    assert np.abs(inner.astype(int) - plain).max() <= 1, "the figure itself is where and what it was"
    inner[...] = 255
    assert is_drawn(whole), "what is drawn in magenta reaches beyond the edge"


def draw_within(axes: Any) -> None:
    add_legend(axes, loc="upper left")


WITHIN: dict[str, Callable[[Any], Any]] = {
    "nothing more": lambda axes: None,
    "legend within": draw_within,
    "clipped line": lambda axes: (axes.plot([-50, 50]), axes.set_xlim(0, 1)),
    "hidden": lambda axes: axes.text(3, 3, "x", transform=axes.transAxes, visible=False),
    "left out of the layout": lambda axes: axes.text(3, 3, "x", transform=axes.transAxes).set_in_layout(False),
    "nowhere": lambda axes: axes.text(float("nan"), 1, "x"),
    "frame at the edge": lambda axes: (axes.set_position((0, 0, 1, 1)), axes.set(xticks=[], yticks=[])),
    "no axes": lambda axes: axes.remove(),
    "transparent": lambda axes: axes.figure.set_facecolor("none"),
}


@pytest.mark.parametrize("draw", WITHIN.values(), ids=WITHIN)
def test_what_lies_within_the_edge_is_sent_as_it_is(figure: Figure, draw: Callable[[Any], Any]) -> None:
    draw(figure.axes[0])

    assert np.array_equal(render(figure), render_plain(figure))


@pytest.mark.parametrize(
    "settings",
    [{"savefig.bbox": "tight"}, {"savefig.facecolor": "red"}, {"savefig.transparent": True}, {"savefig.dpi": 7}],
)
def test_settings_for_files_do_not_change_what_is_seen(figure: Figure, settings: dict[str, Any]) -> None:
    import matplotlib as mpl

    plain = render_plain(figure)

    with mpl.rc_context(settings):  # type: ignore[arg-type]  # it wants the names as literals
        assert np.array_equal(render(figure), plain)


def test_a_figure_stays_as_it_is(figure: Figure) -> None:
    add_legend(figure.axes[0], loc="upper left", bbox_to_anchor=(1.1, 1))
    before = figure.canvas, figure.dpi, tuple(figure.get_size_inches()), figure.bbox.bounds
    plain = render_plain(figure)

    assert np.array_equal(render(figure), render(figure))

    assert (figure.canvas, figure.dpi, tuple(figure.get_size_inches()), figure.bbox.bounds) == before
    assert np.array_equal(render_plain(figure), plain)


def test_a_vast_legend_is_drawn_smaller_with_the_rest() -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 10), dpi=300)
    figure.text(2, 0.5, "far", size=20)

    reference = load_reference(figure)

    assert max(reference.part.width or 0, reference.part.height or 0) <= 4097
    assert "dots per inch instead of 300" in reference.note


def test_what_is_far_away_is_told(figure: Figure) -> None:
    text = figure.axes[0].text(1000, 0, "far")

    with pytest.raises(OptionError, match=r"far outside the figure.*set_in_layout\(False\)"):
        load_reference(figure)
    text.set_in_layout(False)
    assert render(figure).shape == (150, 200, 3)


def library_object(package: str, monkeypatch: pytest.MonkeyPatch, **members: Any) -> Any:
    """Return an object of a class that says it comes from a library."""
    monkeypatch.setitem(sys.modules, package, types.ModuleType(package))
    return type("Chart", (), {"__module__": f"{package}.charts", **members})()


def write(content: bytes) -> Callable[..., None]:
    def save(chart: Any, target: io.BytesIO, format: str, verbose: bool = True) -> None:  # noqa: A002
        assert format == "png"
        target.write(content)

    return save


def fail(*_: Any, **__: Any) -> bytes:
    raise ValueError("it needs\nanother program")


def test_a_grid_of_seaborn_is_its_figure(figure: Figure, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("figure", "fig"):
        assert np.array_equal(render(library_object("seaborn", monkeypatch, **{name: figure})), render(figure))
    assert draw_figure(library_object("elsewhere", monkeypatch, fig=figure)) is None


@pytest.mark.parametrize(
    ("package", "members"),
    [
        ("plotly", {"to_image": lambda chart, format: picture()}),  # noqa: A006
        ("altair", {"save": write(picture())}),
        ("plotnine", {"save": write(picture())}),
    ],
)
def test_a_chart_that_can_draw_itself_is_sent(package: str, members: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    part = load_reference(library_object(package, monkeypatch, **members)).part

    with Image.open(io.BytesIO(picture())) as expected:
        assert np.array_equal(np.asarray(part.pil().convert("RGB")), np.asarray(expected.convert("RGB")))
    assert part.pixel_digest


@pytest.mark.parametrize(
    ("package", "members", "told", "advice"),
    [
        ("plotly", {"to_image": fail}, "The plotly figure cannot be drawn (ValueError: it needs another", "kaleido"),
        ("altair", {"save": fail}, "The altair chart cannot be drawn (ValueError", "vl-convert-python"),
        ("plotnine", {"save": fail}, "The plotnine plot cannot be drawn (ValueError", "plot.draw()"),
        ("plotly", {"to_image": lambda chart, format: b"junk"}, "The plotly figure cannot be drawn", "PNG"),  # noqa: A006
        ("bokeh", {}, "The bokeh figure cannot be drawn", "export_png"),
        ("holoviews", {}, "The holoviews object cannot be drawn", "PNG"),
        ("folium", {}, "The folium map cannot be drawn", "screenshot"),
    ],
)
def test_a_chart_that_cannot_draw_itself_says_how_in_one_line(
    package: str, members: Any, told: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OptionError) as caught:
        load_reference(library_object(package, monkeypatch, **members))

    assert told in caught.value.message
    assert advice in caught.value.advice
    assert str(caught.value).isprintable()
