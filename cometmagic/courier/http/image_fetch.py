"""Download of a reference image from an http(s) URL, without giving that URL access to the user's network.

The host is looked up once, all its addresses are checked, and the connection goes to a checked address, so that a
second lookup cannot lead elsewhere. Redirects are checked the same way. No proxy is used, because it would look up the
host itself; no cookies, key or password are sent.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from importlib.metadata import version
from urllib.parse import quote, urljoin

import httpx

from cometmagic.courier.http.content_decoding import InflateError, build_decoder
from cometmagic.courier.http.environment import load_certificates
from cometmagic.courier.http.own_thread import run_on_own_thread
from cometmagic.courier.http.redirects import detach_location, get_location
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

TOTAL_TIMEOUT = 30.0  # seconds, redirects included
CONNECT_TIMEOUT = 10.0  # seconds for each address
MAX_REDIRECTS = 3
MAX_IMAGE_BYTES = 20_000_000  # unpacked
_HEADER_LENGTH = 16  # the first bytes, which show the image format
_REDIRECT_STATUSES = (301, 302, 303, 307, 308)
_SCHEME_PATTERN = re.compile(r"[a-z][a-z0-9+.-]*:", re.ASCII | re.IGNORECASE)
_SAFE_CHARACTERS = "%/?:@!$&'()*+,;=~-._"  # not quoted in a path or query
_DOWNLOAD_ADVICE = "Download the image yourself, and give the file."


def fetch(url: str, *, allow_private: bool = False) -> bytes:
    """Return the content of the image at an http(s) URL.

    `allow_private` also allows this machine and private networks, but never a cloud's metadata. Raises
    `OptionError` with one line of text; it quotes nothing of a page that is not an image.
    """
    try:
        return run_on_own_thread(_follow_redirects(url, allow_private), TOTAL_TIMEOUT, "cometmagic-fetch")
    except TimeoutError:
        raise OptionError(
            f"{redact_url(url)} did not come within {TOTAL_TIMEOUT:g} seconds.", advice=_DOWNLOAD_ADVICE
        ) from None


async def _follow_redirects(url: str, allow_private: bool) -> bytes:
    """Return the content of the image at `url`, after up to `MAX_REDIRECTS` redirects."""
    async with asyncio.timeout(TOTAL_TIMEOUT):
        for _ in range(MAX_REDIRECTS + 1):
            parsed_url = parse_url(url)
            check_host(parsed_url, allow_private=allow_private)
            addresses = _resolve_host(parsed_url)
            for address in addresses:
                check_address(parsed_url, address, allow_private=allow_private)
            # A public host must not redirect to a private one.
            allow_private = allow_private and all(map(is_private, addresses))
            content_or_location = await _fetch_from_host(parsed_url, addresses)
            if isinstance(content_or_location, bytes):
                return content_or_location
            url = _resolve_redirect(url, parsed_url, content_or_location)
    raise OptionError(
        f"{redact_url(url)} is one redirect too many; {MAX_REDIRECTS} are followed.", advice=_DOWNLOAD_ADVICE
    )


def _resolve_host(parsed_url: ParsedURL) -> list[IPAddress]:
    """Return the addresses of a host. It may block, as nothing else runs on this loop."""
    if parsed_url.ip_address is not None:
        return [parsed_url.ip_address]
    try:
        entries = socket.getaddrinfo(parsed_url.host, parsed_url.port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0])) for entry in entries]
    except (OSError, ValueError):
        addresses = []
    if not addresses:
        raise OptionError(f"There is no host {parsed_url.host}.", advice="Check the address.")
    return list(dict.fromkeys(addresses))


async def _fetch_from_host(parsed_url: ParsedURL, addresses: list[IPAddress]) -> bytes | str:
    """Return the image from a host, or the location it redirects to."""
    try:
        for address in addresses:
            try:
                return await _fetch_from_address(parsed_url, address)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                is_untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
    except (httpx.HTTPError, InflateError) as error:
        message = f"The image from {parsed_url.host} did not come whole ({type(error).__name__})."
        raise OptionError(message, advice="Try again, or download it yourself.") from None
    raise _build_connect_error(parsed_url, is_untrusted=is_untrusted)


def _build_connect_error(parsed_url: ParsedURL, *, is_untrusted: bool) -> OptionError:
    if is_untrusted:
        return OptionError(f"{parsed_url.host} does not show a certificate that is trusted.", advice=_DOWNLOAD_ADVICE)
    has_proxy = proxies.find_proxy(f"{parsed_url.scheme}://{parsed_url.netloc}") is not None
    hint = " Images do not go through the proxy that is set." if has_proxy else ""
    return OptionError(f"Could not reach {parsed_url.host}.{hint}", advice=_DOWNLOAD_ADVICE)


async def _fetch_from_address(parsed_url: ParsedURL, address: IPAddress) -> bytes | str:
    """Return the image from one address of a host, or the location it redirects to."""
    target = quote(parsed_url.target, safe=_SAFE_CHARACTERS).encode()
    url = httpx.URL(scheme=parsed_url.scheme, host=str(address), port=parsed_url.port, raw_path=target)
    headers = _build_headers(parsed_url)
    # The connection goes to an address, but the certificate must be for the host's name.
    extensions = {"sni_hostname": parsed_url.host} if parsed_url.ip_address is None else {}
    async with (
        httpx.AsyncClient(
            timeout=httpx.Timeout(TOTAL_TIMEOUT, connect=CONNECT_TIMEOUT),
            verify=load_certificates(),
            trust_env=False,
            follow_redirects=False,
            event_hooks={"response": [detach_location]},
        ) as client,
        client.stream("GET", url, headers=headers, extensions=extensions) as response,
    ):
        if response.status_code in _REDIRECT_STATUSES and (location := get_location(response)):
            return location
        if response.status_code != 200:
            raise OptionError(
                f"{parsed_url.host} answered {response.status_code}, not with an image.", advice=_DOWNLOAD_ADVICE
            )
        return await _read_image(parsed_url, response)


def _build_headers(parsed_url: ParsedURL) -> dict[str, str]:
    return {
        "Host": parsed_url.netloc,
        "Accept": "image/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": f"cometmagic/{version('cometmagic')}",
    }


async def _read_image(parsed_url: ParsedURL, response: httpx.Response) -> bytes:
    """Return the body if it is an image; anything else is rejected after its first bytes."""
    _check_content(parsed_url, b"", response.headers.get("content-length", ""))
    decoder, content, received_size = build_decoder(response.headers.get("content-encoding", "")), bytearray(), 0
    async for chunk in response.aiter_raw():
        received_size += len(chunk)
        for piece in decoder.feed(chunk):
            content += piece
            _check_content(parsed_url, content, str(max(received_size, len(content))))
    for piece in decoder.finish():
        content += piece
    if not is_image(bytes(content[:_HEADER_LENGTH])):
        raise _build_content_error(parsed_url)
    return bytes(content)


def _check_content(parsed_url: ParsedURL, content: bytes | bytearray, length: str) -> None:
    """Raise `OptionError` for content that is too large or does not start like an image."""
    if length.isdecimal() and int(length[:20]) > MAX_IMAGE_BYTES:
        message = f"The image from {parsed_url.host} is larger than {MAX_IMAGE_BYTES // 1_000_000} MB."
        raise OptionError(message, advice="Download it, and save it smaller.")
    if len(content) >= _HEADER_LENGTH and not is_image(bytes(content[:_HEADER_LENGTH])):
        raise _build_content_error(parsed_url)


def _build_content_error(parsed_url: ParsedURL) -> OptionError:
    advice = "Open the address in a browser, and copy that of the image itself."
    return OptionError(f"What {parsed_url.host} answered is no image.", advice=advice)


def _resolve_redirect(url: str, parsed_url: ParsedURL, location: str) -> str:
    """Return the absolute URL of a redirect. Raises `OptionError` for nonsense, and for one from https to http."""
    if not location.isprintable() or " " in location:  # urljoin would take out some of these
        raise OptionError(f"{parsed_url.host} leads to an address that cannot be read.", advice=_DOWNLOAD_ADVICE)
    target = f"{parsed_url.scheme}:{location}" if location.startswith("//") else location
    if not _SCHEME_PATTERN.match(target):  # urljoin would also make sense of "http:" and of "//"
        target = urljoin(url, location)
    if parsed_url.scheme == "https" and not target.lower().startswith("https:"):
        raise OptionError(f"{parsed_url.host} leads to an address that is not https.", advice=_DOWNLOAD_ADVICE)
    return target
