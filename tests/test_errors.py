"""Every error is one line that says what happened, whether it cost money and what to do, and keeps."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from cometmagic import errors
from cometmagic.errors import (
    APIError,
    ChargeStatus,
    CometError,
    NoImageError,
    OptionError,
    TransportError,
    restore_error,
)

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CometError)]


def test_the_tree_in_the_docstring_names_every_kind() -> None:
    assert len(KINDS) == 9
    assert [kind for kind in KINDS if kind.__name__ not in str(errors.__doc__)] == []


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OptionError("There is no prompt"), "There is no prompt. Nothing was sent, so nothing was charged."),
        (
            OptionError("No x; did you mean y?", advice="Try y."),
            "No x; did you mean y? Nothing was sent, so nothing was",
        ),
        (TransportError("It was cut."), "It was cut. The request was sent and may have been charged."),
        (
            TransportError("No network.", charge_status=ChargeStatus.UNSENT),
            "No network. Nothing was sent, so nothing was charged.",
        ),
        (APIError("It said 400."), "It said 400. The service refused the request; that is not normally charged."),
        (
            NoImageError("Only words.", advice="Ask."),
            "Only words. The service answered, so it may have been charged. Ask.",
        ),
        (CometError("Gone.", charge_status=ChargeStatus.PAST, advice="Look."), "Gone. Look."),
    ],
)
def test_the_line(error: CometError, line: str) -> None:
    assert str(error).startswith(line)
    assert error._render_traceback_() == [f"{type(error).__name__}: {error}"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("fate", [None, *ChargeStatus])
def test_an_error_survives_json_pickle_and_copies(kind: type[CometError], fate: ChargeStatus | None) -> None:
    error = kind("It happened.", advice="Do this.", charge_status=fate, status=500, code="x")

    twins = (
        restore_error(json.loads(json.dumps(error.to_dict()))),
        pickle.loads(pickle.dumps(error)),  # noqa: S301  # our own
        copy.copy(error),
    )

    for twin in twins:
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert (twin.charge_status, twin.status, twin.code) == (error.charge_status, 500, "x")


def test_facts_read_as_attributes() -> None:
    assert NoImageError("No.", response="words").response == "words"
    with pytest.raises(AttributeError):
        _ = NoImageError("No.").response


def test_a_record_of_somebody_else_is_safe_to_show() -> None:
    names = ["message", "advice", "charge_status", "self", "details", "__notes__", "_repr_html_"]
    error = restore_error({"what": "\x1b[31mred\x07", "do": "\u202eDo", **dict.fromkeys(names, "odd")})

    assert str(error) == f"red. {ChargeStatus.UNSENT} Do"
    assert not hasattr(error, "__notes__")
    assert not hasattr(error, "_repr_html_")


@pytest.mark.parametrize("record", [{}, {"type": "Exotic", "what": "It happened", "fate": "NEWER", "do": ""}])
def test_a_record_of_another_version_is_read(record: dict[str, str]) -> None:
    assert type(restore_error(record)) is CometError
