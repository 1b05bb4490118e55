"""The loop that most clients are: retries on everything that fails, the answer in memory, files written at the end.

It is what the usual SDKs do (two retries after timeouts, connection errors, 408, 409, 429 and 5xx) and
what usual scripts add (decode, then save). The campaign's schedules are played to it as well: what it
loses and buys twice stands beside the package's figures, and shows that the oracle sees both.
"""

from __future__ import annotations

import base64
import functools
import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.faults.leaks import KEY

RETRIES = 2
BACKOFF = 0.01  # seconds, scaled down like all limits here
SILENCE = 0.3  # seconds without a byte that it waits for


class StockError(Exception):
    """The call failed for good."""


def generate(url: str, prompt: str, folder: Path) -> list[Path]:
    """Ask for a picture and return the files it was saved in."""
    saved: list[Path] = []
    for picture in _pictures(_ask(f"{url}/v1beta/models/stock:generateContent", prompt)):
        path = folder / f"{prompt.replace(' ', '-').replace('/', '-')}-{len(saved)}.png"
        with path.open("wb") as file:
            file.write(base64.b64decode(picture))
        saved.append(path)
    return saved


def _pictures(text: str) -> Iterator[str]:
    """Yield the base64 of each picture; events and both spellings are understood, which is more than usual."""
    documents = [line[5:] for line in text.split("\r\n") if line] if text.startswith("data:") else [text]
    for document in map(json.loads, documents):
        for part in document["candidates"][0]["content"]["parts"]:
            if found := part.get("inlineData") or part.get("inline_data"):
                yield found["data"]


@functools.cache
def _trust() -> ssl.SSLContext:
    """Return the certificates; reading them takes longer than a whole run."""
    return httpx.create_ssl_context()


def _ask(url: str, prompt: str) -> str:
    """Return the answer, after as many tries as it takes."""
    with httpx.Client(timeout=SILENCE, headers={"Authorization": f"Bearer {KEY}"}, verify=_trust()) as client:
        for tried in range(RETRIES + 1):
            try:
                answer = client.post(url, json={"contents": [{"parts": [{"text": prompt}]}]})
            except httpx.RequestError as problem:
                if tried == RETRIES:
                    raise StockError(str(problem)) from problem
            else:
                if answer.status_code not in (408, 409, 429) and answer.status_code < 500:
                    answer.raise_for_status()
                    return answer.text
            time.sleep(BACKOFF)
    raise StockError("the service keeps failing")
