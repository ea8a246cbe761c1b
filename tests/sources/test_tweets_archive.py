"""The archive that X sends its users: zip, folder or one file of it; safe whatever a stranger put in the zip."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from masa_rag.errors import RecordError
from masa_rag.sources import Tweets, open_source
from masa_rag.sources._archive import Limits
from masa_rag.sources._tweets import archive as archive
from masa_rag.types import Document

FIRST, SECOND = "1790000000000000000", "1790000000004194304"
LONG = "The harbour master counted every rope twice, " * 9


def tweet(tweet_id: str, text: str, **fields: Any) -> dict[str, Any]:
    """Return an entry of tweets.js: counts are texts, and no user is named."""
    return {
        "tweet": {
            "id_str": tweet_id, "id": tweet_id, "full_text": text, "created_at": "Mon May 13 08:00:00 +0000 2024",
            "favorite_count": "3", "retweet_count": "0", "lang": "en", "entities": {"urls": []}, **fields,
        }
    }  # fmt: skip


def script(name: str, rows: list[Any], part: int = 0) -> str:
    """Return a file of the archive as X writes it."""
    return f"window.YTD.{name}.part{part} = {json.dumps(rows, indent=2)}"


def contents() -> dict[str, str]:
    """Return the files of an invented archive."""
    link = {"url": "https://t.co/a", "expanded_url": "https://a.example/log"}
    answer = {"in_reply_to_status_id_str": FIRST, "in_reply_to_user_id_str": "77"}
    note = {
        "noteTweet": {
            "noteTweetId": "55", "createdAt": "2024-05-13T09:00:00.000Z",
            "core": {"text": LONG + "&amp; went home", "urls": [], "mentions": [], "hashtags": []},
        }
    }  # fmt: skip
    account = {
        "email": "mara@private.example",
        "username": "maraquill",
        "accountId": "77",
        "accountDisplayName": "Mara Quill",
    }
    return {
        "data/account.js": script("account", [{"account": account}]),
        "data/tweets.js": script("tweets", [tweet(FIRST, "Salt &lt;3 https://t.co/a", entities={"urls": [link]})]),
        "data/tweets-part1.js": script(
            "tweets",
            [
                tweet(SECOND, "And rope", **answer),
                tweet("1790000000008388608", "RT @odefenn: Bells"),
                tweet("1790000000012582912", LONG[:270] + "\u2026", created_at="Mon May 13 09:00:00 +0000 2024"),
            ],
            1,
        ),
        "data/note-tweet.js": script("note_tweet", [note]),
        "data/community-tweet.js": script("community_tweet", [tweet("1790000000016777216", "To the rowers")]),
        "data/deleted-tweets.js": script("deleted_tweets", [tweet("1790000000020971520", "Regretted")]),
        "data/direct-messages.js": "window.YTD.direct_messages.part0 = [ secret",
    }


def make_zip(path: Path, files: dict[str, str]) -> Path:
    """Write a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return path


def make_folder(folder: Path) -> Path:
    """Write the archive unpacked."""
    for name, text in contents().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def read(path: Path, **options: Any) -> dict[str, Document]:
    """Return the documents, by id, of an archive that must have no bad record."""
    items = list(Tweets(path, **options))
    assert not [str(item) for item in items if isinstance(item, RecordError)]
    return {item.id: item for item in items if isinstance(item, Document)}


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_an_archive(tmp_path: Path, form: str) -> None:
    """All parts, the owner's name, whole long posts, communities; neither retweets nor deleted tweets."""
    path = make_zip(tmp_path / "a.zip", contents()) if form == "zip" else make_folder(tmp_path / "x")
    documents = read(path)
    assert set(documents) == {FIRST, "1790000000012582912", "1790000000016777216"}
    assert documents[FIRST].text == "Mara Quill: Salt <3 https://a.example/log\nAnd rope"
    assert documents["1790000000012582912"].text == LONG + "& went home"
    assert documents["1790000000016777216"].url == "https://x.com/maraquill/status/1790000000016777216"
    assert {item.author for item in documents.values()} == {"Mara Quill"}
    assert documents[FIRST].metadata["likes"] == 3
    assert isinstance(open_source(path), Tweets)
    assert "private.example" not in repr(documents)


def test_deleted_tweets_and_retweets_on_request(tmp_path: Path) -> None:
    """Both are choices."""
    path = make_zip(tmp_path / "a.zip", contents())
    assert "1790000000020971520" in read(path, deleted=True)
    retweet = read(path, retweets=True)["1790000000008388608"]
    assert (retweet.author, retweet.text) == ("odefenn", "Bells")
    assert retweet.metadata == {"username": "odefenn", "retweeted_by": "maraquill"}


def test_one_file_of_an_unpacked_archive(tmp_path: Path) -> None:
    """The account and the long texts beside it are still used."""
    path = make_folder(tmp_path) / "data" / "tweets-part1.js"
    documents = read(path)
    assert documents["1790000000012582912"].text == LONG + "& went home"
    assert documents["1790000000012582912"].author == "Mara Quill"
    assert isinstance(open_source(path), Tweets)


def test_the_author_of_tweets_that_name_none_is_the_one_given(tmp_path: Path) -> None:
    """An archive without its account.js, and rows of API v2 without their users, do not say whose they are."""
    archived = tmp_path / "tweets.js"
    archived.write_text(script("tweets", [tweet(FIRST, "Salt")]))
    page = tmp_path / "page.json"
    page.write_text(json.dumps({"data": [{"id": SECOND, "text": "Rope", "author_id": "77"}]}))
    for path in (archived, page):
        (document,) = read(path, author="Mara Quill").values()
        assert document.author == "Mara Quill"


def test_the_same_archive_twice_as_zip_and_folder(tmp_path: Path) -> None:
    """Both forms in one source: each tweet once."""
    make_zip(tmp_path / "a.zip", contents())
    folder = make_folder(tmp_path / "x")
    items = list(Tweets([tmp_path / "a.zip", folder]))
    assert len(items) == 3


def test_an_edited_tweet_of_an_archive(tmp_path: Path) -> None:
    """The versions of an edited tweet are one document with the last words."""
    edit = {"initialTweetId": FIRST, "editControlInitial": {"editTweetIds": [FIRST, SECOND]}}
    rows = [
        tweet(FIRST, "Tpyo", edit_info={"initial": {"editTweetIds": [FIRST, SECOND]}}),
        tweet(SECOND, "Typo", edit_info={"edit": edit}),
    ]
    (document,) = read(make_zip(tmp_path / "a.zip", {"data/tweets.js": script("tweets", rows[::-1])})).values()
    assert (document.id, document.text) == (FIRST, "Typo")


def test_names_that_lead_out_are_passed_over(tmp_path: Path) -> None:
    """Entries named to overwrite files elsewhere are not read, and nothing is written anywhere."""
    evil = script("tweets", [tweet(SECOND, "evil")])
    files = {"../../data/tweets.js": evil, "/data/tweets-part2.js": evil, "C:\\data/tweets-part3.js": evil}
    inside = tmp_path / "in"
    inside.mkdir()
    path = make_zip(inside / "a.zip", {**files, "data/tweets.js": script("tweets", [tweet(FIRST, "good")])})
    before = sorted(tmp_path.rglob("*"))
    assert list(read(path)) == [FIRST]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    """An entry that unpacks to 1,000 times its size is given up after a few MiB; the others are read."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        with file.open("data/tweets-part1.js", "w") as entry:
            entry.write(b"window.YTD.tweets.part1 = [")
            for _ in range(64):
                entry.write(b" " * 1_000_000)
        file.writestr("data/tweets.js", script("tweets", [tweet(FIRST, "good")]))
    tracemalloc.start()
    try:
        items = list(Tweets(path))
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()
    assert [item.id for item in items if isinstance(item, Document)] == [FIRST]
    assert ["unpacks to more than" in str(item) for item in items if isinstance(item, RecordError)] == [True]


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip of more entries than any archive has is refused."""
    monkeypatch.setattr(archive, "_LIMITS", Limits(entries=3))
    (item,) = Tweets(make_zip(tmp_path / "a.zip", contents()))
    assert isinstance(item, RecordError)
    assert "expected at most 3" in str(item)


@pytest.mark.parametrize("keep", [0.2, 0.6, 0.95])
def test_a_zip_cut_off(tmp_path: Path, keep: float) -> None:
    """A download that broke off is one error that says what to do."""
    path = make_zip(tmp_path / "a.zip", contents())
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    (item,) = Tweets(path)
    assert isinstance(item, RecordError)
    assert "download it again" in str(item)
    assert not Tweets.recognises(path, path.read_bytes()[:65_536])


def test_a_damaged_entry(tmp_path: Path) -> None:
    """Bytes flipped inside one entry are one error; the other entries are read."""
    path = make_zip(tmp_path / "a.zip", contents())
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as file:
        entry = file.getinfo("data/tweets-part1.js")
    start = entry.header_offset + 30 + len(entry.filename)
    data[start + 10 : start + 40] = b"\xff" * 30
    path.write_bytes(data)
    items = list(Tweets(path))
    assert [item.id for item in items if isinstance(item, Document)] == ["1790000000016777216", FIRST]
    assert [type(item) for item in items if not isinstance(item, Document)] == [RecordError]


def test_a_zip_that_is_no_archive(tmp_path: Path) -> None:
    """Some other zip is one error, and is not recognised."""
    path = make_zip(tmp_path / "a.zip", {"word/document.xml": "<xml/>"})
    (item,) = Tweets(path)
    assert "data/tweets.js" in str(item)
    assert not Tweets.recognises(path, path.read_bytes())


def test_the_archive_of_the_years_before_2019(tmp_path: Path) -> None:
    """A script a month, with the author in each tweet and times of a form of its own; folder, zip and script alone."""
    row = {
        "id_str": "234000000000000001", "text": "Low water https://t.co/ab", "created_at": "2012-08-10 16:00:11 +0000",
        "entities": {"urls": [{"url": "https://t.co/ab", "expanded_url": "https://pier.example"}]},
        "user": {"name": "Mara", "screen_name": "mara_q", "id_str": "77"},
    }  # fmt: skip
    files = {
        "data/js/tweets/2012_08.js": f"Grailbird.data.tweets_2012_08 = \n {json.dumps([row], indent=1)}",
        "data/js/user_details.js": 'var user_details =  {"screen_name": "mara_q"}',
        "tweets.csv": '"tweet_id","timestamp","text"\n"234000000000000001","2012-08-10 16:00:11 +0000","Low water"\n',
    }
    for name, text in files.items():
        (tmp_path / "old" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "old" / name).write_text(text, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    for path in (tmp_path / "old", tmp_path / "old.zip", tmp_path / "old/data/js/tweets/2012_08.js"):
        source = open_source(path)
        assert isinstance(source, Tweets)
        (document,) = source
        assert isinstance(document, Document)
        assert (document.text, document.author) == ("Low water https://pier.example", "Mara")
        assert str(document.created_at) == "2012-08-10 16:00:11+00:00"
