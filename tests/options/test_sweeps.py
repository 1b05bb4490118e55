"""What `--count` and `--sweep` ask for: every combination once, and one line about whatever is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cometmagic.errors import ChargeStatus, OptionError
from cometmagic.generation.plan import build_plans
from cometmagic.options.command_line import format_option, parse_line
from cometmagic.options.declaration import SAFETY_CATEGORIES, CellOptions, Options
from cometmagic.options.sweeps import expand_variants


def asked(line: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the variants of a magic's line."""
    options = {name: value for name, value in parse_line(line).options.items() if name in CellOptions.list_options()}
    return list(expand_variants(CellOptions.build(options)))


def labels(line: str) -> list[str]:
    return [label for label, _ in asked(line)]


def test_nothing_swept_is_one_picture_without_a_label() -> None:
    assert asked("") == [("", {})]


def test_a_count_is_so_many_of_the_same() -> None:
    assert asked("-n 3") == [("#1", {}), ("#2", {}), ("#3", {})]


def test_all_combinations_in_the_order_they_are_written_the_last_changing_first() -> None:
    assert labels("--sweep aspect-ratio=1:1,16:9 --sweep image-size=1k,2K") == [
        "aspect-ratio 1:1 · image-size 1K",
        "aspect-ratio 1:1 · image-size 2K",
        "aspect-ratio 16:9 · image-size 1K",
        "aspect-ratio 16:9 · image-size 2K",
    ]


def test_a_count_goes_through_each_combination() -> None:
    assert labels("-n 2 --sweep thoughts=true,false") == [
        "thoughts · #1",
        "thoughts · #2",
        "no-thoughts · #1",
        "no-thoughts · #2",
    ]


@pytest.mark.parametrize("name", ["aspect-ratio", "aspect_ratio", "--aspect-ratio", " aspect-ratio "])
def test_dashes_and_underscores_name_the_same_option(name: str) -> None:
    assert asked(f"--sweep '{name}=1:1'") == [("aspect-ratio 1:1", {"aspect_ratio": "1:1"})]


@pytest.mark.parametrize(
    ("sweep", "values"),
    [
        ("model=gemini-3-pro-image,some-new-model", ["gemini-3-pro-image", "some-new-model"]),
        ("thoughts=yes,off", [True, False]),
        ("temperature=0,0.5, 2", [0.0, 0.5, 2.0]),
        ("seed=1,-1", [1, -1]),
        ("search=web,image,web+image,image+web ", None),
        ("search=web,image,web+image", [("web",), ("image",), ("web", "image")]),
        ('search=["web", "web,image"]', [("web",), ("web", "image")]),
        ('search=["web", ["web", "image"]]', [("web",), ("web", "image")]),
        (
            "safety=hate=none,hate=high",
            [{SAFETY_CATEGORIES["hate"]: "BLOCK_NONE"}, {SAFETY_CATEGORIES["hate"]: "BLOCK_ONLY_HIGH"}],
        ),
        ('system=["be brief, please", "[sic]"]', ["be brief, please", "[sic]"]),
        ("system=be brief,be kind", ["be brief", "be kind"]),
        ('extra=[{"a": [1, 2]}, {}]', [{"a": [1, 2]}, {}]),
        ('aspect-ratio=[null, "1:1"]', [None, "1:1"]),
    ],
)
def test_every_kind_of_option_can_be_swept(sweep: str, values: list[Any] | None) -> None:
    if values is None:
        with pytest.raises(OptionError, match=r"^--sweep: search web,image is given twice\."):
            asked(f"--sweep '{sweep}'")
        return
    [name] = asked(f"--sweep '{sweep}'")[0][1]
    assert [changes[name] for _, changes in asked(f"--sweep '{sweep}'")] == values


@pytest.mark.parametrize("name", sorted(set(Options.list_options())))
def test_every_option_of_the_api_is_known(name: str) -> None:
    with pytest.raises(OptionError) as told:
        list(expand_variants(CellOptions(sweep={name: (object(), object())})))
    assert str(told.value).startswith(f"--sweep {name.replace('_', '-')}: ")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--sweep aspect-ration=1:1", "--sweep: there is no option 'aspect_ration'; did you mean aspect_ratio?"),
        ("--sweep =1:1", "--sweep: '1:1' has no option in front"),
        ("--sweep aspect-ratio", "--sweep: 'aspect-ratio' is not of the form OPTION=V1,V2,…"),
        ("--sweep aspect-ratio=", "--sweep: a value of aspect-ratio is empty"),
        ("--sweep aspect-ratio=1:1,,16:9", "--sweep: a value of aspect-ratio is empty"),
        ("--sweep aspect-ratio=,", "--sweep: a value of aspect-ratio is empty"),
        ("--sweep 'aspect-ratio=[]'", "--sweep: a value of aspect-ratio is empty"),
        ("--sweep 'aspect-ratio=[\"1:1\"'", "is not a JSON list"),
        ("--sweep 'seed=[NaN]'", "is not a JSON list (NaN is no JSON value)"),
        ("--sweep aspect-ratio=1:1,7:5", "--sweep aspect-ratio: '7:5' is not one of 1:1, "),
        ("--sweep thoughts=maybe", "--sweep thoughts: 'maybe' is neither true nor false"),
        ("--sweep temperature=9", "--sweep temperature: 9 is not between 0 and 2"),
        ("--sweep image-size=1K,1k", "--sweep: image-size 1K is given twice. Nothing was sent"),
        ("--sweep seed=1,2,1", "--sweep: seed 1 is given twice"),
        ("--sweep seed=1 --sweep SEED=2", "--sweep: there is no option 'SEED'; did you mean seed?"),
        ("--sweep seed=1 --sweep seed=2", "--sweep: seed is given twice"),
        (
            "--sweep count=1,2",
            "--sweep: --count is nothing that could vary. Nothing was sent, so nothing was charged. -n makes",
        ),
        ("--sweep into=a,b", "--sweep: --into is nothing that could vary"),
        ("--sweep max-cost=1,2", "--sweep: --max-cost is nothing that could vary"),
        ("--sweep sweep=1", "--sweep: --sweep is nothing that could vary"),
        ("-n 101", "--count: 101 is not between 1 and 100"),
        ("-n 0", "--count: 0 is not between 1 and 100"),
        ("-n many", "--count: 'many' is not a whole number"),
        ("-n 51 --sweep seed=1,2", "These would be 102 pictures; at most 100 are made at once"),
        ("-n 100 --sweep seed=1,2,3,4,5 --sweep top-k=1,2,3,4", "These would be 2,000 pictures"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(line: str, told: str, library_folder: Path) -> None:
    with pytest.raises(OptionError) as caught:
        build_plans("a cat", **parse_line(line).options)

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.charge_status is ChargeStatus.UNSENT
    assert not library_folder.exists()


def test_a_hundred_are_allowed() -> None:
    assert len(asked("-n 50 --sweep seed=1,2")) == 100


def test_a_sweep_goes_before_the_option_itself() -> None:
    swept = build_plans("a cat", image_size="4K", aspect_ratio="1:1", sweep={"image_size": ["1K", None]})

    assert [(one.request.options.image_size, one.request.options.aspect_ratio) for one in swept] == [
        ("1K", "1:1"),
        (None, "1:1"),
    ]
    assert [one.label for one in swept] == ["image-size 1K", "image-size left out"]


@pytest.mark.parametrize(
    ("sweep", "values"),
    [
        ({"seed": range(3)}, [0, 1, 2]),
        ({"seed": 7}, [7]),
        ({"seed": (value for value in (1, 2))}, [1, 2]),
        ({"thoughts": [True, False]}, [True, False]),
        ({"aspect-ratio": "1:1, 4:3"}, ["1:1", "4:3"]),
        ({"search": [("web",), ["web", "image"]]}, [("web",), ("web", "image")]),
        ({"safety": {"hate": "none"}}, [{SAFETY_CATEGORIES["hate"]: "BLOCK_NONE"}]),
        ({"extra": [{"a": 1}, {"a": 2}]}, [{"a": 1}, {"a": 2}]),
    ],
)
def test_python_gives_values_of_its_own(sweep: dict[str, Any], values: list[Any]) -> None:
    assert [
        next(iter(changes.values())) for _, changes in expand_variants(CellOptions.build({"sweep": sweep}))
    ] == values


@pytest.mark.parametrize(
    "sweep",
    [
        {"aspect_ratio": ("1:1", "16:9"), "seed": ("1", "2")},
        {"search": ("web", ["web", "image"])},
        {"system": ("be brief, please", "[sic]", "it's")},
        {"extra": ({"a": "b, c"}, {})},
        {"seed": (1, None)},
    ],
)
def test_a_sweep_is_written_as_it_is_read(sweep: dict[str, tuple[Any, ...]]) -> None:
    again = parse_line(format_option("sweep", sweep)).options["sweep"]

    ours, theirs = CellOptions(sweep=sweep), CellOptions.build({"sweep": again})
    assert list(expand_variants(theirs)) == list(expand_variants(ours))
