"""The data sets as documents, and their questions with what answers them; and what all who measure on them share.

Each set is a list of parts; a part is one memory. Gold is what a data set names itself: message ids, turns,
document ids, or a moment in a recording.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from masa_rag import Document, Memory, Segment
from masa_rag.embedders import OnnxEmbedder
from masa_rag.errors import MemoryMismatchError
from masa_rag.indexes import FlatIndex

DATA = Path(os.environ.get("MASA_RAG_DATA", Path(__file__).parents[3] / "shared/data"))
CACHE = Path(tempfile.gettempdir()) / "masa_rag_benchmark"
"""Where memories are kept, so that a set is embedded once."""


def command_line(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that knows where the data are, and where memories are kept."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, default=CACHE)
    return parser


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        text: As it is asked.
        gold: The units that answer it; for a moment in a recording (document, seconds).
        group: Its category.
        source: Search only in this source; None for everywhere.
        newest: Of the gold units, those that hold the newest state (update questions).
    """

    text: str
    gold: frozenset[str] | tuple[str, float]
    group: str = ""
    source: str | None = None
    newest: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Part:
    """One memory and the questions put to it."""

    name: str
    documents: list[tuple[str, Document]]
    questions: list[Question]
    words: dict[str, int] = field(default_factory=dict)


def locomo(data: Path) -> Iterator[Part]:
    """LoCoMo's development part: a turn is a segment, a session a document."""
    for talk in json.loads((data / "locomo/locomo_dev.json").read_text()):
        sessions = talk["conversation"]
        documents = []
        for number in range(1, 60):
            key = f"session_{number}"
            if not sessions.get(key):
                continue
            when = datetime.strptime(sessions[f"{key}_date_time"].strip(), "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
            turns = [Segment(_with_caption(turn), turn["speaker"], when, id=turn["dia_id"]) for turn in sessions[key]]
            documents.append(("talk", Document(id=key, kind="conversation", created_at=when, segments=turns)))
        known = {segment.id for _, document in documents for segment in document.segments}
        questions = []
        for item in talk["qa"]:
            named = re.findall(r"D\d+:\d+", " ".join(map(str, item.get("evidence") or [])))
            if gold := frozenset(named) & known:
                questions.append(Question(item["question"], gold, str(item["category"])))
        yield Part(str(talk.get("sample_id")), documents, questions)


def _with_caption(turn: dict[str, str]) -> str:
    return turn["text"] + (f" [image: {turn['blip_caption']}]" if turn.get("blip_caption") else "")


_CUE = re.compile(r"(\d\d:\d\d:\d\d\.\d+) --> (\d\d:\d\d:\d\d\.\d+)\s*\n(.*)", re.DOTALL)


def _calls(data: Path, *, within: bool) -> Iterator[Part]:
    documents, questions = [], []
    for folder in sorted(path for path in (data / "ethereum_calls").glob("*/*") if path.is_dir()):
        summary = json.loads((folder / "tldr.json").read_text())
        name = folder.name
        when = datetime.strptime(name[:10], "%Y-%m-%d").replace(tzinfo=UTC)
        title = summary["meeting"].split(" - ")[0]
        lines = list(_cues((folder / "transcript_corrected.vtt").read_text()))
        documents.append((name, Document(id=name, kind="speech", title=title, created_at=when, segments=lines)))
        marks = [(mark, "highlight", "highlight") for group in summary["highlights"].values() for mark in group]
        marks += [(mark, "decision", "decision") for mark in summary["decisions"]]
        marks += [(mark, "action", "action") for mark in summary["action_items"]]
        questions += [
            Question(mark[text], (name, _seconds(mark["timestamp"])), group, name if within else None)
            for mark, text, group in marks
        ]
    yield Part("calls", documents, questions)


def _cues(text: str) -> Iterator[Segment]:
    author = None
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        if not (found := _CUE.search(block)):
            continue
        line = " ".join(found[3].split())
        if named := re.match(r"([^:]{1,60}): (.*)", line, re.DOTALL):
            author, line = named[1], named[2]
        yield Segment(line, author, start=_seconds(found[1]), end=_seconds(found[2]))


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def calls_within(data: Path) -> Iterator[Part]:
    """Ethereum calls: each question is put to its own call."""
    return _calls(data, within=True)


def calls_all(data: Path) -> Iterator[Part]:
    """Ethereum calls: each question is put to all calls."""
    return _calls(data, within=False)


def qmsum(data: Path) -> Iterator[Part]:
    """QMSum's validation part, specific queries; gold is the turns of the named spans."""
    for number, line in enumerate((data / "qmsum/val.jsonl").read_text().splitlines()):
        meeting = json.loads(line)
        turns = []
        for index, turn in enumerate(meeting["meeting_transcripts"]):
            text = re.sub(r"\s+([.,?!'])", r"\1", re.sub(r"\{[a-z]+\}", "", turn["content"]))
            turns.append(Segment(" ".join(text.split()), turn["speaker"], id=str(index)))
        questions = []
        for query in meeting["specific_query_list"]:
            spans = [range(int(first), int(last) + 1) for first, last in query["relevant_text_span"]]
            questions.append(Question(query["query"], frozenset(str(turn) for span in spans for turn in span)))
        words = {str(index): len(turn.text.split()) for index, turn in enumerate(turns)}
        yield Part(f"meeting{number}", [("m", Document(id="m", kind="speech", segments=turns))], questions, words)


def beam(data: Path) -> Iterator[Part]:
    """BEAM's 100K conversations with an assistant: ten abilities, gold is message ids."""
    for folder in sorted(path for path in (data / "beam").iterdir() if path.is_dir()):
        documents = []
        for batch in json.loads((folder / "chat.json").read_text()):
            when, messages = None, []
            for message in (message for turn in batch["turns"] for message in turn):
                when = _anchor(message.get("time_anchor")) or when
                text = re.sub(r"\s*->->.*$", "", message["content"])
                messages.append(Segment(text, message["role"], when, id=str(message["id"])))
            documents.append(("chat", Document(id=f"b{batch['batch_number']}", kind="conversation", segments=messages)))
        known = {segment.id for _, document in documents for segment in document.segments}
        yield Part(folder.name, documents, list(_probes(folder, known)))


def _anchor(text: str | None) -> datetime | None:
    try:
        return datetime.strptime(text or "", "%B-%d-%Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def _probes(folder: Path, known: set[str | None]) -> Iterator[Question]:
    probes = json.loads((folder / "probing_questions/probing_questions.json").read_text())
    for ability, items in probes.items():
        for item in items:
            named = item.get("source_chat_ids")
            newest = named.get("updated_info", []) if isinstance(named, dict) else []
            if gold := frozenset(_numbers(named)) & known:
                yield Question(item["question"], gold, ability, newest=frozenset(_numbers(newest)) & known)


def _numbers(value: object) -> list[str]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in _numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    return re.findall(r"\d+", str(value or ""))


def scifact(data: Path) -> Iterator[Part]:
    """SciFact: claims against abstracts; gold is document ids."""
    rows = map(json.loads, (data / "scifact/corpus.jsonl").read_text().splitlines())
    documents = [("pages", Document(id=row["_id"], kind="page", title=row["title"], text=row["text"])) for row in rows]
    gold: dict[str, set[str]] = {}
    for line in (data / "scifact/qrels.beir-official.txt").read_text().splitlines():
        fields = line.split()
        if len(fields) == 4 and int(fields[3]) > 0:
            gold.setdefault(fields[0], set()).add(fields[2])
    claims = map(json.loads, (data / "scifact/queries.jsonl").read_text().splitlines())
    questions = [Question(row["text"], frozenset(gold[row["_id"]])) for row in claims if row["_id"] in gold]
    yield Part("scifact", documents, questions)


def opened(name: str, part: Part, cache: Path, embedder: OnnxEmbedder) -> Memory:
    """Return the memory of a set's part, made if the cache has none of this model."""
    path = cache / name.split("_")[0] / part.name
    try:
        memory = Memory(path, index=FlatIndex(), embedder=embedder)
    except MemoryMismatchError:
        shutil.rmtree(path)
        memory = Memory(path, index=FlatIndex(), embedder=embedder)
    for source, group in groupby(part.documents, key=lambda item: item[0]):
        memory.add([document for _, document in group], name=source, errors="raise")
    return memory


SETS: dict[str, Callable[[Path], Iterator[Part]]] = {
    "locomo": locomo, "calls_within": calls_within, "calls_all": calls_all, "qmsum": qmsum, "beam": beam,
    "scifact": scifact,
}  # fmt: skip
