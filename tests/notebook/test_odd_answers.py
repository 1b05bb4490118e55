"""Answers of gateways in a real kernel: the picture is shown, or what came in its place."""

from __future__ import annotations

import json

from tests.gemini.answers import answer, answering, image, picture, text
from tests.notebook.fixtures import Notebook, Services
from tests.recordings.shapes import ADDRESS, FINAL, SHAPES

CODE = [{"executableCode": {"language": "PYTHON", "code": "print(6 * 7)"}}, {"codeExecutionResult": {"output": "42\n"}}]


def test_a_picture_of_another_api_is_shown_and_edited(notebook: Notebook, serve: Services) -> None:
    server = serve(answering(SHAPES["chat-completion-with-images"].content), answering(answer(image())))

    ran = notebook.run("%%gemini_image -o newt\na newt")

    assert ran.error is None, ran.error
    assert "Here it is." in ran.text
    assert notebook.evaluate("newt.image.data") == FINAL
    ran = notebook.run("%%gemini_image --edit\nin blue")
    assert ran.error is None, ran.error
    assert b"inlineData" in server.log[1].body


def test_an_address_is_told_whole_and_only_asked_for_on_demand(notebook: Notebook, serve: Services) -> None:
    elsewhere = "https://127.0.0.1:9/a.png"
    serve(answering(SHAPES["an-address-as-file-data"].content), answering(answer(text(f"![x]({elsewhere})"))))

    ran = notebook.run("%%gemini_image\na newt")

    assert ran.error is not None
    assert f"Address: {ADDRESS} " in ran.error["traceback"][0]
    assert "%gemini_library fetch" in ran.error["traceback"][0]

    earlier = set(notebook.folders)
    ran = notebook.run("%%gemini_image --fetch\na newt")
    assert ran.error is not None
    assert f"Address: {elsewhere} " in ran.error["traceback"][0]
    assert "Fetching it failed: 127.0.0.1 is of this machine" in ran.error["traceback"][0]

    [folder] = set(notebook.folders) - earlier
    ran = notebook.run(f"%gemini_library fetch {folder.name}")
    assert ran.error is not None
    assert ran.error["ename"] == "NoImageError"
    assert "127.0.0.1 is of this machine" in ran.error["traceback"][0]


def test_code_is_shown_and_goes_on_in_a_conversation(notebook: Notebook, serve: Services) -> None:
    parts = [*CODE, image(picture(), thoughtSignature="c2ln")]
    server = serve(answering(answer(*parts)), answering(answer(image())))

    ran = notebook.run("%%gemini_image\na chart")

    assert ran.error is None, ran.error
    assert "print(6 * 7)" in ran.text
    assert "42" in ran.text
    assert notebook.run("%%gemini_image --chat\nin blue").error is None
    assert json.loads(server.log[1].body)["contents"][1]["parts"] == parts
