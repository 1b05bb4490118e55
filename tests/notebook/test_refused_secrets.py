"""A token in a cell is refused in one line that does not quote it, wherever it stands; nothing is made."""

from __future__ import annotations

import json

import pytest

from tests.notebook.fixtures import Notebook

TOKEN = "glpat-" + "0a1B2c3D4e5F6g7H8i9J"
CELLS = {
    f"%%gemini_image\na poster with {TOKEN}": "The prompt seems to hold a GitLab token.",
    f"%gemini_image a poster with {TOKEN}": "The prompt seems to hold a GitLab token.",
    "%%gemini_image\na poster with {{token}}": "The variable token seems to hold a GitLab token.",
    f"%%gemini_image --system 'Say {TOKEN}'\na cat": "--system seems to hold a GitLab token.",
    f"%%gemini_image -i {TOKEN}.png\na cat": "--image seems to hold a GitLab token.",
    f"%%gemini_image --aspect-ratio {TOKEN}\na cat": "--aspect-ratio seems to hold a GitLab token.",
    f"%%gemini_image {TOKEN}\na cat": "'[key]' is no option.",
    f"%%gemini_image --{TOKEN}\na cat": "There is no option --[key]",
    f"%%gemini_image --preset {TOKEN}\na cat": "--preset seems to hold a GitLab token.",
    f"%%gemini_image --dry-run --show-code curl\n{TOKEN}": "The prompt seems to hold a GitLab token.",
    f"%gemini_panel a poster with {TOKEN}": "The prompt seems to hold a GitLab token.",
    f"%gemini_panel -i {TOKEN}": "A reference image seems to hold a GitLab token.",
}


@pytest.mark.parametrize("cell", CELLS)
def test_a_token_is_refused_in_one_line(notebook: Notebook, cell: str) -> None:
    notebook.run(f"token = {TOKEN!r}", history=False)

    ran = notebook.run(cell)

    assert ran.error is not None
    assert ran.error["evalue"].startswith(CELLS[cell])
    assert len(ran.error["traceback"]) == 1
    assert TOKEN[:12] not in json.dumps(ran.outputs)
    assert not notebook.library.exists()


def test_an_allowed_token_is_a_text_like_any_other(notebook: Notebook) -> None:
    ran = notebook.run(f"%%gemini_image --allow-secret --source offline -o cat\na poster with {TOKEN}")

    assert ran.error is None, ran.error
    assert notebook.evaluate("cat.request.prompt") == f"a poster with {TOKEN}"
    ran = notebook.run("q = cat.edit('make it blue', source='offline')")
    assert ran.error is None, ran.error
