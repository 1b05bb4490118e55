"""Controls from the declaration: every option has one, and what it shows is what it gives back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from cometmagic.errors import OptionError
from cometmagic.options import models, pixel_sizes
from cometmagic.options.declaration import Options, list_options
from cometmagic.options.option_group import Option
from cometmagic.options.option_types import Number
from cometmagic.widget import controls
from cometmagic.widget.hints import build_hints
from tests.widget.values import options as some_options


def test_every_option_has_a_control_but_for_those_without_a_meaning_here() -> None:
    names = {told["name"] for told in controls.describe_controls()}

    assert names == list_options().keys() - {"image", "background", "dry_run", "show_code", "html"}
    json.dumps(controls.describe_controls())


def test_a_new_option_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    new = Option("frames", Number(1, 8, is_whole=True), "how many frames", None)
    monkeypatch.setattr(Options, "list_options", classmethod(lambda _: {"frames": new}))

    told = next(told for told in controls.describe_controls() if told["name"] == "frames")

    assert (told["kind"], told["flag"], told["front"]) == ("number", "--frames", False)


@given(some_options())
def test_what_a_control_shows_is_what_it_gives_back(given_options: dict[str, Any]) -> None:
    held = controls.normalize_options(given_options)
    shown = json.loads(json.dumps(controls.encode_values(held, {})))

    assert controls.apply_changes(held, {}, shown) == (held, {})
    for name, value in held.items():
        again = controls.decode_value(list_options()[name], shown[name])
        assert value in (again, bool(again)) or value == pytest.approx(again, rel=1e-11)


def test_a_control_set_to_what_holds_anyway_says_nothing() -> None:
    shown = controls.encode_values({}, {"thoughts": True, "image_size": "2K"})

    assert (shown["thoughts"], shown["image_size"]) == (True, "2K")
    off, _ = controls.apply_changes({}, {"thoughts": True, "image_size": "2K"}, shown | {"thoughts": False})
    assert off == {"thoughts": False}
    on, _ = controls.apply_changes(off, {"thoughts": True, "image_size": "2K"}, shown)
    assert on == {}


def test_a_wrong_value_is_told_at_its_control_and_changes_nothing_else() -> None:
    held, wrong = controls.apply_changes({}, {}, {"temperature": "warm", "aspect_ratio": "16:9"})

    assert held == {"aspect_ratio": "16:9"}
    assert wrong == {"temperature": "--temperature: 'warm' is not a number."}


@pytest.mark.parametrize(
    "swept",
    [
        {"system": ["be brief", "be kind, now"]},
        {"aspect_ratio": ["1:1", "16:9"], "system": ["a --sweep b", "it's", '"so"']},
        {"system": ["one\ntwo", "three\u2028\\four"]},
        {"search": [["web", "image"], ["web"]]},
    ],
)
def test_a_sweep_is_shown_as_lines_that_can_be_written_again(swept: dict[str, Any]) -> None:
    option, [held] = list_options()["sweep"], controls.normalize_options({"sweep": swept}).values()

    again = controls.decode_value(option, controls.encode_value(option, held))

    assert json.dumps(again) == json.dumps(held)
    assert "'aspect" not in controls.encode_value(option, held)


def test_reference_images_are_no_option() -> None:
    with pytest.raises(OptionError, match="references"):
        controls.normalize_options({"image": "photo"})


@pytest.mark.parametrize("row", models.MODELS, ids=lambda row: row.title)
def test_what_a_model_has_not_is_barred_with_the_warning_of_the_magic(row: models.Model) -> None:
    barred = controls.find_unavailable(Options(model=row.names[0]), row.max_references)

    assert set(barred.get("aspect_ratio", {})) == set(pixel_sizes.ASPECT_RATIOS) - set(row.aspect_ratios)
    assert set(barred.get("image_size", {})) == set(pixel_sizes.IMAGE_SIZES) - set(row.image_sizes)
    assert set(barred.get("search", {})) == {"web", "image"} - set(row.search_kinds)
    assert ("system" in barred) == (not row.has_system_instruction)
    assert "reference images" in barred["image"][""]
    assert all(row.names[0] in reason for reasons in barred.values() for reason in reasons.values())


def test_an_unlisted_model_bars_nothing() -> None:
    assert controls.find_unavailable(Options(model="tomorrows-model"), 0) == {}


def test_the_price_counts_the_pictures_of_a_sweep() -> None:
    swept = {"sweep": {"aspect_ratio": ("1:1", "16:9")}, "count": 2, "source": "live"}

    assert build_hints(swept, "a cat", 0, has_key=True).price.startswith("4 pictures, $0.268")
    assert build_hints(swept | {"price_ratio": 0.5}, "a cat", 0, has_key=True).price.startswith("4 pictures, $0.134 (")
    assert build_hints({}, "a cat", 0, has_key=False).price.startswith("free")
    searched = [build_hints({"search": "web"}, "a cat", 0, has_key=has_key) for has_key in (True, False)]
    assert [any("$14" in note for note in hints.notes) for hints in searched] == [True, False]
    assert build_hints({"model": "tomorrows-model"}, "", 0, has_key=True).price == "price unknown"
