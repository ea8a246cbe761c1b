"""The pages of the web extraction benchmark, and the part of them that each is left out with."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FOLDS = 5


@dataclass
class Sample:
    page_id: str
    kind: str
    address: str
    html: bytes
    truth: dict[str, Any]

    @property
    def fold(self) -> int:
        """The part that it belongs to: all pages of a site are in one."""
        site = ".".join((urlsplit(self.address).hostname or self.page_id).split(".")[-2:])
        return int(hashlib.sha256(site.encode()).hexdigest(), 16) % FOLDS


def samples(folder: Path) -> Iterator[Sample]:
    for path in sorted((folder / "dev/html").glob("*.html.gz")):
        page_id = path.name.split(".")[0]
        told = json.loads((folder / f"dev/ground-truth/{page_id}.json").read_text())
        kind = told["_internal"]["page_type"]["primary"]
        yield Sample(page_id, kind, told["url"], gzip.decompress(path.read_bytes()), told["ground_truth"])
