"""Everything that was said on some subjects, in the order in which it was said, cited: a dossier to write from.

python examples/book_draft.py
"""

from pathlib import Path

from masa_rag import Memory
from masa_rag.context import cite
from masa_rag.sources import Transcripts

DATA = Path(__file__).parent / "data"
SUBJECTS = ("How the idea came up", "The fault of buoy three", "What comes after the launch")
EPISODES = {DATA / "tidewell_podcast.txt": ("Salt & Signal 12", "2025-04-20", "https://salt-and-signal.example/12")}


def dossier(memory: Memory) -> str:
    parts, notes, best = ["# Material for a chapter"], [], {}
    for subject in SUBJECTS:
        for hit in memory.search(subject, k=4, kind="speech"):
            found = (hit.rank, subject, hit.chunk)  # a passage stands where it ranks best, once
            best[hit.chunk.id] = min(found, best.get(hit.chunk.id, found), key=lambda item: item[0])
    for subject in SUBJECTS:
        parts.append(f"## {subject}")
        chunks = [chunk for _, chosen, chunk in best.values() if chosen == subject]
        for chunk in sorted(chunks, key=lambda chunk: (str(chunk.started_at), chunk.document_id, chunk.position)):
            notes.append(f"[^{len(notes) + 1}]: {cite(chunk)}")
            parts.append(f"> {chunk.text}[^{len(notes)}]".replace("\n", "\n> "))
    return "\n\n".join([*parts, "\n".join(notes)]) + "\n"


with Memory("book-memory") as memory:  # an archive: memory.add(Transcripts("episodes/")), dated by its names
    for path, (title, published, url) in EPISODES.items():
        memory.add(Transcripts(path, name=title, title=title, published=published, url=url))
    Path("dossier.md").write_text(dossier(memory), encoding="utf-8")
print(Path("dossier.md").read_text(encoding="utf-8"))
