"""Addresses: what is public is fetched, everything that leads inside is refused."""

from __future__ import annotations

import ipaddress
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masa_rag._http.addresses import AllowedHosts, check_answers, is_public, read_address
from masa_rag.errors import SourceError

DATA = Path(os.environ.get("MASA_RAG_DATA", Path(__file__).parents[2] / "shared" / "data"))

PRIVATE_4 = [
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1",
    "192.168.255.255", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3",
    "192.0.0.1", "192.0.2.7", "198.18.0.1", "198.19.255.255", "198.51.100.9", "203.0.113.5", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1", "168.63.129.16",
]  # fmt: skip
PUBLIC_4 = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "11.0.0.1",
]
PRIVATE_6 = [
    "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "100::1",
    "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2002:7f00:1::", "2002:0a00:1::1", "64:ff9b:1::1", "3fff::1",
    "fd00:ec2::254", "4000::1", "::2",
]  # fmt: skip
PUBLIC_6 = ["2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "2620:fe::fe", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE_4 + PRIVATE_6)
def test_not_public(address: str) -> None:
    """Private, local, shared, reserved, multicast and tunnelled addresses are not public."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC_4 + PUBLIC_6)
def test_public(address: str) -> None:
    """Addresses beside the special blocks are public."""
    assert is_public(address)


@pytest.mark.parametrize("inner", PRIVATE_4)
@pytest.mark.parametrize("form", ["::ffff:{}", "::{}", "64:ff9b::{}", "::ffff:0:{}"])
def test_ipv4_inside_ipv6(form: str, inner: str) -> None:
    """An IPv4 address inside an IPv6 one is judged like the IPv4 address, or refused with its form."""
    assert not is_public(form.format(inner))


@given(st.ip_addresses(v=4))
def test_agrees_with_the_standard_library(address: ipaddress.IPv4Address) -> None:
    """Nothing that the standard library calls private, reserved or multicast is public here."""
    if not address.is_global or address.is_multicast:
        assert not is_public(str(address))


def spellings(address: str) -> list[str]:
    """Return ways to write an IPv4 address that some parser understands."""
    a, b, c, d = map(int, address.split("."))
    number = int(ipaddress.IPv4Address(address))
    enclosed = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
    wide = str.maketrans("0123456789.", "０１２３４５６７８９．")
    forms = [
        str(number), hex(number), oct(number).replace("0o", "0"), f"0x{number:x}".upper(),
        f"{a}.{b * 65536 + c * 256 + d}",
        f"{a}.{b}.{c * 256 + d}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
        f"{a:04d}.{b}.{c}.{d}", f"{a}.{b}.{c}.{d}.", f"{a}.{b}.{c}.0x{d:x}", f"{a + 256}.{b}.{c}.{d}",
        address.translate(enclosed), address.translate(wide), address.replace(".", "。"), address.replace(".", "%2e"),
        f"[::ffff:{address}]", f"[::{address}]", f"[64:ff9b::{address}]", f"[2002:{a:02x}{b:02x}:{c:02x}{d:02x}::]",
        f"[0:0:0:0:0:ffff:{a:02x}{b:02x}:{c:02x}{d:02x}]", f"[::ffff:{address}%25lo]", f"user@{address}",
        f"public.example@{address}", f"public.example:80@{address}", f"{address}#@public.example",
        f"{address}\\@public.example",
        f"public.example\\@{address}", f" {address}", f"{address}\t", f"{address}\x00", f"\u200b{address}",
    ]  # fmt: skip
    return [address, *forms]


HOSTILE = [
    f"{scheme}://{form}{port}{path}"
    for address in ("127.0.0.1", "169.254.169.254", "10.0.0.5", "192.168.1.1", "172.16.5.4", "100.64.0.9", "0.0.0.0")
    for form in spellings(address)
    for scheme in ("http", "https")
    for port in ("", ":8080")
    for path in ("/", "/latest/meta-data/")
]


def would_connect(url: str) -> tuple[str, ...]:
    """Return the addresses a fetch would connect to; numbers resolve to themselves, names to a public address."""
    address = read_address(url)
    try:
        ipaddress.ip_address(address.host)
    except ValueError:
        return check_answers(address, ["93.184.216.34"], AllowedHosts())
    return check_answers(address, [address.host], AllowedHosts())


def test_hostile_spellings_reach_nothing_private() -> None:
    """Over a thousand spellings of private addresses: refused, or read as a public name or address."""
    assert len(set(HOSTILE)) >= 1_000
    for url in HOSTILE:
        try:
            reached = would_connect(url)
        except SourceError:
            continue
        assert all(is_public(place) for place in reached), url


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "file:///etc/passwd",
        "gopher://a.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "",
        "//",
        "http://",
        "http:///path",
        "http://a.example:22/",
        "http://a.example:6379/",
        "http://a.example:99999/",
        "http://a.example:x/",
        "http://user:pass@a.example/",
        "http://a..example/",
        "http://[::1",
        "http://a.example\\b",
        "http://a b.example/",
        "http://a.example/\n",
        "http://" + "a" * 300 + ".example/",
        "dict://a.example:11211/",
        "http://a%00.example/",
    ],
)
def test_refused_addresses(url: str) -> None:
    """Other schemes, credentials, ports of other services and broken hosts are refused with a typed error."""
    with pytest.raises(SourceError):
        read_address(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Example.COM", "http://example.com/"),
        ("https://example.com:443/a?b=c#d", "https://example.com/a?b=c"),
        ("http://example.com:8080/ä?q=ü", "http://example.com:8080/%C3%A4?q=%C3%BC"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[2606:4700::1]/", "http://[2606:4700::1]/"),
        ("http://example.com./", "http://example.com/"),
        ("http://example.com/%7Euser", "http://example.com/%7Euser"),
    ],
)
def test_one_plain_spelling(url: str, expected: str) -> None:
    """Case, default ports, fragments and characters outside ASCII are brought into one form."""
    assert read_address(url).url == expected


def test_relative_addresses() -> None:
    """A relative address is read from the page it stands in."""
    assert read_address("../b?x=1", base="https://a.example/one/two").url == "https://a.example/b?x=1"
    assert read_address("//b.example/", base="https://a.example/").url == "https://b.example/"


def test_three_hundred_ordinary_addresses() -> None:
    """Ordinary addresses are not refused."""
    hosts = ["example.com", "www.example.co.uk", "sub-domain.example.org", "münchen.example", "xn--bcher-kva.example"]
    hosts += [
        "1.example.com",
        "123.example",
        "a_b.example",
        "93.184.216.34",
        "[2606:4700:4700::1111]",
        "localhost.example",
    ]
    paths = [
        "",
        "/",
        "/a/b.html",
        "/?q=1",
        "/a?b=c&d=e%20f",
        "/~user/",
        "/ü",
        "/a;b=c",
        "/a//b",
        "/@user",
        "/x:y",
        "/#top",
    ]
    urls = [
        f"{scheme}://{host}{port}{path}"
        for scheme in ("http", "https")
        for host in hosts
        for port in ("", ":8080")
        for path in paths
    ]
    assert len(urls) >= 300
    assert all(would_connect(url) for url in urls)


def test_one_private_answer_refuses_all() -> None:
    """A name that answers with a public and a private address is refused."""
    with pytest.raises(SourceError, match="not in the public internet"):
        check_answers(read_address("http://a.example/"), ["93.184.216.34", "10.0.0.1"], AllowedHosts())


@pytest.mark.parametrize("name", ["wiki.lan", "wiki.lan:8080", "WIKI.LAN"])
def test_allowed_hosts(name: str) -> None:
    """A host the user names may lie inside; another port does not, if a port was named."""
    address = read_address("http://wiki.lan:8080/")
    assert check_answers(address, ["10.0.0.1"], AllowedHosts([name])) == ("10.0.0.1",)
    with pytest.raises(SourceError):
        check_answers(read_address("http://wiki.lan:9090/"), ["10.0.0.1"], AllowedHosts(["wiki.lan:8080"]))


@pytest.mark.real_data
@pytest.mark.skipif(not DATA.is_dir(), reason="the data sets are not there")
def test_url_parsing_cases() -> None:
    """The public URL cases: never another error than ours, and nothing private is reached."""
    cases = [
        case for case in json.loads((DATA / "robustness/urls/urltestdata.json").read_text()) if isinstance(case, dict)
    ]
    for case in cases:
        base = case.get("base")
        try:
            reached = (
                would_connect(case["input"])
                if base in (None, "about:blank")
                else (read_address(case["input"], base=base).host,)
            )
        except SourceError:
            continue
        assert base not in (None, "about:blank") or all(is_public(place) for place in reached), case["input"]


def test_a_password_stands_in_no_message() -> None:
    """Errors are kept and passed on; who may log in where is nobody else's to read."""
    with pytest.raises(SourceError, match="user name") as caught:
        read_address("https://ada:secret@mill.example/path")
    assert "secret" not in str(caught.value)
    assert "mill.example/path" in str(caught.value)
