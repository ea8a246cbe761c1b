"""What is no record of what people said, however many objects and texts it has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from masa_rag.sources import Records
from masa_rag.sources._base import read_head

TEXT = "A long enough line of words"
CONFIG: dict[str, Any] = {
    "package.json": {"name": "pump", "description": TEXT, "author": "Mara", "scripts": {"test": "run it all now"}},
    "package-lock.json": {"lockfileVersion": 3, "packages": {"a": {"version": "1", "license": "MIT or so"}}},
    "places.json": {"type": "FeatureCollection", "features": [{"properties": {"text": TEXT, "author": "Mara"}}] * 3},
    "openapi.json": {"openapi": "3.0", "tags": [{"name": "pump", "description": TEXT}] * 3},
    "article.json": {"@context": "https://schema.org", "comment": [{"text": TEXT, "author": "Mara"}] * 3},
    "schema.json": {"$schema": "x", "examples": [{"text": TEXT, "author": "Mara", "date": "2024-05-01"}]},
    "de.json": {"greeting": TEXT, "errors": {"missing": TEXT}},
    "messages.json": {"appName": {"message": TEXT, "description": TEXT}},
    "tasks.json": {"version": "2.0.0", "tasks": [{"label": "build", "type": "shell", "command": "make it all"}]},
    "settings.json": {"editor.fontSize": 12, "files.exclude": {"x": True}},
    "packages.json": [{"name": f"p{n}", "description": f"{TEXT} {n}", "version": "1"} for n in range(5)],
    "search.json": [
        {"name": f"p{n}", "description": f"{TEXT} {n}", "author": "Mara", "date": "2024-05-01"} for n in range(5)
    ],
    "books.json": [{"title": f"{TEXT} {n}", "author": "Mara Quill", "published": "2001-05-01"} for n in range(5)],
    "users.json": [{"id": n, "username": f"u{n}", "created_at": "2024-05-01T10:00:00Z"} for n in range(5)],
    "tokens.json": [{"text": "pump", "start": n, "label": "NOUN"} for n in range(5)],
    "training.json": [{"messages": [{"role": "user", "content": TEXT}, {"role": "assistant", "content": TEXT}]}],
    "chart.json": {"data": [{"x": n, "y": n * n} for n in range(9)]},
    "release.json": [{"tag_name": "v1", "assets": [{"name": "pump.zip", "size": 3}]}],
    "strings.json": {"strings": [{"key": "a.b", "value": TEXT}, {"key": "a.c", "value": TEXT}]},
    "manifest.json": {"name": "Pump", "icons": [{"src": "a.png", "sizes": "48x48"}], "description": TEXT},
    "events.jsonl": [{"time": f"2024-05-01T10:00:0{n}Z", "level": "info", "msg": f"{TEXT} {n}"} for n in range(5)],
    "pino.jsonl": [{"time": 1714550400000 + n, "level": 30, "user": "mara", "msg": f"{TEXT} {n}"} for n in range(5)],
    "audit.jsonl": [{"timestamp": f"2024-05-01T10:00:0{n}Z", "message": f"Server started {n}"} for n in range(5)],
}
PLAIN = {
    "empty.json": "", "broken.json": '{"a": [', "number.json": "12", "words.json": '"some words that are said"',
    "list.json": '["some words", "and other words"]', "table.txt": "author,date,comment\nMara,2024-05-01,I like it\n",
    "prices.csv": "date,open,close\n2024-05-01,1.0,2.0\n2024-05-02,1.5,2.5\n",
    "products.csv": "sku,name,description,price\n1,Seal,A seal of soft rubber,3\n2,Pump,A pump of hard steel,4\n",
    "people.csv": "name,email,city\nMara Quill,m@x.example,Port Vale\nTam Oar,t@x.example,Port Vale\n",
    "log.csv": "timestamp,level,message\n2024-05-01 10:00:00,INFO,The server has started\n",
    "labels.csv": "review,sentiment\nA very good pump for the price,positive\nIt broke on day two,negative\n",
    "rss.xml": "<rss><channel><item><author>Mara</author><text>Words that are said</text></item></channel></rss>",
    "site.xml": "<urlset><url><loc>https://x.example/</loc><lastmod>2024-05-01</lastmod></url></urlset>",
    "strings.xml": '<resources><string name="a">Words that are said</string></resources>',
    "pom.xml": "<project><developers><developer><name>Mara</name></developer></developers></project>",
    "build.xml": '<build><target name="all" description="Build all of it now"/><target name="b"/></build>',
    "icon.xml": '<svg xmlns="http://www.w3.org/2000/svg"><text author="Mara">Words that are said</text></svg>',
    "map.xml": '<osm><node id="1" user="mara" timestamp="2024-05-01T10:00:00Z"><tag k="name" v="a b"/></node></osm>',
}  # fmt: skip


def write(folder: Path, name: str, value: Any) -> Path:
    """Write a value as a file's ending says."""
    lines = "\n".join(map(json.dumps, value)) if name.endswith(".jsonl") else json.dumps(value)
    path = folder / name
    path.write_text(lines, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", CONFIG)
def test_what_programs_keep_is_no_record(tmp_path: Path, name: str) -> None:
    """Settings, lists of packages, maps, logs, translations and tables of figures are left to others."""
    path = write(tmp_path, name, CONFIG[name])
    assert not Records.recognises(path, read_head(path))


@pytest.mark.parametrize("name", PLAIN)
def test_other_texts_and_tables_are_none(tmp_path: Path, name: str) -> None:
    """Neither are tables without words or without anybody who said them, feeds, and files that are no such thing."""
    path = tmp_path / name
    path.write_text(PLAIN[name], encoding="utf-8")
    assert not Records.recognises(path, read_head(path))
