"""Chats in which answers stand far from their questions: how much of a conversation stands in a context?

    python benchmarks/retrieval/replies.py DEV [--tokens 600]

DEV is the folder ``irc_disentanglement/dev``. Each log is a memory of one document, its reply links predicted by
weights that were fitted to other logs (needs torch). Asked is the first message of each annotated conversation;
the figure is the share of the others that stands in the context, without the links and with them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from sets import CACHE

from masa_rag import Document, Memory
from masa_rag.context import build_context
from masa_rag.embedders import OnnxEmbedder
from masa_rag.indexes import FlatIndex

sys.path.insert(0, str(Path(__file__).parents[1]))
from reply_links import Log, asked, load, unseen_links


def opened(log: Log, links: list[int | None], folder: Path, embedder: OnnxEmbedder) -> Memory:
    """Return a memory of one log."""
    segments = [
        replace(segment, id=str(place), reply_to=None if link is None else str(link))
        for place, (segment, link) in enumerate(zip(log.segments, links, strict=True))
    ]
    memory = Memory(folder / log.name, index=FlatIndex(), embedder=embedder)
    memory.add([Document(id="log", kind="conversation", title="#ubuntu", segments=segments)], name="irc")
    return memory


def shares(memory: Memory, log: Log, tokens: int) -> Iterator[tuple[float, float]]:
    """Yield how much of each conversation is in a context without and with its links."""
    for first, others in asked(log):
        question = log.segments[first].text
        plain = build_context(memory.search(question, k=48), max_tokens=tokens, count_tokens=memory._count_tokens)
        contexts = (plain, memory.context(question, max_tokens=tokens))
        held = ({int(key) for hit in context.hits for key in hit.chunk.segment_ids} for context in contexts)
        without, with_links = (len(found & others) / len(others) for found in held)
        yield without, with_links


def main() -> None:
    """Read the command line and print the two means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=int, default=600)
    parser.add_argument("--cache", type=Path, default=CACHE / "irc")
    options = parser.parse_args()
    logs = [load(path) for path in sorted(options.folder.glob("*.ascii.txt"))]
    found: list[tuple[float, float]] = []
    embedder = OnnxEmbedder()
    for log, links in zip(logs, unseen_links(logs), strict=True):
        with opened(log, links, options.cache, embedder) as memory:
            found += shares(memory, log, options.tokens)
    without, with_links = (fmean(column) for column in zip(*found, strict=True))
    print(f"{len(found)} conversations: {without:.3f} without links, {with_links:.3f} with them")


if __name__ == "__main__":
    main()
