"""Mails: mailboxes, archives of lists, single mails, Maildir."""

from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from forum_helpers import documents, errors, segments, survives
from peak_memory import forget_peak, peak_mib

from masa_rag import Memory
from masa_rag.protocols import Source
from masa_rag.sources import Mail, open_source, open_sources
from masa_rag.sources._mail.boxes import is_mail
from masa_rag.sources._mail.headers import subject
from masa_rag.testing.contracts import SourceContract

OPENING = b"From ann@sea.example Wed May  1 09:00:00 2024\n"


def mail(number: int, text: str | None, who: str = "Ann Lee <ann@sea.example>", **headers: str) -> bytes:
    """A mail of plain text, so many minutes after nine; ``in_reply_to`` and the like are headers."""
    fields = {
        "Message-ID": f"<m{number}@sea.example>",
        "From": who,
        "Date": f"Wed, 1 May 2024 11:{number:02d}:00 +0200",
        "Subject": "The seal",
        "To": "crew@sea.example",
    }
    fields |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"{head}\n{text or ''}\n".encode()


def box(path: Path, *mails: bytes) -> Path:
    """Write a mailbox."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(OPENING + item + b"\n" for item in mails))
    return path


def words(text: str, tmp_path: Path, **headers: str) -> str:
    """What is read of a mail with this text."""
    path = tmp_path / "one.eml"
    path.write_bytes(mail(0, text, **headers))
    return "\n---\n".join(part.text for item in documents(Mail(path)) for part in item.segments)


class TestMailbox(SourceContract):
    """A mailbox keeps the source contract."""

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = box(tmp_path / "in.mbox", mail(1, "Does it hold?"), mail(2, "Yes.", references="<m1@sea.example>"))

    def make(self) -> Source:
        """Return a fresh source."""
        return open_source(self.path)


def test_a_thread_is_one_document(tmp_path: Path) -> None:
    """Who wrote what, when, in answer to what."""
    path = box(
        tmp_path / "in.mbox",
        mail(1, "Does it hold?"),
        mail(2, "What for?", "Bo <bo@sea.example>", subject="Something else"),
        mail(3, "At 4 bar.", "Bo <bo@sea.example>", in_reply_to="<m1@sea.example>", subject="Re: The seal"),
        mail(4, "And 6?", references="<m1@sea.example> <m3@sea.example>", subject="AW: Re: The seal"),
    )
    seal, other = sorted(documents(open_source(path)), key=lambda item: item.id)
    assert (seal.id, seal.title, seal.kind) == ("m1@sea.example", "The seal", "conversation")
    assert [(part.author, part.text, part.reply_to) for part in seal.segments] == [
        ("Ann Lee", "Does it hold?", None),
        ("Bo", "At 4 bar.", "m1@sea.example"),
        ("Ann Lee", "And 6?", "m3@sea.example"),
    ]
    assert seal.segments[0].created_at == datetime(2024, 5, 1, 9, 1, tzinfo=UTC)
    assert seal.segments[0].metadata == {"address": "ann@sea.example"}
    assert (other.title, len(other.segments)) == ("Something else", 1)


def test_a_thread_without_references(tmp_path: Path) -> None:
    """Old programs name nothing but the subject: an answer belongs to it, and a new mail of the same name does not."""
    path = box(tmp_path / "in.mbox", mail(1, "One"), mail(2, "Two", subject="Re: The seal"), mail(3, "Three"))
    assert sorted(len(item.segments) for item in documents(open_source(path))) == [1, 2]


def test_a_mail_that_is_there_twice(tmp_path: Path) -> None:
    """As of Gmail's labels: it is read once, also from another mailbox."""
    one = mail(1, "Does it hold?")
    path, other = box(tmp_path / "a.mbox", one, one), box(tmp_path / "b.mbox", one)
    assert len(segments(Mail([path, other]))) == 1
    with Memory(tmp_path / "brain") as memory:
        assert memory.add(open_source(path)).added == 1
        assert memory.add(open_source(other)).unchanged == 1


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Ann Lee <ann@sea.example>", "Ann Lee"),
        ('"Lee, Ann" <ann@sea.example>', "Ann Lee"),
        ('"Sea Harbour, Inc." <info@sea.example>', "Sea Harbour, Inc."),
        ("=?utf-8?q?=C3=85se_Nyg=C3=A5rd?= <aase@sea.example>", "Åse Nygård"),
        ("=?iso-8859-1?Q?=C5se?= =?iso-8859-1?Q?_Nyg=E5rd?= <aase@sea.example>", "Åse Nygård"),
        ("ann at sea.example (Ann Lee)", "Ann Lee"),
        ("ann at sea.example (=?utf-8?b?w4VzZQ==?=)", "Åse"),
        ("ann@sea.example (Ann Lee)", "Ann Lee"),
        ("ann at sea.example (ann at sea.example)", "ann@sea.example"),
        ("ann at sea.example (Ann Lee <ann at sea.example>)", "Ann Lee"),
        ("Ann (Harbour) <ann@sea.example>", "Ann (Harbour)"),
        ("ann@sea.example", "ann@sea.example"),
        ("'Ann Lee' <ann@sea.example>", "Ann Lee"),
        ("Åse Nygård <aase@sea.example>", "Åse Nygård"),
        ("=?utf-8?b?broken <ann@sea.example>", "=?utf-8?b?broken"),
    ],
)
def test_names(tmp_path: Path, given: str, name: str) -> None:
    """Names as programs and archives of lists write them; who has none goes by the address."""
    path = box(tmp_path / "in.mbox", mail(1, "Hello", given))
    assert [part.author for part in segments(Mail(path))] == [name]


def test_a_list_adds_its_name(tmp_path: Path) -> None:
    """The author is who wrote, and the list is in the document's metadata, not in the name."""
    path = box(tmp_path / "in.mbox", mail(1, "Hi", "Ann via Crew <c@l.example>", list_id="Crew talk <crew.l.example>"))
    (item,) = documents(Mail(path))
    assert (item.segments[0].author, item.metadata) == ("Ann", {"platform": "mail", "list": "Crew talk"})


@pytest.mark.parametrize(
    ("given", "bare"),
    [
        ("Re: AW: The seal", "The seal"),
        ("Re[2]: Fwd: The seal", "The seal"),
        ("[Crew] Re: The seal", "[Crew] The seal"),
        ("Re: [Crew] Re: The seal", "[Crew] The seal"),
        ("Re-seal it", "Re-seal it"),
        ("回复：密封", "密封"),
    ],
)
def test_subjects(given: str, bare: str) -> None:
    """What answers put before a subject is no part of it."""
    assert subject(given) == bare


WROTE = "On Wed, 1 May 2024 at 11:00, Ann Lee <ann@sea.example> wrote:"


@pytest.mark.parametrize(
    "quote",
    [
        f"{WROTE}\n> Does it hold?\n> Ann",
        f"{WROTE}\n\n> Does it hold?",
        "On Wed, 1 May 2024 at 11:00, Ann Lee\n<ann@sea.example> wrote:\n\n> Does it hold?",
        "On Wed, 1 May 2024 at 11:00, Ann Lee <ann at sea.example\n> wrote:\n\n> Does it hold?",
        "ons. 1. mai 2024 kl. 11:00 skrev Ann Lee <ann@sea.example\n>:\n\n> Holder den?",
        "Am 01.05.24 um 11:00 schrieb Ann Lee:\n> Hält sie?",
        "Le mer. 1 mai 2024 à 11:00, Ann <ann@sea.example> a écrit :\n\n> Tient-il ?",
        "2024年5月1日(水) 11:00 Ann <ann@sea.example>:\n> もちますか",
        f"{WROTE}\n\nDoes it hold?\n\nAnn",
        "ke 1. toukok. 2024 klo 11.00 Ann <ann@sea.example> kirjoitti:\n\nPitääkö?",
        "-----Original Message-----\nFrom: Ann Lee\nSent: Wednesday\nTo: Bo\nSubject: The seal\n\nDoes it hold?",
        "_______________________\nVon: Ann Lee\nGesendet: Mittwoch\nAn: Bo\nBetreff: AW: Dichtung\n\nHält sie?",
        "*From:* Ann Lee <ann@sea.example>\n*Date:* Wed\n*To:* Bo\n*Subject:* Re: The seal\n\nDoes it hold?",
        "Date: Wed, 1 May 2024\nSubject: The seal\nFrom: ann@sea.example\nTo: bo@sea.example\n\nDoes it hold?",
        "---- On Wed, 01 May 2024 11:00:00 +0200 ann@sea.example wrote ----\n\nDoes it hold?",
    ],
)
def test_what_is_quoted_is_left_out(tmp_path: Path, quote: str) -> None:
    """In the forms and languages of the usual programs, with the line that introduces it."""
    assert words(f"It does.\n\nBo\n\n{quote}", tmp_path, subject="Re: The seal") == "It does.\n\nBo"


def test_answers_among_what_is_quoted(tmp_path: Path) -> None:
    """All of them are read, in the order of the mail; Python that was typed is no quote."""
    text = f"{WROTE}\n> One?\n\nFirst.\n\n> Two?\n>> Earlier\n\nSecond:\n>>> print(2)\n>>> 2 + 2 == 4\n"
    assert words(text, tmp_path, subject="Re: x") == "First.\n\nSecond:\n>>> print(2)\n>>> 2 + 2 == 4"
    text = "-----Original Message-----\nFrom: Ann\nSubject: x\n\n> One?\n\nFirst.\n"
    assert words(text, tmp_path, subject="Re: x") == "First."


def test_a_quote_that_nothing_marks(tmp_path: Path) -> None:
    """Where all of a mail stands below the introduction, the answer is somewhere in it, and nothing is cut."""
    text = f"{WROTE}\n\nAnn| Does it hold?\n\nIt does."
    assert words(text, tmp_path, subject="Re: x") == "Ann| Does it hold?\n\nIt does."


@pytest.mark.parametrize(
    "text",
    [
        "On the surface it looks like a quote:\nOn average it is not.",
        "We need two things:\n\nA seal.\nA pump.",
        "Bring from: the shed\nand to: the boat.",
        "2024-05-01 11:00\nis when it leaked:\n\nbadly.",
        "- one\n-- two\n--- three",
        "The sign -- a red one -- fell.",
        "See https://sea.example/on-date-ann-wrote: there.",
    ],
)
def test_what_is_no_quote_stays(tmp_path: Path, text: str) -> None:
    """Lists, colons, dashes and dates that somebody wrote are words like any other."""
    assert words(text, tmp_path) == text


@pytest.mark.parametrize(
    "below",
    [
        "-- \nAnn Lee\nHarbour 7",
        "--\nAnn Lee",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Get Outlook for Android<https://aka.example/x>",
        "_______________________________________________\nCrew mailing list\nCrew@l.example\nhttps://l.example/listinfo/crew",
        "-- \nYou received this message because you are subscribed to the group.",
        "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEB\n-----END PGP SIGNATURE-----",
        "-------------- next part --------------\nAn HTML attachment was scrubbed...\nURL: <https://l.example/a.html>",
    ],
)
def test_what_programs_add_is_left_out(tmp_path: Path, below: str) -> None:
    """Signatures, telephones, lists, archives."""
    assert words(f"It does.\n\n{below}\n", tmp_path) == "It does."


@pytest.mark.parametrize(
    ("mark", "passed_on"),
    [
        ("---------- Forwarded message ---------\n", "From: Cy\nSubject: Seals\n\nThey wear."),
        ("Begin forwarded message:\n\n", "> From: Cy\n> Subject: Seals\n>\n> They wear."),
        ("-----Original Message-----\n", "From: Cy\nSubject: Seals\n\nThey wear."),
    ],
)
def test_what_is_passed_on_stays(tmp_path: Path, mark: str, passed_on: str) -> None:
    """With the mark that says so, for somebody else wrote it."""
    expected = f"Look:\n{mark}From: Cy\nSubject: Seals\n\nThey wear."
    assert words(f"Look:\n{mark}{passed_on}", tmp_path, subject="FW: Seals") == expected


def test_html(tmp_path: Path) -> None:
    """A mail in HTML only is read, without what it quotes and hides."""
    item = EmailMessage()
    item["From"], item["Subject"], item["Message-ID"] = "Ann <a@sea.example>", "Re: x", "<h@sea.example>"
    item.set_content(
        '<style>p {}</style><span style="display: none">Preview</span><p>It <b>holds</b>,<br>see '
        '<a href="https://sea.example">here</a>.</p><div class="title">Bo</div><div class="gmail_quote"><div>On Wed, '
        "1 May 2024 at 11:00, Ann &lt;<a>ann@sea.example</a>&gt; wrote:<br></div><blockquote>Does?</blockquote></div>",
        subtype="html",
    )
    (tmp_path / "h.eml").write_bytes(item.as_bytes())
    assert [part.text for part in segments(Mail(tmp_path / "h.eml"))] == [
        "It holds,\nsee here (https://sea.example).\n\nBo"
    ]


def test_parts(tmp_path: Path) -> None:
    """The plain form is read once, what was sent is named, and a mail that was sent along is a mail of its own."""
    inner = EmailMessage()
    inner["From"], inner["Subject"], inner["Message-ID"] = "Cy <cy@sea.example>", "Seals", "<i@sea.example>"
    inner.set_content("They wear.")
    item = EmailMessage()
    item["From"], item["Subject"], item["Message-ID"] = "Ann <a@sea.example>", "Look", "<o@sea.example>"
    item.set_content("See below.")
    item.add_alternative("<p>See below.</p>", subtype="html")
    item.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="sjøkart.png")
    item.add_attachment("a,b", subtype="csv", filename="log.csv")
    item.add_attachment(inner)
    (tmp_path / "o.eml").write_bytes(item.as_bytes())
    outer, enclosed = sorted(segments(Mail(tmp_path / "o.eml")), key=lambda part: part.author or "")
    assert (outer.text, outer.metadata["attachments"]) == ("See below.", ["sjøkart.png", "log.csv"])
    assert (enclosed.author, enclosed.text) == ("Cy", "They wear.")


def test_a_mail_that_is_its_subject(tmp_path: Path) -> None:
    """Who writes all into the subject has said it; an answer without words has not."""
    assert words("", tmp_path, subject="Lunch at twelve") == "Lunch at twelve"
    assert words(f"{WROTE}\n> Hi", tmp_path, subject="Re: Lunch") == ""


@pytest.mark.parametrize(
    ("charset", "data"),
    [
        ("iso-8859-1", "Blå – “så”".encode("cp1252")),
        ("us-ascii", "Blå – “så”".encode()),
        ("x-unknown", "Blå – “så”".encode()),
    ],
)
def test_encodings(tmp_path: Path, charset: str, data: bytes) -> None:
    """What a mail says of its letters is often wrong."""
    head = mail(1, None, content_type=f"text/plain; charset={charset}", content_transfer_encoding="8bit")
    (tmp_path / "e.eml").write_bytes(head.rstrip(b"\n") + b"\n\n" + data)
    assert [part.text for part in segments(Mail(tmp_path / "e.eml"))] == ["Blå – “så”"]


def test_flowed_lines_are_joined(tmp_path: Path) -> None:
    """Lines that end with a blank go on, but for the two dashes of a signature."""
    text = "This is one \nlong line.\nA short one.\n-- \nAnn"
    assert words(text, tmp_path, content_type="text/plain; format=flowed") == "This is one long line.\nA short one."


def test_a_flowed_quote_ends_where_its_marks_do(tmp_path: Path) -> None:
    """What stands right below a quoted line that ends with a blank is no part of it, and not left out with it."""
    text = f"{WROTE}\n> Does it hold? \nIt does."
    assert words(text, tmp_path, content_type="text/plain; format=flowed") == "It does."


def test_dates_that_cannot_be(tmp_path: Path) -> None:
    """A mail from the year 3609 has the time at which it came, and without that none."""
    came = "from x by y; Wed, 1 May 2024 09:00:00 +0000"
    path = box(
        tmp_path / "in.mbox",
        mail(1, "One", date="Wed, 1 May 3609 09:00:00 +0000", received=came),
        mail(2, "Two", date="soon", subject="Other"),
    )
    times = {part.text: part.created_at for part in segments(Mail(path))}
    assert times == {"One": datetime(2024, 5, 1, 9, 0, tzinfo=UTC), "Two": None}


def test_lines_that_begin_with_from(tmp_path: Path) -> None:
    """A line of somebody's words does not end a mail, and an escaped one is read as it was written."""
    text = "From what I saw in 2024, at 9:00, it holds.\n>From here on, too.\nSo."
    path = box(tmp_path / "in.mbox", mail(1, text), mail(2, "Next", subject="Other"))
    first, second = segments(Mail(path))
    assert first.text == text.replace(">From", "From")
    assert second.text == "Next"


@pytest.mark.parametrize("opening", [b"From \r\n", b"From - \n", OPENING + b">From - Thu May  2 10:00:00 2024\n"])
def test_openings_of_thunderbird(tmp_path: Path, opening: bytes) -> None:
    """Today's Thunderbird writes no date before a mail, and on a Mac its export writes that line twice."""
    path = tmp_path / "Inbox"
    path.write_bytes(b"\n".join(opening + mail(number, text) for number, text in enumerate(("Now?", "From \nhere."))))
    source = open_source(path)
    assert type(source) is Mail
    assert [(part.author, part.text) for part in segments(source)] == [("Ann Lee", "Now?"), ("Ann Lee", "From\nhere.")]


@pytest.mark.parametrize("name", ["Inbox", "in.mbox", "2024-May.txt", "in.mbox.gz", "mail.zip", "one.eml", "1.emlx"])
def test_how_mails_are_kept(tmp_path: Path, name: str) -> None:
    """Each is recognised by its content, in a folder too."""
    data = mail(1, "Does it hold?")
    path = tmp_path / name
    if name == "mail.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("Takeout/Mail/All mail.mbox", OPENING + data)
            archive.writestr("Takeout/archive_browser.html", "<html></html>")
    elif name.endswith("emlx"):
        path.write_bytes(f"{len(data)}   \n".encode() + data + b'<?xml version="1.0"?><plist></plist>')
    else:
        content = data if name == "one.eml" else OPENING + data
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    for source in (open_source(path), *open_sources(tmp_path)):
        assert type(source) is Mail
        assert [part.text for part in segments(source)] == ["Does it hold?"]


def test_maildir(tmp_path: Path) -> None:
    """Mails with names that have no ending, and the folders of other names within."""
    for number, folder in enumerate(("cur", "new", ".Sent/cur"), 1):
        place = tmp_path / "Maildir" / folder
        place.mkdir(parents=True)
        (place / f"171455400{number}.M1P2.host:2,S").write_bytes(mail(number, f"In {folder}", subject=str(number)))
    (source,) = open_sources(tmp_path)
    assert sorted(part.text for part in segments(source)) == ["In .Sent/cur", "In cur", "In new"]


@pytest.mark.parametrize(
    "text",
    [
        "From: Ann\nTo: Bo\nSubject: A letter\n\nDear Bo",
        "From here on it is text.\n",
        "Ann: hello\nBo: hi\n",
        "From: <Saved by Blink>\nSubject: A page\nDate: Wed, 1 May 2024 09:00:00 -0000\nMIME-Version: 1.0\n"
        'Content-Type: multipart/related; type="text/html"; boundary="x"\n\n--x\n',
        "Package: seal\nVersion: 1\nMaintainer: Ann <a@sea.example>\n",
    ],
)
def test_what_is_no_mail(text: str) -> None:
    """Letters, talks, and pages that were saved as one file."""
    assert not is_mail(text.encode())


@pytest.mark.parametrize(
    ("header", "value", "count"),
    [
        ("X-Mozilla-Status", "0009", 0),
        ("X-Mozilla-Status", "0001", 1),
        ("X-Gmail-Labels", "Spam,Unread", 0),
        ("X-Gmail-Labels", "Inbox,Trashy", 1),
        ("X-Gmail-Labels", "=?UTF-8?Q?Trash,Entw=C3=BCrfe?=", 0),
    ],
)
def test_what_was_discarded(tmp_path: Path, header: str, value: str, count: int) -> None:
    """Deleted mails stay in Thunderbird's files, and Gmail's Takeout has spam and trash among the others."""
    assert len(segments(Mail(box(tmp_path / "in.mbox", mail(1, "Hello", **{header: value}))))) == count


def test_a_mail_by_its_name(tmp_path: Path) -> None:
    """A file that is called one may have a sender only."""
    (tmp_path / "one.eml").write_text("From: Ann <ann@sea.example>\nSubject: The seal\n\nIt holds.\n")
    assert [part.text for part in segments(open_source(tmp_path / "one.eml"))] == ["It holds."]


def test_damaged_files(tmp_path: Path) -> None:
    """100 damaged mailboxes give documents and record errors only."""
    item = EmailMessage()
    item["From"], item["Subject"], item["Message-ID"] = "Åse <a@sea.example>", "Blå", "<o@sea.example>"
    item.set_content("See below.\n\nOn 1 May 2024, Bo wrote:\n> x\n")
    item.add_alternative("<p>See <b>below</b></p><blockquote>x</blockquote>", subtype="html")
    item.add_attachment(item.as_bytes(), maintype="application", subtype="x", filename="å.bin")
    path = box(tmp_path / "in.mbox", item.as_bytes(), mail(1, "Hi"))
    survives(Mail, path.read_bytes(), path, files=100)


def test_a_damaged_archive_is_reported(tmp_path: Path) -> None:
    """What comes before the damage is read."""
    path = tmp_path / "in.mbox.gz"
    many = b"".join(OPENING + mail(number % 60, f"Number {number} " * 50) for number in range(2_000))
    path.write_bytes(gzip.compress(many)[:-5_000])
    assert "gzip" in str(errors(Mail(path))[0])
    assert segments(Mail(path))


def test_a_large_mailbox_is_read_mail_by_mail(tmp_path: Path) -> None:
    """Memory does not grow with the file: pictures are passed over."""
    picture = "\n".join(["A" * 76] * 90_000)
    kind = "multipart/mixed; boundary=x"
    text = f"--x\nContent-Type: text/plain\n\nHello\n--x\nContent-Type: image/png\n\n{picture}\n--x--\n"
    path = tmp_path / "in.mbox"
    with path.open("wb") as file:
        for number in range(12):
            file.write(OPENING + mail(number, text, content_type=kind, subject=str(number)))
    before = forget_peak()
    assert [part.text for part in segments(Mail(path))] == ["Hello"] * 12
    assert peak_mib() - before < 100


@pytest.mark.parametrize(
    "text",
    [
        "> " * 100_000,
        "On " + "9" * 200_000 + ":",
        "-" * 200_000,
        "From: x\n" * 20_000,
        "a:\n" * 200_000,
        ">\n" * 100_000 + "On 1:\n" * 20_000,
    ],
)
def test_hostile_texts_take_no_time(tmp_path: Path, text: str) -> None:
    """None of the patterns runs back and forth over a long text."""
    path = box(tmp_path / "in.mbox", mail(1, text), mail(2, "x", "<" * 100_000))
    assert len(list(Mail(path))) >= 1
