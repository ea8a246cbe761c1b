"""XML as the values that JSON would hold: attributes and elements are fields, elements of one name a list."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from masa_rag.errors import RecordError
from masa_rag.sources._jsonstream import ITEM
from masa_rag.sources._jsonstream import Path as Keys

if TYPE_CHECKING:
    from lxml.etree import _Element

_MOST = 2_000
_DEEPEST = 50
_OTHERS = frozenset(
    "rss feed rdf opml svg html urlset sitemapindex kml gpx plist resources ts xliff tmx project manifest schema "
    "definitions component components".split()
)
"""What programs, feeds, maps and translations begin with: no records of what people said."""


def begun_markup(data: bytes) -> dict[str, list[Any]]:
    """Return the first elements of an XML file by their names."""
    found: dict[str, list[Any]] = {}
    for item in islice(elements(io.BytesIO(data), ""), _MOST):
        if isinstance(item, tuple):
            found.setdefault(item[0][0], []).append(item[1])
    return found


def elements(stream: IO[bytes], label: str) -> Iterator[tuple[Keys, Any] | RecordError]:
    """Yield the elements below the outermost, or below its only one, as ``((name, ITEM), value)``, and what is wrong.

    Entities that a file defines are not replaced, and nothing is fetched.
    """
    from lxml import etree

    options = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    walk = etree.iterparse(stream, events=("start", "end"), remove_comments=True, remove_pis=True, **options)
    depth = 0
    try:
        for event, element in walk:
            depth += 1 if event == "start" else -1
            if event == "start" and depth == 1 and _name(element).lower() in _OTHERS:
                return
            if event == "end" and depth == 1:
                yield (_name(element), ITEM), _value(element)
                _let_go(element)
    except etree.XMLSyntaxError as error:
        if label:
            yield RecordError(f"damaged XML ({error}); what is before is read", record_id=label)


def _let_go(element: _Element) -> None:
    """Free an element and those before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _name(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _value(element: _Element, depth: int = 0) -> Any:
    """Return an element as text, or as an object where it has attributes or elements."""
    text = "".join(map(str, element.itertext())) if depth > _DEEPEST else (element.text or "")
    value: dict[str, Any] = {str(name).rpartition("}")[2]: str(said) for name, said in element.attrib.items()}
    if depth <= _DEEPEST:
        for child in element.iterchildren("*"):
            _put(value, _name(child), _value(child, depth + 1))
    if not value:
        return text
    if text.strip():
        if len(element):  # words with marks among them
            return "".join(map(str, element.itertext()))
        value.setdefault("#text", text)
    return value


def _put(value: dict[str, Any], name: str, item: Any) -> None:
    if not value.get(name):
        value[name] = item
    elif not item:  # an empty element, beside an attribute of its name
        return
    elif isinstance(value[name], list):
        value[name].append(item)
    else:
        value[name] = [value[name], item]
