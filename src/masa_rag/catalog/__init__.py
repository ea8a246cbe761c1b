"""The catalogue: the one SQLite file that is the truth. Only this package writes it.

Documents, chunks, vectors, cursors, tombstones and the outbox to the vector index are committed
together, so that after a crash each of them is as it was before or after, never between.
"""

from __future__ import annotations

from masa_rag.catalog._database import make_folder
from masa_rag.catalog._documents import Cut, DocumentTables, Outcome
from masa_rag.catalog._vectors import Change, VectorTables

__all__ = ["Catalog", "Change", "Cut", "Outcome", "make_folder"]


class Catalog(DocumentTables, VectorTables):
    """The tables of one memory.

    Reading is safe from any number of threads and processes and never waits for a writer; each
    thread has a connection of its own. Writing happens inside :meth:`transaction`.

    Args:
        folder: The memory's folder; made if it does not exist.
        lock_timeout_s: Seconds to wait for another writer.
    """
