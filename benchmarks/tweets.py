"""How fast tweets are read, and in how much memory: 1,000,000 of them as lines and as one list.

    python benchmarks/tweets.py [--tweets 1000000] [--folder /tmp]

Each shape is read in a process of its own. Printed: megabytes a second of one core (CPU time, wall
time beside it), the process's peak resident memory before anything is embedded, and, as a measure of
the machine, how fast msgspec alone decodes the same tweets to dictionaries that nobody keeps.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

WORDS = (
    "tide harbour lantern ledger market rally signal wallet bridge storm quiet north copper salt rope anchor".split()
)
AUTHORS = 5_000
FIRST_ID = 1_700_000_000_000_000_000


def tweets(count: int) -> Iterator[dict[str, object]]:
    """Yield invented tweets of Masa's first shape: 3 % in self-threads, 25 % replies, 5 % retweets, 1 % repeated."""
    random.seed(7)
    previous: dict[str, object] = {}
    for number in range(count):
        if previous and random.random() < 0.01:
            yield previous
            continue
        author = random.randrange(AUTHORS)
        text = " ".join(random.choices(WORDS, k=random.randint(5, 40)))
        tweet_id, conversation, answers = FIRST_ID + number * 4_194_304, FIRST_ID + number * 4_194_304, ""
        kind = random.random()
        if kind < 0.03 and previous and previous["InReplyToStatusID"] == "":
            author, conversation, answers = int(str(previous["UserID"])), int(str(previous["ID"])), str(previous["ID"])
        elif kind < 0.28:
            conversation = FIRST_ID + random.randrange(number + 1) * 4_194_304
            answers, text = str(conversation), f"@user{random.randrange(AUTHORS)} {text}"
        previous = _wire(tweet_id, text, author, conversation, answers, retweet=0.28 <= kind < 0.33)
        yield previous


def _wire(
    tweet_id: int, text: str, author: int, conversation: int, answers: str, *, retweet: bool
) -> dict[str, object]:
    return {
        "ConversationID": str(conversation), "GIFs": None, "Hashtags": ["tide"] if tweet_id % 3 else None,
        "HTML": f'{text} <a href="https://twitter.com/hashtag/tide">#tide</a>', "ID": str(tweet_id),
        "InReplyToStatus": None, "InReplyToStatusID": answers, "IsQuoted": False, "IsPin": False,
        "IsReply": bool(answers), "IsRetweet": retweet, "IsSelfThread": False, "Likes": tweet_id % 97,
        "Name": f"Invented Person {author} 🪶", "Mentions": [{"ID": "5", "Username": "odefenn", "Name": "Ode Fenn"}],
        "PermanentURL": f"https://twitter.com/user{author}/status/{tweet_id}", "Photos": None, "Place": None,
        "QuotedStatus": None, "QuotedStatusID": "", "Replies": 2, "Retweets": tweet_id % 13, "RetweetedStatus": None,
        "RetweetedStatusID": "", "Text": text, "Thread": None, "TimeParsed": "2024-03-01T00:00:00Z",
        "Timestamp": 1_709_251_200 + tweet_id % 1000, "URLs": None, "UserID": str(author), "Username": f"user{author}",
        "Videos": None, "Views": tweet_id % 9_000, "SensitiveContent": False,
    }  # fmt: skip


def write(path: Path, count: int, *, lines: bool) -> None:
    """Write the tweets as one object a line, or as one list on one line."""
    with path.open("w", encoding="utf-8") as file:
        file.write("" if lines else "[")
        for number, tweet in enumerate(tweets(count)):
            file.write(("\n" if lines else ",") if number else "")
            file.write(json.dumps(tweet, separators=(",", ":"), ensure_ascii=lines))
        file.write("" if lines else "]")


def measure(path: Path) -> None:
    """Read one file in this process and print what it took."""
    from masa_rag.errors import RecordError
    from masa_rag.sources import Tweets

    before, begun = time.process_time(), time.perf_counter()
    documents = segments = errors = 0
    for item in Tweets(path):
        errors += isinstance(item, RecordError)
        if not isinstance(item, RecordError):
            documents += 1
            segments += len(item.segments)
    cpu, wall = time.process_time() - before, time.perf_counter() - begun
    size = path.stat().st_size / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{path.suffix[1:]}: {size:.0f} MB, {documents} documents ({segments} tweets in threads), {errors} errors; "
        f"{size / cpu:.1f} MB/s of CPU, {size / wall:.1f} MB/s of wall, peak RSS {peak:.0f} MiB; "
        f"msgspec alone {bare_speed():.0f} MB/s"
    )


def bare_speed(count: int = 50_000) -> float:
    """Return the megabytes a second at which msgspec decodes such tweets, one by one."""
    lines = [json.dumps(tweet, separators=(",", ":")).encode() for tweet in tweets(count)]
    begun = time.process_time()
    for line in lines:
        msgspec.json.decode(line)
    return sum(map(len, lines)) / 1e6 / (time.process_time() - begun)


def main() -> None:
    """Write the files, measure each in its own process, remove them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tweets", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp"))
    parser.add_argument("--measure", type=Path)
    options = parser.parse_args()
    if options.measure is not None:
        measure(options.measure)
        return
    for suffix in ("jsonl", "json"):
        path = options.folder / f"generated-tweets.{suffix}"
        try:
            write(path, options.tweets, lines=suffix == "jsonl")
            subprocess.run([sys.executable, __file__, "--measure", str(path)], check=True)
        finally:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
