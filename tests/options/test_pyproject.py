"""A project's file sets what it may, says what is wrong in one line, and never what is the user's own to say."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Never

import pytest

from cometmagic.doctor import examine
from cometmagic.errors import OptionError
from cometmagic.options import pyproject
from cometmagic.options.declaration import list_options
from cometmagic.options.pyproject import (
    CAPS,
    FORBIDDEN_OPTIONS,
    PRESET_ONLY_OPTIONS,
    fill_prompt_template,
    list_preset_names,
    merge_options,
    read_defaults,
    read_preset,
)
from tests.faults.leaks import KEY, leaks

POSTER = """
[tool.cometmagic.presets.poster]
aspect-ratio = "2:3"
thoughts = true
prompt = "A poster of {{prompt}}, flat colours, {\\"json\\": [1]} $5"
"""


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path))


def write(text: str, place: Path = Path()) -> Path:
    path = place.absolute() / "pyproject.toml"
    path.write_text(text)
    return path


def refused(text: str) -> str:
    write(text)
    with pytest.raises(OptionError) as error:
        read_defaults()
    told = str(error.value)
    assert len(told.splitlines()) == 1
    return told


def test_options_by_either_spelling_and_in_the_types_of_toml() -> None:
    write(
        "[tool.cometmagic]\naspect-ratio = '16:9'\nimage_size = '2k'\nthoughts = true\nseed = 7\n"
        "search = ['web', 'image']\nsafety = {hate = 'none'}\ntemperature = 0.5\nmax-cost = 0.2\n"
    )

    assert read_defaults() == {
        "aspect_ratio": "16:9",
        "image_size": "2k",
        "thoughts": True,
        "seed": 7,
        "search": ["web", "image"],
        "safety": {"hate": "none"},
        "temperature": 0.5,
        "max_cost": 0.2,
    }


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'\n", "[tool.black]\n", "[tool.cometmagic]\n", "[tool]\n"])
def test_a_file_that_sets_nothing(text: str) -> None:
    write(text)

    assert (read_defaults(), list_preset_names()) == ({}, [])


def test_without_a_file_there_is_nothing() -> None:
    assert (pyproject.find_file(), read_defaults(), list_preset_names()) == (None, {}, [])


def test_the_nearest_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "work" / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    far = write("[tool.cometmagic]\nseed = 1\n", tmp_path / "work")
    assert (pyproject.find_file(), read_defaults()) == (far, {"seed": 1})

    nearer = write("[tool.cometmagic]\nseed = 2\n", tmp_path / "work" / "a")

    assert (pyproject.find_file(), read_defaults()) == (nearer, {"seed": 2})


@pytest.mark.parametrize("as_file", [False, True])
def test_the_search_ends_with_a_repository(tmp_path: Path, as_file: bool) -> None:
    git = tmp_path / "work" / ".git"
    if as_file:
        git.write_text("gitdir: elsewhere")
    else:
        git.mkdir()
    outside = write("[tool.cometmagic]\nseed = 1\n", tmp_path)
    assert pyproject.find_file() is None

    inside = write("[tool.cometmagic]\nseed = 2\n")

    assert pyproject.find_file() == inside
    assert outside.is_file()


def test_the_search_ends_with_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("[tool.cometmagic]\nseed = 1\n", tmp_path)
    assert read_defaults() == {"seed": 1}  # the home folder itself is looked into

    monkeypatch.setenv("HOME", str(tmp_path / "work"))

    assert read_defaults() == {}


def test_a_folder_where_everybody_may_write_is_not_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    write("[tool.cometmagic]\nseed = 1\n", tmp_path)
    assert read_defaults() == {"seed": 1}

    tmp_path.chmod(0o1777)

    assert read_defaults() == {}
    monkeypatch.chdir(tmp_path)
    assert read_defaults() == {"seed": 1}  # where the user works it is


def test_a_working_folder_that_is_gone_has_no_project(tmp_path: Path) -> None:
    (tmp_path / "work").rmdir()

    assert (pyproject.find_file(), read_defaults()) == (None, {})


def test_a_change_of_the_file_is_seen_at_the_next_call() -> None:
    path = write("[tool.cometmagic]\nseed = 1\n")
    assert read_defaults() == {"seed": 1}

    path.write_text("[tool.cometmagic]\nseed = 22\n")
    assert read_defaults() == {"seed": 22}

    path.unlink()
    assert read_defaults() == {}


def test_what_is_given_out_can_be_changed_without_harm() -> None:
    write("[tool.cometmagic]\nsearch = ['web']\n")
    read_defaults()["search"].append("image")

    assert read_defaults() == {"search": ["web"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tool.cometmagic", "pyproject.toml is no valid TOML: "),
        ("# cometmagic \xff".encode("latin-1"), "pyproject.toml is no valid TOML: "),
        ("cometmagic = " + "[" * 9999, "pyproject.toml is no valid TOML: "),
        ("cometmagic." * 9999 + "a = 1", "pyproject.toml is no valid TOML: a key has more than 32 parts"),
        ("\n" * 300_000, "pyproject.toml is no valid TOML: it is larger than 256 KiB"),
        ("tool = 5 # cometmagic", "pyproject.toml [tool]: is not a table."),
        ("[tool]\ncometmagic = 'x'", "pyproject.toml [tool.cometmagic]: is not a table."),
        ("[tool.cometmagic]\npresets = []", "pyproject.toml [tool.cometmagic.presets]: is not a table."),
        ("[tool.cometmagic]\naspect-ratio = '16:8'", "[tool.cometmagic] aspect-ratio: '16:8' is not one of 1:1, 2:3"),
        (
            "[tool.cometmagic]\naspect-ration = 1",
            "[tool.cometmagic] aspect-ration: is no option; did you mean aspect_ratio?",
        ),
        ("[tool.cometmagic]\nseed = nan", "[tool.cometmagic] seed: "),
        ("[tool.cometmagic]\nseed = 1979-05-27", "[tool.cometmagic] seed: '1979-05-27'|datetime"),
        ("[tool.cometmagic]\nseed = [1, 2]", "[tool.cometmagic] seed: [1, 2] is not a whole number."),
        ("[tool.cometmagic]\nmodel = ''", "[tool.cometmagic] model: is empty."),
        ("[tool.cometmagic]\nmodel = {a = 1}", "[tool.cometmagic] model: "),
        ("[tool.cometmagic]\nthoughts = 'perhaps'", "thoughts: 'perhaps' is neither true nor false."),
        ("[tool.cometmagic]\ntop-p = 0.1\ntop_p = 0.2", "[tool.cometmagic] top_p: is given twice."),
        ("[tool.cometmagic]\n'\x7fevil\\u001b[31m' = 1", "pyproject.toml"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_file_and_option(text: str | bytes, told: str) -> None:
    path = write("")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(OptionError) as error:
        read_defaults()

    said = str(error.value)
    assert "?." not in said
    assert any(words in said for words in told.split("|"))
    assert "pyproject.toml" in said
    assert len(said.splitlines()) == 1
    assert "\x1b" not in said


def test_a_file_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[tool.cometmagic]\nseed = 3\n")

    def denied(*_: object) -> Never:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # root may read everything

    with pytest.raises(OptionError, match=r"pyproject\.toml cannot be read: Permission denied\."):
        read_defaults()


@pytest.mark.parametrize(
    "name",
    [
        "key",
        "api_key",
        "api-key",
        "apikey",
        "API_KEY",
        "cometapi_key",
        "COMETAPI_KEY",
        "base_url",
        "base-url",
        "url",
        "proxy",
        "https_proxy",
        "library",
        "cometmagic_library",
        "token",
        "auth-token",
        "password",
        "host",
    ],
)
@pytest.mark.parametrize("table", ["", ".presets.a"])
def test_a_key_an_address_or_the_library_is_refused_and_not_told(name: str, table: str) -> None:
    write(f"[tool.cometmagic{table}]\n{name} = '{KEY}'\n")

    with pytest.raises(OptionError) as error:
        read_preset("a") if table else read_defaults()

    told = str(error.value)
    assert f"[tool.cometmagic{table}] {name}: is never read from a file" in told
    assert leaks([told.encode()]) == []
    assert leaks([f"{name} = {KEY}".encode()])  # the control


@pytest.mark.parametrize("name", FORBIDDEN_OPTIONS)
@pytest.mark.parametrize("table", ["", ".presets.a"])
def test_what_a_file_may_not_set_is_refused(name: str, table: str) -> None:
    write(f"[tool.cometmagic{table}]\n{name.replace('_', '-')} = 'x'\n")

    with pytest.raises(OptionError, match=r"so it is not taken from a file .* on the line of a cell\.") as error:
        read_preset("a") if table else read_defaults()

    assert f"[tool.cometmagic{table}] {name.replace('_', '-')}: {FORBIDDEN_OPTIONS[name]}" in str(error.value)


@pytest.mark.parametrize("name", PRESET_ONLY_OPTIONS)
def test_what_multiplies_the_cost_is_for_presets_only(name: str) -> None:
    assert PRESET_ONLY_OPTIONS[name] in refused(f"[tool.cometmagic]\n{name} = 4\n")


def test_a_file_cannot_make_calls_live() -> None:
    assert "source: cannot be live in a file" in refused("[tool.cometmagic]\nsource = 'Live'\n")
    write("[tool.cometmagic]\nsource = 'replay'\n")
    assert read_defaults() == {"source": "replay"}


def test_every_other_option_can_be_set() -> None:
    """A new option is thought about: it is in the tables, or a file may set it."""
    kept = [name for name in list_options() if name not in FORBIDDEN_OPTIONS | PRESET_ONLY_OPTIONS]
    values: dict[str, Any] = {}
    for name in kept:
        kind, default = list_options()[name].type, list_options()[name].default
        values[name] = "offline" if name == "source" else (kind.choices or (default or 1,))[0]
    values |= {"safety": ["hate=none"]}
    lines = [
        f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}" for name, value in values.items()
    ]
    write("\n".join(["[tool.cometmagic]", *lines]))

    assert read_defaults() == values


def test_a_preset_has_options_and_a_frame() -> None:
    path = write(POSTER)

    made = read_preset("poster")

    assert (made.name, made.path) == ("poster", path)
    assert made.options == {"aspect_ratio": "2:3", "thoughts": True}
    assert list_preset_names() == ["poster"]
    assert fill_prompt_template(made, "a cat") == 'A poster of a cat, flat colours, {"json": [1]} $5'


@pytest.mark.parametrize(
    "prompt", ["{{prompt}}", "a {{prompt}} b {{prompt}}", "{{other}}", r"\1 \g<0>", "{}", "%s", "ä\n"]
)
def test_nothing_in_the_prompt_is_expanded(prompt: str) -> None:
    write(POSTER)

    assert (
        fill_prompt_template(read_preset("poster"), prompt) == f'A poster of {prompt}, flat colours, {{"json": [1]}} $5'
    )


@pytest.mark.parametrize("prompt", ["", " ", "\n\t"])
def test_a_frame_around_nothing_is_no_prompt(prompt: str) -> None:
    write(POSTER)

    assert fill_prompt_template(read_preset("poster"), prompt) == prompt


def test_a_preset_without_a_frame_leaves_the_prompt_alone() -> None:
    write("[tool.cometmagic.presets.square]\naspect_ratio = '1:1'\n")

    assert fill_prompt_template(read_preset("square"), "a {{prompt}}") == "a {{prompt}}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 5", "[tool.cometmagic.presets.a]: is not a table."),
        ("a.prompt = 'a poster'", "[tool.cometmagic.presets.a] prompt: must be a text with {{prompt}} in it, once."),
        ("a.prompt = '{{prompt}} {{prompt}}'", "in it, once."),
        ("a.prompt = '{prompt}'", "in it, once."),
        ("a.prompt = 5", "in it, once."),
        ("a.prompt = '{{prompt}} {{style}}'", "may have no other placeholder than {{prompt}}, not {{style}}."),
        ("a.seed = 'x'", "[tool.cometmagic.presets.a] seed: 'x' is not a whole number."),
        ("a.presets = {}", "[tool.cometmagic.presets.a] presets: is no option"),
        ("b = {}", "There is no preset 'a' in pyproject.toml. Nothing"),
        (
            "aa = {}",
            (
                "There is no preset 'a' in pyproject.toml; did you mean aa? Nothing was sent, so nothing was charged. "
                "Known are aa."
            ),
        ),
        (
            "",
            (
                "There is no preset 'a' in pyproject.toml. Nothing was sent, so nothing was charged. "
                "[tool.cometmagic.presets.NAME] makes one."
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_preset_is_told_when_it_is_asked_for(text: str, told: str) -> None:
    write(f"[tool.cometmagic.presets]\n{text}\n")

    with pytest.raises(OptionError) as error:
        read_preset("a")

    assert told in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert read_defaults() == {}  # it bars no other cell


def test_without_a_file_a_preset_is_told() -> None:
    with pytest.raises(OptionError, match=r"There is no preset 'a': there is no pyproject\.toml\."):
        read_preset("a")


def test_line_over_preset_over_session_over_project() -> None:
    write(
        "[tool.cometmagic]\nseed = 1\ntop_k = 1\ntop_p = 0.1\ntemperature = 0.1\n"
        "[tool.cometmagic.presets.a]\nseed = 3\ntop_k = 3\n"
    )

    options, chosen = merge_options({"preset": "a", "seed": 4}, {"seed": 2, "top_k": 2, "top_p": 0.2})

    assert options == {"seed": 4, "top_k": 3, "top_p": 0.2, "temperature": 0.1}
    assert chosen == read_preset("a")


def test_a_preset_may_be_the_default_of_a_session() -> None:
    write(POSTER)

    assert merge_options({}, {"preset": "poster"}) == ({"aspect_ratio": "2:3", "thoughts": True}, read_preset("poster"))
    assert merge_options({}, {}) == ({}, None)
    with pytest.raises(OptionError, match="There is no preset ''"):
        merge_options({"preset": ""}, {"preset": "poster"})


@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize(
    ("in_file", "in_preset", "session", "variable", "expected"),
    [
        (5, None, None, None, 5),
        (5, None, None, 3, None),  # the variable's own is laid below by the session
        (5, None, None, 8, 5),
        (5, None, 9, None, 9),  # the user's own word for this session
        (5, 2, None, None, 2),
        (5, 7, None, None, 5),
        (None, 7, 6, None, 6),
        (None, 4, 6, None, 4),
        (None, 7, None, 6, None),
        (None, 4, "6", "5", 4),
    ],
)
def test_a_file_lowers_a_cap_and_never_raises_it(
    monkeypatch: pytest.MonkeyPatch,
    cap: str,
    in_file: float | None,
    in_preset: float | None,
    session: Any,
    variable: Any,
    expected: float | None,
) -> None:
    rows = ["[tool.cometmagic]", *([f"{cap} = {in_file}"] if in_file else []), "[tool.cometmagic.presets.a]"]
    write("\n".join([*rows, *([f"{cap} = {in_preset}"] if in_preset else [])]))
    if variable:
        monkeypatch.setenv(f"COMETMAGIC_{cap.upper()}", str(variable))
    on_line = {"preset": "a"} if in_preset else {}

    options, _ = merge_options(on_line, {cap: session} if session else {})

    assert options.get(cap) == expected
    assert merge_options(on_line | {cap: 99}, {})[0][cap] == 99  # what the line says holds


def test_the_doctor_tells_where_each_default_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(f"[tool.cometmagic]\nseed = 1\ntop_k = 2\nday_cap = 9\n{POSTER}")
    monkeypatch.setenv("COMETMAGIC_DAY_CAP", "5")
    monkeypatch.setenv("COMETMAGIC_AT_ONCE", "2")

    rows = dict(examine(session_options={"seed": 7, "at_once": 4}).rows)

    assert rows["project"] == f"{path}: --top-k 2; not in effect --seed 1 --day-cap 9; presets poster"
    assert rows["variables"] == "--day-cap 5 (COMETMAGIC_DAY_CAP); not in effect --at-once 2"


def test_the_doctor_is_silent_where_nothing_is_set() -> None:
    assert {"project", "variables"} & dict(examine().rows).keys() == set()


def test_the_doctor_tells_what_is_broken() -> None:
    write("[tool.cometmagic.presets.a]\nseed = 'x'\n")
    report = examine()
    [problem] = report.problems
    assert problem.startswith("! pyproject.toml [tool.cometmagic.presets.a] seed: 'x' is not a whole number.")
    assert not report.has_errors

    write("[tool.cometmagic]\nseed = 'x'\n")
    report = examine()
    [problem] = report.problems
    assert problem.startswith("✗ pyproject.toml [tool.cometmagic] seed: 'x' is not a whole number. Correct it.")
    assert report.has_errors


def test_a_folder_of_that_name_is_no_file() -> None:
    Path("pyproject.toml").mkdir()

    assert pyproject.find_file() is None
