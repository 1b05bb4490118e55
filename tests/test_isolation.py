"""The safety net itself: no key in the environment, no way off this machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.isolation import NetworkError, clear_settings


def test_no_setting_of_the_user_is_left(library_folder: Path) -> None:
    assert {name for name in os.environ if name.startswith("COMETAPI_")} == set()
    assert os.environ["COMETMAGIC_LIBRARY"] == str(library_folder)


def test_keys_and_settings_are_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMETAPI_KEY", "sk-not-a-key")
    monkeypatch.setenv("COMETMAGIC_SOURCE", "live")

    clear_settings(monkeypatch)

    assert not {"COMETAPI_KEY", "COMETMAGIC_SOURCE"} & set(os.environ)


@pytest.mark.parametrize("address", [("192.0.2.1", 443), ("example.invalid", 443), ("2001:db8::1", 443, 0, 0)])
def test_a_connection_that_leaves_the_machine_is_refused(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as outgoing, pytest.raises(NetworkError, match="stay on this machine"):
        outgoing.connect(address)
    with socket.socket(family) as outgoing, pytest.raises(NetworkError):
        outgoing.connect_ex(address)


def test_a_connection_to_this_machine_is_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
