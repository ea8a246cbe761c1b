"""Contract tests: what the types of a seam cannot say.

Subclass the one for your seam in your tests and give it a factory; pytest then collects its
``test_`` methods::

    class TestStandup(SourceContract):
        def make(self):
            return standup(Path("tests/data"))
"""

from __future__ import annotations

from masa_rag.errors import RecordError
from masa_rag.protocols import ResumableSource, Source
from masa_rag.types import Document


class SourceContract:
    """What every source keeps. ``make`` returns a fresh source that yields at least one document."""

    def make(self) -> Source:
        """Return a fresh source over the same data each time."""
        raise NotImplementedError

    def test_name_is_stable(self) -> None:
        """Two sources over the same data have the same, non-empty name."""
        assert self.make().name
        assert self.make().name == self.make().name

    def test_yields_documents(self) -> None:
        """It yields documents and record errors only, and at least one document."""
        items = list(self.make())
        assert all(isinstance(item, (Document, RecordError)) for item in items)
        assert any(isinstance(item, Document) for item in items)

    def test_is_repeatable(self) -> None:
        """Reading twice gives the same documents, ids and digests; so does reading one source twice."""
        source = self.make()
        first, again, fresh = (_digests(items) for items in (source, source, self.make()))
        assert first == again == fresh

    def test_segment_ids_are_unique(self) -> None:
        """Within a document no two segments share an id, and ids are given to all segments or to none."""
        for document in _documents(self.make()):
            ids = [segment.id for segment in document.segments if segment.id is not None]
            assert len(ids) == len(set(ids))
            assert len(ids) in (0, len(document.segments))

    def test_times_are_in_order(self) -> None:
        """Segments come in reading order: neither times nor positions in a recording run backwards."""
        for document in _documents(self.make()):
            for field in ("created_at", "start"):
                values = [value for segment in document.segments if (value := getattr(segment, field)) is not None]
                assert values == sorted(values), f"{document.id}: {field} runs backwards"

    def test_there_is_text(self) -> None:
        """No document is blank: what has no words is left out or reported."""
        assert all(document.text.strip() for document in _documents(self.make()))


def _documents(source: Source) -> list[Document]:
    if isinstance(source, ResumableSource):
        source.cursor = None  # as for a memory that has read nothing of it
    return [item for item in source if isinstance(item, Document)]


def _digests(source: Source) -> list[tuple[str, str]]:
    return [(document.id, document.digest) for document in _documents(source)]
