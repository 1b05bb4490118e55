"""Cells with `-n` and `--sweep`, in a real kernel: one sheet, failures in place, one line about money."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from tests.courier.test_retry import refusing
from tests.faults.server import Held, recv_request, response, send
from tests.notebook.answers import answering, body, full
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.test_cell_run import pressed_again
from tests.waiting import wait_for

GOOD = response(full())


def states(notebook: Notebook) -> Counter[str]:
    return Counter(json.loads((folder / "call.json").read_bytes())["state"] for folder in notebook.folders)


def test_a_sweep_sends_every_combination_and_shows_them_together(notebook: Notebook, serve: Services) -> None:
    server = serve(*[answering()] * 4)

    ran = notebook.run(
        "%%gemini_image --sweep aspect-ratio=1:1,16:9 --sweep image_size=1K,2K --at-once 1 -o cats\na cat"
    )

    assert ran.error is None
    sent = [json.loads(exchange.body)["generationConfig"]["imageConfig"] for exchange in server.log]
    assert sent == [{"aspectRatio": ratio, "imageSize": size} for ratio in ("1:1", "16:9") for size in ("1K", "2K")]
    assert "4 images" in ran.text
    assert notebook.evaluate("type(cats).__name__, len(cats), cats.labels[3], cats.cost > 0") == (
        "ImageResults",
        4,
        "aspect-ratio 16:9 · image-size 2K",
        True,
    )


def test_the_value_of_the_cell_is_shown_once(notebook: Notebook, serve: Services) -> None:
    serve(*[answering()] * 2)

    made = notebook.run("%gemini_image -n 2 a cat")
    again = notebook.run("Out[max(Out)]")

    assert [len(ran.pictures) for ran in (made, again)] == [1, 1]
    assert not [message for message in made.messages if message["msg_type"] == "execute_result"]


def test_partial_failures_raise_nothing(notebook: Notebook, serve: Services) -> None:
    serve(answering(), refusing("400 Bad Request"), answering(body({"text": "no"})), answering())

    ran = notebook.run("%gemini_image -n 4 --at-once 1 -o cats a cat")

    assert ran.error is None
    assert notebook.evaluate("[type(one).__name__ for one in cats], len(cats.results), len(cats.errors)") == (
        ["ImageResult", "APIError", "NoImageError", "ImageResult"],
        2,
        2,
    )
    assert "APIError" in ran.text or "400" in ran.text


def test_when_all_fail_the_first_error_is_raised_and_says_so(notebook: Notebook, serve: Services) -> None:
    serve(refusing("400 Bad Request"), answering(body({"text": "no"})), answering(body({"text": "no"})))
    notebook.run("cats = 'mine'")

    ran = notebook.run("%gemini_image -n 3 --at-once 1 -o cats a cat")

    assert ran.error is not None
    assert ran.error["ename"] == "APIError"
    [line] = ran.error["traceback"]
    assert line.endswith("3 of 3 pictures failed, and 2 of the others may have been charged.")
    assert ran.outputs[0]["data"]["text/plain"].startswith("No image after ")
    assert notebook.evaluate("cats") == "mine"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("-n 0", "--count: 0 is not between 1 and 100"),
        ("-n 60 --sweep seed=1,2", "These would be 120 pictures"),
        ("--sweep aspect-ratio=1:1,7:5", "--sweep aspect-ratio: '7:5' is not one of"),
        ("--sweep save=a,b", "--sweep: --save is nothing that could vary"),
        ("--sweep ratio=1:1", "--sweep: there is no option 'ratio'"),
        ("-n 4 --max-cost 0.1", "This may cost $0.268, which is above --max-cost $0.1"),
        ("-n 4 --day-cap 0.1", "The 4 pictures together would be $0.268 on top of $0.000 spent today"),
    ],
)
def test_what_is_wrong_is_one_line_before_anything_is_sent(
    notebook: Notebook, serve: Services, line: str, told: str
) -> None:
    server = serve(answering())

    ran = notebook.run(f"%%gemini_image {line}\na cat")

    assert ran.error is not None
    [said] = ran.error["traceback"]
    assert told in said
    assert "Nothing was sent, so nothing was charged." in said
    assert len(ran.outputs) == 1
    assert server.log == []
    assert notebook.folders == []


def test_an_interrupt_counts_what_is_saved_goes_on_and_was_not_sent(notebook: Notebook, serve: Services) -> None:
    held = Held()
    server = serve([recv_request(), send(GOOD)], *[held.steps(send(GOOD))] * 2)
    request = notebook.kernel.start("%gemini_image -n 6 --at-once 2 a cat")
    wait_for(lambda: held.inside == 2)

    notebook.kernel.interrupt()
    ran = notebook.kernel.finish(request)

    assert ran.error is not None
    [line] = ran.error["traceback"]
    assert line.startswith("Interrupted: Of 6 pictures 1 is saved, 2 go on and may be charged, ")
    assert line.endswith("Interrupt again to abandon them.")
    assert "Interrupted after" in ran.text
    assert notebook.run("print('alive')").text == "alive\n"
    held.let_go.set()
    wait_for(lambda: states(notebook) == {"settled": 3, "failed": 3})
    assert len(server.log) == 3


def test_a_second_interrupt_abandons_them(notebook: Notebook, serve: Services) -> None:
    held = Held()
    serve(*[held.steps(send(GOOD))] * 2)
    request = notebook.kernel.start("%gemini_image -n 2 a cat")
    wait_for(lambda: held.inside == 2)
    notebook.kernel.interrupt()
    assert notebook.kernel.finish(request).error is not None

    wait_for(lambda: pressed_again(notebook))
    wait_for(lambda: all("abandoned" in (folder / "call.json").read_text() for folder in notebook.folders))

    held.let_go.set()
    wait_for(lambda: states(notebook) == {"settled": 2})
    assert notebook.run("print('alive')").text == "alive\n"


def test_pictures_are_saved_under_telling_names(notebook: Notebook, serve: Services) -> None:
    serve(*[answering()] * 2)

    assert notebook.run("%gemini_image --sweep thoughts=true,false --save out/ a cat").error is None

    assert sorted(path.name for path in (notebook.place / "out").iterdir()) == [
        "a-cat-no-thoughts.jpg",
        "a-cat-thoughts.jpg",
    ]


def test_one_of_them_is_edited_by_its_place(notebook: Notebook, serve: Services) -> None:
    server = serve(*[answering()] * 3)
    notebook.run("%gemini_image -n 2 -o cats a cat")

    ran = notebook.run("blue = cats[1].edit('make it blue')")

    assert ran.error is None
    assert [sorted(part) for part in json.loads(server.log[-1].body)["contents"][0]["parts"]] == [
        ["text"],
        ["inlineData"],
    ]
    assert notebook.evaluate("blue.call['parent']['id'] == cats[1].folder.name") is True


def test_the_table_is_one_of_pandas_where_that_is_imported(notebook: Notebook, serve: Services) -> None:
    serve(answering(), refusing("400 Bad Request"))
    notebook.run("%gemini_image -n 2 --at-once 1 -o cats a cat")

    rows = notebook.evaluate("[(row['label'], row['error'] is None) for row in cats.table()]")
    assert rows == [("#1", True), ("#2", False)]

    notebook.run("import pandas")
    assert notebook.evaluate("isinstance(cats.table(), pandas.DataFrame), len(cats.table())") == (True, 2)
    [table] = notebook.run("cats.table()").outputs
    assert table["data"]["text/html"].count("<img") == 1
    notebook.run(
        "import sys\nfor name in [name for name in sys.modules if name.startswith('pandas')]: del sys.modules[name]"
    )


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%gemini_image -s 4K --thoughts a cat", r"Interrupted: The sketch was stopped\."),
        (
            "%gemini_image -s 4K --thoughts -n 40 a cat",
            r"Interrupted: (The 40 sketches were|Of 40 pictures .* stopped;) .*",
        ),
    ],
    ids=["one", "many"],
)
def test_sketches_are_stopped_at_once(notebook: Notebook, cell: str, message: str) -> None:
    request = notebook.kernel.start(cell)
    notebook.kernel.until(request, "display_data")

    notebook.kernel.interrupt()
    ran = notebook.kernel.finish(request)

    assert ran.error is not None
    [line] = ran.error["traceback"]
    assert re.fullmatch(message, line.removesuffix(" Interrupt again to abandon them.")), line
    assert "charged" not in line
    wait_for(lambda: set(states(notebook)) <= {"settled", "failed"})
    ended = states(notebook)
    assert ended["failed"] > ended["settled"]
    assert not list(notebook.library.glob("*/response.part"))
    assert len(notebook.run("%gemini_image a dog").pictures) == 1  # the positive control: the next one is drawn
    assert states(notebook) == ended + Counter(["settled"])
