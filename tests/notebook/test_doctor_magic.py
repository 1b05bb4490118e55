"""`%gemini_doctor` in a real kernel and in a terminal: the same report, and what only a notebook knows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from cometmagic.notebook import front_end
from tests.faults.leaks import leaks
from tests.notebook.answers import CANARY
from tests.notebook.fixtures import Notebook
from tests.notebook.test_secrets import leaks as canary_leaks


def report(told: str) -> dict[str, str]:
    """Return the rows of a report by name."""
    return {row[:14].strip(): row[14:] for row in told.partition("\n\n")[0].splitlines()}


def test_the_report_of_a_notebook(notebook: Notebook) -> None:
    notebook.set(SSL_CERT_FILE="", SSL_CERT_DIR="")

    ran = notebook.run("%gemini_doctor")

    assert ran.error is None
    [output] = ran.outputs
    assert output["kind"] == "stream"
    assert output["text"].endswith("\nNothing stops a call.\n")
    known = report(output["text"])
    assert known["front end"] == f"a Jupyter kernel, ipykernel {version('ipykernel')}"
    assert known["library"].startswith(f"{notebook.library}: not made yet")
    assert f"ipywidgets {version('ipywidgets')}" in known["packages"]
    assert "defaults" not in known


def test_the_sessions_defaults_are_told(notebook: Notebook) -> None:
    notebook.run("%config GeminiImage.aspect_ratio = '16:9'\n%config GeminiImage.thoughts = False")

    told = notebook.run("%gemini_doctor").text

    assert report(told)["defaults"] == "--aspect-ratio 16:9 --no-thoughts (%config GeminiImage)"


def test_the_key_does_not_show(notebook: Notebook) -> None:
    notebook.set(COMETAPI_KEY=CANARY)
    assert canary_leaks(notebook.run("import os; os.environ['COMETAPI_KEY']").text)  # the control

    ran = notebook.run("%gemini_doctor")

    assert report(ran.text)["key"] == "set, from COMETAPI_KEY"
    assert report(ran.text)["source"] == "live, because there is a key"
    assert canary_leaks(json.dumps(ran.messages, default=str)) == []
    assert leaks([ran.text.encode()]) == []


def test_what_is_broken_is_told_and_not_raised(notebook: Notebook) -> None:
    notebook.set(COMETAPI_BASE_URL="nonsense", COMETMAGIC_SOURCE="lve", COMETMAGIC_LIBRARY="~no-such-user/x")

    ran = notebook.run("%gemini_doctor")

    assert ran.error is None
    assert len([line for line in ran.text.splitlines() if line.startswith("✗ ")]) == 3
    assert ran.text.rstrip().endswith("Calls are stopped by what is marked ✗.")


def test_it_takes_nothing(notebook: Notebook) -> None:
    ran = notebook.run("%gemini_doctor now")

    assert ran.error is not None
    assert ran.error["traceback"] == ["OptionError: %gemini_doctor takes nothing, not 'now'."]


def test_help_says_what_it_does(notebook: Notebook) -> None:
    [payload] = notebook.run("%gemini_doctor?").reply["payload"]

    assert "The key is not shown" in payload["data"]["text/plain"]


@pytest.mark.parametrize(
    ("variable", "host"),
    [("VSCODE_PID", "VS Code"), ("BINDER_SERVICE_HOST", "Binder"), ("JUPYTERHUB_USER", "JupyterHub")],
)
def test_where_a_kernel_runs(monkeypatch: pytest.MonkeyPatch, variable: str, host: str) -> None:
    class Shell:
        kernel = None

    for name in ("VSCODE_PID", "VSCODE_CWD", "BINDER_SERVICE_HOST", "JUPYTERHUB_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "1")

    [row] = front_end.describe_surroundings(Shell(), {})  # type: ignore[arg-type]  # as much of a shell as is looked at

    assert row == ("front end", f"a Jupyter kernel, ipykernel {version('ipykernel')}, in {host}")


def test_a_terminal_says_the_same_as_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("IPYTHONDIR", f"{tmp_path}/profile")
    code = "get_ipython().run_line_magic('load_ext', 'cometmagic'); get_ipython().run_line_magic('gemini_doctor', '')"
    shell = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor", "-c", code]
    command = [sys.executable, "-m", "cometmagic", "doctor"]

    told = [
        subprocess.run(words, capture_output=True, text=True, timeout=60, check=False) for words in (shell, command)
    ]

    in_shell, outside = (re.sub(r"[\d:.-]+, UTC|[\d.]+ GB free", "", done.stdout.strip()) for done in told)
    assert "front end     a terminal, which shows no widgets\n" in in_shell
    assert (
        in_shell.replace("front end     a terminal, which shows no widgets\n", "").splitlines()[2:]
        == (outside.splitlines()[2:])
    )
    assert "\x1b" not in in_shell
