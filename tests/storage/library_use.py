"""Everything that people do with a library, one after the other, for tests of what must not come of it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cometmagic
from cometmagic import CometError, ImageResult, doctor
from cometmagic.costs.charges import record_cost
from cometmagic.costs.estimate import Price
from cometmagic.costs.ledger import Ledger
from cometmagic.courier.dispatcher import Dispatcher
from cometmagic.courier.recovery import find_recoverable_calls, find_running_calls
from cometmagic.display import caption, gallery, library_table, result_output
from cometmagic.display.edit_tree import render_tree
from cometmagic.gemini.encode import iter_body, measure_body
from cometmagic.options.settings import Key
from cometmagic.storage import index, slim_notebook
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from cometmagic.storage.redaction import redact_response
from cometmagic.storage.unfinished_calls import find_unfinished_calls
from cometmagic.system.redactor import Redactor
from cometmagic.system.secret import Secret
from cometmagic.widget import result_view
from tests.notebook.answers import CANARY, gravel
from tests.sample_requests import PROGRAMS


def use(library: Library, names: Iterable[str], place: Path) -> Iterator[Any]:
    """Do what people do with a library and some of its calls; yield what is shown, sent or raised on the way."""

    def attempt(action: Callable[[], Any]) -> Any:
        try:
            return action()
        except CometError as error:
            return error

    place.mkdir()
    results = [ImageResult(library.root / name) for name in names]
    yield attempt(lambda: [find_unfinished_calls(library.root), list(find_running_calls(library))])
    yield attempt(lambda: gallery.build_gallery(library_table.list_calls(library)))
    yield attempt(lambda: doctor._check_library(doctor.Report(), library))
    for result in results:
        folder = CallFolder(result.folder)
        for action in (
            lambda result=result: result_output.build_image(result),
            lambda result=result: caption.build_caption(result),
            lambda result=result: [result_view.describe_result(result), result_view.describe_drafts(result)],
            lambda result=result: [image.data for image in (result.image, *result.images, *result.thoughts)],
            lambda result=result: [part.data for part in (*result.request.references, *result.request.signatures)],
            lambda result=result: result.save(place / "saved.jpg"),
            lambda folder=folder: library_table.describe_call(index.find_call(library, folder.id)),
            lambda folder=folder: [library_table.explain_missing_image(folder), render_tree(library, folder)],
            lambda folder=folder: index.find_recording(library, folder.read()["request_hash"]),
            lambda result=result: send(place, "--edit", edit=result),
            lambda result=result: send(place, "--chat", chat=result),
            lambda folder=folder: send(place, "by its id", chat=folder.id),
            *(lambda result=result, kind=kind: result.as_code(kind) for kind in PROGRAMS),
        ):
            yield attempt(action)
    yield attempt(lambda: library.pack(place / "pack"))
    yield attempt(lambda: slim_notebook.slim(write_notebook(place / "a.ipynb"), library))
    yield attempt(lambda: use_ledger(library))
    yield attempt(lambda: recover(library))
    yield attempt(lambda: gallery.build_gallery(library_table.list_calls(library)))


def send(place: Path, prompt: str, **options: Any) -> bytes:
    """Return the body that a request would send."""
    request = cometmagic.plan(prompt, **options).request
    folder = Library(place / "sent").create_folder(request)
    measure_body(folder.read_body(), folder.path)
    return b"".join(iter_body(folder.read_body(), folder.path))


def use_ledger(library: Library) -> Any:
    ledger = Ledger(library.root)
    for limit in (None, 5.0):
        ledger.reserve({f"call-{limit}": ("a model", Price(0.1))}, session="s", session_cap=limit)
        ledger.close(f"call-{limit}", 0.1, "made")
    return list(ledger.read_entries())


def recover(library: Library) -> None:
    library.remove_temp_folders()
    folders = [*find_recoverable_calls(library), *library.iter_folders()]
    for folder in folders:
        asyncio.run(Dispatcher._run_recovery(folder, Key(CANARY, "the test")))
    for folder in folders:
        record_cost(folder)
        redact_response(folder, Redactor([Secret("private")]))


def write_notebook(path: Path) -> Path:
    picture = base64.b64encode(gravel(1200, 400)).decode()
    output = {"output_type": "display_data", "metadata": {}, "data": {"image/jpeg": picture}}
    cell = {"cell_type": "code", "source": "", "metadata": {}, "execution_count": 1, "outputs": [output]}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))
    return path
