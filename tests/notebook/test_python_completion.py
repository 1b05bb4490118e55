"""Tab in a Python cell offers the options of the public functions, with Jedi and without."""

from __future__ import annotations

import pytest

from tests.notebook.fixtures import Notebook

CALLS = {
    "cm.generate('x', aspect": "aspect_ratio=",
    "cm.generate('x', thoughts=True, image_s": "image_size=",
    "r = cm.generate_many(['x'], cou": "count=",
    "await cm.agenerate('x', thin": "thinking=",
    "cm.plan('x', max_c": "max_cost=",
    "cm.panel('x', asp": "aspect_ratio=",
    "cm.Panel('x', asp": "aspect_ratio=",
    "bike.edit('make it blue', image_s": "image_size=",
}


@pytest.mark.parametrize("jedi", [True, False])
def test_tab_offers_the_options_of_a_function(notebook: Notebook, *, jedi: bool) -> None:
    notebook.run("import cometmagic as cm\nbike = cm.generate('a bike', source='offline', image_size='512')")
    notebook.run(f"get_ipython().Completer.use_jedi = {jedi}")
    try:
        offered = {code: notebook.kernel.complete(code)["matches"] for code in CALLS}
    finally:
        notebook.run("get_ipython().Completer.use_jedi = True")

    assert {code: keyword in offered[code] for code, keyword in CALLS.items()} == dict.fromkeys(CALLS, True)
