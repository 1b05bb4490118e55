"""Requests as programs: each is run as it is printed and sends, byte for byte in JSON, what `generate` sends."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cometmagic
from cometmagic.codegen import assets
from cometmagic.codegen.literals import format_json_atom, format_python_string
from cometmagic.codegen.programs import render_code
from cometmagic.errors import LibraryError, OptionError
from cometmagic.gemini.parts import ImagePart, TextPart, ThoughtSignature
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.generation.plan import build_plans, plan
from cometmagic.storage.library import Library
from tests.faults.server import FaultServer, Held, recv_request, response, send
from tests.notebook.answers import CANARY, DRAFT, FINAL, answering, full, image, painted, serving
from tests.notebook.answers import body as answer_body
from tests.sample_requests import (
    BLUE,
    CASES,
    PATIENCE,
    PROGRAMS,
    RED,
    Asked,
    Played,
    body,
    command,
    environment,
    nasty,
    play,
    run,
    write,
)

SIGNED = answer_body({"text": "Here.", "thoughtSignature": "dGV4dA=="}, image(FINAL, thoughtSignature="c2ln/+8="))


def settle(patch: pytest.MonkeyPatch, place: Path) -> None:
    """Work in a folder, with the library where it is without any setting."""
    patch.chdir(place)
    patch.delenv("COMETMAGIC_LIBRARY")


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the start line and the body of what `generate` sends for every case."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMETMAGIC_LIBRARY", str(tmp_path_factory.mktemp("library")))
        with serving(patch, *[answering() for _ in CASES]) as server:
            for asked in CASES.values():
                asked.generate()
    return {name: (exchange.start_line, body(exchange)) for name, exchange in zip(CASES, server.log, strict=True)}


@pytest.fixture(scope="module", params=PROGRAMS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Return what came of all cases as programs of one kind."""
    place = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        settle(patch, place)
        programs = [asked.plan().as_code(request.param) for asked in CASES.values()]
    assert not any(str(place) in program for program in programs), "a path that holds on this machine only"
    return play(request.param, programs, place)


@pytest.mark.parametrize("name", CASES)
def test_a_program_sends_what_generate_sends(played: Played, sent: dict[str, Any], name: str) -> None:
    exchange = played.log[list(CASES).index(name)]

    assert (exchange.start_line, body(exchange)) == sent[name]
    assert f"Bearer {CANARY}" == exchange.headers.get("authorization") or exchange.headers["x-goog-api-key"] == CANARY
    assert exchange.headers["content-type"] == "application/json"


def test_a_program_saves_the_final_image_each_time_under_a_new_name(played: Played) -> None:
    assert [path.name for path in played.saved] == [f"image-{number}.jpg" for number in range(1, len(CASES) + 1)]
    assert {path.read_bytes() for path in played.saved} == {FINAL}


@pytest.mark.parametrize("kind", PROGRAMS)
@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompts=st.lists(nasty, min_size=10, max_size=10))
def test_no_prompt_breaks_out(kind: str, prompts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        settle(patch, tmp_path)
        done = play(kind, [plan(prompt).as_code(kind) for prompt in prompts], tmp_path)

    assert [body(exchange)["contents"][0]["parts"][0]["text"] for exchange in done.log] == prompts


@given(nasty)
def test_a_literal_is_read_back_and_can_be_seen(text: str) -> None:
    python, as_json = format_python_string(text), format_json_atom(text)

    assert ast.literal_eval(python) == text == json.loads(as_json or "")
    assert (python.isprintable(), as_json and as_json.isprintable()) == (True, True)


WRONG = {
    "curl": ("<<'JSON'", "<<JSON"),
    "httpx": ("\\\\t", "\\t"),
    "google-genai": ("\\\\t", "\\t"),
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_wrongly_quoted_program_is_found_out(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, tmp_path)
    right = plan("$(pwd) \\t").as_code(kind)
    wrong = right.replace(*WRONG[kind])

    done = play(kind, [right, wrong], tmp_path)

    texts = [body(exchange)["contents"][0]["parts"][0]["text"] for exchange in done.log]
    assert texts[0] == "$(pwd) \\t"
    assert texts[1] != texts[0]


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_file_of_the_users_own_is_read_where_it_lies(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path)
    name = "my \"best\" 'photo' $1 `x`.png"
    (tmp_path / name).write_bytes(RED)

    done = play(kind, [plan("x", images=[name]).as_code(kind)], tmp_path)

    assert body(done.log[0])["contents"][0]["parts"][1]["inlineData"] == image(RED)["inlineData"]
    assert not (tmp_path / "gemini_images").exists()


@pytest.mark.parametrize("kind", PROGRAMS)
def test_without_a_reference_nothing_is_sent(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, tmp_path)
    program = plan("x", images=[RED]).as_code(kind)
    [written] = (tmp_path / "gemini_images" / "references").iterdir()
    written.unlink()

    with FaultServer() as server:
        ran = run(kind, program, server.url, tmp_path)

    assert ran.returncode != 0
    assert written.name in ran.stderr
    assert server.posts == 0


@pytest.fixture
def conversation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[cometmagic.ImageResult, Any]:
    """Return a result that is the second turn of a conversation, and the body that was sent for it."""
    settle(monkeypatch, tmp_path)
    escaped = SIGNED.replace(b"dGV4dA==", b"dGV4dA\\u003d\\u003d")  # as relays written in some languages do
    with serving(monkeypatch, answering(escaped), answering(SIGNED)) as server:
        first = cometmagic.generate("a red bicycle", images=[BLUE], model="gemini-3-pro-image")
        return first.chat("and at night", images=[RED]), body(server.log[1])


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_conversation_is_sent_with_its_signatures(
    kind: str, conversation: tuple[cometmagic.ImageResult, Any], tmp_path: Path
) -> None:
    result, expected = conversation

    done = play(kind, [result.as_code(kind)], tmp_path)

    assert body(done.log[0]) == expected
    [_, said, _] = expected["contents"]
    assert [part["thoughtSignature"] for part in said["parts"]] == ["dGV4dA==", "c2ln/+8="]


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_plan_that_goes_on_sends_what_the_result_did(
    kind: str, conversation: tuple[cometmagic.ImageResult, Any], tmp_path: Path
) -> None:
    result, expected = conversation
    first = result.call["parent"]["id"]

    done = play(kind, [plan("and at night", images=[RED], chat=first).as_code(kind)], tmp_path)

    assert body(done.log[0]) == expected


def test_each_picture_of_a_sweep_has_a_program() -> None:
    programs = [each.as_code() for each in build_plans("x", sweep="seed=1,2")]

    assert [line.strip() for program in programs for line in program.splitlines() if "seed" in line] == [
        '"generationConfig": {"seed": 1, "responseModalities": ["TEXT", "IMAGE"]},',
        '"generationConfig": {"seed": 2, "responseModalities": ["TEXT", "IMAGE"]},',
    ]


@pytest.mark.parametrize("kind", PROGRAMS)
def test_the_bytes_decide_the_suffix_and_the_last_image_is_the_final_one(kind: str, tmp_path: Path) -> None:
    kept = {f".{name.lower()}": painted(name) for name in ("PNG", "WEBP", "GIF")} | {".jpg": FINAL, ".bin": b"?"}
    answers = [
        answer_body(image(DRAFT), {"text": "now"}, image(content), image(RED, thought=True), {"text": "done"})
        for content in kept.values()
    ]

    saved = play(kind, [plan("x").as_code(kind)] * len(kept), tmp_path, answers).saved

    assert {path.suffix: path.read_bytes() for path in saved} == kept


@pytest.mark.parametrize("kind", PROGRAMS)
@pytest.mark.parametrize(
    "answer", [answer_body({"text": "I cannot."}), b'{"promptFeedback": {"blockReason": "SAFETY"}}']
)
def test_an_answer_without_an_image_is_told(kind: str, answer: bytes, tmp_path: Path) -> None:
    with FaultServer(answering(answer)) as server:
        ran = run(kind, plan("x").as_code(kind), server.url, tmp_path)

    assert ran.returncode != 0
    assert "No image came" in ran.stderr
    assert "I cannot." in ran.stderr or "SAFETY" in ran.stderr
    assert not list(tmp_path.glob("image*"))


@pytest.mark.parametrize("kind", PROGRAMS)
@pytest.mark.parametrize("status", ["301 Moved", "503 Busy"])
def test_a_refusal_is_told_once_and_nothing_is_followed(kind: str, status: str, tmp_path: Path) -> None:
    with FaultServer(recv_and(status)) as server:
        ran = run(kind, plan("x").as_code(kind), server.url, tmp_path)

    assert ran.returncode != 0
    assert server.posts == 1
    assert CANARY not in ran.stderr + ran.stdout


def recv_and(status: str) -> list[Any]:
    return [recv_request(), send(response(b'{"error": {"message": "no"}}', status, {"location": "/elsewhere"}))]


@pytest.mark.parametrize("kind", ["curl", "httpx"])  # the third says it in the words of the second
@pytest.mark.parametrize("ending", ["/", "/v1", "/v1beta/"])
def test_the_address_may_end_as_that_of_the_magic(kind: str, ending: str, tmp_path: Path) -> None:
    with FaultServer(answering()) as server:
        ran = run(kind, plan("x").as_code(kind), server.url + ending, tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert server.log[0].start_line.startswith("POST /v1beta/models/gemini-3.1-flash-image-preview:generateContent ")


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_without_a_key_sends_nothing(kind: str, tmp_path: Path) -> None:
    with FaultServer() as server:
        path = write(plan("x").as_code(kind), tmp_path / "program")
        settings = {name: value for name, value in environment(server.url).items() if name != "COMETAPI_KEY"}
        ran = subprocess.run(
            command(kind, path),
            cwd=tmp_path,
            env=settings,
            timeout=PATIENCE,
            check=False,
            capture_output=True,
            text=True,
        )

    assert ran.returncode != 0
    assert "COMETAPI_KEY" in ran.stderr
    assert server.posts == 0


@pytest.mark.parametrize("kind", PROGRAMS)
def test_the_key_stands_in_no_list_of_processes(kind: str, tmp_path: Path) -> None:
    held = Held()
    with FaultServer(held.steps(send(response(full())))) as server:
        path = write(plan("x").as_code(kind), tmp_path / "program")
        with subprocess.Popen(
            command(kind, path), cwd=tmp_path, env=environment(server.url), stdout=subprocess.PIPE
        ) as process:
            while not held.inside and process.poll() is None:
                held.let_go.wait(0.01)
            shown = b"\n".join(_commands())
            held.let_go.set()
            process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert CANARY in str(server.log[0].headers)
    assert str(path).encode() in shown, "the program's own command was not looked at"
    assert CANARY.encode() not in shown


def _commands() -> list[bytes]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:  # it has ended meanwhile
            continue
    return found


def test_the_key_is_in_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch) as server:
        programs = [plan("x").as_code(kind) for kind in (*PROGRAMS, "magic")]

    assert not any(CANARY in program or server.url in program for program in programs)
    assert sum("COMETAPI_KEY" in program for program in programs) == len(PROGRAMS)


def test_what_has_no_file_is_written_once_and_is_no_call(library_folder: Path) -> None:
    for _ in range(2):
        plan("x", images=[RED, BLUE, RED]).as_code("httpx")

    names = sorted(path.name for path in (library_folder / "references").iterdir())
    assert [Path(name).suffix for name in names] in ([".jpg", ".png"], [".png", ".jpg"])
    assert list(Library(library_folder).iter_folders()) == []


def test_a_converted_file_is_not_read_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(monkeypatch, tmp_path)
    (tmp_path / "photo.gif").write_bytes(painted("GIF"))

    program = plan("x", images=["photo.gif"]).as_code("httpx")

    [written] = (tmp_path / "gemini_images" / "references").iterdir()
    assert f'Path("{written.relative_to(tmp_path)}")' in program
    assert written.read_bytes() == plan("x", images=["photo.gif"]).request.references[0].data
    assert "photo.gif" not in program


def test_nothing_in_the_way_is_overwritten(tmp_path: Path) -> None:
    first = assets.write_asset(tmp_path / "library", RED, ".png")
    first.write_bytes(b"damaged")

    second = assets.write_asset(tmp_path / "library", RED, ".png")

    assert first.read_bytes() == b"damaged"
    assert second.read_bytes() == RED


def test_a_library_that_cannot_be_written_is_told(library_folder: Path) -> None:
    library_folder.write_text("a file")

    with pytest.raises(LibraryError, match="Cannot write"):
        plan("x", images=[RED]).as_code("curl")


def test_a_reference_that_is_gone_is_told(tmp_path: Path) -> None:
    request = plan("x").request
    lost = ImageRequest((Turn((TextPart("x"), ImagePart("image/png", path=tmp_path / "gone.png"))),), request.options)

    with pytest.raises(LibraryError, match="cannot be read"):
        render_code(lost, "curl")


def test_an_unknown_kind_is_refused_with_a_suggestion() -> None:
    with pytest.raises(OptionError, match="did you mean curl"):
        plan("x").as_code("crul")


def _said(signature: bytes) -> ImageRequest:
    turns = (
        Turn((TextPart("x"),)),
        Turn((TextPart("y", signature=ThoughtSignature(signature)),), "model"),
        Turn((TextPart("z"),)),
    )
    return ImageRequest(turns, plan("x").request.options)


@pytest.mark.parametrize("signature", [b"skip_thought_signature_validator", b"YQ", b"\xff"])
def test_a_signature_that_the_sdk_would_change_is_refused(signature: bytes) -> None:
    with pytest.raises((OptionError, LibraryError), match="signature"):
        render_code(_said(signature), "google-genai")


@pytest.mark.parametrize("kind", ["curl", "httpx"])
@pytest.mark.parametrize("signature", [b"skip_thought_signature_validator", b'a \\"quoted\\" \\\\ \\n \\u00e9 one'])
def test_any_other_signature_is_sent_as_it_is(kind: str, signature: bytes, tmp_path: Path) -> None:
    [exchange] = play(kind, [render_code(_said(signature), kind)], tmp_path).log

    assert json.loads(exchange.body)["contents"][1]["parts"][0]["thoughtSignature"] == json.loads(b'"%b"' % signature)


@pytest.mark.parametrize("kind", ["google-genai", "httpx"])
def test_lists_and_other_spellings_in_extra_are_sent_merged(kind: str, tmp_path: Path) -> None:
    extra = {
        "generation_config": {"seed": 1, "responsemodalities": ["IMAGE"]},
        "tools": [{"urlContext": {}}, {"google_search": {"timeRangeFilter": {}}}],
        "safety_settings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "OFF"}],
    }
    request = plan("x", search="web", safety={"harassment": "none", "hate": "high"}, extra=extra)
    [exchange] = play(kind, [request.as_code(kind)], tmp_path).log

    assert json.loads(exchange.body) == request.body


def test_a_conversation_without_its_call_is_no_cell() -> None:
    with pytest.raises(OptionError, match="call's id"):
        render_code(_said(b"YQ=="), "magic")


def test_texts_side_by_side_are_no_cell() -> None:
    with pytest.raises(OptionError, match="side by side"):
        Asked(["one", "two"]).plan().as_code("magic")
