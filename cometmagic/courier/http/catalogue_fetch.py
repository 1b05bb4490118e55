"""One GET of a public JSON document of the service, without a key, within limits of size and time.

No redirect is followed, and no header, cookie or password of the user is sent; the proxies and certificates of the
environment are used as for a call. It runs on a thread of its own, apart from a notebook's event loop. This module does
not know what the document means.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from importlib.metadata import version

import httpx

from cometmagic.courier.http.content_decoding import InflateError, build_decoder
from cometmagic.courier.http.environment import get_proxy, load_certificates
from cometmagic.courier.http.redirects import detach_location
from cometmagic.errors import OptionError

TOTAL_TIMEOUT = 10.0  # seconds
MAX_BYTES = 4_000_000  # unpacked; a catalogue of 500 models has about 500 kB
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Connection": "close",
    "User-Agent": f"cometmagic/{version('cometmagic')}",
}


def fetch_public_document(url: str) -> bytes:
    """Return the body of a public document. Raises `ValueError` with the reason when there is none."""
    future: Future[bytes] = Future()
    threading.Thread(target=_run_fetch, args=(future, url), name="cometmagic-catalogue", daemon=True).start()
    try:
        return future.result(TOTAL_TIMEOUT + 0.5)  # the thread has its own time limit, except while it looks up a host
    except TimeoutError:
        raise ValueError(f"it took longer than {TOTAL_TIMEOUT:g} seconds") from None
    except httpx.ConnectError:
        raise ValueError("no connection was made") from None
    except (httpx.HTTPError, httpx.InvalidURL, InflateError) as error:
        raise ValueError(f"the answer did not arrive whole ({type(error).__name__})") from None
    except OptionError as error:  # a proxy or certificates that cannot be used
        raise ValueError(error.message.rstrip(".")) from None
    except OSError:
        raise ValueError("no connection was made") from None


def _run_fetch(future: Future[bytes], url: str) -> None:
    try:
        with asyncio.Runner() as runner:
            content = runner.run(_fetch(url))
    except BaseException as error:  # noqa: BLE001  # raised again in `fetch_public_document`
        future.set_exception(error)
    else:
        future.set_result(content)


async def _fetch(url: str) -> bytes:
    async with (
        asyncio.timeout(TOTAL_TIMEOUT),
        httpx.AsyncClient(
            timeout=TOTAL_TIMEOUT,
            verify=load_certificates(),
            proxy=get_proxy(url),
            trust_env=False,
            follow_redirects=False,
            event_hooks={"response": [detach_location]},
        ) as client,
        client.stream("GET", url, headers=HEADERS) as response,
    ):
        if response.status_code != 200:
            raise ValueError(f"the service answered {response.status_code}")
        return await _read_body(response)


async def _read_body(response: httpx.Response) -> bytes:
    decoder, content = build_decoder(response.headers.get("content-encoding", "")), bytearray()
    async for chunk in response.aiter_raw():
        for piece in decoder.feed(chunk):
            content += piece
            if len(content) > MAX_BYTES:
                raise ValueError(f"it is larger than {MAX_BYTES // 1_000_000} MB")
    decoder.finish()
    return bytes(content)
