"""What keys and other credentials look like, so that they are noticed in texts that are about to be sent or stored.

One table serves the check before sending, the panel and its page: the patterns are those that JavaScript reads too.
They are narrow on purpose, because a prompt that is refused for nothing is a nuisance. No function here returns or
keeps a part of what it finds, and none knows where a text comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from cometmagic.system.secret import Secret
from cometmagic.system.secret_forms import iter_forms


@dataclass(frozen=True)
class SecretPattern:
    """One kind of credential: its name in messages, how it begins, and how it goes on, as regular expressions."""

    kind: str
    prefix: str
    rest: str


KEY_PREFIX = "sk-"
SECRET_PATTERNS = (
    # Words go on too, as in `sk-octavia2024facelift`; in a key, letters and digits take turns, or it is very long.
    SecretPattern("an API key", "sk-(?:ant|or|proj|svcacct)-", r"(?=[\w-]{0,60}[0-9])[\w-]{40}"),
    SecretPattern(
        "an API key",
        KEY_PREFIX,
        r"(?:[\w-]{0,60}[_-])?(?:"
        r"(?=[A-Za-z]{0,20}(?:[0-9]{1,20}[A-Za-z]{1,20}){3}[0-9])[A-Za-z0-9]{16}|"
        r"(?=[A-Za-z]{0,60}[0-9])[A-Za-z0-9]{32})",
    ),
    SecretPattern("a Stripe key", "[rs]k_(?:live|test)_", "[A-Za-z0-9]{16}"),
    SecretPattern("a Google API key", "AIzaSy", r"[\w-]{30,40}(?![\w-])"),
    SecretPattern("a Google API key", "AIza", r"(?=(?:[A-Za-z_-]{0,34}[0-9]){2})[\w-]{35}(?![\w-])"),
    SecretPattern("a Google API key", r"AQ\.", r"(?=[\w-]{0,40}[0-9])[\w-]{40}"),
    SecretPattern("a Google access token", r"ya29\.", r"[\w-]{20}"),
    SecretPattern("a Google client secret", "GOCSPX-", r"[\w-]{24}"),
    SecretPattern("a GitHub token", "gh[opsur]_", "[A-Za-z0-9]{20}"),
    SecretPattern("a GitHub token", "github_pat_", "[A-Za-z0-9]{20}"),
    SecretPattern("a GitLab token", "glpat-", r"(?=[\w-]{0,30}[0-9])[\w-]{20}"),
    SecretPattern("a Hugging Face token", "hf_", r"[A-Za-z0-9]{30,40}(?![\w-])"),
    SecretPattern("a Replicate token", "r8_", r"[A-Za-z0-9]{37,40}(?![\w-])"),
    SecretPattern("a Groq key", "gsk_", "[A-Za-z0-9]{40}"),
    SecretPattern("an npm token", "npm_", r"[A-Za-z0-9]{36,40}(?![\w-])"),
    SecretPattern("a PyPI token", "pypi-", r"AgE[\w-]{30}"),
    SecretPattern("a SendGrid key", r"SG\.", r"[\w-]{16,32}\.[\w-]{32}"),
    SecretPattern("a Slack token", "x(?:ox[abceprs]|app)-", r"[0-9]{1,14}-[\w-]{14}"),
    SecretPattern("an AWS access key", "A(?:KIA|SIA(?=[A-Z]*[0-9]))", r"[A-Z0-9]{16}(?![\w-])"),
    SecretPattern("a JSON Web Token", "eyJ", r"[\w-]{15,1000}\.eyJ[\w-]{8,}\.[\w-]{16}"),
    SecretPattern(
        "an access token",
        "[Bb]earer ",
        r"(?=[A-Za-z_.-]{0,20}(?:[0-9]{1,20}[A-Za-z_.-]{1,20}){3}[0-9])[\w.-]{24}",
    ),
    SecretPattern("a private key", "-----BEGIN ", "[A-Z0-9 ]{0,40}PRIVATE KEY"),
)
_PREFIX = "|".join(row.prefix for row in SECRET_PATTERNS)
# Not within a word such as risk-free, nor within base64; the escapes are those of logs and addresses.
_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
SECRET_PATTERN = f"{_BEFORE}(?:{'|'.join(row.prefix + row.rest for row in SECRET_PATTERNS)})"
# A text that ends like this may be a credential of which the rest is still being typed.
SECRET_START_PATTERN = rf"{_BEFORE}(?:{_PREFIX})[\w.-]{{3,}}$"

MIN_PIECE, MAX_PIECE = 8, 12  # characters of a key in a row that are no coincidence, in a short and in a long key
_ANY_PATTERN = re.compile(SECRET_PATTERN, re.ASCII)
_KIND_PATTERNS = [(row.kind, re.compile(row.prefix + row.rest, re.ASCII)) for row in SECRET_PATTERNS]
_MASKED_PATTERN = re.compile(rf"{SECRET_PATTERN}[\w.+/=-]*", re.ASCII)
_INVISIBLE_CHARACTERS = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+")
_IGNORED_CHARACTERS = re.compile(rf"(?:\s|{_INVISIBLE_CHARACTERS.pattern})+")  # a key can be broken into lines
_LINE_BREAKS = re.compile(r"[\r\n]+")
_BROKEN_PATTERN = re.compile(rf"{_BEFORE}(?:{_PREFIX})[\w.-]{{0,300}}[\r\n]", re.ASCII)
_BROKEN_CHARACTERS = 400  # of a credential in lines that are searched


def find_secret_kind(text: str) -> str:
    """Return what kind of credential a text seems to contain, with its article, or ""."""
    text = _INVISIBLE_CHARACTERS.sub("", text)
    match = _ANY_PATTERN.search(text) or next(filter(None, map(_ANY_PATTERN.match, _iter_joined_lines(text))), None)
    if match is None:
        return ""
    return next(kind for kind, pattern in _KIND_PATTERNS if pattern.match(match.string, match.start()))


def _iter_joined_lines(text: str) -> Iterator[str]:
    """Yield what may be a credential in lines: with the first two joined, as others may follow, and with all joined."""
    for match in _BROKEN_PATTERN.finditer(text):
        piece = text[match.start() : match.start() + _BROKEN_CHARACTERS]
        yield _LINE_BREAKS.sub("", piece, count=1)
        yield _LINE_BREAKS.sub("", piece)


def mask_secrets(text: str) -> str:
    """Return a text with "[key]" in place of everything that looks like a credential."""
    return _MASKED_PATTERN.sub("[key]", text)


def contains_key(text: str, key: Secret) -> bool:
    """Whether a text contains `key` or a long piece of it: plain, in other case, spaced, or encoded."""
    plain_text = _IGNORED_CHARACTERS.sub("", text)
    texts = {variant.lower() for variant in (plain_text, unquote(plain_text))}
    return any(piece in variant for piece in _iter_pieces(key) for variant in texts)


def _iter_pieces(key: Secret) -> Iterator[str]:
    """Yield all pieces of the forms of a key, and of the key backwards, in lower case."""
    length = min(MAX_PIECE, max(MIN_PIECE, len(key.reveal().removeprefix(KEY_PREFIX))))
    for form in (form.decode().lower() for form in (*iter_forms(key), key.reveal()[::-1].encode())):
        for start in range(len(form) - length + 1):
            yield form[start : start + length]
