"""What is no image is refused with advice for the value at hand; advice for arrays speaks of tensors to tensors."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from cometmagic.errors import OptionError
from cometmagic.images.inputs.rejection import adapt_array_error
from cometmagic.images.references import load_reference


async def coroutine() -> None:
    """Return nothing, when awaited."""


class Table:
    """A table of pandas, as far as it is looked at here."""

    iloc = None

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise AssertionError


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        (None, "Run the cell that makes it."),
        (7, "Give a path, bytes, a PIL image, an array or a figure."),
        (object(), "Give a path, bytes, a PIL image, an array or a figure."),
        (object, "Give an object, not its class."),
        (math, "Give an image, not a module."),
        ((number for number in range(0)), "Give its items: images=[*items]."),
        (iter([]), "Give its items: images=[*items]."),
        (map(str, []), "Give its items: images=[*items]."),
        (["x"], "Give its items one by one, such as items[0], or images=[*items]."),
        ({1, 2}, "Give its items: images=[*items]."),
        (range(3), "Give its items one by one, such as items[0], or images=[*items]."),
        ({}, "Give one of its values."),
        (len, "Call it, and give what it returns."),
        (coroutine, "Call it, and give what it returns."),
        (Table(), "Give one of its values, such as a path: table.iloc[0, 0]"),
    ],
    ids=range(15),
)
def test_the_advice_fits_the_value(value: Any, advice: str) -> None:
    with pytest.raises(OptionError, match=r"^An? \w+ is not an image\. ") as caught:
        load_reference(value)

    assert advice in str(caught.value)


def test_what_was_not_awaited_is_told() -> None:
    awaitable = coroutine()
    try:
        with pytest.raises(OptionError, match=r"A coroutine is not an image\..*Await it first"):
            load_reference(awaitable)
    finally:
        awaitable.close()


class Tensor:
    """A tensor of another library, as far as it is looked at here."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)
        self.dtype = f"torch.{self.values.dtype}"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError("it is on a GPU, and needs a gradient")

    def detach(self) -> Tensor:
        return self

    cpu = float = detach

    def numpy(self) -> Any:
        return self.values


@pytest.fixture(params=["torch", "tensorflow.python.framework.ops"])
def tensor_type(request: pytest.FixtureRequest) -> type[Tensor]:
    """Return a type that says it is from a library."""
    library: str = request.param
    members: dict[str, Any] = {"__module__": library}
    if library != "torch":
        members["__array__"] = lambda self, dtype=None, copy=None: self.values
    return type("Tensor", (Tensor,), members)


WRONG = [
    np.zeros((3, 8, 9), np.uint8), np.array([[0, 300]]), np.array([[0.0, 200.0]]), np.full((8, 9), np.nan),
    np.array([[-1.0, 5000.0]]), np.zeros((2, 3, 8, 9)), np.zeros((0, 4)), np.zeros((8, 9), complex), np.zeros(5),
]  # fmt: skip


@pytest.mark.parametrize("values", WRONG, ids=range(len(WRONG)))
def test_a_tensor_is_given_no_advice_for_numpy(values: Any, tensor_type: type[Tensor]) -> None:
    with pytest.raises(OptionError) as for_array:
        load_reference(values)
    with pytest.raises(OptionError) as for_tensor:
        load_reference(tensor_type(values))

    assert re.search(r"\barray\b|numpy", str(for_array.value)), "the control"
    assert not re.search(r"\barray\b|\bnumpy|\bnp\.|astype", str(for_tensor.value))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (WRONG[0], {"torch": "tensor.permute(1, 2, 0)", "tensorflow": "tf.transpose(tensor, (1, 2, 0))"}),
        (WRONG[1], {"torch": "tensor.clamp(0, 255).byte()", "tensorflow": "tf.clip_by_value(tensor, 0, 255)"}),
        (WRONG[2], {"torch": "tensor / 255", "tensorflow": "tensor / 255"}),
    ],
    ids=range(3),
)
def test_a_tensor_is_given_the_code_of_its_library(
    values: Any, code: dict[str, str], tensor_type: type[Tensor]
) -> None:
    with pytest.raises(OptionError) as caught:
        load_reference(tensor_type(values))

    assert code[tensor_type.__module__.partition(".")[0]] in caught.value.advice


def test_a_tensor_is_an_image_wherever_it_is_kept(tensor_type: type[Tensor]) -> None:
    assert load_reference(tensor_type(np.full((4, 5, 3), 0.5))).part.width == 5


def test_advice_that_is_not_known_is_replaced(tensor_type: type[Tensor]) -> None:
    error = OptionError("The array is odd.", advice="Use numpy.clip(array).")

    assert "numpy" not in adapt_array_error(tensor_type(0), error).advice
    assert adapt_array_error(np.zeros(1), error) is error
