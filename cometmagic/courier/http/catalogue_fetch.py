"""One GET of a public JSON document of the service, without a key, within limits of size and time.

No redirect is followed, and no header, cookie or password of the user is sent; the proxies and certificates of the
environment are used as for a call. This module does not know what the document means.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version

import httpx

from cometmagic.courier.http.content_decoding import InflateError, build_decoder
from cometmagic.courier.http.environment import get_proxy, load_certificates
from cometmagic.courier.http.own_thread import run_on_own_thread
from cometmagic.courier.http.redirects import detach_location
from cometmagic.errors import OptionError

TOTAL_TIMEOUT = 10.0  # seconds
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Connection": "close",
    "User-Agent": f"cometmagic/{version('cometmagic')}",
}


def fetch_public_document(url: str, max_bytes: int) -> bytes:
    """Return the body of a public document, unpacked. Raises `ValueError` with the reason when there is none."""
    try:
        return run_on_own_thread(_fetch(url, max_bytes), TOTAL_TIMEOUT, "cometmagic-catalogue")
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


async def _fetch(url: str, max_bytes: int) -> bytes:
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
        return await _read_body(response, max_bytes)


async def _read_body(response: httpx.Response, max_bytes: int) -> bytes:
    decoder, content = build_decoder(response.headers.get("content-encoding", "")), bytearray()
    async for chunk in response.aiter_raw():
        for piece in decoder.feed(chunk):
            content += piece
            if len(content) > max_bytes:
                raise ValueError(f"it is larger than {max_bytes // 1_000_000} MB")
    for piece in decoder.finish():
        content += piece
    return bytes(content)
