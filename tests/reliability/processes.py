"""Several processes write and several read one memory at the same time.

    python tests/reliability/processes.py [--writers 4] [--readers 4] [--documents 50]

Each writer adds its documents one call at a time; each reader searches all the while. In the end every document
must be found by words and by vector from a fresh process, and no reader may have met an error or have seen a
commit later than a second after it. Prints the figures; exits with 1 if one of this does not hold.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from masa_rag import Document, Memory
from masa_rag.embedders import HashingEmbedder


def open_memory(folder: str) -> Memory:
    """Open the memory with an embedder that needs no weights."""
    return Memory(folder, embedder=HashingEmbedder(2048), lock_timeout_s=300)


def write(folder: str, number: int, documents: int, readers: int) -> dict[str, object]:
    """Add documents one by one; return when each was committed."""
    committed = {}
    with open_memory(folder) as memory:
        while len(list(Path(folder).parent.glob("ready-*"))) < readers:
            time.sleep(0.05)
        for index in range(documents):
            key = f"p{number}x{index}"
            memory.add([Document(id=key, text=f"{key}word calm sea and wind")], name=f"writer{number}")
            committed[key] = time.time()
    return {"committed": committed}


def read(folder: str, number: int, documents: int, writers: int) -> dict[str, object]:
    """Search for documents that are still to come until all were seen; return when each was last asked for in vain."""
    seen: dict[str, float] = {}
    blind: dict[str, float] = {}
    following = dict.fromkeys(range(writers), 0)
    worst_ms = 0.0
    with open_memory(folder) as memory:
        memory.search("load what is needed")
        (Path(folder).parent / f"ready-{number}").touch()
        deadline = time.time() + 600
        while len(seen) < writers * documents and time.time() < deadline and Path(folder).exists():
            for writer, index in following.items():
                if index == documents:
                    continue
                key = f"p{writer}x{index}"
                asked, began = time.time(), time.perf_counter()
                hits = memory.search(f"{key}word", k=1)
                worst_ms = max(worst_ms, 1000 * (time.perf_counter() - began))
                if hits and f"{key}word" in hits[0].chunk.text and "vectors" in hits[0].why:
                    seen[key] = time.time()
                    following[writer] += 1
                else:
                    blind[key] = asked
    return {"seen": seen, "blind": blind, "worst_ms": worst_ms}


def main() -> int:
    """Start the processes, wait, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--documents", type=int, default=50, help="documents a writer adds")
    parser.add_argument("--patient", action="store_true", help="a commit seen late is no failure")
    parser.add_argument("--role", choices=("write", "read"), help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == "write":
        print(json.dumps(write(options.folder, options.number, options.documents, options.readers)))
    elif options.role == "read":
        print(json.dumps(read(options.folder, options.number, options.documents, options.writers)))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            return compare(str(Path(scratch) / "brain"), options)
    return 0


def compare(folder: str, options: argparse.Namespace) -> int:
    """Run the processes and judge what they report."""
    shared = [
        "--folder",
        folder,
        "--documents",
        str(options.documents),
        "--writers",
        str(options.writers),
        "--readers",
        str(options.readers),
    ]
    roles = [("read", number) for number in range(options.readers)] + [
        ("write", number) for number in range(options.writers)
    ]
    began = time.perf_counter()
    running = [
        subprocess.Popen(
            [sys.executable, __file__, "--role", role, "--number", str(number), *shared],
            stdout=subprocess.PIPE,
            text=True,
        )
        for role, number in roles
    ]
    results = [json.loads(process.communicate()[0] or "{}") for process in running]
    errors = [
        f"{role} {number} ended with {process.returncode}"
        for (role, number), process in zip(roles, running, strict=True)
        if process.returncode
    ]
    committed = {key: when for result in results for key, when in result.get("committed", {}).items()}
    # How long after the call had returned a reader still asked in vain.
    delays = [when - committed[key] for result in results for key, when in result.get("blind", {}).items()]
    missed = [
        number
        for number, result in enumerate(results[: options.readers])
        if len(result.get("seen", {})) < len(committed)
    ]
    with open_memory(folder) as memory:
        lost = [key for key in committed if not found(memory, key)]
        problems = memory.verify()
        documents = memory.info().documents
    total = options.writers * options.documents
    late = [delay for delay in delays if delay > 1.0]
    print(
        f"{options.writers} writers, {options.readers} readers, {total} documents, {time.perf_counter() - began:.1f} s"
    )
    print(f"stored {documents}, not found {len(lost)}, problems {len(problems)}, errors {len(errors)}")
    print(f"readers that missed some: {missed}; asked in vain later than 1 s after: {len(late)}")
    print(f"the latest question in vain was asked {max(delays, default=0):.3f} s after the call had returned")
    print(*errors, *problems[:5], sep="\n")
    return 1 if errors or lost or problems or (late and not options.patient) or missed or documents != total else 0


def found(memory: Memory, key: str) -> bool:
    """Say whether a document is found by words and by vector, once."""
    hits = [hit for hit in memory.search(f"{key}word", k=3) if f"{key}word" in hit.chunk.text]
    return len(hits) == 1 and {"words", "vectors"} <= set(hits[0].why)


if __name__ == "__main__":
    sys.exit(main())
