"""JSON read piece by piece: the same values as the standard decoder, and more when something is damaged."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masa_rag.errors import RecordError
from masa_rag.sources import _jsonstream
from masa_rag.sources._jsonstream import ITEM, Closed, json_values, peek

TOP = frozenset({()})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def values(data: bytes, into: frozenset[tuple[str, ...]] = TOP) -> list[Any]:
    """The values that are read, without paths; errors as they come."""
    items = json_values(io.BytesIO(data), into=into, label="file.json")
    return [item if isinstance(item, RecordError) else item[1] for item in items if not isinstance(item, Closed)]


def good(data: bytes) -> list[Any]:
    """The values without the errors."""
    return [item for item in values(data) if not isinstance(item, RecordError)]


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(JSON, max_size=8),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"]),
    indent=st.sampled_from([None, 0, 3]),
    chunk=st.integers(1, 40),
)
def test_the_same_as_the_standard_decoder(rows: list[Any], encoding: str, indent: int | None, chunk: int) -> None:
    """Whatever the encoding, the look and the size of the pieces read."""
    data = json.dumps(rows, indent=indent).encode(encoding)
    before, _jsonstream.CHUNK_BYTES = _jsonstream.CHUNK_BYTES, chunk
    try:
        assert values(data) == rows
    finally:
        _jsonstream.CHUNK_BYTES = before


def test_paths_and_ends_of_containers() -> None:
    """Only the containers that are named are opened; others come whole."""
    data = b'{"a": {"x": [1, 2], "y": 3}, "b": [4], "c": {}}'
    found = list(json_values(io.BytesIO(data), into=frozenset({(), ("a",), ("a", "x"), ("c",)}), label=""))
    assert found == [
        (("a", "x", ITEM), 1),
        (("a", "x", ITEM), 2),
        Closed(("a", "x")),
        (("a", "y"), 3),
        Closed(("a",)),
        (("b",), [4]),
        Closed(("c",)),
        Closed(()),
    ]


@pytest.mark.parametrize(
    ("text", "kept", "errors"),
    [
        ('[{"n": 1}, {"n": 2}', [{"n": 1}, {"n": 2}], 1),
        ('[{"n": 1}, {"n": 2', [{"n": 1}], 1),
        ('[{"n": 1}, {"n" 2}, {"n": 3}]', [{"n": 1}, {"n": 3}], 1),
        ('[{"n": "1}, {"n": 2}, {"n": 3}]', [{"n": 2}, {"n": 3}], 1),
        ('[{"n": 1} {"n": 2}, {"n": 3}]', [{"n": 1}, {"n": 3}], 1),
        ('[{"n": 1},, {"n": 2}]', [{"n": 1}, {"n": 2}], 1),
        ('[{"n": 1},]', [{"n": 1}], 0),
        ('[{"n": 1}] trailing', [{"n": 1}], 1),
        ('{"a": 1', [1], 1),
        ("", [], 1),
        ("nothing", [], 1),
        ("5", [5], 0),
        ('{1: 2, "a": [{"n": 3}]}', [{"n": 3}], 2),
        ('[{"n": 1}}, {"n": 2}]', [{"n": 1}, {"n": 2}], 1),
    ],
)
def test_what_is_whole_is_kept(text: str, kept: list[Any], errors: int) -> None:
    """Reading goes on at the next record; each stretch that was lost is one error that says where."""
    found = values(text.encode())
    assert [item for item in found if not isinstance(item, RecordError)] == kept
    assert len(found) - len(kept) == errors
    assert all("character" in str(item) for item in found if isinstance(item, RecordError))


def test_bytes_that_are_not_utf8_spoil_their_record_only() -> None:
    """The record that holds them is an error; its neighbours are read."""
    data = b'[{"n": "caf\xe9"}, {"n": "caf\xc3\xa9"}, {"n": "x"}]'
    first, *rest = values(data)
    assert isinstance(first, RecordError)
    assert rest == [{"n": "café"}, {"n": "x"}]


def test_too_deep_and_too_long() -> None:
    """Nesting and numbers that the decoder refuses cost one record each."""
    data = b'[{"n": 1}, {"n": ' + b"[" * 100_000 + b"]" * 100_000 + b'}, {"n": ' + b"9" * 5_000 + b'}, {"n": 2}]'
    assert good(data) == [{"n": 1}, {"n": 2}]


def test_hexadecimal_escapes() -> None:
    r"""``\x0b`` is read as the character; an escaped backslash before an x is left as it is."""
    assert good(rb'[{"n": "a\x0b\\x41\x1F"}, {"n": "\\\x07"}]') == [{"n": "a\x0b\\x41\x1f"}, {"n": "\\\x07"}]
    assert good(rb'[{"n": "\xzz"}, {"n": 1}]') == [{"n": 1}]


@pytest.mark.parametrize(
    "data",
    [
        b'[{"n": "' + rb"\x1f" * 500_000 + b'"}]',
        b'[{"n": "' * 200_000,
        b'[{"n": 1}, {"n": "' + b"x" * 12_000_000,
        b"[" + b"," * 1_000_000,
        b"[" + b"{" * 1_000_000,
        b'[{"n":' * 300_000,
        b" " * 5_000_000,
    ],
    ids=["escapes", "open strings", "long string", "commas", "braces", "nested", "spaces"],
)
def test_hostile_documents_are_read_in_seconds(data: bytes) -> None:
    """No document takes time beyond proportion."""
    began = time.process_time()
    for _ in json_values(io.BytesIO(data), into=TOP, label=""):
        pass
    assert time.process_time() - began < 10


def test_peek_shows_what_the_beginning_holds() -> None:
    """A head that is cut off in the middle shows its first whole values, and never an error."""
    assert peek(b'[{"n": 1}, {"n": 2}, {"n"', into=TOP) == [((ITEM,), {"n": 1}), ((ITEM,), {"n": 2})]
    assert peek(b"\xff\xfe\x00", into=TOP) == []
    assert peek(b'{"a": 1, "b": 2}', into=TOP, limit=1) == [(("a",), 1)]
