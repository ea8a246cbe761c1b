"""A source of your own in ten lines: a harbour's logbook as a table.

python examples/own_source.py
"""

import csv
from datetime import datetime
from pathlib import Path

from masa_rag import Document, Memory, RecordError, source

Path("logbook.csv").write_text(
    "number,when,who,what\n"
    "1,2025-03-16T06:40+00:00,Oskar,Buoy three is silent since four in the morning.\n"
    "2,2025-03-16T10:48+00:00,Priya,Water behind the seal of the battery case.\n"
    "3,yesterday,Lena,A gull sat on the wind sensor.\n"
)


@source("logbook")
def logbook(path: Path):
    for row in csv.DictReader(path.open(encoding="utf-8")):
        try:
            when = datetime.fromisoformat(row["when"])
        except ValueError:
            yield RecordError(f"received the time {row['when']!r}; expected ISO 8601", record_id=row["number"])
            continue
        yield Document(id=row["number"], text=row["what"], author=row["who"], created_at=when, kind="post")


with Memory("logbook-memory") as memory:
    report = memory.sync(logbook(Path("logbook.csv")))
    print(report, *report.failed, sep="\n")
    print(memory.context("What was wrong with the battery?", max_tokens=200))
