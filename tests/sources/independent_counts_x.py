"""Counts tweets in raw files by other means than the library's, for the real-data tests to compare with.

    python tests/sources/independent_counts_x.py FILE...

Reads each file whole with ``json.loads`` and follows one path a shape, written out by hand; shares
no code with the library. A "tweet" is one that its author wrote: retweets and repeated ids do not
count. Prints, a file: tweets, authors, self-threads, first and last time, and the ids and texts of
the first, tenth and last tweet in order of id.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass
class Row:
    """What is compared of one tweet."""

    id: int | tuple[str, str]
    author: str | None
    author_id: str | None
    time: datetime
    text: str
    answers: int | None = None
    answers_own: bool | None = None


def rows_of(path: Path) -> list[Row]:
    """Return the authored tweets of a file, each once, in order of id."""
    if path.suffix == ".csv":
        found = list(_table(path))
    elif path.suffix == ".jsonl":
        found = [row for line in path.read_text().splitlines() if line.strip() for row in _line(line)]
    else:
        found = list(_whole(json.loads(path.read_text())))
    return [row for _, row in sorted({row.id: row for row in reversed(found)}.items())]


def threads_of(rows: list[Row]) -> int:
    """Count the self-threads: groups of two or more tweets, or a lone tweet that goes on from one not in the file."""
    parent: dict[Any, Any] = {}
    own = {row.id: row for row in rows}

    def top(item: Any) -> Any:
        while parent.get(item, item) != item:
            item = parent[item]
        return item

    for row in rows:
        if row.answers is not None and _goes_on(row):
            known = own.get(row.answers)
            if known is None or known.author_id == row.author_id:
                parent.setdefault(row.answers, row.answers)
                parent[top(row.id)] = top(row.answers)
    return len({top(item) for item in parent})


def _goes_on(row: Row) -> bool:
    return row.answers_own if row.answers_own is not None else row.text[:1] != "@"


def _table(path: Path) -> Any:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["tweet"].strip() and not row["tweet"].startswith("RT @"):
                yield Row(
                    (row["datetime"], row["tweet"]), None, None, datetime.fromisoformat(row["datetime"]), row["tweet"]
                )


def _line(text: str) -> Any:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return
    if isinstance(value.get("username"), str) and "tweet" in value:
        yield _twint(value)
        return
    data = value.get("data", value)
    users = {user["id"]: user for user in value.get("includes", {}).get("users", [])}
    for row in data if isinstance(data, list) else [data]:
        if "text" in row and not any(item["type"] == "retweeted" for item in row.get("referenced_tweets", [])):
            yield _v2(row, row.get("author") or users.get(row["author_id"], {}))


def _v2(row: dict[str, Any], user: dict[str, Any]) -> Row:
    answers = next((int(item["id"]) for item in row.get("referenced_tweets", []) if item["type"] == "replied_to"), None)
    name = user.get("name") or user.get("username") or row["author_id"]
    time = datetime.fromisoformat(row["created_at"])
    own = row.get("in_reply_to_user_id") == row["author_id"] if row.get("in_reply_to_user_id") else None
    return Row(
        int(row.get("edit_history_tweet_ids", [row["id"]])[0]), name, row["author_id"], time, row["text"], answers, own
    )


def _twint(row: dict[str, Any]) -> Row:
    clock = (row["id"] >> 22) + 1288834974657
    return Row(row["id"], row["username"], row["username"], datetime.fromtimestamp(clock // 1000, UTC), row["tweet"])


def _whole(value: Any) -> Any:
    rows = value["data"] if isinstance(value, dict) and isinstance(value.get("data"), list) else value
    if isinstance(rows, list):
        for row in rows:
            tweet = row.get("Tweet", row)
            if not tweet["IsRetweet"]:
                time = datetime.fromisoformat(tweet["TimeParsed"])
                answers = int(tweet["InReplyToStatusID"] or 0) or None
                yield Row(int(tweet["ID"]), tweet["Name"], tweet["UserID"], time, tweet["Text"], answers)
    else:
        for result in _results(value):
            if "retweeted_status_result" not in result["legacy"]:
                yield _graphql(result)


def _results(value: Any) -> Any:
    """Yield what lies under ``tweet_results`` or ``tweetResult``, but not what lies inside such a thing."""
    if isinstance(value, list):
        for item in value:
            yield from _results(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in ("tweet_results", "tweetResult"):
                result = item.get("result", {})
                result = result.get("tweet", result)
                if "legacy" in result:
                    yield result
            else:
                yield from _results(item)


def _graphql(result: dict[str, Any]) -> Row:
    user, fields = result["core"]["user_results"]["result"], result["legacy"]
    name = user.get("core", {}).get("name") or user["legacy"]["name"]
    note = result.get("note_tweet", {}).get("note_tweet_results", {}).get("result", {})
    time = datetime.strptime(fields["created_at"], "%a %b %d %H:%M:%S %z %Y")
    answers = fields.get("in_reply_to_status_id_str")
    own = fields["in_reply_to_user_id_str"] == fields["user_id_str"] if answers else None
    text = note.get("text", fields["full_text"])
    control = result.get("edit_control", {})
    versions = control.get("edit_tweet_ids") or control.get("edit_control_initial", {}).get("edit_tweet_ids")
    first = int((versions or [result["rest_id"]])[0])
    return Row(first, name, fields["user_id_str"], time, text, int(answers) if answers else None, own)


def main() -> None:
    """Print the counts of the files named."""
    for name in sys.argv[1:]:
        rows = rows_of(Path(name))
        times = sorted(row.time for row in rows)
        print(name, len(rows), len({row.author for row in rows}), threads_of(rows), times[:1], times[-1:])
        for row in [*rows[:1], *rows[9:10], *rows[-1:]]:
            print("   ", row.id, row.time, row.author, row.text[:60].replace("\n", " "))


if __name__ == "__main__":
    main()
