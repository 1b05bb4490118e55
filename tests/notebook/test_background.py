"""`--background`: the prompt is back at once, and the outputs fill in under their own cell when the answer comes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.courier.test_retry import refusing
from tests.faults.server import FaultServer, Held, response, send
from tests.notebook.answers import CANARY, FINAL, answering, body, full
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.kernel import Kernel, Ran
from tests.waiting import wait_for

GOOD = response(full())
CELL = "%gemini_image --background -o cat a cat"


@pytest.fixture
def held() -> Iterator[Held]:
    one = Held()
    yield one
    one.let_go.set()


def run(notebook: Notebook, cell: str) -> str:
    """Run a cell to its end, and return the id of its request: what comes later is found by that."""
    request = notebook.kernel.start(cell)
    ran = notebook.kernel.finish(request)
    assert ran.error is None, ran.error
    return request


def is_there(ran: Ran) -> bool:
    """Whether the picture and its caption are shown, and nothing else."""
    return len(ran.pictures) == 1 and len(ran.outputs) == 2 and "appear here" not in ran.text


def test_the_outputs_fill_in_when_the_answer_comes(notebook: Notebook, serve: Services, held: Held) -> None:
    server = serve(held.steps(send(GOOD)))

    request = run(notebook, CELL)

    before = notebook.kernel.under(request)
    assert before.pictures == []
    place, below = before.outputs
    assert "in the background" in place["data"]["text/plain"]
    assert "display(cat.result())" in below["data"]["text/plain"]
    assert not [one for one in before.messages if one["msg_type"] == "execute_result"]

    held.let_go.set()
    after = notebook.kernel.shows(request, is_there)
    assert after.outputs[0]["data"]["image/jpeg"]
    assert "tokens" in after.outputs[1]["data"]["text/plain"]
    assert [one["msg_type"] for one in after.messages].count("display_data") == 2
    assert notebook.evaluate("type(cat).__name__, cat.image.data") == ("ImageResult", FINAL)
    assert len(server.log) == 1


@pytest.mark.parametrize(
    "busy",
    [
        "while not cat.done: pass\nprint('mine')",
        "import asyncio\nwhile not cat.done: await asyncio.sleep(0.05)\nprint('mine')",
        "import time\nwhile not cat.done: time.sleep(0.05)\nprint('mine')",
    ],
    ids=["busy", "await", "sleep"],
)
def test_they_fill_in_while_another_cell_runs(notebook: Notebook, serve: Services, held: Held, busy: str) -> None:
    serve(held.steps(send(GOOD)))
    request = run(notebook, CELL)
    other = notebook.kernel.start(busy)
    notebook.kernel.until(other, "execute_input")

    held.let_go.set()
    notebook.kernel.shows(request, is_there)

    ran = notebook.kernel.finish(other)
    assert notebook.kernel.under(request).text.count("mine") == 0
    assert {output["kind"] for output in ran.outputs} == {"stream"}
    assert ran.text.split() == ["mine"]


def test_another_cells_capture_takes_nothing(notebook: Notebook, serve: Services, held: Held) -> None:
    serve(held.steps(send(GOOD)))
    request = run(notebook, CELL)
    other = notebook.kernel.start("%%capture taken\nimport time\nwhile not cat.done: time.sleep(0.05)\nprint('mine')")

    held.let_go.set()
    notebook.kernel.shows(request, is_there)
    notebook.kernel.finish(other)

    assert notebook.evaluate("taken.stdout, len(taken.outputs)") == ("mine\n", 0)


def test_several_wait_at_once_and_each_finds_its_place(notebook: Notebook, serve: Services) -> None:
    held = [Held() for _ in range(3)]
    serve(*[one.steps(send(GOOD)) for one in held])
    requests = []
    for number in range(3):
        requests.append(run(notebook, f"%gemini_image --background -o cat{number} cat {number}"))
        wait_for(partial(getattr, held[number], "inside"))

    for number in (2, 0, 1):
        held[number].let_go.set()
        shown = notebook.kernel.shows(requests[number], is_there)
        assert shown.pictures[0]["metadata"]["image/jpeg"]["alt"] == f"cat {number}"
    assert notebook.evaluate("[cat.call['prompt'] for cat in (cat0, cat1, cat2)]") == ["cat 0", "cat 1", "cat 2"]


def test_several_pictures_of_one_cell(notebook: Notebook, serve: Services, held: Held) -> None:
    serve(*[held.steps(send(GOOD))] * 3)
    request = run(notebook, "%gemini_image --background -n 3 -o cats a cat")
    assert "3 images requested" in notebook.kernel.under(request).text

    held.let_go.set()
    ran = notebook.run("made = cats.result(); print(len(made.results), made.labels)")

    assert ran.text == "3 ['#1', '#2', '#3']\n"
    notebook.kernel.shows(request, lambda shown: "3 images" in shown.text)
    assert notebook.evaluate("cats is made")


def test_an_error_appears_in_its_place_and_is_kept(notebook: Notebook, serve: Services, held: Held) -> None:
    refused = b'{"error": {"code": 400, "message": "no such <b>thing</b>", "status": "INVALID_ARGUMENT"}}'
    serve(held.steps(send(response(refused, "400 Bad Request"))))
    request = run(notebook, CELL)

    held.let_go.set()
    shown = notebook.kernel.shows(request, lambda ran: "APIError" in ran.text)

    place, below = shown.outputs
    assert place["data"]["text/plain"].startswith("No image after ")
    assert below["data"]["text/plain"].startswith(
        "APIError: The service answered 400 INVALID_ARGUMENT: no such <b>thing</b>."
    )
    assert "\n" not in below["data"]["text/plain"]
    assert "<b>thing" not in below["data"]["text/html"]
    ran = notebook.run("cat.result()")
    assert ran.error is not None
    assert ran.error["ename"] == "APIError"
    assert len(ran.error["traceback"]) == 1
    assert notebook.evaluate("type(cat).__name__, cat.done") == ("PendingResult", True)
    assert "failed: The service answered 400" in notebook.run("cat").text


def test_all_of_several_failing_is_one_line(notebook: Notebook, serve: Services) -> None:
    serve(*[refusing("400 Bad Request")] * 2)
    request = run(notebook, "%gemini_image --background -n 2 a cat")

    shown = notebook.kernel.shows(request, lambda ran: "APIError" in ran.text)

    assert shown.outputs[1]["data"]["text/plain"].endswith("2 of 2 pictures failed.")


def test_a_picture_that_cannot_be_saved_is_shown_and_the_error_below_it(
    notebook: Notebook, serve: Services, held: Held
) -> None:
    serve(held.steps(send(GOOD)))
    request = run(notebook, "%gemini_image --background -o cat --save here/cat.jpg a cat")
    (notebook.place / "here").write_text("no folder any more")

    held.let_go.set()
    shown = notebook.kernel.shows(request, lambda ran: "LibraryError" in ran.text)

    assert len(shown.pictures) == 1
    assert "Cannot save to" in shown.outputs[1]["data"]["text/plain"]
    assert "tokens" in shown.outputs[1]["data"]["text/plain"]
    assert notebook.evaluate("cat.image.data") == FINAL


def test_a_variable_that_was_given_something_else_is_left_alone(
    notebook: Notebook, serve: Services, held: Held
) -> None:
    serve(*[held.steps(send(GOOD))] * 2)
    first, second = run(notebook, CELL), run(notebook, CELL.replace("-o cat", "-o dog"))
    notebook.run("handle = cat; cat = 'mine'; del dog")

    held.let_go.set()
    notebook.kernel.shows(first, is_there)
    notebook.kernel.shows(second, is_there)

    assert notebook.evaluate("cat, 'dog' in globals(), handle.result().image.data") == ("mine", False, FINAL)


def test_what_has_come_is_asked_like_what_is_on_its_way(notebook: Notebook, serve: Services, held: Held) -> None:
    serve(held.steps(send(GOOD)))
    request = run(notebook, CELL)
    assert notebook.evaluate("cat.done") is False
    waits = notebook.kernel.start("cat.result().text")
    notebook.kernel.until(waits, "execute_input")

    held.let_go.set()

    assert notebook.kernel.finish(waits).text == "'Here it is.'"
    notebook.kernel.shows(request, is_there)
    assert notebook.evaluate("cat.result() is cat, cat.done, 'nothing to cancel' in cat.cancel()") == (True, True, True)


def test_a_handle_that_is_kept_gives_what_its_result_has(notebook: Notebook, serve: Services, held: Held) -> None:
    serve(held.steps(send(GOOD)))
    run(notebook, CELL)
    early = notebook.run("handle = cat\nhandle.text")
    assert early.error is not None
    assert early.error["evalue"] == "text: the picture has not come yet; .result() waits for it."

    held.let_go.set()
    notebook.run("handle.result()")

    assert notebook.evaluate("handle.text") == "Here it is."


def test_waiting_for_it_has_a_limit(notebook: Notebook, serve: Services, held: Held) -> None:
    serve(held.steps(send(GOOD)))
    run(notebook, CELL)

    ran = notebook.run("cat.result(timeout=0.2)")

    assert ran.error is not None
    assert ran.error["ename"] == "TimeoutError"
    assert "The request goes on and may be charged" in ran.error["evalue"]


# Tells by a file when the main thread is in the middle of waiting: an interrupt before that stops the cell alone.
WATCHED = """
import pathlib, sys, threading
def _names(frame):
    return {frame.f_code.co_name, *_names(frame.f_back)} if frame else set()
def _watch(main=threading.main_thread().ident):
    while not {"result", "wait"} <= _names(sys._current_frames()[main]):
        threading.Event().wait(0.01)
    pathlib.Path("inside").touch()
threading.Thread(target=_watch, daemon=True).start()
cat.result()
"""


def test_an_interrupt_of_the_wait_stops_the_waiting_only(notebook: Notebook, serve: Services, held: Held) -> None:
    serve(held.steps(send(GOOD)))
    request = run(notebook, CELL)
    waits = notebook.kernel.start(WATCHED)
    wait_for(lambda: held.inside and (notebook.place / "inside").exists())
    pressed = time.monotonic()

    notebook.kernel.interrupt()
    ran = notebook.kernel.finish(waits)

    assert time.monotonic() - pressed < 5
    assert ran.error is not None
    [line] = ran.error["traceback"]
    assert line.startswith("Interrupted: The request goes on and may be charged; its image will be saved in ")
    held.let_go.set()
    notebook.kernel.shows(request, is_there)


def test_what_was_not_sent_is_taken_back(notebook: Notebook, serve: Services, held: Held) -> None:
    server = serve(held.steps(send(GOOD)))
    first = run(notebook, "%gemini_image --background --at-once 1 -o one a cat")
    wait_for(lambda: held.inside)
    second = run(notebook, "%gemini_image --background --at-once 1 -o two a dog")

    module = "__import__('sys').modules['cometmagic.generation.call']"
    notebook.run(f"patience, {module}.CANCEL_TIMEOUT = {module}.CANCEL_TIMEOUT, 30.0")  # what is said, not how soon
    told = notebook.evaluate("two.cancel()")
    notebook.run(f"{module}.CANCEL_TIMEOUT = patience")

    assert told == "The call was interrupted before it was sent. Nothing was sent, so nothing was charged."
    shown = notebook.kernel.shows(second, lambda ran: "TransportError" in ran.text)
    assert shown.pictures == []
    assert "goes on and may be charged" in notebook.evaluate("one.cancel()")
    held.let_go.set()
    notebook.kernel.shows(first, is_there)
    assert len(server.log) == 1


def test_a_reload_in_the_middle_changes_nothing(notebook: Notebook, serve: Services, held: Held) -> None:
    server = serve(held.steps(send(GOOD)))
    request = run(notebook, CELL)
    run(notebook, "%reload_ext cometmagic")

    held.let_go.set()

    notebook.kernel.shows(request, is_there)
    assert len(server.log) == 1


def test_updates_are_few(notebook: Notebook, serve: Services, held: Held) -> None:
    serve(held.steps(send(GOOD)))
    request, begun = run(notebook, CELL), time.monotonic()

    notebook.kernel.shows(request, lambda ran: any(one["msg_type"] == "update_display_data" for one in ran.messages))

    taken = time.monotonic() - begun
    updates = [one for one in notebook.kernel.under(request).messages if one["msg_type"] == "update_display_data"]
    assert len(updates) <= taken + 1


@pytest.mark.parametrize("how", ["auto", "offline"])
def test_recordings_and_sketches_come_in_the_background_too(notebook: Notebook, serve: Services, how: str) -> None:
    serve(answering())
    notebook.run("%gemini_image a cat")
    notebook.run("import os; del os.environ['COMETAPI_KEY']")

    request = run(notebook, f"%gemini_image --background --source {how} -o cat a cat")

    notebook.kernel.shows(request, is_there)
    assert notebook.evaluate("cat.source") == ("replay" if how == "auto" else "offline")


def test_a_kernel_that_ends_meanwhile_loses_nothing(tmp_path: Path, library_folder: Path, held: Held) -> None:
    with FaultServer(held.steps(send(GOOD))) as server:
        setting = f"import os\nos.environ.update(COMETAPI_KEY={CANARY!r}, COMETAPI_BASE_URL={server.url!r})"
        with Kernel(tmp_path) as kernel:
            kernel.run(f"{setting}\n%load_ext cometmagic")
            assert kernel.run(CELL).error is None
            wait_for(lambda: held.inside)
        held.let_go.set()
        [call] = library_folder.glob("*/call.json")
        wait_for(lambda: json.loads(call.read_bytes())["state"] == "settled")

        with Kernel(tmp_path) as kernel:
            assert kernel.run(f"{setting}\n%load_ext cometmagic").error is None
            assert call.parent.name in kernel.run("%gemini_library list").text or (call.parent / "image.jpg").exists()

    assert (call.parent / "image.jpg").read_bytes() == FINAL
    assert len(server.log) == 1


HEADLESS = (
    "%load_ext cometmagic",
    "%gemini_image --background -o cat a cat",
    "%gemini_image --background -n 2 -o cats a cat",
    "print(cat.result().done, len(cats.result().results))",
)


def test_a_notebook_that_is_run_headless_has_its_pictures_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs it reads no outputs of cells that have ended, so the cells wait."""
    with FaultServer(*[answering(after=0.3)] * 3) as server:
        monkeypatch.setenv("COMETAPI_KEY", CANARY)
        monkeypatch.setenv("COMETAPI_BASE_URL", server.url)
        cells = [nbformat.v4.new_code_cell(code) for code in HEADLESS]
        book = nbformat.v4.new_notebook(cells=cells)
        NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()

    _, one, several, told = book.cells
    assert "image/jpeg" in one.outputs[0].data
    assert "tokens" in one.outputs[1].data["text/plain"]
    assert "2 images" in json.dumps(several.outputs)
    assert told.outputs[0].text == "True 2\n"
    assert "appear here" not in json.dumps(book)


def test_a_headless_failure_stops_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(answering(body({"text": "no"}))) as server:
        monkeypatch.setenv("COMETAPI_KEY", CANARY)
        monkeypatch.setenv("COMETAPI_BASE_URL", server.url)
        cells = [nbformat.v4.new_code_cell(code) for code in HEADLESS[:2]]
        book = nbformat.v4.new_notebook(cells=cells)
        client = NotebookClient(book, timeout=60, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}})
        client.execute()

    assert book.cells[1].outputs[-1].ename == "NoImageError"
