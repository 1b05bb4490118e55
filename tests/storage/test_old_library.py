"""A library as version 0.1.0 wrote it: whatever comes later reads it, replays it, goes on from it and packs it.

`old_library` was made by make_old_library.py with that version, and is never made again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import cometmagic
from cometmagic import ImageResult
from tests.faults.server import Exchange, FaultServer, recv_request, response, send

OLD = Path(__file__).with_name("old_library")
KEY = "sk-canary-4f9c2b7e1d8a6035"
MADE_WITH = "sk-old-library-4f9c2b7e1d8a"  # the key of the program that made it
BIKE, NIGHT, RAIN = "a red bicycle leaning on a sunlit wall", "and at night", "and in the rain"
LIGHTHOUSE = 'a "lighthouse" in fog, {{as it is}}\n'
HAT = "put this hat\non this cat"
CAME, NEVER, WAITS = "a call whose answer came", "a call that was never answered", "a call that waits for another try"
CUT = "a call that is cut off"
STATES = {
    BIKE: "settled",
    "make it blue": "settled",
    NIGHT: "settled",
    RAIN: "settled",
    HAT: "settled",
    LIGHTHOUSE: "settled",
    "a simple flat icon": "settled",
    "a call that is refused": "failed",
    "a call that is talked about": "failed",
    CUT: "unknown",
    CAME: "sent",
    NEVER: "sent",
    WAITS: "planned",
}
PACKED = [BIKE, "make it blue", NIGHT, HAT]  # before the others were made
RECORDED = [*PACKED, RAIN, LIGHTHOUSE]
LIGHTHOUSE_OPTIONS: dict[str, Any] = {
    "model": "gemini-3.1-flash-image",
    "image_size": "2K",
    "thinking": "high",
    "search": "web",
    "system": "be brief",
    "temperature": 0.5,
    "seed": -7,
    "safety": {"hate": "none"},
    "extra": {"generationConfig": {"newField": [1, None]}},
}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Return a terminal with the extension, loaded before there is a library: it brings home what is left in one."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    made = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    made.run_line_magic("load_ext", "cometmagic")
    yield made
    made.run_line_magic("unload_ext", "cometmagic")


@pytest.fixture
def library(tmp_path: Path, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the old library, which is the one that is used."""
    place = Path(shutil.copytree(OLD / "library", tmp_path / "library"))
    cometmagic.Library(place).trust()
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(place))
    monkeypatch.chdir(tmp_path)
    return place


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """Return a live service that answers once, with the picture that the bicycle's answer held."""
    picture = base64.b64encode((folder_in(OLD / "library", BIKE) / "image.jpg").read_bytes()).decode()
    answer = {"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": picture}}]}}]}
    with FaultServer([recv_request(), send(response(json.dumps(answer).encode()))]) as server:
        monkeypatch.setenv("COMETAPI_KEY", KEY)
        monkeypatch.setenv("COMETAPI_BASE_URL", server.url)
        yield server


def folder_in(place: Path, prompt: str) -> Path:
    """Return the folder of the call with a prompt."""
    return next(path.parent for path in place.glob("*/call.json") if told(path.parent)["prompt"] == prompt)


def told(folder: Path) -> dict[str, Any]:
    """Return what a call.json says, by no other means than JSON."""
    return dict(json.loads((folder / "call.json").read_bytes()))


def result(library: Path, prompt: str) -> ImageResult:
    return ImageResult(folder_in(library, prompt))


def said(shell: InteractiveShell, capsys: pytest.CaptureFixture[str], line: str) -> str:
    """Return what `%gemini_library` prints."""
    capsys.readouterr()
    shell.run_line_magic("gemini_library", line)
    return capsys.readouterr().out


def sent(server: FaultServer) -> tuple[Exchange, Any]:
    """Return the one request that was sent, and its JSON."""
    [exchange] = server.log
    return exchange, json.loads(exchange.body)


def data(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def signatures(value: Any) -> list[str]:
    """Return the thought signatures in a document, in order."""
    if isinstance(value, dict):
        own = [value["thoughtSignature"]] if "thoughtSignature" in value else []
        return own + [found for member in value.values() for found in signatures(member)]
    return [found for member in value for found in signatures(member)] if isinstance(value, list) else []


def texts() -> Iterator[tuple[Path, str]]:
    for path in OLD.rglob("*"):
        if path.is_file() and path.suffix in (".json", ".jsonl", ".part", ".txt"):
            yield path, path.read_text("utf-8")


@pytest.mark.parametrize(
    "secret",
    [
        r"""["'\s(](?:/(?!9j/)|~/|[A-Z]:\\)\w""",  # a path; base64 of a JPEG begins like one
        re.escape(MADE_WITH),
        r"https?://(?!www\.example\.org/)",
        r"(?i)cometapi|pypi|npmjs|conda",
    ],
)
def test_the_fixture_names_no_machine_and_no_key(secret: str) -> None:
    assert [f"{path.name}: {found[0]}" for path, text in texts() if (found := re.search(secret, text))] == []


def test_the_fixture_is_small_and_whole() -> None:
    assert sum(path.stat().st_size for path in OLD.rglob("*") if path.is_file()) < 150_000
    for folder in (path.parent for path in OLD.rglob("call.json")):
        for row in told(folder).get("files", []):
            assert hashlib.sha256((folder / row["name"]).read_bytes()).hexdigest() == row["sha256"]


def test_every_call_is_there_as_it_stood(library: Path) -> None:
    calls = [folder.read() for folder in cometmagic.library()]

    assert {call["prompt"]: call["state"] for call in calls} == STATES
    assert repr(cometmagic.library()) == "<cometmagic library library, 13 calls>"


def test_they_are_listed(library: Path, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    table = said(shell, capsys, "list")

    assert table.startswith("13 calls in library, newest first\n")
    rows = table.splitlines()[3:16]
    assert [row.split()[0] for row in rows] == [path.name[-6:] for path in sorted(library.glob("2*"), key=planned)][
        ::-1
    ]
    found = {row.split()[0]: " ".join(row.split()) for row in rows}
    assert " live settled $0.068 gemini-3.1-flash-image-preview a red bicycle" in found[id_of(library, BIKE)]
    assert " offline settled free " in found[id_of(library, "a simple flat icon")]
    assert " live failed - " in found[id_of(library, "a call that is refused")]
    assert " live unknown $0.067? " in found[id_of(library, CUT)]


def planned(folder: Path) -> str:
    return str(told(folder)["planned"])


def id_of(library: Path, prompt: str) -> str:
    return folder_in(library, prompt).name[-6:]


@pytest.mark.parametrize("prompt", [BIKE, CUT, "a call that is talked about", WAITS])
def test_one_is_shown(library: Path, shell: InteractiveShell, capsys: pytest.CaptureFixture[str], prompt: str) -> None:
    shown = said(shell, capsys, f"show {id_of(library, prompt)}")

    assert f"prompt      {prompt}\n" in shown
    assert f"state       {STATES[prompt]}, live\n" in shown
    assert "Traceback" not in shown


def test_a_result_tells_what_it_told(library: Path) -> None:
    bike = result(library, BIKE)

    assert (bike.image.mime_type, bike.image.width, bike.image.height) == ("image/jpeg", 64, 48)
    assert bike.image.data == (bike.folder / "image.jpg").read_bytes()
    assert hashlib.sha256(bike.image.data).hexdigest() == told(bike.folder)["files"][-1]["sha256"]
    [draft] = bike.thoughts
    assert draft.data == (bike.folder / "thought-1.png").read_bytes()
    assert [image.data for image in bike.images] == [bike.image.data]
    assert (bike.text, bike.thought_text) == ("Here is your bicycle.", "Thinking of red.")
    usage = bike.usage
    assert (usage.prompt, usage.answer, usage.thoughts, usage.total, usage.image) == (12, 1120, 300, 1432, 1120)
    assert (bike.cost, bike.source, bike.model_version) == (0.068106, "live", "gemini-old")
    assert (bike.alt, bike.warnings) == ("a bicycle", [])
    assert bike.seconds > 0
    assert bike.preview() == ("image/jpeg", (bike.folder / "preview.jpg").read_bytes())
    assert bike.request.prompt == BIKE
    assert bike.request.options.list_changes() == {"aspect_ratio": "16:9", "thoughts": True}
    assert "64x48 image/jpeg live" in repr(bike)
    assert "--aspect-ratio 16:9" in bike.as_code("magic")


@pytest.mark.parametrize("prompt", RECORDED)
def test_every_picture_is_read(library: Path, prompt: str) -> None:
    one = result(library, prompt)

    assert one.image.pil().size == (64, 48)
    assert one.text
    assert one.request.prompt == prompt
    assert one.cost
    for kind in ("curl", "httpx", "google-genai", "magic"):
        assert one.as_code(kind)


def test_references_are_read_where_they_stood(library: Path) -> None:
    hat = result(library, HAT)

    assert [(part.mime_type, part.data) for part in hat.request.references] == [
        ("image/png", (hat.folder / "reference-1.png").read_bytes()),
        ("image/jpeg", (hat.folder / "reference-2.jpg").read_bytes()),
    ]


def test_what_was_looked_up_is_read(library: Path) -> None:
    grounding = result(library, LIGHTHOUSE).grounding

    assert grounding.queries == ("lighthouse",)
    assert [source.uri for source in grounding.sources] == ["https://www.example.org/lighthouse"]


def test_a_sketch_is_read(library: Path) -> None:
    sketch = result(library, "a simple flat icon")

    assert (sketch.source, sketch.cost, sketch.image.width, sketch.image.height) == ("offline", 0.0, 192, 1536)


def asked_again(library: Path, prompt: str, **how: Any) -> ImageResult:
    """Ask for what was recorded, as it was asked for."""
    if prompt == BIKE:
        return cometmagic.generate(BIKE, aspect_ratio="16:9", thoughts=True, **how)
    if prompt == HAT:
        hat, cat = (part.data for part in result(library, HAT).request.references)
        return cometmagic.generate(["put this hat", hat, "on this cat"], images=[cat], **how)
    if prompt == LIGHTHOUSE:
        return cometmagic.generate(LIGHTHOUSE, **LIGHTHOUSE_OPTIONS, **how)
    if prompt == "make it blue":
        return result(library, BIKE).edit(prompt, **how)
    return result(library, BIKE if prompt == NIGHT else NIGHT).chat(prompt, **how)


@pytest.mark.parametrize("source", ["replay", "auto"])
@pytest.mark.parametrize("prompt", RECORDED)
def test_the_same_request_finds_its_recording(library: Path, prompt: str, source: str) -> None:
    before = sorted(library.iterdir())

    again = asked_again(library, prompt, source=source)

    assert (again.source, again.folder) == ("replay", folder_in(library, prompt))
    assert sorted(library.iterdir()) == before


def test_another_request_is_told_the_nearest(library: Path) -> None:
    with pytest.raises(cometmagic.OptionError, match=r"The nearest is .*, with --aspect-ratio 16:9 instead of 1:1\."):
        cometmagic.generate(BIKE, aspect_ratio="1:1", thoughts=True, source="replay")


def test_an_edit_sends_the_picture(library: Path, service: FaultServer) -> None:
    bike = result(library, BIKE)

    edited = bike.edit("make it green", seed=5)

    _, body = sent(service)
    assert body["contents"] == [
        {
            "role": "user",
            "parts": [
                {"text": "make it green"},
                {"inlineData": {"mimeType": "image/jpeg", "data": data(bike.folder / "image.jpg")}},
            ],
        }
    ]
    assert (edited.source, told(edited.folder)["parent"]["id"]) == ("live", bike.folder.name)


@pytest.mark.parametrize("prompt", [BIKE, RAIN])
def test_a_chat_sends_the_signatures_byte_for_byte(library: Path, service: FaultServer, prompt: str) -> None:
    before = {name: result(library, name).folder for name in ((BIKE,) if prompt == BIKE else (BIKE, NIGHT, RAIN))}

    result(library, prompt).chat("and bigger")

    exchange, body = sent(service)
    answers = [json.loads((folder / "answer.json").read_bytes()) for folder in before.values()]
    kept = [signature for answer in answers for signature in signatures(answer)]
    assert len(kept) == 2 * len(answers)
    assert signatures(body) == kept
    assert all(signature.encode() in exchange.body for signature in kept)
    assert [turn["role"] for turn in body["contents"]] == ["user", "model"] * len(answers) + ["user"]
    for folder in before.values():
        assert data(folder / "image.jpg").encode() in exchange.body


def test_a_recorded_request_is_sent_as_it_was(library: Path, service: FaultServer) -> None:
    old = folder_in(library, RAIN)

    again = asked_again(library, RAIN, source="live")

    assert again.folder != old
    names = ["request.json", *sorted(path.name for path in old.glob("reference-*"))]
    names += sorted(path.name for path in old.glob("signature-*"))
    assert len(names) == 7
    assert all((again.folder / name).read_bytes() == (old / name).read_bytes() for name in names)
    assert told(again.folder)["request_hash"] == told(old)["request_hash"]


def test_it_is_packed(
    library: Path, shell: InteractiveShell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(shell, capsys, "pack lesson").startswith("Calls in lesson: 6 (6 new), ")

    lesson = library.with_name("lesson")
    assert {told(path)["prompt"] for path in lesson.iterdir()} == set(RECORDED)
    for old in (OLD / "pack").iterdir():
        assert contents(lesson / old.name) == contents(old)
    shutil.rmtree(library)
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(lesson))
    for prompt in RECORDED:
        assert asked_again(lesson, prompt).source == "replay"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_old_pack_is_added_to(
    library: Path, shell: InteractiveShell, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copytree(OLD / "pack", tmp_path / "lesson")

    assert said(shell, capsys, "pack lesson").startswith("Calls in lesson: 6 (2 new), ")


@pytest.mark.parametrize("prompt", PACKED)
def test_an_old_pack_replays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prompt: str) -> None:
    lesson = Path(shutil.copytree(OLD / "pack", tmp_path / "lesson"))
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(lesson))

    again = asked_again(lesson, prompt)

    assert (again.source, again.folder) == ("replay", folder_in(lesson, prompt))
    assert again.image.data == (folder_in(OLD / "library", prompt) / "image.jpg").read_bytes()


def test_what_was_left_is_brought_to_its_end(
    library: Path, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    told_of = said(shell, capsys, "recover")

    assert f"Recovered the picture of '{CAME}'" in told_of
    assert f"No picture of '{NEVER}'" in told_of
    assert f"No picture of '{WAITS}'" in told_of
    assert len(told_of.splitlines()) == 3
    came = result(library, CAME)
    assert (came.text, came.image.pil().size) == ("It was on its way.", (64, 48))
    assert not (came.folder / "response.part").exists()
    assert (told(folder_in(library, NEVER))["state"], told(folder_in(library, WAITS))["state"]) == ("unknown", "failed")
    assert said(shell, capsys, "recover") == "Nothing was left behind.\n"


def test_loading_the_extension_brings_home_what_was_left(
    library: Path, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_line_magic("reload_ext", "cometmagic")

    assert f"Recovered the picture of '{CAME}'" in capsys.readouterr().out
    assert result(library, CAME).image.data


def test_its_ledger_is_read_and_goes_on(
    library: Path, shell: InteractiveShell, capsys: pytest.CaptureFixture[str], service: FaultServer
) -> None:
    before = said(shell, capsys, "spend")
    assert re.search(r"^this session +\$ +0\.000 +0 calls$", before, re.MULTILINE)
    assert re.search(r"^in all +\$ +0\.745 +12 calls$", before, re.MULTILINE)
    assert before.endswith("\n4 of unknown outcome: counted as if charged.\n")

    cometmagic.generate("a cat")

    after = said(shell, capsys, "spend")
    assert re.search(r"^this session +\$ +0\.\d+ +1 call$", after, re.MULTILINE)
    assert re.search(r"^in all +\$ +0\.\d+ +13 calls$", after, re.MULTILINE)
