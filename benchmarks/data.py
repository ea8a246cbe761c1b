"""Where the data sets are: the folder that MASA_RAG_DATA names, or the one beside this repository."""

from __future__ import annotations

import os
from pathlib import Path

DATA = Path(os.environ.get("MASA_RAG_DATA", Path(__file__).parents[2] / "shared/data"))
