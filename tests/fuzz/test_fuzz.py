"""The kept inputs, and mutations of them, give the package's own errors only; a planted bug is found in each target.

`pytest -m full tests/fuzz` plays many mutations. The long way is `python -m tests.fuzz TARGET`, which needs atheris.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from random import Random
from types import ModuleType
from typing import Any

import pytest

from cometmagic.costs import ledger_entries
from cometmagic.courier.http import content_decoding, ssrf
from cometmagic.gemini import decode
from cometmagic.gemini.failures import error_document, retry_after
from cometmagic.gemini.tolerant import base64_repair, json_scanner, lenient_json
from cometmagic.images import notebook_images
from cometmagic.offline import schema
from cometmagic.options import command_line, template
from cometmagic.system import bounded_json, redactor, sanitize
from tests.figures import Record
from tests.fuzz.corpus import FOLDER, mutate, read_corpus
from tests.fuzz.targets import SMALL_LIMITS, TARGETS

MAX_CORPUS_BYTES = 100_000
PLANTED: dict[str, tuple[ModuleType, str, Any]] = {
    "base64": (base64_repair, "_decode_with_padding", lambda _: b""),
    "call-record": (bounded_json, "_replace_surrogates", str),
    "command-line": (command_line, "_quote_value", str),
    "error-body": (error_document, "_parse_partial_string", lambda token: json.loads(f'{token}"')),
    "events": (lenient_json, "_LINE", re.compile(r"([^\n]*)(?:\n|\Z)")),
    "gzip": (content_decoding, "GZIP_MAGIC", b"\x1f\x8b\x08\x08"),
    "image-url": (ssrf, "_LABEL_PATTERN", re.compile(r"[^.]*")),
    "json": (json_scanner, "_find_closing_quote", lambda buffer, start: buffer.find(b'"', start)),
    "ledger": (ledger_entries, "parse_usd", lambda value: value),
    "notebook": (notebook_images, "_select_objects", lambda value: value or ()),
    "redaction": (redactor, "_skip_escape", lambda _, index: index),
    "request-body": (schema, "_parse_number", float),
    "response": (decode, "clean", str),
    "retry-after": (retry_after, "MAX_RETRY_DELAY", math.inf),
    "template": (template, "_resolve_name", lambda name, _: name),
    "text": (sanitize, "_CONTROL_CHARACTERS", re.compile("[\x00-\x08\x0b-\x1f\x7f]")),
}


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in SMALL_LIMITS:
        monkeypatch.setattr(module, name, value)


def iter_inputs(name: str, mutations: int) -> Iterator[bytes]:
    """Yield the inputs of a target, and as many mutations of them, the same ones each time."""
    random, inputs = Random(name), read_corpus(name)
    yield from inputs
    yield from (mutate(random, inputs) for _ in range(mutations))


def run_target(name: str, inputs: Iterable[bytes]) -> None:
    for data in inputs:
        try:
            TARGETS[name](data)
        except Exception as error:
            error.add_note(f"The input is {data!r}; add it to {FOLDER / name}.txt.")
            raise


@pytest.mark.parametrize("mutations", [20, pytest.param(20_000, marks=[pytest.mark.full, pytest.mark.timeout(3600)])])
@pytest.mark.parametrize("name", TARGETS)
def test_only_the_packages_own_errors_come_out(name: str, mutations: int, figures: Record) -> None:
    inputs = list(iter_inputs(name, mutations))
    run_target(name, inputs)
    if mutations > 20:
        figures(f"fuzzing {name}: foreign exceptions", f"0 of {len(inputs)} inputs", goal="0")


@pytest.mark.parametrize("name", TARGETS)
def test_a_planted_bug_is_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(*PLANTED[name])

    with pytest.raises(Exception):  # noqa: B017, PT011  # whatever the bug raises
        run_target(name, read_corpus(name))


def test_the_corpora_are_small() -> None:
    files = list(FOLDER.iterdir())

    assert {file.stem for file in files} == set(TARGETS)
    assert sum(file.stat().st_size for file in files) <= MAX_CORPUS_BYTES
