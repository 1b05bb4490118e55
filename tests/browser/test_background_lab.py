"""`--background` in JupyterLab: pictures come under their own cells, also while another cell runs."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import Opener
from tests.browser.notebooks import written
from tests.browser.screen import Screen
from tests.faults.server import FaultServer, Held, response, send
from tests.notebook.answers import CANARY, full
from tests.waiting import wait_for

CELLS = (
    "import os\nos.environ.update(COMETAPI_KEY={key!r}, COMETAPI_BASE_URL={url!r})\n%load_ext cometmagic",
    "%gemini_image --background -o cat a cat",
    "%gemini_image --background -o dog a dog",
    "import time\nwhile not (cat.done and dog.done): time.sleep(0.05)\nprint('mine')",
)


def pictures(screen: Screen) -> int:
    """Return how many outputs are a picture."""
    return sum("image/jpeg" in output.get("data", {}) for cell in screen.outputs() for output in cell)


def test_pictures_fill_in_under_their_own_cells(shared_lab: Opener, tmp_path: Path) -> None:
    held = Held()
    with FaultServer(*[held.steps(send(response(full())))] * 2) as server:
        texts = [CELLS[0].format(key=CANARY, url=server.url), *CELLS[1:]]
        screen = shared_lab(written(tmp_path / "background", *texts))
        screen.start_all()
        wait_for(lambda: held.inside == 2)
        assert pictures(screen) == 0

        held.let_go.set()
        wait_for(lambda: pictures(screen) == 2)
        assert len(screen.picture_widths()) >= 2
        wait_for(lambda: screen.outputs()[3])

    screen.screenshot("background")
    _, cat, dog, other = screen.outputs()
    for outputs, prompt in ((cat, "a cat"), (dog, "a dog")):
        assert len(outputs) == 2
        assert outputs[0]["metadata"]["image/jpeg"]["alt"] == prompt
        assert "tokens" in outputs[1]["data"]["text/plain"]
    assert [output["output_type"] for output in other] == ["stream"]
    assert screen.complaints() == []
