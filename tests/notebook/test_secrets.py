"""The key appears nowhere: not in outputs, files, tracebacks or pickles, however a call ends."""

from __future__ import annotations

import base64
import json

import pytest

from tests import key_scan
from tests.faults.server import FaultServer, recv_request, response, send
from tests.notebook.answers import CANARY, answering
from tests.notebook.fixtures import Notebook, Services
from tests.ports import listening

SECRET = CANARY.removeprefix("sk-canary-")
# Everything a user, a debugger or an error reporter could look at after a cell.
LOOK = """
import pickle as _pickle, sys as _sys, traceback as _traceback
from cometmagic.options import settings as _settings
_seen = [repr(_settings.find_key()), str(_settings.find_key())]
for _thing in (globals().get("cat"), getattr(_sys, "last_value", None)):
    if _thing is not None:
        _seen += [repr(_thing), str(_thing), repr(vars(_thing)), repr(_pickle.dumps(_thing))]
if getattr(_sys, "last_value", None) is not None:
    _error = _traceback.TracebackException.from_exception(_sys.last_value, capture_locals=True)
    _seen += ["".join(_error.format()), repr(_sys.last_value.__context__), repr(_sys.last_value.__cause__)]
print("\\n".join(_seen))
"""


def leaks(seen: str | bytes) -> list[str]:
    """Return the parts of the key that can be read; the word it begins with is in many names."""
    return key_scan.leaks(seen, SECRET)


def everything(notebook: Notebook, cell: str) -> str:
    """Run a cell and return all that can be seen of it: messages, a post-mortem, and every file."""
    notebook.run("import sys\nfor _name in ('last_value', 'last_exc', 'last_traceback'): vars(sys).pop(_name, None)")
    runs = [notebook.run(code) for code in (cell, "%tb", LOOK)]
    assert runs[2].error is None, runs[2].error
    files = [path for path in notebook.library.rglob("*") if path.is_file()]
    names_and_contents = [f"{path}\n{path.read_bytes().decode('latin-1')}" for path in files]
    return "\n".join([json.dumps([run.messages for run in runs], default=str), *names_and_contents])


@pytest.mark.parametrize(
    "planted",
    [CANARY, SECRET[:6], SECRET.upper(), CANARY[12:22], base64.b64encode(f"Bearer {CANARY}".encode()).decode()],
)
def test_the_scanner_finds_a_planted_key(planted: str) -> None:
    assert leaks(f"some {planted} text")
    assert leaks(f"some {planted} text".encode())
    assert not leaks("some text sk-canary-")


def test_a_key_in_a_traceback_is_found(notebook: Notebook, serve: Services) -> None:
    """The positive control: what a careless program would show, this test would see."""
    serve()
    notebook.run("%xmode Verbose")

    careless = "import os\ndef post(key):\n    1 / 0\npost(os.environ['COMETAPI_KEY'])"

    assert leaks(everything(notebook, careless))


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose", "Minimal"])
def test_a_live_call(notebook: Notebook, serve: Services, mode: str) -> None:
    server = serve(answering())
    notebook.run(f"%xmode {mode}")

    seen = everything(notebook, "%gemini_image -o cat a cat")

    assert leaks(server.log[0].headers["authorization"])  # the one place it belongs
    assert "image.jpg" in seen
    assert leaks(seen) == []


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose", "Minimal"])
def test_a_service_that_sends_the_key_back(notebook: Notebook, serve: Services, mode: str) -> None:
    said = f"Invalid key {CANARY}, that is {SECRET} or Bearer%20{CANARY} (request id: 1)"
    error = json.dumps({"error": {"code": "invalid_key", "message": said}}).encode()
    server = serve(answering(error, status="401 Unauthorized"))
    notebook.run(f"%xmode {mode}")

    seen = everything(notebook, "%gemini_image a cat")

    assert len(server.log) == 1
    assert "APIError: The service answered 401" in seen
    assert leaks(seen) == []


def test_a_service_that_is_not_there(notebook: Notebook) -> None:
    with listening() as closed:
        port = closed.getsockname()[1]
    notebook.set(COMETAPI_KEY=CANARY, COMETAPI_BASE_URL=f"http://127.0.0.1:{port}")
    notebook.run("%xmode Verbose")

    seen = everything(notebook, "%gemini_image --total-timeout 1 a cat")  # too short to try again
    seen += "".join(str(notebook.run(f"%tb {mode}").messages) for mode in ("Plain", "Context", "Minimal"))

    assert seen.count("TransportError: Could not reach the service") >= 4
    assert "Nothing was sent" in seen
    assert leaks(seen) == []


def test_an_answer_that_holds_the_key(notebook: Notebook, serve: Services) -> None:
    """Its words are shown and kept; the key in them is not shown."""
    said = {"candidates": [{"content": {"parts": [{"text": f"Your key is {CANARY}."}]}}]}
    serve(answering(json.dumps(said).encode()))

    ran = notebook.run("%gemini_image a cat")

    assert ran.error is not None
    assert f"Your key is {'*' * len(CANARY)}" in ran.error["traceback"][0]
    assert leaks(json.dumps(ran.outputs)) == []


def test_a_wrong_key_is_not_quoted(notebook: Notebook) -> None:
    with FaultServer() as server:
        for key in (f"{CANARY}\u2014", f"{CANARY}\n{CANARY}", CANARY * 40):
            notebook.set(COMETAPI_KEY=key, COMETAPI_BASE_URL=server.url)
            notebook.run("%xmode Verbose")
            assert leaks(json.dumps(notebook.run("%gemini_image a cat").outputs)) == []
        assert server.log == []


def test_a_panel_that_waits_and_then_fails(notebook: Notebook, serve: Services) -> None:
    """The reason of the wait, the error and all that the page is sent."""
    words = [f"Slow down, {SECRET[:9]}", f"No such key {base64.b64encode(CANARY.encode()).decode()}"]
    bodies = [json.dumps({"error": {"message": word}}).encode() for word in words]
    waiting = response(bodies[0], "429 Slow", {"Retry-After": "1"})
    serve([recv_request(), send(waiting)], [recv_request(), send(response(bodies[1], "401 No"))])

    seen = everything(notebook, "import cometmagic as cm\np = cm.panel('a cat')\np.generate()")

    assert "Slow down, [key]" in seen
    assert "No such key" in seen
    assert leaks(seen) == []


def test_rich_tracebacks_with_all_variables(notebook: Notebook, serve: Services) -> None:
    pytest.importorskip("rich")
    error = json.dumps({"error": {"message": f"No such key {CANARY}"}}).encode()
    serve(answering(error, status="401 Unauthorized"), answering(error, status="401 Unauthorized"))
    install = "from rich.traceback import Traceback\nfrom rich import print as show\nimport cometmagic as cm"
    notebook.run(install)

    careless = "import os\ndef post(key): 1 / 0\ntry: post(os.getenv('COMETAPI_KEY'))\nexcept Exception:"
    control = notebook.run(f"{careless} show(Traceback(show_locals=True))")
    seen = notebook.run("try: cm.generate('a cat')\nexcept Exception: show(Traceback(show_locals=True, max_frames=99))")

    assert leaks(str(control.messages))
    assert "read_result" in str(seen.messages)
    assert leaks(str(seen.messages)) == []
