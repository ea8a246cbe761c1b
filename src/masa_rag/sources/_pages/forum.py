"""Forum threads: a page whose parts have authors and times of their own becomes segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from masa_rag._time import parse_time
from masa_rag.sources._pages.blocks import read_blocks
from masa_rag.sources._pages.dates import read_date
from masa_rag.sources._pages.fragments import written_text
from masa_rag.sources._pages.markdown import to_markdown
from masa_rag.sources._pages.meta import Head
from masa_rag.sources._pages.parse import xpath
from masa_rag.sources._pages.quotes import Said
from masa_rag.types import Segment

if TYPE_CHECKING:
    from lxml.etree import _Element


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a forum's software puts things; each an XPath, from the post except ``post`` itself."""

    post: str
    body: str
    author: str
    time: str


def _has(name: str) -> str:
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"


_ITEMS = ("DiscussionForumPosting", "Comment", "Answer", "Question", "UserComments")
_ITEM = " or ".join(f"contains(@itemtype, 'schema.org/{name}')" for name in _ITEMS)

_LAYOUTS: dict[str, _Layout] = {
    "discourse": _Layout(
        post=f"//*[{_has('crawler-post')}] | //article[@data-post-id]",
        body=f".//*[@itemprop='text' or @itemprop='articleBody' or {_has('cooked')}]",
        author=f".//*[{_has('creator')}]//*[@itemprop='name'] | .//*[{_has('username')}]",
        time=f".//time/@datetime | .//*[{_has('relative-date')}]/@data-time",
    ),
    "xenforo": _Layout(
        post=f"//*[{_has('message')} and @data-author]",
        body=f".//*[{_has('message-body')}]//*[{_has('bbWrapper')}] | .//*[{_has('messageText')}]",
        author="./@data-author",
        time=f".//time/@datetime | .//*[{_has('DateTime')}]/@data-datestring | .//*[{_has('DateTime')}]/@title",
    ),
    "vbulletin": _Layout(
        post="//table[starts-with(@id, 'post') and not(contains(@id, '_'))] | //li[starts-with(@id, 'post_')]",
        body=".//div[starts-with(@id, 'post_message_')] | .//blockquote[contains(@class, 'postcontent')]"
        " | .//div[contains(@class, 'js-post__content-text')]",
        author=f".//*[{_has('bigusername')} or {_has('username')} or {_has('author')}]",
        time=f".//td[{_has('thead')}] | .//*[{_has('postdate')} or {_has('date')}] | .//time/@datetime",
    ),
    "phpbb": _Layout(
        post=f"//div[{_has('post')} and starts-with(@id, 'p')]",
        body=f".//div[{_has('content')}]",
        author=f".//*[{_has('username')} or {_has('username-coloured')}]",
        time=f".//time/@datetime | .//p[{_has('author')}]",
    ),
    "fluxbb": _Layout(
        post=f"//div[{_has('blockpost')}]",
        body=f".//div[{_has('postmsg')}]",
        author=f".//div[{_has('postleft')}]//dt",
        time=".//h2//a",
    ),
    "invision": _Layout(
        post="//article[starts-with(@id, 'elComment_')]",
        body=".//*[@data-role='commentContent']",
        author=".//*[contains(@class, 'cAuthorPane_author')]//a | .//h3//a",
        time=".//time/@datetime",
    ),
    "vanilla": _Layout(
        post=f"//*[{_has('ItemDiscussion')} or {_has('ItemComment')}]",
        body=f".//*[{_has('userContent')} or {_has('Message')}]",
        author=f".//a[{_has('Username')}]",
        time=".//time/@datetime",
    ),
    "stackexchange": _Layout(
        post=f"//div[@id='question'] | //div[{_has('answer')} and @data-answerid] | //li[starts-with(@id, 'comment-')]",
        body=f".//*[{_has('js-post-body')}] | .//*[{_has('comment-copy')}]",
        author=f".//*[@itemprop='author']//*[@itemprop='name'] | .//*[{_has('comment-user')}]"
        f" | .//*[{_has('post-signature')}][last()]//*[{_has('user-details')}]/a",
        time=f".//*[{_has('relativetime-clean')}]/@title | .//time/@datetime"
        f" | .//*[{_has('post-signature')}][last()]//*[{_has('relativetime')}]/@title",
    ),
    "reddit": _Layout(
        post="//shreddit-post | //shreddit-comment",
        body="./*[@slot='comment' or @slot='text-body']",
        author="./@author",
        time="./@created-timestamp | ./@created",
    ),
    "old reddit": _Layout(
        post=f"//div[{_has('thing')} and ({_has('link')} or {_has('comment')})]",
        body=f"./*[{_has('entry')}]//*[{_has('usertext-body')}]",
        author=f"./*[{_has('entry')}]//a[{_has('author')}]",
        time=f"./*[{_has('entry')}]//time/@datetime",
    ),
    "hacker news": _Layout(
        post=f"//table[{_has('fatitem')}] | //tr[{_has('comtr')}]",
        body=f".//*[{_has('toptext')} or {_has('commtext')}]",
        author=f".//a[{_has('hnuser')}]",
        time=f".//*[{_has('age')}]/@title",
    ),
    "github": _Layout(
        post="//*[@data-testid='issue-viewer-issue-container']"
        f" | //*[{_has('react-issue-comment')} or {_has('timeline-comment')}]",
        body=f".//*[{_has('markdown-body')}]",
        author=f".//*[@data-testid='issue-body-header-author' or @data-testid='avatar-link' or {_has('author')}]",
        time=".//relative-time/@datetime",
    ),
    "smf": _Layout(
        post=f"//div[{_has('post_wrapper')}] | //tr[td[{_has('poster_info')}] and td[{_has('td_headerandpost')}]]",
        body=f".//div[{_has('post')}]",
        author=f".//div[{_has('poster')}]//h4 | .//td[{_has('poster_info')}]/b",
        time=f".//*[{_has('keyinfo')} or {_has('td_headerandpost')}]//*[{_has('smalltext')}]",
    ),
    "schema.org": _Layout(
        post=f"//*[{_ITEM}]",
        body=".//*[@itemprop='text' or @itemprop='articleBody' or @itemprop='commentText']",
        author=".//*[@itemprop='author']//*[@itemprop='name'] | .//*[@itemprop='author' or @itemprop='creator']",
        time=".//*[@itemprop='datePublished' or @itemprop='dateCreated' or @itemprop='commentTime']"
        "/@*[name() = 'datetime' or name() = 'content'] | .//time/@datetime | .//time[not(@datetime)]/@title",
    ),
}
"""Found in the public pages and templates of each software; the first that gives two posts is taken."""


def read_thread(head: Head) -> tuple[Segment, ...]:
    """Return the posts of a thread in the order they were written; nothing where the page is no thread.

    One post alone is no thread, unless the page says it is a discussion. Ids are the page's own
    (``post-17``) when every post has one.
    """
    least = 1 if any(head.things("discussionforumposting", "qapage")) else 2
    is_article = any(head.things("article", "newsarticle", "blogposting", "product"))
    for name, layout in _LAYOUTS.items():
        if name == "schema.org" and is_article:
            return ()  # the posts are readers' comments on it
        if not _may_fit(name, head):
            continue
        posts = list(_posts(head, layout))
        if len(posts) >= least and sum(post.author is not None for post in posts) * 2 > len(posts):
            return _in_order(posts)
    linked = list(_linked_posts(head))
    return _in_order(linked) if len(linked) >= 2 else ()


def thread_title(head: Head) -> str | None:
    """Return the title of a thread: Reddit names it at the post, and without scripts only itself in the head."""
    return next((post.get("post-title") for post in head.tree.iter("shreddit-post")), None) or head.title


_CLASSES = {
    "discourse": {"crawler-post", "topic-body", "cooked"}, "xenforo": {"bbWrapper", "messageText"},
    "vbulletin": {"bigusername", "postcontent", "js-post__content-text", "postbit", "tborder"},
    "phpbb": {"postbody"}, "fluxbb": {"blockpost"}, "invision": {"cPost", "ipsComment", "cPost_contentWrap"},
    "vanilla": {"ItemDiscussion", "ItemComment"}, "stackexchange": {"js-post-body", "comment-copy"},
    "old reddit": {"usertext-body"}, "hacker news": {"commtext"}, "smf": {"post_wrapper", "td_headerandpost"},
    "github": {"react-issue-comment", "timeline-comment"},
}  # fmt: skip
"""Class names of which a page of that software has at least one: cheaper to look for than its posts."""


def _may_fit(name: str, head: Head) -> bool:
    if name == "reddit":
        return next(head.tree.iter("shreddit-post", "shreddit-comment"), None) is not None
    if name == "schema.org":
        return any("schema.org" in (element.get("itemtype") or "") for element in head.tree.iter())
    return name not in _CLASSES or not head.class_names.isdisjoint(_CLASSES[name])


def _posts(head: Head, layout: _Layout) -> Iterator[Segment]:
    found: dict[_Element, _Element] = {}
    for post in xpath(layout.post)(head.tree):
        if (bodies := xpath(layout.body)(post)) and bodies[0] not in found:
            found[bodies[0]] = post
    for body in found:
        _tidy(body)
    said = Said(found)
    for body, post in found.items():
        blocks, _ = read_blocks(body, scriptless=True, sight=said.sight)
        if text := to_markdown(blocks):
            author, time = _name(layout.author, post), _time(layout.time, post)
            yield Segment(text, author=author, created_at=_date(time, head.day_first), id=post.get("id") or None)


def _tidy(body: _Element) -> None:
    """Make a division of the block quote into which vBulletin 4 writes the whole post, and the reverse of older SMF's
    quotes; leave out the link to answer that Hacker News has in it."""
    for part in list(body.iter("blockquote", "div")):
        name = part.get("class") or ""
        if "postcontent" in name:
            part.tag = "div"
        elif name == "quote":
            part.tag = "blockquote"
        elif name == "reply":
            part.clear(keep_tail=True)


def _linked_posts(head: Head) -> Iterator[Segment]:
    """Yield the posts of a JSON-LD discussion, for pages whose look is unknown."""
    for item in head.things("discussionforumposting", "comment"):
        text = item.get("text") or item.get("articleBody")
        if isinstance(text, str) and (said := written_text(text)):
            author = item.get("author")
            name = author.get("name") if isinstance(author, dict) else author
            written = item.get("datePublished") or item.get("dateCreated")
            yield Segment(
                said,
                author=name.strip() or None if isinstance(name, str) else None,
                created_at=_date(written if isinstance(written, str) else None),
            )


def _in_order(posts: list[Segment]) -> tuple[Segment, ...]:
    """Sort by time; a post without one stays behind the post before it. Ids are kept if all differ."""
    latest: datetime | None = None
    keyed: list[tuple[float, int, Segment]] = []
    for number, post in enumerate(posts):
        latest = post.created_at or latest
        keyed.append((latest.timestamp() if latest is not None else 0.0, number, post))
    ordered = [post for _, _, post in sorted(keyed, key=lambda item: item[:2])]
    ids = {post.id for post in ordered}
    if None in ids or len(ids) < len(ordered):
        ordered = [replace(post, id=None) for post in ordered]
    return tuple(ordered)


def _time(path: str, post: _Element) -> str | None:
    """Return the first text found that may be the time of a post; an attribute tells it to the minute."""
    found = sorted(xpath(path)(post), key=lambda item: not isinstance(item, str))
    texts = (item if isinstance(item, str) else " ".join(item.itertext()) for item in found)
    return next((text[:120] for item in texts if (text := " ".join(item.split()))), None)


def _name(path: str, post: _Element) -> str | None:
    """Return the first piece of text of the first author found: ranks and badges stand behind the name."""
    for found in xpath(path)(post):
        pieces = [found] if isinstance(found, str) else found.itertext()
        if name := next((text for piece in pieces if (text := " ".join(piece.split()))), None):
            return name[:120]
    return None


def _date(text: str | None, day_first: bool = False) -> datetime | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) in (10, 13):
        return parse_time(int(text[:10]))
    return read_date(text, day_first=day_first)
