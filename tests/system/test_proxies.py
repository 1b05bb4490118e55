"""What is said of a proxy is what a request does with it, and no password shows."""

from __future__ import annotations

import httpx
import pytest

from cometmagic.system.no_proxy import is_exempt
from cometmagic.system.proxies import describe_proxy, find_proxy, find_proxy_problem

HERE = "https://api.cometapi.com"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
SECRETS = [
    "http://ada:secret@proxy:3128",
    "http://secret@proxy:3128",
    "ada:se@cret@proxy:3128",
    "http://proxy:3128/?secret",
    "http://proxy:3128#secret",
    "ada:secret",
    "http://ada:secret",
    "ada:pass://secret@proxy:3128",
    "http://ada:secret @proxy:3128",
]

# Variables, an address, and what is told.
PROXIES = [
    ({}, HERE, "none"),
    ({"HTTPS_PROXY": "http://proxy:3128"}, HERE, "http://proxy:3128"),
    ({"HTTPS_PROXY": " http://proxy:3128\n"}, HERE, "http://proxy:3128"),
    ({"HTTPS_PROXY": "  "}, HERE, "none"),
    ({"https_proxy": "proxy:3128"}, HERE, "http://proxy:3128"),
    ({"https_proxy": "lower:1", "HTTPS_PROXY": "upper:1"}, HERE, "http://lower:1"),
    ({"all_proxy": "proxy:3128"}, HERE, "http://proxy:3128"),
    ({"ALL_PROXY": "http://other:1", "HTTPS_PROXY": "http://proxy:3128"}, HERE, "http://proxy:3128"),
    ({"HTTP_PROXY": "http://proxy:3128"}, HERE, "none"),
    ({"HTTP_PROXY": "htp://x", "ALL_PROXY": "socks://x", "HTTPS_PROXY": "http://proxy"}, HERE, "http://proxy"),
    ({"HTTPS_PROXY": "http://proxy", "NO_PROXY": "cometapi.com"}, HERE, "none, because NO_PROXY spares api.cometapi"),
    ({"HTTPS_PROXY": "http://proxy", "no_proxy": "x, .cometapi.com"}, HERE, "none, because NO_PROXY spares api."),
    ({"HTTPS_PROXY": "htp://x", "NO_PROXY": "*"}, HERE, "none, because NO_PROXY spares api."),
    ({"HTTPS_PROXY": "http://proxy", "NO_PROXY": "[::1], 10.0.0.0/8"}, HERE, "http://proxy"),
    ({"HTTPS_PROXY": "htp://x"}, HERE, "HTTPS_PROXY, which cannot be used"),
    ({"HTTPS_PROXY": "htp://x"}, "http://127.0.0.1:1", "none, which an address with plain http:// never uses"),
]

# An entry of NO_PROXY, a host, its port, and whether the entry covers it.
EXEMPTIONS = [
    ("api.cometapi.com", "api.cometapi.com", 443, True),
    ("API.CometAPI.com", "api.cometapi.com", 443, True),
    ("api.cometapi.com.", "api.cometapi.com", 443, True),
    ("cometapi.com", "api.cometapi.com", 443, True),
    (".cometapi.com", "api.cometapi.com", 443, True),
    (".cometapi.com", "cometapi.com", 443, False),
    ("*.cometapi.com", "api.cometapi.com", 443, True),
    ("*.cometapi.com", "cometapi.com", 443, False),
    ("*.cometapi.com", "cometapi.com.evil.example", 443, False),
    ("api.*", "api.cometapi.com", 443, True),
    ("*", "api.cometapi.com", 443, True),
    ("x,*", "api.cometapi.com", 443, True),
    ("metapi.com", "api.cometapi.com", 443, False),
    ("api.cometapi.com.evil.example", "api.cometapi.com", 443, False),
    ("https://api.cometapi.com", "api.cometapi.com", 443, True),
    ("https://api.cometapi.com/", "api.cometapi.com", 443, True),
    ("all://cometapi.com", "api.cometapi.com", 443, True),
    ("http://api.cometapi.com", "api.cometapi.com", 443, False),
    ("relay.example:8443", "relay.example", 8443, True),
    ("relay.example:8444", "relay.example", 8443, False),
    ("*:8443", "relay.example", 8443, True),
    ("localhost", "localhost", 443, True),
    ("localhost", "127.0.0.1", 443, False),
    ("127.0.0.1", "127.0.0.1", 443, True),
    ("127.0.0.1:443", "127.0.0.1", 443, True),
    ("10.0.0.0/8", "10.1.2.3", 443, True),
    ("10.0.0.0/8", "11.1.2.3", 443, False),
    ("10.1.2.3/8", "10.9.9.9", 443, True),
    ("10.0.0.0/8", "10.example", 443, False),
    ("::1", "::1", 443, True),
    ("[::1]", "::1", 443, True),
    ("[::1]:8080", "::1", 8080, True),
    ("[::1]:8080", "::1", 443, False),
    ("::1:8080", "::1", 8080, False),
    ("0:0:0:0:0:0:0:1", "::1", 443, True),
    ("https://[::1]", "::1", 443, True),
    ("fe80::/10", "fe80::5", 443, True),
    ("[fe80::]/10", "fe80::5", 443, True),
    ("fe80::/10", "::1", 443, False),
    ("::/0", "10.1.2.3", 443, False),
    (" a \t::1 ,b", "::1", 443, True),
    ("a b cometapi.com", "api.cometapi.com", 443, True),
    ("[::1, fe80::/999, 10.0.0.0/99, :, ://, ., [], *:x", "api.cometapi.com", 443, False),
    ("", "api.cometapi.com", 443, False),
]

ADDRESSES = [
    "http://proxy", "http://u%zz:p%@host:1", "http://host:0080", "http://[::ffff:1.2.3.4]:1", "http://_x:1", "http://host#x",
    "http://proxy:3128", "HTTP://proxy:3128/", "https://proxy", "proxy", "proxy.example.:80",
    "my_proxy:3128", "http://user@proxy", "http://user:@proxy:1", "http://u%40x:p%3Aq@proxy:1", "http://10.0.0.1:8080",
    "http://[::1]:3128", "http://[fe80::1%25eth0]:1", "http://xn--prxy-6qa:80", "http://proxy:", "http://p\u00e4ss:w\u00f6rd@proxy",
]  # fmt: skip
FLAWED_ADDRESSES = [
    ":8080", "http:/host:80", "http//host:80", "'http://host:80'", "HTTPS_PROXY=http://x:1", "::1", "http://[]:1", "http://a|b",
    "http://", "http://:8080", "http:///proxy", "//proxy:3128", "http://host:notaport", "http://[::1", "http://::1:80",
    "http://[::1]]:80", "http://[proxy]:80", "http://host:99999", "host:0", "host:-1", "host:80:80", "http://a b:80", "http://a\tb",
    "http://host:80 80", "htp://x", "socks://127.0.0.1:1", "socks4://127.0.0.1:1", "socks4a://x", "socks5://127.0.0.1:1",
    "socks5h://x", "ftp://x", "file:///etc/proxy", "http://999.1.1.1", "http://1.2.3.4.5", "http://..:80", "http://a..b:80",
    f"http://{'a' * 64}:80", f"http://{'a.' * 130}b:80", "http://pr\u00f6xy:80", "http://\u2603", "http://\udcff:80",
    "http://user:p\udcff@host", "http://user:pa#ss@host", "http://user:pa/ss@host", "http://user:pa?ss@host", "http://@",
    f"http://{'u' * 70_000}@host", "http://user@", "ht tp://x", "http://-x", "http://host:1" + "0" * 5000,
    "ada:secret", "DIRECT;PROXY x:1", "http://a%20b", "\\\\proxy\\x",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def setting(patch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        patch.setenv(name, value)


@pytest.mark.parametrize(("variables", "url", "told"), PROXIES)
def test_the_proxy_that_is_told_is_the_one_that_is_used(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, told: str
) -> None:
    setting(monkeypatch, variables)

    assert describe_proxy(url).startswith(told)
    assert (find_proxy(url) is not None) == (not told.startswith("none"))
    assert bool(find_proxy_problem(url)) == told.endswith("cannot be used")


@pytest.mark.parametrize(("entries", "host", "port", "covered"), EXEMPTIONS)
def test_what_an_entry_of_no_proxy_covers(entries: str, host: str, port: int, covered: bool) -> None:
    assert is_exempt(entries, host, port) is covered


@pytest.mark.parametrize("address", [*ADDRESSES, *FLAWED_ADDRESSES])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
def test_an_address_that_cannot_be_used_is_told_with_its_variable_and_any_other_is_taken_by_httpx(
    monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    monkeypatch.setenv(variable, address)

    problem = find_proxy_problem(HERE)

    assert bool(problem) == (address in FLAWED_ADDRESSES)
    if problem:
        assert problem.startswith(f"{variable} ")
        assert "\n" not in problem
        assert describe_proxy(HERE) == f"{variable}, which cannot be used"
    else:
        httpx.AsyncClient(proxy=find_proxy(HERE), trust_env=False)


@pytest.mark.parametrize("address", SECRETS)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_no_password_is_told(monkeypatch: pytest.MonkeyPatch, address: str, variable: str) -> None:
    for scheme in ("", "ftp://", "socks5://", "socks://"):
        monkeypatch.setenv(variable, f"{scheme}{address.removeprefix('http://')}" if scheme else address)

        told = " ".join([describe_proxy(HERE), find_proxy_problem(HERE)])

        assert "proxy" in told.lower()
        assert [word for word in ("secret", "cret", "ada", "pass") if word in told] == []
