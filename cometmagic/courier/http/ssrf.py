"""Which addresses a reference image may be fetched from: protection against server-side request forgery (SSRF).

A notebook from somebody else must not reach the network of the person who runs it: routers, cloud metadata,
services that trust local clients. So only public addresses in their plain spelling are accepted. Private ones can
be allowed, cloud metadata never. Nothing here makes a connection.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from cometmagic.errors import OptionError
from cometmagic.system.sanitize import clean_line

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL_LENGTH = 8000  # characters; many servers read no more
_URL_PATTERN = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.ASCII | re.IGNORECASE | re.DOTALL)
_NETLOC_PATTERN = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]*)(?::(\d{1,5}))?", re.IGNORECASE | re.ASCII)
_LABEL_PATTERN = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_NUMBER_PATTERN = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)  # never the last label of a host name
_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff\u2028\u2029]")
_MAX_DISPLAY_LENGTH = 120  # characters of a URL in a message
_PRIVATE_NETWORK_REASON = "of this machine or its network"
# Cloud metadata services, which give a machine its own credentials.
_METADATA_HOSTS = (
    "metadata",
    "metadata.goog",
    "metadata.google.internal",
    "instance-data",
    "instance-data.ec2.internal",
)
_LOCAL_SUFFIXES = (".localhost", ".localdomain", ".local", ".internal", ".intranet", ".home.arpa")
_METADATA_ADDRESSES = frozenset(map(ipaddress.ip_address, (
    "169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.42.42", "100.100.100.200", "168.63.129.16",
    "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42",
)))  # fmt: skip
_PRIVATE_NETWORKS = tuple(map(ipaddress.ip_network, (
    "127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
)))  # fmt: skip
# Not public, though some versions of `ipaddress` say so; includes networks that embed another address (2002::/16).
_RESERVED_NETWORKS = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)))  # fmt: skip
_PUBLIC_IPV6_NETWORK = ipaddress.ip_network("2000::/3")
_ISATAP_IDENTIFIERS = (0x00005EFE, 0x02005EFE)


@dataclass(frozen=True)
class ParsedURL:
    """The parts of an http(s) URL. `host` is in lower case, without brackets; `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str
    ip_address: IPAddress | None  # None if the host is a name

    @property
    def netloc(self) -> str:
        """Host and port as in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"


def parse_url(url: str) -> ParsedURL:
    """Split a URL into its parts. Raises `OptionError` when it could be read in more than one way."""
    if len(url) > MAX_URL_LENGTH:
        raise _build_image_url_error(url, "is too long", "Download the file yourself, and give that.")
    if _FORBIDDEN_CHARACTERS.search(url):
        raise _build_image_url_error(
            url, "has a space, a backslash or a control character in it", "Write %20 for a space."
        )
    match = _URL_PATTERN.fullmatch(url)
    if not match:
        raise _build_image_url_error(
            url, "does not begin with http:// or https://", "Give such an address, a file or bytes."
        )
    scheme, netloc, target = match[1].lower(), match[2], match[3]
    if "@" in netloc:
        raise _build_image_url_error(
            url, "has a user name or a password in it", "Download the file yourself, and give that."
        )
    match = _NETLOC_PATTERN.fullmatch(netloc)
    port = int(match[2]) if match and match[2] else {"http": 80, "https": 443}[scheme]
    if not match or not 1 <= port <= 65_535:
        raise _build_image_url_error(url, "has no host and port that can be", "Correct it.")
    host = match[1].lower() if match[1].isascii() else match[1]  # lower() would turn the Kelvin sign into a k
    ip_address = _parse_ip_address(url, host)
    return ParsedURL(scheme, host.strip("[]"), port, target if target.startswith("/") else f"/{target}", ip_address)


def _parse_ip_address(url: str, host: str) -> IPAddress | None:
    """Return the IP address a host is, None for a name. Raises `OptionError` when it is spelled in another way."""
    if not host:
        raise _build_image_url_error(url, "names no host", "Correct it.")
    try:
        if host.startswith("["):
            return ipaddress.IPv6Address(host[1:-1])
        labels = host.split(".")
        if _NUMBER_PATTERN.fullmatch(labels[-1]):
            return ipaddress.IPv4Address(host)  # four decimal numbers, and no leading zeros
    except ValueError:
        raise _build_image_url_error(
            url, "does not write its IP address in the plain form", "Use the name of the host."
        ) from None
    if len(host) > 253 or not all(map(_LABEL_PATTERN.fullmatch, labels)):
        advice = "Write it in small ASCII letters, without a dot at the end; of a name with others, the xn-- form."
        raise _build_image_url_error(url, "has a host name that is not plain", advice)
    return None


def check_host(parsed_url: ParsedURL, *, allow_private: bool) -> None:
    """Raise `OptionError` for host names of this machine or a cloud's metadata."""
    if parsed_url.host in _METADATA_HOSTS:
        raise _build_host_error(parsed_url.host, "a cloud's metadata")
    if not allow_private and f".{parsed_url.host}".endswith(_LOCAL_SUFFIXES):
        raise _build_host_error(parsed_url.host, _PRIVATE_NETWORK_REASON)


def check_address(parsed_url: ParsedURL, address: IPAddress, *, allow_private: bool) -> None:
    """Raise `OptionError` when nothing may be fetched from an address of the host."""
    reason = _find_block_reason(address)
    if reason and not (allow_private and is_private(address)):
        raise _build_host_error(parsed_url.host, reason)


def is_private(address: IPAddress) -> bool:
    """Whether an address is this machine or in a private network, and not a cloud's metadata."""
    return address not in _METADATA_ADDRESSES and any(address in network for network in _PRIVATE_NETWORKS)


def _find_block_reason(address: IPAddress) -> str:
    """Return why nothing is fetched from an address, empty for a public one."""
    if address in _METADATA_ADDRESSES:
        return "a cloud's metadata"
    if is_private(address):
        return _PRIVATE_NETWORK_REASON
    if isinstance(address, ipaddress.IPv6Address) and _is_reserved_ipv6(address):
        return "not of the public internet"
    if any(address in network for network in _RESERVED_NETWORKS) or not address.is_global or address.is_multicast:
        return "not of the public internet"
    return ""


def _is_reserved_ipv6(address: ipaddress.IPv6Address) -> bool:
    """Whether an IPv6 address is bound to a network interface, not public, or an embedded IPv4 address."""
    return (
        address.scope_id is not None
        or address not in _PUBLIC_IPV6_NETWORK
        or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP_IDENTIFIERS
    )


def redact_url(url: str) -> str:
    """Return a URL for a message: without password and query, which may be secret."""
    text = re.sub(r"//[^/?#]*@", "//…@", url.partition("?")[0].partition("#")[0])
    return clean_line("".join(letter for letter in text if letter.isprintable()), _MAX_DISPLAY_LENGTH)


def _build_image_url_error(url: str, reason: str, advice: str) -> OptionError:
    return OptionError(f"The address {redact_url(url)} {reason}.", advice=advice, is_unsafe=True)


def _build_host_error(host: str, reason: str) -> OptionError:
    advice = "Download the image yourself, and give the file."
    if reason == _PRIVATE_NETWORK_REASON:
        advice = "Give the file, or allow it with --private-urls."
    host_text = clean_line(host, _MAX_DISPLAY_LENGTH)
    return OptionError(f"{host_text} is {reason}, from where no image is fetched.", advice=advice, is_unsafe=True)
