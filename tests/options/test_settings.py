"""Where the key, the address, the library and the source come from, and what is refused."""

from __future__ import annotations

import copy
import getpass
import pickle
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cometmagic.errors import CometError, LibraryError, MissingKeyError, OptionError
from cometmagic.options import settings
from cometmagic.options.base_url import read_base_url
from cometmagic.options.settings import Key, ask_key, find_key, find_library_folder, read_default_source
from tests.notebook.answers import CANARY


def revealed() -> str | None:
    key = find_key()
    return key.reveal() if key else None


@pytest.mark.parametrize(
    "text", [CANARY, f" {CANARY}\n", f"\ufeff'{CANARY}'", f'"{CANARY}"\r\n', f"\u200b{CANARY}\u00a0"]
)
def test_a_key_is_freed_of_what_clings_to_it(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("COMETAPI_KEY", text)
    assert revealed() == CANARY


@pytest.mark.parametrize(
    "text",
    [
        "Bearer {}", "bearer {}", "BEARER  \t {}", "Bearer Bearer {}", '"Bearer {}"', "Bearer: {}",
        "Authorization: Bearer {}", "authorization:{}", '-H "Authorization: Bearer {}"', "x-goog-api-key: {}",
        "COMETAPI_KEY={}", "COMETAPI_KEY = '{}'", "export COMETAPI_KEY={}", 'export COMETAPI_KEY="Bearer {}";',
        "set COMETAPI_KEY={}", 'setx COMETAPI_KEY "{}"', "$env:COMETAPI_KEY = '{}'", "%env COMETAPI_KEY={}",
        'os.environ["COMETAPI_KEY"] = "{}"', 'os.environ.setdefault("COMETAPI_KEY", "{}")', '{{"COMETAPI_KEY": "{}"}}',
        "cometapi_key: {}", "`{}`", "\u201c{}\u201d", "\u00a0Bearer\u00a0{}\u200b",
    ],
)  # fmt: skip
def test_a_key_is_found_in_what_is_pasted_around_it(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("COMETAPI_KEY", text.format(CANARY))
    assert revealed() == CANARY
    assert CANARY not in str(CometError(f"It said {CANARY}."))


@pytest.mark.parametrize(
    "key", ["bearer-0123456789", "sk-Bearer-0123456789", "sk-COMETAPI-0123456", "authorization-01"]
)
def test_a_key_that_looks_like_what_is_pasted_around_one_stays_whole(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("COMETAPI_KEY", key)
    assert revealed() == key


@pytest.mark.parametrize("text", ["", "  \n", "''", "\ufeff"])
def test_a_blank_key_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("COMETAPI_KEY", text)
    assert find_key() is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("your-key-here", "holds no real API key"),
        ("<KEY>", "holds no real API key"),
        ("sk-xxxxxxxxxxxxxxxx", "holds no real API key"),
        ("$COMETAPI_KEY", "holds no real API key"),
        ("COMETAPI_KEY=", "holds no real API key"),
        ("1234567", "is too short or too long"),
        ("Bearer", "is too short or too long"),
        ("Authorization: Bearer ", "is too short or too long"),
        ("k" * 513, "is too short or too long"),
        (f"{CANARY}\n{CANARY}", "invalid character at position 27"),
        (f"sk-\u2018{CANARY}", "invalid character at position 4"),
        (f"{CANARY} x", "invalid character at position 27"),
        (f"{CANARY}\x7f", "invalid character at position 27"),
    ],
)
def test_what_cannot_be_a_key_is_told_without_showing_it(monkeypatch: pytest.MonkeyPatch, text: str, told: str) -> None:
    monkeypatch.setenv("COMETAPI_KEY", text)

    with pytest.raises(MissingKeyError, match=told) as caught:
        find_key()

    assert "COMETAPI_KEY" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert text not in str(caught.value)


def test_a_key_neither_shows_nor_travels() -> None:
    key = Key(CANARY, "COMETAPI_KEY")

    assert repr(key) == str(key) == f"{key}" == "<API key from COMETAPI_KEY>"
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither pickled nor copied"):
            carry(key)
    with pytest.raises(TypeError):
        vars(key)


def test_the_hidden_prompt_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_session_keys", [])
    monkeypatch.setenv("COMETAPI_KEY", CANARY)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: f" {CANARY}-typed ")

    ask_key()

    assert revealed() == f"{CANARY}-typed"


def test_a_key_is_found_in_colab_and_in_the_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "_stored_keys", [])
    (tmp_path / "keyring.py").write_text(f"def get_password(service, name): return {CANARY!r} + '-' + service")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    assert revealed() == f"{CANARY}-cometapi"

    colab, userdata = ModuleType("google.colab"), ModuleType("google.colab.userdata")
    vars(userdata)["get"] = lambda name: f"{CANARY}-{name}"
    vars(colab)["userdata"] = userdata
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    assert revealed() == f"{CANARY}-COMETAPI_KEY"
    assert str(CometError(f"It said {CANARY[10:]}")).startswith("It said [key].")  # although the environment has none
    del sys.modules["keyring"]


def test_the_library_and_the_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMETMAGIC_LIBRARY", " ~/pictures ")
    monkeypatch.setenv("COMETMAGIC_SOURCE", " Offline ")
    assert find_library_folder() == Path.home() / "pictures"
    assert read_default_source() == "offline"

    monkeypatch.delenv("COMETMAGIC_LIBRARY")
    monkeypatch.delenv("COMETMAGIC_SOURCE")
    assert find_library_folder() == tmp_path / "gemini_images"
    assert read_default_source() == "auto"


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("COMETMAGIC_SOURCE", "dead", read_default_source),
        ("COMETMAGIC_LIBRARY", "~no-such-user/x", find_library_folder),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, read: object) -> None:
    monkeypatch.setenv(variable, value)
    assert callable(read)
    with pytest.raises(OptionError, match=variable):
        read()


def test_a_library_that_is_a_link_must_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gemini_images").symlink_to(tmp_path)
    assert find_library_folder() == tmp_path / "library"  # the control: it is named

    monkeypatch.delenv("COMETMAGIC_LIBRARY")
    with pytest.raises(LibraryError, match=r"is a link.*Set COMETMAGIC_LIBRARY to the folder itself"):
        find_library_folder()


def test_nothing_is_read_from_the_working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A notebook that somebody sends must not decide where a key goes."""
    monkeypatch.chdir(tmp_path)
    for name in (".env", "pyproject.toml", "cometmagic.toml", ".netrc"):
        (tmp_path / name).write_text(f"COMETAPI_KEY={CANARY}\nCOMETAPI_BASE_URL=https://evil.example\n")

    assert find_key() is None
    assert read_base_url().is_trusted
