"""Messages that no page of ours sends: each is ignored or told in one line, and the next good one works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notebook.fixtures import Notebook
from tests.widget.test_panel_kernel import made

# All of this runs in the kernel, where a message goes the way it goes from a browser.
ATTACK = r"""
import json, logging, os, random
inf, nan = float("inf"), float("nan")
deep, deep_dict = [], {}
for _ in range(3000):
    deep, deep_dict = [deep], {"a": deep_dict}
VALUES = [
    None, True, False, 0, -1, 1.5, inf, -inf, nan, 10**400, 2**60, "", "x", "\ud800", "a\0b", "x" * 300_000, "x" * 5000,
    "../..", "__class__", "\x1b[31m", "http://[", "http://\ud800/", "~no-such-user/x", "/dev/zero", "numbers[0]", b"b",
    [], [None], [-1], [0, 0], [inf], ["\ud800"], ["x"] * 100_000, deep, {}, {"a": 1}, {"\ud800": "x"}, {"x": "\ud800"},
    {1: 2}, deep_dict, {"prompt": deep}, "NaN", "1e999", '{"a": 1e999}', '{"a":' * 400 + "1" + "}" * 400, "9" * 5000,
]
GOOD = {
    "edit": {"page": "page-2", "revision": 1, "values": {"prompt": "a cat"}},
    "run": {"page": "page-2", "revision": 1, "values": {}},
    "cancel": {},
    "arrange": {"order": [0], "seen": ["photo"]},
    "add": {"word": "photo"},
    "piece": {"id": "1", "name": "a.png", "last": False},
    **{kind: {"id": "x"} for kind in ("show", "going-on", "refer", "again", "save")},
}
logged = []
class Collector(logging.Handler):
    def emit(self, record): logged.append(record.getMessage())
collector = Collector(logging.WARNING)
logging.getLogger().addHandler(collector)
photo, numbers = __import__("PIL.Image").Image.new("RGB", (8, 8)), [1, 2]
form_part, result_part, _ = p.children[0].children

def hear(content, *buffers, part=None):
    data = {"method": "custom", "content": content}
    (part or form_part)._handle_msg({"content": {"data": data}, "buffers": [memoryview(one) for one in buffers]})

def build_messages():
    yield from VALUES
    for kind in [*GOOD, "", "unknown", "__init__", "_handle_message"]:
        yield {"kind": kind}
    for kind in VALUES:
        yield {"kind": kind, **GOOD["edit"]}
    for kind, fields in GOOD.items():
        for name in fields:
            yield {"kind": kind} | {other: value for other, value in fields.items() if other != name}
            yield from ({"kind": kind, **fields, name: value} for value in VALUES)
    for control in [*(one["name"] for one in form_part.controls), "prompt", "image", "unknown", "__class__"]:
        yield from ({"kind": "edit", **GOOD["edit"], "values": {control: value}} for value in VALUES)

def choose(messages, count):
    dice = random.Random(0)
    return dice.sample(messages, count) if count < len(messages) else messages

def check(number, message):
    hear({"kind": "edit", "page": "page-1", "revision": number, "values": {"prompt": f"good {number}"}})
    assert (p.prompt, form_part.state["heard"]["page-1"]) == (f"good {number}", number), repr(message)[:200]
    standing = form_part.standing.get("told", "")
    assert standing == "" or standing.split(":")[0] in ("OptionError", "Cancelled. Nothing was sent, so"), standing
    size = len(json.dumps([form_part.state, form_part.standing], allow_nan=False).encode())
    assert size < 1_000_000, (size, repr(message)[:200])
"""
SEND = """
for sent, message in enumerate(choose(list(build_messages()), {count}), 1):
    hear(message, *([b"x"] if sent % 3 else []), part=result_part if sent % 2 else None)
    if sent % {step} == 0:
        check(sent, message)
        p.options = {{"dry_run": True}}  # thousands of long values make every message slow
"""


@pytest.fixture
def attacked(notebook: Notebook) -> Iterator[Notebook]:
    """Return a notebook with a panel `p` that sends nothing, and what it takes to attack it."""
    made(notebook, r"Panel.from_cell('%%gemini_image --dry-run\na cat')")
    ran = notebook.run(ATTACK)
    assert ran.error is None, ran.error
    yield notebook
    notebook.run("logging.getLogger().removeHandler(collector)")  # with one, IPython prints no error of `%config`


def attack(notebook: Notebook, count: int, step: int) -> None:
    """Send `count` messages of the table, and after each `step` of them a good one."""
    ran = notebook.run(SEND.format(count=count, step=step))

    assert ran.error is None, ran.error
    assert ran.text == ""
    assert notebook.evaluate("(logged, p.busy)") == ([], False)
    assert notebook.folders == []


def test_a_field_of_any_kind_may_hold_anything(attacked: Notebook) -> None:
    attack(attacked, 600, 10)


def test_numbers_and_nesting_without_end_are_ignored(attacked: Notebook) -> None:
    ran = attacked.run("""
for number, (kind, changes) in enumerate([
    ("edit", {"revision": inf}), ("edit", {"revision": nan}),
    ("arrange", {"order": [inf]}), ("arrange", {"order": [-1]}),
    *(("edit", {"values": {name: value}}) for name in ("prompt", "seed", "system") for value in (deep, deep_dict, inf)),
], 1):
    hear({"kind": kind, **GOOD[kind], **changes})
    check(number, kind)
""")

    assert (ran.error, ran.text, attacked.evaluate("logged")) == (None, "", [])


@pytest.mark.full
@pytest.mark.timeout(900)
def test_every_field_of_every_kind_may_hold_anything(attacked: Notebook) -> None:
    attack(attacked, 10_000, 1)

    assert attacked.evaluate("sent") > 2000


def test_the_control_a_naive_handler_fails_and_a_failure_is_seen(attacked: Notebook) -> None:
    naive = """
def naive(_, message, buffers):
    actions = {"edit": lambda: (int(message["revision"]), str(message["page"]).encode(), dict(message["values"])),
               "arrange": lambda: [p.references[index] for index in message["order"]],
               "add": lambda: os.stat(message["word"])}
    actions[message["kind"]]()
form_part.on_msg(naive)
for message in VALUES: hear(message)
"""

    ran = attacked.run(naive)

    tracebacks = [one for one in ran.outputs if one["kind"] == "error"]
    assert len(tracebacks) > 20
    assert {"TypeError", "KeyError"} <= {one["ename"] for one in tracebacks}


def test_what_a_page_sets_is_not_taken_over(attacked: Notebook) -> None:
    ran = attacked.run("""
before = form_part.state, form_part.references, form_part.controls, form_part._esm
parts = p.children[0].children
for widget in (form_part, p, p.children[0]):
    for name in ("state", "references", "controls", "_esm", "children"):
        for value in VALUES:
            widget._handle_msg({"content": {"data": {"method": "update", "state": {name: value}}}, "buffers": []})
check(1, "update")
same = (form_part.references, form_part.controls, form_part._esm, p.children[0].children) == (*before[1:], parts)
""")

    assert (ran.error, ran.text) == (None, "")
    assert attacked.evaluate("(same, logged)") == (True, [])


def test_references_that_cannot_be_are_told_and_the_form_stays_usable(attacked: Notebook) -> None:
    ran = attacked.run("""
class Strange:
    @property
    def image(self): raise RuntimeError("strange")
    def __array__(self, *_, **__): raise RuntimeError("strange")
    def _repr_png_(self): raise RuntimeError("strange")
    __array_interface__ = {"shape": "strange"}
strange, words = Strange(), [one for one in VALUES if isinstance(one, str)]
for number, word in enumerate([*words, "strange", "x" * 300 + ".png", "x/" * 3000, "photo[0]", "p", "json"], 1):
    hear({"kind": "add", "word": word})
    check(number, word)
""")

    assert (ran.error, ran.text) == (None, "")
    assert attacked.evaluate("p.references") == ("http://[",)  # fetched when it is sent
    assert attacked.evaluate("logged") == []


def test_references_have_a_limit(attacked: Notebook) -> None:
    ran = attacked.run("for number in range(60): hear({'kind': 'add', 'word': f'https://example.org/{number}'})")

    assert (ran.error, ran.text) == (None, "")
    assert attacked.evaluate("len(p.references)") == 50
    assert "At most 50 reference images" in attacked.evaluate("form_part.state['wrong']['image']")


UPLOADS = {
    "out of order": "[(content[half:], False), (content[:half], True)]",
    "twice the same": "[(content[:half], False), (content[:half], False), (content[half:], True)]",
    "the end alone": "[(content[half:], True)]",
    "nothing": "[(b'', True)]",
    "without a buffer": "[(None, True)]",
}


@pytest.mark.parametrize("name", UPLOADS)
def test_pieces_that_make_no_picture_are_told(attacked: Notebook, name: str) -> None:
    ran = attacked.run(f"""
import io
photo.save(buffer := io.BytesIO(), "PNG")
content = buffer.getvalue(); half = len(content) // 2
for piece, last in {UPLOADS[name]}:
    hear({{"kind": "piece", "id": "1", "name": "a.png", "last": last}}, *([] if piece is None else [piece]))
told = form_part.state["wrong"]["image"]
check(1, "pieces")
""")

    assert (ran.error, ran.text) == (None, "")
    assert attacked.evaluate("told").startswith("a.png ")
    assert attacked.evaluate("(p.references, logged)") == ((), [])


MEMORY = """
import tracemalloc
def measure(keep=lambda _: None):
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(200):
        piece = bytes(1_000_000)
        keep(piece)
        hear({"kind": "piece", "id": str(number), "name": "a.png", "last": False}, piece)
        hear({"kind": "piece", "id": "one", "name": "a.png", "last": False}, piece)
    del piece
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return size // 1_000_000
kept = []
"""


def test_uploads_that_never_end_are_dropped(attacked: Notebook) -> None:
    attacked.run(MEMORY)

    assert 5 < attacked.evaluate("measure()") < 90  # megabytes, of 400 that were sent
    assert attacked.evaluate("measure(kept.append)") > 180  # the control
    attacked.run("kept.clear(); check(1, 'uploads')")


@pytest.mark.full
@pytest.mark.timeout(900)
def test_ten_thousand_messages_leave_nothing_behind(attacked: Notebook) -> None:
    ran = attacked.run("""
import gc, tracemalloc
dice, messages, sizes = random.Random(0), list(build_messages()), []
tracemalloc.start()
for number in range(1, 10_001):
    hear(dice.choice(messages), *dice.choice([(), (b"x",)]))
    if number % 100 == 0:
        p.options, p.references = {"dry_run": True}, ()
    if number % 5000 == 0:
        check(number, "random")
        gc.collect()
        sizes.append(tracemalloc.get_traced_memory()[0])
tracemalloc.stop()
""")

    assert (ran.error, ran.text) == (None, "")
    assert attacked.evaluate("sizes[1] - sizes[0]") < 2_000_000
