"""What a model says, in a live and trusted notebook: shown letter by letter, neither run nor typeset."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import Opener
from tests.browser.notebooks import written
from tests.faults.leaks import KEY
from tests.faults.server import FaultServer
from tests.gemini.answers import answer, answering, image, text

SAID = (
    "It costs $5 at noon and $6 at night. $\\rule{500px}{9000px}$ "
    "<script>window.fromModel = 1</script><img src=x onerror='window.fromModel = 1'>"
)
CONTROL = "from IPython.display import HTML, display\ndisplay(HTML('<script>window.fromControl = 1</script>'))"


def notebook(place: Path, url: str, control: str = CONTROL) -> Path:
    """Write a notebook that asks a loopback service, and whose last cell does what the service must not."""
    settings = {"COMETAPI_KEY": KEY, "COMETAPI_BASE_URL": url}
    begin = f"import os\nos.environ.update({settings!r})\n%load_ext cometmagic"
    return written(place / "foreign", begin, "%gemini_image --thoughts a cat", control)


def test_what_a_model_says_is_neither_run_nor_typeset(lab: Opener, tmp_path: Path) -> None:
    said = answer(text(SAID, thought=True), text(SAID), image(), modelVersion=SAID)
    with FaultServer(answering(said)) as server:
        screen = lab(notebook(tmp_path, server.url))

        screen.run_all()
        screen.page.wait_for_function("window.fromControl")
        screen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        shown = screen.page.locator(".jp-OutputArea-output").all_inner_texts()
        screen.screenshot("foreign")

    assert any(SAID in output for output in shown)
    assert screen.page.evaluate("window.fromModel") is None
    assert screen.page.locator("mjx-container, .MathJax").count() == 0
