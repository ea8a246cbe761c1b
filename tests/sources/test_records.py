"""Records: what people said, in files of programs that no other source knows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents, errors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masa_rag.errors import ConfigurationError, RecordError
from masa_rag.protocols import Source
from masa_rag.sources import Records, open_source, open_sources
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

AT = datetime(2024, 5, 1, 10, tzinfo=UTC)
EPOCH = 1_714_557_600
"""The same in seconds since 1970."""


def write(folder: Path, name: str, value: Any) -> Path:
    """Write a text as it is, lines of JSON, or JSON."""
    if not isinstance(value, str):
        value = "\n".join(map(json.dumps, value)) if name.endswith("l") and name != "a.xml" else json.dumps(value)
    path = folder / name
    path.write_text(value, encoding="utf-8")
    return path


def read(folder: Path, name: str, value: Any) -> list[Document]:
    """Return what is recognised in a file, of which nothing is reported."""
    source = open_source(write(folder, name, value))
    assert isinstance(source, Records)
    assert not errors(source)
    return documents(source)


def told(document: Document) -> list[tuple[str | None, str]]:
    """Return who says what in a document."""
    return [(segment.author, segment.text) for segment in document.segments]


# Services


def sky(key: str, text: str, *, answers: str = "") -> dict[str, Any]:
    """Return an entry of a feed of Bluesky."""
    author = {
        "did": "did:plc:m",
        "handle": "mara.example",
        "displayName": "Mara Quill",
        "createdAt": "2020-01-01T00:00:00Z",
    }
    record: dict[str, Any] = {"$type": "app.bsky.feed.post", "createdAt": "2024-05-01T10:00:00.000Z", "text": text}
    entry: dict[str, Any] = {"post": {"uri": f"at://did:plc:m/app.bsky.feed.post/{key}", "author": author}}
    if answers:
        above = {"uri": answers, "author": {"displayName": "Tam Oar"}, "record": {"text": "Words of somebody else"}}
        record["reply"] = {"root": {"uri": answers}, "parent": {"uri": answers}}
        entry["reply"] = {"root": above, "parent": above}
    entry["post"]["record"] = record
    return entry


def test_bluesky(tmp_path: Path) -> None:
    """A post is its author's, at the time of the post and not of the account, with the address that people open."""
    other = "at://did:plc:t/app.bsky.feed.post/3zz"
    feed = {"feed": [sky("3ka", "The new seal held."), sky("3kb", "No, it leaks.", answers=other)], "cursor": "x"}
    post, answer = read(tmp_path, "feed.json", feed)
    assert (post.kind, post.text, post.author, post.created_at) == ("post", "The new seal held.", "Mara Quill", AT)
    assert post.url == "https://bsky.app/profile/mara.example/post/3ka"
    assert post.metadata == {"username": "mara.example"}
    assert (answer.id, told(answer)) == (other, [("Mara Quill", "No, it leaks.")])
    assert answer.segments[0].reply_to == other


def test_hacker_news_items(tmp_path: Path) -> None:
    """A story and the comments that answer it, and each other, are one document; their addresses are the site's."""
    items = [
        {
            "by": "mara",
            "id": 361,
            "time": EPOCH,
            "title": "A pump that texts",
            "type": "story",
            "url": "https://p.example",
        },
        {
            "by": "tam",
            "id": 362,
            "parent": 361,
            "text": "Does it? I&#x27;d like that.",
            "time": EPOCH + 1,
            "type": "comment",
        },
        {
            "by": "mara",
            "id": 363,
            "parent": 362,
            "text": "Yes, it does.<p>By radio.",
            "time": EPOCH + 2,
            "type": "comment",
        },
    ]
    (story,) = read(tmp_path, "items.jsonl", items)
    assert told(story) == [
        ("mara", "A pump that texts"),
        ("tam", "Does it? I'd like that."),
        ("mara", "Yes, it does.\nBy radio."),
    ]
    assert [segment.reply_to for segment in story.segments] == [None, "361", "362"]
    assert story.segments[1].url == "https://news.ycombinator.com/item?id=362"
    assert (story.title, story.url) == ("A pump that texts", "https://news.ycombinator.com/item?id=361")


def test_hacker_news_tree(tmp_path: Path) -> None:
    """Of a whole story, as its search gives it, the comments within comments are read, however deep; it is no tweet."""
    tree: dict[str, Any] = {"children": []}
    for number in range(40, 0, -1):
        kind = (
            {"type": "comment", "title": None, "url": None, "points": None}
            if number > 1
            else {
                "type": "story",
                "title": "A pump that texts",
                "url": "https://p.example",
                "points": 9,
            }
        )
        tree = {
            "id": number,
            "created_at": "2024-05-01T10:00:00Z",
            "author": f"user{number}",
            "story_id": 1,
            **kind,
            "text": f"What I say is {number}" if number > 1 else None,
            "parent_id": number - 1 if number > 1 else None,
            "children": [tree] if number < 40 else [],
        }
    (story,) = read(tmp_path, "story.json", tree)
    assert len(story.segments) == 40
    assert (story.segments[39].text, story.segments[39].reply_to) == ("What I say is 40", "39")
    assert told(story)[0] == ("user1", "A pump that texts")


def person(login: str) -> dict[str, Any]:
    """Return an account as GitHub's API gives it."""
    return {
        "login": login,
        "id": 7,
        "html_url": f"https://github.com/{login}",
        "url": f"https://api.github.com/{login}",
    }


def test_github_comments(tmp_path: Path) -> None:
    """Comments of an issue are one document; what looks like HTML in their code is left as it is."""
    comments = [
        {
            "url": f"https://api.github.com/c/{number}",
            "html_url": f"https://github.com/c/{number}",
            "id": number,
            "issue_url": "https://api.github.com/i/5",
            "user": person(who),
            "created_at": f"2024-05-01T10:0{number}:00Z",
            "updated_at": "2024-06-01T10:00:00Z",
            "body": body,
            "reactions": {"url": "https://api.github.com/r"},
        }
        for number, who, body in [(1, "mara", "It fails\n\nwith `<b>` and `a < b`."), (2, "tam", "Here **too**.")]
    ]
    (issue,) = read(tmp_path, "comments.json", comments)
    assert told(issue) == [("mara", "It fails\n\nwith `<b>` and `a < b`."), ("tam", "Here **too**.")]
    assert issue.segments[0].url == "https://github.com/c/1"
    assert issue.segments[0].created_at == datetime(2024, 5, 1, 10, 1, tzinfo=UTC)


def test_an_issue_with_its_comments(tmp_path: Path) -> None:
    """The object that encloses the comments is said too, and gives the title and the link."""
    issue = {
        "author": {"login": "mara", "name": "Mara Quill"},
        "body": "It stops after two hours.",
        "title": "Pump stops",
        "createdAt": "2024-05-01T10:00:00Z",
        "url": "https://github.com/a/b/issues/5",
        "comments": [
            {"id": "IC_1", "author": {"login": "tam"}, "body": "Same here.", "createdAt": "2024-05-02T10:00:00Z"}
        ],
    }
    (document,) = read(tmp_path, "issue.json", issue)
    assert told(document) == [("Mara Quill", "It stops after two hours."), ("tam", "Same here.")]
    assert (document.title, document.url) == ("Pump stops", "https://github.com/a/b/issues/5")


def test_comments_of_a_video(tmp_path: Path) -> None:
    """What yt-dlp saves: the comments are found behind hundreds of formats, and each has a link of its own."""
    video = {
        "id": "abc12345678",
        "title": "Fixing a pump",
        "description": "How I fixed it in one day.",
        "uploader": "Mara Fixes",
        "formats": [
            {"format_id": str(n), "format_note": "low quality", "url": "https://x.example/" + "y" * 400}
            for n in range(300)
        ],
        "upload_date": "20240501",
        "timestamp": EPOCH,
        "webpage_url": "https://www.youtube.com/watch?v=abc12345678",
        "comments": [
            {
                "id": "U1",
                "parent": "root",
                "text": "Great, thank you!",
                "author": "@tam",
                "author_id": "UC1",
                "timestamp": EPOCH + 60,
            },
            {
                "id": "U1.9",
                "parent": "U1",
                "text": "I agree with you.",
                "author": "@bo",
                "author_id": "UC2",
                "timestamp": EPOCH + 90,
            },
        ],
    }
    (document,) = read(tmp_path, "Fixing a pump [abc12345678].info.json", video)
    assert document.title == "Fixing a pump"
    assert told(document) == [
        ("Mara Fixes", "How I fixed it in one day."),
        ("tam", "Great, thank you!"),
        ("bo", "I agree with you."),
    ]
    assert document.segments[1].url == "https://www.youtube.com/watch?v=abc12345678&lc=U1"
    assert [segment.reply_to for segment in document.segments] == [None, "abc12345678", "U1"]


def test_facebook(tmp_path: Path) -> None:
    """A comment's parts lie in a list, its letters are bytes, and its title says whom it answers."""
    comments = {
        "comments_v2": [
            {
                "timestamp": EPOCH,
                "title": "Mara Quill commented on Tam Oar's post.",
                "data": [
                    {
                        "comment": {
                            "timestamp": EPOCH,
                            "comment": "C\u00c3\u00a9 bateau est beau",
                            "author": "Mara Quill",
                        }
                    }
                ],
            },
        ]
    }
    (comment,) = read(tmp_path, "comments.json", comments)
    assert (comment.text, comment.author, comment.created_at) == ("Cé bateau est beau", "Mara Quill", AT)
    assert comment.title == "Mara Quill commented on Tam Oar's post."
    posts = [
        {
            "timestamp": EPOCH,
            "data": [{"post": "The season begins."}, {"update_timestamp": EPOCH + 1}],
            "title": "Mara Quill",
        }
    ]
    assert [post.text for post in read(tmp_path, "posts.json", posts)] == ["The season begins."]


def test_instagram_and_tiktok(tmp_path: Path) -> None:
    """Fields within fields are found, and of several lists each is read: comments as posts, chats as chats."""
    said = {"Comment": {"value": "So beautiful, where?"}, "Media Owner": {"value": "tam"}, "Time": {"timestamp": EPOCH}}
    (comment,) = read(tmp_path, "post_comments_1.json", [{"media_list_data": [{"uri": ""}], "string_map_data": said}])
    assert (comment.text, comment.created_at, comment.author) == ("So beautiful, where?", AT, None)
    when = "2024-05-01 10:00:00"
    chat = [
        {"Date": when, "From": "mara", "Content": "Did you see it?"},
        {"Date": when, "From": "tam", "Content": "Yes, I did"},
    ]
    data = {
        "Activity": {"Browsing": {"VideoList": [{"Date": when, "Link": "https://x.example/"}]}},
        "Comment": {
            "Comments": {"CommentsList": [{"date": when, "comment": "So well made", "photo": "N/A", "url": "N/A"}]}
        },
        "Direct Messages": {"Chat History": {"ChatHistory": {"Chat History with tam:": chat}}},
    }
    found = {document.kind: document for document in read(tmp_path, "user_data.json", data)}
    assert (found["post"].text, found["post"].url) == ("So well made", None)
    assert sorted(told(found["conversation"])) == [("mara", "Did you see it?"), ("tam", "Yes, I did")]
    assert found["conversation"].title == "Chat History with tam"


def test_chats(tmp_path: Path) -> None:
    """Messages of a channel are one document a day; answers that lie below a message go with it."""
    lines = [
        {"type": "version", "version": 1},
        {
            "type": "post",
            "post": {
                "channel": "harbour",
                "user": "mara",
                "message": "The pump leaks again",
                "create_at": EPOCH * 1000,
                "replies": [{"user": "tam", "message": "I bring a seal", "create_at": EPOCH * 1000 + 9}],
            },
        },
        {
            "type": "post",
            "post": {"channel": "harbour", "user": "tam", "message": "We meet at ten", "create_at": EPOCH * 1000},
        },
    ]
    thread, day = read(tmp_path, "mattermost.jsonl", lines)
    assert (told(thread), thread.title) == ([("mara", "The pump leaks again"), ("tam", "I bring a seal")], "harbour")
    assert (day.id, told(day)) == ("harbour/2024-05-01", [("tam", "We meet at ten")])
    user = {"_id": "u", "username": "mara", "name": "Mara Quill"}
    room = {
        "messages": [
            {"_id": "a1", "rid": "GENERAL", "msg": "The pump leaks", "ts": {"$date": "2024-05-01T10:00:00Z"}, "u": user}
        ]
    }
    (day,) = read(tmp_path, "rocket.json", room)
    assert (day.id, told(day), day.created_at) == ("GENERAL/2024-05-01", [("Mara Quill", "The pump leaks")], AT)


# Tables and XML


def test_stack_exchange(tmp_path: Path) -> None:
    """A question and its answers are one document, as text; what no one answers is a post."""
    rows = (
        '<?xml version="1.0" encoding="utf-8"?><posts>'
        '<row Id="1" PostTypeId="1" CreationDate="2024-05-01T10:00:00.000" Body="&lt;p&gt;How do I stop it?&lt;/p&gt;'
        '&#xA;&#xA;&lt;p&gt;It leaks.&lt;/p&gt;" OwnerUserId="5" Title="Pump leaks" Tags="&lt;pumps&gt;" />'
        '<row Id="3" PostTypeId="2" ParentId="1" CreationDate="2024-05-02T10:00:00.000" '
        'Body="&lt;p&gt;Replace the seal.&lt;/p&gt;" OwnerDisplayName="Tam" />'
        '<row Id="4" PostTypeId="1" CreationDate="2024-05-03T10:00:00.000" '
        'Body="&lt;p&gt;Which grease is safe?&lt;/p&gt;" OwnerUserId="6" Title="Grease" /></posts>'
    )
    found = {document.title: document for document in read(tmp_path, "Posts.xml", rows)}
    assert told(found["Pump leaks"]) == [("5", "How do I stop it?\n\nIt leaks."), ("Tam", "Replace the seal.")]
    assert (found["Grease"].kind, found["Grease"].text) == ("post", "Which grease is safe?")


def test_elements_within_elements(tmp_path: Path) -> None:
    """Attributes with the name of an empty element count, and an element's own tell whose thread it is."""
    rows = (
        '<disqus xmlns:dsq="http://d.example"><post dsq:id="1"><id /><message><![CDATA[<p>I like it</p>]]></message>'
        '<createdAt>2024-05-01T10:00:00Z</createdAt><author><name>Mara</name></author><thread dsq:id="5" /></post>'
        '<post dsq:id="2"><id /><message><![CDATA[<p>So do I</p>]]></message><parent dsq:id="1" />'
        "<createdAt>2024-05-01T11:00:00Z</createdAt><author><name>Tam</name></author>"
        '<thread dsq:id="5" /></post></disqus>'
    )
    (thread,) = read(tmp_path, "disqus.xml", rows)
    assert told(thread) == [("Mara", "I like it"), ("Tam", "So do I")]
    assert [segment.id for segment in thread.segments] == ["1", "2"]


def test_what_has_no_time_stays_in_order(tmp_path: Path) -> None:
    """Turns without times and ids come as the file has them, and talks of one name in several objects stay apart."""
    talks = [
        {
            "messages": [
                {"author": f"user{talk % 2}", "text": f"Turn {turn} of talk {talk} goes so"} for turn in range(9)
            ]
        }
        for talk in (1, 2)
    ]
    first, second = read(tmp_path, "talks.json", talks)
    assert [segment.text for segment in first.segments] == [f"Turn {turn} of talk 1 goes so" for turn in range(9)]
    assert [segment.text for segment in second.segments] == [f"Turn {turn} of talk 2 goes so" for turn in range(9)]


def test_what_is_repeated_is_said_each_time(tmp_path: Path) -> None:
    """Two equal messages of one minute are two."""
    texts = ("Is it dry now?", "ok", "ok")
    rows = "sender_name;date;msg\n" + "".join(f"mara;2024-05-01 10:00;{text}\n" for text in texts)
    (day,) = documents(Records(write(tmp_path, "chat.csv", rows)))
    assert [segment.text for segment in day.segments] == list(texts)


def test_ids_that_are_counted_anew_below(tmp_path: Path) -> None:
    """A comment with the number of the post that it lies below does not take its place."""
    tam = {"id": 1, "author": "Tam", "date": "2024-05-02", "content": "<p>How fast do they?</p>"}
    post = {
        "id": 1,
        "title": "On seals",
        "author": "Mara",
        "date": "2024-05-01",
        "content": "Seals wear out, all of them.",
    }
    (document,) = read(tmp_path, "blog.json", {"posts": [{**post, "comments": [tam]}]})
    assert told(document) == [("Mara", "Seals wear out, all of them."), ("Tam", "How fast do they?")]
    assert document.segments[1].reply_to == "1"


def test_dates_that_cannot_be_read_are_reported(tmp_path: Path) -> None:
    """The others are read; a row without its date stays."""
    rows = "author,date,comment\nmara,2024-05-01T10:00,I like this one\ntam,soon,I do not like it\n"
    source = Records(write(tmp_path, "rows.csv", rows))
    assert [item.created_at for item in source if isinstance(item, Document)] == [AT, None]
    assert "such as 'soon' (1 in all)" in str(errors(source)[0])


def test_a_diary(tmp_path: Path) -> None:
    """The id of an entry is not its author, the day it was written is not the day it was changed."""
    text = "Today I took the pump apart and cleaned all of it, piece by piece."
    entry = {"uuid": "A1", "modifiedDate": "2024-06-01T10:00:00Z", "creationDate": "2024-05-01T10:00:00Z", "text": text}
    (post,) = read(tmp_path, "Journal.json", {"metadata": {"version": "1.0"}, "entries": [entry]})
    assert (post.id, post.author, post.created_at, post.text) == ("A1", None, AT, text)


def test_text_messages(tmp_path: Path) -> None:
    """What the owner of the telephone sent is not taken for words of the contact, whose name each message has."""
    head = f'address="+4917" contact_name="Tam Oar" readable_date="x" date="{EPOCH}'
    rows = (
        f'<smses count="3"><sms protocol="0" {head}000" type="1" body="Are you coming?" />'
        f'<sms protocol="0" {head}001" type="2" body="Yes, in ten minutes" />'
        f'<mms {head}002" msg_box="1"><parts><part ct="application/smil" text="x" />'
        '<part ct="text/plain" text="Look at the boat" /></parts></mms></smses>'
    )
    (day,) = read(tmp_path, "sms.xml", rows)
    assert told(day) == [("Tam Oar", "Are you coming?"), ("Me", "Yes, in ten minutes"), ("Tam Oar", "Look at the boat")]
    assert day.title == "Tam Oar"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            "Date,Link,Message\n2024-05-01 10:00:00,https://l.example/1,Well deserved!\n",
            (None, "Well deserved!", "rows"),
        ),
        (
            "Date,ShareLink,ShareCommentary,Visibility\n2024-05-01 10:00:00,https://l.example/1,We are hiring,ALL\n",
            (None, "We are hiring", "rows"),
        ),
        (
            "Review Date;Reviewer;Rating;Title;Review\n2024-05-01 10:00;Mara Q;5;Great;Works well, every day.\n",
            ("Mara Q", "Works well, every day.", "Great"),
        ),
        (
            "Review Id\tReview Created (UTC)\tReview Title\tReview Content\tReview User Name\n"
            "r1\t2024-05-01 10:00:00\tGreat\tIt came in two days.\tMara Quill\n",
            ("Mara Quill", "It came in two days.", "Great"),
        ),
        (
            "Ticket ID,Customer Name,Channel,Ticket Subject,Ticket Description,Created At\n"
            "1,Mara Quill,Email,Pump stops,It stops after two hours.,2024-05-01 10:00\n",
            ("Mara Quill", "It stops after two hours.", "Pump stops"),
        ),
        (
            ",user_name,comment,date,likes\n0,mara,It works well for me,2024-05-01T10:00:00,3\n",
            ("mara", "It works well for me", None),
        ),
        ('author,comment,date,time\nMara,"It works\nfor me",2024-05-01,10:00\n', ("Mara", "It works\nfor me", None)),
    ],
)
def test_tables(tmp_path: Path, table: str, expected: tuple[str | None, str, str | None]) -> None:
    """Rows of many programs are posts with their titles; what is by nobody has its file's, not a digest."""
    (post,) = read(tmp_path, "rows.csv", table)
    assert (post.author, post.text, post.title) == expected
    assert (post.kind, post.created_at) == ("post", AT)


def test_a_survey(tmp_path: Path) -> None:
    """Answers in words stand behind their questions; a day above 12 in any row tells which number is the month."""
    rows = "Timestamp,How did you like it?,What would you improve?\n" + "".join(
        f"5/{day}/2024 10:00:00,It was very clear {day},More time for questions {day}\n" for day in (1, 14)
    )
    first, _ = read(tmp_path, "answers.csv", rows)
    assert first.text == "How did you like it? It was very clear 1\nWhat would you improve? More time for questions 1"
    assert first.created_at == AT


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """A table is read in the encoding that Excel saved it in."""
    path = tmp_path / "a.csv"
    path.write_bytes("author;date;comment\nZoë;2024-05-01 10:00;Très bien, merci à tous\n".encode(encoding))
    (post,) = documents(open_source(path))
    assert (post.author, post.text) == ("Zoë", "Très bien, merci à tous")


# Ids, fields, damage

COMMENTS = [
    {
        "user": {"login": who},
        "body": f"{who} says some words",
        "created_at": "2024-05-01T10:00:00Z",
        "note": f"Aside of {who}",
    }
    for who in ("mara", "tam", "bo")
]


def test_a_longer_export_gives_the_same_ids(tmp_path: Path) -> None:
    """Records without ids get some made of what they say, so that what was there before is known again."""
    before = read(tmp_path, "a.json", COMMENTS[:2])
    after = read(tmp_path, "b.json", [COMMENTS[2], *COMMENTS[:2]])
    assert [document.id for document in before] == [document.id for document in after[1:]]


def test_named_fields(tmp_path: Path) -> None:
    """The fields that are named are taken, also where others would have been found."""
    source = Records(write(tmp_path, "a.json", COMMENTS), fields={"text": "note", "author": "user.login"})
    first = documents(source)[0]
    assert (first.author, first.text) == ("mara", "Aside of mara")


def test_unknown_fields(tmp_path: Path) -> None:
    """A field that a file does not have is reported with those that it has; a role that there is not is an error."""
    (error,) = errors(Records(write(tmp_path, "a.json", COMMENTS), fields={"text": "words"}))
    assert "no field 'words'" in str(error)
    assert "user.login, body, created_at, note" in str(error)
    with pytest.raises(ConfigurationError, match="received the field 'who'; expected one of text, author"):
        Records(tmp_path, fields={"who": "user"})


def test_an_unknown_file_tells_its_fields(tmp_path: Path) -> None:
    """Where nothing tells who said the words, or when, the note says which fields there are and how to name them."""
    rows = write(tmp_path, "a.json", [{"label": "good", "words": {"de": f"A pump of quality {n}"}} for n in range(3)])
    with pytest.warns(UserWarning, match=r"the fields label, words\.de; .* --field text=NAME"):
        open_source(rows)


def test_damage(tmp_path: Path) -> None:
    """A line that is damaged is reported, and the others are read."""
    good = [json.dumps(comment) for comment in COMMENTS]
    source = Records(write(tmp_path, "a.jsonl", "\n".join([good[0], '{"body": "cut', good[1], good[2]])))
    assert sum(isinstance(item, Document) for item in source) == 3
    assert len(errors(source)) == 1


def test_entities_are_not_replaced(tmp_path: Path) -> None:
    """Entities that a file defines, in thousands or from other files, bring nothing in."""
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/hostname">]>'
    row = '<row user="mara" created="2024-05-01T10:00:00Z"><comment>Words that I say &b;&f;</comment></row>'
    found = documents(Records(write(tmp_path, "a.xml", f"{bomb}<r>{row}{row}</r>")))
    assert all("aaaa" not in document.text for document in found)


def test_in_a_folder(tmp_path: Path) -> None:
    """Of a folder the files with records are read, and settings beside them are not."""
    write(tmp_path, "comments.json", COMMENTS)
    write(tmp_path, "package.json", {"name": "pump", "description": "A long line of words"})
    with pytest.warns(UserWarning, match=r"no source recognises package\.json"):
        (source,) = open_sources(tmp_path)
    assert isinstance(source, Records)
    assert len(documents(source)) == 3
    assert len(documents(Records(tmp_path))) == 3


class TestContract(SourceContract):
    """Comments in a thread, and posts."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = write(tmp_path, "a.json", [*COMMENTS, {**COMMENTS[0], "id": "x", "thread_id": "t"}])

    def make(self) -> Source:
        """Return the file."""
        return Records(self.path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(COMMENTS),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["text", "user", "id", "replies", "data", "created_at", "parent", "a"]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=_JSON, cut=st.integers(0, 400), name=st.sampled_from(["a.json", "a.jsonl", "a.csv", "a.xml"]))
def test_whatever_is_in_a_file(tmp_path: Path, value: Any, cut: int, name: str) -> None:
    """Any value, whole or cut off, under any ending, gives documents and errors of records, nothing else."""
    path = tmp_path / name
    path.write_text(json.dumps([*COMMENTS, value])[: 1 + cut * 3], encoding="utf-8")
    Records.recognises(path, path.read_bytes())
    assert all(isinstance(item, (Document, RecordError)) for item in Records(path))


def test_what_a_saved_page_loads_does_not_take_its_folder_apart(tmp_path: Path) -> None:
    """Comments in JSON beside a saved page are a part of it, as its other texts and tables are."""
    words = "The keeper of the lighthouse wrote down each ship that passed, its name and where it came from. " * 9
    (tmp_path / "page.html").write_text(f"<html><head><title>Light</title></head><body><p>{words}</p></body></html>")
    write(tmp_path, "comments.json", COMMENTS)
    assert type(open_source(tmp_path)).__name__ == "WebPages"
