"""Slack's markup becomes readable text, with the names that the export tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from masa_rag.sources._chats.fields import clean, list_of, text_of

_MARKUP = re.compile(r"<([^<>\n]{1,4000})>")
_TOKEN = re.compile(r"[?&](?:t|token)=xox[a-z]-[\w-]+|xox[a-z]-[\w-]{10,}")
_EMOJI = re.compile(r"(?<!\w):[a-z+-][\w+'-]{0,100}:(?!\w)")
_WORD = re.compile(r"[^\W_]+")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


@dataclass(slots=True)
class Names:
    """The readable names behind ids: people and bots, channels, user groups."""

    users: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    real: dict[str, str] = field(default_factory=dict)

    def learn_user(self, user: dict[str, Any]) -> None:
        """Remember a person by the name that Slack shows, and by the full name."""
        profile = user.get("profile")
        shown = text_of(profile, "display_name") or text_of(user, "display_name")
        real = text_of(profile, "real_name") or text_of(user, "real_name")
        if (identity := text_of(user, "id")) and (name := shown or real or text_of(user, "name")):
            self.users[identity] = name
            if real and real != name:
                self.real[identity] = real

    def readable(self, text: str) -> str:
        """Resolve ``<@U1>``, ``<#C1|name>``, ``<url|label>`` and ``<!here>``, and unescape the three entities.

        Access tokens in the addresses of files, which exports carry, are cut out.
        """
        resolved = _MARKUP.sub(self._resolve, text) if "<" in text else text
        for entity, plain in _ENTITIES:
            resolved = resolved.replace(entity, plain)
        return _TOKEN.sub("", resolved) if "xox" in resolved else resolved

    def _resolve(self, match: re.Match[str]) -> str:
        target, _, label = match[1].partition("|")
        kind, identity = target[0], target[1:]
        if kind == "@":
            return f"@{self.users.get(identity) or label or identity}"
        if kind == "#":
            return f"#{self.channels.get(identity) or label or identity}"
        if kind == "!":
            return _special(identity, label)
        return _link(target, label)


def _special(command: str, label: str) -> str:
    """``<!here>`` and its like; groups and dates bring their own words after the bar."""
    name = label or command.partition("^")[0]
    return name if label and not command.startswith(("here", "channel", "everyone")) else f"@{name.lstrip('@')}"


def _link(address: str, label: str) -> str:
    bare = address.removeprefix("mailto:").removeprefix("tel:")
    if not label or label == bare or bare.removesuffix("/").endswith(f"//{label.removesuffix('/')}"):
        return bare
    return label if address.startswith("tel:") else f"{label} ({bare})"


def block_text(blocks: list[dict[str, Any]]) -> str:
    """Return the words of Block Kit blocks as Slack markup, in reading order."""
    return clean("".join(_block_parts(blocks)))


def unsaid(blocks: list[dict[str, Any]], text: str) -> str:
    """Return what Block Kit blocks say and the text does not; all of it, if the text is empty.

    A block, or a field of one, is said already when its words stand in the text in their order. Emoji and signs do
    not count, nor what the text has between, such as the numbers of a list.
    """
    if not text:
        return block_text(blocks)
    said = _words(text)
    pieces = (block_text([piece]) for block in blocks for piece in _pieces(block))
    return "\n".join(piece for piece in pieces if not _follow(_words(piece), said))


def _pieces(block: dict[str, Any]) -> list[dict[str, Any]]:
    """The text of a section and each of its fields say something by themselves."""
    parts = [block.get("text"), *list_of(block, "fields")] if block.get("type") == "section" else [block]
    return [part for part in parts if isinstance(part, dict)]


def _words(text: str) -> list[str]:
    return _WORD.findall(_EMOJI.sub(" ", text.lower()))


def _follow(words: list[str], said: list[str]) -> bool:
    rest = iter(said)  # each search goes on where the last one ended, so that the order counts
    return all(word in rest for word in words)


def _block_parts(blocks: list[dict[str, Any]]) -> Iterator[str]:
    waiting: list[Any] = list(reversed(blocks))
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict) and item.get("type") != "actions":  # buttons, which nobody says
            yield _leaf(item)
            children = list_of(item, "elements") + list_of(item, "fields")
            breaks = (
                ["\n"] if children and str(item.get("type")).startswith(("rich_text_", "section", "context")) else []
            )
            waiting.extend([*breaks, *reversed(children)])
            if isinstance(item.get("text"), dict):
                waiting.append(item["text"])  # last, for it is taken first


def _leaf(item: dict[str, Any]) -> str:
    kind = item.get("type")
    text = item.get("text") if isinstance(item.get("text"), str) else ""
    if kind == "text":
        return escaped(str(text))
    if kind == "link":
        return f"<{item.get('url')}|{escaped(str(text))}>" if text else f"<{item.get('url')}>"
    marks = {"user": ("<@{}>", "user_id"), "channel": ("<#{}>", "channel_id"), "emoji": (":{}:", "name"),
             "broadcast": ("<!{}>", "range"), "usergroup": ("@{}", "usergroup_id")}  # fmt: skip
    if isinstance(kind, str) and kind in marks:
        form, name = marks[kind]
        return form.format(item.get(name))
    return f"{text}\n" if text and kind in ("mrkdwn", "plain_text", "markdown") else ""


def escaped(text: str) -> str:
    """Return plain text as Slack markup that reads the same."""
    for entity, plain in reversed(_ENTITIES):
        text = text.replace(plain, entity)
    return text
