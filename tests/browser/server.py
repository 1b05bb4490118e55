"""A Jupyter server of the test's own: own folders, own port and token, own process group.

Nothing of the user's Jupyter set-up is read or written. A front end is one row in `FRONT_ENDS`. This
module knows nothing of browsers.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 15


@dataclass(frozen=True)
class FrontEnd:
    """One program that shows notebooks: its module, the page of a notebook, the options only it takes."""

    module: str
    page: str
    options: tuple[str, ...] = ()


_JUPYTER_SERVER = (
    "--allow-root",
    "--ip=127.0.0.1",
    "--IdentityProvider.token={token}",
    "--ServerApp.root_dir={root}",
    "--LabServerApp.news_url=None",
    "--expose-app-in-browser",
)
FRONT_ENDS = {
    "lab": FrontEnd("jupyterlab", "lab/tree/{name}", _JUPYTER_SERVER),
    "notebook": FrontEnd("notebook", "notebooks/{name}", _JUPYTER_SERVER),
    "voila": FrontEnd("voila", "voila/render/{name}", ("--Voila.ip=127.0.0.1", "--token={token}", "{root}")),
}

# Without these a popup asks about Jupyter's news, and outputs below the window are not in the page.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@dataclass(frozen=True)
class Server:
    """A running server: where it answers and which folder it serves."""

    front_end: FrontEnd
    url: str
    token: str
    root: Path
    log: Path

    def page(self, name: str) -> str:
        """Return the address that opens the notebook `name`."""
        return f"{self.url}/{self.front_end.page.format(name=name)}?token={self.token}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _environment(home: Path) -> dict[str, str]:
    """Return this process's environment with every folder of Jupyter's moved under `home`."""
    settings = home / "settings"
    for name, values in SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    folders = {
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    return os.environ | {name: str(home / folder) for name, folder in folders.items()}


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    message = f"the server did not come up; it said:\n{log.read_text()[-4000:]}"
    raise RuntimeError(message)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, which ends its kernels too; insist if it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def serving(front_end: str, root: Path, home: Path) -> Iterator[Server]:
    """Serve the folder `root` in `front_end`, with Jupyter's own folders under `home`."""
    kind, token, port, log = FRONT_ENDS[front_end], secrets.token_hex(16), _free_port(), home / "server.log"
    home.mkdir(parents=True, exist_ok=True)
    options = [option.format(token=token, root=root) for option in kind.options]
    command = [sys.executable, "-m", kind.module, "--no-browser", f"--port={port}", *options]
    server = Server(kind, f"http://127.0.0.1:{port}", token, root, log)
    with log.open("wb") as said:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            _wait_until_up(process, server.url, log)
            yield server
        finally:
            _stop(process)
