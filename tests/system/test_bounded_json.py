"""JSON within limits is read as it is; whatever exceeds a limit is a `ValueError`, and never anything else."""

from __future__ import annotations

from typing import Any

import pytest

from cometmagic.system.bounded_json import MAX_DEPTH, MAX_NAME_LENGTH, MAX_VALUES, parse_object

MAX_BYTES = 300_000


def nest(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a": [1, -0.5, true, null, "x"]}', {"a": [1, -0.5, True, None, "x"]}),
        (b"\xef\xbb\xbf{}", {}),
        (b'{"\\ud800a": "\\ud83d\\ude00\\udc00"}', {"?a": "\U0001f600?"}),
        (b'{"a": 1%s}' % (b"0" * 30), {"a": 10**30}),
        (b'{"%s": 1}' % (b"x" * MAX_NAME_LENGTH), {"x" * MAX_NAME_LENGTH: 1}),
        (b'{"a": [%s]}' % b",".join([b"0"] * (MAX_VALUES - 1)), {"a": [0] * (MAX_VALUES - 1)}),
    ],
)
def test_what_is_within_the_limits_is_read(content: bytes, value: Any) -> None:
    assert parse_object(content, MAX_BYTES) == value


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b'{"a": NaN}', "it is not JSON"),
        (b'{"a": "\xed\xa0\x80"}', "it is not JSON"),
        (b'{"a": %s}' % (b"9" * 5000), "it is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b'{"a": 1e999}', "it has a number that is too large"),
        (b'{"a": -1%s}' % (b"0" * 400), "it has a number that is too large"),
        (b'{"%s": 1}' % (b"x" * (MAX_NAME_LENGTH + 1)), "it has a name that is too long"),
        (b'{"a": [%s]}' % b",".join([b"0"] * MAX_VALUES), "it has too many values"),
        (nest(MAX_DEPTH + 1), "it is nested too deeply"),
        (nest(40_000), "it is nested too deeply"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b" " * MAX_BYTES + b"{}", "it has more than 300,000 bytes"),
    ],
)
def test_what_is_beyond_them_is_a_value_error(content: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=rf"^{problem}$"):
        parse_object(content, MAX_BYTES)


def test_what_is_nested_as_deeply_as_it_may_be_is_read() -> None:
    assert parse_object(nest(MAX_DEPTH), MAX_BYTES)
