"""Which line answers which, in conversations whose format does not say: IRC, plain chat rooms.

For each line the WINDOW lines before it are scored, and the line itself, which stands for "answers
nothing"; the best one is the link. The score is a network of one hidden layer over the cues of
:mod:`masa_rag.sources._threads.cues`: about 1,500 numbers in ``weights.npz``.

The weights were fitted with ``benchmarks/reply_links.py`` to the reply annotations of the Ubuntu IRC
logs of Kummerfeld et al. (2019, "A Large-Scale Corpus for Conversation Disentanglement", ACL;
https://github.com/jkkummerfeld/irc-disentanglement, CC BY 4.0), ten files of its development part.
Link F on that part, each file scored by weights fitted without it: 68.6 (70.2 by the weights shipped, which
saw it). The paper's figures, on its test part: previous line 35.0, linear model 63.5, ensemble of neural
networks 73.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import resources

import numpy as np

from masa_rag.sources._threads.cues import CUES, WINDOW, PairCues
from masa_rag.sources._threads.lines import Floats, read_lines
from masa_rag.types import Document, Segment

FEWEST = 3
"""Messages of a conversation that is set apart."""
_BLOCK = 256  # lines at a time: 6 MB of cues
WEIGHTS = "weights.npz"


def reply_links(segments: Sequence[Segment]) -> list[int | None]:
    """Return for each segment the position of the earlier one that it answers.

    Args:
        segments: One room's messages in order of time, with authors; times are used where known.

    Returns:
        Positions in ``segments``; None for a message that answers nothing. A ``reply_to`` that names an
        earlier segment is taken as it is.
    """
    if not segments:
        return []
    hidden, bias, output = _weights()
    cues = PairCues(read_lines(segments))
    links: list[int | None] = []
    for start in range(0, len(segments), _BLOCK):
        stop = min(start + _BLOCK, len(segments))
        values, valid = cues.block(start, stop)
        scores = np.maximum(values.reshape(-1, CUES) @ hidden + bias, 0) @ output
        scores = np.where(valid, scores.reshape(valid.shape), -np.inf)
        for row, best in enumerate(scores.argmax(axis=1).tolist(), start=start):
            links.append(row - WINDOW + best if best < WINDOW else None)
    return _with_known(segments, links)


def _with_known(segments: Sequence[Segment], links: list[int | None]) -> list[int | None]:
    place = {segment.id: index for index, segment in enumerate(segments) if segment.id is not None}
    for index, segment in enumerate(segments):
        if segment.reply_to is not None and (known := place.get(segment.reply_to, index)) < index:
            links[index] = known
    return links


def linked(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments, which have ids, with ``reply_to`` set to the message that each one answers."""
    return [
        segment if link is None else replace(segment, reply_to=segments[link].id)
        for segment, link in zip(segments, reply_links(segments), strict=True)
    ]


def apart(document: Document) -> list[Document]:
    """Return a linked document without its conversations, if anything is left, and a document for each of them."""
    rest, *others = conversations(document.segments)
    return [
        replace(document, id=name, text="", segments=parts, created_at=parts[0].created_at)
        for name, parts in ((document.id, rest), *((f"{document.id}/{parts[0].id}", parts) for parts in others))
        if parts
    ]


def conversations(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Return linked segments apart: first what is left over, then each conversation of FEWEST messages or more."""
    conversation: dict[str | None, list[Segment]] = {}
    for segment in segments:
        group = conversation.get(segment.reply_to, []) if segment.reply_to is not None else []
        group.append(segment)
        conversation[segment.id] = group
    large = {id(group): group for group in conversation.values() if len(group) >= FEWEST}
    rest = [segment for segment in segments if id(conversation[segment.id]) not in large]
    return [rest, *large.values()]


@cache
def _weights() -> tuple[Floats, Floats, Floats]:
    file = resources.files("masa_rag.sources._threads").joinpath(WEIGHTS)
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
        return stored["hidden"], stored["bias"], stored["output"]
