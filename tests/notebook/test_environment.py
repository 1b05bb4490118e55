"""What a notebook meets before sending: odd proxies, a pasted key, fields of `--extra`; and the offline odd answers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.notebook.answers import CANARY, answering
from tests.notebook.fixtures import Notebook, Services
from tests.notebook.test_secrets import leaks

UNSET = """
import os
for _name in [_name for _name in os.environ if _name.lower() in ("https_proxy", "all_proxy", "no_proxy")]:
    del os.environ[_name]
"""


@pytest.fixture(autouse=True)
def _no_proxies(notebook: Notebook) -> Iterator[None]:
    notebook.run(UNSET, history=False)
    yield
    notebook.run(UNSET, history=False)


@pytest.mark.parametrize(
    ("variable", "value"), [("ALL_PROXY", "socks://127.0.0.1:1080"), ("https_proxy", "http://user:secretive@[::1")]
)
def test_a_proxy_that_cannot_be_used_is_one_line_and_the_doctors_mark(
    notebook: Notebook, variable: str, value: str
) -> None:
    notebook.set(COMETAPI_KEY=CANARY, COMETAPI_BASE_URL="https://127.0.0.1:9", **{variable: value})

    ran, report = notebook.run("%gemini_image a cat"), notebook.run("%gemini_doctor").text

    assert ran.error is not None
    [line] = ran.error["traceback"]
    assert line.startswith(f"OptionError: {variable} ")
    assert "Nothing was sent" in line
    assert [row for row in report.splitlines() if row.startswith(f"✗ {variable} ")]
    assert "secretive" not in json.dumps([ran.messages, report], default=str)


def test_a_pasted_header_is_the_key_it_holds(notebook: Notebook, serve: Services) -> None:
    server = serve(answering(), key=f"Bearer  {CANARY}")

    ran = notebook.run("%gemini_image a cat")

    assert ran.error is None
    assert server.log[0].headers["authorization"] == f"Bearer {CANARY}"
    assert leaks(json.dumps(ran.messages, default=str)) == []


def test_what_extra_replaces_is_said_and_tools_are_joined(notebook: Notebook, serve: Services) -> None:
    server = serve(answering(), answering())
    extra = '{"generation_config": {"seed": 2}, "tools": [{"urlContext": {}}]}'

    ran = notebook.run(f"%gemini_image --seed 1 --search web --extra '{extra}' a cat")
    control = notebook.run("%gemini_image --seed 1 a cat")

    sent = json.loads(server.log[0].body)
    assert sent["tools"] == [{"googleSearch": {}}, {"urlContext": {}}]
    assert sent["generationConfig"]["seed"] == 2
    assert "generation_config" not in sent
    assert "--extra replaces generationConfig.seed 1 with 2." in ran.text
    assert "--extra" not in control.text


@pytest.mark.parametrize("trigger", ["offline:wrong-ratio", "offline:zero-usage"])
def test_an_odd_answer_can_be_met_without_a_key(notebook: Notebook, trigger: str) -> None:
    ran = notebook.run(f"%gemini_image --source offline -m gemini-3.1-flash-image -s 512 a cat {trigger}")

    assert ran.error is None
    assert len(ran.pictures) == 1
