"""What people and pages type or paste, and what is shown: texts, keys, lines, templates, URLs, request bodies."""

from __future__ import annotations

import base64
import contextlib
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
    """Check that no window of the key, plain or encoded, is left in a text that quotes it in places."""
    key = "".join(chr(33 + byte % 94) for byte in data[:KEY_LENGTH])
    if len(key) < KEY_LENGTH:
        return
    raw = key.encode()
    forms = {"\0": key, "\1": key[5:], "\2": key[:-5], "\3": base64.b64encode(raw).decode(), "\4": raw.hex()}
    forms |= {"\5": quote(key, safe=""), "\6": base64.urlsafe_b64encode(b"Bearer " + raw).decode()}
    text = decode_text(data[KEY_LENGTH:])
    for mark, form in forms.items():
        text = text.replace(mark, form)
    shown = Redactor([Secret(key)]).redact(text).replace(MARK, "\0")
    for form in (key, raw.hex(), quote(key, safe="")):
        assert not any(form[start : start + WINDOW] in shown for start in range(len(form) - WINDOW + 1))
    assert base64.b64encode(raw).decode()[:-4] not in shown


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
