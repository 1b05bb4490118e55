"""The plugin that keeps every run harmless: no key, no network, no pictures left behind.

It is loaded by name from pyproject.toml and not as a conftest, so that it also holds when a single
notebook is run, and it acts on the process's own environment, because the kernels that run notebooks
and the front ends in browser tests inherit that. It knows nothing of the package but its variables.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import tempfile
from pathlib import Path
from typing import Any, Never

import pytest

PREFIXES = ("COMETAPI_", "COMETMAGIC_")
KEPT = "COMETMAGIC_REQUIRE_BROWSER"

_patch = pytest.MonkeyPatch()


class NetworkError(AssertionError):
    """A test tried to leave this machine."""


def clear_settings(patch: pytest.MonkeyPatch) -> None:
    """Take the user's key and settings out of the environment."""
    for name in list(os.environ):
        if name.startswith(PREFIXES) and name != KEPT:
            patch.delenv(name)


def stays_here(address: Any) -> bool:
    """Tell whether a socket address is a local path or on the loopback interface."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0]).partition("%")[0]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in {"", "localhost"}


def _guard(name: str) -> None:
    original = getattr(socket.socket, name)

    def guarded(self: socket.socket, address: Any) -> Any:
        if not stays_here(address):
            refuse(address)
        return original(self, address)

    _patch.setattr(socket.socket, name, guarded)


def refuse(address: Any) -> Never:
    """Fail the test that asked for `address`."""
    message = f"a test tried to reach {address!r}; tests stay on this machine"
    raise NetworkError(message)


def pytest_configure(config: pytest.Config) -> None:
    """Make this process, and whatever it starts, harmless."""
    scratch = tempfile.TemporaryDirectory(prefix="cometmagic-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(scratch.cleanup)
    config.add_cleanup(_patch.undo)
    clear_settings(_patch)
    _patch.setenv("COMETMAGIC_LIBRARY", str(Path(scratch.name, "library")))
    _patch.setenv("XDG_STATE_HOME", str(Path(scratch.name, "state")))
    # Whoever keeps compiled files out of the checkout would have every kernel and helper compile the package anew.
    _patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    # The history of IPython is one database: kernels of several workers would wait for each other at every cell.
    _patch.setenv("IPYTHONDIR", str(Path(scratch.name, "ipython")))
    # Jedi's cache is not written in one step: a kernel that reads it while another one writes offers nothing.
    _patch.setenv("XDG_CACHE_HOME", str(Path(scratch.name, "cache")))
    _guard("connect")
    _guard("connect_ex")
    # Where the shell runs it in the background, Ctrl-C is ignored, which tests of interrupts cannot do with.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
