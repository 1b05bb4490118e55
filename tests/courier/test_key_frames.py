"""No variable, argument, attribute or closure of the package holds the key's text where a debugger could show it."""

from __future__ import annotations

import dataclasses
import io
import os
from pathlib import Path
from typing import Any

import pytest

from cometmagic.courier import client
from cometmagic.courier.commands import decode_command, encode_command
from cometmagic.courier.delivery import Delivery
from cometmagic.courier.rate_limiter import RateLimiter
from cometmagic.courier.route import LiveRoute, OfflineRoute
from cometmagic.errors import Interrupted, MissingKeyError
from cometmagic.generation import launch as launching
from cometmagic.generation.plan import build_plan
from cometmagic.options import settings
from cometmagic.options.settings import Key, find_key
from cometmagic.storage.call_folder import CallFolder
from tests.key_scan import KEYS, leaks, shown_frames

KEY = KEYS["prefix"]
MALFORMED = {"control": f"{KEY}\n{KEY}", "script": f"{KEY}\u2014", "long": KEY * 40, "placeholder": f"your-key-{KEY}"}


def rich_traceback(error: BaseException) -> str:
    """Return what rich shows of an error, with all variables."""
    console = pytest.importorskip("rich.console")
    tracebacks = pytest.importorskip("rich.traceback")
    shown = io.StringIO()
    traceback = tracebacks.Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_length=None, locals_max_string=None
    )
    console.Console(file=shown, width=10_000).print(traceback)
    return shown.getvalue()


def frames(error: BaseException) -> str:
    return shown_frames(error) + rich_traceback(error)


def test_a_careless_function_is_caught() -> None:
    """The control."""

    def careless(key: Key) -> None:
        text = key.reveal()
        raise ValueError(len(text))

    with pytest.raises(ValueError, match="31") as caught:
        careless(Key(KEY, "the test"))

    assert leaks(rich_traceback(caught.value), KEY)
    assert leaks(shown_frames(caught.value), KEY)


def read_environment(patch: pytest.MonkeyPatch, text: str) -> None:
    patch.setenv("COMETAPI_KEY", text)
    find_key()


def read_keyring(patch: pytest.MonkeyPatch, text: str) -> None:
    patch.setattr(settings, "_read_keyring", lambda: text)
    find_key()


def read_prompt(patch: pytest.MonkeyPatch, text: str) -> None:
    patch.setattr("getpass.getpass", lambda _: text)
    settings.ask_key()


@pytest.mark.parametrize("read", [read_environment, read_keyring, read_prompt])
@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_key_is_in_no_variable(monkeypatch: pytest.MonkeyPatch, name: str, read: Any) -> None:
    with pytest.raises(MissingKeyError) as caught:
        read(monkeypatch, MALFORMED[name])

    # The first frames are the test's own, which holds the text.
    caught.value.__traceback__ = caught.tb.tb_next.tb_next  # type: ignore[union-attr]  # it has them
    assert leaks(frames(caught.value), KEY) == []


@pytest.fixture
def live_plan(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COMETAPI_KEY", KEY)
    return build_plan("a cat")


def test_a_plan_and_its_route_show_no_key(live_plan: Any, tmp_path: Path) -> None:
    delivery = Delivery(CallFolder(tmp_path), live_plan.route, print, RateLimiter())
    fields = {field.name: getattr(live_plan.route, field.name) for field in dataclasses.fields(live_plan.route)}
    shown = [live_plan, live_plan.route, fields, vars(live_plan), vars(delivery), vars(delivery.recorder)]

    assert leaks(repr(shown), KEY) == []
    with pytest.raises(TypeError, match="neither pickled nor copied") as caught:
        dataclasses.asdict(live_plan.route)
    assert leaks(frames(caught.value), KEY) == []


def test_what_is_handed_to_a_thread_holds_no_text(
    live_plan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deaf(client.ThreadCourier):
        def send_command(self, command: dict[str, Any]) -> None:
            raise OSError(repr(command))

    monkeypatch.setitem(client._couriers, os.getpid(), Deaf())
    monkeypatch.setattr(client, "_start_courier", Deaf)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{KEYS['hex']}@127.0.0.1:1")

    with pytest.raises(OSError, match="LiveRoute") as caught:
        client.start_delivery(tmp_path, live_plan.route)

    assert leaks(frames(caught.value), KEY) == []
    assert leaks(frames(caught.value), KEYS["hex"]) == []


def test_a_pipe_that_breaks_shows_no_key(live_plan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{KEYS['hex']}@127.0.0.1:1")
    courier = client.ProcessCourier()
    courier._process.kill()
    courier._process.wait()

    with pytest.raises((OSError, ValueError)) as caught:  # a broken pipe, or a closed one
        courier.submit(tmp_path, {"route": live_plan.route})

    assert leaks(frames(caught.value), KEY) == []
    assert leaks(frames(caught.value), KEYS["hex"]) == []


def test_an_interrupt_while_the_key_is_written_leaves_no_context(
    live_plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> None:
        line = f"Bearer {KEY}"
        raise KeyboardInterrupt(len(line))

    monkeypatch.setattr(launching, "start_delivery", write)

    with pytest.raises(Interrupted) as caught:
        launching.launch(live_plan)

    assert caught.value.__context__ is None
    assert leaks(frames(caught.value), KEY) == []


def test_a_command_arrives_as_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    route = LiveRoute("http://127.0.0.1:1", Key(KEY, "the test"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:2")

    command, environment = decode_command(encode_command({"job": "j", "route": route}))
    recovery, _ = decode_command(encode_command({"job": "j", "recover": Key(KEY, "the test")}))

    assert environment["variables"]["HTTPS_PROXY"] == "http://127.0.0.1:2"
    assert (command["job"], command["route"].base_url, command["route"].limits) == ("j", route.base_url, route.limits)
    assert command["route"].key.reveal() == recovery["recover"].reveal() == KEY
    assert decode_command(encode_command({"job": "j", "route": OfflineRoute()}))[0]["route"] == OfflineRoute()
    assert decode_command(encode_command({"job": "j", "recover": None}))[0] == {"job": "j", "recover": None}
