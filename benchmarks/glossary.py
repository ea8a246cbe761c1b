"""How many recognition errors in real meeting transcripts a glossary of names repairs, and at what harm.

    python benchmarks/glossary.py [--common WHISPER_FOLDER]

The Ethereum calls come as recognised (transcript.vtt), with a list of corrections
(transcript_changelog.tsv: original, corrected, confidence) and as corrected (transcript_corrected.vtt).
For each call the glossary holds the corrected terms of *all* calls (a project's names), and in a second
run also the forms that were heard in their place in the *other* calls: what a project would keep.

Counted over the places where an original of the call's list stands in its transcript:
repaired = the corrected term stands there afterwards. False repairs are changes at any other place that
the corrected transcript does not have either, given as a share of all words and of all changes.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import defaultdict
from pathlib import Path

from data import DATA

from masa_rag.sources.transcripts import Transcripts
from masa_rag.transcribers._glossary import Glossary
from masa_rag.types import Document

CALLS = DATA / "ethereum_calls"
Pair = tuple[str, str]


def corrections(call: Path) -> list[Pair]:
    """Return (original, corrected) of a call, without those that change nothing."""
    with (call / "transcript_changelog.tsv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    pairs = [((row["original"] or "").strip(), (row["corrected"] or "").strip()) for row in rows]
    return [(old, new) for old, new in dict.fromkeys(pairs) if old and new and old != new]


def cues(path: Path) -> dict[float, str]:
    """Return the text of each cue by its start."""
    (document,) = (item for item in Transcripts(path) if isinstance(item, Document))
    return {segment.start or 0.0: segment.text for segment in document.segments}


def is_name(term: str) -> bool:
    """Say whether a term is one word with a capital in it, as the names of clients, forks and networks are."""
    return " " not in term and len(term) >= 4 and term.isalpha() and any(map(str.isupper, term))


def people(call: Path) -> list[str]:
    """Return the words of the speakers' names: names are not near misses of other names."""
    (document,) = (item for item in Transcripts(call / "transcript.vtt") if isinstance(item, Document))
    return sorted({word for name in document.authors for word in name.split() if word.isalpha() and len(word) > 2})


def common_words(folder: Path) -> set[str]:
    """Return the lower-case words that are one token of Whisper's vocabulary: ordinary words."""
    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return {token[1:] for token in vocabulary if re.fullmatch("Ġ[a-z]{2,}", token)}


def occurrences(text: str, form: str) -> int:
    """Count a form as whole words, in its own case."""
    return len(re.findall(rf"(?<!\w){re.escape(form)}(?!\w)", text))


def judge(call: Path, glossary: Glossary) -> dict[str, int]:
    """Return the counts of one call."""
    heard, right = cues(call / "transcript.vtt"), cues(call / "transcript_corrected.vtt")
    counts: dict[str, int] = defaultdict(int)
    pairs = corrections(call)
    for start, text in heard.items():
        counts["words"] += len(text.split())
        fixed, changes = glossary.repair(text)
        for old, new in pairs:
            there = occurrences(text, old)
            counts["errors"] += there
            if there and occurrences(fixed, new) > occurrences(text, new):
                counts["repaired"] += min(there, occurrences(fixed, new) - occurrences(text, new))
        for change in changes:
            counts["changes"] += 1
            listed = any(listed_as(change.meant, old, new, text) for old, new in pairs)
            counts["false"] += not (listed or occurrences(right.get(start, ""), change.meant))
    return counts


def listed_as(meant: str, old: str, new: str, text: str) -> bool:
    """Say whether a change is one of the call's own corrections, in a cue that holds the original."""
    return old.lower() in text.lower() and (meant.removesuffix("'s") in new or new in meant)


def glossary_of(call: Path, calls: list[Path], *, with_forms: bool, common: set[str] | None) -> Glossary:
    """Return the project's names and the call's people, and the forms heard in the other calls if wanted."""
    names = {new for other in calls for _, new in corrections(other) if is_name(new)}
    terms: dict[str, set[str]] = {term: set() for term in (*sorted(names), *people(call))}
    for other in calls if with_forms else ():
        for old, new in corrections(other) if other != call else ():
            if new in terms and old not in names:
                terms[new].add(old)
    return Glossary(terms, common=common)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--common", type=Path, default=None, help="a Whisper folder whose vocabulary names common words"
    )
    options = parser.parse_args()
    common = common_words(options.common) if options.common else None
    calls = sorted({path.parent for path in CALLS.glob("*/*/transcript_changelog.tsv")})
    for label in ("names only", "names and forms heard in the other calls"):
        total: dict[str, int] = defaultdict(int)
        for call in calls:
            glossary = glossary_of(call, calls, with_forms=label != "names only", common=common)
            for key, value in judge(call, glossary).items():
                total[key] += value
        report(label, total, len(calls))


def report(label: str, total: dict[str, int], calls: int) -> None:
    """Print one row."""
    print(
        f"{label}: {calls} calls, {total['words']} words, {total['errors']} listed errors, "
        f"repaired {total['repaired']} ({100 * total['repaired'] / total['errors']:.1f} %), "
        f"changes {total['changes']}, "
        f"false {total['false']} ({100 * total['false'] / total['words']:.3f} % of words, "
        f"{100 * total['false'] / max(1, total['changes']):.1f} % of changes)"
    )


if __name__ == "__main__":
    main()
