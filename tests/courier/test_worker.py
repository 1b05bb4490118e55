"""The courier's process: pictures that outlive the kernel, and a key that lies nowhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cometmagic.courier import client
from cometmagic.errors import ChargeStatus, TransportError
from cometmagic.generation.generate import generate, start_generation
from tests.faults.leaks import KEY
from tests.faults.server import FaultServer, recv_request, response, send, sleep
from tests.gemini.answers import answer, answering, body, image, picture
from tests.waiting import wait_for

PATIENCE = 30.0
WHOLE = response(body(answer(image(thoughtSignature="s" * 50_000))))


def call(library: Path) -> dict[str, Any]:
    """Return the one call.json of a library, or nothing."""
    return next((json.loads(path.read_bytes()) for path in library.glob("*/call.json")), {})


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process whose parent has not asked for its end is still listed.
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def asker(server: FaultServer, library: Path) -> subprocess.Popen[str]:
    """Return a program that asks for a picture and tells its courier's process id."""
    program = """
        from cometmagic.generation import generate
        from cometmagic.courier import client
        call = generate.start_generation("a cat")
        print(client.get_courier()._process.pid, flush=True)
        for event in call.iter_events(): pass
    """
    settings = {"COMETAPI_KEY": KEY, "COMETAPI_BASE_URL": server.url, "COMETMAGIC_LIBRARY": str(library)}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], env=os.environ | settings, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_i9_i10_the_picture_comes_home_when_the_kernel_is_killed(how: int, library_folder: Path) -> None:
    with FaultServer([recv_request(), sleep(1.0), send(WHOLE)]) as server, asker(server, library_folder) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        wait_for(lambda: server.log)

        program.send_signal(how)
        program.wait(PATIENCE)

        assert running(pid)
        wait_for(lambda: call(library_folder).get("state") == "settled")
        wait_for(lambda: not running(pid))
    assert next(library_folder.glob("*/image.png")).read_bytes() == picture()
    assert len(server.log) == 1


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_j8_the_key_is_in_neither_the_arguments_nor_the_environment(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path
) -> None:
    with FaultServer([recv_request(), sleep(0.5), send(WHOLE)]) as server, asker(server, library_folder) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        wait_for(lambda: server.log)

        shown = [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
        control = Path(f"/proc/{program.pid}/environ").read_bytes()

    assert KEY.encode() in control
    assert not any(KEY.encode() in text for text in shown)
    assert f"Bearer {KEY}" in server.log[0].headers["authorization"]


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Callable[[FaultServer], None]:
    def use(server: FaultServer) -> None:
        monkeypatch.setenv("COMETAPI_KEY", KEY)
        monkeypatch.setenv("COMETAPI_BASE_URL", server.url)

    return use


def courier_process() -> subprocess.Popen[bytes]:
    running = client.get_courier()
    assert isinstance(running, client.ProcessCourier)
    return running._process


def test_i11_a_courier_that_dies_while_waiting_is_told_as_perhaps_charged(live: Callable[[FaultServer], None]) -> None:
    with FaultServer([recv_request(), sleep(5.0)], answering(answer(image()))) as server:
        live(server)
        waiting = start_generation("a cat")
        wait_for(lambda: server.log and server.log[0].complete)

        courier_process().kill()
        for _ in waiting.iter_events():
            pass

        with pytest.raises(TransportError, match="ended before an answer") as told:
            waiting.result()
        assert told.value.charge_status is ChargeStatus.UNKNOWN
        assert generate("a cat").image.data == picture()  # by a new process
    assert len(server.log) == 2


def test_i11_a_picture_that_had_come_is_saved_when_the_courier_dies(live: Callable[[FaultServer], None]) -> None:
    with FaultServer([recv_request(), send(WHOLE[:-9]), sleep(5.0)]) as server:
        live(server)
        waiting = start_generation("a cat")
        wait_for(lambda: waiting.folder.response_path.exists() and waiting.folder.response_path.stat().st_size > 40_000)

        courier_process().kill()
        for _ in waiting.iter_events():
            pass

    assert waiting.result().image.data == picture()
    assert "cut short" in " ".join(waiting.result().warnings)


def test_a_courier_that_died_a_moment_ago_is_replaced(
    live: Callable[[FaultServer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(answering(answer(image()))) as server:
        live(server)
        generate("a cat", source="offline", image_size="512")
        gone = courier_process()
        gone.kill()
        gone.wait()
        monkeypatch.setattr(client.ProcessCourier, "is_alive", True)  # as it was when it was looked at

        assert generate("a cat").image.data == picture()
        assert courier_process() is not gone
    assert len(server.log) == 1


def test_without_processes_a_thread_carries(
    live: Callable[[FaultServer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_couriers", {})
    monkeypatch.setattr(client, "_start_process", lambda: 1 / 0)
    with FaultServer(answering(answer(image()))) as server:
        live(server)

        made = generate("a cat")

    assert isinstance(client.get_courier(), client.ThreadCourier)
    assert made.image.data == picture()
    assert "lost if this kernel ends before it has come" in " ".join(made.warnings)


def test_nothing_is_imported_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json", "httpx", "asyncio", "cometmagic"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('planted')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(client, "_couriers", {})

    assert generate("a cat", image_size="512").source == "offline"
    assert isinstance(client.get_courier(), client.ProcessCourier)
