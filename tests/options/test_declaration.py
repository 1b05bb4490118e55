"""The declaration: what its readers rely on."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from cometmagic.errors import OptionError
from cometmagic.options.declaration import CellOptions, Options, build_options, list_options
from cometmagic.options.option_group import Option

ALL = list_options().values()


def test_flags_are_told_apart() -> None:
    flags = Counter(flag for option in ALL for flag in option.flags)
    assert flags.most_common(1)[0][1] == 1
    assert set(Options.list_options()).isdisjoint(CellOptions.list_options())


@pytest.mark.parametrize("option", ALL, ids=lambda option: option.name)
def test_every_option_is_told_whole(option: Option) -> None:
    assert re.fullmatch(r"--[a-z]+(-[a-z]+)*", option.flag)
    assert re.fullmatch(r"(-[a-z])?", option.short_flag)
    assert option.help
    assert not option.help.endswith(".")
    assert "%" not in option.help
    assert option.default in (None, {}) or option.type.parse(option.default) == option.default


@pytest.mark.parametrize("option", Options.list_options().values(), ids=lambda option: option.name)
def test_an_api_option_has_a_place_in_the_request(option: Option) -> None:
    assert bool(option.json_path) == (option.name not in ("model", "extra"))
    assert all(re.fullmatch(r"[a-z][a-zA-Z]*", name) for name in option.json_path.split(".") if name)


def test_a_cell_option_has_none() -> None:
    assert {option.json_path for option in CellOptions.list_options().values()} == {""}


def test_values_are_split_between_service_and_notebook() -> None:
    options, cell, limits = build_options(
        {"at_once": "3", "aspect_ratio": "16:9", "image_size": "2k", "preview": "0", "into": None}
    )

    assert options.list_changes() == {"aspect_ratio": "16:9", "image_size": "2K"}
    assert cell.list_changes() == {"preview": 0}
    assert limits.list_changes() == {"at_once": 3}
    assert Options.build(options.list_changes()) == options


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"aspect_ration": "1:1"}, "There is no option 'aspect_ration'; did you mean aspect_ratio?"),
        ({"aspect-ratio": "1:1"}, "There is no option 'aspect-ratio'; did you mean aspect_ratio?"),
        ({"aspect_ratio": "1:7"}, "--aspect-ratio: '1:7' is not one of 1:1,"),
        ({"search": 5}, "--search: 5 is not one of web, image"),
        ({"search": []}, "--search: is empty"),
        ({"safety": 5}, "--safety: 5 is not of the form CATEGORY=THRESHOLD"),
        ({"model": ["x"]}, "--model: ['x'] is not a text"),
        ({"source": "dead"}, "--source: 'dead' is not one of auto, live, replay, offline"),
    ],
)
def test_a_wrong_option_is_told(given: dict[str, str], told: str) -> None:
    with pytest.raises(OptionError) as caught:
        build_options(given)
    assert str(caught.value).startswith(told)
