"""While a call is under way: progress in the picture's place, and what the stop button does."""

from __future__ import annotations

import json
import time

from tests.faults.server import Held, recv_request, response, send
from tests.notebook.answers import FINAL, answering, full
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.kernel import EMPTY
from tests.waiting import wait_for


def settled(notebook: Notebook, seconds: float = 20.0) -> dict[str, object]:
    """Wait until the one call has ended, and return its call.json."""
    deadline = time.monotonic() + seconds
    while True:
        call: dict[str, object] = json.loads((notebook.folders[0] / "call.json").read_bytes())
        if call["state"] not in ("planned", "sent", "received") or time.monotonic() > deadline:
            return call
        time.sleep(0.05)


def test_progress_is_told_twice_a_second_and_the_picture_is_an_output_of_its_own(
    notebook: Notebook, serve: Services
) -> None:
    serve(answering(after=2.0))

    ran = notebook.run("%gemini_image a cat")

    first, *progress, picture, caption = [message["content"] for message in ran.updates]
    assert "requested" in first["data"]["text/plain"]
    assert "waiting for the model" in progress[0]["data"]["text/plain"]
    assert len(progress) <= 2 * ran.seconds + 1
    assert len(progress) >= 2
    assert progress[-1]["data"] == EMPTY
    assert {update["transient"]["display_id"] for update in progress} == {first["transient"]["display_id"]}
    assert [message["msg_type"] for message in ran.updates][-2:] == ["display_data", "display_data"]
    assert picture["transient"] != first["transient"]
    assert "display_id" not in caption["transient"]
    assert (len(ran.pictures), len(ran.outputs)) == (1, 2)
    assert "waiting" not in ran.text


def test_an_interrupt_gives_the_prompt_back_and_keeps_the_picture(notebook: Notebook, serve: Services) -> None:
    server = serve(answering(after=2.0), answering())
    request = notebook.kernel.start("%gemini_image -o cat a cat")
    notebook.kernel.until(request, "update_display_data")  # half a second in
    assert len(server.log) == 1
    pressed = time.monotonic()

    notebook.kernel.interrupt()
    ran = notebook.kernel.finish(request)

    assert time.monotonic() - pressed < 1.5
    [folder] = notebook.folders
    assert ran.error is not None
    assert ran.error["ename"] == "Interrupted"
    [line] = ran.error["traceback"]
    where = folder.relative_to(notebook.place)
    told = f"The request goes on and may be charged; its image will be saved in {where}."
    assert line == f"Interrupted: {told} Interrupt again to abandon it."
    assert "Interrupted after" in ran.updates[-1]["content"]["data"]["text/plain"]
    assert notebook.run("print('alive')").text.strip() == "alive"
    assert settled(notebook)["state"] == "settled"
    assert (folder / "image.jpg").read_bytes() == FINAL
    assert len(server.log) == 1


def test_a_failure_takes_the_place_of_the_progress(notebook: Notebook, serve: Services) -> None:
    refused = b'{"error": {"code": 400, "message": "no such thing", "status": "INVALID_ARGUMENT"}}'
    serve(answering(refused, status="400 Bad Request"))

    ran = notebook.run("%gemini_image a cat")

    ended, error = ran.outputs
    assert ended["data"]["text/plain"].startswith("No image after ")
    assert error["ename"] == "APIError"
    [line] = error["traceback"]
    assert "no such thing" in line
    assert "not normally charged" in line


def test_a_failed_call_leaves_the_variable_alone(notebook: Notebook, serve: Services) -> None:
    notebook.run("cat = 'mine'")
    serve(answering(b"{}"))

    assert notebook.run("%gemini_image -o cat a cat").error is not None

    assert notebook.evaluate("cat") == "mine"


def test_a_second_interrupt_abandons_the_call(notebook: Notebook, serve: Services) -> None:
    held = Held()
    server = serve(held.steps(send(response(full()))))
    request = notebook.kernel.start("%gemini_image a cat")
    notebook.kernel.until(request, "update_display_data")
    notebook.kernel.interrupt()
    ran = notebook.kernel.finish(request)
    assert ran.error is not None
    assert ran.error["traceback"][0].endswith(" Interrupt again to abandon it.")

    wait_for(lambda: pressed_again(notebook))

    held.let_go.set()
    assert settled(notebook)["state"] == "settled"
    assert (notebook.folders[0] / "image.jpg").read_bytes() == FINAL
    assert notebook.run("print('alive')").text.strip() == "alive"
    assert len(server.log) == 1


def pressed_again(notebook: Notebook) -> bool:
    """Press, and tell whether the kernel listened."""
    notebook.kernel.interrupt()
    return "abandoned" in (notebook.folders[0] / "call.json").read_text()


def test_an_interrupted_await_is_told_in_one_line(notebook: Notebook, serve: Services) -> None:
    held = Held()
    server = serve(held.steps(send(response(full()))))
    request = notebook.kernel.start("import cometmagic\nawait cometmagic.agenerate('a cat')")
    wait_for(lambda: held.inside)

    notebook.kernel.interrupt()
    ran = notebook.kernel.finish(request)

    assert ran.error is not None
    [line] = ran.error["traceback"]
    assert line.startswith("Interrupted: The request goes on and may be charged; its image will be saved in ")
    held.let_go.set()
    assert settled(notebook)["state"] == "settled"
    assert len(server.log) == 1


def test_a_wait_is_counted_down(notebook: Notebook, serve: Services) -> None:
    busy = response(b'{"error": {"code": 429, "message": "Slow down."}}', "429 Slow", {"Retry-After": "2"})
    serve([recv_request(), send(busy)], answering())

    ran = notebook.run("%gemini_image a cat")

    assert ran.error is None
    told = "\n".join(update["content"]["data"].get("text/plain", "") for update in ran.updates)
    assert "trying again in 2 s" in told
    assert "trying again in 1 s" in told
    assert "Slow down." in told


def test_what_an_earlier_kernel_left_is_brought_home_when_the_extension_is_loaded(
    notebook: Notebook, serve: Services
) -> None:
    serve(answering())
    notebook.run("%gemini_image a red bicycle")
    [folder] = notebook.folders
    (folder / "image.jpg").unlink()
    call = json.loads((folder / "call.json").read_bytes())
    (folder / "call.json").write_text(json.dumps(call | {"state": "received"}, indent=1))
    (folder / "response.part").write_bytes(full())

    ran = notebook.run("%reload_ext cometmagic")

    assert "Recovered the picture of 'a red bicycle'" in ran.text
    assert (folder / "image.jpg").read_bytes() == FINAL
    assert notebook.run("%reload_ext cometmagic").text == ""
