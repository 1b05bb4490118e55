"""The template: one reading of the text, variables in their places, everything else byte for byte."""

from __future__ import annotations

import collections
import enum
import string
import sys
import types
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cometmagic.errors import ChargeStatus, TemplateError
from cometmagic.options import template
from cometmagic.options.template import PromptPiece, find_lookalikes, find_used_names, render_template

PICTURE = Image.new("RGB", (4, 3))
NAMES: dict[str, Any] = {"style": "watercolour", "count": 3, "photo": PICTURE, "braces": "{{style}} {x}", "größe": "4K"}

UNTOUCHED = [
    "{", "}", "{}", "{style}", "{{", "}}", "{{}}", "{{ }}", "{{ style }}", "{{style }}", "{{\nstyle\n}}",
    "{{style.upper}}",
    "{{style[0]}}", "{{style()}}", "{{style!r}}", "{{style:>10}}", "{{style|upper}}", "{{1}}", "{{1st}}", "{{a-b}}",
    "{{$style}}", "{{'style'}}", "{{*style}}", "{{style}", "{style}}", "{ {style} }", "{{sty\u200ble}}", "{{sty\0le}}",
    '{"color": "red", "size": {"w": 1}}', '{{"a": 1}}', '{"a": {"b": {}}}', "${style}", "$style", "$5 and 100%",
    "%s %(style)s",
    "#{style}", "<%= style %>", "{% if style %}", "{# style #}", "line\r\nline\rline\n", "  trailing  \t\n\n",
    "\ufeffbom",
    "\ud800{{\ud800}}", "a\0b", "", " ", "{os.environ[HOME]}", "{style.__class__}", "\\{\\{style\\}\\}",
    "👩‍🎨 \uff5b\uff5bstyle\uff5d\uff5d",
]  # fmt: skip


def text_of(pieces: list[PromptPiece]) -> str:
    return "".join(piece.value for piece in pieces)


@pytest.mark.parametrize("text", UNTOUCHED, ids=ascii)
def test_what_is_no_placeholder_goes_as_it_stands(text: str) -> None:
    assert render_template(text, NAMES) == ([PromptPiece(text)] if text else [])


FILLED = {
    "a {{style}} cat": "a watercolour cat",
    "{{style}}": "watercolour",
    "{{style}}{{count}}{{style}}": "watercolour3watercolour",
    "{{{style}}}": "{watercolour}",
    "{{{{style}}}}": "{{watercolour}}",
    "{{{{{style}}}}}": "{{{watercolour}}}",
    '{"style": "{{style}}"}': '{"style": "watercolour"}',
    '{"n":{{count}}}': '{"n":3}',
    "{{ {{style}} }}": "{{ watercolour }}",
    "{{style {{style}} style}}": "{{style watercolour style}}",
    "${{style}} %{{count}} \\{{style}}": "$watercolour %3 \\watercolour",
    "\r\n{{style}}\r\n": "\r\nwatercolour\r\n",
    "{{größe}}": "4K",
    "{{gro\u0308ße}}": "4K",  # the same letters in two characters, as some keyboards and files have them
}


@pytest.mark.parametrize("text", FILLED, ids=ascii)
def test_a_placeholder_is_filled_in_its_place(text: str) -> None:
    assert text_of(render_template(text, NAMES)) == FILLED[text]


def test_pieces_tell_where_they_came_from() -> None:
    assert render_template("a {{style}} cat, {{count}}x", NAMES) == [
        PromptPiece("a "),
        PromptPiece("watercolour", "style"),
        PromptPiece(" cat, "),
        PromptPiece("3", "count"),
        PromptPiece("x"),
    ]


def test_an_image_stays_what_it_is_at_its_place() -> None:
    pieces = render_template("put {{photo}} here{{photo}}", NAMES)

    assert pieces == [
        PromptPiece("put "),
        PromptPiece(PICTURE, "photo"),
        PromptPiece(" here"),
        PromptPiece(PICTURE, "photo"),
    ]
    assert pieces[1].value is PICTURE


@pytest.mark.parametrize(
    "value",
    [PICTURE, b"bytes", bytearray(b"x"), Path("x.png"), np.zeros((2, 2)), object(), np.bytes_(b"x")],
    ids=lambda value: type(value).__name__,
)
def test_what_may_be_an_image_is_handed_on(value: Any) -> None:
    assert render_template("{{x}}", {"x": value})[0].value is value


class Colour(enum.StrEnum):
    RED = "red"


class OldColour(str, enum.Enum):  # noqa: UP042  # this is how it is done without StrEnum
    RED = "red"


class Loud(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "LOUD"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""), (3, "3"), (-0.5, "-0.5"), (0.1, "0.1"), (1e300, "1e+300"), (True, "True"), (False, "False"), (0, "0"),
        (float("nan"), "nan"), (Decimal("1.10"), "1.10"), (Fraction(1, 3), "1/3"), (2 + 1j, "(2+1j)"),
        (10**300, str(10**300)),
        (np.int64(7), "7"), (np.uint8(255), "255"), (np.float32(0.5), "0.5"), (np.float64(0.1), "0.1"),
        (np.bool_(1), "True"),
        (np.str_("word"), "word"), (np.datetime64("2026-11-22"), "2026-11-22"), (Colour.RED, "red"),
        (OldColour.RED, "red"),
        (Loud("quiet"), "quiet"), ("\ud800", "\ud800"), ("a\r\nb\0", "a\r\nb\0"),
    ],
    ids=lambda value: ascii(value)[:30],
)  # fmt: skip
def test_texts_and_numbers_become_text(value: Any, text: str) -> None:
    (piece,) = render_template("{{x}}", {"x": value})

    assert piece == PromptPiece(text, "x")
    assert type(piece.value) is str


def test_what_a_variable_holds_is_never_expanded() -> None:
    names = NAMES | {
        "evil": "{{key}} {os.environ[COMETAPI_KEY]} ${HOME} {{ key }}",
        "key": "sk-secret",
        "open": "{{",
        "end": "}}",
    }

    assert text_of(render_template("{{evil}}", names)) == names["evil"]
    assert text_of(render_template("{{open}}key{{end}}", names)) == "{{key}}"
    assert text_of(render_template("{{{braces}}}", names)) == "{{{style}} {x}}"
    assert text_of(render_template("{{key}}", names)) == "sk-secret", "the control: asked for by name it is there"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a {{stlye}} cat", "There is no variable {{stlye}} (did you mean style?). "),
        ("{{Style}}", "{{Style}} (did you mean style?)"),
        ("{{xyzzy}}", "There is no variable {{xyzzy}}. "),
        ("{{stlye}} {{cuont}} {{stlye}}", "s {{stlye}} (did you mean style?), {{cuont}} (did you mean count?). "),
        ("".join(f"{{{{u{n}}}}}" for n in range(40)), "{{u4}} and 35 more. "),
        ("{{print}} {{len}} {{None}} {{True}} {{class}}", "{{print}}, {{len}}, {{None}}, {{True}}, {{class}}. "),
        ("{{" + "a" * 100_000 + "}}", "aaaa…}}. "),
        ("{{style}} {{nothing}} {{nope}}", "{{nothing}}"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_told_before_sending(text: str, told: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render_template(text, NAMES | {"nope": None})

    message = str(caught.value)
    assert told in message
    assert caught.value.charge_status is ChargeStatus.UNSENT
    assert "\n" not in message
    assert len(message) < 700


def test_only_what_could_stand_there_is_suggested() -> None:
    names = {"_stlye": "x", "stlyes": None, "stlye_": print, "exit": sys.exit, "style_of_it": "x"}

    with pytest.raises(TemplateError) as caught:
        render_template("{{stlye}} {{exi}}", names)

    assert "did you mean" not in str(caught.value)
    with pytest.raises(TemplateError, match="did you mean _stlye"):
        render_template("{{_styel}}", names)


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024  # an untyped one, as people make them


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "is None"), ([], "is an empty list"), ([1, 2], "is a list of 2"), (("a",), "is a tuple of 1"),
        ({"a": 1}, "is a dict of 1"), ({1}, "is a set of 1"), (frozenset(), "is an empty frozenset"),
        (collections.OrderedDict(a=1), "is an OrderedDict of 1"), (Point(1, 2), "is a Point of 2"),
        (print, "is a builtin_function_or_method"), (lambda: 0, "is a function"), ("x".upper, "is a builtin_function"),
        (sys, "is a module"), (Path, "is the class Path"), (str, "is the class str"), (type, "is the class type"),
    ],
    ids=lambda value: ascii(value)[:20],
)  # fmt: skip
def test_what_is_neither_text_nor_image_is_refused(value: Any, told: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render_template("draw {{x}}", {"x": value})

    assert str(caught.value).startswith(f"{{{{x}}}} {told}")
    assert "neither text nor an image" in str(caught.value)


def test_a_number_too_long_to_write_is_refused() -> None:
    with pytest.raises(TemplateError, match="too long"):
        render_template("{{x}}", {"x": 10**5000})


def test_the_greek_letter_is_found_by_the_micro_sign_and_nothing_looks_inside_the_mapping() -> None:
    assert render_template("{{µ}}", {"μ": "mu"}) == [PromptPiece("mu", "μ")]
    made: dict[str, Any] = collections.defaultdict(lambda: "made up")
    with pytest.raises(TemplateError):
        render_template("{{x}}", made)
    assert not made


@pytest.mark.parametrize("text", ["{" * 200_000, "{{a" * 60_000, "{{" + "a" * 200_000, "}" * 200_000, "{{a}" * 50_000])
def test_two_hundred_thousand_characters_are_no_trouble(text: str) -> None:
    assert render_template(text, {}) == [PromptPiece(text)]
    assert find_lookalikes(text, {"a": 1}) == []


def test_many_placeholders_are_no_trouble() -> None:
    assert len(render_template("{{a}}" * 40_000, {"a": 1})) == 40_000
    with pytest.raises(TemplateError, match="and 39995 more"):
        render_template(
            "".join(f"{{{{b{n}}}}}" for n in range(40_000)), dict.fromkeys((f"a{n}" for n in range(2000)), 1)
        )


@given(st.text(st.characters() | st.sampled_from("{}$%\r\n \\")))
def test_any_text_without_a_placeholder_comes_out_byte_for_byte(text: str) -> None:
    names = dict.fromkeys(string.ascii_letters, "x")
    if any(match[1].isidentifier() for match in template._BRACES.finditer(text)):
        return
    assert text_of(render_template(text, names)) == text


PIECES = st.lists(st.text(st.sampled_from('{ }"a:$\r\n') | st.characters(), max_size=8), min_size=1, max_size=6)


@given(PIECES, st.text(st.sampled_from("{}v") | st.characters(), max_size=12))
def test_any_value_stands_where_its_name_stood(around: list[str], value: str) -> None:
    # A literal that ends or begins in a brace belongs to no placeholder: the inner pair is taken.
    if any(match[1].isidentifier() for literal in around for match in template._BRACES.finditer(literal)):
        return
    literals = [literal.replace("{{v", "{v") for literal in around]
    text = "{{v}}".join(literals)
    if text.count("{{v}}") != len(literals) - 1:
        return

    assert text_of(render_template(text, {"v": value})) == value.join(literals)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ style }}", ["{{ style }}"]),
        ("{{style.upper}} {{style[0]}} {{style()}}", ["{{style.upper}}", "{{style[0]}}", "{{style()}}"]),
        ("{{style|upper}} {{style!r}}", ["{{style|upper}}", "{{style!r}}"]),
        ("{{ style }} {{ style }}", ["{{ style }}"]),
        ("{{\tstyle\n}}", ["{{ style }}"]),
        ("{{ other }} {{other.x}}", []),
        ("{{style}}", []),
        ("{{style cat}}", []),
        ('{{"style": 1}} {{1}} {{ }} {{}} {style} {', []),
        ("{{ len(x) }} {{print()}}", []),
    ],
)
def test_what_looks_like_a_placeholder_is_remarked(text: str, told: list[str]) -> None:
    assert find_lookalikes(text, NAMES) == told


def test_a_remark_is_one_short_line() -> None:
    (told,) = find_lookalikes("{{style.\x1b[31m" + "x" * 5000 + "\n}}", NAMES)

    assert told.isprintable()
    assert len(told) <= template.MAX_NAME_LENGTH


def test_numpy_is_not_imported_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numpy")

    assert render_template("{{x}}", {"x": 1}) == [PromptPiece("1", "x")]
    assert render_template("{{x}}", {"x": types.SimpleNamespace()})[0].name == "x"
    assert "numpy" not in sys.modules


def test_the_names_that_a_text_asks_for_are_told_as_they_are_known() -> None:
    text = "{{b}} {{a}} {{µ}} {{ c }} {d} {{{e}}} {{b}} {{other}}"

    assert find_used_names(text, ("a", "b", "c", "d", "e", "μ")) == ["b", "a", "μ", "e"]
