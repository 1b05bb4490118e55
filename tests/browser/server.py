"""A Jupyter server of the tests' own: own folders, own port and token, own process group.

It serves one test after another. Each has a folder, a workspace and kernels of its own, and finds the settings
as if nobody had been there before; kernels get its environment and not that in which the server was started.
Nothing of the user's Jupyter set-up is read or written. A front end is one row in `FRONT_ENDS`. This module
knows nothing of browsers.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ipykernel.kernelspec import get_kernel_dict

from tests.isolation import PREFIXES
from tests.ports import free_port

# As `python -m MODULE`, without what costs two seconds for nothing: see tests/workers.py.
RUN_MODULE = """import runpy, sys
sys.modules["rfc3987_syntax"] = None
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)"""
START_SECONDS = 60
STOP_SECONDS = 15


@dataclass(frozen=True)
class FrontEnd:
    """One program that shows notebooks: its module, the page of a notebook in a folder, the options only it takes."""

    module: str
    page: str
    options: tuple[str, ...] = ()
    keeps_kernels: bool = True


_JUPYTER_SERVER = (
    "--allow-root",
    "--ip=127.0.0.1",
    "--IdentityProvider.token={token}",
    "--ServerApp.root_dir={root}",
    "--ServerApp.port_retries=0",
    "--LabServerApp.news_url=None",
    "--expose-app-in-browser",
    # No page asks whether JupyterLab should be built anew, which starts node three times.
    "--ServerApp.tornado_settings={{'page_config_data': {{'buildAvailable': False, 'buildCheck': False}}}}",
)
FRONT_ENDS = {
    "lab": FrontEnd("jupyterlab", "lab/workspaces/{folder}/tree/{folder}/{name}", _JUPYTER_SERVER),
    "notebook": FrontEnd("notebook", "notebooks/{folder}/{name}", _JUPYTER_SERVER),
    "voila": FrontEnd(
        "voila",
        "voila/render/{folder}/{name}",
        ("--Voila.ip=127.0.0.1", "--Voila.port_retries=0", "--token={token}", "{root}"),
        False,
    ),
}

# Without these a popup asks about Jupyter's news, and outputs below the window are not in the page.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@dataclass(frozen=True)
class Server:
    """A running server: where it answers and which folder it serves, or one of a test's in that."""

    front_end: FrontEnd
    url: str
    token: str
    root: Path
    home: Path

    def path(self, name: str) -> str:
        """Return how the front end calls a file of the test's folder."""
        return f"{self.root.name}/{name}"

    def page(self, name: str) -> str:
        """Return the address that opens the notebook `name`."""
        return f"{self.url}/{self.front_end.page.format(folder=self.root.name, name=name)}?token={self.token}"

    @contextlib.contextmanager
    def folder(self, name: str) -> Iterator[Server]:
        """Serve a folder of this name to one test, and end its kernels in the end."""
        _prepare(self.home)
        try:
            yield replace(self, root=self.root / name)
        finally:
            for session in self._ask("GET", "sessions") if self.front_end.keeps_kernels else ():
                self._ask("DELETE", f"sessions/{session['id']}")

    def _ask(self, method: str, what: str) -> Any:
        headers = {"Authorization": f"token {self.token}"}
        asked = urllib.request.Request(f"{self.url}/api/{what}", method=method, headers=headers)
        with urllib.request.urlopen(asked, timeout=STOP_SECONDS) as answer:
            return json.load(answer) if method == "GET" else None


def _prepare(home: Path) -> None:
    """Set the settings, and the environment of kernels, for a test that begins."""
    settings = home / "settings"
    shutil.rmtree(settings, ignore_errors=True)
    for name, values in SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    given = {name: value for name, value in os.environ.items() if _is_a_tests(name)}
    kernel = get_kernel_dict() | {"display_name": "Python 3", "env": given}
    path = home / "share" / "kernels" / "python3" / "kernel.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kernel))


def _is_a_tests(name: str) -> bool:
    """Tell whether an environment variable is set anew for each test."""
    return name.startswith(PREFIXES) or name == "XDG_STATE_HOME"


def _environment(home: Path) -> dict[str, str]:
    """Return this process's environment with every folder of Jupyter's moved under `home`."""
    folders = {
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_PATH": "share",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    kept = {name: value for name, value in os.environ.items() if not _is_a_tests(name)}
    return kept | {name: str(home / folder) for name, folder in folders.items()}


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
    kind, token, port, log = FRONT_ENDS[front_end], secrets.token_hex(16), free_port(), home / "server.log"
    for folder in (root, home):
        folder.mkdir(parents=True, exist_ok=True)
    options = [option.format(token=token, root=root) for option in kind.options]
    command = [sys.executable, "-c", RUN_MODULE, kind.module, "--no-browser", f"--port={port}", *options]
    server = Server(kind, f"http://127.0.0.1:{port}", token, root, home)
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
