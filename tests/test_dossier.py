"""Documents as Markdown: who said what and when, with links, and nothing of a stranger's text as markup."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masa_rag import Document, Memory, Segment
from masa_rag._dossier import dossier

EVENING = datetime(2025, 3, 16, 18, 5, tzinfo=UTC)


def blocks(*documents: Document) -> list[str]:
    """What stands under the name of the source."""
    return list(dossier("sea", documents, copies=0))[1:]


def test_a_recording_has_speakers_with_linked_time_codes() -> None:
    """The name where it changes, the code at every paragraph; lines of one speaker are one, for a minute."""
    talk = Document(
        id="e12", kind="speech", title="Salt & Signal 12", created_at=datetime(2025, 4, 20, tzinfo=UTC),
        url="https://youtu.be/abc", licence="CC BY 4.0", contributor="Priya",
        segments=[
            Segment("Where did it come from?", author="Jonas", start=24.0, end=27.0),
            Segment("My father fished.", author="Mara", start=27.5, end=30.0),
            Segment("Every day.", author="Mara", start=30.0, end=31.0),
            Segment("Then we stopped.", author="Mara", start=88.0, end=90.0),
        ],
    )  # fmt: skip
    assert blocks(talk) == [
        "## Salt & Signal 12 · 2025-04-20",
        "<https://youtu.be/abc> · licence: CC BY 4.0 · from: Priya",
        "**Jonas** [00:00:24](<https://youtu.be/abc?t=24>) Where did it come from?",
        "**Mara** [00:00:27](<https://youtu.be/abc?t=27>) My father fished.  \nEvery day.",
        "[00:01:28](<https://youtu.be/abc?t=88>) Then we stopped.",
    ]


def test_a_chat_has_times_where_they_are_new() -> None:
    """The heading has the first; the clock is enough until the day is another one; what is not known is not said."""
    said = [("Ann", "Is it up?", 0), ("Bo", "Yes.", 0), ("Ann", "Good.", 3), ("Cy", "Hm.", None), ("Bo", "Gone.", 600)]
    chat = Document(
        id="c/1", kind="conversation", title="#harbour", created_at=EVENING,
        segments=[
            Segment(text, author=author, id=str(number),
                    created_at=None if minute is None else EVENING + timedelta(minutes=minute),
                    url="https://chat.example/1" if minute == 3 else None)
            for number, (author, text, minute) in enumerate(said)
        ],
    )  # fmt: skip
    assert blocks(chat) == [
        r"## #harbour · 2025-03-16 18:05 UTC",
        "**Ann** Is it up?",
        "**Bo** Yes.",
        "**Ann** [18:08](<https://chat.example/1>) Good.",
        "**Cy** Hm.",
        "**Bo** 2025-03-17 04:05 UTC Gone.",
    ]


def test_a_post_has_its_author_and_a_page_its_paragraphs() -> None:
    """What has neither title, author nor time has its id; only addresses of the web become links."""
    post = Document(id="9", text="New date: 14 May.", author="Tidewell", created_at=EVENING, url="javascript:alert(1)")
    page = Document(id="a_b", text="One\nline\n\n\n  indented\n\nTwo.")
    assert blocks(post, page) == [
        "## Tidewell · 2025-03-16 18:05 UTC", "New date: 14 May.",
        "## a_b", "One  \nline", "\u00a0\u00a0indented", "Two.",
    ]  # fmt: skip


def test_nobody_named_and_long_turns() -> None:
    """Lines without a speaker have none; who talks on gets a paragraph for each 1,000 characters; no line is cut."""
    talk = Document(id="1", segments=[Segment("So it began.", start=1.0), Segment("Then.", author="Bo", start=2.0)])
    assert blocks(talk)[1:] == ["00:00:01 So it began.", "**Bo** 00:00:02 Then."]
    lines = ["x" * 5_000, "Yes: Bo: no.", *["y" * 400] * 3]
    chat = Document(id="2", segments=[Segment(text, author="Bo") for text in lines])
    assert blocks(chat)[1:] == [
        f"**Bo** {lines[0]}", f"{lines[1]}  \n{lines[2]}  \n{lines[3]}", lines[4],
    ]  # fmt: skip


def test_posts_that_repeat_an_earlier_one_are_left_out(memory: Memory, tmp_path: Path) -> None:
    """The earliest stays, in whatever order they came in, and the page says how many more there were."""
    words = "The launch of all ten buoys is moved to the month of May"
    memory.add(
        [
            Document(id=str(day), text=text, author=author, created_at=datetime(2025, 3, day, tzinfo=UTC))
            for day, text, author in (
                (9, words, "Copier"),
                (3, words, "Mara"),
                (5, f"{words}!", "Other"),
                (6, "No.", "Bo"),
            )
        ],
        name="tweets",
    )
    (file,) = memory.export(tmp_path, form="markdown")
    assert file.documents == 2
    assert Path(file.path).read_text() == (
        "# tweets\n\nLeft out: 2 copies of what stands here.\n\n"
        f"## Mara · 2025-03-03\n\n{words}\n\n## Bo · 2025-03-06\n\nNo.\n\n"
    )


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("# Heading", r"\# Heading"),
        ("#harbour is up", "#harbour is up"),
        ("- item", r"\- item"),
        ("-5 degrees", "-5 degrees"),
        ("1. first", r"1\. first"),
        ("1.5 metres", "1.5 metres"),
        ("> quoted", r"\> quoted"),
        ("a > b < c <3", "a > b < c <3"),
        ("<script>x</script>", r"\<script>x\</script>"),
        ("[click](https://evil.example)", r"\[click\](https://evil.example)"),
        ("![x](y)", r"!\[x\](y)"),
        ("snake_case _so_ __init__", r"snake_case \_so\_ \_\_init\_\_"),
        ("*so* **so** 5 * 3", r"\*so\* \*\*so\*\* 5 \* 3"),
        ("`code` ~~gone~~", r"\`code\` \~\~gone\~\~"),
        ("https://a.example/~ann/a_b?c=1&d=2", "https://a.example/~ann/a_b?c=1&d=2"),
        ("&copy; & co", r"\&copy; & co"),
        ("$MASA and $5 and $x$", r"$MASA and $5 and $x\$"),
        ("A\n---", "A  \n\\---"),
        ("A\n===", "A  \n\\==="),
        ("a | b\n--|--", "a \\| b  \n--\\|--"),
        (r"C:\new", r"C:\\new"),
        ("a\tb \x1b[2J\x00", "a b  \\[2J "),
        ("    code", "\u00a0\u00a0\u00a0\u00a0code"),
        ("```\nfence", "\\`\\`\\`  \nfence"),
    ],
)
def test_only_what_would_be_markup_is_escaped(text: str, escaped: str) -> None:
    """So that it reads well before it is rendered too."""
    assert blocks(Document(id="1", text=text))[1:] == [escaped]


def test_titles_and_names_cannot_break_out() -> None:
    """They stay on their line, in their heading and in their emphasis; an address within its brackets."""
    document = Document(
        id="1", title="A\n# B *c* #", url="https://x.example/a>b c\\", created_at=EVENING,
        segments=[Segment("Hello", author="**Ann**\n<b>", start=1.0)],
    )  # fmt: skip
    assert blocks(document) == [
        r"## A # B \*c\* \# · 2025-03-16 18:05 UTC",
        "<https://x.example/a%3Eb%20c%5C>",
        r"**\*\*Ann\*\* \<b>** [00:00:01](<https://x.example/a%3Eb%20c%5C#t=1>) Hello",
    ]


ALPHABET = st.sampled_from(
    [*"ab1 \n\t#>-+=*_`~|[]()!<>&;:.\\$/\"'", "<b>", "&lt;", "](", "https://x.y/", "1. ", "\n\n"]
)


@given(text=st.lists(ALPHABET, max_size=24).map("".join))
def test_rendered_it_is_the_text(text: str) -> None:
    """A reader of CommonMark with tables and strokes shows every line as it was written, blanks aside."""
    reader: Any = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable(["table", "strikethrough"])
    shown = reader.render("\n\n".join(blocks(Document(id="x", text=text or "a"))[1:]))
    plain = html.unescape(re.sub(r"</?p>|<br />", " ", shown))
    assert set(re.findall(r"</?(\w+)", shown)) <= {"p", "br"}
    assert plain.split() == (text or "a").split()
