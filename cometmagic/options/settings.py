"""The settings of the environment, read when needed: the key, the base URL, the library, the source, limits.

A key or a base URL is never read from a file in the working folder: a notebook from somebody else must not
decide where a key goes. The key is kept in an object that never shows it, and its text is never in a variable when
an error is raised, for debuggers and rich tracebacks show those.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cometmagic.errors import LibraryError, MissingKeyError, OptionError
from cometmagic.options.declaration import SOURCES, Limits
from cometmagic.options.option_types import Choice, Number
from cometmagic.options.pasted_key import extract_key
from cometmagic.system.regular_files import is_link
from cometmagic.system.secret import Secret
from cometmagic.system.secret_patterns import contains_key
from cometmagic.system.session_secret import register_finder

KEY_VARIABLE = "COMETAPI_KEY"
DEFAULT_LIBRARY = "gemini_images"
MEGAPIXELS_VARIABLE = "COMETMAGIC_MAX_MEGAPIXELS"
DEFAULT_MEGAPIXELS = 64  # 4:1 at 4K has 33
KEY_INSTRUCTIONS = (
    f"Set {KEY_VARIABLE} in the environment before Jupyter starts, or run cometmagic.ask_key() for a hidden prompt; "
    "without a key, --source offline draws a sketch."
)
_KEY_PATTERN = re.compile(r"[!-~]{8,512}")
BLANK = "blank"  # the reason in the error of a text without a key
_PLACEHOLDER = "holds no real API key"
_PLACEHOLDER_KEYS = ("your-key", "your_key", "yourkey", "api-key-here", "<key>", "sk-xxx", "changeme")


class Key(Secret):
    """An API key. `origin` says where it came from."""

    __slots__ = ("origin",)

    def __init__(self, text: str, origin: str) -> None:
        """Take the key out of `text` and check it. Raises `MissingKeyError`, which never shows a part of it."""
        super().__init__(extract_key(text))
        del text
        self.origin = origin
        if problem := _find_problem(self):
            advice = KEY_INSTRUCTIONS if problem == _PLACEHOLDER else "Copy the key again."
            raise MissingKeyError(f"{origin} {problem}.", advice=advice, reason="" if self else BLANK)

    def is_in(self, text: str) -> bool:
        """Whether a text contains the key or a long piece of it, also encoded."""
        return contains_key(text, self)

    def __repr__(self) -> str:
        return f"<API key from {self.origin}>"


def _find_problem(secret: Secret) -> str:
    """Return what is wrong with a key, or nothing. It raises nothing, as the key is in a variable here."""
    key = secret.reveal()
    is_name = key.strip("$<>%{}=").upper() == KEY_VARIABLE
    if not key or is_name or any(word in key.lower() for word in _PLACEHOLDER_KEYS):
        return _PLACEHOLDER
    index = next((index for index, character in enumerate(key) if not "!" <= character <= "~"), None)
    if index is not None:
        return f"has an invalid character at position {index + 1}"
    return "" if _KEY_PATTERN.fullmatch(key) else "is too short or too long for an API key"


_session_keys: list[Key] = []  # from the hidden prompt
_stored_keys: list[Key] = []  # the last one from a slow place


def ask_key() -> None:
    """Ask for the API key without showing it, and use it for this session only."""
    import getpass

    _session_keys[:] = [Key(getpass.getpass("CometAPI key (hidden): "), "the hidden prompt")]


def find_key() -> Key | None:
    """Return the key from the hidden prompt, the environment, Colab's secrets or the keyring, or None.

    Raises `MissingKeyError` when a value is set that cannot be a key.
    """
    if key := find_key_quickly():
        return key
    key = _build_key(_read_colab_secret, f"the Colab secret {KEY_VARIABLE}") or _build_key(
        _read_keyring, f"the keyring {KEY_VARIABLE}"
    )
    _stored_keys[:] = filter(None, [key])
    return key


def find_key_quickly() -> Key | None:
    """Return the key from the hidden prompt or the environment, which are fast to read, or None."""
    return _session_keys[0] if _session_keys else _build_key(lambda: os.getenv(KEY_VARIABLE, ""), KEY_VARIABLE)


def _find_session_secret() -> Secret | None:
    """Return the key that errors must not quote, or None. It raises nothing, and looks in no slow place."""
    secret = Secret(extract_key(os.getenv(KEY_VARIABLE, "")))
    keys: list[Secret] = [*_session_keys, *([] if _find_problem(secret) else [secret]), *_stored_keys]
    return keys[0] if keys else None


register_finder(_find_session_secret)


def _build_key(read_text: Callable[[], str], origin: str) -> Key | None:
    """Return the key in a text, None when that is blank."""
    try:
        return Key(read_text(), origin)
    except MissingKeyError as error:
        if error.details.get("reason") == BLANK:
            return None
        raise


def _read_colab_secret() -> str:
    if "google.colab" not in sys.modules:
        return ""
    from google.colab import userdata  # type: ignore[import-not-found, import-untyped, unused-ignore]  # in Colab only

    try:
        return str(userdata.get(KEY_VARIABLE) or "")
    except Exception:  # noqa: BLE001  # three error classes that exist only in Colab; all mean "no key"
        return ""


def _read_keyring() -> str:
    if importlib.util.find_spec("keyring") is None:
        return ""
    import keyring  # type: ignore[import-not-found, unused-ignore]  # optional

    try:
        return str(keyring.get_password("cometapi", KEY_VARIABLE) or "")
    except Exception:  # noqa: BLE001  # without a keyring service, every backend raises something else
        return ""


def find_library_folder() -> Path:
    """Return the absolute path of the library: COMETMAGIC_LIBRARY, or `gemini_images` in the working folder.

    Raises `OptionError` for an unknown user, and `LibraryError` for a `gemini_images` that is a link: it may have come
    with a project from somebody else, and lead to any folder of this user.
    """
    path = os.environ.get("COMETMAGIC_LIBRARY", "").strip()
    root = _resolve_library(path or DEFAULT_LIBRARY)
    if not path and is_link(root):
        message = f"{DEFAULT_LIBRARY} in the working folder is a link, which may lead anywhere."
        raise LibraryError(message, advice="Set COMETMAGIC_LIBRARY to the folder itself.")
    return root


def _resolve_library(path: str) -> Path:
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:  # an unknown `~user`
        raise OptionError(f"COMETMAGIC_LIBRARY: {error}", advice="Name a folder that can be written.") from None
    except FileNotFoundError:
        raise LibraryError("The working folder is gone.", advice="Change to another with %cd.") from None


def read_default_source() -> str:
    """Return the source that COMETMAGIC_SOURCE sets, or `auto`. Raises `OptionError` for an unknown one."""
    try:
        return Choice(SOURCES).parse(os.environ.get("COMETMAGIC_SOURCE", "").strip() or "auto")
    except ValueError as error:
        raise OptionError(f"COMETMAGIC_SOURCE: {error}") from None


def read_environment_limits() -> dict[str, Any]:
    """Return the limits that variables such as COMETMAGIC_DAY_CAP set.

    Raises `OptionError` with the variable.
    """
    limits: dict[str, Any] = {}
    for name, option in Limits.list_options().items():
        variable = f"COMETMAGIC_{name.upper()}"
        if text := os.environ.get(variable, "").strip():
            try:
                limits[name] = option.type.parse(text)
            except ValueError as error:
                raise OptionError(f"{variable}: {error}") from None
    return limits


def read_max_pixels() -> int:
    """Return how many pixels an image may have that is decoded: 64 million, or COMETMAGIC_MAX_MEGAPIXELS.

    Raises `OptionError` with the variable.
    """
    try:
        megapixels = Number(1, 2_000).parse(os.environ.get(MEGAPIXELS_VARIABLE, "").strip() or DEFAULT_MEGAPIXELS)
    except ValueError as error:
        raise OptionError(f"{MEGAPIXELS_VARIABLE}: {error}") from None
    return int(megapixels * 1_000_000)
