"""JSON as a stream of objects: whatever the layout, size or damage, the good records come out."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masa_rag.sources import _json, _json_even
from masa_rag.sources._encoding import encoding_of
from masa_rag.sources._json import Damage, read_objects

ROWS = [
    {"id": number, "text": f'wave {number} {{not an object}} "said" [she]', "in": {"deep": [1, {"a": None}]}}
    for number in range(50)
]


def read(data: bytes, **options: Any) -> tuple[list[dict[str, Any]], list[Damage]]:
    """Return the objects and the damages of some bytes."""
    items = list(read_objects(io.BytesIO(data), **options))
    return [item for item in items if isinstance(item, dict)], [item for item in items if isinstance(item, Damage)]


def has_id(value: dict[str, Any]) -> bool:
    """Tell a record from a piece of one."""
    return "id" in value


@pytest.mark.parametrize("indent", [None, 0, 4])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_list(indent: int | None, ascii_only: bool) -> None:
    """A list gives its objects, compact or indented."""
    assert read(json.dumps(ROWS, indent=indent, ensure_ascii=ascii_only).encode()) == (ROWS, [])


@pytest.mark.parametrize("between", ["\n", "\r\n", "", " ", "\n\n", "\x1e"])
def test_objects_one_after_the_other(between: str) -> None:
    """One object a line, or none between them at all, gives the same."""
    assert read(between.join(map(json.dumps, ROWS)).encode()) == (ROWS, [])


def test_the_script_of_an_archive() -> None:
    """An assignment before the list is passed over."""
    assert read(f"window.YTD.tweets.part0 = {json.dumps(ROWS)}".encode()) == (ROWS, [])


def test_a_small_envelope_comes_whole() -> None:
    """An object that fits the window is one value, with all that it holds."""
    page = {"data": ROWS, "meta": {"next": "x"}}
    assert read(json.dumps(page).encode()) == ([page], [])


def test_a_large_envelope_is_entered() -> None:
    """An object larger than the window gives the records inside it; what is no record is left out."""
    many = ROWS * 200  # 1 MB
    page = {"meta": {"next": "x"}, "data": many, "users": [{"name": "nobody"}]}
    assert read(json.dumps(page).encode(), window_chars=300_000, accept=has_id) == (many, [])


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(name: str) -> None:
    """UTF-8, 16 and 32 are read, with a byte order mark or without."""
    rows = [{"text": "Gezeitenplan für Jürgen 🌊"}]
    assert read(json.dumps(rows, ensure_ascii=False).encode(name)) == (rows, [])


def test_bytes_of_another_encoding_are_reported_once() -> None:
    """Latin-1 bytes become U+FFFD, the record stays, and one damage says so."""
    rows, damages = read('{"text": "Jürgen"}\n{"text": "Björn"}'.encode("latin-1"))
    assert rows == [{"text": "J\ufffdrgen"}, {"text": "Bj\ufffdrn"}]
    assert [damage.line for damage in damages] == [1]
    assert "not utf-8" in damages[0].message


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "broken",
    [
        '{"id": 9, "text": "cut off',
        '{"id": 9, "text": }',
        '{"id": 9 "text": "no comma"}',
        '{"id": 9, "in": {"deep": [1, 2}}',
        "{'id': 9}",
        '{"id": 9, "text": "\\x"}',
        '{"id": tru}',
    ],
)
def test_damage_in_the_middle_of_a_list(indent: int | None, broken: str) -> None:
    """All records around a damaged one come out, and the damage is reported once, where it is."""
    good = [json.dumps(row, indent=indent) for row in ROWS]
    rows, damages = read(("[" + ",\n".join([*good[:20], broken, *good[20:]]) + "]").encode(), accept=has_id)
    assert rows == ROWS
    assert len(damages) == 1
    assert damages[0].line == "".join(f"{item}\n" for item in good[:20]).count("\n") + 1
    assert damages[0].record == 20


def test_damage_within_an_envelope() -> None:
    """The records of a page that is damaged in one place still come out."""
    text = json.dumps({"data": ROWS, "meta": {"next": "x"}})
    rows, damages = read(text.replace('"wave 25 ', '"wave " 25 ').encode(), accept=has_id)
    assert [row["id"] for row in rows] == [number for number in range(50) if number != 25]
    assert len(damages) == 1


def test_a_bad_line() -> None:
    """Of one object a line, a bad line costs that line; what comes later is read as before."""
    lines = list(map(json.dumps, ROWS))
    lines[7] = lines[7][:-9]
    lines[30] = "garbage"
    rows, damages = read("\n".join(lines).encode(), accept=has_id)
    assert [row["id"] for row in rows] == [number for number in range(50) if number not in (7, 30)]
    assert [damage.line for damage in damages] == [8, 31]


@pytest.mark.parametrize("cut", range(1, 400, 7))
def test_a_file_that_ends_early(cut: int) -> None:
    """Cut anywhere, a list gives the records before the cut and one damage."""
    data = json.dumps(ROWS[:6]).encode()
    rows, damages = read(data[:cut], accept=has_id)
    assert rows == [row for number, row in enumerate(ROWS[:6]) if len(json.dumps(ROWS[: number + 1])) - 1 <= cut]
    assert len(damages) == 1


def test_values_that_are_no_objects_are_reported() -> None:
    """Numbers, texts and null between the records are damages; the records stay."""
    rows, damages = read(b'[{"id": 1}, null, 7, "seven", {"id": 2}]')
    assert rows == [{"id": 1}, {"id": 2}]
    assert [damage.message for damage in damages] == [
        "received 'null'; expected an object", "received '7'; expected an object",
        "received '\"seven\"'; expected an object",
    ]  # fmt: skip


def test_text_that_is_no_json_is_given_up_soon() -> None:
    """A page of prose gives a few damages, not one a word."""
    rows, damages = read(b"the tide comes in and the tide goes out " * 5_000)
    assert rows == []
    assert 1 <= len(damages) <= 10


def test_not_a_number_is_none() -> None:
    """NaN and infinities, which no JSON has but many writers write, are None."""
    assert read(b'{"a": NaN, "b": -Infinity, "c": 1e999}')[0] == [{"a": None, "b": None, "c": None}]


@pytest.mark.parametrize("tower", ["[" * 200_000, '{"a":' * 100_000, '[{"a":' * 50_000])
def test_deep_nesting(tower: str) -> None:
    """A tower of brackets is refused in linear time, and what follows it is read."""
    rows, damages = read(f'{{"id": 1}}\n{{"id": 2, "x": {tower}\n{{"id": 3}}\n'.encode(), accept=has_id)
    assert rows == [{"id": 1}, {"id": 3}]
    assert damages


def test_a_number_of_too_many_digits() -> None:
    """A number that int() refuses is damage, not an exception."""
    rows, damages = read(b'{"id": 1}\n{"id": ' + b"9" * 10_000 + b'}\n{"id": 3}', accept=has_id)
    assert rows == [{"id": 1}, {"id": 3}]
    assert len(damages) == 1


def test_memory_does_not_grow_with_the_list() -> None:
    """20 MB of records need no more than some windows of memory."""

    class Endless(io.RawIOBase):
        left = 20_000_000
        record = (json.dumps(ROWS[0]) + ",").encode()

        def read(self, size: int = -1) -> bytes:
            count = min(size, self.left) // len(self.record)
            self.left -= size
            return self.record * count if self.left > 0 else b""

    tracemalloc.start()
    try:
        assert sum(isinstance(item, dict) for item in read_objects(Endless())) > 100_000
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'[{"a', "utf-8-sig"),
        (b"\xff\xfe[\0", "utf-16"),
        (b"[\0{\0", "utf-16-le"),
        (b"\0[\0{", "utf-16-be"),
        (b"", "utf-8-sig"),
    ],
)
def test_encoding_of(head: bytes, name: str) -> None:
    """The mark decides, else the zero bytes."""
    assert encoding_of(head) == name


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=8), values, max_size=5), max_size=8), st.sampled_from([None, 1]))
def test_whatever_was_written_is_read(rows: list[dict[str, Any]], indent: int | None) -> None:
    """A list of any objects comes back as it was."""
    assert read(json.dumps(rows, indent=indent).encode("utf-8", "surrogatepass")) == (rows, [])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    """Any bytes give objects and damages, never an exception."""
    for item in read_objects(io.BytesIO(data)):
        assert isinstance(item, (dict, Damage))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "a", "{", "é"]), inner),
    max_leaves=8,
)
LAYOUTS = st.sampled_from(
    [("[", ",", "]"), ("[\n ", ",\n ", "\n]"), ("", "\n", "\n"), ("", "\r\n", ""), ("x = [", ", ", "]")]
)


@given(
    rows=st.lists(st.fixed_dictionaries({"id": VALUES}, optional={"a": VALUES}), max_size=12),
    layout=LAYOUTS,
    ascii_only=st.booleans(),
    size=st.sampled_from([40, 200, 262_144]),
    damage=st.none() | st.tuples(st.integers(0, 600), st.integers(0, 6), st.binary(max_size=4)),
)
@settings(max_examples=300, deadline=None)
def test_even_files_are_read_as_all_others(
    rows: list[Any], layout: tuple[str, str, str], ascii_only: bool, size: int, damage: Any
) -> None:
    """The fast way through even files gives what the general way gives, whole or damaged, in pieces of any size."""
    opening, between, closing = layout
    data = (opening + between.join(json.dumps(row, ensure_ascii=ascii_only) for row in rows) + closing).encode(
        "utf-8", "replace"
    )
    if damage is not None:
        place, length, junk = damage
        data = data[:place] + junk + data[place + length :]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json_even, "CHUNK_BYTES", size)
        stream = io.BytesIO(data)
        unused = _json_even.EvenRecords(stream, longest=1 << 20)
        general = list(_json._Reader(stream, bool, 1 << 20, unused).objects())
        assert _comparable(list(read_objects(io.BytesIO(data)))) == _comparable(general)


def _comparable(items: list[Any]) -> tuple[str, list[str]]:
    """Return the objects, and what is wrong where; bytes of another encoding are found sooner or later."""
    damages = [item for item in items if isinstance(item, Damage)]
    places = [item.message if "not utf-8" in item.message else f"{item.message} {item.line}" for item in damages]
    return repr([item for item in items if not isinstance(item, Damage)]), sorted(places)
