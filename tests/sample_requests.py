"""Requests of every shape, and programs run as they are printed: what tests of `--show-code` share."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

import cometmagic
from cometmagic.generation.exercise_stub import is_exercise_stub
from cometmagic.generation.plan import Plan, plan
from cometmagic.options.composite_types import ChoiceList, JsonObject, Pairs
from cometmagic.options.declaration import Options
from cometmagic.options.option_group import Option
from cometmagic.options.option_types import Choice, Flag, Number, Text
from tests.faults.server import Exchange, FaultServer
from tests.gemini.answers import picture
from tests.notebook.answers import CANARY, answering, full

PROGRAMS = ("curl", "httpx", "google-genai")
PATIENCE = 60.0  # seconds after which a stuck program fails its test


@dataclass(frozen=True)
class Asked:
    """A prompt, references and options as `generate` takes them."""

    prompt: Any = "a red bicycle"
    images: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def plan(self) -> Plan:
        return plan(self.prompt, images=list(self.images), **self.options)

    def generate(self) -> cometmagic.ImageResult:
        return cometmagic.generate(self.prompt, images=list(self.images), **self.options)


# Values that show everything an option of a kind can be.
SAMPLES: dict[type[Any], Callable[[Any], list[Any]]] = {
    Choice: lambda kind: list(kind.choices),
    ChoiceList: lambda kind: [*([choice] for choice in kind.choices), list(kind.choices)],
    Flag: lambda _: [True],
    Number: lambda kind: (
        [kind.minimum, kind.maximum]
        if kind.is_whole
        else [kind.minimum, kind.maximum, (kind.minimum + kind.maximum) / 3]
    ),
    Pairs: lambda kind: [
        dict(zip(kind.key_table, kind.value_table, strict=False)),
        dict.fromkeys(kind.key_table, "off"),
    ],
    JsonObject: lambda _: [{"serviceTier": "flex", "generationConfig": {"new": [1, None, True], "topK": 3}, "t": {}}],
    Text: lambda _: ['it\'s "two"\nlines $HOME `id` \\n', "--seed"],
}
MODELS = ["some/other model-1?a&b#c", "models/some-model", "tunedModels/mine"]


def samples(option: Option) -> list[Any]:
    """Return values of an option."""
    return MODELS if option.name == "model" else SAMPLES[type(option.type)](option.type)


RED, BLUE = picture("PNG"), picture("JPEG", "blue")
NASTY = [
    "'",
    '"',
    "$COMETAPI_KEY $(id) ${HOME} `id`",
    "\\",
    "\\n \\\\ \\u0041 \\",
    "one\ntwo\n\nthree\n",
    "  indented\n\tand tabbed",
    "JSON\nEOF\nKEY\nPYTHON",
    "JSON",
    "'''\n\"\"\"",
    "%s %d %(x)s {} {0} {x} 100%",
    "日本 é \U0001f469\u200d\U0001f469 \U0001f3f4\U000e0067\U000e0062\U000e007f",
    "\r\n\x0b\x0c\x1b[31m\x7f\x85\u2028\u200b\u202e x",
    '{"scene": {"light": {"a": 1}}}',
    "a {{name}} of {{ name }} and {single}",
    ">>> x = 1\n... y",
    "a\nIn [1]: x\n   ...: y",
    "-- --seed",
    "?x??",
    "!ls\n%cd /",
    "]]>&amp;<b>",
]
CASES: dict[str, Asked] = (
    {
        f"{option.name}-{number}": Asked(options={option.name: value})
        for option in Options.list_options().values()
        for number, value in enumerate(samples(option), 1)
    }
    | {f"nasty-{number}": Asked(prompt) for number, prompt in enumerate(NASTY, 1)}
    | {
        "everything": Asked(
            "all", (RED, BLUE), {option.name: samples(option)[0] for option in Options.list_options().values()}
        ),
        "references": Asked("put this on that", (RED, BLUE, RED)),
        "interleaved": Asked(["put this", RED, "on {{this}} {", BLUE, "} now"]),
        "interleaved and references": Asked(["put this", RED, "here"], (BLUE, RED)),
        "image first": Asked([RED, "make it blue"]),
        "extra contents": Asked("x", (RED,), {"extra": {"contents": [{"parts": [{"text": "y"}]}], "tools": None}}),
    }
)  # fmt: skip

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
lines = st.sampled_from(
    ["\n", "\n'", '"', "$(", "`", "\\", "\nJSON\n", "\nKEY\n", "{{", "}}", "'''", '"""', "\x1b", "%"]
)
nasty = (
    st.lists(words | lines, min_size=1, max_size=6)
    .map("".join)
    .filter(lambda text: text.strip() and not is_exercise_stub(text))
)


def environment(url: str) -> dict[str, str]:
    """Return the environment of a program: nothing but the key, the address and where tools are."""
    # `python3` is the one that runs the tests: a version manager's would be a shell script that looks for it each time.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"PATH": path, "COMETAPI_KEY": CANARY, "COMETAPI_BASE_URL": url}


def command(kind: str, *paths: Path) -> list[str]:
    """Return the command that runs programs that lie in files: one after the other in one process of Python."""
    if kind == "curl":
        return ["sh", *map(str, paths)]
    run = "import runpy, sys\nfor path in sys.argv[1:]: runpy.run_path(path, run_name='__main__')"
    return [sys.executable, "-c", run, *map(str, paths)]


def write(program: str, path: Path) -> Path:
    """Save a program as it is printed."""
    path.write_bytes(program.encode())
    return path


def run(kind: str, program: str, url: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run one program in a folder."""
    path = write(program, place / "program")
    return subprocess.run(
        command(kind, path),
        cwd=place,
        env=environment(url),
        timeout=PATIENCE,
        check=False,
        capture_output=True,
        text=True,
    )


@dataclass
class Played:
    """What came of programs: the requests that arrived, and the files they saved."""

    log: list[Exchange]
    saved: list[Path]


def play(kind: str, programs: Iterable[str], place: Path, answers: list[bytes] | None = None) -> Played:
    """Run programs of one kind in a folder; every one must succeed."""
    paths = [write(program, place / f"program-{number}") for number, program in enumerate(programs)]
    saved = []
    with FaultServer(*map(answering, answers or [full()] * len(paths))) as server:
        for some in [[path] for path in paths] if kind == "curl" else [paths]:
            ran = subprocess.run(
                command(kind, *some), cwd=place, env=environment(server.url), timeout=PATIENCE, check=False,
                capture_output=True, text=True,
            )  # fmt: skip
            assert ran.returncode == 0, ran.stderr
            saved += [place / line for line in ran.stdout.splitlines()]
    return Played(server.log, saved)


def body(exchange: Exchange) -> Any:
    """Return what was sent, with the ways of writing that mean the same made one: names, base64."""
    return plain(json.loads(exchange.body))


def plain(value: Any, name: str = "") -> Any:
    """Return JSON with names in camel case and base64 in the standard alphabet."""
    if isinstance(value, dict):
        return {(camel := _camel(key)): plain(member, camel) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member, name) for member in value]
    if name in ("data", "thoughtSignature"):
        return base64.b64encode(base64.urlsafe_b64decode(value.translate(str.maketrans("+/", "-_")))).decode()
    return value


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
