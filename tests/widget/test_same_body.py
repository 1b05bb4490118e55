"""Panel, cell and Python: the same settings are the same bytes on a socket."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.notebook.answers import answering, painted
from tests.notebook.fixtures import Notebook, Services
from tests.widget.values import PROMPTS, TEXTS, options

RUN = """
import cometmagic as cm
p = cm.panel({prompt!r}, images={images!r}, **{given!r})
p.generate()
cm.generate({prompt!r}, images={images!r}, **{given!r})
q = cm.Panel.from_cell(p.as_cell())
q.generate()
cm.Panel.from_result(q.result).generate()
"""


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


# A part is a text, or the name of a picture.
BRACES = st.sampled_from(["{{text_1}}", "{{image_2}}", "{{name}}", "{{ name }}", "{{", "}}", "a {{x}} b\n"])
WORDS = st.lists(TEXTS | BRACES, min_size=1, max_size=3).map("".join).filter(str.strip)
PARTS = st.lists(WORDS, min_size=1, max_size=3).flatmap(
    lambda texts: st.lists(st.lists(st.sampled_from(["red", "blue"]), min_size=1, max_size=2), min_size=len(texts),
                           max_size=len(texts)).map(lambda between: [*zip(texts, between, strict=True)])
)  # fmt: skip
FROM_RESULT = """
import cometmagic as cm
red, blue, name, image_2 = open("red.png", "rb").read(), open("blue.png", "rb").read(), "a dog", 5
r = cm.generate({parts}, images=[{images}], **{given!r})
p = cm.Panel.from_result(r)
again = p.generate()
cm.Panel.from_result(again).generate()
cm.Panel.from_cell(p.as_cell()).generate()
cm.Panel.from_cell(r.as_code("magic")).generate()
"""
FRESH = "%reset -f\n%reload_ext cometmagic"


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PARTS, st.booleans(), st.lists(st.sampled_from(["red", "blue"]), max_size=2), options())
@example([("put this", ["red"]), (" on {{this}} {", ["blue"]), ("} now", [])], False, ["blue"], {})
@example([("a {{name}}", [])], False, [], {"system": "be brief\nand kind"})
@example([("a", ["red"])], True, [], {})
@example([("a\n \nb", [])], False, [], {})
@example([("a {", ["red"]), ("}} {{na", ["blue", "blue"]), ("me}}\n", [])], True, [], {})
@example([("", ["red"]), ("{{x}}", ["blue"]), ("", [])], True, ["red"], {"thoughts": True})
def test_a_result_its_panel_its_cell_and_its_code_are_the_same_bytes(
    notebook: Notebook,
    serve: Services,
    said: list[tuple[str, list[str]]],
    is_image_first: bool,
    images: list[str],
    given_options: dict[str, Any],
) -> None:
    for name in ("red", "blue"):
        (notebook.place / f"{name}.png").write_bytes(painted("PNG", 12, 12, name))
    parts = ["red"] * is_image_first
    for words, between in said:
        parts += [repr(words), *between]
    server = serve(*[answering()] * 7)

    ran = notebook.run(FROM_RESULT.format(parts=f"[{', '.join(parts)}]", images=", ".join(images), given=given_options))
    assert ran.error is None, ran.error
    for cell in notebook.evaluate("(p.as_cell(), r.as_code('magic'))"):
        notebook.run(FRESH)
        ran = notebook.run(cell)
        assert ran.error is None, ran.error

    sent = {(exchange.start_line, exchange.body) for exchange in server.log}
    assert len(server.log) == 7
    assert len(sent) == 1


def test_a_variable_that_differs_is_another_body(notebook: Notebook, serve: Services) -> None:
    server = serve(*[answering()] * 3)
    notebook.run("import cometmagic as cm\np = cm.Panel.from_result(cm.generate('a {{name}}'))\np.generate()")

    notebook.run(notebook.evaluate("p.as_cell()").replace("{{name}}", "{{names}}"))

    first, second, third = (exchange.body for exchange in server.log)
    assert first == second != third
