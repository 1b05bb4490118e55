"""The text of a cell is the prompt, byte for byte.

Three things IPython does to a cell before any magic sees it: it takes prompts (`>>> `) off pasted text,
empties lines that hold blanks only, and reads a line magic that ends in `?` as a question for help.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from cometmagic.generation.exercise_stub import is_exercise_stub
from tests.faults.server import FaultServer
from tests.notebook.answers import CANARY, answering
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.kernel import Kernel

TEXTS = [
    'it\'s a "cat" for $5 {now} {{ then }} 100%',
    '{"scene": {"light": "dusk", "objects": ["cat", "hat"]}}',
    "  indented\n\n\twith tabs and blank lines  \n",
    "--aspect-ratio 16:9 is text here",
    "%gemini_image is text here\n%%time\n!ls\n?help\nx = 1; print(x)",
    "C:\\Users\\me\\n",
    "猫 🐱 é e\u0301 \u202e \u00a0",
    "windows\r\nline ends\rand old ones\x0b\x0c\x1c\x85\u2028",
    "# not a comment",
    "/*! not a shell */",
    "a cat or a dog?",
]
TOUCHED = re.compile(r"^(?:\s*(?:>>>|\.\.\.|In \[)|[ \t]+$)", re.MULTILINE)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer(*[answering()] * 300) as running:
        yield running


def sent(server: FaultServer) -> str:
    return str(json.loads(server.log[-1].body)["contents"][0]["parts"][0]["text"])


def prompt_of(text: str) -> str:
    """Return what is sent of a cell's text: all of it, with the line ends of one kind, but for the last one."""
    lines = text if text.endswith("\n") else f"{text}\n"  # as IPython ends each cell
    return lines.replace("\r\n", "\n").removesuffix("\n")


@pytest.mark.parametrize("text", TEXTS)
def test_a_cells_text(notebook: Notebook, serve: Services, text: str) -> None:
    server = serve(answering())

    assert notebook.run(f"%%gemini_image -a 1:1\n{text}").error is None

    assert sent(server) == prompt_of(text)


@pytest.mark.parametrize("text", [text for text in TEXTS if not set("\n\r?") & set(text)])
def test_a_lines_text(notebook: Notebook, serve: Services, text: str) -> None:
    server = serve(answering())

    assert notebook.run(f"%gemini_image -- {text}").error is None

    assert sent(server) == text.strip()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("\n\na")
@example("a\n\n")
@example("a\r")
@example("a\r\n")
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_any_text(notebook: Notebook, kernel: Kernel, server: FaultServer, text: str) -> None:
    assume(text.strip())
    assume(not TOUCHED.search(text) and not is_exercise_stub(text))
    notebook.set(COMETAPI_KEY=CANARY, COMETAPI_BASE_URL=server.url)

    ran = kernel.run(f"%%gemini_image\n{text}")

    assert ran.error is None, ran.error
    assert sent(server) == prompt_of(text)
