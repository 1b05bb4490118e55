"""Panel, cell and Python: the same settings are the same bytes on a socket."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.notebook.answers import answering, painted
from tests.notebook.conftest import Notebook, Services
from tests.notebook.panel.values import PROMPTS, options

RUN = """
import cometmagic as cm
p = cm.panel({prompt!r}, images={images!r}, **{given!r})
p.generate()
cm.generate({prompt!r}, images={images!r}, **{given!r})
q = cm.Panel.from_cell(p.as_cell())
q.generate()
cm.Panel.from_result(q.result).generate()
"""


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PROMPTS, options(), st.lists(st.sampled_from(["photo", "a b.png"]), max_size=2))
@example("a cat\n", {"system": "be brief\nand kind"}, ["photo"])
@example("a cat", {"system": "--thoughts"}, [])
@example("a 'cat'\r\n>>> here", {"extra": {"a": 'it\'s "so"'}}, [])
def test_the_same_settings_are_the_same_bytes(
    notebook: Notebook, serve: Services, prompt: str, given_options: dict[str, Any], images: list[str]
) -> None:
    (notebook.place / "a b.png").write_bytes(painted("PNG", 12, 12))
    (notebook.place / "photo.png").write_bytes(painted("PNG", 16, 8, "red"))
    notebook.run("from pathlib import Path\nphoto = Path('photo.png')")
    server = serve(*[answering()] * 5)
    python = "[" + ", ".join("photo" if name == "photo" else repr(name) for name in images) + "]"
    code = RUN.replace("images={images!r}", f"images={python}").format(prompt=prompt, given=given_options)

    ran = notebook.run(code)
    assert ran.error is None, ran.error
    ran = notebook.run(notebook.evaluate("p.as_cell()"))
    assert ran.error is None, ran.error

    sent = {(exchange.start_line, exchange.body) for exchange in server.log}
    assert len(server.log) == 5
    assert len(sent) == 1
