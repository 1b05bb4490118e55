"""A reference image from an http(s) address, without letting that address reach into the user's network.

The name is looked up once, every address it has is checked, and the connection goes to a checked address
itself: a name that means another machine a moment later gains nothing. Each redirect is checked the same way.
No proxy is used, because it would look the name up itself; no cookies, no key and no password are sent. It runs
on a thread of its own, so that a notebook's event loop neither hinders it nor is hindered.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import threading
from concurrent.futures import Future
from importlib.metadata import version
from urllib.parse import quote, urljoin

import httpx

from cometmagic.courier.gunzip import InflateError, inflater
from cometmagic.courier.ssrf import Address, Place, check_address, check_name, is_private, place, shown
from cometmagic.errors import OptionError
from cometmagic.images.sendable import is_image
from cometmagic.system import proxies

TOTAL = 30.0  # seconds for all of it
CONNECT = 10.0  # seconds for each address
REDIRECTS = 3
LARGEST = 20_000_000  # bytes, unpacked
_HEAD = 16  # bytes that tell the kind
_REDIRECTING = (301, 302, 303, 307, 308)
_KEPT = "%/?:@!$&'()*+,;=~-._"  # in a path and query, as they were written
_YOURSELF = "Download the image yourself, and give the file."


def fetch(url: str, *, private: bool = False) -> bytes:
    """Return the content of an image at an http(s) address.

    `private` also allows this machine and private networks, but never a cloud's metadata. Raises
    `OptionError` of one line, whatever goes wrong; nothing of a page that is no image is shown.
    """
    answer: Future[bytes] = Future()
    threading.Thread(target=_errand, args=(answer, url, private), name="cometmagic-fetch", daemon=True).start()
    try:
        return answer.result(TOTAL + 0.5)  # the errand ends by itself, but for a name that is looked up for ever
    except TimeoutError:
        raise OptionError(f"{shown(url)} did not come within {TOTAL:g} seconds.", do=_YOURSELF) from None


def _errand(answer: Future[bytes], url: str, private: bool) -> None:
    try:
        with asyncio.Runner() as runner:
            content = runner.run(_followed(url, private))
    except BaseException as error:  # noqa: BLE001  # it goes to whoever waits
        answer.set_exception(error)
    else:
        answer.set_result(content)


async def _followed(url: str, private: bool) -> bytes:
    """Return what an address leads to."""
    async with asyncio.timeout(TOTAL):
        for _ in range(REDIRECTS + 1):
            where = place(url)
            check_name(where, private=private)
            addresses = _looked_up(where)
            for address in addresses:
                check_address(where, address, private=private)
            private = private and all(map(is_private, addresses))  # what is public never leads inside
            got = await _got(where, addresses)
            if isinstance(got, bytes):
                return got
            url = _onward(url, where, got)
    raise OptionError(f"{shown(url)} is one redirect too many; {REDIRECTS} are followed.", do=_YOURSELF)


def _looked_up(where: Place) -> list[Address]:
    """Return the addresses of a host. It may block: nothing else runs on this loop."""
    if where.literal is not None:
        return [where.literal]
    try:
        found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0])) for entry in found]
    except (OSError, ValueError):
        addresses = []
    if not addresses:
        raise OptionError(f"There is no host {where.host}.", do="Check the address.")
    return list(dict.fromkeys(addresses))


async def _got(where: Place, addresses: list[Address]) -> bytes | str:
    """Return the image that a host gives, or the address it points to."""
    try:
        for address in addresses:
            try:
                return await _asked(where, address)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                is_untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
    except (httpx.HTTPError, InflateError) as error:
        what = f"The image from {where.host} did not come whole ({type(error).__name__})."
        raise OptionError(what, do="Try again, or download it yourself.") from None
    if is_untrusted:
        raise OptionError(f"{where.host} does not show a certificate that is trusted.", do=_YOURSELF)
    proxied = where.scheme == "https" and not proxies.proxy(f"https://{where.netloc}").startswith("none")
    hint = " Reference images do not go through the proxy that is set." if proxied else ""
    raise OptionError(f"Could not reach {where.host}.{hint}", do=_YOURSELF)


async def _asked(where: Place, address: Address) -> bytes | str:
    """Ask one address of a host."""
    target = quote(where.target, safe=_KEPT).encode()
    url = httpx.URL(scheme=where.scheme, host=str(address), port=where.port, raw_path=target)
    headers = {
        "Host": where.netloc,
        "Accept": "image/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": f"cometmagic/{version('cometmagic')}",
    }
    # A name is what the certificate must be for, though the connection goes to an address.
    named = {"sni_hostname": where.host} if where.literal is None else {}
    async with (
        httpx.AsyncClient(
            timeout=httpx.Timeout(TOTAL, connect=CONNECT), verify=_trusted(), trust_env=False, follow_redirects=False
        ) as client,
        client.stream("GET", url, headers=headers, extensions=named) as response,
    ):
        if response.status_code in _REDIRECTING and (onward := response.headers.get("location")):
            return str(onward)
        if response.status_code != 200:
            raise OptionError(f"{where.host} answered {response.status_code}, not with an image.", do=_YOURSELF)
        return await _received(where, response)


async def _received(where: Place, response: httpx.Response) -> bytes:
    """Return the body, if it is an image; the first bytes of another are enough to stop."""
    _check(where, b"", response.headers.get("content-length", ""))
    unpack, content, received = inflater(response.headers.get("content-encoding", "")), bytearray(), 0
    async for chunk in response.aiter_raw():
        received += len(chunk)
        for piece in unpack.feed(chunk):
            content += piece
            _check(where, content, str(max(received, len(content))))
    unpack.finish()
    if not is_image(bytes(content[:_HEAD])):
        raise _no_image(where)
    return bytes(content)


def _check(where: Place, content: bytes | bytearray, length: str) -> None:
    """Refuse what is too large, and what begins like no image."""
    if length.isdecimal() and int(length[:20]) > LARGEST:
        what = f"The image from {where.host} is larger than {LARGEST // 1_000_000} MB."
        raise OptionError(what, do="Download it, and save it smaller.")
    if len(content) >= _HEAD and not is_image(bytes(content[:_HEAD])):
        raise _no_image(where)


def _no_image(where: Place) -> OptionError:
    do = "Open the address in a browser, and copy that of the image itself."
    return OptionError(f"What {where.host} answered is no image.", do=do)


def _onward(url: str, where: Place, location: str) -> str:
    """Return where a redirect leads. Raises `OptionError` when it leaves what is encrypted."""
    try:
        onward = urljoin(url, location)
    except ValueError:
        onward = ""
    if where.scheme == "https" and not onward.lower().startswith("https:"):
        raise OptionError(f"{where.host} leads to an address that is not https.", do=_YOURSELF)
    return onward


def _trusted() -> ssl.SSLContext:
    """Return the certificates that are trusted."""
    try:
        return httpx.create_ssl_context()
    except OSError:
        what = proxies.broken_certificates() or "The certificates of this machine cannot be read."
        raise OptionError(what.partition(". ")[0]) from None
