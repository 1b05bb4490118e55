"""A secret that no debugger, no copy and no walk over attributes shows, and that can be used all the same."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
from typing import Any

import pytest

from cometmagic.system.secret import Secret

TEXT = "kX7/pQ2+vB9=mZ4_tR6-"


def walk(value: Any, depth: int = 3) -> str:
    """Return all that can be seen of a value and of its attributes."""
    names = [name for name in dir(value) if name not in ("__globals__", "__builtins__")] if depth else []
    return "\n".join([repr(value), *(walk(getattr(value, name, None), depth - 1) for name in names)])


class Careless:
    """The control: it hides its text from `repr` only."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return "<careless>"


def test_nothing_shows_a_secret() -> None:
    secret = Secret(TEXT)

    assert TEXT in walk(Careless(TEXT))
    assert TEXT not in walk(secret)
    for seen in (f"{secret}", inspect.getmembers(secret), secret.__getstate__(), gc.get_referents(secret)):
        assert TEXT not in repr(seen)
    with pytest.raises(TypeError):
        vars(secret)


@pytest.mark.parametrize("carry", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_neither_pickled_nor_copied(carry: Any) -> None:
    with pytest.raises(TypeError, match="neither pickled nor copied"):
        carry(Secret(TEXT))


@pytest.mark.parametrize("text", [TEXT, "", "é", "\udc80x"])
def test_a_secret_can_be_used(text: str) -> None:
    secret = Secret(text)

    assert secret.reveal() == text
    assert len(secret) == len(text.encode("utf-8", "surrogatepass"))
