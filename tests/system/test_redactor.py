"""A secret in none of its forms is left in a text or a body, and all else is left as it is."""

from __future__ import annotations

import base64
import html
import json
import random
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cometmagic.system.part_finder import PartFinder
from cometmagic.system.redactor import MARK, MIN_DATA_BYTES, Redactor
from cometmagic.system.secret import Secret
from tests.key_scan import KEYS, WRITINGS, leaks

ANY = st.text(st.characters(codec=None))
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60)
IMAGE = base64.b64encode(random.Random(1).randbytes(30_000)).decode()  # noqa: S311  # the same each time


def redacted(content: str, *secrets: str) -> str:
    """Return what is left of a body, after a look that nothing changed places."""
    body = bytearray(content.encode("utf-8", "surrogatepass"))
    is_changed = Redactor(map(Secret, secrets)).redact_body(body)
    assert len(body) == len(content.encode("utf-8", "surrogatepass"))
    assert is_changed == (body != content.encode("utf-8", "surrogatepass"))
    return body.decode("utf-8", "surrogatepass")


@pytest.mark.parametrize("shape", KEYS)
@pytest.mark.parametrize("writing", WRITINGS)
def test_each_writing_of_a_key_is_found(shape: str, writing: str) -> None:
    key = KEYS[shape]
    quoted = f"before {WRITINGS[writing](key)} after"

    assert leaks(quoted, key)  # the control
    shown = Redactor([Secret(key)]).redact(quoted)
    assert leaks(shown, key) == []
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert leaks(redacted(json.dumps({"message": quoted}), key), key) == []


@given(ANY, SECRETS, ANY, st.data())
def test_no_part_of_a_secret_is_left(before: str, secret: str, after: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(secret) - 6))
    end = data.draw(st.integers(start + 6, len(secret)))
    quoted = before + secret[start:end] + after

    for shown in (Redactor([Secret(secret)]).redact(quoted).replace(MARK, "\0"), redacted(quoted, secret)):
        assert not any(secret[at : at + 6] in shown for at in range(len(secret) - 5) if secret[at : at + 6] != "*" * 6)


@given(SECRETS, st.binary(max_size=5), st.binary(max_size=5))
def test_no_base64_of_a_secret_is_left(secret: str, before: bytes, after: bytes) -> None:
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        shown = Redactor([Secret(secret)]).redact(encode(before + secret.encode() + after).decode()).replace(MARK, "")
        # What is shared with a neighbour may stay: a letter at each end, and those of the neighbours.
        assert len(shown) <= (len(before) + len(after)) * 4 // 3 + 8


@given(SECRETS, st.data())
def test_any_mixture_of_escapes_is_undone(secret: str, data: st.DataObject) -> None:
    escapes: list[Callable[[str], str]] = [
        str,
        str.swapcase,
        lambda letter: f"\\u{ord(letter):04X}",
        lambda letter: f"\\\\u{ord(letter):04x}",
        lambda letter: f"\\x{ord(letter):02x}",
        lambda letter: f"%{ord(letter):02X}",
        lambda letter: f"%25{ord(letter):02x}",
        lambda letter: f"&#{ord(letter)};",
        lambda letter: f"&#x{ord(letter):X};",
        lambda letter: f"{letter}\u200b\n",
    ]
    letters = [data.draw(st.sampled_from(escapes))(letter) for letter in secret if letter.isalnum()]
    shown = Redactor([Secret("".join(filter(str.isalnum, secret)))]).redact("".join(letters))

    assert not letters or len(letters) < 6 or MARK in shown
    assert len(re.sub(r"\W", "", shown.replace(MARK, ""))) < 6 or len(letters) < 6


def test_a_backslash_at_the_end_of_a_part_takes_no_half_of_a_letter() -> None:
    assert redacted("abcdef\\é", "abcdef\\x") == f"{'*' * 7}é"


def test_the_ends_of_a_text_are_left() -> None:
    key, long = KEYS["prefix"], "ordinary words, as they are " * 20

    assert Redactor([Secret(key)]).redact(f"{long}é{key}日本{long}") == f"{long}é{MARK}日本{long}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sk-9q",
        "sk- a key that begins with sk-",
        "C:\\new\\u00e9 100%25 &#39;&amp; \ud800 日本",
        f'{{"data": "{IMAGE}", "n": 123456}}',
        f'{{"data": "{IMAGE.replace("/", chr(92) + "/")}"}}',
        f"data:image/png;base64,{IMAGE} in a sentence",
    ],
)
def test_what_holds_no_secret_is_left_alone(text: str) -> None:
    for key in KEYS.values():
        assert Redactor([Secret(key)]).redact(text) == text
        assert redacted(text, key) == text
    assert Redactor().redact(text) == text
    assert redacted(text) == text


def test_a_part_that_occurs_in_an_image_by_chance_leaves_it_whole() -> None:
    key = f"sk-{IMAGE[5000:5010]}{IMAGE[9000:9010]}"

    for body in (f'{{"data": "{IMAGE}"}}', f"{IMAGE}", f'"a b {IMAGE}"'):
        assert redacted(body, key) == body
    assert redacted(f'"{IMAGE[5000:5010]}"', key) == f'"{"*" * 10}"'  # the control


@pytest.mark.parametrize("shape", KEYS)
@pytest.mark.parametrize("writing", ["plain", "hex", "hex-upper", "base64-0", "base64-1", "base64-2"])
def test_a_whole_key_in_an_image_is_overwritten_and_the_data_stays_base64(shape: str, writing: str) -> None:
    quoted = WRITINGS[writing](KEYS[shape])
    body = f'{{"data": "{IMAGE[:20_000]}{quoted}{IMAGE[20_000:]}", "text": "{quoted} and a word"}}'

    left = json.loads(redacted(body, KEYS[shape]))

    assert leaks(body, KEYS[shape])
    assert leaks(json.dumps(left), KEYS[shape]) == []
    assert "****" in left["text"]
    assert re.fullmatch(r"[A-Za-z0-9+/=_-]+", left["data"])
    assert left["data"][:20_000] == IMAGE[:20_000]
    assert left["data"].endswith(IMAGE[20_003:])


LONG_PARTS: dict[str, Callable[[str], str]] = {
    "head": lambda key: key[:-1],
    "tail": lambda key: key[1:],
    "middle": lambda key: key[4:20],
    "upper": str.upper,
    "hex": lambda key: key[3:-2].encode().hex(),
    "base64": lambda key: base64.b64encode(b"a" + key[1:].encode() + b"bc").decode(),
}


@pytest.mark.parametrize("shape", KEYS)
@pytest.mark.parametrize("part", LONG_PARTS)
def test_no_long_part_of_a_key_is_left_in_data_or_in_a_name(part: str, shape: str) -> None:
    quoted = LONG_PARTS[part](KEYS[shape])
    for body in (f'{{"text": "{"x" * 1100}{quoted}"}}', f'{{"text": "{quoted}{"x" * 1100}"}}', f'{{"a{quoted}": 1}}'):
        left = redacted(body, KEYS[shape])
        assert leaks(body, KEYS[shape])  # the control
        assert leaks(left, KEYS[shape]) == []
        assert len(json.loads(left)) == 1


@pytest.mark.parametrize("before", ["\\f", "\\\\", "\\u003f"])
@pytest.mark.parametrize("after", ["\\f", "\\u00ff", "\\b"])
def test_an_escape_beside_letters_that_are_split_stays_whole(before: str, after: str) -> None:
    key = "f3ac19e5b48806a1cu00ff"
    body = f'{{"text": "{before}{" ".join(key[1:-5])}{after}"}}'

    left = redacted(body, key)

    assert "*" in json.loads(left)["text"]


@pytest.mark.parametrize(
    ("key", "before"),
    [
        ("AAnABCDEFGH", "\n"),
        ("AAtABCDEFGH", "\\\\\t"),
        ("AAe9ABCDEFGH", "é"),
        ("AA0e9ABCDEFGH", "x\u00e9"),
        ("ABCDEFGH", "\\"),
    ],
)
def test_an_escape_before_a_part_stays_whole(key: str, before: str) -> None:
    left = json.loads(redacted(json.dumps({"text": f"{before}ABCDEFGH."}), key))

    assert left == {"text": f"{before}********."}


@pytest.mark.parametrize("count", range(9))
def test_backslashes_before_a_part_are_counted(count: int) -> None:
    """An odd one escapes the letter after it."""
    for end, left in (("\n", "\n********"), ("n", "*********")):
        body = json.dumps(["\\" * count + f"{end}ABCDEFGH"])
        assert json.loads(redacted(body, "AAnABCDEFGH")) == ["\\" * count + left]
    assert redacted("\\nABCDEFGH", "AAnABCDEFGH") == "\\n********"


@pytest.mark.parametrize("sign", " \n\\%.,:<&")
def test_long_texts_are_no_data_whatever_they_are_written_with(sign: str) -> None:
    part, word = KEYS["prefix"][5:13], "word" * 100
    text = sign.join([word] * 5)

    left = redacted(f'"{text}{sign}{part}{sign}{text}"', KEYS["prefix"])

    assert "*" * (len(part) - 1) in left  # what follows a backslash belongs to it
    assert left.startswith(f'"{text}{sign}')


@pytest.mark.parametrize("length", [300, 30_000])
def test_long_texts_of_other_scripts_are_no_data(length: int) -> None:
    part = KEYS["prefix"][5:13]

    assert redacted(f'"{"日本" * 300}{part}{"日本" * length}"', KEYS["prefix"]).count("*") == len(part)


CHANCE_KEY = f"sk-{IMAGE[500:510]}{IMAGE[9000:9010]}"  # no more than chance would have


@pytest.mark.parametrize("length", [1023, 1024])
def test_data_has_a_length(length: int) -> None:
    for body in (f'"{IMAGE[:length]}"', IMAGE[:length], f"x {IMAGE[:length]} x"):
        assert ("*" * 10 in redacted(body, CHANCE_KEY)) == (length < 1024)


@pytest.mark.parametrize("body", [f'{IMAGE[:6000]}\n"{IMAGE[6000:]}"', f'"{IMAGE[:6000]}"\n{IMAGE[6000:]}'])
def test_data_before_and_behind_other_data_is_left(body: str) -> None:
    assert redacted(body, CHANCE_KEY) == body


def test_data_ends_with_its_string() -> None:
    body = f'["{IMAGE}"]["{IMAGE[500:510]}"]'

    assert redacted(body, CHANCE_KEY) == f'["{IMAGE}"]["{"*" * 10}"]'


def test_a_whole_key_at_the_start_of_data_is_overwritten() -> None:
    key = KEYS["hex"]

    assert redacted(f"{key}{IMAGE}", key) == f"{'A' * len(key)}{IMAGE}"


def test_a_part_before_a_field_is_no_field() -> None:
    body = '{"text": "a %s, b", "count": 5}'

    assert redacted(body % KEYS["hex"][3:11], KEYS["hex"]) == body % ("*" * 8)


@pytest.mark.parametrize("before", range(-45, 6, 5))
def test_a_key_across_two_blocks_is_overwritten(before: int) -> None:
    words = "a " * (2**15 + 100)
    body = f"{words[: 2**16 + before]}{KEYS['hex']}{words}"

    assert leaks(redacted(body, KEYS["hex"]), KEYS["hex"]) == []


def test_a_key_that_begins_behind_the_limit_is_left() -> None:
    redactor, body = Redactor([Secret(KEYS["hex"])]), bytearray(f"xx{KEYS['hex']}".encode())

    assert not redactor.redact_body(body, 2)
    assert body.decode() == f"xx{KEYS['hex']}"
    assert redactor.redact_body(body, 3)
    assert body.decode() == f"xx{'*' * 40}"


def test_several_keys_are_several_marks_and_touching_ones_are_one() -> None:
    redactor, (first, second) = Redactor([Secret(KEYS["hex"]), Secret(KEYS["prefix"])]), (KEYS["hex"], KEYS["prefix"])

    assert redactor.redact(f"{first} a {second} b {first}{second}") == "[key] a [key] b [key]"
    for writing in ("json", "url-all", "html", "zero-width", "hex", "upper"):
        assert redactor.redact(f"<{WRITINGS[writing](first)}>") == "<[key]>"
    assert repr(redactor) == "<redactor of 2 secrets>"
    assert Redactor([Secret("pw42"), Secret("xxpw42yy")]).redact("pw42 xpw42y") == "[key] [key]"


def test_the_longest_form_is_known() -> None:
    assert Redactor([Secret("abcd"), Secret("abcdefgh")]).max_form_bytes == 320
    assert Redactor().max_form_bytes == 0


def test_a_whole_key_as_a_name_is_overwritten_and_a_number_stays_one() -> None:
    assert redacted('{"abcd1234efgh5678": 1}', "abcd1234efgh5678") == '{"AAAAAAAAAAAAAAAA": 1}'
    for body in ('{"count": 12345678}', '"count": 12345678'):
        assert redacted(body, "12345678") == body


def test_names_and_numbers_of_fields_are_left() -> None:
    key, body = "sk-candidates123456", '{"candidates": [{"count": 123456, "text": "candidates 123456"}]}'

    assert redacted(body, key) == '{"candidates": [{"count": 123456, "text": "*****************"}]}'


def test_a_password_is_found_if_it_is_short_and_a_syllable_is_not() -> None:
    redactor = Redactor([Secret("pw42"), Secret("abc"), None])

    assert redactor.redact("login pw42 abc") == f"login {MARK} abc"


def test_a_redactor_shows_no_secret() -> None:
    redactor, key = Redactor([Secret(KEYS["hex"])]), KEYS["hex"]

    assert leaks(repr([redactor, *(getattr(redactor, name) for name in redactor.__slots__)]), key) == []


def test_html_shows_no_more_than_its_source() -> None:
    key = KEYS["signs"]
    page = f"<p>{html.escape(key)}</p><a href='/?{quote(key)}'>{'x' * MIN_DATA_BYTES}</a>"

    assert leaks(html.unescape(redacted(page, key)), key) == []


REPEATED = {
    "blanks": b" ",
    "words": b"words ",
    "documents": b'{"text": "a word"},\n',
    "zeros": b" \0",
    "escapes": b"\\u0020\\n ",
}


@pytest.mark.parametrize("name", REPEATED)
@pytest.mark.parametrize("place", [0, 70_000, 199_900])
def test_a_key_in_a_text_that_repeats_itself_is_overwritten(name: str, place: int) -> None:
    secret = KEYS["prefix"]
    content = bytearray(REPEATED[name] * (200_000 // len(REPEATED[name])))
    content[place : place + len(secret)] = secret.encode()

    assert Redactor([Secret(secret)]).redact_body(content)
    assert leaks(bytes(content), secret) == []


@pytest.mark.parametrize("gap", ["", " ", "\0" * 9, "\\u0000", "\n"])
def test_a_text_that_repeats_a_key_has_none_left(gap: str) -> None:
    secret = KEYS["prefix"]
    content = bytearray((gap.join(f"\\u{ord(letter):04x}" for letter in secret) + " ").encode() * 500)

    Redactor([Secret(secret)]).redact_body(content)

    left = bytes(content).replace(b"\0", b"").replace(b"\\u0000", b"").replace(b"\n", b"")
    assert leaks(left, secret) == []


def test_what_repeats_itself_is_not_searched_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []
    find = PartFinder.find

    def count(self: PartFinder, content: bytes) -> Iterator[tuple[int, int]]:
        searched.append(len(content))
        return find(self, content)

    monkeypatch.setattr(PartFinder, "find", count)
    redactor = Redactor([Secret(KEYS["prefix"])])

    for unit in REPEATED.values():
        assert not redactor.redact_body(bytearray(unit * (1_000_000 // len(unit))))

    assert sum(searched) < 1_000_000 * len(REPEATED) / 2, "only once, as letters and digits"
    searched.clear()
    redactor.redact_body(bytearray(str(list(range(150_000))).encode()))
    assert sum(searched) > 1_000_000, "the control: other text is searched"


KEY = "sk-Zq7Wm2Xv9Kp4Rt8Ly3Nb6Hc1"


def test_a_key_that_is_split_over_texts_is_marked_in_each_of_them() -> None:
    texts = ["one sk-Zq7Wm2", "Xv9Kp4Rt8L", "y3Nb6Hc1 two", f"three {KEY}", "four"]

    shown = Redactor([Secret(KEY)]).redact_joined(texts)

    assert shown == [f"one {MARK}", MARK, f"{MARK} two", f"three {MARK}", "four"]
    assert Redactor([Secret(KEY)]).redact_joined(["one sk-Zq", "four"]) == ["one sk-Zq", "four"]  # too little of it


@pytest.mark.parametrize("length", [9_000, 200_000])
def test_a_part_within_long_data_beside_text_is_overwritten(length: int) -> None:
    letters = (IMAGE * (length // len(IMAGE) + 1))[:length]
    part = KEY[3:21]
    body = f'{{"words": "a few", "data": "{letters}{part}{letters}"}}'

    shown = redacted(body, KEY)

    assert part not in shown
    assert shown == body.replace(part, "A" * len(part))


def test_numbers_of_an_answer_stay_numbers() -> None:
    digits = "12345678901234567890"  # as many as a number has at most
    body = f'{{"data": "{IMAGE}", "count": {digits}, "number": {digits[:16]}}}'

    assert redacted(body, f"sk-{digits}") == body
    assert digits + "1" not in redacted(body.replace(digits, digits + "1"), f"sk-{digits}1")  # the control: longer
