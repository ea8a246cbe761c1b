"""Feeds: three forms, repeated podcast elements, full text, and only what changed."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from loopback import Answer, serving

from masa_rag._http.client import Fetcher
from masa_rag.errors import ConfigurationError, RecordError, SourceError, SourceFormatError
from masa_rag.protocols import Source
from masa_rag.sources import open_source
from masa_rag.sources.feed import Feed
from masa_rag.testing.contracts import SourceContract
from masa_rag.types import Document

REAL = Path(os.environ.get("MASA_RAG_DATA", Path(__file__).parents[3] / "shared" / "data"))
DATA = Path(__file__).parent / "data_web"


class TestRssFile(SourceContract):
    """A feed saved as a file keeps the source contract."""

    def make(self) -> Source:
        """Return a fresh source."""
        return Feed(DATA / "harbour.rss")


def documents(source: Source) -> list[Document]:
    """Return the documents a source gives."""
    return [item for item in source if isinstance(item, Document)]


def test_rss() -> None:
    """Content becomes Markdown; ids, authors, times, links and enclosures are kept."""
    first, second = documents(Feed(DATA / "harbour.rss"))
    assert first.id == "harbour-12"
    assert first.title == "Episode 12: The dredger"
    assert first.text == "Tove talks about the **dredger**.\n\n- mud\n- more mud".replace("**", "")
    assert first.created_at == datetime(2024, 5, 2, 6, 0, tzinfo=UTC)
    assert first.url == "https://harbour.example/12"
    assert first.metadata["feed"] == "Harbour Radio"
    assert first.metadata["audio"][0]["href"] == "https://harbour.example/12.mp3"
    assert second.text == "A short notice."


def test_repeated_podcast_elements() -> None:
    """All transcripts and persons of an episode are kept, in order, with their attributes."""
    first, _ = documents(Feed(DATA / "harbour.rss"))
    assert [item["type"] for item in first.metadata["transcripts"]] == ["text/vtt", "application/srt", "text/html"]
    assert [item["name"] for item in first.metadata["persons"]] == ["Tove Brandt", "Greta Holm"]
    assert first.metadata["persons"][1]["role"] == "guest"


def test_atom() -> None:
    """Atom's entries are read like RSS items."""
    (entry,) = documents(Feed(DATA / "mill.atom"))
    assert (entry.id, entry.author, entry.text) == ("tag:mill.example,2024:1", "Greta Holm", "The mill turns.")


def test_json_feed() -> None:
    """A JSON feed's items are read; a bad one is passed over."""
    first, second = documents(Feed(DATA / "mill.json"))
    assert (first.id, first.author, first.text) == ("1", "Greta Holm", "Flour again")
    assert first.metadata["tags"] == ["mill"]
    assert second.text == "Plain words"


def test_plain_text_is_no_html(tmp_path: Path) -> None:
    """A JSON feed's content_text and an Atom entry's text keep their lines and what stands between < and >."""
    text = "If 1 <b and b> 0, see <https://mill.example>.\n\n- one\n- two & three"
    (tmp_path / "a.json").write_text(
        json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "content_text": text}]})
    )
    entry = f"<entry><id>1</id><title>t</title><content type='text'>{escape(text)}</content></entry>"
    (tmp_path / "b.atom").write_text(f"<feed xmlns='http://www.w3.org/2005/Atom'><title>M</title>{entry}</feed>")
    for name in ("a.json", "b.atom"):
        (document,) = documents(Feed(tmp_path / name))
        assert document.text == text


def rss(folder: Path, items: str) -> list[Document]:
    """Return the documents of an RSS feed with these items."""
    path = folder / "a.rss"
    path.write_text(f"<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'><channel>{items}</channel></rss>")
    return documents(Feed(path))


def test_what_a_picture_shows_is_not_what_its_post_says(tmp_path: Path) -> None:
    """Mastodon describes each picture behind the post; YouTube has the only description of a video there."""
    said = "<description>&lt;p&gt;It turns.&lt;/p&gt;</description>"
    shown = "<media:description type='plain'>The wheel &amp; Bo</media:description>"
    caption = f"<media:content url='/w.png'>{shown}</media:content>"
    video = "<media:group><media:content url='/v'/><media:description>The mill.</media:description></media:group>"
    items = f"<item><guid>1</guid>{said}{caption}{caption}</item><item><guid>2</guid>{video}</item>"
    assert [item.text for item in rss(tmp_path, items)] == ["It turns.", "The mill."]


def test_plain_text_keeps_its_lines(tmp_path: Path) -> None:
    """An ampersand, or a heart, in a description without markup does not make one line of it."""
    item = "<item><guid>1</guid><description>Oak &amp;amp; ash &lt;3\n\n00:00 Hello\n02:10 Oak</description></item>"
    assert rss(tmp_path, item)[0].text == "Oak & ash <3\n\n00:00 Hello\n02:10 Oak"


def test_a_feed_that_its_parser_cannot_take(tmp_path: Path) -> None:
    """A line separator in the address of a namespace is a typed error."""
    path = tmp_path / "a.xml"
    path.write_text("<rss version='2.0' xmlns:x='http://h.\u2028example/'><channel><x:a>b</x:a></channel></rss>")
    with pytest.raises(SourceFormatError, match="cannot be read"):
        list(Feed(path))


def test_code_in_a_json_feed_keeps_its_lines(tmp_path: Path) -> None:
    """HTML is not folded before it is read."""
    item = {"id": "1", "content_html": "<p>So:</p><pre>a\n  b</pre>"}
    (tmp_path / "a.json").write_text(json.dumps({"version": "https://jsonfeed.org/version/1", "items": [item]}))
    (document,) = documents(Feed(tmp_path / "a.json"))
    assert document.text == "So:\n\n```\na\n  b\n```"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no feed",
        b"{}",
        b'{"version": "https://jsonfeed.org/version/1.1"}',
        b"<html><body>page</body></html>",
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><rss><channel><title>&a;</title></channel></rss>',
        b'{"items": ' + b"[" * 100_000,
    ],
)
def test_no_feed(content: bytes, tmp_path: Path) -> None:
    """What is no feed, or declares entities, is one typed error."""
    path = tmp_path / "feed.xml"
    path.write_bytes(content)
    with pytest.raises(SourceFormatError):
        list(Feed(path))


def test_missing_file() -> None:
    """A file that is not there is a typed error."""
    with pytest.raises(SourceError, match=r"none\.xml"):
        list(Feed("none.xml"))


@pytest.mark.parametrize("name", ["harbour.rss", "mill.atom", "mill.json"])
def test_feed_files_are_recognised_by_their_content(tmp_path: Path, name: str) -> None:
    """RSS, Atom and JSON feeds are feeds, whatever their suffix says."""
    unnamed = tmp_path / "download"
    unnamed.write_bytes((DATA / name).read_bytes())
    assert type(open_source(unnamed)).__name__ == ("Podcast" if name == "harbour.rss" else "Feed")
    assert Feed.recognises(unnamed, unnamed.read_bytes())


@pytest.mark.parametrize(
    "head",
    [
        b"<html><body>rss feed</body></html>", b"<opml/>", b"<feed>no name space</feed>", b'{"version": "1.1"}',
        b"<urlset><url/></urlset>", b"plain rss", b"", b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>",
    ],
)  # fmt: skip
def test_what_is_no_feed_is_not_recognised(head: bytes) -> None:
    """A false yes would keep the right source from its file."""
    assert not Feed.recognises(Path("x.xml"), head)


def test_a_folder_of_feeds_is_read_and_a_broken_one_reported(tmp_path: Path) -> None:
    """One feed that cannot be read does not keep the others out."""
    (tmp_path / "a.atom").write_bytes((DATA / "mill.atom").read_bytes())
    (tmp_path / "b.json").write_text('{"version": "https://jsonfeed.org/version/1.1", "items": [')
    found = list(Feed(tmp_path))
    assert [type(item) for item in found if isinstance(item, RecordError)] == [RecordError]
    assert any(isinstance(item, Document) for item in found)


PLACES = {
    "/feed": ("application/xml", (DATA / "mill.atom").read_bytes(), "Feed"),
    "/feed.json": ("application/json", (DATA / "mill.json").read_bytes(), "Feed"),
    "/show": ("text/html", b"<rss version='2.0'><channel><title>S</title><item><guid>1</guid><enclosure url='a.mp3' "
     b"type='audio/mpeg'/></item></channel></rss>", "Podcast"),
    "/page": ("text/html", b"<html><body><p>A page.</p></body></html>", "WebPages"),
}  # fmt: skip


def test_an_address_is_read_by_what_it_answers() -> None:
    """A feed is a feed wherever it lies, and it is fetched once; what does not answer is reported when it is read."""
    with serving(lambda path, _: Answer(PLACES[path][1], headers={"Content-Type": PLACES[path][0]})
                 if path in PLACES else Answer(b"", 404)) as server:  # fmt: skip
        fetcher = Fetcher(allow_hosts=["127.0.0.1"])
        for path, (_, _, kind) in PLACES.items():
            assert type(open_source(server.url + path, fetcher=fetcher)).__name__ == kind
        server.asked.clear()
        assert documents(open_source(f"{server.url}/feed", fetcher=fetcher, full_text=False))
        assert len(server.asked) == 1
        (error,) = open_source(f"{server.url}/nothing", fetcher=fetcher)
        assert isinstance(error, RecordError) and "404" in str(error)
        assert type(open_source(f"{server.url}/page", form="website", fetcher=fetcher)).__name__ == "Website"
        with pytest.raises(ConfigurationError, match="Website, WebPages"):
            open_source(f"{server.url}/page", form="Tweets")


@pytest.mark.real_data
@pytest.mark.skipif(not (REAL / "formats").is_dir(), reason="the data sets are not there")
def test_every_well_formed_feed_is_read() -> None:
    """Every well-formed feed of the public set is read; ill-formed ones give documents or typed errors."""
    for path in sorted((REAL / "formats/feeds/wellformed").rglob("*.xml")):
        assert all(isinstance(item, (Document, RecordError)) for item in Feed(path)), path
    for path in sorted((REAL / "formats/feeds/illformed").rglob("*.xml")):
        try:
            list(Feed(path))
        except SourceError:
            continue


@pytest.mark.real_data
@pytest.mark.skipif(not (REAL / "formats").is_dir(), reason="the data sets are not there")
def test_every_podcast_element_is_kept() -> None:
    """Every transcript and person inside an item of the public podcast feed is kept."""
    path = REAL / "formats/podcast_feed/example.xml"
    items = path.read_text().split("<item>")[1:]
    entries = documents(Feed(path))
    assert len(entries) == len(items)
    whole = path.read_text().partition("<item>")[0].count("<podcast:person")
    assert all(len(entry.metadata.get("show_persons", ())) == whole for entry in entries)
    for name in ("transcript", "person"):
        kept = [len(entry.metadata.get(f"{name}s", ())) for entry in entries]
        assert kept == [item.count(f"<podcast:{name}") for item in items]


@pytest.mark.real_data
@pytest.mark.skipif(not (REAL / "robustness").is_dir(), reason="the data sets are not there")
def test_xml_bombs() -> None:
    """XML bombs are refused by feeds and sitemaps alike."""
    from masa_rag.sources._pages.sitemap import read_sitemap

    for path in sorted((REAL / "robustness/xml_bombs").glob("*.xml")):
        with pytest.raises(SourceError):
            list(Feed(path))
        try:
            pages, maps = read_sitemap(path.read_bytes())
        except SourceFormatError:
            continue
        assert pages == maps == []


def test_what_reddit_writes_below_a_post(tmp_path: Path) -> None:
    """Its author again, and two links, are no words of the post; the author is called as everywhere else."""
    link = "<a href='https://www.reddit.com/user/bo'> /u/bo </a> <a href='/x'>[link]</a> <a href='/y'>[comments]</a>"
    said = f"<div><p>Ash or spruce?</p></div> &#32; submitted by &#32; {link}".replace("'", '"')
    about = "<id>t3_1</id><author><name>/u/bo</name></author>"
    entry = f"<entry>{about}<content type='html'>{escape(said)}</content></entry>"
    path = tmp_path / "rowing.rss"
    path.write_text(f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Rowing</title>{entry}</feed>")
    (post,) = documents(Feed(path))
    assert (post.text, post.author) == ("Ash or spruce?", "bo")


def test_a_letter_of_substack(tmp_path: Path) -> None:
    """A tweet in a box that scripts fill in is quoted, and the picture of the letter is no recording."""
    tweet = {"url": "https://x.com/bo/status/1", "full_text": "It turns again.", "username": "bo", "name": "Bo Ek"}
    box = f'<div class="twitter-embed" data-attrs="{escape(json.dumps(tweet))}"></div>'
    letter = f"<p>Bo said:</p>{box}<div data-attrs='&quot;full_text&quot;'></div><p>And so it does.</p>"
    picture = "<enclosure url='https://tide.example/a.jpg' type='image/jpeg' length='0'/>"
    path = tmp_path / "tide.rss"
    path.write_text(
        "<rss version='2.0' xmlns:c='http://purl.org/rss/1.0/modules/content/'><channel><title>Tide</title>"
        f"<item><guid>1</guid>{picture}<c:encoded><![CDATA[{letter}]]></c:encoded></item></channel></rss>"
    )
    (read,) = documents(Feed(path))
    assert read.text == "Bo said:\n\n> Bo Ek (@bo): It turns again.\n\nAnd so it does."
    assert "audio" not in read.metadata
