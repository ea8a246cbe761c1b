"""What the metadata of LangChain's documents say of who and when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langchain_core", reason="needs the extra langchain")

from langchain_core.documents import Document as LangChainDocument

from masa_rag import ConfigurationError, Memory
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex
from masa_rag.integrations._langchain_documents import document_in

DAY = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2024-05-01T02:00:00+02:00", DAY),
        (datetime(2024, 5, 1), DAY),  # noqa: DTZ001 - as loaders have it
        (datetime(2024, 5, 1, 2, tzinfo=timezone(timedelta(hours=2))), DAY),
        (date(2024, 5, 1), DAY),
        ("yesterday", None),
        (5, None),
    ],
)
def test_a_time_counts_as_text_and_as_a_value(given: Any, expected: datetime | None) -> None:
    """Without a zone it is UTC; as a value without one, or as a day, it was not known, and no filter found it."""
    assert document_in(LangChainDocument("Low tide.", metadata={"created_at": given})).created_at == expected


@pytest.mark.parametrize("names", [["Ann"], ("Ann",)])
def test_the_one_of_several_authors_is_the_author(names: Any) -> None:
    """In a list as in a tuple."""
    assert document_in(LangChainDocument("Low tide.", metadata={"authors": names})).author == "Ann"


def test_a_document_of_langchain_is_told_from_ours(tmp_path: Path) -> None:
    """Both are called Document, and the refusal said no more."""
    documents: Any = [LangChainDocument("Low tide.")]
    with (
        Memory(tmp_path / "brain", embedder=HashingEmbedder(), index=FlatIndex()) as memory,
        pytest.raises(
            ConfigurationError, match=r"received <class 'langchain_core.*Document'> from 'n'; expected masa_rag"
        ),
    ):
        memory.add(documents, name="n")
