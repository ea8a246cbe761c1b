"""Hostile pages, feeds and archives: does each end in time, within memory, with a document or a typed error?

    python benchmarks/web_hostile.py            # all of them, some minutes
    python benchmarks/web_hostile.py --only 0/8 # every eighth

Each body is read in a child process of its own, after the libraries are loaded; its time and its peak memory are
the system's figures (RSS of the whole process). The limits: 5 seconds of CPU, 256 MB.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from masa_rag.errors import MasaRagError, RecordError
from masa_rag.sources._feeds.entries import read_feed
from masa_rag.sources._feeds.podcast import parse_feed
from masa_rag.sources._pages.extract import extract_page
from masa_rag.sources._pages.sitemap import read_sitemap
from masa_rag.sources.webpages import WebPages

SECONDS, MEGABYTES = 5.0, 256
SIZES = (10_000, 100_000, 1_000_000, 5_000_000, 19_000_000)
FILLERS: dict[str, Callable[[int], str]] = {
    **{f"nested {tag}": lambda size, tag=tag: f"<{tag}>" * (size // (len(tag) + 2)) for tag in
       ("div", "b", "a", "table", "ul", "font", "blockquote", "span", "form", "svg")},
    **{f"many {tag}": lambda size, tag=tag: f"<{tag}>a b</{tag}>" * (size // (2 * len(tag) + 8)) for tag in
       ("p", "td", "li", "a", "h1", "option", "pre")},
    "words": lambda size: "word " * (size // 5),
    "one word": lambda size: "w" * size,
    "spaces": lambda size: " " * size + "x",
    "entities": lambda size: "&amp;&#x41;" * (size // 11),
    "attributes": lambda size: "<p " + " ".join(f"a{n}=b" for n in range(size // 9)) + ">text</p>",
    "one attribute": lambda size: f"<p class='{'c' * size}'>text</p>",
    "class names": lambda size: f"<p class='{' '.join(f'c{n}' for n in range(size // 7))}'>text</p>",
    "styles": lambda size: "<style>" + "@media{.a{display:none}" * (size // 23) + "</style>",
    "rules": lambda size: "<style>" + "".join(f".c{n}{{display:none}}" for n in range(size // 20)) + "</style>",
    "linked arrays": lambda size: f"<script type='application/ld+json'>{'[' * (size // 2)}{']' * (size // 2)}</script>",
    "linked things": lambda size: "<script type='application/ld+json'>" + json.dumps(
        [{"@type": "Article", "author": {"name": "A"}}] * (size // 50)) + "</script>",
    "comments": lambda size: "<!--x-->" * (size // 8),
    "open comment": lambda size: "<!--" * (size // 4),
    "cut tags": lambda size: "<p" * (size // 2),
    "quotes": lambda size: "<p a=\"" * (size // 6),
    "hidden": lambda size: "<div hidden><p>a b c</p></div>" * (size // 30),
    "dates": lambda size: "<time>1 May 2024</time>" * (size // 23),
    "forum": lambda size: "<article class='message' data-author='a'><div class='message-body'><div class='bbWrapper'>"
                          "<blockquote>x y z</blockquote></div></div></article>" * (size // 150),
    "control": lambda size: "\x00\x01\x02" * (size // 3),
}  # fmt: skip
XML: dict[str, Callable[[int], str]] = {
    "nested": lambda size: "<rss>" + "<a>" * (size // 3),
    "items": lambda size: "<rss><channel>" + "<item><title>a</title></item>" * (size // 29) + "</channel></rss>",
    "entity": lambda size: "<!DOCTYPE r [<!ENTITY a '" + "a" * size + "'>]><rss>&a;</rss>",
    "laughs": lambda size: "<!DOCTYPE r [<!ENTITY a0 'ha'>" + "".join(
        f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, min(size // 60, 60))) + "]><rss>&a9;</rss>",
    "external": lambda size: "<!DOCTYPE r SYSTEM 'file:///etc/passwd'><rss>" + "x" * size + "</rss>",
    "attribute": lambda size: f"<rss a='{'b' * size}'/>",
    "text": lambda size: f"<rss><channel><item><title>{'word ' * (size // 5)}</title></item></channel></rss>",
    "html": lambda size: "<rss><channel><item><description><![CDATA[" + "<p>a b</p>" * (size // 10)
                         + "]]></description></item></channel></rss>",
    "escaped": lambda size: "<rss><channel><item><description>" + "&lt;p&gt;a b" * (size // 12)
                            + "</description></item></channel></rss>",
    "cdata": lambda size: "<rss><channel><item><title><![CDATA[" + "x" * size,
    "locs": lambda size: "<urlset>" + "<url><loc>http://a.example/</loc></url>" * (size // 40) + "</urlset>",
}  # fmt: skip
XML_READERS: dict[str, Callable[[bytes], object]] = {
    "feed": read_feed, "podcast": parse_feed, "sitemap": read_sitemap,
}  # fmt: skip


def read_file(data: bytes, name: str) -> object:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        for item in WebPages(path):
            if isinstance(item, RecordError):
                raise item
    return None


def cases() -> Iterator[tuple[str, Callable[[bytes], object], Callable[[], bytes]]]:
    """Yield (name, what reads it, what makes the body)."""
    head, foot = "<html><head><title>t</title></head><body>", "</body></html>"
    for size in SIZES:
        for name, fill in FILLERS.items():
            yield (
                f"page: {name} {size:,}",
                extract_page,
                lambda fill=fill, size=size: (head + fill(size) + foot).encode(),
            )
        for name, fill in XML.items():
            for reader, read in XML_READERS.items():
                yield f"{reader}: {name} {size:,}", read, lambda fill=fill, size=size: fill(size).encode()
        for copies in (1, 5, 50):
            packed = partial(bomb, size * copies)
            yield f"gzip: {size:,} x {copies}", lambda data: read_file(data, "page.html.gz"), packed
            stored = lambda packed=packed: gzip.compress(warc(packed()))  # noqa: E731
            yield f"warc: {size:,} x {copies}", lambda data: read_file(data, "a.warc.gz"), stored


def bomb(size: int) -> bytes:
    return gzip.compress(b"<html><p>" + b"a b " * (size // 4))


def warc(body: bytes) -> bytes:
    content = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + body
    head = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\n"
    head += f"Content-Type: application/http\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content + b"\r\n\r\n"


def in_child(read: Callable[[bytes], object], body: bytes) -> tuple[str, float, float]:
    """Return how it ended, the seconds of CPU and the megabytes at the peak."""
    end, way = os.pipe()
    if (child := os.fork()) == 0:
        os.close(end)
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
        try:
            read(body)
            told = "read"
        except MasaRagError as error:
            told = type(error).__name__
        except BaseException as error:  # noqa: BLE001 - whatever it is, it must not be
            told = f"UNTYPED {error!r:.80}"
        os.write(way, told.encode())
        os._exit(0)
    os.close(way)
    told = os.read(end, 200).decode() or "DIED"
    os.close(end)
    used = os.wait4(child, 0)[2]
    return told, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="0/1", help="K/N: every N-th case, from the K-th")
    first, step = map(int, parser.parse_args().only.split("/"))
    extract_page("<html><body><p>words to load everything</p><p>b</p></body></html>")
    began, worst, bad, ended = time.time(), [0.0, 0.0], 0, {}
    for name, read, make in list(cases())[first::step]:
        body = make()
        told, seconds, size = in_child(read, body)
        size -= len(body) / 1e6  # the body itself lies in the parent, too
        worst = [max(worst[0], seconds), max(worst[1], size)]
        ended[told] = ended.get(told, 0) + 1
        if told.startswith(("UNTYPED", "DIED")) or seconds > SECONDS or size > MEGABYTES:
            bad += 1
            print(f"  {name}: {told}, {seconds:.1f} s, {size:.0f} MB", flush=True)
    print(f"{sum(ended.values())} bodies: {bad} beyond the limits; worst {worst[0]:.1f} s, {worst[1]:.0f} MB; {ended}; "
          f"{time.time() - began:.0f} s in all")  # fmt: skip


if __name__ == "__main__":
    main()
