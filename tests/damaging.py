"""Damage to the file of a memory."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def damage(folder: Path, statement: str) -> None:
    """Change the file as no program of ours does."""
    with closing(sqlite3.connect(folder / "memory.db", isolation_level=None)) as connection:
        connection.execute(statement)
