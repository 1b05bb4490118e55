"""`%config GeminiImage`: defaults for the session, under what a cell's line says."""

from __future__ import annotations

import json

from cometmagic.options.declaration import list_options
from cometmagic.options.help_text import describe
from tests.faults.server import FaultServer
from tests.notebook.answers import answering
from tests.notebook.fixtures import Notebook, Services


def sent(server: FaultServer) -> dict[str, object]:
    """Return the options of the last request."""
    config: dict[str, object] = json.loads(server.log[-1].body)["generationConfig"]
    return config


def test_the_line_lies_over_the_session(notebook: Notebook, serve: Services) -> None:
    server = serve(*[answering()] * 3)
    assert notebook.run("%config GeminiImage.aspect_ratio = '16:9'\n%config GeminiImage.thoughts = True").outputs == []

    notebook.run("%gemini_image a cat")
    assert sent(server)["imageConfig"] == {"aspectRatio": "16:9"}
    assert sent(server)["thinkingConfig"] == {"includeThoughts": True}

    notebook.run("%gemini_image -a 1:1 --no-thoughts a cat")
    assert sent(server)["imageConfig"] == {"aspectRatio": "1:1"}
    assert "thinkingConfig" not in sent(server)

    notebook.run("%config GeminiImage.aspect_ratio = None\n%gemini_image a cat")
    assert "imageConfig" not in sent(server)


def test_a_wrong_default_is_told_in_one_line_and_not_taken(notebook: Notebook) -> None:
    ran = notebook.run("%config GeminiImage.aspect_ratio = '16:8'")

    [output] = ran.outputs
    [line] = output["text"].strip().splitlines()
    assert "GeminiImage.aspect_ratio: '16:8' is not one of 1:1, 2:3" in line
    assert notebook.evaluate("get_ipython().magics_manager.registry['GeminiMagics'].defaults.aspect_ratio") is None
    assert notebook.run("%gemini_image a cat").error is None


def test_a_default_of_a_wrong_type_is_told_in_one_line(notebook: Notebook) -> None:
    [output] = notebook.run("%config GeminiImage.search = 5").outputs

    assert output["text"].strip().endswith("GeminiImage.search: 5 is not one of web, image.")


def test_a_default_that_no_message_can_carry_is_told_in_one_line(notebook: Notebook) -> None:
    for value, words in (("a\\ud800", "broken"), ("a\\0", "null")):
        [output] = notebook.run(f"%config GeminiImage.system = '{value}'").outputs

        assert f"GeminiImage.system has a {words} character at position 2." in output["text"]
        assert "sent" not in output["text"]


def test_a_wrong_default_does_not_bar_a_reload(notebook: Notebook) -> None:
    notebook.run("%config GeminiImage.aspect_ratio = '16:8'")

    ran = notebook.run("%reload_ext cometmagic\n%gemini_image a cat")

    assert ran.error is None
    assert "Ignored: GeminiImage.aspect_ratio: '16:8'" in ran.text
    assert len(ran.pictures) == 1


def test_a_default_survives_a_reload(notebook: Notebook, serve: Services) -> None:
    server = serve(answering())
    notebook.run("%config GeminiImage.image_size = '2k'\n%reload_ext cometmagic")

    assert notebook.run("%gemini_image a cat").error is None

    assert sent(server)["imageConfig"] == {"imageSize": "2K"}


def test_config_lists_every_option_with_its_help(notebook: Notebook) -> None:
    told = " ".join(notebook.run("%config GeminiImage").text.split())

    for option in list_options().values():
        assert f"GeminiImage.{option.name}=<{option.type.metavar or 'True|False'}> {describe(option)[:30]}" in told
        assert ", ".join(option.type.choices) in told
