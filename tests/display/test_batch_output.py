"""Several pictures of one cell: a line of progress, then one sheet, then what became of each."""

from __future__ import annotations

import html
import json
import re

import pytest

from cometmagic.display import batch_output
from cometmagic.errors import APIError
from cometmagic.generation.generate import generate
from cometmagic.generation.launch import launch_batch
from cometmagic.generation.plan import build_plans
from cometmagic.generation.result_list import ImageResults
from tests.display.test_result_output import HOSTILE, check_harmless
from tests.faults.server import Held, recv_request, response, send
from tests.notebook.answers import answering, body, full, image, painted, serving
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.kernel import EMPTY
from tests.waiting import wait_for

OFFLINE = "%gemini_image --source offline"
BAD = answering(
    b'{"error": {"code": 400, "message": "no <b>such</b> thing", "status": "INVALID_ARGUMENT"}}', status="400 Bad"
)
RATIOS = ["1:1", "16:9", "9:16", "4:3", "21:9"]
LONGEST_OUTPUTS = 1_000_000  # characters of the notebook file


def test_a_sweep_is_one_picture_a_caption_and_a_variable(notebook: Notebook) -> None:
    ran = notebook.run(f"{OFFLINE} --sweep aspect-ratio={','.join(RATIOS)} -o bikes a red bicycle")

    assert ran.error is None
    sheet, caption = ran.outputs
    [alt] = re.findall(r'alt="([^"]*)"', sheet["data"]["text/html"])
    assert alt.startswith("a red bicycle: contact sheet of 5 pictures, row by row: aspect-ratio 1:1; ")
    assert all(f"aspect-ratio {ratio}" in alt for ratio in RATIOS)
    assert sheet["metadata"]["vscode_altText"] == html.unescape(alt)
    assert sheet["data"]["text/plain"] == "<cometmagic 5 images>"
    told = caption["data"]["text/plain"]
    assert told.startswith("5 pictures · ")
    assert "offline sketches, not made by the model, free · library" in told
    for folder, ratio in zip(
        notebook.folders, notebook.evaluate("sorted(one.folder.name for one in bikes)"), strict=True
    ):
        assert folder.name == ratio
        assert folder.name[-6:] in caption["data"]["text/html"]
    assert notebook.evaluate("[one.request.options.aspect_ratio for one in bikes]") == RATIOS


def test_a_sweep_of_five_is_light_in_the_notebook(notebook: Notebook) -> None:
    ran = notebook.run(f"{OFFLINE} --sweep aspect-ratio={','.join(RATIOS)} -s 4K a red bicycle in a meadow of flowers")

    assert len(json.dumps(ran.outputs)) < LONGEST_OUTPUTS
    originals = sum((folder / "image.jpg").stat().st_size for folder in notebook.folders)
    assert originals > LONGEST_OUTPUTS  # what a notebook with the originals would hold


def test_the_sheet_is_shown_again_as_it_was(notebook: Notebook) -> None:
    made = notebook.run(f"{OFFLINE} -n 2 -o cats a cat")

    again = notebook.run("cats")

    [value], (sheet, caption) = again.outputs, made.outputs
    assert value["data"]["image/jpeg"] == sheet["data"]["image/jpeg"]
    for mime_type in ("text/html", "text/plain"):
        assert value["data"][mime_type] == f"{sheet['data'][mime_type]}\n{caption['data'][mime_type]}"
    assert notebook.run("cats;").outputs == []


def test_what_failed_stands_in_its_place(notebook: Notebook, serve: Services) -> None:
    serve(answering(), BAD, answering())

    ran = notebook.run("%gemini_image --sweep seed=1,2,3 -o cats a cat")

    assert ran.error is None
    sheet, caption = ran.outputs
    [failed] = notebook.evaluate("[label for label, one in zip(cats.labels, cats) if isinstance(one, Exception)]")
    assert f"{failed} (failed)" in sheet["data"]["text/html"]
    told = caption["data"]["text/plain"].splitlines()
    assert told[0].startswith("2 of 3 pictures · 1 failed · 2,864 tokens · ")
    assert " · together $0.136 (from the tokens used, " in told[0]
    assert told[1].startswith(f"{failed}: APIError: The service answered 400")
    assert "no &lt;b&gt;such&lt;/b&gt; thing" in caption["data"]["text/html"]
    check_harmless(ran.outputs)


def test_copies_are_told(notebook: Notebook) -> None:
    ran = notebook.run(f"{OFFLINE} -n 2 --save cats/ a cat")

    saved = sorted((notebook.place / "cats").iterdir())
    assert len(saved) == 2
    [note] = [line for line in ran.outputs[1]["data"]["text/plain"].splitlines() if line.startswith("Saved as ")]
    assert all(f"cats/{path.name}" in note for path in saved)


def test_progress_is_one_line_that_keeps_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held()
    with serving(monkeypatch, *[answering()] * 9, BAD, held.steps(send(response(full())))):
        batch = launch_batch(build_plans("a cat", count=11))
        wait_for(lambda: held.inside and batch.done_count == 10)
        [before] = batch_output.build_batch_progress(batch, 9.7)[0]["text/plain"].splitlines()
        held.let_go.set()
        wait_for(lambda: batch.done_count == 11)
        [after] = batch_output.build_batch_progress(batch, 10.2)[0]["text/plain"].splitlines()

    price = f"together {batch.estimate}"
    assert before == f"10 of 11 done ·  1 failed ·  1 under way · 10 s · {price}"
    assert after == f"11 of 11 done ·  1 failed ·  0 under way · 10 s · {price}"


def test_progress_takes_the_place_of_progress(notebook: Notebook, serve: Services) -> None:
    serve(answering(after=2.0), answering())

    ran = notebook.run("%gemini_image -n 2 a cat")

    first, *progress, cleared, sheet, caption = [message["content"] for message in ran.updates]
    assert len({update["transient"]["display_id"] for update in (first, *progress, cleared)}) == 1
    assert first["data"]["text/plain"].startswith("2 images requested · together $")
    assert all(" of 2 done · " in update["data"]["text/plain"] for update in progress)
    assert (cleared["data"], len(sheet["data"])) == (EMPTY, 3)
    assert "display_id" not in caption["transient"]


def test_a_pause_that_the_service_asks_for_is_counted_down(notebook: Notebook, serve: Services) -> None:
    busy = response(b'{"error": {"code": 429, "message": "Slow down."}}', "429 Slow", {"Retry-After": "2"})
    serve([recv_request(), send(busy)], answering(), answering())

    ran = notebook.run("%gemini_image -n 2 a cat")

    told = "\n".join(update["content"]["data"].get("text/plain", "") for update in ran.updates)
    assert ran.error is None
    assert " · a pause of 2 s: " in told
    assert " · a pause of 1 s: " in told


@pytest.mark.parametrize("text", [*HOSTILE[:5], "שלום \u202eabc", "x" * 5000], ids=range(7))
def test_what_labels_and_prompts_say_is_harmless(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with serving(monkeypatch, answering(body(image(painted())))):
        result = generate(text.replace("\x00", ""))
    results = ImageResults([result, APIError(text), result], [text, text, ""])

    for bundle, metadata in (batch_output.build_sheet(results), batch_output.build_sheet_caption(results)):
        json.dumps([bundle, metadata], ensure_ascii=False).encode()
        check_harmless([{"data": bundle}])
        assert len(bundle["text/html"]) < 100_000


def test_a_folder_that_is_gone_leaves_an_empty_place(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, answering(), answering()):
        results = ImageResults([generate("a cat"), generate("a dog")])
    (results.results[0].folder / "call.json").unlink()

    assert batch_output.build_sheet(results)[0]["text/html"]
    told = batch_output.build_sheet_caption(results)[0]["text/plain"].splitlines()
    assert told[0].startswith("1 of 2 pictures · 1 failed")
    assert "call.json cannot be read" in told[1]


def test_in_a_terminal_the_table_is_told(notebook: Notebook) -> None:
    told = notebook.run(f"{OFFLINE} --sweep seed=1,2 a cat").outputs[1]["data"]["text/plain"].splitlines()

    assert told[-3].split() == ["#", "label", "id", "pixels", "tokens", "seconds", "estimate"]
    assert [line.split()[:3] for line in told[-2:]] == [["1", "seed", "1"], ["2", "seed", "2"]]
