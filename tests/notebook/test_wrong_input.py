"""What is wrong is told in one line that says what to do, before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.notebook.answers import CANARY, answering
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.kernel import Ran

# A cell, the error it ends with, and what the line must say.
CELLS = [
    ("%%gemini_image -a 16:9\n  \n", "OptionError", ["There is no prompt", "Write what you want to see"]),
    ("%gemini_image", "OptionError", ["There is no prompt"]),
    (
        "%gemini_image --aspect-ration 16:9 a cat",
        "OptionError",
        ["no option --aspect-ration; did you mean --aspect-ra"],
    ),
    ("%gemini_image --bogus a cat", "OptionError", ["no option --bogus", "%%gemini_image?"]),
    ("%gemini_image --aspect-ratio 16:8 a cat", "OptionError", ["--aspect-ratio: '16:8' is not one of 1:1,", "16:9"]),
    ("%gemini_image -s 3K a cat", "OptionError", ["--image-size: '3K' is not one of 512, 1K, 2K, 4K"]),
    ("%gemini_image --temperature hot a cat", "OptionError", ["--temperature: 'hot' is not a number"]),
    ("%gemini_image --top-p 1.5 a cat", "OptionError", ["--top-p: 1.5 is not between 0 and 1"]),
    ("%gemini_image --seed 1.5 a cat", "OptionError", ["--seed: '1.5' is not a whole number"]),
    ("%gemini_image --thoughts=maybe a cat", "OptionError", ["--thoughts: 'maybe' is neither true nor false"]),
    ("%gemini_image --no-thoughts=yes a cat", "OptionError", ["--no-thoughts takes no value"]),
    ("%gemini_image --search maps a cat", "OptionError", ["--search: 'maps' is not one of web, image"]),
    ("%gemini_image --safety hate a cat", "OptionError", ["'hate' is not of the form CATEGORY=THRESHOLD"]),
    ("%gemini_image --safety hat=none a cat", "OptionError", ["'hat' is not one of", "did you mean hate?"]),
    ("%gemini_image --extra '{\"a\": }' a cat", "OptionError", ["--extra: is not valid JSON", "it looks like"]),
    ("%gemini_image --extra [1] a cat", "OptionError", ["--extra: is not a JSON object"]),
    ("%gemini_image --source lives a cat", "OptionError", ["'lives' is not one of auto, live", "did you mean live?"]),
    ("%gemini_image --into 2cats a cat", "OptionError", ["--into: '2cats' is not a name for a variable"]),
    ("%gemini_image --into class a cat", "OptionError", ["--into: 'class' is not a name for a variable"]),
    ("%gemini_image -a 1:1 --aspect-ratio 16:9 a cat", "OptionError", ["--aspect-ratio is given twice"]),
    ("%gemini_image --alt 'a cat", "OptionError", ["The quotation after --alt TEXT has no end", "Write"]),
    ("%gemini_image --alt", "OptionError", ["--alt TEXT needs a value"]),
    ("%gemini_image --alt --thoughts a cat", "OptionError", ["--alt TEXT needs a value, and --thoughts is an option"]),
    ("%gemini_image a cat --image-size 4K", "OptionError", ["--image-size stands behind the prompt", "come first"]),
    ("%%gemini_image -t \\\n-a 1:1\na cat", "OptionError", ["A backslash does not continue the options", "first line"]),
    ("%%gemini_image a cat\na dog", "OptionError", ["'a cat' is no option", "below the first line"]),
    ("%gemini_image --system '' a cat", "OptionError", ["--system: is empty"]),
    (f"%gemini_image draw {CANARY} in gold", "OptionError", ["The prompt holds your API key", "history"]),
    (f"%gemini_image --system {CANARY} a cat", "OptionError", ["--system holds your API key"]),
    ("%%gemini_image\na\0b", "OptionError", ["The prompt has a null character at position 2"]),
    (
        "%gemini_image --source replay a cat",
        "OptionError",
        ["no recording of this request", "--source live or offline"],
    ),
    (f"%gemini_image --save {'x' * 300}.png a cat", "LibraryError", ["Cannot save to", "too long", "Change --save"]),
    ("%gemini_image --save taken/cat.png a cat", "LibraryError", ["Cannot save to taken/cat.png", "not a folder"]),
]
# Settings, the error, and what the line must say.
SETTINGS = [
    ({"COMETMAGIC_LIBRARY": "taken"}, "LibraryError", ["Cannot write in", "not a folder", "COMETMAGIC_LIBRARY"]),
    ({"COMETMAGIC_LIBRARY": "taken/library"}, "LibraryError", ["Cannot write in", "COMETMAGIC_LIBRARY"]),
    ({"COMETMAGIC_LIBRARY": "~nobody-at-all/x"}, "OptionError", ["COMETMAGIC_LIBRARY"]),
    ({"COMETMAGIC_SOURCE": "of-line"}, "OptionError", ["COMETMAGIC_SOURCE: 'of-line' is not one of auto, live"]),
    ({"COMETAPI_BASE_URL": "http://api.cometapi.com"}, "OptionError", ["COMETAPI_BASE_URL", "https://", "in clear"]),
    ({"COMETAPI_BASE_URL": "https://api.cometapi.com:99999"}, "OptionError", ["COMETAPI_BASE_URL is not an address"]),
    ({"COMETAPI_KEY": "your-key-here"}, "MissingKeyError", ["COMETAPI_KEY holds no real API key", "ask_key"]),
    ({"COMETAPI_KEY": "sk-canary-\u20144f9c2b7e"}, "MissingKeyError", ["invalid character at position 11"]),
    ({"COMETAPI_KEY": "sk-canary-4f9c\n2b7e"}, "MissingKeyError", ["invalid character at position 15"]),
    ({"COMETAPI_KEY": "short"}, "MissingKeyError", ["too short or too long"]),
]


def check_one_line(ran: Ran, ename: str, told: list[str]) -> None:
    assert ran.error is not None, ran.outputs
    assert ran.outputs == [ran.error]  # nothing else is left under the cell
    [line] = ran.error["traceback"]
    assert ran.error["ename"] == ename
    assert line.startswith(f"{ename}: ")
    assert "\n" not in line
    assert [words for words in told if words not in line] == []
    assert "Nothing was sent" in line
    assert CANARY not in str(ran.outputs)


@pytest.fixture
def taken(notebook: Notebook) -> Path:
    """Put a file where a folder should be."""
    file = notebook.place / "taken"
    file.write_text("a file")
    return file


@pytest.mark.parametrize(("cell", "ename", "told"), CELLS, ids=[cell[:50] for cell, *_ in CELLS])
def test_a_wrong_cell(notebook: Notebook, serve: Services, taken: Path, cell: str, ename: str, told: list[str]) -> None:
    server = serve(answering())

    check_one_line(notebook.run(cell), ename, told)

    assert server.log == []
    assert notebook.folders == []
    assert notebook.run("%gemini_image a cat").error is None  # the server would have noticed
    assert len(server.log) == 1


def test_a_name_that_nothing_can_have(notebook: Notebook, serve: Services) -> None:
    server = serve()
    values = (r"\ud800", r"a\0b", "x" * 5000, "~nobody-at-all/x", r"http://\ud800/")  # a browser can send them all

    for value in values:
        for flag in ("--chat", "--edit", "--image"):
            ran = notebook.run(f"get_ipython().run_cell_magic('gemini_image', '{flag} {value}', 'a cat')")
            assert ran.error is not None
            assert ran.error["ename"] in ("OptionError", "LibraryError")
            check_one_line(ran, ran.error["ename"], [])
    check_one_line(
        notebook.run(r"get_ipython().run_cell_magic('gemini_image', '', 'a\ud800')"),
        "OptionError",
        ["broken character"],
    )

    assert server.log == []
    assert notebook.folders == []


@pytest.mark.parametrize(("settings", "ename", "told"), SETTINGS, ids=[str(settings) for settings, *_ in SETTINGS])
def test_a_wrong_setting(
    notebook: Notebook, serve: Services, taken: Path, settings: dict[str, str], ename: str, told: list[str]
) -> None:
    server = serve(answering())
    notebook.set(**settings)

    check_one_line(notebook.run("%gemini_image a cat"), ename, told)

    assert server.log == []


def test_a_live_call_without_a_key(notebook: Notebook) -> None:
    ran = notebook.run("%gemini_image --source live a cat")

    check_one_line(ran, "MissingKeyError", ["needs an API key", "COMETAPI_KEY", "ask_key", "--source offline"])


def test_what_a_model_is_not_known_to_take_is_sent_with_a_warning(notebook: Notebook, serve: Services) -> None:
    server = serve(answering())

    ran = notebook.run("%gemini_image -m gemini-3.1-flash-lite-image --image-size 4k a cat")

    assert ran.error is None
    warning = "--image-size 4K is not known to work on gemini-3.1-flash-lite-image (it has 1K); sent anyway."
    assert warning in ran.captions[0]["data"]["text/html"]
    [exchange] = server.log
    assert json.loads(exchange.body)["generationConfig"]["imageConfig"] == {"imageSize": "4K"}


def test_a_cell_of_one_line_is_sent_to_the_line_magic(notebook: Notebook) -> None:
    """IPython says this one, and goes on: the magic is never asked."""
    [output] = notebook.run("%%gemini_image a red bicycle").outputs

    assert output["text"].count("\n") == 1
    assert "Did you mean the line magic %gemini_image (single %)?" in output["text"]


def test_an_error_stops_run_all(notebook: Notebook) -> None:
    # The first cell takes its time, so that the second one waits behind it.
    first = notebook.kernel.start("import time; time.sleep(0.5)\n%gemini_image --bogus a cat")
    second = notebook.kernel.start("print('ran')")

    assert notebook.kernel.finish(first).reply["status"] == "error"
    after = notebook.kernel.finish(second)

    assert after.reply["status"] == "aborted"
    assert after.outputs == []


@pytest.mark.parametrize("around", ["  {}\n", "\ufeff{}", '"{}"', "'{}'", "\u200b{}\u00a0"])
def test_what_clings_to_a_copied_key_is_taken_off(notebook: Notebook, serve: Services, around: str) -> None:
    server = serve(answering(), key=around.format(CANARY))

    assert notebook.run("%gemini_image a cat").error is None

    assert server.log[0].headers["authorization"] == f"Bearer {CANARY}"


def test_a_picture_that_cannot_be_saved_is_shown_all_the_same(notebook: Notebook, serve: Services) -> None:
    """The place for `--save` is good when the cell starts and spoilt when the answer comes."""
    serve(answering(after=1.0))
    request = notebook.kernel.start("%gemini_image --save new/cat.png a cat")
    notebook.kernel.until(request, "display_data")
    (notebook.place / "new").write_text("a file")

    ran = notebook.kernel.finish(request)

    assert ran.error is not None
    [line] = ran.error["traceback"]
    assert "LibraryError: Cannot save to" in line
    assert f"The image is kept in {notebook.folders[0]}" in line
    assert "Nothing was sent" not in line
    assert [name for name in ran.updates[-2]["content"]["data"] if name.startswith("image/")]
