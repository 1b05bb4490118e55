"""A page without cells: its visitors set a short list of options, and forged messages reach nothing of the author's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cometmagic.options.declaration import MAX_VISITOR_COUNT, VISITOR_OPTIONS, list_options
from tests.faults.server import FaultServer
from tests.notebook.answers import answering, painted
from tests.notebook.fixtures import Notebook, Services
from tests.widget.test_panel_kernel import IMPORTS, PARTS, WAIT, Page, form, made, page, standing, wrong

__all__ = ["page"]  # the fixture
SETTINGS = "(p.prompt, p.options, p.references, p.busy)"
# An option that visitors may not set, and a value that its control takes.
REFUSED_OPTIONS: dict[str, Any] = {
    "into": "stolen",
    "save": "elsewhere/",
    "fetch": True,
    "private_urls": True,
    "extra": '{"labels": {"a": "b"}}',
    "retry_unknown": "3",
    "source": "offline",
    "preset": "mine",
    "max_cost": "1000",
    "session_cap": "1000",
    "day_cap": "1000",
    "at_once": "64",
    "sweep": "aspect_ratio=1:1,16:9",
    "safety": {"harassment": "none"},
    "preview": "0",
    "allow_secret": True,
    "total_timeout": "86400",
}
REFUSED_VALUES: dict[str, Any] = {
    "count": str(MAX_VISITOR_COUNT + 1),
    "model": "some-other-model",
    "edit": "the last result",
    "chat": "bike",
    "prompt": "a {{secret}}",
}
ALLOWED_VALUES: dict[str, Any] = {
    "count": "2",
    "model": "gemini-3-pro-image",
    "aspect_ratio": "16:9",
    "thoughts": True,
    "seed": "7",
    "prompt": "a dog",
    "system": "Be brief.",
}


VOILA = {"SERVER_SOFTWARE": "voila/0.5.13", "VOILA_PREHEAT": "False"}  # as Voilà sets it when it starts a kernel
FORGET = f"import os\nfor _name in {list(VOILA)}: os.environ.pop(_name, None)"


@pytest.fixture
def public(notebook: Notebook) -> Iterator[Callable[[str], None]]:
    """Return a function that makes the panel `p` on a page of Voilà."""

    def made_public(how: str) -> None:
        notebook.set(**VOILA)
        made(notebook, how)

    yield made_public
    notebook.run(FORGET)


def forge(notebook: Notebook, page: Page, changes: dict[str, Any]) -> dict[str, str]:
    """Say that controls were set and the button pressed; return what is wrong with them."""
    page("run", **form(**changes))
    notebook.run(WAIT)
    return wrong(notebook)


def test_the_list_is_short_and_holds_no_limit_file_or_variable() -> None:
    assert set(VISITOR_OPTIONS) <= set(list_options())
    assert not set(VISITOR_OPTIONS) & {*REFUSED_OPTIONS, "image", "dry_run", "show_code", "background"}


def test_visitors_set_nothing_of_the_author_s(
    notebook: Notebook, page: Page, serve: Services, public: Callable[[str], None]
) -> None:
    server = serve(answering())
    public("cm.panel('a cat', max_cost=1, source='live')")
    notebook.run("secret = 'hidden words'; bike = cm.generate('a bike', source='offline')")
    before = notebook.evaluate(SETTINGS)

    for number, (name, value) in enumerate({**REFUSED_OPTIONS, **REFUSED_VALUES}.items(), 1):
        page("run", **form(number, **{name: value}))
        notebook.run(WAIT)
        assert len(wrong(notebook)[name].splitlines()) == 1
        assert standing(notebook)["state"] == "failed"
        assert notebook.evaluate(SETTINGS) == before, name

    assert server.posts == 0
    assert len(notebook.folders) == 1  # the author's
    assert notebook.evaluate("'stolen' in globals()") is False


def test_in_a_notebook_the_same_messages_work(notebook: Notebook, page: Page) -> None:
    made(notebook, "cm.panel('a cat')")

    page("edit", **form(**REFUSED_OPTIONS))

    assert wrong(notebook) == {}
    assert set(notebook.evaluate("p.options")) == set(REFUSED_OPTIONS)


def test_in_a_notebook_the_same_values_work(notebook: Notebook, page: Page) -> None:
    made(notebook, "cm.panel('a cat', source='offline')")
    notebook.run("secret = 'hidden words'; bike = cm.generate('a bike', source='offline')")

    assert forge(notebook, page, {name: REFUSED_VALUES[name] for name in ("edit", "prompt")}) == {}

    assert notebook.evaluate("(p.result.request.prompt, p.result.call['parent']['how'])") == ("a hidden words", "edit")


def test_a_page_whose_kernel_started_before_it_is_recognised(notebook: Notebook, page: Page) -> None:
    has_visitors = "p.children[0].children[0].has_visitors"
    code = f"{IMPORTS}p = cm.panel('a cat')\nprint({has_visitors})"
    assert notebook.run(code).text.strip() == "False"

    notebook.set(VOILA_PREHEAT="True")
    ran = notebook.run(code)
    notebook.run(FORGET)

    assert ran.text.strip() == "True"
    assert list(forge(notebook, page, {"save": "elsewhere/"})) == ["save"]  # also once nothing says so any more


def test_visitors_set_what_is_on_the_list(notebook: Notebook, page: Page, public: Callable[[str], None]) -> None:
    public("cm.panel('a cat', source='offline')")

    page("edit", **form(**ALLOWED_VALUES))

    assert wrong(notebook) == {}
    assert notebook.evaluate("(p.prompt, sorted(p.options))") == (
        "a dog",
        ["aspect_ratio", "count", "model", "seed", "source", "system", "thoughts"],
    )


def test_the_form_has_the_controls_that_visitors_may_set(notebook: Notebook, public: Callable[[str], None]) -> None:
    public("cm.panel('a cat')")

    assert set(notebook.evaluate("[c['name'] for c in p.children[0].children[0].controls]")) == set(VISITOR_OPTIONS)
    assert notebook.evaluate("p.children[0].children[0].has_visitors") is True
    notebook.run(f"{FORGET}\nq = cm.panel('a cat')")
    assert len(notebook.evaluate("[c['name'] for c in q.children[0].children[0].controls]")) > len(VISITOR_OPTIONS)


WORDS = (
    "photo",
    "photo.png",
    "./photo.png",
    "/etc/hostname",
    "~/photo.png",
    "Out[1]",
    "ftp://a.example/a.png",
    "http:x",
)


def test_references_are_uploaded_and_never_named(notebook: Notebook, page: Page, public: Callable[[str], None]) -> None:
    (notebook.place / "photo.png").write_bytes(painted("PNG", 12, 12))
    public("cm.panel('a cat', source='offline')")
    notebook.run("from pathlib import Path; photo = Path('photo.png')")

    for word in WORDS:
        page("add", word=word)
        assert list(wrong(notebook)) == ["image"], word
        assert notebook.evaluate("p.references") == ()
    page("piece", id="1", name="mine.png", last=True, pieces=(painted("PNG", 16, 12),))
    page("add", word="https://a.example/cat.png")

    assert wrong(notebook) == {}
    uploaded, address = notebook.evaluate("p.references")
    assert (notebook.place / uploaded).is_file()
    assert address == "https://a.example/cat.png"


def test_in_a_notebook_references_are_named(notebook: Notebook, page: Page) -> None:
    (notebook.place / "photo.png").write_bytes(painted("PNG", 12, 12))
    made(notebook)
    notebook.run("from pathlib import Path; photo = Path('photo.png')")

    for word in WORDS[:3]:
        page("add", word=word)

    assert notebook.evaluate("p.references") == WORDS[:3]


def test_an_address_leads_into_no_private_network(
    notebook: Notebook, page: Page, public: Callable[[str], None]
) -> None:
    with FaultServer() as server:
        public("cm.panel('a cat', source='offline')")
        page("add", word=f"{server.url}/cat.png")
        page("run", **form())
        notebook.run(WAIT)
        assert standing(notebook)["state"] == "failed"

        public("cm.panel('a cat', source='offline', private_urls=True)")
        page("add", word=f"{server.url}/cat.png")
        assert list(wrong(notebook)) == ["image"]
        assert server.log == []


def test_uploads_are_small_and_few(notebook: Notebook, page: Page, public: Callable[[str], None]) -> None:
    public("cm.panel('a cat', source='offline')")
    chunk = bytes(8_000_000)

    for _ in range(3):
        page("piece", id="1", name="large.png", last=False, pieces=(chunk,))
    assert wrong(notebook) == {"image": "large.png is larger than 16 MB."}


def test_no_way_to_add_references_leads_past_their_limit(
    notebook: Notebook, page: Page, public: Callable[[str], None]
) -> None:
    public("cm.panel('a cat', source='offline')")
    notebook.run("r = p.generate()")
    for number in range(10):
        page("refer", part=1, id=notebook.evaluate("r.folder.name"))
        page("add", word=f"https://a.example/{number}.png")
    shown = notebook.evaluate("[one['word'] for one in p.children[0].children[0].references]")
    assert (len(shown), wrong(notebook)) == (20, {})

    page("refer", part=1, id=notebook.evaluate("r.folder.name"))
    assert wrong(notebook) == {"image": "At most 20 reference images are possible."}
    page("piece", id="2", name="mine.png", last=True, pieces=(painted("PNG", 16, 12),))
    page("add", word="https://a.example/cat.png")
    page("arrange", seen=shown, order=[*range(20), *range(20)])
    page("arrange", seen=shown, order=list(range(-20, 20)))
    refused = notebook.run("p.references = ['https://a.example/cat.png'] * 21")

    assert refused.error is not None
    assert len(notebook.evaluate("p.references")) == 20
    assert not list(notebook.place.rglob("references/*"))
    page("arrange", seen=shown, order=[0])
    assert len(notebook.evaluate("p.references")) == 1


def test_the_images_that_a_page_writes_have_a_total(
    notebook: Notebook, page: Page, public: Callable[[str], None]
) -> None:
    public("cm.panel('a cat', source='offline')")
    notebook.run("p._message_handler._uploads._available_bytes = 1000")

    for number in range(1, 100):
        page("piece", id="1", name="a.png", last=True, pieces=(painted("PNG", 16, number),))
        if wrong(notebook):
            break

    assert wrong(notebook) == {"image": "No more images can be uploaded on this page."}
    files = list(notebook.place.rglob("references/*"))
    assert 0 < sum(path.stat().st_size for path in files) <= 1000
    assert len(files) == number - 1 > 1


def test_no_image_is_uploaded_to_a_nearly_full_disk(notebook: Notebook, page: Page) -> None:
    made(notebook)
    notebook.run(
        "import shutil; real = shutil.disk_usage; shutil.disk_usage = lambda _: real('.')._replace(free=10 << 20)"
    )

    page("piece", id="1", name="a.png", last=True, pieces=(painted("PNG", 16, 12),))
    refusal = wrong(notebook)
    notebook.run("shutil.disk_usage = real")
    page("piece", id="1", name="a.png", last=True, pieces=(painted("PNG", 16, 12),))

    assert "has only 10 MB left" in refusal["image"]
    assert len(notebook.evaluate("p.references")) == len(list(notebook.place.rglob("references/*"))) == 1


@pytest.mark.parametrize("name", ["prompt", "system", "alt", "model", "edit"])
def test_texts_of_visitors_are_not_long(
    notebook: Notebook, page: Page, public: Callable[[str], None], name: str
) -> None:
    public("cm.panel('a cat', source='offline')")

    page("edit", page="page-1", revision=1, values={name: "x" * 10_001})
    page("add", word="https://a.example/" + "x" * 10_000)

    assert ["characters" in reason for reason in wrong(notebook).values()] == [True, True]
    assert notebook.evaluate("(p.prompt, p.options, p.references)") == ("a cat", {"source": "offline"}, ())


PRESET = """
[tool.cometmagic.presets.kids]
prompt = "For children: {{prompt}}."
system = "Nothing for adults."
"""


def test_the_same_again_keeps_what_the_author_set(
    notebook: Notebook, page: Page, public: Callable[[str], None]
) -> None:
    (notebook.place / "pyproject.toml").write_text(PRESET)
    public("cm.panel('a cat', source='offline', preset='kids', save='out/', into='made', private_urls=True)")
    before = notebook.evaluate("p.options")
    assert forge(notebook, page, {"prompt": "a dog", "count": "2", "aspect_ratio": "16:9"}) == {}
    first = notebook.evaluate("p.result.results[0].folder.name")
    assert forge(notebook, page, {"prompt": "a bird", "count": "", "aspect_ratio": "1:1"}) == {}

    page("again", part=1, id=first)
    notebook.run(WAIT)

    assert notebook.evaluate("(p.prompt, p.options)") == ("a dog", before | {"aspect_ratio": "16:9"})
    request = "p.result.request.prompt, p.result.request.options.system"
    assert notebook.evaluate(f"({request}, made == p.result)") == (
        "For children: a dog.",
        "Nothing for adults.",
        True,
    )
    assert len(list((notebook.place / "out").iterdir())) == 4


def test_no_local_path_and_no_option_of_the_author_is_shown(
    notebook: Notebook, page: Page, public: Callable[[str], None]
) -> None:
    public("cm.panel('a cat', source='offline', save='hidden-place/', into='hidden_name')")
    page("piece", id="1", name="mine.png", last=True, pieces=(painted("PNG", 16, 12),))
    assert forge(notebook, page, {"aspect_ratio": "16:9"}) == {}
    page("refer", part=1, id=notebook.evaluate("p.result.folder.name"))
    shown = notebook.run(
        "for part in p.children[0].children: print({name: getattr(part, name) for name in part.keys if name[0] != '_'})"
        "\nprint(p._repr_mimebundle_()['text/plain'])\nfrom IPython.display import display\ndisplay(p)"
    )

    content = shown.text + json.dumps([output.get("data") for output in shown.outputs])
    folder = notebook.folders[0]
    assert [word for word in ("16:9", folder.name, "image.jpg") if word not in content] == []  # the controls
    words = ["hidden", str(notebook.place), str(folder.parent), f"{folder.parent.name}/", "references/"]
    assert [word for word in words if word in content] == []
    assert standing(notebook)["told"] == "Done. Saved as a-cat.jpg."
    uploaded = notebook.evaluate("[one['word'] for one in p.children[0].children[0].references]")
    page("arrange", seen=uploaded, order=[1, 0])
    assert notebook.evaluate("[one['word'] for one in p.children[0].children[0].references]") == uploaded[::-1]
    assert uploaded[1] == "image.jpg"


def test_visitors_edit_what_was_made_on_the_page_and_keep_the_author_s_placeholders(
    notebook: Notebook, page: Page, public: Callable[[str], None]
) -> None:
    public("cm.panel('a {{thing}}', source='offline', save='out/', into='made')")
    notebook.run("thing = 'bike'; other = cm.generate('a cat', source='offline')")

    assert forge(notebook, page, {"prompt": "a red {{thing}}"}) == {}
    first, other = notebook.evaluate("(p.result.folder.name, other.folder.name)")
    assert notebook.evaluate("(p.result.request.prompt, made == p.result)") == ("a red bike", True)
    assert [path.name for path in (notebook.place / "out").iterdir()] == ["a-red-bike.jpg"]

    page("going-on", part=1, id=first)
    assert forge(notebook, page, {"prompt": "make it blue"}) == {}
    assert notebook.evaluate("p.result.call['parent']['id']") == first
    page("refer", part=1, id=first)
    assert forge(notebook, page, {"edit": ""}) == {}
    assert forge(notebook, page, {"chat": first[-6:]}) == {}
    assert list(forge(notebook, page, {"chat": other[-6:]})) == ["chat"]


def test_a_visitor_cannot_make_the_page_a_notebook(
    notebook: Notebook, page: Page, public: Callable[[str], None]
) -> None:
    """What browsers may set of widgets, they may also set by force: nothing in the kernel reads it."""
    public("cm.panel('a cat', source='offline')")
    client = notebook.kernel._client
    comm = notebook.evaluate(PARTS)[0]
    data = {"method": "update", "state": {"has_visitors": False, "controls": [{"name": "save"}]}, "buffer_paths": []}
    client.session.send(client.shell_channel.socket, "comm_msg", {"comm_id": comm, "data": data})

    assert list(forge(notebook, page, {"save": "elsewhere/"})) == ["save"]
    assert json.dumps(notebook.evaluate("p.options")) == '{"source": "offline"}'
