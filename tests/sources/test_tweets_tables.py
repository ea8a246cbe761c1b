"""Tables saved by Excel: Windows-1252, dates in the order of a country, ids that were turned into 1.924E+18."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from test_tweets_shapes import FIRST, SECOND, read

from masa_rag.errors import RecordError
from masa_rag.sources import Tweets, open_source
from masa_rag.types import Document

HEADER = "tweet_id,created_at,author,tweet"
SPOILT = "1.924E+18"


def table(path: Path, *lines: str, encoding: str = "utf-8", header: str = HEADER) -> Path:
    """Write a table with Excel's line ends."""
    path.write_bytes("".join(f"{line}\r\n" for line in (header, *lines)).encode(encoding))
    return path


def parts(path: Path, **options: Any) -> tuple[list[Document], list[str]]:
    """Return the documents and what is said of the file."""
    items = list(Tweets(path, **options))
    said = [str(item) for item in items if isinstance(item, RecordError)]
    return [item for item in items if isinstance(item, Document)], said


def test_windows_1252(tmp_path: Path) -> None:
    """A file that is not UTF-8 is read as Excel saves it, and a name that is no handle makes no link."""
    line = f"{FIRST},2024-05-13T08:00:00Z,Jörg,Grüße aus Köln – 5 €"
    (document,) = read(table(tmp_path / "t.csv", line, encoding="cp1252"))
    assert (document.text, document.author) == ("Grüße aus Köln – 5 €", "Jörg")
    assert document.url == f"https://x.com/i/status/{FIRST}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_one_encoding_for_the_whole_file(tmp_path: Path, encoding: str) -> None:
    """What decides may come after megabytes of plain ASCII; all of the file is read the same way."""
    lines = [f"{int(FIRST) + number},2024-05-13T08:00:00Z,mara,{'Tide ' * 200}" for number in range(1_500)]
    path = table(tmp_path / "t.csv", *lines, f"{int(FIRST) - 1},2024-05-13T08:00:00Z,mara,Grüße", encoding=encoding)
    assert path.stat().st_size > 1 << 20
    assert read(path)[-1].text == "Grüße"


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_utf_16_with_a_mark(tmp_path: Path, mark: bytes) -> None:
    """Excel's "Unicode text": UTF-16 with tabs, in either order of bytes."""
    text = f"tweet_id\tcreated_at\tauthor\ttweet\r\n{FIRST}\t2024-05-13T08:00:00Z\tJörg\tGrüße\r\n"
    path = tmp_path / "t.csv"
    path.write_bytes(mark + text.encode("utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"))
    (document,) = read(path)
    assert (document.author, document.text) == ("Jörg", "Grüße")


def test_utf_8_with_a_damaged_byte_stays_utf_8(tmp_path: Path) -> None:
    """One bad byte among many good characters is said once and costs one character, not all the others."""
    path = table(tmp_path / "t.csv", f"{FIRST},2024-05-13T08:00:00Z,mara,Grüße aus Köln")
    path.write_bytes(path.read_bytes().replace(b"aus", b"a\xffs"))
    (document,), said = parts(path)
    assert document.text == "Grüße a\ufffds Köln"
    assert said == ["t.csv: bytes that are not UTF-8 (1 in all); they are read as \ufffd"]


def test_bytes_that_windows_1252_does_not_have_are_said(tmp_path: Path) -> None:
    """Five of its bytes mean nothing: they are no silent loss either."""
    path = table(tmp_path / "t.csv", f"{FIRST},2024-05-13T08:00:00Z,mara,Größe X", encoding="cp1252")
    path.write_bytes(path.read_bytes().replace(b"X", b"\x81"))
    (document,), said = parts(path)
    assert document.text == "Größe \ufffd"
    assert said == ["t.csv: bytes that are not Windows-1252 (1 in all); they are read as \ufffd"]


def at(month: int, day: int, hour: int, minute: int, second: int = 0) -> datetime:
    """Return a time of 2025."""
    return datetime(2025, month, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "times"),
    [
        (("5/6/2025 7:20", "5/18/2025 7:20"), [at(5, 6, 7, 20), at(5, 18, 7, 20)]),
        (("6/5/2025 7:20", "18/5/2025 7:20"), [at(5, 6, 7, 20), at(5, 18, 7, 20)]),
        (("06.05.2025 07:20:11", "18.05.2025"), [at(5, 6, 7, 20, 11), at(5, 18, 0, 0)]),
        (('"5/6/2025, 7:20:11 PM"', '"5/18/2025, 12:05 am"'), [at(5, 6, 19, 20, 11), at(5, 18, 0, 5)]),
        (("5/6/25 7:20", "5/18/25 7:20"), [at(5, 6, 7, 20), at(5, 18, 7, 20)]),
        (("2025/5/6 7:20", "2025/05/06 07:20:11 PM"), [at(5, 6, 7, 20), at(5, 6, 19, 20, 11)]),
        (("2025-05-06 07:20 PM", "2025-05-06 12:05 AM"), [at(5, 6, 19, 20), at(5, 6, 0, 5)]),
    ],
)
def test_a_day_above_twelve_tells_the_order_of_all_dates(
    tmp_path: Path, lines: tuple[str, str], times: list[datetime]
) -> None:
    """One such date anywhere in the file says which number is the month; ids are not those that Excel spoilt."""
    path = table(tmp_path / "t.csv", *(f"{SPOILT},{line},mara,Tide" for line in lines))
    first, second = read(path)
    assert [first.created_at, second.created_at] == times
    assert first.id != second.id
    assert "E+" not in first.id
    assert (first.url, first.text) == (None, "Tide")


def test_a_date_is_in_the_zone_given(tmp_path: Path) -> None:
    """As any other time that names none."""
    path = table(tmp_path / "t.csv", f"{SPOILT},5/18/2025 7:20,mara,Tide")
    (document,) = read(path, timezone="Europe/Berlin")
    assert document.created_at == at(5, 18, 5, 20)


@pytest.mark.parametrize(
    "dates",
    [
        ["5/6/2025 7:20", "5/7/2025 7:20"],  # nothing above 12
        ["18/6/2025 7:20", "5/18/2025 7:20"],  # both orders
        ["18/5/13 7:20", "18/5/14 7:20"],  # of 2018 or of 2013
        ["45432.30556", "45433"],  # days, as Excel counts them
        ["the sixth of May", "the seventh"],
        ["13/13/2025 7:20", "2/30/2025 25:61"],
    ],
)
def test_dates_that_cannot_be_read_are_said_once(tmp_path: Path, dates: list[str]) -> None:
    """Their times are unknown, their tweets are kept apart, and one line says so for the whole file."""
    path = table(tmp_path / "t.csv", *(f"{SPOILT},{date},mara,Tide" for date in dates))
    documents, said = parts(path)
    assert [item.created_at for item in documents] == [None, None]
    assert documents[0].id != documents[1].id
    assert said == [
        f"t.csv line 2: received dates such as {dates[0]!r} (2 in all), whose time stays unknown; "
        "expected 2025-05-18T07:20, or a day above 12 that tells which number is the month"
    ]


def test_the_clock_in_a_whole_id_is_preferred(tmp_path: Path) -> None:
    """It is exact and needs no order; where it gives every time, nothing is to be said."""
    path = table(tmp_path / "t.csv", f"{FIRST},5/6/2025 7:20,mara,Tide", f"{int(FIRST) + 1},5/18/2025 7:20,mara,Ebb")
    assert {item.created_at for item in read(path)} == {datetime(2024, 5, 13, 12, 43, 51, 248000, tzinfo=UTC)}


def test_rows_without_a_date_are_no_fault(tmp_path: Path) -> None:
    """An empty cell, and what programs write for one, is not a date that cannot be read."""
    path = table(tmp_path / "t.csv", *(f"{SPOILT},{date},mara,Tide {date}" for date in ("", "nan", "NULL")))
    assert [item.created_at for item in read(path)] == [None, None, None]


def test_a_first_row_that_ends_early_hides_no_column(tmp_path: Path) -> None:
    """The columns are those of the header."""
    path = table(tmp_path / "t.csv", "Tide", "Ebb,2024-05-13T08:00:00Z", header="tweet,datetime")
    assert [item.created_at for item in read(path)] == [None, datetime(2024, 5, 13, 8, 0, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("id,created_at,username,text,like_count", f"{FIRST},2024-05-13T08:00:00Z,mara,Fog,3"),
        ("id,created_at,username,text", f"{FIRST},2024-05-13T08:00:00Z,mara,Fog"),
        (",date,id,content,user,likes", f"0,2024-05-13 08:00:00+00:00,{FIRST},Fog,mara,3"),
        ("id_str,from_user,text,created_at,in_reply_to_status_id_str", f"{FIRST},mara,Fog,2024-05-13T08:00:00Z,"),
    ],
)
def test_a_plain_table_is_recognised(tmp_path: Path, header: str, cells: str) -> None:
    """None of its columns is X's alone; together, who, when, what, an id and what readers did are a tweet's."""
    path = table(tmp_path / "t.csv", cells, header=header)
    (document,) = open_source(path)
    assert isinstance(document, Document)
    assert (document.id, document.author, document.text) == (FIRST, "mara", "Fog")
    assert document.created_at == datetime(2024, 5, 13, 8, tzinfo=UTC)


def test_a_user_name_beside_a_screen_name_is_the_one_shown(tmp_path: Path) -> None:
    """So libraries of X's first API write its two names; the handle was lost."""
    path = table(tmp_path / "t.csv", f"{FIRST},Tide,Mara Quill,maraquill", header="id,text,user_name,user_screen_name")
    (document,) = read(path)
    assert (document.author, document.metadata["username"]) == ("Mara Quill", "maraquill")
    assert document.url == f"https://x.com/maraquill/status/{FIRST}"


@pytest.mark.parametrize(
    ("header", "cells", "kept"),
    [
        ("Like,Retweet", ("5,1", "5,7"), ["Tide", "Ebb"]),
        ("likes_count,retweet", ("5,True", "5,False"), ["Ebb"]),
        ("retweet", ("1", "0"), ["Ebb"]),
        ("is_retweet", ("1.0", "0.0"), ["Ebb"]),
    ],
)
def test_one_retweet_makes_no_retweet(tmp_path: Path, header: str, cells: tuple[str, str], kept: list[str]) -> None:
    """A column ``retweet`` may say whether it is one, or how many there are; a tweet with one was left out."""
    path = table(
        tmp_path / "t.csv", f"{FIRST},Tide,{cells[0]}", f"{SECOND},Ebb,{cells[1]}", header=f"id,tweet,{header}"
    )
    assert [document.text for document in read(path)] == kept


def test_the_id_as_text_is_taken_before_the_number(tmp_path: Path) -> None:
    """Programs round a number of 19 digits."""
    header = "id,id_str,full_text,in_reply_to_status_id,in_reply_to_status_id_str,screen_name"
    rows = (f"{FIRST[:-3]}512,{FIRST},Tide,,,mara", f"{SECOND[:-3]}512,{SECOND},Ebb,{FIRST[:-3]}512,{FIRST},mara")
    (document,) = read(table(tmp_path / "t.csv", *rows, header=header))
    assert [segment.id for segment in document.segments] == [FIRST, SECOND]


@pytest.mark.parametrize(
    "header",
    [
        "status_id,text,screen_name,user_id,reply_to_status_id,reply_to_user_id",
        "id,text,user_screen_name,user_id,to_tweetid,to_userid",
        "id,text,from_user_name,user_id,in_reply_to_status_id,in_reply_to_user_id",
    ],
)
def test_threads_in_tables_of_researchers(tmp_path: Path, header: str) -> None:
    """Their tools name what is answered, and who wrote it, each in its way."""
    rows = (f"{FIRST},Tide,mara,77,,", f"{SECOND},Ebb,mara,77,{FIRST},77")
    (document,) = read(table(tmp_path / "t.csv", *rows, header=header))
    assert (document.author, len(document.segments)) == ("mara", 2)


def test_links_in_a_cell_of_json(tmp_path: Path) -> None:
    """Tables of API v2 keep ``entities.urls`` so; a cell that was cut is passed over."""
    cell = '"[{""url"": ""https://t.co/a"", ""expanded_url"": ""https://a.example/log""}]"'
    rows = (f"{FIRST},See https://t.co/a,{cell}", f'{SECOND},Or https://t.co/a,"[{{""url"""')
    found = read(table(tmp_path / "t.csv", *rows, header="tweet_id,text,entities.urls"))
    assert [document.text for document in found] == ["See https://a.example/log", "Or https://t.co/a"]


@pytest.mark.parametrize("column", ["Tweet permalink", "Post Link"])
def test_who_wrote_a_row_stands_in_its_address(tmp_path: Path, column: str) -> None:
    """X's analytics name nobody; the address of the tweet does, that of another tweet says nothing of this one."""
    own, other = (f"https://x.com/tide_mara/status/{number}" for number in (FIRST, SECOND))
    rows = (f"{FIRST},{own},Low water at six", f"{int(FIRST) + 1},{other},Look at this")
    written, linking = read(table(tmp_path / "t.csv", *rows, header=f"Tweet id,{column},Tweet text"))
    assert (written.author, written.url) == ("tide_mara", own)
    assert linking.author is None


def test_the_analytics_of_x(tmp_path: Path) -> None:
    """The export of an account's own posts calls them posts, and only their addresses say whose they are."""
    header = "Post id,Date,Post text,Post Link,Impressions,Likes,Reposts"
    row = f'{FIRST},"Mon, May 13, 2024",Fog,https://x.com/mara/status/{FIRST},120,3,2'
    (document,) = open_source(table(tmp_path / "t.csv", row, header=header))
    assert isinstance(document, Document)
    assert (document.id, document.text, document.url) == (FIRST, "Fog", f"https://x.com/mara/status/{FIRST}")
    assert document.author == "mara"
    assert document.metadata == {"username": "mara", "likes": 3, "retweets": 2, "views": 120}


def test_an_hour_in_a_column_of_its_own(tmp_path: Path) -> None:
    """Day and hour apart are one time; all that was written on a day was of midnight."""
    rows = ("2025-05-06,7:20:11,mara,Tide", "2025-05-06,07:20 PM,mara,Ebb", "2025-05-06,,mara,Fog")
    found = read(table(tmp_path / "t.csv", *rows, header="date,Time,username,tweet"))
    assert [item.created_at for item in found] == [at(5, 6, 7, 20, 11), at(5, 6, 19, 20), at(5, 6, 0, 0)]
    assert read(table(tmp_path / "cut.csv", "Tide,mara,7:20", header="tweet,username,Time,date"))[0].text == "Tide"


def test_dates_in_words(tmp_path: Path) -> None:
    """Nitter's has its zone, one without is in the zone that is given; without a date, the address tells."""
    header = "link,tweet,user,date"
    rows = [
        ',Fog,@mara,"May 13, 2024 · 10:00 PM UTC"',
        ",Rain,@mara,13 May 2024 10:00:00",
        ",Calm,@mara,Mon Apr 06 22:19:45 PDT 2009",
        "https://nitter.example/mara/status/1790000000000000001#m,Wind,@mara,an hour ago",
    ]
    documents, said = parts(table(tmp_path / "t.csv", *rows, header=header), timezone="Europe/Berlin")
    times = {item.text: item.created_at.isoformat(timespec="seconds") for item in documents if item.created_at}
    assert times == {
        "Fog": "2024-05-13T22:00:00+00:00", "Rain": "2024-05-13T08:00:00+00:00", "Calm": "2009-04-07T05:19:45+00:00",
        "Wind": "2024-05-13T12:43:51+00:00",
    }  # fmt: skip
    assert not said


@pytest.mark.parametrize(
    "user",
    [
        "{'username': 'mara', 'id': 77, 'displayname': 'Mara Quill', 'description': 'name: sea'}",
        "User(username='mara', id=77, displayname='Mara Quill', created=datetime.datetime(2010, 1, 1))",
    ],
)
def test_a_user_written_whole_into_a_cell(tmp_path: Path, user: str) -> None:
    """A table made of snscrape's objects has all of the user in one cell; its author is no row of brackets."""
    path = table(tmp_path / "t.csv", f'{FIRST},2024-05-13,Fog,"{user}"', header="id,date,rawContent,user")
    (document,) = read(path)
    assert (document.author, document.metadata) == ("Mara Quill", {"username": "mara", "user_id": "77"})


def test_a_table_of_something_else_is_refused_once(tmp_path: Path) -> None:
    """It names the columns that it received and those that are expected, not each of its cells."""
    documents, said = parts(table(tmp_path / "t.csv", "north,3", "south,4", header="region,amount"))
    assert not documents
    assert said == [
        "t.csv: received the columns region, amount; expected such as id,created_at,username,text (tweets) or "
        "timestamp,speaker,text (a talk); rename them, or say which of them is the text: masa-rag add --field text=NAME"
    ]
