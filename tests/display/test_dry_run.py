"""`--dry-run` and `--show-code`: all is shown, and nothing is sent, written or counted."""

from __future__ import annotations

import html
import json
import re

import pytest

from cometmagic.display import dry_run
from cometmagic.generation.compose import Prompt
from cometmagic.generation.plan import build_plans, plan
from cometmagic.options.template import PromptPiece
from tests.display.test_result_output import HOSTILE, check_harmless
from tests.notebook.answers import answering, painted
from tests.notebook.fixtures import Notebook, Services

PHOTO = "from PIL import Image\nphoto = Image.linear_gradient('L').resize((640, 480))\nstyle = 'watercolour'"
CELL = "%%gemini_image {options}\na {{{{style}}}} cat next to {{{{photo}}}}"


def test_nothing_is_sent_and_no_folder_is_made(notebook: Notebook, serve: Services) -> None:
    server = serve(answering())
    notebook.run(PHOTO)

    for options in ("--dry-run", "--dry-run -n 5", "--dry-run --sweep seed=1,2"):
        ran = notebook.run(CELL.format(options=options))
        assert ran.error is None
        assert not notebook.library.exists()
    assert notebook.run(CELL.format(options="--show-code curl")).error is None
    assert notebook.folders == []  # the picture that the program reads lies in the library, but no call
    assert server.log == []

    assert notebook.run(CELL.format(options="")).error is None  # the same cell without it
    assert len(server.log) == len(notebook.folders) == 1


def test_what_was_filled_in_is_marked_and_images_are_in_place(notebook: Notebook) -> None:
    notebook.run(PHOTO)

    [output] = notebook.run(CELL.format(options="--dry-run -i photo")).outputs

    shown, told = output["data"]["text/html"], output["data"]["text/plain"]
    prompt = shown.partition("Marked is what was filled in for {{style}}, {{photo}}.")[0]
    assert re.search(r"a <mark[^>]*>watercolour</mark> cat next to <img ", prompt)
    assert shown.count("<img ") == 2
    assert 'alt="photo image/png, 640 × 480 px, ' in prompt
    assert told.startswith("Dry run: nothing was sent.\n\n")
    assert "a {{style = watercolour}} cat next to {{photo = image/png, 640 × 480 px, " in told
    assert "\n\nAfter the prompt: image/png, 640 × 480 px, " in told
    assert "Source: offline sketch, free: there is neither a key nor a recording of this request." in told
    assert "free; live $0.068 (estimate, " in told
    check_harmless([output])


def test_the_request_is_shown_whole(notebook: Notebook) -> None:
    [output] = notebook.run("%gemini_image --dry-run -a 16:9 a cat").outputs

    told = json.loads(output["data"]["text/plain"].partition("Request:\n")[2])
    assert told["contents"] == [{"role": "user", "parts": [{"text": "a cat"}]}]
    assert told["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9"}
    shown = re.search(r"<pre[^>]*>(.*)</pre>", output["data"]["text/html"], re.DOTALL)
    assert shown is not None
    assert json.loads(html.unescape(shown[1])) == told


def test_of_a_sweep_all_are_listed(notebook: Notebook, serve: Services) -> None:
    serve(answering())

    [output] = notebook.run("%gemini_image --dry-run --sweep image-size=1K,4K --max-cost 0.1 a cat").outputs

    told = output["data"]["text/plain"]
    assert "2 pictures · gemini-3.1-flash-image-preview · " in told
    assert "together $0.218 (estimate, " in told
    assert "Source: live, from 127.0.0.1:" in told
    assert "It would be refused: This may cost $0.218, which is above --max-cost $0.100." in told
    for row in (["1", "image-size", "1K", "live"], ["2", "image-size", "4K", "live"]):
        assert any(line.replace(",", "").split()[:4] == row for line in told.splitlines())
    assert "Request of the first:\n" in told


def test_a_dry_run_gives_no_result_and_leaves_the_variable_alone(notebook: Notebook) -> None:
    notebook.run("cat = 'mine'")

    assert len(notebook.run("%gemini_image --dry-run -o cat a cat").outputs) == 1

    assert notebook.evaluate("cat") == "mine"


@pytest.mark.parametrize("text", [*HOSTILE, "שלום \u202eabc", "x" * 5000, "$5 and $6 `{{a}}`"], ids=range(11))
def test_what_prompts_and_variables_say_is_harmless(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode().replace("\0", "")
    given: Prompt = [PromptPiece(text), PromptPiece(text, "style"), PromptPiece(painted(), "photo"), PromptPiece(text)]

    for planned in (
        build_plans(given, images=[painted()], system=text),
        build_plans(given, sweep={"system": [text, "b"]}),
    ):
        bundle, _ = dry_run.build_dry_run(planned)
        json.dumps(bundle, ensure_ascii=False).encode()
        check_harmless([{"data": bundle}])
        assert text.strip()[:4] in html.unescape(bundle["text/html"]) or "\x1b" in text


def test_a_program_is_shown_as_it_is() -> None:
    told = 'curl -d @- <<\'END\'\n{"text": "<b>&amp;$5"}\nEND\n' + "# long\n" * 5000

    bundle, _ = dry_run.build_code(told, "<i>seed 1</i>")

    assert bundle["text/plain"] == told
    shown = re.search(r"<pre[^>]*>(.*)</pre>", bundle["text/html"], re.DOTALL)
    assert shown is not None
    assert html.unescape(shown[1]) == told
    assert "&lt;i&gt;seed 1&lt;/i&gt;" in bundle["text/html"]
    check_harmless([{"data": bundle}])


def test_a_conversation_tells_what_goes_before_the_prompt(notebook: Notebook, serve: Services) -> None:
    serve(answering())
    notebook.run("%gemini_image -o cat a cat")

    [output] = notebook.run("%gemini_image --chat cat --dry-run and at night").outputs

    assert "Before the prompt: 2 earlier turns, 1 images, 1 thought signatures of " in output["data"]["text/plain"]


def test_an_edit_shows_the_image_that_is_sent() -> None:
    bundle, _ = dry_run.build_dry_run([plan("make it blue", images=[painted("JPEG", 1024, 512)])])

    assert 'width="96" height="48"' in bundle["text/html"]
