"""Requests as cells: each runs in a real kernel as it is printed, and sends what `generate` sends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cometmagic
from cometmagic.codegen.snippets import format_endpoint_path
from cometmagic.generation.plan import plan
from cometmagic.generation.result import ImageResult
from tests.faults.server import FaultServer
from tests.gemini.test_encode import on_the_wire
from tests.notebook.answers import CANARY, FINAL, answering, image
from tests.notebook.answers import body as answer_body
from tests.notebook.fixtures import Notebook, Services
from tests.sample_requests import BLUE, CASES, PROGRAMS, RED, Asked, body, nasty

SIGNED = answer_body(image(FINAL, thoughtSignature="c2ln/+8="))


def expected(asked: Asked, notebook: Notebook) -> Any:
    return json.loads(on_the_wire(asked.plan().request, notebook.place / "elsewhere"))


@pytest.fixture(autouse=True)
def _beside(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the notebook does."""
    monkeypatch.chdir(notebook.place)


def test_a_cell_sends_what_generate_sends(notebook: Notebook, serve: Services) -> None:
    server = serve(*[answering() for _ in CASES])
    sent, wanted, errors = {}, {}, {}
    for name, asked in CASES.items():
        ran = notebook.run(asked.plan().as_code("magic"))
        errors[name] = ran.error
        exchange = server.log[-1]
        sent[name] = (exchange.start_line.split()[1], json.loads(exchange.body))
        wanted[name] = (format_endpoint_path(asked.plan().request.options.model), expected(asked, notebook))

    assert {name: error for name, error in errors.items() if error} == {}
    assert sent == wanted
    assert len(server.log) == len(CASES)


def test_a_plain_prompt_is_the_cell_that_a_person_would_write() -> None:
    asked = Asked('a cat\'s hat, 100% "silk"\n\n  in {two} lines\n', options={"aspect_ratio": "16:9", "thoughts": True})

    assert asked.plan().as_code("magic") == (
        '%%gemini_image --aspect-ratio 16:9 --thoughts\na cat\'s hat, 100% "silk"\n\n  in {two} lines\n\n'
    )


PLAIN = ["a {{ name }}", '{"a": {"b": 1}}', "a }} b {{", "日本 {x} $y `z`", "..and on", "%%gemini_image", "\n\nlate"]


@pytest.mark.parametrize("prompt", PLAIN)
def test_what_a_cell_can_hold_stands_in_it(prompt: str) -> None:
    assert plan(prompt).as_code("magic") == f"%%gemini_image\n{prompt}\n"


@pytest.mark.parametrize("prompt", ["a {{name}}", ">>> x", "\u200b x", "a\r\nb", "sk-0123456789abcdefgh", "a\n \nb"])
def test_what_a_cell_would_change_stands_in_a_literal(prompt: str) -> None:
    assert "get_ipython().run_cell_magic(" in plan(prompt, allow_secret=True).as_code("magic")


def test_a_prompt_that_ipython_takes_for_its_own_would_be_changed_in_a_plain_cell(
    notebook: Notebook, serve: Services
) -> None:
    server, prompt = serve(answering(), answering()), ">>> x = 1\n... y"

    notebook.run(f"%%gemini_image\n{prompt}\n")
    notebook.run(plan(prompt).as_code("magic"))

    texts = [body(exchange)["contents"][0]["parts"][0]["text"] for exchange in server.log]
    assert texts == ["x = 1\ny", prompt]


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompts=st.lists(nasty, min_size=10, max_size=10))
def test_no_prompt_is_changed(prompts: list[str], notebook: Notebook, serve: Services) -> None:
    server = serve(*[answering() for _ in prompts])

    for prompt in prompts:
        notebook.run(plan(prompt).as_code("magic"))

    assert [body(exchange)["contents"][0]["parts"][0]["text"] for exchange in server.log] == prompts


def test_a_name_in_a_prompt_is_not_filled_a_second_time(notebook: Notebook, serve: Services) -> None:
    server = serve(answering(), answering())
    notebook.run("name = 'dog'", history=False)

    notebook.run(plan("a {{name}}").as_code("magic"))
    notebook.run("%%gemini_image\na {{name}}")

    texts = [json.loads(exchange.body)["contents"][0]["parts"][0]["text"] for exchange in server.log]
    assert texts == ["a {{name}}", "a dog"]


@pytest.mark.parametrize("prompt", ["a cat", ["put", RED, "on it"]], ids=["words", "image between words"])
def test_a_file_without_a_suffix_is_not_taken_for_a_variable_of_its_name(
    notebook: Notebook, serve: Services, prompt: Any
) -> None:
    server = serve(answering())
    (notebook.place / "image_2").write_bytes(BLUE)
    notebook.run("image_2 = 'another.png'", history=False)
    asked = Asked(prompt, ("image_2",))

    ran = notebook.run(asked.plan().as_code("magic"))

    assert ran.error is None, ran.error
    assert json.loads(server.log[0].body) == expected(asked, notebook)


@pytest.mark.parametrize("how", ["edit", "chat"])
def test_a_cell_goes_on_from_the_same_call(
    how: str, notebook: Notebook, serve: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answering(SIGNED), answering(SIGNED), answering(SIGNED))
    first, result = _two(how, server, monkeypatch)
    cell = result.as_code("magic")

    notebook.run("%gemini_library trust")  # the kernel has another state folder than this process
    ran = notebook.run(cell)

    assert ran.error is None
    assert f"--{how} {first.folder.name} " in cell
    assert body(server.log[2]) == body(server.log[1])
    going_on: dict[str, Any] = {how: first}
    assert cell == plan("at night", images=[RED, BLUE], **going_on).as_code("magic")


def _two(how: str, server: FaultServer, patch: pytest.MonkeyPatch) -> tuple[ImageResult, ImageResult]:
    patch.setenv("COMETAPI_KEY", CANARY)
    patch.setenv("COMETAPI_BASE_URL", server.url)
    first = cometmagic.generate("a bicycle")
    going_on: dict[str, Any] = {how: first}
    return first, cometmagic.generate("at night", images=[RED, BLUE], **going_on)


def test_an_edit_whose_call_is_gone_sends_its_image_from_a_file(
    notebook: Notebook, serve: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answering(SIGNED), answering(SIGNED), answering(SIGNED))
    first, result = _two("edit", server, monkeypatch)
    first.folder.rename(notebook.place / "put away")

    notebook.run("%gemini_library trust")  # as above
    notebook.run(result.as_code("magic"))

    assert body(server.log[2]) == body(server.log[1])


@pytest.mark.parametrize("kind", [*PROGRAMS, "magic"])
def test_a_cell_shows_its_request_as_a_program_and_sends_nothing(
    notebook: Notebook, serve: Services, kind: str
) -> None:
    server = serve()
    (notebook.place / "photo.png").write_bytes(RED)

    ran = notebook.run(f"%%gemini_image --seed 7 -i photo.png --show-code {kind}\na cat")

    assert ran.error is None
    program = plan("a cat", images=["photo.png"], seed=7).as_code(kind)
    assert program.strip() in "\n".join(line.rstrip() for line in ran.text.splitlines())
    assert server.posts == 0
    assert notebook.folders == []
