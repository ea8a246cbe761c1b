"""Reddit: posts and comments whose saved form has lost its type."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents, errors, segments, survives

from masa_rag.sources._base import read_head
from masa_rag.sources.reddit import RedditExport
from masa_rag.testing.contracts import SourceContract


def post(identity: str = "p1", **fields: Any) -> dict[str, Any]:
    """Return a post as Masa's workers save it."""
    return {
        "id": f"t3_{identity}",
        "parsedId": identity,
        "url": f"https://www.reddit.com/r/boats/comments/{identity}/which_ropes/",
        "username": "mara",
        "title": "Which ropes?",
        "communityName": "r/boats",
        "parsedCommunityName": "boats",
        "body": "The old ones frayed.",
        "html": None,
        "numberOfComments": 2,
        "upVotes": 5,
        "isVideo": False,
        "isAd": False,
        "over18": False,
        "createdAt": "2024-05-13T10:00:00.000Z",
        "scrapedAt": "2024-06-01T00:00:00.000Z",
        "dataType": "post",
        **fields,
    }


def comment(identity: str, parent: str, minute: int, **fields: Any) -> dict[str, Any]:
    """Return a comment as Masa's workers save it."""
    return {
        "id": f"t1_{identity}",
        "parsedId": identity,
        "url": f"https://www.reddit.com/r/boats/comments/p1/which_ropes/{identity}/",
        "parentId": parent,
        "username": "bo",
        "category": "boats",
        "communityName": "r/boats",
        "body": f"Comment {identity}",
        "createdAt": f"2024-05-13T10:{minute:02}:00.000Z",
        "scrapedAt": "2024-06-01T00:00:00.000Z",
        "upVotes": 1,
        "numberOfreplies": 0,
        "html": "",
        "dataType": "comment",
        **fields,
    }


RECORDS = [comment("c2", "t1_c1", 9), comment("c1", "t3_p1", 5), post(), {"dataType": "community", "name": "boats"}]
API = [
    {"kind": "Listing", "data": {"children": [{"kind": "t3", "data": {
        "id": "p1", "name": "t3_p1", "subreddit": "boats", "title": "Which ropes?", "selftext": "Old &amp; frayed.",
        "author": "mara", "created_utc": 1715594400.0, "permalink": "/r/boats/comments/p1/which_ropes/", "score": 5,
    }}]}},
    {"kind": "Listing", "data": {"children": [{"kind": "t1", "data": {
        "id": "c1", "name": "t1_c1", "subreddit": "boats", "link_id": "t3_p1", "parent_id": "t3_p1", "author": "bo",
        "body": "Nylon.", "created_utc": 1715594700, "edited": 1715595000.0,
        "replies": {"kind": "Listing", "data": {"children": [
            {"kind": "t1", "data": {
                "id": "c2", "name": "t1_c2", "subreddit": "boats", "link_id": "t3_p1", "parent_id": "t1_c1",
                "author": "[deleted]", "body": "Agreed.", "created_utc": 1715594800, "replies": "",
            }},
            {"kind": "more", "data": {"count": 3, "children": ["c4"], "id": "c4"}},
        ]}},
    }}]}},
]  # fmt: skip


def write(folder: Path, value: Any, name: str = "boats.json") -> Path:
    """Write JSON."""
    path = folder / name
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


class TestContract(SourceContract):
    """The contract of sources."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = write(tmp_path, RECORDS)

    def make(self) -> RedditExport:
        """A post and two comments."""
        return RedditExport(self.path)


def saved(folder: Path, form: str) -> Path:
    """Write RECORDS in one of the forms in which they are saved."""
    path = folder / "boats.json"
    value: Any = {"list": RECORDS, "data": {"data": RECORDS}, "items": {"items": RECORDS}}.get(form)
    path.write_text("\n".join(map(json.dumps, RECORDS)) if form == "lines" else json.dumps(value))
    return path


@pytest.mark.parametrize("form", ["list", "data", "items", "lines"])
def test_a_post_with_its_comments_is_one_document(tmp_path: Path, form: str) -> None:
    """The post comes first, comments by time; each answers its parent."""
    path = saved(tmp_path, form)
    assert RedditExport.recognises(path, read_head(path))
    (document,) = documents(RedditExport(path))
    assert (document.id, document.title) == ("t3_p1", "Which ropes?")
    assert document.url == "https://www.reddit.com/r/boats/comments/p1/which_ropes/"
    assert dict(document.metadata) == {"community": "boats"}
    assert [(item.id, item.author, item.text, item.reply_to) for item in document.segments] == [
        ("t3_p1", "mara", "Which ropes?\n\nThe old ones frayed.", None),
        ("t1_c1", "bo", "Comment c1", "t3_p1"),
        ("t1_c2", "bo", "Comment c2", "t1_c1"),
    ]
    assert document.segments[0].metadata["votes"] == 5
    assert document.created_at == datetime(2024, 5, 13, 10, tzinfo=UTC)


def test_comments_without_their_post(tmp_path: Path) -> None:
    """They are filed under the post that their address names, or at the end of their parents."""
    path = write(
        tmp_path, [comment("c1", "t3_p1", 5), comment("c2", "t1_c1", 9, url=""), comment("c3", "t1_x", 9, url="")]
    )
    assert [(item.id, item.title) for item in documents(RedditExport(path))] == [("t3_p1", "boats"), ("t1_x", "boats")]


def test_the_answers_of_reddits_api(tmp_path: Path) -> None:
    """A listing of the post and one of its comments, replies within; entities are read; "[deleted]" is nobody."""
    path = write(tmp_path, API)
    assert RedditExport.recognises(path, read_head(path))
    (document,) = documents(RedditExport(path))
    assert [(item.id, item.author, item.text, item.reply_to) for item in document.segments] == [
        ("t3_p1", "mara", "Which ropes?\n\nOld & frayed.", None),
        ("t1_c1", "bo", "Nylon.", "t3_p1"),
        ("t1_c2", None, "Agreed.", "t1_c1"),
    ]
    assert document.segments[1].edited_at == datetime(2024, 5, 13, 10, 10, tzinfo=UTC)


def api_post(**fields: Any) -> dict[str, Any]:
    """Return a post as Reddit's API writes it."""
    told = API[0]["data"]["children"][0]["data"]
    return {"kind": "t3", "data": {**told, "selftext": "", **fields}}


def test_a_title_of_reddits_api(tmp_path: Path) -> None:
    """The API escapes titles like bodies; what Masa's workers save is plain."""
    title = "Q&amp;A: is 3 &lt; 4?"
    (document,) = documents(RedditExport(write(tmp_path, [api_post(title=title)])))
    assert (document.title, document.segments[0].text) == ("Q&A: is 3 < 4?", "Q&A: is 3 < 4?")
    (document,) = documents(RedditExport(write(tmp_path, [post(title=title)])))
    assert document.title == title


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://ropes.example/test?a=1&amp;b=2", "Which ropes?\n\nhttps://ropes.example/test?a=1&b=2"),
        ("/r/knots/comments/k9/bowline/", "Which ropes?\n\nhttps://www.reddit.com/r/knots/comments/k9/bowline/"),
        ("https://www.reddit.com/r/boats/comments/p1/which_ropes/", "Which ropes?"),
        ("https://old.reddit.com/r/boats/comments/P1/", "Which ropes?"),
        ("", "Which ropes?"),
        (None, "Which ropes?"),
    ],
    ids=["link", "crosspost", "itself", "itself elsewhere", "empty", "none"],
)
def test_what_a_post_links_to(tmp_path: Path, url: str | None, text: str) -> None:
    """The address that a link post is about stands below its title; a text post's own address does not."""
    (document,) = documents(RedditExport(write(tmp_path, [api_post(url=url)])))
    assert document.segments[0].text == text
    assert document.url == "https://www.reddit.com/r/boats/comments/p1/which_ropes/"


def test_a_link_that_the_text_has_already(tmp_path: Path) -> None:
    """It is not said twice."""
    fields = {"url": "https://ropes.example/", "selftext": "See https://ropes.example/ for more."}
    (document,) = documents(RedditExport(write(tmp_path, [api_post(**fields)])))
    assert document.segments[0].text == "Which ropes?\n\nSee https://ropes.example/ for more."


def test_one_record_is_a_file(tmp_path: Path) -> None:
    """A post saved by itself."""
    path = write(tmp_path, post())
    assert [item.id for item in segments(RedditExport(path))] == ["t3_p1"]


def test_what_nobody_said_is_left_out(tmp_path: Path) -> None:
    """Advertisements, deleted and removed texts, people and communities."""
    records = [
        post(),
        post("p2", isAd=True),
        comment("c1", "t3_p1", 1, body="[deleted]"),
        comment("c2", "t3_p1", 2, body="[removed]"),
    ]
    path = write(tmp_path, [*records, {"dataType": "user", "id": "t2_x", "username": "bo"}])
    assert [item.id for item in segments(RedditExport(path))] == ["t3_p1"]
    assert errors(RedditExport(path)) == []


def test_overlapping_files_have_the_same_ids(tmp_path: Path) -> None:
    """The same in any order, and a comment that comes twice is one."""
    forward = [item.id for item in segments(RedditExport(write(tmp_path, RECORDS)))]
    backward = [item.id for item in segments(RedditExport(write(tmp_path, [*reversed(RECORDS), RECORDS[0]])))]
    assert forward == backward


def test_html_where_there_is_no_body(tmp_path: Path) -> None:
    """Markup is read as text."""
    path = write(tmp_path, [post(body=None, html="<p>One <b>two</b></p>")])
    assert segments(RedditExport(path))[0].text == "Which ropes?\n\nOne two"


def test_bad_records_are_reported(tmp_path: Path) -> None:
    """Wrong types and records without an id are errors; the others stay."""
    path = write(
        tmp_path,
        [
            post(),
            7,
            comment("c1", "t3_p1", 1, body={"a": 1}),
            comment("", "t3_p1", 2, id=None),
            comment("c2", "t3_p1", 3),
        ],
    )
    assert [item.id for item in segments(RedditExport(path))] == ["t3_p1", "t1_c2"]
    assert len(errors(RedditExport(path))) == 3


def test_a_circle_of_parents_ends(tmp_path: Path) -> None:
    """A damaged file may let two comments answer each other."""
    path = write(tmp_path, [comment("a", "t1_b", 1, url=""), comment("b", "t1_a", 2, url="")])
    assert len(segments(RedditExport(path))) == 2


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [{"dataType": "post"}],
        [{"id": "1", "text": "x", "type": "post"}],
        {"data": [{"title": "x"}]},
        [{"kind": "t9"}],
    ],
)
def test_other_json_is_not_recognised(tmp_path: Path, value: Any) -> None:
    """A type alone is too little."""
    path = write(tmp_path, value)
    assert not RedditExport.recognises(path, read_head(path))


def test_damaged_files(tmp_path: Path) -> None:
    """300 damaged files give documents and record errors only."""
    for good in (RECORDS, API):
        survives(RedditExport, json.dumps(good).encode(), tmp_path / "boats.json", files=150)


@pytest.mark.slow
def test_ten_thousand_damaged_files(tmp_path: Path) -> None:
    """10,000 damaged files within 256 MB."""
    lines = "\n".join(map(json.dumps, RECORDS)).encode()
    for good in (json.dumps(RECORDS).encode(), json.dumps(API).encode(), lines):
        survives(RedditExport, good, tmp_path / "boats.json", files=3_400)


POSTS = (
    "id,permalink,date,ip,subreddit,gildings,title,url,body\n"
    "p1,https://www.reddit.com/r/boats/comments/p1/which_ropes/,2024-05-13 10:00:00 UTC,192.0.2.7,boats,0,"
    'Which ropes?,/r/boats/comments/p1/which_ropes/,"The old ones,\nthey frayed."\n'
)
COMMENTS = (
    "id,permalink,date,ip,subreddit,gildings,link,parent,body,media\n"
    "c1,https://www.reddit.com/r/boats/comments/p1/which_ropes/c1/,2024-05-13 10:01:00 UTC,192.0.2.7,boats,0,"
    "https://www.reddit.com/r/boats/comments/p1/which_ropes/,,Hemp.,\n"
    "c3,https://www.reddit.com/r/boats/comments/p1/which_ropes/c3/,2024-05-13 10:03:00 UTC,192.0.2.7,boats,0,"
    "https://www.reddit.com/r/boats/comments/p1/which_ropes/,c2,Or nylon.,\n"
)


@pytest.mark.parametrize("as_zip", [True, False])
def test_the_data_that_reddit_sends_a_person(tmp_path: Path, as_zip: bool) -> None:
    """Their posts and comments, a zip or its two tables; other tables and the person's addresses stay out."""
    files = {"posts.csv": POSTS, "comments.csv": COMMENTS, "post_votes.csv": "id,permalink,direction\np9,/r/x/,up\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    path = tmp_path / "export_nora_2024.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    source = RedditExport(path if as_zip else [tmp_path / "comments.csv", tmp_path / "posts.csv"])
    assert all(RedditExport.recognises(item, read_head(item)) for item in map(Path, source.paths))
    (document,) = documents(source)
    assert (document.id, document.title) == ("t3_p1", "Which ropes?")
    assert [(item.id, item.text, item.reply_to) for item in document.segments] == [
        ("t3_p1", "Which ropes?\n\nThe old ones,\nthey frayed.", None),
        ("t1_c1", "Hemp.", "t3_p1"),
        ("t1_c3", "Or nylon.", "t1_c2"),
    ]
    assert document.segments[0].created_at == datetime(2024, 5, 13, 10, 0, tzinfo=UTC)
    assert not RedditExport.recognises(tmp_path / "post_votes.csv", files["post_votes.csv"].encode())
    assert "192.0.2.7" not in str(documents(RedditExport(tmp_path)))


@pytest.mark.parametrize("names", [("comments.jsonl", "posts.jsonl"), ("replies.jsonl", "opening.jsonl")])
def test_posts_and_comments_in_files_of_their_own(tmp_path: Path, names: tuple[str, str]) -> None:
    """Archives keep them apart; whichever file comes first, the document is the post's, with its title and link."""
    for name, record in zip(names, (comment("c1", "t3_p1", 5), post()), strict=True):
        (tmp_path / name).write_text(json.dumps(record), encoding="utf-8")
    (document,) = documents(RedditExport(tmp_path))
    assert (document.id, document.title, document.metadata["community"]) == ("t3_p1", "Which ropes?", "boats")
    assert [segment.id for segment in document.segments] == ["t3_p1", "t1_c1"]


def test_polls_and_captions_are_read(tmp_path: Path) -> None:
    """The choices of a poll and the captions of pictures stand below the words of the post."""
    about = {"subreddit": "boats", "created_utc": 1714554000, "author": "mara", "selftext": "", "title": "Which ropes?"}
    poll = {"poll_data": {"options": [{"text": "Hemp &amp; tar"}, {"text": "Nylon"}], "total_vote_count": 3}}
    pictures = {"gallery_data": {"items": [{"media_id": "m1", "caption": "Frayed"}, {"media_id": "m2"}]}}
    rows = [about | poll | {"id": "p1"}, about | pictures | {"id": "p2"}]
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    texts = [segment.text for segment in segments(RedditExport(path))]
    assert texts == ["Which ropes?\n\n- Hemp & tar\n- Nylon", "Which ropes?\n\nFrayed"]


def test_answers_within_what_they_answer(tmp_path: Path) -> None:
    """Scripts save comments in a list within their post, and answers in one within their comment."""
    answer = comment("c2", "t1_c1", 6)
    asked = post(comments=[comment("c1", "t3_p1", 5, replies=[answer]), comment("c3", "t3_p1", 7)])
    path = tmp_path / "boats.json"
    path.write_text(json.dumps([asked]), encoding="utf-8")
    (document,) = documents(RedditExport(path))
    assert [(item.id, item.reply_to) for item in document.segments] == [
        ("t3_p1", None), ("t1_c1", "t3_p1"), ("t1_c2", "t1_c1"), ("t1_c3", "t3_p1"),
    ]  # fmt: skip
