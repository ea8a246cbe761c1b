"""What an entry of a feed says about itself: its title, its authors, its time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from masa_rag.sources._feeds.entries import read_feed
from masa_rag.sources.feed import Feed
from masa_rag.types import Document


def documents(path: Path) -> list[Document]:
    """Return the documents of a feed's file."""
    return [item for item in Feed(path) if isinstance(item, Document)]


def atom(folder: Path, entries: str, *, about: str = "") -> list[Document]:
    """Return the documents of an Atom feed with these entries."""
    path = folder / "a.atom"
    path.write_text(f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Pumps</title>{about}{entries}</feed>")
    return documents(path)


def rss(folder: Path, items: str) -> list[Document]:
    """Return the documents of an RSS feed with these items."""
    path = folder / "a.rss"
    path.write_text(f"<rss version='2.0'><channel><title>Pumps</title>{items}</channel></rss>")
    return documents(path)


@pytest.mark.parametrize(
    ("element", "title"),
    [
        ("<title type='html'><![CDATA[It&#8217;s here: Seals &#038; bolts]]></title>", "It’s here: Seals & bolts"),
        ("<title type='html'>Salt &amp;amp; rope &amp;lt; 3</title>", "Salt & rope < 3"),
        (
            "<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>Salt &amp; <em>rope</em></div></title>",
            "Salt & rope",
        ),
        ("<title type='html'>&amp;#x1F6F6;</title>", "\N{CANOE}"),
        ("<title>If 1 &lt;b and b&gt; 0 &amp; c</title>", "If 1 <b and b> 0 & c"),
        ("<title type='text'>Use &amp;amp; for &lt;em&gt;and&lt;/em&gt;</title>", "Use &amp; for <em>and</em>"),
    ],
)
def test_titles_of_atom(tmp_path: Path, element: str, title: str) -> None:
    """A title that is marked as HTML is decoded; in plain text "<" and "&" stand for themselves."""
    (entry,) = atom(tmp_path, f"<entry><id>1</id>{element}<content>x</content></entry>")
    assert entry.title == title


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("<![CDATA[Tom &amp; Jerry <em>return</em>]]>", "Tom & Jerry return"),
        ("It&amp;#8217;s here", "It’s here"),
        ("Fish &amp; chips: 3 &lt; 4", "Fish & chips: 3 < 4"),
        ("List&lt;String&gt; explained", "List<String> explained"),
    ],
)
def test_titles_of_rss(tmp_path: Path, written: str, title: str) -> None:
    """RSS does not say whether a title is HTML; one that has whole elements or entities is."""
    (entry,) = rss(tmp_path, f"<item><guid>1</guid><title>{written}</title><description>x</description></item>")
    assert entry.title == title


def test_the_title_of_an_html_feed(tmp_path: Path) -> None:
    """The feed's own title, kept with each entry, is decoded as well."""
    path = tmp_path / "a.rss"
    item = "<item><guid>1</guid><description>x</description></item>"
    path.write_text(f"<rss version='2.0'><channel><title>Salt &amp;#038; rope</title>{item}</channel></rss>")
    (entry,) = documents(path)
    assert entry.metadata["feed"] == "Salt & rope"


def test_authors_of_atom(tmp_path: Path) -> None:
    """All authors of an entry count; without one it has its source's, else the feed's."""
    about = "<author><name>Mara Lind</name></author><author><name>Ole Ny</name></author>"
    two = "<author><name>Ida Holm</name></author><author><name>Bo Ek</name></author>"
    entries = (
        f"<entry><id>1</id>{two}<content>x</content></entry><entry><id>2</id><content>x</content></entry>"
        "<entry><id>3</id><source><author><name>Tove Brandt</name></author></source><content>x</content></entry>"
    )
    assert [item.author for item in atom(tmp_path, entries, about=about)] == [
        "Ida Holm; Bo Ek",
        "Mara Lind; Ole Ny",
        "Tove Brandt",
    ]


def test_the_editor_of_an_rss_feed_wrote_no_entry(tmp_path: Path) -> None:
    """Only Atom and JSON Feed say that an entry without an author has the feed's."""
    items = "<managingEditor>mara@pumps.example (Mara)</managingEditor><item><guid>1</guid><title>x</title></item>"
    assert [item.author for item in rss(tmp_path, items)] == [None]


def test_authors_of_a_json_feed(tmp_path: Path) -> None:
    """An item without authors has those of the feed."""
    items = [{"id": "1", "content_text": "x"}, {"id": "2", "content_text": "x", "authors": [{"name": "Ida Holm"}]}]
    feed = {"version": "https://jsonfeed.org/version/1.1", "authors": [{"name": "Mara"}, {"name": "Ole"}]}
    (tmp_path / "a.json").write_text(json.dumps({**feed, "items": items}))
    assert [item.author for item in documents(tmp_path / "a.json")] == ["Mara; Ole", "Ida Holm"]


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("CET", 9), ("CEST", 8), ("MET", 9), ("MEST", 8), ("WET", 10), ("WEST", 9), ("BST", 9),
        ("EET", 8), ("EEST", 7), ("EST", 15), ("EDT", 14), ("PDT", 17),
        ("AKDT", 18), ("HST", 20), ("GMT", 10), ("+0200", 8), ("-0500 (EST)", 15),
        ("+02:00", 8), ("GMT+0200", 8), ("ET", 15),
    ],
)  # fmt: skip
def test_zones_by_name(tmp_path: Path, zone: str, hour: int) -> None:
    """Ten o'clock in the zones that Europe and America name, in UTC."""
    (entry,) = rss(
        tmp_path, f"<item><guid>1</guid><title>x</title><pubDate>Wed, 01 May 2024 10:00:00 {zone}</pubDate></item>"
    )
    assert entry.created_at == datetime(2024, 5, 1, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "hour", "minute"),
    [
        ("Wed, 01 May 2024 10:05 PM EST", 27, 5),
        ("Wed, 01 May 2024 12:30:00 AM", 0, 30),
        ("Wed, 01 May 2024 12:30:00 p.m. GMT", 12, 30),
        ("1714557600", 10, 0),
    ],
)
def test_times_that_mails_do_not_have(tmp_path: Path, written: str, hour: int, minute: int) -> None:
    """The two halves of a day are told apart, and seconds since 1970 are read."""
    (entry,) = rss(tmp_path, f"<item><guid>1</guid><title>x</title><pubDate>{written}</pubDate></item>")
    assert entry.created_at == datetime(2024, 5, 1, tzinfo=UTC) + timedelta(hours=hour, minutes=minute)


@pytest.mark.parametrize(
    "told",
    [
        "Mon, 01 Jan 0001 00:00:00 +0000", "Wed, 30 Nov -0001 00:00:00 +0000", "Thu, 01 Jan 1970 00:00:00 GMT",
        "0001-01-01T00:00:00Z", "Sat, 30 Dec 1899 00:00:00 GMT",
    ],
)  # fmt: skip
def test_times_that_were_never_set(told: str) -> None:
    """What programs write for no time at all is none, not a day of 2001."""
    item = f"<item><guid>1</guid><title>Ebb</title><pubDate>{told}</pubDate></item>"
    (entry,) = read_feed(f"<rss version='2.0'><channel>{item}</channel></rss>".encode()).entries
    assert entry.created_at is None


@pytest.mark.parametrize("zone", ["+0000", "-0000", "GMT", "Z", "+0000 (UTC)"])
def test_times_of_greenwich(zone: str) -> None:
    """The zone that most feeds write is no year in which programs begin to count."""
    item = f"<item><guid>1</guid><title>Ebb</title><pubDate>Fri, 03 May 2024 10:15:00 {zone}</pubDate></item>"
    (entry,) = read_feed(f"<rss version='2.0'><channel>{item}</channel></rss>".encode()).entries
    assert entry.created_at == datetime(2024, 5, 3, 10, 15, tzinfo=UTC)


def test_an_entry_of_a_json_feed_that_says_only_when_it_changed() -> None:
    """It has that time, as in Atom."""
    item = {"id": "1", "content_text": "Ebb", "date_modified": "2024-05-03T10:00:00Z"}
    (entry,) = read_feed(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]}).encode()).entries
    assert entry.created_at == datetime(2024, 5, 3, 10, tzinfo=UTC)


def test_names_that_are_escaped_twice() -> None:
    """Blogs write them as HTML within CDATA."""
    creator = "<dc:creator><![CDATA[Mara &amp; Ole]]></dc:creator>"
    item = f"<item><guid>1</guid><title>Ebb</title>{creator}</item>"
    space = "xmlns:dc='http://purl.org/dc/elements/1.1/'"
    (entry,) = read_feed(f"<rss version='2.0' {space}><channel>{item}</channel></rss>".encode()).entries
    assert entry.author == "Mara & Ole"


def test_a_number_that_is_no_time(tmp_path: Path) -> None:
    """It is not taken for a day of some year."""
    (entry,) = rss(tmp_path, "<item><guid>1</guid><title>x</title><pubDate>171455</pubDate></item>")
    assert entry.created_at is None


def test_ampersands_and_entities_of_html(tmp_path: Path) -> None:
    """What many sites write though it is no XML is read as they mean it, in links too; CDATA stays as it is."""
    (entry,) = rss(
        tmp_path,
        "<item><guid>1</guid><title>Q&A: caf&eacute; &amp; R&D &hellip;</title><link>https://mill.example/?a=1&b=2&copy=3"
        "</link><description><![CDATA[<p>Q&A &amp; caf&eacute;</p>]]></description></item>",
    )
    assert (entry.title, entry.text) == ("Q&A: café & R&D …", "Q&A & café")
    assert entry.url == "https://mill.example/?a=1&b=2&copy=3"


def test_entities_of_the_oldest_feeds(tmp_path: Path) -> None:
    """RSS 0.91 names a list of entities that nobody fetches; letters written so are not lost."""
    dtd = '<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://rss.example/0.91">'
    item = "<item><title>T</title><link>https://mill.example/1</link><description>caf&eacute;</description></item>"
    (tmp_path / "a.rss").write_text(f"{dtd}<rss version='0.91'><channel><title>Pumps</title>{item}</channel></rss>")
    assert [entry.text for entry in documents(tmp_path / "a.rss")] == ["café"]


def test_links_are_whole_addresses(tmp_path: Path) -> None:
    """A relative link is seen from the site that the feed names; an id that is no address is no link."""
    site = "<link>https://mill.example/blog/</link>"
    items = "<item><link>seals</link><title>a</title></item><item><guid>b</guid><title>b</title></item>"
    assert [entry.url for entry in rss(tmp_path, site + items)] == ["https://mill.example/blog/seals", None]
    feed = {"version": "https://jsonfeed.org/version/1.1", "home_page_url": "https://mill.example/"}
    items_of_json = [
        {"id": "1", "url": "/seals", "content_text": "x"},
        {"id": "2", "url": "tag:2", "content_text": "x"},
    ]
    (tmp_path / "a.json").write_text(json.dumps({**feed, "items": items_of_json}))
    assert [entry.url for entry in documents(tmp_path / "a.json")] == ["https://mill.example/seals", None]


def items(*written: tuple[str, str]) -> str:
    """Return RSS items with these titles and texts, an hour apart, and nothing to know them by."""
    hours = (f"<pubDate>Fri, 03 May 2024 1{hour}:00:00 GMT</pubDate>" for hour in range(len(written)))
    return "".join(
        f"<item><title>{title}</title><description>{text}</description>{hour}</item>"
        for (title, text), hour in zip(written, hours, strict=True)
    )


def test_entries_with_nothing_to_know_them_by(tmp_path: Path) -> None:
    """Entries of one title and no guid or link are told apart by their time; one alone has its title as id."""
    found = rss(tmp_path, items(("Tides", "High at six."), ("Tides", "High at seven."), ("Wind", "From the west.")))
    assert [(entry.id, entry.text) for entry in found] == [
        ("Tides 2024-05-03T10:00:00+00:00", "High at six."),
        ("Tides 2024-05-03T11:00:00+00:00", "High at seven."),
        ("Wind", "From the west."),
    ]


@pytest.mark.parametrize("about", ["", "<title>Tides</title>", "<link>https://pumps.example/</link>"])
def test_entries_that_share_all_but_their_text(tmp_path: Path, about: str) -> None:
    """Without a time, or of the same, they are told apart by what they say; repeated word for word, one is given."""
    texts = ["High at six.", "High at seven.", "High at six."]
    found = rss(tmp_path, "".join(f"<item>{about}<description>{text}</description></item>" for text in texts))
    assert [entry.text for entry in found] == texts[:2]
    assert len({entry.id for entry in found}) == 2


def test_a_link_that_is_the_guid_of_all(tmp_path: Path) -> None:
    """Some generators give each entry the address of the site as its guid."""
    guid = "<guid>https://pumps.example/</guid><link>https://pumps.example/</link>"
    found = rss(tmp_path, "".join(f"<item>{guid}<title>{title}</title></item>" for title in ("Seals", "Bolts")))
    assert len({entry.id for entry in found}) == 2


def test_versions_of_an_entry_share_its_id(tmp_path: Path) -> None:
    """What has an id of its own is the same entry, whatever it says."""
    found = atom(tmp_path, "<entry><id>1</id><content>x</content></entry><entry><id>1</id><content>y</content></entry>")
    assert [entry.id for entry in found] == ["1", "1"]


@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0" encoding="utf-8"?>'])
def test_letters_of_an_encoding_that_is_not_told(tmp_path: Path, declaration: str) -> None:
    """A feed from before Unicode that says nothing, or UTF-8, is read by what its letters look like."""
    text = "Мельница у гавани снова работает: первая мука отправилась в школьную столовую, а вторая ждёт пекаря."
    item = f"<item><guid>1</guid><title>Мельница</title><description>{text}</description></item>"
    path = tmp_path / "a.rss"
    path.write_bytes(f"{declaration}<rss version='2.0'><channel>{item}</channel></rss>".encode("koi8-r"))
    (entry,) = documents(path)
    assert (entry.title, entry.text) == ("Мельница", text)


@pytest.mark.parametrize("written", ["mara@pumps.example (Mara Lind)", "Mara Lind (mara@pumps.example)", "Mara Lind"])
def test_the_author_of_an_item_is_a_name(tmp_path: Path, written: str) -> None:
    """RSS wants an address with the name in brackets; the name is who wrote it."""
    (entry,) = rss(tmp_path, f"<item><guid>1</guid><title>x</title><author>{written}</author></item>")
    assert entry.author == "Mara Lind"


@pytest.mark.parametrize("written", ["vendredi 3 mai 2024", "2024年5月3日", "3. Mai 2024, 10:15"])
@pytest.mark.filterwarnings("ignore:To avoid breaking:DeprecationWarning")  # feedparser's own
def test_days_in_other_languages(tmp_path: Path, written: str) -> None:
    """A day is read in the language that a feed has it in."""
    (entry,) = rss(tmp_path, f"<item><guid>1</guid><title>x</title><pubDate>{written}</pubDate></item>")
    assert entry.created_at == datetime(2024, 5, 3, tzinfo=UTC)


def test_control_characters_are_left_out(tmp_path: Path) -> None:
    """No XML may hold them, and no text needs them."""
    (entry,) = rss(tmp_path, "<item><guid>1</guid><title>Sea\x0bls\x08</title><description>x\x00y</description></item>")
    assert (entry.title, entry.text) == ("Seals", "xy")
