"""What is measured of one answer, and how answers are averaged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

import ir_measures
from ir_measures import RR, R, Success, nDCG
from sets import Part, Question

from masa_rag import Chunk, Context

Row = dict[str, float]

SHOWN = {
    "locomo": ("ndcg10", "r10", "r20", "rr", "session_hit1", "session_ndcg5", "session_all10"),
    "calls_within": ("hit1", "hit5"),
    "calls_all": ("hit1", "hit5"),
    "qmsum": ("ndcg10",),
    "beam": ("r10", "ndcg10", "newest_first"),
    "scifact": ("ndcg10", "r10"),
}
"""The main figures of each set."""


def ranking(name: str, chunks: Sequence[Chunk], question: Question) -> Row:
    """Measure one list of passages, best first."""
    if name.startswith("calls"):
        found = [_is_moment(chunk, question) for chunk in chunks]
        return {"hit1": float(any(found[:1])), "hit5": float(any(found[:5]))}
    assert isinstance(question.gold, frozenset)
    if name == "scifact":
        units = _first([[chunk.document_id] for chunk in chunks])
        return _measured(units, question.gold, {"ndcg10": nDCG @ 10, "r10": R @ 10})
    units = _first([chunk.segment_ids for chunk in chunks])
    row = _measured(units, question.gold, {"ndcg10": nDCG @ 10, "r10": R @ 10, "r20": R @ 20, "rr": RR})
    if name == "locomo":
        row |= _sessions(chunks, question.gold)
    if question.newest and (older := question.gold - question.newest):
        row["newest_first"] = float(_place(units, question.newest) < _place(units, older))
    return row


def evidence(name: str, context: Context, part: Part, question: Question) -> Row:
    """Measure how much of what answers the question stands in a context."""
    chunks = [hit.chunk for hit in context.hits]
    if name.startswith("calls"):
        return {"evidence": float(any(_is_moment(chunk, question) for chunk in chunks))}
    assert isinstance(question.gold, frozenset)
    if name == "scifact":
        return {"evidence": _share({chunk.document_id for chunk in chunks}, question.gold)}
    held = {key for chunk in chunks for key in chunk.segment_ids}
    row = {"evidence": _share(held, question.gold), "any": float(bool(held & question.gold))}
    if part.words:
        gold_words = sum(part.words[key] for key in question.gold)
        row["words"] = _held_words(chunks, part, question.gold) / max(1, gold_words)
        row["evidence"] = row["any"]
    return row


def average(name: str, rows: Sequence[tuple[Question, Row]]) -> Row:
    """Return the means; LoCoMo's NDCG is the mean over its five categories, BEAM's by ability beside them."""
    columns: dict[str, list[float]] = defaultdict(list)
    for question, row in rows:
        for key, value in row.items():
            columns[key].append(value)
            if question.group and key in ("ndcg10", "r10"):
                columns[f"{question.group}:{key}"].append(value)
    means = {key: fmean(values) for key, values in columns.items()}
    if name == "locomo" and "ndcg10" in means:
        means["ndcg10"] = fmean(value for key, value in means.items() if key.endswith(":ndcg10"))
    return means


def _is_moment(chunk: Chunk, question: Question) -> bool:
    document, mark = question.gold
    assert isinstance(mark, float)
    return chunk.document_id == document and chunk.start_s is not None and mark - 60 <= chunk.start_s <= mark + 90


def _first(groups: Sequence[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(key for group in groups for key in group))


def _place(units: Sequence[str], wanted: frozenset[str]) -> int:
    return min((units.index(key) for key in wanted if key in units), default=len(units) + 1)


def _measured(units: Sequence[str], gold: frozenset[str], measures: dict[str, object]) -> Row:
    run = {"q": {key: -float(place) for place, key in enumerate(units)}}
    qrels = {"q": dict.fromkeys(gold, 1)}
    if not units:
        return dict.fromkeys(measures, 0.0)
    values = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
    return {name: float(values[measure]) for name, measure in measures.items()}


def _sessions(chunks: Sequence[Chunk], gold: frozenset[str]) -> Row:
    units = _first([[chunk.document_id] for chunk in chunks])
    wanted = frozenset(f"session_{key[1:].split(':')[0]}" for key in gold)
    row = _measured(units, wanted, {"session_hit1": Success @ 1, "session_ndcg5": nDCG @ 5})
    return row | {"session_all10": float(wanted <= set(units[:10]))}


def _share(held: set[str], gold: frozenset[str]) -> float:
    return len(held & gold) / len(gold)


def _held_words(chunks: Sequence[Chunk], part: Part, gold: frozenset[str]) -> int:
    """Count the gold turns' words in the passages; a turn that was cut counts by its pieces."""
    total = 0
    for chunk in chunks:
        keys = chunk.segment_ids
        if len(keys) == 1:
            total += min(len(chunk.text.split()), part.words[keys[0]]) if keys[0] in gold else 0
        else:
            total += sum(part.words[key] for key in keys if key in gold)
    return total
