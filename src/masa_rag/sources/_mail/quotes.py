"""What somebody wrote in a mail: without the mails that it quotes, the signature, and what programs add."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import dropwhile, groupby

_SIGNED = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Z][\w-]*: .*\n)*")
_ARMOUR = re.compile(r"-----BEGIN PGP (SIGNATURE|MESSAGE|PUBLIC KEY BLOCK)-----\n(?s:.*?)(?:-----END PGP \1-----|\Z)")
_SCRUBBED = re.compile(
    r"(?m)^-{10,60} next part -{10,60}\n"
    r"(?:.{0,60}(?:[Ss]crubbed|[Ss]kipped).*\n(?:(?:Name|Type|Size|Desc|URL|Url)\s*:.*(?:\n|\Z)|<?http\S+\n?)*)?"
)
"""What archives of lists put where a part was."""
_QUOTED = re.compile(r" ?>")
_BROKEN = re.compile(r"(?m)(<[^<>\s][^<>\n]{0,100})\n(> ?\w{0,12}[:：])$")
"""The end of an introduction, broken before the bracket behind an address; it is no quote."""
_PROMPT, _CODE = re.compile(r">>>(?!>)"), re.compile(r"[=(\[]|^>>> ?(?:import|from|print|del|for|def|class)\b")
"""What somebody typed into Python, which is no quote of a quote of a quote."""
_OPENS = re.compile(
    r"(?:[-*\s]*)(?:on|am|le|el|il|op|den|em|på|dnia|w dniu|dne|в|\d{4}年|\d{1,4}[./-]\d{1,2}[./-]\d{1,4})\b",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"\b(?:wrote|writes|said|schrieb|a écrit|escribió|escribio|ha scritto|scrisse|schreef|skrev|escreveu|"
    r"napisał\(?a?\)?|napsal|kirjoitti|írta|yazdı|написал|пишет)\b|写道|のメッセージ",
    re.IGNORECASE,
)
_WHEN = re.compile(r"\d.*(?:@|\d:\d\d|\d{4}年|\b(?:19|20)\d\d\b)|@.*\d", re.DOTALL)
_ENDS = re.compile(r"(?:[:：]|\b(?:wrote|schrieb|écrit|escribió|scritto)\s*-*)$")
_FROM_ADDRESS = re.compile(r"\D{0,25}\d.*<[^<>\s]+@[^<>\s]+>[^<>]{0,20}[:：]")
"""A date and an address, in whatever language."""
_ORIGINAL = re.compile(
    r"-{2,}\s*(?:original message|ursprüngliche nachricht|message d.origine|mensaje original|messaggio originale|"
    r"oorspronkelijk bericht|mensagem original|opprinnelig melding|ursprungligt meddelande|oprindelig meddelelse|"
    r"исходное сообщение|元のメッセージ|原始邮件|원본 메시지)\s*-{2,}",
    re.IGNORECASE,
)
_MOST_LINES, _MOST_CHARS = 4, 400
"""How long an introduction of a quote may be ("On … wrote:"), which programs break into lines."""
_FROM = r"from|von|de|da|van|från|fra|od|от|expéditeur|lähettäjä|kimden|feladó|差出人|发件人|寄件者|보낸 사람"
_SUBJECT = (
    r"subject|betreff|objet|sujet|oggetto|asunto|assunto|onderwerp|ämne|emne|temat|předmět|тема|"
    r"aihe|konu|tárgy|件名|主题|主旨|제목"
)
_FIELD = r"[ \t]*\**(?:{})[ \t]*[:：]\**[ \t]*\S"
_SENDER = re.compile(_FIELD.format(_FROM), re.IGNORECASE)
_ABOUT = re.compile(_FIELD.format(_SUBJECT), re.IGNORECASE)
_ANY_FIELD = re.compile(_FIELD.format(r"[^\W\d_][^:\n]{0,15}"))
_FIELD_LINES = 14
"""Within how many lines of the sender a subject follows; long lists of recipients stand between."""
_RULE = re.compile(r"[ \t]*(?:[-_=*]{3,}[^\n]{0,60}?[-_=*]{3,}|_{10,}|-{10,})[ \t]*")
_PASSED_ON = re.compile(
    r"(?:-{2,}\s*)?(?:begin forwarded message|forwarded message|forwarded by .*|weitergeleitete nachricht|"
    r"message transféré|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht|anfang der weitergeleiteten .*|"
    r"début du message (?:réexpédié|transféré)|inizio messaggio inoltrato|inicio del mensaje reenviado)\s*:?\s*-*",
    re.IGNORECASE,
)
_MOST_BELOW_MARK = 12
"""Lines below two dashes without the blank of a signature that may be one."""
_DEVICE = re.compile(
    r"(?:sent (?:from|via) (?:my |the )?|get outlook for|gesendet (?:von|mit)|von mein\w+ .* gesendet|"
    r"envoyé (?:de|depuis|à partir)|enviado desde|enviado do|inviato da|verzonden vanaf|skickat från|sendt fra|"
    r"wysłane z)[^.!?]{0,80}",
    re.IGNORECASE,
)
_LINK = re.compile(r"[<(]?https?://\S+")
_LIST_RULE = re.compile(r"_{20,}")
_OF_LIST = re.compile(r"mailing list|https?://\S*(?:listinfo|mailman|lists?)|unsubscribe", re.IGNORECASE)


def own_words(text: str, *, passed_on: bool = False) -> str:
    """Return what somebody wrote in a mail; "" where there is nothing but quotes.

    Quoted are lines that begin with ">", what stands below the fields of an earlier mail ("From: … Subject: …"), and
    what an introduction ("On … wrote:") that ends a paragraph has below it. A mail that is passed on is no quote.

    Args:
        text: The mail's body.
        passed_on: Whether its subject says that it passes a mail on.
    """
    text = _SCRUBBED.sub("", _ARMOUR.sub("", _SIGNED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))))
    text = _BROKEN.sub(r"\1\2", text.replace("\xa0", " "))
    lines = [line.rstrip(" \t\u200b") if line != "-- " else line for line in text.split("\n")]
    at, is_passed_on = _earlier(lines)
    is_passed_on = is_passed_on or passed_on
    above = lines[:at] if is_passed_on else [*lines[:at], *_answered_within(lines[at:])]
    own = [*_without_signature(_without_quotes(above)), *(_unquoted(lines[at:]) if is_passed_on else ())]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(own)).strip()


def _earlier(lines: Sequence[str]) -> tuple[int, bool]:
    """Return where the fields of an earlier mail begin, with the rule above them, and whether it was passed on."""
    for at, line in enumerate(lines):
        if _PASSED_ON.fullmatch(line.strip()[:_MOST_CHARS]):
            return at, True
        if _ORIGINAL.fullmatch(line.strip()[:_MOST_CHARS]):
            return at, False
        if _SENDER.match(line) and any(map(_ABOUT.match, lines[max(at - 2, 0) : at + _FIELD_LINES])):
            while at and _ANY_FIELD.match(lines[at - 1]):
                at -= 1
            above = next((back for back in range(at - 1, max(at - 3, -1), -1) if lines[back].strip()), at)
            return (above if _RULE.fullmatch(lines[above][:_MOST_CHARS]) else at), False
    return len(lines), False


def _answered_within(lines: Sequence[str]) -> Sequence[str]:
    """Return an earlier mail without its fields where its lines are marked, for answers may stand among them."""
    body = list(dropwhile(lambda line: not _QUOTED.match(line) and (not line or _is_head(line)), lines))
    return body if body and _QUOTED.match(body[0]) else []


def _is_head(line: str) -> bool:
    short = line.strip()[:_MOST_CHARS]
    return any(pattern.fullmatch(short) for pattern in (_ORIGINAL, _RULE)) or _ANY_FIELD.match(line) is not None


def _unquoted(lines: Sequence[str]) -> Sequence[str]:
    """Return a mail that was passed on without what it quotes, and without signs before all of its lines."""
    body = [line for line in lines[1:] if line.strip()]
    if body and all(map(_QUOTED.match, body)):
        lines = [lines[0], *(re.sub(r"^ ?> ?", "", line) for line in lines[1:])]
    return [line for line in lines if not _QUOTED.match(line)]


def _without_quotes(lines: Sequence[str]) -> list[str]:
    """Leave out what is quoted, with the lines that introduce it."""
    kept: list[str] = []
    is_quoting = any(map(_QUOTED.match, lines))
    for quoted, group in groupby(lines, key=lambda line: _QUOTED.match(line) is not None):
        block = list(group)
        is_typed = all(map(_PROMPT.match, block)) and any(map(_CODE.search, block))
        if not quoted or is_typed:
            kept += block
        else:
            while kept and not kept[-1]:
                kept.pop()
            kept[len(kept) - _introduction(kept) :] = [""]
    return kept if is_quoting else _above_introduction(kept)


def _above_introduction(lines: list[str]) -> list[str]:
    """Leave out an unmarked quote; where nothing stands above it, nobody knows where it ends, and all is kept."""
    for at in range(1, len(lines) + 1):
        if count := _introduction(lines[max(at - _MOST_LINES, 0) : at], sure=True):
            above = lines[: at - count]
            return above if any(map(str.strip, above)) else lines[at:]
    return lines


def _introduction(lines: Sequence[str], *, sure: bool = False) -> int:
    """Return how many of the last lines introduce a quote, 0 if none do.

    Args:
        lines: What stands before the quote.
        sure: Whether nothing marks the quote, so that the introduction has to say when it was written.
    """
    if not lines or not _ENDS.search(lines[-1][-_MOST_CHARS:]):
        return 0
    found = 0
    for count in range(1, min(_MOST_LINES, len(lines)) + 1):
        if not lines[-count].strip():
            break
        if len(text := " ".join(lines[-count:])) > _MOST_CHARS:
            break
        is_dated = _WHEN.search(text) is not None
        if is_dated and _OPENS.match(text) and (_WROTE.search(text) or not sure):
            return count
        is_likely = _FROM_ADDRESS.match(text) if sure else _WROTE.search(text) or is_dated
        found = found or (count if is_likely else 0)
    return found


def _without_signature(lines: Sequence[str]) -> list[str]:
    """Leave out what stands below two dashes, what a telephone adds, and what a list puts below each mail."""
    for at, line in enumerate(lines):
        is_mark = line == "-- " or (line == "--" and len(lines) - at <= _MOST_BELOW_MARK)
        is_footer = _LIST_RULE.fullmatch(line) and any(map(_OF_LIST.search, lines[at + 1 : at + 5]))
        if is_mark or is_footer:
            lines = lines[:at]
            break
    kept = list(lines)
    while kept and (not kept[-1].strip() or _DEVICE.fullmatch(_LINK.sub("", kept[-1][:_MOST_CHARS]).strip())):
        kept.pop()
    return kept
