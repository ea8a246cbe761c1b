"""Which addresses may be fetched: only public ones, spelled the one way that all parsers agree on.

An address in a page, a feed or a redirect comes from a stranger. Followed blindly it reads what
only the user's own machine or network can reach (a router, a cloud's metadata service). Lists of
special addresses: IANA's registries for IPv4 and IPv6 special purposes (RFC 6890 and successors).
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from masa_rag.errors import SourceError

_REFUSED_4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's host, reachable from every machine in that cloud only
    )
)  # fmt: skip
_REFUSED_6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # IETF protocols: Teredo, ORCHID, benchmarking
        "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
)  # fmt: skip
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_BAD_PORTS = frozenset(
    {1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110}
    | {111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531}
    | {532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060}
    | {5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211}
)
"""Ports of services that are not the web: the list of the WHATWG Fetch standard, and Redis and memcached."""

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\\u0080-\u009f]")
_LABELS = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_LOGIN = re.compile(r"//[^/?#]*@")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address that was checked.

    Attributes:
        scheme: ``http`` or ``https``.
        host: Lower case, ASCII; an IPv6 address without brackets.
        port: The port to connect to.
        target: Path and query, as they go into the request.
        url: The whole, without fragment.
    """

    scheme: str
    host: str
    port: int
    target: str
    url: str

    @property
    def authority(self) -> str:
        """Host and, where it is not the usual one, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


def read_address(url: str, *, base: str | None = None) -> WebAddress:
    """Return the parts of an address, or refuse it.

    Refused are schemes other than http and https, user names and passwords, control characters,
    white space and backslashes, numbers as hosts that are not four plain decimal parts (octal,
    hexadecimal, short and single-number forms), characters that turn into dots or digits when
    normalised, and ports of other services.

    Args:
        url: The address; relative ones need ``base``.
        base: The address of the page in which it stood.

    Raises:
        SourceError: It is refused; the message says why.
    """
    try:
        parts = _parts(urljoin(base, url) if base else url)
        scheme, host = parts.scheme.lower(), _host(parts.hostname or "")
        number = parts.port if parts.port is not None else (443 if scheme == "https" else 80)
        if number in _BAD_PORTS or number == 0:
            raise ValueError(f"port {number} is not the web")
    except ValueError as error:
        raise _refusal(url, str(error)) from error
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
        f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    )
    found = WebAddress(scheme, host, number, target, "")
    return WebAddress(scheme, host, number, target, f"{scheme}://{found.authority}{target}")


def _parts(absolute: str) -> SplitResult:
    """Return the parts of an address that may be one of the web, or raise ValueError."""
    if _UNSAFE.search(absolute):
        raise ValueError("it has control characters, spaces or backslashes")
    parts = urlsplit(absolute)
    if parts.scheme.lower() not in ("http", "https"):
        raise ValueError("only http and https are fetched")
    if "@" in parts.netloc:
        raise ValueError("it holds a user name")
    return parts


def _refusal(url: str, reason: str) -> SourceError:
    shown = _LOGIN.sub("//***@", url[:200])  # messages are kept and passed on
    return SourceError(f"received the address {shown!r}, which is refused: {reason}")


def _host(name: str) -> str:
    """Return a host in its one plain spelling, or raise ValueError."""
    if not name or "%" in name:
        raise ValueError("its host is empty or escaped")
    if ":" in name:
        return str(ipaddress.IPv6Address(name))
    if not name.isascii():
        name = _ascii_host(name)
    name = name.lower().removesuffix(".")
    if not _LABELS.fullmatch(name):
        raise ValueError("its host is no domain name")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return str(ipaddress.IPv4Address(name))  # refuses octal, hexadecimal and short forms
    return name


def _ascii_host(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name)
    if folded.isascii() or any(sign in folded for sign in "/?#@:[]%"):
        raise ValueError("its host hides behind look-alike characters")
    dots = name.count(".")
    for dot in "\u3002\uff0e\uff61":
        if dot in name:
            raise ValueError("its host hides dots behind look-alike characters")
    encoded = folded.encode("idna").decode("ascii")  # UnicodeError is a ValueError
    if encoded.count(".") != dots:
        raise ValueError("its host hides dots behind look-alike characters")
    return encoded


def is_public(address: str) -> bool:
    """Say whether an IP address lies in the public internet, the IPv4 address inside an IPv6 one included."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in block for block in _REFUSED_4)
    if found.scope_id is not None:
        return False
    if found in _NAT64:  # what name servers of IPv6-only networks answer for IPv4 hosts
        return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found in _GLOBAL_6 and not any(found in block for block in _REFUSED_6)


class AllowedHosts:
    """The hosts inside the user's own network that the user names: ``"wiki.lan"``, ``"10.0.0.7:8080"``."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.strip().lower() for name in names)

    def __contains__(self, address: object) -> bool:
        if not isinstance(address, WebAddress):
            return False
        host = f"[{address.host}]" if ":" in address.host else address.host
        return not self._names.isdisjoint((address.host, host, f"{host}:{address.port}"))


def check_answers(address: WebAddress, answers: Iterable[str], allowed: AllowedHosts) -> tuple[str, ...]:
    """Return the IP addresses a name resolved to, if all of them may be connected to.

    One private answer among public ones refuses them all: honest names do not mix them.

    Raises:
        SourceError: None came, or one lies inside a private network and the host is not allowed.
    """
    found = tuple(dict.fromkeys(answers))
    if address in allowed:
        return found
    private = [answer for answer in found if not is_public(answer)]
    if private:
        what = address.host if address.host == private[0] else f"{address.host} ({private[0]})"
        raise _refusal(
            address.url,
            f"{what} is not in the public internet. If it is yours, allow the host: MASA_RAG_ALLOW_HOSTS="
            f"{address.authority} in the environment, or fetcher=Fetcher(allow_hosts=[{address.authority!r}])",
        )
    return found
