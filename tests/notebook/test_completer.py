"""Tab in a real kernel and in a real terminal: options, values, names, paths; and nothing in the prompt."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from cometmagic.options.declaration import Options, list_options
from cometmagic.options.models import MODEL_NAMES
from cometmagic.options.option_types import Flag
from cometmagic.options.pixel_sizes import ASPECT_RATIOS, IMAGE_SIZES
from tests.gemini.answers import picture
from tests.notebook.fixtures import Notebook
from tests.notebook.test_terminal import IPYTHON

MAGICS = ["%%gemini_image", "%gemini_image", "bike = %gemini_image", "  %gemini_image", "a, b = %gemini_image"]


def offered(notebook: Notebook, code: str) -> list[str]:
    """Return the texts that are offered where | stands, put in place of what they replace."""
    cursor = code.index("|")
    reply = notebook.kernel.complete(code.replace("|", ""), cursor)
    assert reply["status"] == "ok"
    start, end = reply["cursor_start"], reply["cursor_end"]
    kept = code[:start]
    assert end == cursor
    types = reply["metadata"].get("_jupyter_types_experimental", [])
    assert {(one["start"], one["end"]) for one in types} <= {(start, end)}
    return [kept + match for match in reply["matches"]]


def last_words(notebook: Notebook, code: str) -> list[str]:
    """Return what the last word may become."""
    return [text.rsplit(" ", 1)[-1] for text in offered(notebook, code)]


@pytest.mark.parametrize("magic", MAGICS)
def test_an_option_is_completed(notebook: Notebook, magic: str) -> None:
    assert offered(notebook, f"{magic} --as|") == [f"{magic} --aspect-ratio"]
    expected = [option.flag for option in list_options().values() if option.flag.startswith("--im")]
    assert offered(notebook, f"{magic} -t --im|") == [f"{magic} -t {flag}" for flag in expected]


@pytest.mark.parametrize("written", ["", "-"])
def test_every_declared_option_is_offered(notebook: Notebook, written: str) -> None:
    flags = last_words(notebook, f"%%gemini_image {written}|")

    assert [option.flag for option in list_options().values() if option.flag not in flags] == []
    assert ("-a" in flags) == (written == "-")
    assert not any(flag.startswith("--no-") for flag in flags)


def test_switches_can_be_switched_off(notebook: Notebook) -> None:
    switches = [f"--no-{option.flag[2:]}" for option in list_options().values() if isinstance(option.type, Flag)]

    assert last_words(notebook, "%%gemini_image --no-|") == switches


def test_what_is_given_is_not_offered_again_but_where_it_may_be(notebook: Notebook) -> None:
    flags = last_words(notebook, "%%gemini_image -a 1:1 --thoughts --safety hate=none --seed=5 --|")

    assert {"--aspect-ratio", "--thoughts", "--seed"} & set(flags) == set()
    assert {"--safety", "--model"} <= set(flags)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-m |", list(MODEL_NAMES)),
        ("--model gemini-3-|", [name for name in MODEL_NAMES if name.startswith("gemini-3-")]),
        ("-a |", list(ASPECT_RATIOS)),
        ("-a 16|", ["16:9"]),
        ("-a 16:|", ["16:9"]),
        ("--aspect-ratio=16|", ["--aspect-ratio=16:9"]),
        ("--aspect-ratio=16:|", ["--aspect-ratio=16:9"]),
        ("--aspect-ratio=|", [f"--aspect-ratio={ratio}" for ratio in ASPECT_RATIOS]),
        ("-a=21|", ["-a=21:9"]),
        ("-s |", list(IMAGE_SIZES)),
        ("-s 2k|", ["2K"]),
        ("-s '2|", ["'2K'"]),
        ("--thinking hi|", ["high"]),
        ("--source |", ["auto", "live", "replay", "offline"]),
        ("--source li|", ["live"]),
        ("--search |", ["web", "image"]),
        ("--search web,|", ["web,image"]),
        ("--search=web,im|", ["--search=web,image"]),
        ("--safety hara|", ["harassment="]),
        ("--safety harassment=|", [f"harassment={word}" for word in ("none", "high", "medium", "low", "off")]),
        ("--safety=hate=me|", ["--safety=hate=medium"]),
        ("--thoughts=f|", ["--thoughts=false"]),
        ("-t -a 9|", ["9:16"]),
        ("-a\t9|", ["-a\t9:16"]),
        ("--system 'two words' -a 9|", ["9:16"]),
        ("--seed -5 -a 9|", ["9:16"]),
        ("--alt --as|", ["--aspect-ratio"]),
    ],
)
@pytest.mark.parametrize("magic", MAGICS[:2])
def test_the_values_of_an_option(notebook: Notebook, magic: str, line: str, expected: list[str]) -> None:
    assert last_words(notebook, f"{magic} {line}") == expected


def test_what_stands_behind_the_cursor_does_not_matter(notebook: Notebook) -> None:
    assert offered(notebook, "%%gemini_image -a 16| --thoughts -o x\na cat") == ["%%gemini_image -a 16:9"]
    assert offered(notebook, "%%gemini_image --as| 16:9\n--as") == ["%%gemini_image --aspect-ratio"]
    assert offered(notebook, "x = 'ä😀'\n%gemini_image -s 2| a cat")[0].endswith("-s 2K")


@pytest.mark.parametrize(
    "code",
    [
        "%%gemini_image -a 1:1\n--as|",
        "%%gemini_image\n%gemini_image --as|",
        "%%gemini_image -a 1:1\na cat --source li|",
        "%gemini_image a cat --as|",
        "%gemini_image -a 1:1 a cat -a 16|",
        "%gemini_image -- --as|",
        "%%gemini_image - --as|",
        "%%gemini_image --system --as -a|'",
        "%%gemini_image --system 'so --as|",
        "%gemini_doctor --as|",
        "%gemini_images --as|",
        "# %gemini_image --as|",
        "print('%gemini_image --as|",
        "x == %gemini_image --as|",
        "%%time\n%%gemini_image --as|",
        "x\n%%gemini_image --as|",
        " %%gemini_library sh|",
        "%%gemini_library sh|",
    ],
)
def test_nothing_of_ours_elsewhere(notebook: Notebook, code: str) -> None:
    ours = ("--aspect-ratio", "live", "16:9", "show")
    assert [text for text in offered(notebook, code) if text.endswith(ours)] == []


@pytest.mark.parametrize("before", ["%%time\n", "%%capture\n", "x = 1\n", "\n\n", "if x:\n    "])
def test_below_other_lines(notebook: Notebook, before: str) -> None:
    assert last_words(notebook, f"{before}%gemini_image --as|") == ["--aspect-ratio"]


def test_nothing_of_pythons_stands_among_ours(notebook: Notebook) -> None:
    notebook.run("aspect_of_python = 1\nSize = 2")

    assert offered(notebook, "%%gemini_image --as|") == ["%%gemini_image --aspect-ratio"]
    assert last_words(notebook, "%%gemini_image -s |") == list(IMAGE_SIZES)
    assert "aspect_of_python" in offered(notebook, "as|")  # the control


def test_variables_that_could_be_an_image(notebook: Notebook) -> None:
    (notebook.place / "bild.png").write_bytes(picture())
    (notebook.place / "brief.txt").write_text("x")
    (notebook.place / "bilder").mkdir()
    notebook.run(
        "%gemini_image --source offline -o bike a red bicycle\n"
        "import io, pathlib\nfrom PIL import Image\n"
        "bpil, bwords, bnumber = Image.new('RGB', (2, 2)), 'text', 5\n"
        "bpart, bbytes, bother = bike.image, bike.image.data, b'other'\n"
        "bpath, bfolder = pathlib.Path('x.PNG'), pathlib.Path('x')\n"
        "_bhidden = bike",
        history=False,
    )
    notebook.run("bike")

    assert last_words(notebook, "%%gemini_image -i b|") == [
        "bike", "bpil", "bpart", "bbytes", "bpath", "bild.png", "bilder/",
    ]  # fmt: skip
    assert last_words(notebook, "%%gemini_image --image=bi|") == ["--image=bike", "--image=bild.png", "--image=bilder/"]


def test_an_array_and_a_figure_count_by_the_names_of_their_types(notebook: Notebook) -> None:
    notebook.run(
        "class ndarray: pass\nndarray.__module__ = 'numpy'\n"
        "class Figure: pass\nFigure.__module__ = 'matplotlib.figure'\nclass Mine(Figure): pass\n"
        "zarray, zfigure, zother = ndarray(), Mine(), object()"
    )

    before = notebook.evaluate("sorted(__import__('sys').modules)")

    assert last_words(notebook, "%%gemini_image -i z|") == ["zarray", "zfigure"]
    loaded = set(notebook.evaluate("sorted(__import__('sys').modules)")) - set(before)
    assert not loaded & {"numpy", "matplotlib"}


def test_outputs_can_be_named(notebook: Notebook) -> None:
    notebook.run("%gemini_image --source offline a red bicycle")
    number = notebook.evaluate("[number for number, value in Out.items() if 'ImageResult' in str(type(value))][-1]")

    assert f"Out[{number}]" in last_words(notebook, "%%gemini_image -i Out|")
    assert f"Out[{number}]" in last_words(notebook, f"%%gemini_image -i Out[{number}|")


@pytest.mark.parametrize("flag", ["-e", "--edit", "--chat"])
def test_results_and_calls_after_edit_and_chat(notebook: Notebook, flag: str) -> None:
    notebook.run("%gemini_image --source offline -o bike a red bicycle\nbild = 5")
    [folder] = notebook.folders

    assert last_words(notebook, f"%%gemini_image {flag} bi|") == ["bike", folder.name]
    assert last_words(notebook, f"%%gemini_image {flag} {folder.name[-6:-3]}|") == [folder.name[-6:]]


def test_options_may_follow_where_a_name_may_be_left_out(notebook: Notebook) -> None:
    notebook.run("%gemini_image --source offline -o bike a red bicycle")
    [folder] = notebook.folders

    everything = last_words(notebook, "%%gemini_image --edit |")
    assert everything[0] == "bike"
    assert everything.index(folder.name[-6:]) < everything.index("--model")
    assert "--aspect-ratio" in everything
    assert "--edit" not in everything
    assert last_words(notebook, "%%gemini_image --edit --as|") == ["--aspect-ratio"]
    assert last_words(notebook, "%%gemini_image --edit bike --as|") == ["--aspect-ratio"]


def test_on_one_line_a_name_or_an_id_behind_edit_is_a_value(notebook: Notebook) -> None:
    """As the line is read: any other word is the first of the prompt."""
    notebook.run("%gemini_image --source offline -o bike a red bicycle")
    id_ = notebook.folders[0].name[-6:]

    assert id_ in last_words(notebook, "%gemini_image --edit |")
    assert last_words(notebook, f"%gemini_image --edit={id_[:3]}|") == [f"--edit={id_}"]
    for value in ("bike", id_):
        assert "--aspect-ratio" in last_words(notebook, f"%gemini_image --edit {value} --as|")
    assert "--aspect-ratio" not in last_words(notebook, "%gemini_image --edit make --as|")


def test_presets_are_those_of_the_project(notebook: Notebook) -> None:
    (notebook.place / "pyproject.toml").write_text("[tool.cometmagic.presets]\nposter = {}\npencil = {}\nwash = {}\n")

    assert last_words(notebook, "%%gemini_image --preset p|") == ["poster", "pencil"]

    (notebook.place / "pyproject.toml").write_text("[broken")
    reply = notebook.kernel.complete("%%gemini_image --preset p")
    assert reply["status"] == "ok"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("asp|", ["aspect-ratio="]),
        ("image_s|", ["image_size="]),
        ("aspect-ratio=1:1,|", [f"aspect-ratio=1:1,{ratio}" for ratio in ASPECT_RATIOS if ratio != "1:1"]),
        ("aspect_ratio=16|", ["aspect_ratio=16:9"]),
        ("image-size=1K,2|", ["image-size=1K,2K"]),
        ("model=gemini-3-pro-image,gemini-3-pro-image-|", ["model=gemini-3-pro-image,gemini-3-pro-image-preview"]),
        ("thoughts=|", ["thoughts=true", "thoughts=false"]),
    ],
)
def test_sweeps(notebook: Notebook, line: str, expected: list[str]) -> None:
    assert last_words(notebook, f"%%gemini_image --sweep {line}") == expected


def test_a_sweep_is_offered_over_every_option_that_a_value_can_be_written_for(notebook: Notebook) -> None:
    names = last_words(notebook, "%%gemini_image --sweep |")

    assert names == [f"{option.flag[2:]}=" for option in Options.list_options().values() if option.name != "extra"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("|", ['"my cat.png"', '"my dir/', "two.JPG"]),  # marks where they are needed, and nowhere else
        ("my|", ['"my cat.png"', '"my dir/']),
        ('"my |', ['"my cat.png"', '"my dir/']),
        ("'my |", ["'my cat.png'", "'my dir/"]),
        ("'my dir/|", ["'my dir/its.png'", '"my dir/o\'clock.png"']),
        ("./my|", ['"./my cat.png"', '"./my dir/']),
        ("tw|", ["two.JPG"]),
        (".h|", [".hidden.png"]),
    ],
)
def test_paths_with_spaces_and_quotes(notebook: Notebook, written: str, expected: list[str]) -> None:
    for name in ("my cat.png", "two.JPG", ".hidden.png", "note.txt", "my dir/its.png", "my dir/o'clock.png"):
        (notebook.place / name).parent.mkdir(exist_ok=True)
        (notebook.place / name).write_bytes(b"")

    found = [text.removeprefix("%%gemini_image -i ") for text in offered(notebook, f"%%gemini_image -i {written}")]

    assert found == expected


def test_the_home_folder_stays_short(notebook: Notebook) -> None:
    notebook.set(HOME=str(notebook.place))
    (notebook.place / "home.png").write_bytes(b"")

    assert last_words(notebook, "%%gemini_image --save ~/ho|") == ["~/home.png"]


def test_the_library_s_actions_ids_and_paths(notebook: Notebook) -> None:
    notebook.run("%gemini_image --source offline a red bicycle")
    [folder] = notebook.folders
    (notebook.place / "week 1.ipynb").write_text("{}")
    (notebook.place / "wood.png").write_text("")
    (notebook.place / "world").mkdir()

    assert "show" in last_words(notebook, "%gemini_library |")
    assert last_words(notebook, "%gemini_library pe|") == ["pending"]
    assert last_words(notebook, "x = %gemini_library sh|") == ["show"]
    assert last_words(notebook, "%gemini_library show |") == [folder.name[-6:]]
    assert last_words(notebook, "%gemini_library show bicy|") == [folder.name]
    assert last_words(notebook, "%gemini_library pack w|") == ["world/"]
    assert offered(notebook, "%gemini_library slim we|") == ['%gemini_library slim "week 1.ipynb"']
    assert last_words(notebook, "%gemini_library slim 'week 1.ipynb' |") == ["--preview"]
    assert last_words(notebook, "%gemini_library slim --p|") == ["--preview"]


def test_it_is_gone_when_the_extension_is(notebook: Notebook) -> None:
    matchers = "[one.__qualname__ for one in get_ipython().Completer.custom_matchers]"
    assert notebook.evaluate(matchers) == ["Completer.gemini_matcher"]

    notebook.run("%reload_ext cometmagic")
    assert notebook.evaluate(matchers) == ["Completer.gemini_matcher"]

    notebook.run("%unload_ext cometmagic")
    assert notebook.evaluate(matchers) == []
    assert "--aspect-ratio" not in last_words(notebook, "%%gemini_image --as|")


def test_what_goes_wrong_shows_nowhere(notebook: Notebook) -> None:
    """Variables may be anything, and so may what an option's values are read from."""
    notebook.run(
        "class Odd:\n"
        "    def __getattribute__(self, name): raise RuntimeError(name)\n"
        "    def __eq__(self, other): raise RuntimeError\n"
        "odd, Out = Odd(), 5\n"
        "import cometmagic.notebook.completion_items as _candidates\n"
        "_old = _candidates._filter_words"
    )
    assert last_words(notebook, "%%gemini_image -i od|") == []
    ran = notebook.run("_candidates._filter_words = None")
    assert ran.error is None

    reply = notebook.kernel.complete("%%gemini_image -a 16")

    assert (reply["status"], "16:9" in reply["matches"]) == ("ok", False)
    assert notebook.run("_candidates._filter_words = _old").outputs == []
    assert last_words(notebook, "%%gemini_image -a 16|") == ["16:9"]


def test_config_is_ipythons_own(notebook: Notebook) -> None:
    assert "GeminiImage.aspect_ratio" in " ".join(offered(notebook, "%config GeminiImage.as|"))


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pexpect.spawn[str]]:
    """Return a terminal with IPython's own prompt in it, and the extension loaded."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "profile"))
    monkeypatch.setenv("TERM", "xterm")
    words = [word for word in IPYTHON[1:] if word != "--simple-prompt"]
    process = pexpect.spawn(
        sys.executable,
        [*words, "--TerminalInteractiveShell.autosuggestions_provider=None"],
        cwd=str(tmp_path),
        encoding="utf-8",
        timeout=60,
        env=dict(os.environ),
        dimensions=(40, 120),
    )
    process.expect("In .*1.*:")
    process.sendline("%load_ext cometmagic")
    process.expect("In .*2.*:")
    try:
        yield process
    finally:
        process.close(force=True)


def test_tab_in_a_terminal(terminal: pexpect.spawn[str]) -> None:
    terminal.send("%gemini_image --source offline --as\t")
    terminal.expect("--aspect-ratio")
    terminal.send(" 16\t")
    terminal.expect("16:9")
    terminal.send(" -o bike a red bicycle\r")
    terminal.expect("offline sketch")
    terminal.expect("In .*3.*:")
    terminal.send("bike.request.options.aspect_ratio\r")
    terminal.expect("'16:9'")
