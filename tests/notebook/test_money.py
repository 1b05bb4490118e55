"""What a cell says of money when the service is wrong about it, or is asked for more than a picture."""

from __future__ import annotations

import json
import re

from cometmagic.options.models import CHECK_DATE
from tests.faults.server import recv_request, response, send
from tests.notebook.answers import answering, body, image, painted
from tests.notebook.fixtures import Notebook, Services

ZEROS = {"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0}
CLAUSE = "the service's token counts cannot be true"


def test_a_picture_never_costs_nothing_and_counts_for_the_cap(notebook: Notebook, serve: Services) -> None:
    free = answering(body(image(painted(width=1408, height=768)), usageMetadata=ZEROS))
    server = serve(free, answering(), free)

    [caption] = notebook.run("%gemini_image --day-cap 0.15 a cat").captions
    assert f"$0.067 (estimate, Google list price, {CHECK_DATE}; {CLAUSE})" in caption["data"]["text/plain"]
    assert "$0.067" in caption["data"]["text/html"]
    [control] = notebook.run("%gemini_image --day-cap 0.15 a cat").captions
    assert CLAUSE not in control["data"]["text/plain"]

    ran = notebook.run("%gemini_image --day-cap 0.15 a cat")
    assert ran.error is not None
    assert ran.error["ename"] == "BudgetError"
    assert server.posts == 2


def test_a_batch_is_worth_what_its_pictures_are(notebook: Notebook, serve: Services) -> None:
    serve(*[answering(body(image(painted(color=color)), usageMetadata=ZEROS)) for color in ("red", "blue")])

    ran = notebook.run("%gemini_image -n 2 --price-ratio 0.8 a cat")

    basis = f"estimate, Google list price × 0.8, {CHECK_DATE}; {CLAUSE}"
    assert f"together $0.107 ({basis})" in ran.captions[-1]["data"]["text/plain"]
    assert re.search(r"in all +\$ +0\.107 +2 calls", notebook.run("%gemini_library spend").text)
    [listing] = notebook.run("%gemini_library list").outputs
    assert listing["data"]["text/plain"].count("$0.054 ") == 2


def test_a_search_and_a_tier_are_told_with_the_price_before_sending(notebook: Notebook, serve: Services) -> None:
    serve(answering())
    cell = '%gemini_image {} --search web --extra \'{{"serviceTier": "flex"}}\' a cat'

    for options in ("--dry-run", ""):
        text = "\n".join(output["data"]["text/plain"] for output in notebook.run(cell.format(options)).outputs)
        assert text.count("Searches cost extra: $14 per 1,000 queries at Google") == 1
        assert text.count("serviceTier 'flex': the price differs from the estimate.") == 1
    [output] = notebook.run("%gemini_image --source offline --search web a cat").captions
    assert "$" not in output["data"]["text/plain"]


def test_the_service_is_quoted_on_charging_and_not_contradicted(notebook: Notebook, serve: Services) -> None:
    quote = "You will not be charged for this request."
    refusal = {"finishReason": "IMAGE_OTHER", "finishMessage": f"Unable to show the generated image. {quote}"}
    broken = json.dumps({"error": {"message": f"Internal error. {quote}", "code": 500}}).encode()
    serve(
        answering(json.dumps({"candidates": [refusal]}).encode()),
        [recv_request(), send(response(broken, "500 No"))],
        answering(json.dumps({"candidates": [{"finishReason": "IMAGE_OTHER"}]}).encode()),
    )

    for is_quoted in (True, True, False):
        ran = notebook.run("%gemini_image a cat")
        assert ran.error is not None
        [line] = ran.error["traceback"]
        assert line.count(quote) == is_quoted
        assert ("The service says that this is free; the ledger still counts" in line) is is_quoted
        assert ("may have been charged" in line) is not is_quoted


def test_a_ratio_is_a_setting_of_the_session_and_not_of_a_project(notebook: Notebook) -> None:
    notebook.set(COMETMAGIC_PRICE_RATIO="0.9")
    dry_run = "%gemini_image --dry-run a cat"
    assert "$0.060 (estimate, Google list price × 0.9, " in notebook.run(dry_run).outputs[0]["data"]["text/plain"]
    notebook.run("%config GeminiImage.price_ratio = 0.5")
    assert "$0.034 (estimate, Google list price × 0.5, " in notebook.run(dry_run).outputs[0]["data"]["text/plain"]

    (notebook.place / "pyproject.toml").write_text("[tool.cometmagic]\nprice-ratio = 0.01\n")
    ran = notebook.run(dry_run)
    assert ran.error is not None
    assert "price-ratio: changes what every limit of money counts" in ran.error["evalue"]
