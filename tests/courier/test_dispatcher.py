"""The end of a job is told last: whoever hears it finds everything written, and may hand the folder in again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from cometmagic.courier.dispatcher import Dispatcher
from cometmagic.courier.route import LiveRoute, OfflineRoute, Route
from cometmagic.options.settings import Key
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from tests.courier.test_delivery import planned
from tests.faults.leaks import KEY
from tests.faults.server import recv_request, response, send
from tests.gemini.answers import answer, answering, image

ENDS = {
    "a-picture": answering(answer(image())),
    "a-refusal": [recv_request(), send(response(b"{}", "400 Bad Request"))],
    "no-answer": [recv_request()],
}


def content(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file below a folder, and when it was written."""
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in root.rglob("*") if path.is_file()}


def carried(folder: CallFolder, *orders: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, tuple[int, bytes]]]:
    """Give orders about a folder to an office, each when the one before is done; return the events and what lay there.

    What lay there is what did when the last `done` was told.
    """
    events: list[dict[str, Any]] = []
    waiting = list(orders)
    seen: dict[str, tuple[int, bytes]] = {}

    def tell(event: dict[str, Any]) -> None:
        events.append(event)
        if event["event"] == "done":
            seen.clear()
            seen.update(content(folder.path.parent))
            if waiting:
                office.handle_command({"job": str(folder.path)} | waiting.pop(0))

    async def work() -> None:
        office.handle_command({"job": str(folder.path)} | waiting.pop(0))
        await office.wait_until_idle()

    office = Dispatcher(tell)
    asyncio.run(work())
    return events, seen


def delivery(route: Route) -> dict[str, Any]:
    return {"route": route}


@pytest.mark.parametrize("name", ENDS)
def test_nothing_is_written_after_the_end_is_told(serving: Any, library_folder: Path, name: str) -> None:
    folder = planned(library_folder)
    with serving(ENDS[name]) as server:
        events, seen = carried(folder, delivery(LiveRoute(server.url, Key(KEY, "the test"))))

    assert content(library_folder) == seen
    assert [event["event"] for event in events].count("done") == 1
    assert events[-1]["event"] == "done"
    log = [json.loads(line)["event"] for line in seen[str(library_folder / "courier.log")][1].splitlines()]
    assert log == ["begun", "ended"]  # the control: both were written before


def test_a_folder_may_be_handed_in_again_as_soon_as_its_end_is_told(library_folder: Path) -> None:
    folder, recovery = planned(library_folder), {"recover": None}

    events, seen = carried(folder, delivery(OfflineRoute()), recovery, {"recover": Key(KEY, "the test")})

    assert [event["event"] for event in events].count("done") == 3
    assert content(library_folder) == seen
    assert folder.read()["state"] == CallState.SETTLED
