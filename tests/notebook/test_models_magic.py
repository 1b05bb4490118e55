"""`%gemini_models` in a real kernel and from a terminal, and what a cell says of a name that is shut down."""

from __future__ import annotations

import json

from cometmagic.__main__ import main
from tests.courier.test_catalogue import ROWS
from tests.faults.server import recv_request, response, send
from tests.notebook.answers import CANARY, answering, full, painted
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.test_completer import last_words


def test_the_tables_in_a_notebook_and_in_a_terminal(notebook: Notebook, capsys: object) -> None:
    ran = notebook.run("%gemini_models")

    assert ran.error is None
    [output] = ran.outputs
    assert "gemini-3.1-flash-image-preview (default)" in output["data"]["text/html"]
    assert main(["models"]) == 0
    assert capsys.readouterr().out.strip() == output["data"]["text/plain"].strip()  # type: ignore[attr-defined]


def test_the_live_catalogue_gets_no_key(notebook: Notebook, serve: Services) -> None:
    catalogue = json.dumps({"success": True, "data": ROWS}).encode()
    server = serve([recv_request(), send(response(catalogue))])

    ran = notebook.run("%gemini_models --live")

    assert ran.error is None
    assert "gemini-4-flash-image" in ran.outputs[0]["data"]["text/plain"]
    [exchange] = server.log
    assert not {"authorization", "x-goog-api-key", "cookie"} & set(exchange.headers)
    assert CANARY not in exchange.start_line + json.dumps(exchange.headers)


def test_another_word_is_refused_and_the_flag_is_completed(notebook: Notebook) -> None:
    error = notebook.run("%gemini_models --liv").error

    assert error is not None
    assert error["traceback"] == ["OptionError: %gemini_models takes --live or nothing, not '--liv'."]
    assert last_words(notebook, "%gemini_models --l|") == ["--live"]


def test_a_cell_warns_of_a_name_and_of_a_picture_that_is_not_as_requested(notebook: Notebook, serve: Services) -> None:
    serve(answering(full(painted(width=1024, height=1024))), answering(full(painted(width=1408, height=768))))

    first = notebook.run("%gemini_image -m gemini-2.5-flash-image -a 16:9 -o bike a red bicycle")
    second = notebook.run("%gemini_image -a 16:9 a red bicycle")

    lines = first.outputs[-1]["data"]["text/plain"].splitlines()
    assert "Not as requested: 1:1 instead of 16:9." in lines
    assert [line for line in lines if line.startswith("According to Google, gemini-2.5-flash-image was shut down on")]
    assert notebook.evaluate("bike.deviations") == ("1:1 instead of 16:9",)
    assert "requested" not in second.text
    assert "According to" not in second.text
