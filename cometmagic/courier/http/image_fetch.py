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

from cometmagic.courier.http.content_decoding import InflateError, build_decoder
from cometmagic.courier.http.ssrf import (
    IPAddress,
    ParsedURL,
    check_address,
    check_host,
    is_private,
    parse_url,
    redact_url,
)
from cometmagic.errors import OptionError
from cometmagic.images.normalize import is_image
from cometmagic.system import proxies

TOTAL_TIMEOUT = 30.0  # seconds for all of it
CONNECT_TIMEOUT = 10.0  # seconds for each address
MAX_REDIRECTS = 3
MAX_IMAGE_BYTES = 20_000_000  # bytes, unpacked
_HEADER_LENGTH = 16  # bytes that tell the kind
_REDIRECT_STATUSES = (301, 302, 303, 307, 308)
_SAFE_CHARACTERS = "%/?:@!$&'()*+,;=~-._"  # in a path and query, as they were written
_DOWNLOAD_ADVICE = "Download the image yourself, and give the file."


def fetch(url: str, *, allow_private: bool = False) -> bytes:
    """Return the content of an image at an http(s) address.

    `private` also allows this machine and private networks, but never a cloud's metadata. Raises
    `OptionError` of one line, whatever goes wrong; nothing of a page that is no image is shown.
    """
    answer: Future[bytes] = Future()
    threading.Thread(target=_run_fetch, args=(answer, url, allow_private), name="cometmagic-fetch", daemon=True).start()
    try:
        return answer.result(
            TOTAL_TIMEOUT + 0.5
        )  # the errand ends by itself, but for a name that is looked up for ever
    except TimeoutError:
        raise OptionError(
            f"{redact_url(url)} did not come within {TOTAL_TIMEOUT:g} seconds.", advice=_DOWNLOAD_ADVICE
        ) from None


def _run_fetch(future: Future[bytes], url: str, allow_private: bool) -> None:
    try:
        with asyncio.Runner() as runner:
            content = runner.run(_follow_redirects(url, allow_private))
    except BaseException as error:  # noqa: BLE001  # it goes to whoever waits
        future.set_exception(error)
    else:
        future.set_result(content)


async def _follow_redirects(url: str, allow_private: bool) -> bytes:
    """Return what an address leads to."""
    async with asyncio.timeout(TOTAL_TIMEOUT):
        for _ in range(MAX_REDIRECTS + 1):
            where = parse_url(url)
            check_host(where, allow_private=allow_private)
            addresses = _resolve_host(where)
            for address in addresses:
                check_address(where, address, allow_private=allow_private)
            allow_private = allow_private and all(map(is_private, addresses))  # what is public never leads inside
            got = await _fetch_from_host(where, addresses)
            if isinstance(got, bytes):
                return got
            url = _resolve_redirect(url, where, got)
    raise OptionError(
        f"{redact_url(url)} is one redirect too many; {MAX_REDIRECTS} are followed.", advice=_DOWNLOAD_ADVICE
    )


def _resolve_host(parsed_url: ParsedURL) -> list[IPAddress]:
    """Return the addresses of a host. It may block: nothing else runs on this loop."""
    if parsed_url.ip_address is not None:
        return [parsed_url.ip_address]
    try:
        found = socket.getaddrinfo(parsed_url.host, parsed_url.port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0])) for entry in found]
    except (OSError, ValueError):
        addresses = []
    if not addresses:
        raise OptionError(f"There is no host {parsed_url.host}.", advice="Check the address.")
    return list(dict.fromkeys(addresses))


async def _fetch_from_host(parsed_url: ParsedURL, addresses: list[IPAddress]) -> bytes | str:
    """Return the image that a host gives, or the address it points to."""
    try:
        for address in addresses:
            try:
                return await _fetch_from_address(parsed_url, address)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                is_untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
    except (httpx.HTTPError, InflateError) as error:
        what = f"The image from {parsed_url.host} did not come whole ({type(error).__name__})."
        raise OptionError(what, advice="Try again, or download it yourself.") from None
    if is_untrusted:
        raise OptionError(f"{parsed_url.host} does not show a certificate that is trusted.", advice=_DOWNLOAD_ADVICE)
    proxied = parsed_url.scheme == "https" and not proxies.describe_proxy(f"https://{parsed_url.netloc}").startswith(
        "none"
    )
    hint = " Reference images do not go through the proxy that is set." if proxied else ""
    raise OptionError(f"Could not reach {parsed_url.host}.{hint}", advice=_DOWNLOAD_ADVICE)


async def _fetch_from_address(parsed_url: ParsedURL, address: IPAddress) -> bytes | str:
    """Ask one address of a host."""
    target = quote(parsed_url.target, safe=_SAFE_CHARACTERS).encode()
    url = httpx.URL(scheme=parsed_url.scheme, host=str(address), port=parsed_url.port, raw_path=target)
    headers = {
        "Host": parsed_url.netloc,
        "Accept": "image/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": f"cometmagic/{version('cometmagic')}",
    }
    # A name is what the certificate must be for, though the connection goes to an address.
    named = {"sni_hostname": parsed_url.host} if parsed_url.ip_address is None else {}
    async with (
        httpx.AsyncClient(
            timeout=httpx.Timeout(TOTAL_TIMEOUT, connect=CONNECT_TIMEOUT),
            verify=_load_certificates(),
            trust_env=False,
            follow_redirects=False,
        ) as client,
        client.stream("GET", url, headers=headers, extensions=named) as response,
    ):
        if response.status_code in _REDIRECT_STATUSES and (onward := response.headers.get("location")):
            return str(onward)
        if response.status_code != 200:
            raise OptionError(
                f"{parsed_url.host} answered {response.status_code}, not with an image.", advice=_DOWNLOAD_ADVICE
            )
        return await _read_image(parsed_url, response)


async def _read_image(parsed_url: ParsedURL, response: httpx.Response) -> bytes:
    """Return the body, if it is an image; the first bytes of another are enough to stop."""
    _check_content(parsed_url, b"", response.headers.get("content-length", ""))
    unpack, content, received = build_decoder(response.headers.get("content-encoding", "")), bytearray(), 0
    async for chunk in response.aiter_raw():
        received += len(chunk)
        for piece in unpack.feed(chunk):
            content += piece
            _check_content(parsed_url, content, str(max(received, len(content))))
    unpack.finish()
    if not is_image(bytes(content[:_HEADER_LENGTH])):
        raise _build_content_error(parsed_url)
    return bytes(content)


def _check_content(parsed_url: ParsedURL, content: bytes | bytearray, length: str) -> None:
    """Refuse what is too large, and what begins like no image."""
    if length.isdecimal() and int(length[:20]) > MAX_IMAGE_BYTES:
        what = f"The image from {parsed_url.host} is larger than {MAX_IMAGE_BYTES // 1_000_000} MB."
        raise OptionError(what, advice="Download it, and save it smaller.")
    if len(content) >= _HEADER_LENGTH and not is_image(bytes(content[:_HEADER_LENGTH])):
        raise _build_content_error(parsed_url)


def _build_content_error(parsed_url: ParsedURL) -> OptionError:
    do = "Open the address in a browser, and copy that of the image itself."
    return OptionError(f"What {parsed_url.host} answered is no image.", advice=do)


def _resolve_redirect(url: str, parsed_url: ParsedURL, location: str) -> str:
    """Return where a redirect leads. Raises `OptionError` when it leaves what is encrypted."""
    try:
        onward = urljoin(url, location)
    except ValueError:
        onward = ""
    if parsed_url.scheme == "https" and not onward.lower().startswith("https:"):
        raise OptionError(f"{parsed_url.host} leads to an address that is not https.", advice=_DOWNLOAD_ADVICE)
    return onward


def _load_certificates() -> ssl.SSLContext:
    """Return the certificates that are trusted."""
    try:
        return httpx.create_ssl_context()
    except OSError:
        what = proxies.find_certificate_problem() or "The certificates of this machine cannot be read."
        raise OptionError(what.partition(". ")[0]) from None
