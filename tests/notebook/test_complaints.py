"""What users of neighbouring tools complain about most: fifteen things that must not happen here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from cometmagic.options.declaration import Options
from tests.faults.leaks import KEY, leaks
from tests.faults.server import FaultServer, recv_request, response, send
from tests.notebook.answers import DRAFT, FINAL, answering, body, full, gravel, image, painted
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.test_on_the_wire import asked
from tests.notebook.test_terminal import IPYTHON

HOSTILE = '<img src=x onerror="alert(1)"> & "quoted" <script>alert(2)</script>'


def texts(exchange: Any) -> list[str]:
    """Return the texts of the last turn of a request."""
    return [part["text"] for part in json.loads(exchange.body)["contents"][-1]["parts"] if "text" in part]


def executed(place: Path, *cells: str, fails: bool = False) -> Any:
    """Run a notebook as nbconvert does, headless, and return it with its outputs."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in ("%load_ext cometmagic", *cells)]
    )
    client = NotebookClient(made, timeout=120, resources={"metadata": {"path": str(place)}})
    if fails:
        with pytest.raises(CellExecutionError):
            client.execute()
    else:
        client.execute()
    return made


def exported(made: Any, place: Path) -> tuple[str, str]:
    """Return a notebook as HTML by nbconvert's default template, and what nbconvert said."""
    file = place / "made.ipynb"
    file.write_text(nbformat.writes(made))
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(file)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return file.with_suffix(".html").read_text(), done.stderr


def test_1_braces_code_and_signs_reach_the_service_byte_for_byte(notebook: Notebook, serve: Services) -> None:
    odd = '{"a": {"b": []}} {} { } {x} {{}} {{"y": 1}} {{ z }} $5 $HOME 100% %s'
    prompt = f"{odd} \\n `ls` <b>\u2028é\n\n\tdef f(): return {{}}  "

    assert texts(asked(notebook, serve, f"%%gemini_image\n{prompt}\n")) == [prompt]

    notebook.run("name = 'a cat'")
    server = serve()
    ran = notebook.run("%%gemini_image\nshow {{nmae}}")
    assert ran.error is not None
    assert ran.error["ename"] == "TemplateError"
    assert "did you mean name?" in ran.error["evalue"]
    assert server.posts == 0


def test_2_text_inside_a_variable_is_never_expanded(notebook: Notebook, serve: Services) -> None:
    inner = "{os.environ[COMETAPI_KEY]} {{secret}} {{{{secret}}}} {secret} $secret"
    notebook.run(f"secret = 'S3CRET'; words = {inner!r}")

    [text] = texts(asked(notebook, serve, "%%gemini_image\n{{words}} and {{secret}}"))

    assert text == f"{inner} and S3CRET"


@pytest.mark.parametrize("order", ["first", "last", "between"])
def test_3_a_draft_is_never_the_result(notebook: Notebook, serve: Services, order: str) -> None:
    draft, final = image(DRAFT, thought=True), image(FINAL)
    parts = {"first": [final, draft, draft], "last": [draft, draft, final], "between": [draft, final, draft]}[order]
    serve(answering(body(*parts)), answering(body(draft)))

    notebook.run("%gemini_image -o cat a cat")
    assert notebook.evaluate("cat.image.data") == FINAL

    ran = notebook.run("%gemini_image a cat")
    assert ran.error is not None
    assert ran.error["ename"] == "NoImageError"
    assert notebook.evaluate("len(__import__('sys').last_value.response.thoughts)") == 1  # still to be looked at
    assert not ran.pictures


def test_4_an_answer_without_an_image_is_one_error_with_its_reason(notebook: Notebook, serve: Services) -> None:
    refusal = {"content": {"parts": [{"text": "I would rather not."}]}, "finishReason": "IMAGE_OTHER"}
    refusal["finishMessage"] = "Unable to show the generated image."
    serve(answering(json.dumps({"candidates": [refusal]}).encode()))

    ran = notebook.run("%gemini_image -o cat a cat")

    assert ran.error is not None
    [line] = ran.error["traceback"]
    for told in ("NoImageError", "IMAGE_OTHER", "Unable to show the generated image.", "I would rather not."):
        assert told in line
    assert not ran.pictures
    assert notebook.evaluate("'cat' in dir()") is False


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp")])
def test_5_names_and_types_follow_the_bytes(notebook: Notebook, serve: Services, kind: str, suffix: str) -> None:
    content = painted(kind)
    serve(answering(body(image(content, mime_type="image/gif"))))

    notebook.run("%gemini_image -o cat --save copy.png a cat")

    path = Path(notebook.evaluate("str(cat.image.path)"))
    assert (path.suffix, path.read_bytes()) == (suffix, content)
    assert notebook.evaluate("cat.image.mime_type") == f"image/{kind.lower()}"
    assert (notebook.place / f"copy{suffix}").read_bytes() == content


def test_6_later_turns_send_every_signature_back_unchanged(notebook: Notebook, serve: Services) -> None:
    signatures = ["c2ln+/==", "A" * 1_200_000]
    answers = [body(image(FINAL, thoughtSignature=signature)) for signature in signatures]
    server = serve(*map(answering, [*answers, full()]))

    notebook.run("%gemini_image a cat")
    notebook.run("%gemini_image --chat and a dog")
    ran = notebook.run("%%gemini_image --chat\nat night")

    assert ran.error is None
    contents = json.loads(server.log[2].body)["contents"]
    sent = [part["thoughtSignature"] for turn in contents for part in turn["parts"] if "thoughtSignature" in part]
    assert sent == signatures
    assert [turn["role"] for turn in contents] == ["user", "model", "user", "model", "user"]


def test_7_no_piece_of_the_key_is_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = json.dumps({"error": {"message": f"bad key {KEY}", "code": 401}}).encode()
    with FaultServer(answering(), answering(said, status="401 No")) as server:
        monkeypatch.setenv("COMETAPI_KEY", KEY)
        monkeypatch.setenv("COMETAPI_BASE_URL", server.url)
        monkeypatch.setenv("COMETMAGIC_LIBRARY", "pictures")
        cells = ["%gemini_image -o cat a cat", "%gemini_image --show-code curl a cat", "%gemini_doctor", "cat"]
        made = executed(
            tmp_path, "%xmode Verbose", *cells, "%gemini_library pack lesson", "%gemini_image a dog", fails=True
        )
        assert any(KEY in exchange.headers["authorization"] for exchange in server.log)
    exported(made, tmp_path)

    assert (tmp_path / "pictures" / "courier.log").exists()
    assert leaks(tmp_path) == []
    (tmp_path / "planted").write_text(f"x{KEY[9:15]}x")
    assert leaks(tmp_path)  # the control


def test_8_every_error_stops_run_all_and_is_one_line(tmp_path: Path) -> None:
    wrong = [
        "%gemini_image --ratio 1:1 x",
        "%%gemini_image\n \n",
        "%%gemini_image\n{{gone}}",
        "%gemini_image offline:image-safety",
    ]
    wrong += ["%gemini_image -i nothing.png x", "%gemini_image --edit=nothing x", "%gemini_library show nothing"]
    for cell in wrong:
        made = executed(tmp_path, cell, "print('went on')", fails=True)
        [output] = [one for one in made.cells[1].outputs if one.output_type == "error"]
        assert len(output.traceback) == 1, cell
        assert "\n" not in output.traceback[0]
        assert made.cells[2].outputs == []


def test_9_a_4k_cell_is_light_and_has_alternative_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    final = gravel(5504, 3072)
    answer = body(image(gravel(1376, 768), thought=True), image(gravel(1376, 768), thought=True), image(final))
    with FaultServer(answering(answer)) as server:
        monkeypatch.setenv("COMETAPI_KEY", KEY)
        monkeypatch.setenv("COMETAPI_BASE_URL", server.url)
        made = executed(tmp_path, "%gemini_image -s 4K -t a cat on gravel")

    page, said = exported(made, tmp_path)
    assert len(final) > 4_000_000
    assert len(json.dumps(made.cells[1].outputs)) < 400_000
    assert "lternative text is missing" not in said
    assert 'alt="a cat on gravel"' in page
    assert "No description has been provided" not in page


def test_10_no_option_is_offered_that_is_not_sent() -> None:
    """That each arrives is shown by test_on_the_wire, made from the declaration; here, that none is left out."""
    without_path = {name for name, option in Options.list_options().items() if not option.json_path}
    assert without_path == {"model", "extra"}


def test_11_an_interrupt_gives_the_prompt_back_and_says_that_it_may_cost(notebook: Notebook, serve: Services) -> None:
    serve(answering(after=3.0))
    request = notebook.kernel.start("%gemini_image a cat")
    notebook.kernel.until(request, "update_display_data")

    notebook.kernel.interrupt()
    ran = notebook.kernel.finish(request)

    assert ran.error is not None
    assert "The request goes on and may be charged" in ran.error["traceback"][0]
    assert notebook.run("print('alive')").text.strip() == "alive"


def test_12_replay_works_without_key_and_without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COMETMAGIC_LIBRARY", "pictures")
    cell = "%%gemini_image -o cat -a 16:9\na cat"
    with FaultServer(answering()) as server, monkeypatch.context() as live:
        live.setenv("COMETAPI_KEY", KEY)
        live.setenv("COMETAPI_BASE_URL", server.url)
        executed(tmp_path, cell)
    blocked = (
        "import socket\ndef _refused(*_):\n    raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = _refused"
    )

    made = executed(tmp_path, blocked, cell, "print(cat.source, len(cat.image.data))")

    assert made.cells[3].outputs[0].text == f"replay {len(FINAL)}\n"


def test_13_a_cell_reads_well_headless_in_a_terminal_and_exported(tmp_path: Path) -> None:
    cell = "%gemini_image -t a red bicycle"
    made = executed(tmp_path, cell)
    page, _ = exported(made, tmp_path)
    done = subprocess.run(
        IPYTHON,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        input=f"%load_ext cometmagic\n{cell}\n",
    )

    plain = "\n".join(one["data"]["text/plain"] for one in made.cells[1].outputs if "data" in one)
    for text in (plain, page, done.stdout):
        assert "offline sketch, not made by the model" in text
        assert "gemini-3.1-flash-image-preview" in text
    assert "widget" not in json.dumps(made.cells[1].outputs)
    assert "data:image/jpeg;base64," in page
    assert "\x1b" not in done.stdout


def test_14_prompts_are_escaped_wherever_they_are_shown(notebook: Notebook) -> None:
    notebook.run("%config GeminiImage.image_size = '512'")
    cells = [
        f"%%gemini_image -t\n{HOSTILE}",
        f"%%gemini_image -n 2 --alt '{HOSTILE}'\n{HOSTILE}",
        f"%%gemini_image --dry-run\n{HOSTILE}",
        f"%%gemini_image --show-code httpx\n{HOSTILE}",
        "%gemini_library list",
    ]
    for cell in cells:
        ran = notebook.run(cell)
        assert ran.error is None
        pages = [output["data"]["text/html"] for output in ran.outputs if "text/html" in output.get("data", {})]
        assert pages, cell
        for page in pages:
            assert "<script" not in page
            assert "<img src=x" not in page


def test_15_of_several_pictures_the_good_ones_stay(notebook: Notebook, serve: Services) -> None:
    failed = [recv_request(), send(response(b'{"error": {"message": "no"}}', "400 Bad"))]
    serve(answering(), failed, answering())

    ran = notebook.run("%gemini_image -n 3 -o cats a cat")

    assert ran.error is None
    assert notebook.evaluate("(len(cats), len(cats.results), len(cats.errors))") == (3, 2, 1)
    assert "APIError" in ran.text
    serve(failed, failed)
    ran = notebook.run("%gemini_image -n 2 a cat")
    assert ran.error is not None
    assert ran.error["ename"] == "APIError"
