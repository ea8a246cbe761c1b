"""Which channel an IRC log holds, and of which network, by its name, its notices and its folders."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from masa_rag.sources._irc.lines import read_lines

NAME_DATE = re.compile(r"(?<!\d)(\d{4})([-_.]?)(\d{2})\2(\d{2})(?!\d)(?:_(\d{2})(?!\d))?")
_NAME_CHANNEL = re.compile(r"[#&][^\s/]*[^\s/._-]")
_SUFFIXES = re.compile(r"(?:\.(?:weechatlog|irclog|log|txt|ascii|raw))+$", re.IGNORECASE)
_LINES_LOOKED_AT = 2_000
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_DATE_WORD = rf"(?:\d{{1,4}}|w\d{{1,2}}|{_MONTH})"
_DATED = re.compile(rf"{_DATE_WORD}(?:[-_. ]?{_DATE_WORD}){{0,2}}", re.IGNORECASE)
_WEECHAT = re.compile(r"irc\.(\S+)\.")
_NETWORKS = frozenset(
    "libera liberachat freenode oftc efnet ircnet quakenet undernet dalnet rizon snoonet hackint espernet twitch "
    "gimpnet gnome mozilla slashnet geekshed irchighway w3c tilde tildechat ircnow darkscience euirc chatspike "
    "austnet galaxynet gamesurge abjects hispano swiftirc synirc icq kampungchat".split()
)
_BESIDE_NETWORK = re.compile(r"irc|chat|net|org|com|ssl|tls|[a-z]{2}|\d")  # "irc.libera.chat", "eu.rizon.net", "oftc-2"


def channels_of(paths: list[Path]) -> dict[Path, str]:
    """Return the channel of each file; before it the network, where files of two networks have this channel."""
    names = {path: _named_channel(path) for path in paths}
    networks: dict[str, dict[str, str]] = {}
    for path, name in names.items():
        if (network := _network(path, name)) is not None:
            known = networks.setdefault(name, {})
            known[_plain(network)] = min(network, known.get(_plain(network), network))
    return {path: _with_network(path, name, networks.get(name, {})) for path, name in names.items()}


def _with_network(path: Path, channel: str, networks: dict[str, str]) -> str:
    network = _network(path, channel) if len(networks) > 1 else None
    return f"{networks[_plain(network)]}/{channel}" if network is not None else channel


def _named_channel(path: Path) -> str:
    undated, folder = _undated(path), unquote(path.absolute().parent.name)
    if (match := _NAME_CHANNEL.search(undated)) is not None:
        return match[0]
    if not undated.strip(" ._-") and _NAME_CHANNEL.fullmatch(folder) is not None:
        return folder
    if noticed := _noticed_channels(path):
        return noticed.most_common(1)[0][0]
    return undated.strip(" ._-") or path.absolute().parent.name or "irc"


def _undated(path: Path) -> str:
    return NAME_DATE.sub("", _SUFFIXES.sub("", unquote(path.name)))


def _noticed_channels(path: Path) -> Counter[str]:
    try:
        return Counter(line.channel for line in islice(read_lines(path), _LINES_LOOKED_AT) if line.channel is not None)
    except OSError:  # reported when its messages are read
        return Counter()


def _network(path: Path, channel: str) -> str | None:
    """Return the network by the file's name, as "irc.libera.#boats.weechatlog", or by the folder above the channel."""
    before, found, _ = _undated(path).partition(channel)
    if found and (match := _WEECHAT.fullmatch(before)) is not None:
        server = [part for part in match[1].split(".") if part and not _DATED.fullmatch(part)]
        return ".".join(["irc", *server]) if server else None
    folder = _folder_above(path, channel)
    return folder if _known_network(folder) is not None else None


def _folder_above(path: Path, channel: str) -> str:
    """Return the name of the nearest folder that is neither the channel's nor one of days, months or years."""
    for part in map(unquote, reversed(path.absolute().parent.parts)):
        if part.lstrip("#&") != channel.lstrip("#&") and not _DATED.fullmatch(part):
            return part
    return ""


def _plain(network: str) -> str:
    """Return one name for all that a network is called."""
    return _known_network(network) or network.lower()


def _known_network(name: str) -> str | None:
    """Return the known network of a name that has little else: no "libera-2023", no "libera-old"."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    known = [word for word in words if word in _NETWORKS]
    others = [word for word in words if word and word not in _NETWORKS]
    if not known or not all(_BESIDE_NETWORK.fullmatch(word) for word in others):
        return None
    return known[0].removesuffix("chat")
