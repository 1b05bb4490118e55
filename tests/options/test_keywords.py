"""Options as keywords: every function lists what it takes, for Tab, Shift-Tab and type checkers alike."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import cometmagic
from cometmagic.options.declaration import list_options
from cometmagic.options.keywords import (
    BATCH_OPTIONS,
    CELL_OPTIONS,
    PANEL_OPTIONS,
    BatchOptions,
    ImageOptions,
    PanelOptions,
    get_annotation,
)

ONE_IMAGE = set(list_options()) - {*BATCH_OPTIONS, *PANEL_OPTIONS, *CELL_OPTIONS}
FUNCTIONS: dict[str, tuple[Any, set[str]]] = {
    "generate": (cometmagic.generate, ONE_IMAGE),
    "agenerate": (cometmagic.agenerate, ONE_IMAGE),
    "plan": (cometmagic.plan, ONE_IMAGE),
    "edit": (cometmagic.ImageResult.edit, ONE_IMAGE),
    "chat": (cometmagic.ImageResult.chat, ONE_IMAGE),
    "generate_many": (cometmagic.generate_many, ONE_IMAGE | set(BATCH_OPTIONS)),
    "agenerate_many": (cometmagic.agenerate_many, ONE_IMAGE | set(BATCH_OPTIONS)),
    "panel": (cometmagic.panel, ONE_IMAGE | {*BATCH_OPTIONS, *PANEL_OPTIONS}),
    "Panel": (cometmagic.Panel, ONE_IMAGE | {*BATCH_OPTIONS, *PANEL_OPTIONS}),
}


def test_every_option_is_a_keyword_or_is_named_as_the_cells_own() -> None:
    assert set(PanelOptions.__annotations__) == set(list_options()) - set(CELL_OPTIONS)
    assert set(BatchOptions.__annotations__) == ONE_IMAGE | set(BATCH_OPTIONS)
    assert set(ImageOptions.__annotations__) == ONE_IMAGE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_signature_lists_the_options_with_types_and_defaults(name: str) -> None:
    function, names = FUNCTIONS[name]
    parameters = inspect.signature(function).parameters

    assert names <= set(parameters)
    assert not set(CELL_OPTIONS) & set(parameters)
    assert not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    for option in map(list_options().__getitem__, names):
        assert (parameters[option.name].default, parameters[option.name].annotation) == (
            option.default,
            get_annotation(option),
        )


def test_a_call_takes_and_refuses_what_it_did() -> None:
    """The signature is for reading: what the function does with a name that is not there has not changed."""
    with pytest.raises(cometmagic.OptionError, match=r"There is no option 'aspect_ratoi'; did you mean aspect_ratio\?"):
        cometmagic.generate("a cat", aspect_ratoi="1:1")  # type: ignore[call-arg]  # on purpose


@pytest.mark.parametrize("name", [name for name in cometmagic.__all__ if inspect.isclass(getattr(cometmagic, name))])
def test_a_public_class_shows_under_its_public_name(name: str) -> None:
    assert getattr(cometmagic, name).__module__ == "cometmagic"
