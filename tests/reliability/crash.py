"""Kill a writing process at random moments and look at what it leaves.

    python tests/reliability/crash.py --kills 300 [--index flat]

Each trial copies a prepared memory, lets a child process add, sync, forget and rebuild in random order, and kills
it (SIGKILL) after a random time. The child says after each call what has returned: that is acknowledged. Then the
memory is opened again, which must be enough to mend it, and compared with what was acknowledged: nothing lost,
nothing twice, all parts in agreement, and of what was forgotten not a byte left. Prints one line a failed trial
and a summary; exits with 1 if there was any.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from masa_rag import Document, Memory
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex

Expected = dict[str, int]
"""Document id -> version, of what the memory must hold."""


def word(key: str, version: int) -> str:
    """Return a word that stands in this version of this document only."""
    return f"w{key}v{version}x"


def author(key: str) -> str:
    """Return the document's author: one for ten documents."""
    return f"Author{int(key) // 10}Surname"


def document(key: str, version: int) -> Document:
    """Return a version of a document: its own word, and filler that all share."""
    return Document(id=key, text=f"{word(key, version)} " + "salt water in the battery case " * 8, author=author(key))


def open_memory(folder: Path, index: str) -> Memory:
    """Open the memory with an embedder that needs no weights."""
    return Memory(
        folder, embedder=HashingEmbedder(2048), index=FlatIndex() if index == "flat" else None, lock_timeout_s=30
    )


class Child:
    """What the process that gets killed does: one call after the other, each announced and acknowledged."""

    def __init__(self, folder: Path, index: str, seed: int, expected: Expected, say: Callable[[object], None]) -> None:
        self.random = random.Random(seed)
        self.memory = open_memory(folder, index)
        self.expected = dict(expected)
        self.say = say
        self.next = 200

    def run(self, first: str) -> None:
        """Make calls until killed."""
        calls = ["add", "sync", "forget", "rebuild"]
        while True:
            getattr(self, first)()
            first = self.random.choice(calls)

    def announce(self, verb: str, after: Expected) -> None:
        """Say what is about to be done, and what will hold once it has returned."""
        self.say({"begin": verb, "after": after})

    def done(self, after: Expected) -> None:
        """Say that it has returned."""
        self.expected = after
        self.say({"done": after})

    def add(self) -> None:
        """Add ten new documents and change three."""
        new = {str(number): 1 for number in range(self.next, self.next + 10)}  # nobody forgotten is among them
        self.next += 10
        changed = {
            key: self.expected[key] + 1 for key in self.random.sample(sorted(self.expected), min(3, len(self.expected)))
        }
        after = self.expected | new | changed
        self.announce("add", after)
        self.memory.add([document(key, version) for key, version in (new | changed).items()], name="s", errors="raise")
        self.done(after)

    def sync(self) -> None:
        """Mirror a source that lost three documents and changed three."""
        gone = set(self.random.sample(sorted(self.expected), min(3, len(self.expected))))
        after = {key: version for key, version in self.expected.items() if key not in gone}
        after |= {key: after[key] + 1 for key in self.random.sample(sorted(after), min(3, len(after)))}
        self.announce("sync", after)
        self.memory.sync([document(key, version) for key, version in after.items()], name="s", errors="raise")
        self.done(after)

    def forget(self) -> None:
        """Erase an author."""
        name = author(self.random.choice(sorted(self.expected) or ["0"]))
        after = {key: version for key, version in self.expected.items() if author(key) != name}
        self.announce("forget", after)
        self.memory.forget(author=name)
        self.done(after)

    def rebuild(self) -> None:
        """Make everything anew."""
        self.announce("rebuild", self.expected)
        self.memory.rebuild()
        self.done(self.expected)


def check(folder: Path, index: str, events: list[dict[str, object]], before: Expected) -> list[str]:
    """Return what is wrong with the memory after the kill."""
    acknowledged, begun = before, None
    forgotten: set[str] = set()
    for event in events:
        if "done" in event:
            acknowledged, begun = event["done"], None  # type: ignore[assignment]
        else:
            begun = event["after"]  # type: ignore[assignment]
            if event["begin"] == "forget":
                forgotten |= acknowledged.keys() - begun.keys()  # type: ignore[union-attr]
    with open_memory(folder, index) as memory:
        problems = [str(problem) for problem in memory.verify()]
        stored = {key: memory.document("s", key) for key in memory.catalog.document_sizes("s")}
        problems += compare({key: item.text for key, item in stored.items() if item}, acknowledged, begun)  # type: ignore[arg-type]
        for key in random.sample(sorted(stored), min(5, len(stored))):
            text = (stored[key] or Document(id="-")).text.split()[0]
            hits = [hit for hit in memory.search(text, k=3) if text in hit.chunk.text]
            if len(hits) != 1 or set(hits[0].why) < {"words", "vectors"}:
                problems.append(f"{text} is found {len(hits)} times")
    return problems + left_bytes(folder, forgotten - stored.keys())


def compare(texts: dict[str, str], acknowledged: Expected, begun: Expected | None) -> list[str]:
    """Each document must be as it was acknowledged, or as the call that was cut off would have left it."""
    problems = []
    for key in {*texts, *acknowledged, *(begun or {})}:
        allowed = {acknowledged.get(key)} | ({begun.get(key)} if begun is not None else set())
        present = next((v for v in range(1, 200) if word(key, v) in texts.get(key, "")), None)
        if present not in allowed:
            problems.append(f"document {key} has version {present}, expected one of {allowed}")
    return problems


def left_bytes(folder: Path, erased: set[str]) -> list[str]:
    """Of a document that was forgotten, and is gone, no byte may be left in any file."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return [f"a byte of {key} is left" for key in erased if any(f"w{key}v".encode() in data for data in files)]


def trial(template: Path, scratch: Path, index: str, seed: int, before: Expected) -> tuple[str, list[str]]:
    """Kill one child; return what it was doing and what is wrong."""
    chance = random.Random(seed)
    folder = scratch / f"trial{seed}"
    shutil.copytree(template, folder)
    first = chance.choice(["add", "sync", "forget", "rebuild"])
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        run_child(folder, index, seed, before, first, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        time.sleep(chance.uniform(0.0, 0.6 if index == "flat" else 1.6))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        events = [json.loads(line) for line in pipe if line.endswith("\n")]
    failures = in_child(lambda: check(folder, index, events, before))
    shutil.rmtree(folder)
    last = events[-1] if events else {}
    return str(last.get("begin", "between calls" if events else "opening")), failures


def run_child(folder: Path, index: str, seed: int, before: Expected, first: str, writing: int) -> None:
    """Run in the forked process until it is killed; never return."""
    try:
        pipe = os.fdopen(writing, "w", buffering=1)
        Child(folder, index, seed, before, lambda event: print(json.dumps(event), file=pipe, flush=True)).run(first)
    except BaseException:  # noqa: BLE001 - a forked child must not run its parent's code
        traceback.print_exc()
    os._exit(1)


def in_child(function: Callable[[], list[str]]) -> list[str]:
    """Run in a process of its own, so that no open file of one trial reaches the next."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            result = function()
        except BaseException:  # noqa: BLE001 - reported as a failure of the trial
            result = [traceback.format_exc()]
        os.write(writing, json.dumps(result[:50]).encode()[:60_000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return list(json.loads(text)) if text else ["the checking process died"]


def prepare(folder: Path, index: str) -> list[str]:
    """Make the memory that every trial starts with."""
    with open_memory(folder, index) as memory:
        memory.add([document(str(number), 1) for number in range(100)], name="s")
    return []


def main() -> int:
    """Run the trials."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--index", choices=("chroma", "flat"), default="chroma")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.index == "chroma":
        import chromadb  # noqa: F401 - once, before the forks
    doing: Counter[str] = Counter()
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        template = Path(scratch) / "template"
        if problems := in_child(lambda: prepare(template, options.index)):
            print(*problems, sep="\n")
            return 1
        before = {str(number): 1 for number in range(100)}
        for seed in range(options.seed, options.seed + options.kills):
            verb, failures = trial(template, Path(scratch), options.index, seed, before)
            doing[verb] += 1
            if failures:
                failed += 1
                print(f"seed {seed}, killed in {verb}:", *failures[:5], sep="\n  ", flush=True)
    print(f"{options.kills} kills ({dict(doing)}), {failed} with a failure")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
