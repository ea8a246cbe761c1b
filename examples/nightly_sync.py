"""What a nightly job does: only what changed costs anything, and what is gone goes.

python examples/nightly_sync.py
"""

import tempfile
from pathlib import Path

from masa_rag import Memory, SourceError
from masa_rag.sources import Files

with tempfile.TemporaryDirectory() as place, Memory(Path(place) / "memory") as memory:
    notes = Path(place) / "notes"
    notes.mkdir()
    for number in range(1, 6):
        (notes / f"{number}.md").write_text(f"Note {number}: the buoys were checked.\n")
    source = Files(notes, name="notes")
    print("first night: ", memory.sync(source))
    print("second night:", memory.sync(source))

    (notes / "1.md").write_text("Note 1: buoy three has a new seal.\n")
    (notes / "2.md").unlink()
    (notes / "6.md").write_text("Note 6: two nights in the bucket.\n")
    print("third night: ", memory.sync(source))

    for path in list(notes.iterdir())[1:]:
        path.unlink()  # somebody emptied the folder by mistake
    try:
        memory.sync(source)
    except SourceError as error:
        print("fourth night:", error)
    print("still there: ", memory.info().documents, "documents")
