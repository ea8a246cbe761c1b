"""How records name their fields: who, when, what, where, in the usual languages."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product

Way = tuple[str, ...]
"""The keys that lead to a field: ``("user", "login")``."""

_PUNCTUATION = re.compile(r"\([^()]*\)|[\W_]+")
_OF_RECORD = re.compile(r"(?:comment|post|review|message|msg|ticket|issue|answer|entry)(?=.)")
"""What stands before the names of some tables' columns: ``comment_author``."""
_WRAPPERS = frozenset("value rendered plain raw text".split())
"""Below these keys lies what the key before them names, as in ``{"content": {"rendered": …}}``."""

SAID = (
    "commenttext commentbody commentcontent comment reviewtext "
    "reviewbody reviewcontent review sharecommentary feedback "
    "post posttext postcontent tweet selftext reply answer opinion entry storytext "
    "kommentar bewertungstext rezension antwort beitrag comentario reseña opinión respuesta commentaire avis réponse "
    "comentário commento recensione комментарий отзыв 评论 留言 コメント 댓글"
).split()
"""What only people's words are called."""
PLAIN = (
    "fulltext textoriginal text bodytext body message messagetext messagebody msg content contenttext caption "
    "bodyhtml html textdisplay part "
    "nachricht text inhalt mensaje texto contenido message texte contenu mensagem texto messaggio testo "
    "сообщение текст 内容 正文 本文 メッセージ 내용"
).split()
"""What words are called, those of programs too."""
WEAK = "description summary notes details beschreibung descripción description descrizione".split()
"""What is written of a thing as often as it is said by a person."""
CHATS = frozenset(
    "message messagetext messagebody msg nachricht mensaje mensagem messaggio сообщение メッセージ".split()
)

_ROLES = (
    "author user username by sender account from creator "
    "reviewer customer commenter poster membercreator actor contact reporter "
    "requester submitter writer speaker uploader profile nick u member person owner "
    "autor auteur autore utente usuario usuário benutzer absender verfasser kunde автор имя отправитель "
    "作者 用户 用户名 昵称 投稿者 ユーザー 작성자"
).split()
_READABLE = "displayname fullname realname publicname name nickname title".split()
_HANDLES = "username login handle screenname acct slug".split()
_NUMBERS = "email id key uid userid".split()
_ALONE = "displayname fullname realname nickname screenname handle login by".split()

_TIME = (
    "createdat created creationdate createdtime createdutc createat datecreated createdon publishedat published "
    "publishdate publishedon publicationdate datepublished postedat postedon posted postdate dateposted datetime date "
    "timestamp timestampms ts time senttime sentat sentdate datesent sendtime sent writtenat submittedat submitted "
    "submissiondate reviewdate commentdate messagedate reviewsubmitdateandtime dateadded addedat isodate indexedat at "
    "unixreviewtime reviewtime unixtime createtime createtimeiso gmtcreate uploaddate "
    "zeitstempel datum erstelltam erstellt fecha fechahora marcatemporal horodateur data дата время 日期 时间 日付 "
    "タイムスタンプ 작성일 updatedat"
).split()
_URL = (
    "htmlurl weburl webpageurl permalink url link sharelink href commenturl posturl reviewurl uri messagelink".split()
)
_ID = (
    "id idstr uuid guid messageid msgid commentid reviewid postid answerid responseid ticketid issuekey uri objectid "
    "key permalink oid iid"
).split()
_TITLE = (
    "title subject headline reviewtitle posttitle fulltitle summary betreff titel título titre titolo 标题 タイトル"
).split()
_THREAD = (
    "replyrooturi rooturi threadid threadts thread threadkey "
    "conversationid discussionid topicid topic storyid issueurl "
    "noteableid postid videoid linkid submissionid articleid ticketid tmid parentpostid"
).split()
_CHANNEL = (
    "channelname channel channelid roomname room roomid rid chatname chattitle chat chatid groupname group groupid "
    "displayrecipient streamid recipient forum board contactname address kanal raum"
).split()
_REPLY = (
    "replyparenturi parenturi inreplytoid inreplyto inreplytostatusid replytoid replyto parentid parentcommentid "
    "parentmessageid parentcomment parent"
).split()
_DIRECTION = "direction type messagetype msgtype folder msgbox isfromme fromme isoutgoing outgoing".split()
_CLOCK = "time clock hour uhrzeit zeit hora heure ora время 时间 時刻".split()
_RATING = "rating starrating stars reviewrating bewertung sterne".split()

_AUTHORS = {
    name: role
    for names in (
        ((f"{role}{sub}", role) for role, sub in product(_ROLES, _READABLE)),
        ((name, name) for name in _ALONE[:4]),
        ((role, role) for role in _ROLES),
        ((f"{role}{sub}", role) for role, sub in product(_ROLES, _HANDLES)),
        ((name, name) for name in _ALONE[4:]),
        ((f"{role}{sub}", role) for role, sub in product(_ROLES, _NUMBERS) if role != "u"),  # uuid
        [("name", "name")],
    )
    for name, role in names
}
"""Whom a name may mean, readable ones first, and in what role."""
_LIKE_TIME = re.compile("created|posted|published|written|submitted|timestamp|date")
_OTHER_TIME = re.compile("birth|update|modif|edit|expir|purchase|due|end|clos|delet|resol|view|seen|version")
_HANDLE = len(_AUTHORS)
_TABLES = {
    "text": [*SAID, *PLAIN, *WEAK],
    "author": [*_AUTHORS],
    "username": [*(f"{role}{sub}" for role, sub in product(_ROLES, _HANDLES)), *_HANDLES[:-1]],
    "time": _TIME,
    "url": _URL,
    "title": _TITLE,
    "id": _ID,
    "thread": _THREAD,
    "channel": _CHANNEL,
    "reply_to": _REPLY,
    "direction": _DIRECTION,
    "clock": _CLOCK,
    "rating": _RATING,
}
_RANKS = {role: {name: rank for rank, name in reversed([*enumerate(names)])} for role, names in _TABLES.items()}
_PEOPLE = frozenset(_ROLES)
PERSONS = _PEOPLE - {"by", "from", "u", "author", "autor", "auteur", "autore", "作者", "owner"}
"""Roles of a person, where ``author`` is as often that of a program or a book."""
BELOW = frozenset("replies reply comments comment children answers responses messages posts notes".split())
"""Lists below a record whose parts are records themselves."""
ASIDE = frozenset(
    "reply parent root quoted quotedpost quotedtweet quotedstatus quote embed embeds attachment attachments media "
    "entities reactions reason viewer retweeted reblog inreplyto highlightresult highlight editor labels assignees "
    "assignee milestone repository closedby lasteditor thumbnails formats".split()
)
"""Below these keys lies what is not said by the record itself."""


@lru_cache(maxsize=4_096)
def plain(name: str) -> str:
    """Return a name without case, blanks, punctuation and what stands in round brackets."""
    return _PUNCTUATION.sub("", name).casefold() or name.casefold()


def names_of(way: Way) -> list[str]:
    """Return what a field may be called, by its last key and those above it."""
    keys = [plain(key) for key in way]
    while len(keys) > 1 and (keys[-1] in _WRAPPERS or way[len(keys) - 1].startswith(("$", "#"))):
        if keys[-1] == "text" and keys[-2] in ("data", "post", "record"):  # they name no field
            break
        keys.pop()
    names = ["".join(keys[-count:]) for count in (1, 2, 3) if count <= len(keys)]
    return [*names, *([_OF_RECORD.sub("", names[0], count=1)] if _OF_RECORD.match(names[0]) else [])]


def rank_of(role: str, way: Way) -> int | None:
    """Return how well the field's name fits a role, 0 the best, None for not at all."""
    ranks = _RANKS[role]
    found = min((ranks[name] for name in names_of(way) if name in ranks), default=None)
    if found is None and role == "time" and _LIKE_TIME.search(name := plain(way[-1])) and not _OTHER_TIME.search(name):
        return len(ranks)
    is_handle = role == "author" and found is not None and plain(way[-1]) == "username"  # not the user's name
    return found + _HANDLE if is_handle and found is not None else found


def role_of(way: Way) -> str:
    """Return in what role the person is whom a field names: ``author`` of ``author.displayName``."""
    return next((_AUTHORS[name] for name in reversed(names_of(way)) if name in _AUTHORS), "")


def is_aside(way: Way) -> bool:
    """Say whether a field lies below a key of what somebody else said, or of a file."""
    return any(plain(key) in ASIDE for key in way[:-1])


def is_of_person(way: Way) -> bool:
    """Say whether a field tells about a person, by the key above it: when an account was made, where its page is."""
    return any(plain(key) in _PEOPLE for key in way[:-1])
