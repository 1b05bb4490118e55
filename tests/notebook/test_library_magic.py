"""`%gemini_library` in a real kernel: what it prints, shows, packs, and says of a line it cannot read."""

from __future__ import annotations

import json
import shutil

import pytest

from cometmagic.notebook.library_magic import ACTIONS
from tests.faults.server import Held, recv_request, response, send
from tests.gemini.answers import base64_of
from tests.images import test_notebook_images as embedded
from tests.notebook.answers import DRAFT, FINAL, answering, full
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.test_magics import BIKE
from tests.waiting import wait_for

WITHOUT_KEY = "import os; del os.environ['COMETAPI_KEY']"

# A line, and what the error says.
WRONG = [
    ("lst", ["There is no %gemini_library lst; did you mean list?", "Known are list, show, pending, recover, pack"]),
    ("pakc lesson", ["There is no %gemini_library pakc; did you mean pack?", "%gemini_library? explains them"]),
    ("bicycle", ["There is no %gemini_library bicycle. Known are"]),
    ("show", ["%gemini_library show needs ID. %gemini_library? explains it."]),
    ("pack", ["%gemini_library pack needs FOLDER."]),
    ("pack ''", ["%gemini_library pack needs FOLDER."]),
    ("pack --force", ["There is no option --force."]),
    ("list --all", ["There is no option --all."]),
    ("pending now", ["%gemini_library pending takes nothing, not 'now'."]),
    ("recover 7f3a9c", ["%gemini_library recover takes nothing, not '7f3a9c'."]),
    ("trust me", ["%gemini_library trust takes nothing, not 'me'."]),
    ("trust", ["Cannot write in", "/library: No such file or directory."]),
    ("spend today", ["%gemini_library spend takes nothing, not 'today'."]),
    ("slim", ["%gemini_library slim needs NOTEBOOK [--preview PX]."]),
    ("slim --preview 512", ["%gemini_library slim needs NOTEBOOK [--preview PX]."]),
    ("slim ''", ["%gemini_library slim needs NOTEBOOK"]),
    ("slim a.ipynb --preview", ["--preview: '' is not a whole number."]),
    ("slim a.ipynb --preview=0", ["--preview: 0 is not between 1 and 16384."]),
    ("slim a.ipynb --preview small", ["--preview: 'small' is not a whole number."]),
    ("slim a.ipynb --force", ["There is no option --force."]),
    ("slim --force a.ipynb", ["There is no option --force."]),
    ("slim a.ipynb --preview 5 -x", ["There is no option -x."]),
    ("slim nowhere.ipynb", ["There is no notebook nowhere.ipynb. Check the path."]),
    ("slim .", ["There is no notebook ."]),
    ("show zebra", ["There is no call 'zebra' in library. %gemini_library list shows the ids."]),
    ("pack lesson", ["There is no recording in library to pack. A live call with a key makes one."]),
    ("pack library/inner", ["library/inner lies in the library itself."]),
]


@pytest.mark.parametrize(("line", "told"), WRONG)
def test_what_is_wrong_is_one_line_that_says_what_to_do(notebook: Notebook, line: str, told: list[str]) -> None:
    ran = notebook.run(f"%gemini_library {line}")

    assert ran.error is not None
    [said] = ran.error["traceback"]
    assert ran.error["ename"] in ("OptionError", "LibraryError")
    assert [words for words in told if words not in said] == []
    assert "sent" not in said  # nothing here is ever sent


def test_help_explains_every_action(notebook: Notebook) -> None:
    [payload] = notebook.run("%gemini_library?").reply["payload"]

    told = payload["data"]["text/plain"]
    assert [name for name, action in ACTIONS.items() if f"%gemini_library {name}" not in told] == []
    assert [action.help for action in ACTIONS.values() if action.help not in told] == []


@pytest.mark.parametrize("line", ["", "list", " list ", "list bicycle", "list\tbicycle", "list 'bicycle'"])
def test_the_calls_are_listed(notebook: Notebook, serve: Services, line: str) -> None:
    serve(answering())
    notebook.run(BIKE)
    notebook.run("%gemini_image --source offline a bicycle sketch")

    ran = notebook.run(f"%gemini_library {line}")

    assert ran.error is None
    [output] = ran.outputs
    assert output["kind"] == "display_data"
    told = output["data"]["text/plain"]
    lines = told.splitlines()
    assert lines[0].startswith("2 calls ")
    assert [row.split()[3] for row in lines[3:5]] == ["offline", "live"]  # the newest first
    assert "a red bicycle leaning" in told
    assert max(map(len, lines)) <= 110


def test_a_picture_is_shown_as_its_cell_did_and_then_its_facts(notebook: Notebook, serve: Services) -> None:
    serve(answering())
    made = notebook.run(BIKE)
    [folder] = notebook.folders

    ran = notebook.run(f"%gemini_library show {folder.name[-6:]}")

    assert ran.error is None
    assert [output["kind"] for output in ran.outputs] == ["display_data", "display_data", "stream"]
    for shown, before in zip(ran.outputs[:2], made.outputs, strict=True):
        assert shown["data"] == before["data"]
        assert shown["metadata"] == before["metadata"]
    assert "options     --model gemini-3.1-flash-image-preview --aspect-ratio 16:9" in ran.outputs[2]["text"]


def test_what_is_shown_is_the_result(notebook: Notebook, serve: Services) -> None:
    serve(answering())
    notebook.run("%gemini_image a red bicycle")

    ran = notebook.run("bike = %gemini_library show bicycle")

    assert ran.error is None
    assert len(ran.pictures) == 1
    assert notebook.evaluate("bike.image.data") == FINAL
    assert len(notebook.run("bike").pictures) == 1


def test_a_call_without_a_picture_tells_its_error_and_what_is_kept(notebook: Notebook, serve: Services) -> None:
    serve(answering(b'{"candidates": [{"finishReason": "IMAGE_SAFETY"}]}'))
    failed = notebook.run("%gemini_image a cat").error
    assert failed is not None

    ran = notebook.run("%gemini_library show a-cat")

    [output] = ran.outputs
    assert output["kind"] == "stream"
    assert output["text"].startswith(failed["traceback"][0] + "\n\nprompt      a cat\n")
    assert "response.part" in output["text"]
    assert notebook.run("_x = %gemini_library show a-cat\n_x is None").text.endswith("True")


@pytest.mark.parametrize("place", ["lesson", "'my lesson'", '"my lesson"', "my lesson"])
def test_a_pack_is_made_and_replays(notebook: Notebook, serve: Services, place: str) -> None:
    server = serve(answering())
    [live, _] = notebook.run(BIKE).outputs

    ran = notebook.run(f"%gemini_library pack {place}")

    assert ran.error is None
    folder = notebook.place / place.strip("\"'")
    assert ran.text.startswith(f"Calls in {folder.name}: 1 (1 new), ")
    assert f"set COMETMAGIC_LIBRARY={folder.name}:" in ran.text
    notebook.run(WITHOUT_KEY)
    notebook.set(COMETMAGIC_LIBRARY=str(folder), COMETAPI_BASE_URL="")
    [picture, caption] = notebook.run(BIKE).outputs
    assert picture["data"]["image/jpeg"] == live["data"]["image/jpeg"]
    assert "replay of a recording of " in caption["data"]["text/html"]
    assert notebook.evaluate("[draft.data for draft in bike.thoughts]") == [DRAFT]
    assert len(server.log) == 1


@pytest.mark.parametrize(
    "line",
    [
        "my lesson.ipynb --preview 100",
        "'my lesson.ipynb' --preview=100",
        '"my lesson.ipynb" --preview 100',
        "--preview 100 my lesson.ipynb",
        "--preview=100 'my lesson.ipynb'",
        "{place}/my lesson.ipynb\t--preview  100",
    ],
)
def test_a_notebook_is_made_small(notebook: Notebook, line: str) -> None:
    path = notebook.place / "my lesson.ipynb"
    path.write_text(json.dumps(embedded.notebook(embedded.output(image_png=base64_of(embedded.LARGE)))))
    before = path.stat().st_size

    ran = notebook.run(f"%gemini_library slim {line.format(place=notebook.place)}")

    assert ran.error is None
    [told] = ran.outputs
    assert (told["kind"], told["name"]) == ("stream", "stdout")
    assert told["text"].startswith("my lesson.ipynb: 0.")
    assert "lie in library/originals" in told["text"]
    assert path.stat().st_size < before / 10
    assert [kept.read_bytes() for kept in (notebook.library / "originals").iterdir()] == [embedded.LARGE]
    assert notebook.folders == []


def test_a_notebook_with_a_dash_in_its_name_is_found(notebook: Notebook) -> None:
    path = notebook.place / "week -2.ipynb"
    path.write_text(json.dumps(embedded.notebook()))

    assert "nothing to shrink in week -2.ipynb" in notebook.run("%gemini_library slim week -2.ipynb").text
    assert "nothing to shrink in week -2.ipynb" in notebook.run("%gemini_library slim 'week -2.ipynb'").text


def test_a_miss_names_the_nearest_recording(notebook: Notebook, serve: Services) -> None:
    serve(answering())
    notebook.run(BIKE)
    [folder] = notebook.folders

    ran = notebook.run(
        BIKE.replace("16:9", "1:1").replace("red bicycle", "red bicyle").replace("-o", "--source replay -o")
    )

    assert ran.error is not None
    [said] = ran.error["traceback"]
    assert (
        f"The nearest is {folder.name}, with --aspect-ratio 16:9 instead of 1:1 and another prompt ('a red bic" in said
    )


def test_the_line_is_not_expanded(notebook: Notebook) -> None:
    notebook.run("%gemini_image --source offline a cat\nword = 'cat'")

    assert "has '{word}'." in notebook.run("%gemini_library list {word}").text


def test_unloading_takes_these_magics_back_too(notebook: Notebook) -> None:
    notebook.run("%unload_ext cometmagic")

    for name in ("gemini_library", "gemini_doctor", "gemini_models"):
        assert "not found" in notebook.run(f"%{name}").text
    assert notebook.run("%load_ext cometmagic\n%gemini_library").error is None


def test_nothing_shown_is_left_to_run(notebook: Notebook, serve: Services) -> None:
    """A prompt is text in the table and in the facts, and nothing but text."""
    serve(answering())
    notebook.run("%%gemini_image\n<script>alert(1)</script>\x1b[31m")

    shown = [notebook.run(f"%gemini_library {line}").outputs for line in ("list", "show script")]

    assert "<script>" in shown[0][0]["data"]["text/plain"]
    for output in [*shown[0], *shown[1]]:
        texts = [output.get("text", ""), *output.get("data", {}).values()]
        assert [text for text in texts if "\x1b" in text] == []
        assert "<script>" not in output.get("data", {}).get("text/html", "")


def test_what_is_under_way_is_told(notebook: Notebook, serve: Services) -> None:
    held = Held()
    serve(held.steps(send(response(full()))))
    assert notebook.run("%gemini_library pending").text.strip() == "Nothing is under way."
    request = notebook.kernel.start("%gemini_image a cat")
    wait_for(lambda: held.inside)
    notebook.kernel.interrupt()
    notebook.kernel.finish(request)

    told = notebook.run("%gemini_library pending").text
    recovered = notebook.run("%gemini_library recover").text

    held.let_go.set()
    assert "'a cat' by gemini-3.1-flash-image-preview: sent for" in told
    assert recovered.strip() == "Nothing was left behind."
    wait_for(lambda: "Nothing" in notebook.run("%gemini_library pending").text)


def test_what_was_left_is_recovered(notebook: Notebook, serve: Services) -> None:
    serve(answering())
    notebook.run("%gemini_image a red bicycle")
    [folder] = notebook.folders
    call = json.loads((folder / "call.json").read_bytes())
    (folder / "call.json").write_text(json.dumps(call | {"state": "sent"}, indent=1))
    (folder / "response.part").write_bytes(full()[:-3])
    (folder / "image.jpg").unlink()

    ran = notebook.run("%gemini_library recover")

    assert "Recovered the picture of 'a red bicycle'" in ran.text
    assert (folder / "image.jpg").read_bytes() == FINAL


def test_a_library_from_elsewhere_is_announced_and_sends_nothing_until_it_is_trusted(
    notebook: Notebook, serve: Services
) -> None:
    server = serve(answering(), answering())
    notebook.run(BIKE)
    shutil.copytree(notebook.library, notebook.place / "lesson")
    left = next((notebook.place / "lesson").glob("*/call.json"))
    left.with_name("response.part").write_bytes(full())
    notebook.set(COMETMAGIC_LIBRARY="lesson")

    loaded = notebook.run("%reload_ext cometmagic")
    assert loaded.text.strip() == (
        "The library lesson is not trusted (it may come from somebody else): its recordings can be replayed, "
        "but nothing is sent or recovered. If you trust it, run %gemini_library trust."
    )
    refused = notebook.run("%gemini_image --edit make it blue")
    assert refused.error is not None
    [line] = refused.error["traceback"]
    assert "The library lesson is not trusted: it may come from somebody else. Nothing was sent" in line
    assert "somebody else" not in notebook.run(BIKE.replace(" -o", " --source replay -o")).text
    assert left.with_name("response.part").exists()
    assert len(server.log) == 1

    told = notebook.run("%gemini_library trust").text
    assert told.strip() == "The library lesson with 1 call is now trusted."
    assert notebook.run("%reload_ext cometmagic").text.startswith("Tidied up after the picture of")
    assert notebook.run("%gemini_image --edit make it blue").error is None
    assert len(server.log) == 2


def test_what_was_spent_is_told(notebook: Notebook, serve: Services) -> None:
    assert "nothing was spent" in notebook.run("%gemini_library spend").text
    serve(answering(), [recv_request()])
    notebook.run("%gemini_image a cat")
    notebook.run("%gemini_image a cat")

    told = notebook.run("%gemini_library spend").text

    assert "this session  $    0.135     2 calls" in told
    assert told.count("0.135") == 3
    assert "1 of unknown outcome: counted as if charged." in told
