"""K9 to K12: images from addresses, and nothing that reaches into the network of whoever runs the notebook."""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from cometmagic.courier.http import image_fetch as fetching
from cometmagic.courier.http.image_fetch import fetch
from cometmagic.courier.http.ssrf import check_address, parse_url
from cometmagic.errors import ChargeStatus, OptionError
from tests.faults.server import (
    Connection,
    FaultServer,
    Step,
    chunked,
    drip,
    encrypted,
    fin,
    limit,
    recv_request,
    response,
    rst,
    send,
    sliced,
)
from tests.gemini.answers import picture

PUBLIC, OTHER, PUBLIC_6 = "93.184.215.14", "1.1.1.1", "2606:4700:4700::1111"
PATIENCE = 20.0


class Wire:
    """What leaves this process: names looked up and connections made. Public addresses are played by a server here."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.asked: list[str] = []
        self.answers: dict[str, list[list[str]]] = {}  # of a name, the addresses of each time it is looked up
        self.stand_in: Any = None

    def resolve(self, host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(str(host))
        times = self.answers.get(str(host))
        if not times:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        now = times.pop(0) if len(times) > 1 else times[0]
        return [(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in now]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made, connect = Wire(), socket.socket.connect

    def connecting(self: socket.socket, address: Any) -> Any:
        host = str(address[0])
        made.connected.append(host)
        if ipaddress.ip_address(host).is_loopback:
            return connect(self, address)
        if made.stand_in is None or self.family != socket.AF_INET:
            raise ConnectionRefusedError(111, "Connection refused")
        return connect(self, made.stand_in)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    monkeypatch.setattr(socket, "getaddrinfo", made.resolve)
    return made


def refused(url: str, *, private: bool = False) -> str:
    with pytest.raises(OptionError) as caught:
        fetch(url, allow_private=private)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 400
    assert caught.value.charge_status is ChargeStatus.UNSENT
    return message


def answering(content: bytes, **headers: str) -> list[Step]:
    return [recv_request(), send(response(content, headers={"Content-Type": "image/png"} | headers))]


def leading(location: str, status: str = "302 Found") -> list[Step]:
    return [recv_request(), send(response(b"<html>moved</html>", status, {"Location": location}))]


def port_of(server: FaultServer) -> int:
    return int(server.url.rpartition(":")[2])


@pytest.fixture
def public(wire: Wire) -> Iterator[Any]:
    """Serve scenarios as if from public addresses: all names here are `*.example`."""
    servers: list[FaultServer] = []

    def serve(*scenarios: list[Step]) -> FaultServer:
        server = FaultServer(*scenarios)
        server.__enter__()
        servers.append(server)
        wire.stand_in = ("127.0.0.1", port_of(server))
        return server

    wire.answers["pictures.example"] = [[PUBLIC]]
    yield serve
    for server in servers:
        server.__exit__()


# --- K9 and K10: forms of addresses that are refused before anything is connected to -------------------------------

HOSTS_OF_THIS_MACHINE = [
    "127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "localhost",
    "LOCALHOST", "LocalHost", "a.localhost", "localhost.localdomain", "printer.local", "db.internal", "x.intranet",
    "router.home.arpa",
]  # fmt: skip
PRIVATE_HOSTS = ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.255",
                 "[fc00::1]", "[fd12:3456:789a::1]"]  # fmt: skip
NEVER_HOSTS = [
    # metadata, and what is link-local
    "169.254.169.254", "169.254.170.2", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "[fd00:ec2::254]", "[fd20:ce::254]", "[fe80::1]", "[febf::1]", "[fec0::1]", "metadata.google.internal", "metadata",
    "METADATA.goog", "instance-data", "instance-data.ec2.internal",
    # shared, reserved, for documents and measurements, multicast, broadcast
    "100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3", "192.0.0.1",  # noqa: S104  # refused, not bound to
    "192.0.2.1", "198.51.100.7", "203.0.113.9",
    "198.18.0.1", "198.19.255.255", "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "[::]", "[ff02::1]", "[ff0e::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]", "[4000::1]",
    # one address in another
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[::7f00:1]", "[::8.8.8.8]",
    "[2002:7f00:1::]", "[2002:a00:1::1]", "[2002:808:808::1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]", "[2001:0:7f00:1::]", "[2001::1]", "[2606:4700::5efe:7f00:1]", "[2606:4700::200:5efe:a00:1]",
    "[fe80::5efe:127.0.0.1]",
    # numbers that other programs read as addresses
    "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7F.1", "0177.0.0.1", "0177.1", "017700000001", "127.1", "127.0.1",
    "127.0.0.01", "127.0.0.0x1", "1.2.3.4.5", "256.1.1.1", "0", "1", "0x", "3232235521", "8.8.8.8.", "010.8.8.8",
    "1.1.1", "a.1", "a.0x7f",
    # names that are not plain
    "localhost.", "127.0.0.1.", "pictures.example.", "pictures..example", ".pictures.example", "-a.example",
    "a-.example",
    "①②⑦.⓪.⓪.①", "\uff11\uff12\uff17.0.0.1", "127。0。0。1", "١٢٧.0.0.1", "bücher.example", "\u212aelvin.example",
    "loc\u00adalhost",
    "127%2e0%2e0%2e1", "127.0.0.1%00.example", "[::1%25lo]", "[::1%lo]", "[::1", "::1", "[1.2.3.4]", "[]", "[v1.x]",
    "a" * 64 + ".example", ".".join(["a" * 60] * 5), "a,b.example", "a;b", "a'b", "*", "a~b", "a+b", "$x",
]  # fmt: skip
FORMS = [
    "", " ", "x.png", "/x.png", "//pictures.example/x.png", "http:", "http:/", "http://", "http:///x.png", "http:x.png",
    "http:/pictures.example/x", "https://:443/", "http://?x", "http://#x", "ftp://pictures.example/x",
    "file:///etc/passwd", "gopher://pictures.example", "data:image/png;base64,AAAA", "javascript:alert(1)",
    "ws://pictures.example", "httpx://pictures.example", "http\u017f://pictures.example",
    "jar:http://pictures.example!/",
    "http://user@pictures.example/", "http://user:pass@pictures.example/", "http://pictures.example@127.0.0.1/",
    "http://127.0.0.1@pictures.example/", "http://@pictures.example/", "http://a@b@pictures.example/",
    "http://pictures.example:0/", "http://pictures.example:65536/", "http://pictures.example:99999/",
    "http://pictures.example:/", "http://pictures.example:-1/", "http://pictures.example:+80/",
    "http://pictures.example: 80/", "http://pictures.example:80a/", "http://pictures.example:0x50/",
    "http://pictures.example:80:80/", "http://pictures.example:\u0668\u0660/", "http://pictures.example:000080/",
    "http:\\\\pictures.example\\x", "http://pictures.example\\@127.0.0.1/", "http://pictures.example/a\\b",
    "http:\\/pictures.example", "\\\\host\\share\\x.png", "http://pictures.example/a b.png",
    " http://pictures.example/",
    "http://pictures.example/\n", "http://pictures.example/\r\nHost: x", "http://pic\ttures.example/",
    "http://pictures.example/\0", "\x00http://pictures.example/", "http://pictures.example/\x7f",
    "http://pictures.example/\x85", "http://pictures.example/\u2028", "http://pictures.example/\ud800",
    "http://pictures.example\u3000/", "h\nttp://pictures.example/", "http://[::1]x/",
    "http://[::1]]/", "http://[[::1]]/",
]  # fmt: skip


@pytest.mark.parametrize("host", [*HOSTS_OF_THIS_MACHINE, *PRIVATE_HOSTS, *NEVER_HOSTS], ids=ascii)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_k10_a_host_that_is_not_public_is_refused_before_any_connection(wire: Wire, scheme: str, host: str) -> None:
    refused(f"{scheme}://{host}:8080/x.png")
    refused(f"{scheme}://{host}")

    assert wire.connected == []
    assert wire.asked == []


@pytest.mark.parametrize("host", NEVER_HOSTS, ids=ascii)
def test_k10_what_is_never_fetched_is_refused_although_private_is_allowed(wire: Wire, host: str) -> None:
    refused(f"http://{host}/x.png", private=True)

    assert wire.connected == []
    assert wire.asked == []


@pytest.mark.parametrize("url", FORMS, ids=ascii)
@pytest.mark.parametrize("private", [False, True])
def test_k9_an_address_of_another_form_is_refused_before_any_connection(wire: Wire, url: str, private: bool) -> None:
    wire.answers["pictures.example"] = [[PUBLIC]]

    refused(url, private=private)

    assert wire.connected == []
    assert wire.asked == []


def addresses(hosts: list[str]) -> Iterator[str]:
    """Yield those hosts that are IP addresses, as a look-up gives them."""
    for host in hosts:
        with contextlib.suppress(ValueError):
            yield str(ipaddress.IPv6Address(host[1:-1]) if host.startswith("[") else ipaddress.IPv4Address(host))


NOT_PUBLIC = sorted({*addresses([*HOSTS_OF_THIS_MACHINE, *PRIVATE_HOSTS, *NEVER_HOSTS])})


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_k10_a_name_that_has_such_an_address_is_refused_before_any_connection(wire: Wire, address: str) -> None:
    wire.answers["pictures.example"] = [[PUBLIC, address], [PUBLIC]]

    message = refused("http://pictures.example/x.png")

    assert "from where no image is fetched" in message
    assert wire.connected == []


def test_the_forms_are_more_than_a_hundred() -> None:
    forms = {*HOSTS_OF_THIS_MACHINE, *PRIVATE_HOSTS, *NEVER_HOSTS, *FORMS}

    assert len(forms) > 150
    assert len(NOT_PUBLIC) > 60


@pytest.mark.parametrize("host", ["127.0.0.1", "LOCALHOST", "a.localhost", "pictures.example", "localhost.localdomain"])
def test_the_control_the_same_fetcher_connects_where_it_is_allowed(wire: Wire, host: str) -> None:
    with FaultServer(answering(picture())) as server:
        wire.answers = {name: [["127.0.0.1"]] for name in ("localhost", "a.localhost", "pictures.example")}
        wire.answers["localhost.localdomain"] = [["127.0.0.1"]]

        assert fetch(f"http://{host}:{port_of(server)}/x.png", allow_private=True) == picture()

        assert wire.connected == ["127.0.0.1"]
        assert server.posts == 1


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.1.1", "172.20.0.5", "[fd12::1]"])
def test_private_networks_are_reached_where_they_are_allowed(wire: Wire, host: str) -> None:
    assert "Could not reach" in refused(f"http://{host}/", private=True)

    assert wire.connected == [host.strip("[]")]


@pytest.mark.parametrize(
    "host",
    ["8.8.8.8", "1.0.0.1", "93.184.215.14", "172.32.0.1", "192.169.0.1", "100.128.0.1", "169.253.0.1",
     "223.255.255.255",
     "[2606:4700:4700::1111]", "[2a00:1450:4001:82a::200e]"],
)  # fmt: skip
def test_public_addresses_are_reached(wire: Wire, host: str) -> None:
    assert "Could not reach" in refused(f"https://{host}/x.png")

    assert wire.connected == [host.strip("[]")]


def test_what_can_be_written_plainly_is_taken_apart() -> None:
    where = parse_url("HTTPS://Pictures.EXAMPLE:8443/a%20b/ü?q=1&r=@#part")

    assert (where.scheme, where.host, where.port) == ("https", "pictures.example", 8443)
    assert where.target == "/a%20b/ü?q=1&r=@"
    assert (where.netloc, where.ip_address) == ("pictures.example:8443", None)
    assert parse_url("http://x.example?q").target == "/?q"
    assert parse_url("http://[2606:4700::1]:80/").netloc == "[2606:4700::1]"


# --- K11: names that change what they mean, and redirects -----------------------------------------------------------

REBINDING = {
    "to this machine": ([[PUBLIC], ["127.0.0.1"]], PUBLIC),
    "to a cloud's metadata": ([[PUBLIC], ["169.254.169.254"]], PUBLIC),
    "to another public one": ([[OTHER], [PUBLIC]], OTHER),
}


@pytest.mark.parametrize("case", REBINDING)
def test_k11_the_address_that_was_checked_is_the_one_connected_to(wire: Wire, public: Any, case: str) -> None:
    answers, checked = REBINDING[case]
    server = public(answering(picture()))
    wire.answers["rebind.example"] = [list(each) for each in answers]

    assert fetch("http://rebind.example:8080/x.png") == picture()

    assert wire.connected == [checked]
    assert wire.asked == ["rebind.example"]
    assert server.log[0].headers["host"] == "rebind.example:8080"


def test_k11_a_name_that_is_asked_again_after_a_redirect_is_checked_again(wire: Wire, public: Any) -> None:
    public(leading("/y.png"), answering(picture()))
    wire.answers["rebind.example"] = [[PUBLIC], ["127.0.0.1"]]

    assert "of this machine" in refused("http://rebind.example/x.png")

    assert wire.connected == [PUBLIC]


@pytest.mark.parametrize(
    "inside",
    ["http://127.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:127.0.0.1]/", "http://2130706433/",
     "//10.0.0.1/x", "http://localhost/", "http://rebound.example/", "http://pictures.example\\@127.0.0.1/",
     "http://user@pictures.example/", "file:///etc/passwd", "ftp://pictures.example/", "http://[::1", "gopher://x",
     "http://[", "http://", "//", "http://pictures.example:99999/", "http://pictures.example:x/", "javascript:alert(1)",
     "/\ty", "/\x01", "/\x85", "http://pictures\t.example/", "//\xed\xa0\x80.example/", "//%zz/", "//127.0.0.1%00/",
     "http://\xe2\x84\x80.example/", "/" + "y" * 9000, "/" + "y" * 70_000, "/" + "y" * 2**20],
    ids=lambda address: ascii(address)[:60] + f"-{len(address)}",  # a test's name is written in many places
)  # fmt: skip
@pytest.mark.parametrize("private", [False, True])
def test_k11_a_redirect_never_leads_inside(wire: Wire, public: Any, inside: str, private: bool) -> None:
    server = public(leading(inside))
    wire.answers["rebound.example"] = [["192.168.1.1"]]

    refused("http://pictures.example/x.png", private=private)

    assert wire.connected == [PUBLIC]
    assert server.posts == 1


CHAINS: dict[str, tuple[list[list[Step]], str]] = {
    "one": ([leading("/y.png"), answering(picture())], ""),
    "three": (
        [
            leading("http://pictures.example/b/c", "301 Moved Permanently"),
            leading("../d?e=f#g", "307 Temporary Redirect"),
            leading("//pictures.example/h", "308 Permanent Redirect"),
            answering(picture()),
        ],
        "",
    ),
    "four": ([leading("/y")] * 4, "one redirect too many"),
    "a circle": ([leading("/x.png", "303 See Other")] * 9, "one redirect too many"),
    "public, then inside": (
        [leading("/y"), leading("http://10.0.0.1/z")],
        "10.0.0.1 is of this machine or its network",
    ),
    "without a way": ([[recv_request(), send(response(b"", "302 Found"))]], "answered 302"),
    "of another kind": ([leading("/y", "300 Multiple Choices")], "answered 300"),
    "not modified": ([leading("/y", "304 Not Modified")], "answered 304"),
}


@pytest.mark.parametrize("name", CHAINS)
def test_k11_chains_of_redirects(wire: Wire, public: Any, name: str) -> None:
    scenarios, told = CHAINS[name]
    server = public(*scenarios)

    if told:
        assert told in refused("http://pictures.example/a/x.png")
    else:
        assert fetch("http://pictures.example/a/x.png") == picture()

    assert len(server.log) <= 4
    assert set(wire.connected) == {PUBLIC}
    if name == "three":
        asked = [exchange.start_line for exchange in server.log]
        assert asked == [f"GET {path} HTTP/1.1" for path in ("/a/x.png", "/b/c", "/d?e=f", "/h")]


def test_private_is_allowed_from_private_to_private_and_on_to_public(wire: Wire, public: Any) -> None:
    server = public(leading("http://127.0.0.1/b"), leading("http://pictures.example/c"), answering(picture()))
    wire.answers["inside.example"] = [["192.168.1.1"]]
    location = f"http://127.0.0.1:{port_of(server)}/b"
    server._scenarios[0] = leading(location)

    assert fetch("http://inside.example/a", allow_private=True) == picture()

    assert wire.connected == ["192.168.1.1", "127.0.0.1", PUBLIC]


def test_what_is_no_address_at_all_is_refused_as_one(wire: Wire) -> None:
    for url in ("http://pictures.example/" + "y" * 9000, "http://pictures.example/" + "y" * 2**20):
        assert "is too long" in refused(url)

    assert wire.connected == []


def test_k11_what_is_encrypted_leads_to_nothing_that_is_not() -> None:
    where = parse_url("https://pictures.example/x")

    for location in ("http://pictures.example/y", "ftp://pictures.example", "http://[::1"):
        with pytest.raises(OptionError, match="not https"):
            fetching._resolve_redirect("https://pictures.example/x", where, location)
    assert fetching._resolve_redirect("https://pictures.example/x", where, "/y") == "https://pictures.example/y"


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_what_is_sent_has_nothing_of_the_user(
    wire: Wire, public: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / ".netrc").write_text(f"machine {PUBLIC} login me password netrcsecret\ndefault login me password p\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("COMETAPI_KEY", "sk-" + "k" * 40)
    cookies = {"Set-Cookie": "session=abc; Path=/"}
    first = [recv_request(), send(response(b"", "302 Found", {"Location": "/y?q=%2F&r=a+b#part", **cookies}))]
    server = public(first, answering(picture()))

    fetch("http://pictures.example/ä b.png".replace(" ", "%20"))

    for exchange, path in zip(server.log, ("/%C3%A4%20b.png", "/y?q=%2F&r=a+b"), strict=True):
        assert exchange.start_line == f"GET {path} HTTP/1.1"
        assert exchange.headers["host"] == "pictures.example"
        assert set(exchange.headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
def test_no_proxy_is_used(wire: Wire, public: Any, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    public(answering(picture()))
    with FaultServer() as proxy:
        monkeypatch.setenv(variable, proxy.url)
        monkeypatch.setenv(variable.lower(), proxy.url)

        assert fetch("http://pictures.example/x.png") == picture()
        wire.stand_in = None
        told = refused("https://pictures.example/x.png")

    assert proxy.log == []
    assert ("do not go through the proxy" in told) == (variable != "HTTP_PROXY")


def test_a_certificate_is_asked_for_by_name_and_not_by_address(wire: Wire, public: Any) -> None:
    hello: list[bytes] = []

    def listen(connection: Connection) -> None:
        hello.append(connection.socket.recv(65_536))

    public([listen, fin()])

    refused("https://pictures.example/x.png")

    assert wire.connected == [PUBLIC]
    assert b"pictures.example" in hello[0]
    assert PUBLIC.encode() not in hello[0]


def test_the_next_address_is_tried_when_one_is_not_reached(wire: Wire, public: Any) -> None:
    public(answering(picture()))
    wire.answers["pictures.example"] = [[PUBLIC_6, PUBLIC, PUBLIC]]

    assert fetch("http://pictures.example/x.png") == picture()

    assert wire.connected == [PUBLIC_6, PUBLIC]


# --- K12: what comes back -------------------------------------------------------------------------------------------

KINDS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]
PACKED = {"Content-Encoding": "gzip"}
CHUNKED = {"Transfer-Encoding": "chunked"}
SECRET = b"the secret of this page"
BAD: dict[str, tuple[list[Step], str]] = {
    "404": ([recv_request(), send(response(b"<html>" + SECRET, "404 Not Found"))], "answered 404"),
    "404 that is an image": ([recv_request(), send(response(picture(), "404 Not Found"))], "answered 404"),
    "500": ([recv_request(), send(response(SECRET, "500 Oh\x1b[31m"))], "answered 500"),
    "206": ([recv_request(), send(response(picture(), "206 Partial Content"))], "answered 206"),
    "401": ([recv_request(), send(response(SECRET, "401 No", {"WWW-Authenticate": "Basic"}))], "answered 401"),
    "a web page": (answering(b"<!DOCTYPE html><p>" + SECRET), "is no image"),
    "an svg": (answering(b"<svg xmlns='http://www.w3.org/2000/svg'>" + SECRET), "is no image"),
    "a pdf": (answering(b"%PDF-1.7 " + SECRET * 9), "is no image"),
    "postscript": (answering(b"%!PS-Adobe-3.0 EPSF" + SECRET), "is no image"),
    "json": (answering(b'{"AccessKeyId": "' + SECRET), "is no image"),
    "nothing": (answering(b""), "is no image"),
    "a few bytes": (answering(b"abc"), "is no image"),
    "too much by its own word": (answering(picture(), **{"Content-Length": "20000001"}), "larger than 20 MB"),
    "too much": (
        [recv_request(), send(response(picture() + bytes(20_000_001), length=False)), fin()], "larger than 20 MB"
    ),
    "a bomb": (answering(gzip.compress(picture() + bytes(40_000_000)), **PACKED), "larger than 20 MB"),
    "cut short": ([recv_request(), limit(response(picture()), 150), fin()], "did not come whole"),
    "reset": ([recv_request(), limit(response(picture()), 60), rst()], "did not come whole"),
    "no answer": ([recv_request(), fin()], "did not come whole"),
    "nonsense": ([recv_request(), send(b"hello\r\n\r\n")], "did not come whole"),
    "gzip cut short": (answering(gzip.compress(picture())[:-9], **PACKED), "did not come whole"),
    "packed otherwise": (answering(picture(), **{"Content-Encoding": "br"}), "did not come whole"),
    "packed, and a page": (answering(gzip.compress(b"<html>" + SECRET * 9), **PACKED), "is no image"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_k12_what_is_no_whole_image_is_one_line_without_a_word_of_it(wire: Wire, public: Any, name: str) -> None:
    steps, told = BAD[name]
    public(steps)

    message = refused("http://pictures.example/x.png?token=querysecret")

    assert told in message
    assert "secret" not in message
    assert wire.connected == [PUBLIC]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["length", "chunked", "to the end", "gzip", "slices"])
def test_an_image_of_any_kind_comes_byte_for_byte(wire: Wire, public: Any, kind: str, way: str) -> None:
    content = picture(kind)
    ways: dict[str, list[Step]] = {
        "length": answering(content),
        "chunked": [recv_request(), send(response(chunked(content, 7), headers=CHUNKED, length=False))],
        "to the end": [recv_request(), send(response(content, length=False)), fin()],
        "gzip": answering(gzip.compress(content), **PACKED),
        "slices": [recv_request(), sliced(response(content), 5)],
    }
    public(ways[way])

    assert fetch("http://pictures.example/x") == content


def test_what_comes_drop_by_drop_ends_in_time(wire: Wire, public: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TOTAL_TIMEOUT", 0.4)
    public(
        [recv_request(), drip(response(picture()), 0.05)],
        [recv_request(), drip(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 999, 0.05)],
    )

    for _ in range(2):
        assert "did not come within 0.4 seconds" in refused("http://pictures.example/x.png?querysecret")


def test_a_name_that_is_looked_up_for_ever_ends_in_time(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TOTAL_TIMEOUT", 0.1)
    let_go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: let_go.wait(PATIENCE))

    assert "did not come within" in refused("http://pictures.example/x.png")
    let_go.set()

    assert wire.connected == []


def test_an_unknown_name_is_told(wire: Wire) -> None:
    assert "There is no host nowhere.example" in refused("https://nowhere.example/x.png")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_an_encrypted_image_comes_from_whom_it_should(
    wire: Wire, public: Any, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "trusted.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    server = public([encrypted(authority, "pictures.example"), *answering(picture()), fin()])

    assert fetch("https://pictures.example/x.png") == picture()

    assert wire.connected == [PUBLIC]
    assert server.log[0].headers["host"] == "pictures.example"


@pytest.mark.parametrize("name", ["other.example", PUBLIC])
def test_a_certificate_for_another_name_is_refused(
    wire: Wire, public: Any, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, name: str
) -> None:
    """Also one for the very address: a name was asked for."""
    authority.cert_pem.write_to_path(tmp_path / "trusted.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    server = public([encrypted(authority, name), *answering(picture()), fin()])

    assert "does not show a certificate that is trusted" in refused("https://pictures.example/x.png")

    assert server.posts == 0


def test_a_certificate_nobody_vouches_for_is_refused(wire: Wire, public: Any, authority: trustme.CA) -> None:
    server = public([encrypted(authority, "pictures.example"), *answering(picture()), fin()])

    assert "does not show a certificate that is trusted" in refused("https://pictures.example/x.png")

    assert server.posts == 0


def test_certificates_that_cannot_be_read_are_told(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    wire.answers["pictures.example"] = [[PUBLIC]]
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")

    assert "SSL_CERT_FILE names /no/such/file, which cannot be read" in refused("https://pictures.example/x.png")

    assert wire.connected == []


def test_a_password_in_an_address_is_not_shown(wire: Wire) -> None:
    message = refused("https://me:hunter2@pictures.example/x?key=topsecret")

    assert "hunter2" not in message
    assert "topsecret" not in message
    assert "pictures.example/x" in message


def test_it_works_beside_a_running_loop(wire: Wire, public: Any) -> None:
    import asyncio

    public(answering(picture()))

    async def cell() -> bytes:
        return fetch("http://pictures.example/x.png")

    assert asyncio.run(cell()) == picture()


def test_every_public_address_of_the_table_passes_by_itself() -> None:
    """The control of the table: the check is what refuses, not something in front of it."""
    where = parse_url("http://pictures.example/")

    for address in (PUBLIC, OTHER, PUBLIC_6):
        check_address(where, ipaddress.ip_address(address), allow_private=False)
    with pytest.raises(OptionError):
        check_address(where, ipaddress.ip_address("127.0.0.1"), allow_private=False)
