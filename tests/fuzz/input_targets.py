"""What people and pages type or paste, and what is shown: texts, keys, lines, templates, URLs, request bodies."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
from urllib.parse import quote

from cometmagic.courier.http.ssrf import check_host, parse_url
from cometmagic.errors import OptionError, TemplateError
from cometmagic.offline.error_responses import ServiceError
from cometmagic.offline.validation import validate
from cometmagic.options.command_line import format_option, parse_first_line, parse_line
from cometmagic.options.declaration import build_options
from cometmagic.options.models import MODELS
from cometmagic.options.template import find_lookalikes, find_used_names, render_template
from cometmagic.system.redactor import MARK, Redactor
from cometmagic.system.sanitize import LINE_CAP, TEXT_CAP, clean, clean_line
from cometmagic.system.secret import Secret
from tests.fuzz.checks import check_error

KEY_LENGTH = 20
KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_.~!"
MAX_TEXT_LENGTH = 800  # characters; in longer base64, parts of a key occur by chance and are left
WINDOW = 6  # characters of a key that tell nothing
VARIABLES = {"a": "{{n}} {{photo}}", "n": 3, "photo": object(), "µ": "mu", "_i": "", "nothing": None, "f": print}


def decode_text(data: bytes) -> str:
    """Return a text in which bytes that are no UTF-8 are lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def fuzz_text(data: bytes) -> None:
    """Check that cleaned text holds nothing that acts on a terminal or a page, and that it is not cleaned again."""
    text = decode_text(data)
    shown, line = clean(text), clean_line(text)
    assert shown.encode().decode() == shown == clean(shown)
    assert all(letter in "\n\t" or letter >= " " for letter in shown)
    assert not set(shown) & set("\x7f\x9b\u200b\u202e\u2066\ufeff\U000e0041")
    assert len(shown) <= TEXT_CAP
    assert len(line) <= LINE_CAP
    assert len(line.splitlines()) <= 1
    assert line == line.strip()


def fuzz_redaction(data: bytes) -> None:
    """Check that no part of a key, plain or encoded, is left in a text or a body, and that the body stays JSON."""
    key = "".join(KEY_LETTERS[byte % len(KEY_LETTERS)] for byte in data[:KEY_LENGTH])
    if len(key) < KEY_LENGTH or len(set(key)) < KEY_LENGTH // 2:  # no key, or one like the letters that replace it
        return
    redactor, text = _build_redactor(key), _quote_key(decode_text(data[KEY_LENGTH:]), key)[:MAX_TEXT_LENGTH]
    _check_redacted(redactor.redact(text).replace(MARK, "\0"), key)
    body = bytearray(json.dumps({"a": text, "b": [text]}).encode())
    length = len(body)
    redactor.redact_body(body)
    document = json.loads(body)
    assert len(body) == length
    assert list(document) == ["a", "b"]
    _check_redacted(document["a"], key)
    assert document["b"] == [document["a"]]


@functools.lru_cache(maxsize=100)
def _build_redactor(key: str) -> Redactor:
    return Redactor([Secret(key)])


def _quote_key(text: str, key: str) -> str:
    """Return a text with forms of a key in place of control characters."""
    raw = key.encode()
    base64_forms = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(b"Bearer " + raw).decode()
    for mark, form in enumerate((key, key[5:], key[:-5], *base64_forms, raw.hex(), quote(key, safe=""))):
        text = text.replace(chr(mark), form)
    return text


def _check_redacted(text: str, key: str) -> None:
    raw = key.encode()
    for form, window in ((key, WINDOW), (raw.hex(), 2 * WINDOW)):
        assert not any(form[start : start + window] in text for start in range(len(form) - window + 1))
    assert quote(key, safe="") not in text
    assert base64.b64encode(raw).decode()[:-4] not in text


def fuzz_command_line(data: bytes) -> None:
    """Check that a line is read or is `OptionError`; options are written as they are read."""
    text = decode_text(data)
    with contextlib.suppress(OptionError):
        parse_first_line(text)
    try:
        line = parse_line(text)
        groups = build_options(line.options)
    except OptionError as error:
        check_error(error)
        return
    assert text.strip().endswith(line.prompt)
    options = groups[0].list_changes()
    written = " ".join(format_option(name, value) for name, value in options.items())
    assert build_options(parse_line(written).options)[0] == groups[0], written


def fuzz_template(data: bytes) -> None:
    """Check that placeholders are filled once, and all other text stays as it is; or the error is `TemplateError`."""
    text = decode_text(data)
    find_lookalikes(text, VARIABLES)
    names = find_used_names(text, VARIABLES)
    try:
        pieces = render_template(text, VARIABLES)
    except TemplateError as error:
        check_error(error)
        return
    assert [*dict.fromkeys(piece.name for piece in pieces if piece.name)] == names
    fixed = "".join(piece.value for piece in pieces if not piece.name)
    assert len(text) - len(fixed) == sum(len(piece.name) + 4 for piece in pieces if piece.name)
    assert all(piece.value == VARIABLES["a"] for piece in pieces if piece.name == "a")


def fuzz_image_url(data: bytes) -> None:
    """Check that a URL has one reading, or is `OptionError`."""
    try:
        url = parse_url(decode_text(data))
        check_host(url, allow_private=False)
    except OptionError as error:
        check_error(error)
        return
    assert url.host.isascii()
    assert url.host == url.host.lower()
    assert not set(url.host) & set("/?#@\\ \0%")
    assert 0 < url.port < 2**16


def fuzz_request_body(data: bytes) -> None:
    """Check that the offline service accepts a body, or answers with an error as the real one does."""
    models = [name for model in MODELS for name in model.names]
    error = None
    try:
        validate(models[data[0] % len(models)] if data else "", data[1:])
    except ServiceError as raised_error:
        error = raised_error
    assert error is None or (400 <= error.status < 600 and json.loads(error.body)["error"]["message"])
