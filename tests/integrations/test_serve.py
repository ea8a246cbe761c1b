"""The page in the browser: what it shows, and what it refuses."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest

from masa_rag import Document, Memory, Segment
from masa_rag.integrations._page import FIELDS, timeline
from masa_rag.integrations.serve import make_page_server

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def port(memory: Memory) -> Iterator[int]:
    """The page of a memory of three posts, one of them hostile."""
    times = [datetime(2024, month, 1, tzinfo=UTC) for month in (3, 5)]
    memory.add([
        Document(id="1", text="The harbour is calm.", author="Ann", created_at=times[0], url="https://a.example/1"),
        Document(id="2", text="The harbour is rough.", author="Bo", created_at=times[1], kind="post"),
        Document(id="4", text="harbour of broken links", url="http://[::1"),
        Document(id="3", text=f"harbour {ATTACK}", author=ATTACK, title=ATTACK, url="javascript:alert(3)"),
    ], name="posts")  # fmt: skip
    server = make_page_server(memory, port=0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def get(port: int, path: str = "/", host: str | None = None, **fields: str) -> tuple[int, str, http.client.HTTPMessage]:
    """Return status, body and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    query = f"{path}?{urlencode(fields)}" if fields else path
    connection.request("GET", query, headers={"Host": host if host is not None else f"127.0.0.1:{port}"})
    reply = connection.getresponse()
    body = reply.read().decode()
    connection.close()
    return reply.status, body, reply.headers


def test_the_first_page_lists_the_sources(port: int) -> None:
    """Before anything is asked: what there is."""
    status, body, _ = get(port)
    assert status == 200
    assert 'posts</a></td><td class="n wide">4</td><td class="n">4</td>' in body
    assert '<input name="q"' in body


def test_a_question_shows_passages_links_and_a_timeline(port: int) -> None:
    """Who, when, the words, a link, and bars from March to May."""
    _, body, _ = get(port, q="calm harbour")
    assert "<b><bdi>Ann</bdi></b>" in body
    assert "The harbour is calm." in body
    assert 'href="https://a.example/1"' in body
    assert "<span>2024-03</span><span>2024-05</span>" in body


def test_what_rises_is_shown_as_text(memory: Memory, port: int) -> None:
    """A word that five say in May, and one in March: bars, who says it, a search for it in these days; no markup."""
    days = [datetime(2024, 5, 1, hour, tzinfo=UTC) for hour in range(5)]
    usual = [datetime(2024, 3, day, tzinfo=UTC) for day in range(6, 30)]
    memory.add([
        *(Document(f"u{n}", f"Calm sea {n}", author=f"Hand {n}", created_at=time) for n, time in enumerate(usual)),
        *(Document(f"r{n}", f"kelp {n} {ATTACK}", author=f"Diver {n}", created_at=time) for n, time in enumerate(days)),
    ], name="posts")  # fmt: skip
    _, body, _ = get(port, rising="7")
    assert "kelp 0 &lt;script&gt;" in body
    assert "5 voices by 5 people, 0.0 expected, since 2024-05-01" in body
    assert '<i style="height:0%" title="0"></i><i style="height:100%" title="5"></i></div>' in body
    assert "after=2024-04-24&amp;before=2024-05-02" in body
    assert ATTACK not in body
    assert "and none in the time before" in get(port, rising="7", author="Diver")[1]
    assert "received days=0" in get(port, rising="soon")[1]


def test_filters_hold_and_stay_in_the_form(port: int) -> None:
    """What was chosen is still there to be changed."""
    _, body, _ = get(port, q="harbour", author="Bo", kind="post", after="2024-04-01")
    assert "The harbour is rough." in body
    assert "The harbour is calm." not in body
    assert 'name="author" value="Bo"' in body
    assert '<option value="post" selected>' in body


def test_filters_alone_show_the_newest_first(port: int) -> None:
    """A source chosen from the table can be browsed; what has no time comes last."""
    _, body, _ = get(port, source="posts")
    order = [body.index(text) for text in ("The harbour is rough.", "The harbour is calm.", "harbour of broken")]
    assert order == sorted(order)
    _, body, _ = get(port, author="Bo")
    assert "The harbour is rough." in body
    assert "The harbour is calm." not in body
    nobody = "<p>Nothing found: nobody called &#x27;Nobody&#x27; speaks here.</p>"
    assert nobody in get(port, author="Nobody")[1]
    assert nobody in get(port, q="harbour", author="Nobody")[1]


def test_a_bar_of_the_timeline_narrows_to_its_month(port: int) -> None:
    """Also in December, and the empty month between has no bar and no link but a place."""
    _, body, _ = get(port, q="harbour")
    assert 'href="/?q=harbour&amp;after=2024-03-01&amp;before=2024-04-01" title="2024-03: 1"' in body
    assert '<a title="2024-04: 0"><i style="height:0%">' in body
    _, body, _ = get(port, q="harbour", after="2024-03-01", before="2024-04-01")
    assert "The harbour is calm." in body
    assert "The harbour is rough." not in body
    assert "before=2025-01-01" in timeline(dict.fromkeys(FIELDS, ""), {"2024-11": 1, "2024-12": 2})
    assert timeline(dict.fromkeys(FIELDS, ""), {"0001-01": 1, "2024-12": 2}).count("<i ") == 240


def test_a_passage_can_be_read_in_its_document(port: int, memory: Memory) -> None:
    """The whole text with the passage marked; what strangers wrote stays text, and nonsense is an error in words."""
    lines = [Segment("We move the launch.", "Ann", start=5.0), Segment(f"Why? {ATTACK}", "Bo", start=9.0)]
    memory.add([Document(id="talk/1", title="Talk", segments=lines)], name="talks & more")
    _, body, _ = get(port, q="move the launch")
    (link,) = re.findall(r'href="(/\?source=talks[^"]+start=0[^"]+)#here">in context', body)
    status, body, _ = get(port, unescape(link))
    assert status == 200
    assert '<mark id="here">Ann: We move the launch.</mark>\nBo: Why? &lt;script&gt;' in body
    for start, end in (("5", "x"), ("-1", "9" * 30), ("900", "2")):
        assert "Bo: Why?" in get(port, source="talks & more", document="talk/1", start=start, end=end)[1]
    assert "There is no document" in get(port, source="talks", document="../../etc/passwd")[1]


def test_a_name_turns_nothing_around_it(port: int, memory: Memory) -> None:
    """A mark of direction in it ends with it; what is written from right to left is set so, line by line."""
    name = "\u202eBo"  # would show what follows, day and link, backwards
    memory.add([Document(id="1", text="נמל שקט.", author=name, title=name)], name=name)
    _, body, _ = get(port, author=name)
    assert f"<b><bdi>{name}</bdi></b> · <bdi>{name}</bdi> · " in body
    (link,) = re.findall(r'href="(/\?source=[^"]+document=1[^"]+)#here">in context', body)
    _, whole, _ = get(port, unescape(link))
    assert f"<h2><bdi>{name}</bdi> · <bdi>{name}</bdi></h2>" in whole
    assert "unicode-bidi: plaintext" in whole


def test_a_long_name_leads_to_its_document(port: int, memory: Memory) -> None:
    """Pages have their address as id, and some are thousands of characters long; a question is cut."""
    name = f"https://long.example/?{'x' * 3000}"
    memory.add([Document(id=name, text="A lighthouse keeper's log.")], name=f"site {name}")
    _, body, _ = get(port, q=f"lighthouse keeper {'of old ' * 1000}")
    (link,) = re.findall(r'href="(/\?source=site[^"]+)#here">in context', body)
    assert '<mark id="here">A lighthouse keeper' in get(port, unescape(link))[1]
    assert len(re.findall("of old", body)) < 2 * 2000 / len("of old ")


def test_what_is_asked_for_without_a_body_has_none(port: int) -> None:
    """HEAD is answered as GET is, but for the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("HEAD", "/?q=harbour")
    reply = connection.getresponse()
    assert (reply.status, reply.read()) == (200, b"")
    assert int(reply.headers["Content-Length"]) > 1000
    assert reply.headers["Cache-Control"] == "no-store"
    connection.close()


def test_the_name_of_a_single_speaker_is_not_repeated(port: int, memory: Memory) -> None:
    """It stands above the words already; a tweet's number is no title."""
    memory.add([Document(id="123", segments=[Segment("Low tide at six.", "Cay")])], name="chat")
    _, body, _ = get(port, q="low tide")
    assert "<b><bdi>Cay</bdi></b> · " in body
    assert "<p>Low tide at six.</p>" in body
    assert "<b><bdi>Cay</bdi></b> · 123" not in body


def test_a_wrong_date_is_explained(port: int) -> None:
    """An error of the question is shown in the page."""
    status, body, _ = get(port, q="harbour", after="yesterday")
    assert status == 200
    assert "expected ISO 8601" in body


def test_what_strangers_wrote_is_shown_as_text(port: int) -> None:
    """No tag of theirs, no address that is code, and nothing may run anyway."""
    _, body, headers = get(port, q=f"harbour {ATTACK}", author="", source=ATTACK)
    _, found, _ = get(port, q="harbour alert")
    for text in (body, found):
        assert "<script" not in text
        assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in found
    assert "javascript:" not in found
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "", "127.0.0.1.evil.example", "localhost.evil.example:80", "[::1]"]
)
def test_other_hosts_are_refused(port: int, host: str) -> None:
    """A page elsewhere cannot read the memory by pointing its name at this machine."""
    assert get(port, host=host)[0] in (400, 421)


@pytest.mark.parametrize("path", ["/etc/passwd", "/../memory.db", "//x", "/index.html"])
def test_there_is_only_one_page(port: int, path: str) -> None:
    """No file is served."""
    assert get(port, path)[0] == 404


def test_the_first_and_the_last_year_have_months_too(port: int, memory: Memory) -> None:
    """Wrong dates are common: a post of the year 1 and one of 9999 take nobody's page away."""
    ends = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)]
    memory.add([Document(id=str(end.year), text="harbour of old", created_at=end) for end in ends], name="dates")
    for fields in ({}, {"q": "harbour of old"}, {"source": "dates"}):
        status, body, _ = get(port, **fields)
        assert status == 200
        assert '9999-12: 1"><i' in body
    _, body, _ = get(port, q="harbour of old", before="0001-02-01")
    assert "0001-01-01" in body
    assert "after=0001-01-01&amp;before=0001-02-01" in timeline(dict.fromkeys(FIELDS, ""), {"0001-01": 1, "0001-03": 2})


def test_whatever_goes_wrong_is_a_page(port: int, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Escaped, and without the places of the code; the next request is answered as ever."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"the model is gone {ATTACK}")

    with monkeypatch.context() as patch:
        patch.setattr(Memory, "search", fail)
        status, body, headers = get(port, q="harbour")
    assert status == 500
    assert "RuntimeError: the model is gone &lt;script&gt;" in body
    assert "Traceback" not in body + str(headers)
    assert "<script" not in body
    assert get(port, q="harbour")[0] == 200
    memory.close()
    assert get(port)[0] == 500
    assert "this memory is closed" in get(port)[1]


def test_a_browser_that_goes_away_is_no_error(port: int, memory: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is said of it on the terminal, whether it leaves before it has asked or while it is answered."""
    memory.add([Document(id="long", text="The sea is wide. " * 200_000)], name="long")
    before = threading.active_count()
    for asked in (b"GET / HT", b"GET /?source=long&document=long HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closed with a reset
            client.sendall(asked)
            if asked.endswith(b"\n"):
                client.recv(1)
    for _ in range(200):
        if threading.active_count() <= before:
            break
        time.sleep(0.05)
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_request_leaves_no_file_open(port: int) -> None:
    """Each has a thread of its own, and a thread a connection; five hundred would be too many."""

    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    get(port, q="harbour")
    before = opened()
    for _ in range(20):
        assert get(port, q="harbour")[0] == 200
    for _ in range(100):
        if opened() <= before + 4:  # the last thread ends a moment after its answer
            return
        time.sleep(0.05)
    assert opened() <= before + 4


def chromium(profile: Path, *options: str) -> str:
    """Run headless Chromium and return what it prints."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    flags = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
             "--disable-component-update --disable-sync --hide-scrollbars").split()  # fmt: skip
    command = [program, *flags, f"--user-data-dir={profile}", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def test_the_page_works_in_a_real_browser(port: int, tmp_path: Path) -> None:
    """Headless Chromium renders the result; the hostile passage runs nothing."""
    shown = chromium(tmp_path, "--dump-dom", f"http://127.0.0.1:{port}/?{urlencode({'q': 'harbour alert'})}")
    assert "The harbour is calm." in shown
    assert "<script" not in shown


@pytest.mark.parametrize(("scheme", "paper"), [(1, "#ffffff"), (0, "#14171c")], ids=["light", "dark"])
def test_the_page_fits_a_telephone_in_both_colours(port: int, tmp_path: Path, scheme: int, paper: str) -> None:
    """On 360 points all is within the width: the margin at the right is paper from top to bottom."""
    image = pytest.importorskip("matplotlib.image", reason="needs matplotlib, of the group dev")
    for query in ("", "?q=harbour", "?source=posts"):
        picture = tmp_path / "page.png"
        chromium(
            tmp_path / "profile", f"--blink-settings=preferredColorScheme={scheme}", "--force-device-scale-factor=1",
            "--window-size=360,900", f"--screenshot={picture}", f"http://127.0.0.1:{port}/{query}",
        )  # fmt: skip
        pixels = image.imread(picture)
        expected = [int(paper[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        assert pixels.shape[1] == 360
        assert (abs(pixels[:, -8:, :3] - expected) < 0.01).all()
        assert (abs(pixels[:, 40:320, :3] - expected) > 0.3).any()
