"""Mastodon's archive: what an account wrote, each post once, threads together."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from forum_helpers import documents, errors, survives

from masa_rag.sources import MastodonExport, open_source
from masa_rag.testing.contracts import SourceContract

MARA = "https://tide.example/users/mara"
TAM = "https://other.example/users/tam"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ACTOR = {"id": MARA, "type": "Person", "preferredUsername": "mara", "name": "Mara Quill"}


def activity(number: int, content: str, **fields: Any) -> dict[str, Any]:
    """Return a post as it stands in an outbox."""
    note = {
        "id": f"{MARA}/statuses/{number}", "type": "Note", "summary": None, "inReplyTo": None, "content": content,
        "published": f"2024-05-13T08:{number:02}:00Z", "url": f"https://tide.example/@mara/{number}",
        "attributedTo": MARA, "to": [PUBLIC], "cc": [f"{MARA}/followers"], "contentMap": {"en": content},
        "attachment": [], "tag": [], **fields,
    }  # fmt: skip
    return {"id": f"{note['id']}/activity", "type": "Create", "actor": MARA, "object": note}


def outbox(*activities: dict[str, Any]) -> str:
    """Return an outbox."""
    head = {"@context": "https://www.w3.org/ns/activitystreams", "id": "outbox.json", "type": "OrderedCollection"}
    return json.dumps({**head, "totalItems": len(activities), "orderedItems": activities})


def write(folder: Path, *activities: dict[str, Any]) -> Path:
    """Write an unpacked archive and return its outbox."""
    (folder / "actor.json").write_text(json.dumps(ACTOR))
    (folder / "likes.json").write_text(json.dumps({"orderedItems": [f"{TAM}/statuses/1"]}))
    path = folder / "outbox.json"
    path.write_text(outbox(*activities))
    return path


@pytest.mark.parametrize("form", ["file", "folder", "zip"])
def test_an_archive(tmp_path: Path, form: str) -> None:
    """A post is a document of its author's, whether the archive is packed or not."""
    path = write(tmp_path, activity(1, "<p>The new seal held.</p><p>Two nights<br />in the bucket.</p>"))
    if form == "zip":
        path = tmp_path / "archive.zip"
        with zipfile.ZipFile(path, "w") as file:
            for name in ("actor.json", "likes.json", "outbox.json"):
                file.write(tmp_path / name, name)
                (tmp_path / name).unlink()
    source = open_source(tmp_path if form == "folder" else path)
    assert isinstance(source, MastodonExport)
    (document,) = documents(source)
    assert (document.id, document.author) == (f"{MARA}/statuses/1", "Mara Quill")
    assert document.text == "The new seal held.\n\nTwo nights\nin the bucket."
    assert (document.url, document.created_at) == (
        "https://tide.example/@mara/1",
        datetime(2024, 5, 13, 8, 1, tzinfo=UTC),
    )
    assert document.metadata == {"username": "mara@tide.example", "user_id": MARA, "language": "en"}


def test_a_thread_is_one_document(tmp_path: Path) -> None:
    """Answers to oneself join the first post; one to somebody else stands alone."""
    answer = activity(3, "<p>No.</p>", inReplyTo=f"{TAM}/statuses/9")
    path = write(tmp_path, activity(1, "<p>One</p>"), activity(2, "<p>Two</p>", inReplyTo=f"{MARA}/statuses/1"), answer)
    found = {document.id: document for document in documents(MastodonExport(path))}
    assert set(found) == {f"{MARA}/statuses/1", f"{MARA}/statuses/3"}
    assert [segment.text for segment in found[f"{MARA}/statuses/1"].segments] == ["One", "Two"]
    assert found[f"{MARA}/statuses/3"].metadata["reply_to"] == f"{TAM}/statuses/9"


def test_the_rest_of_a_thread_has_no_address_of_another_service(tmp_path: Path) -> None:
    """The first post may have been deleted."""
    (document,) = documents(MastodonExport(write(tmp_path, activity(2, "<p>Two</p>", inReplyTo=f"{MARA}/statuses/1"))))
    assert (document.id, document.url) == (f"{MARA}/statuses/1", None)
    assert document.segments[0].url == "https://tide.example/@mara/2"


def test_names_tags_and_links(tmp_path: Path) -> None:
    """Who is named and what is tagged are words; a link is whole, though the page shows half of it."""
    content = (
        '<p><span class="h-card"><a href="https://other.example/@tam" class="mention">@<span>tam</span></a></span>'
        ' see <a href="https://rope.example/a/long/path" rel="nofollow"><span class="invisible">https://</span>'
        '<span class="ellipsis">rope.example/a/lo</span><span class="invisible">ng/path</span></a>'
        ' <a href="https://tide.example/tags/rope" class="mention hashtag" rel="tag">#<span>rope</span></a></p>'
    )
    tags = [{"type": "Mention", "href": TAM, "name": "@tam@other.example"}, {"type": "Hashtag", "name": "#rope"}]
    (document,) = documents(MastodonExport(write(tmp_path, activity(1, content, tag=tags))))
    assert document.text == "@tam see https://rope.example/a/long/path #rope"
    assert (document.metadata["mentions"], document.metadata["hashtags"]) == (["tam@other.example"], ["rope"])


def test_what_stands_beside_the_words(tmp_path: Path) -> None:
    """A content warning, the choices of a poll, the description of a picture."""
    picture = {"type": "Document", "mediaType": "image/jpeg", "url": "/media/1.jpg", "name": "A red buoy"}
    choices = [{"type": "Note", "name": "Hemp", "replies": {"totalItems": 3}}, {"type": "Note", "name": "Nylon"}]
    post = activity(1, "<p>Which?</p>", type="Question", summary="Ropes", oneOf=choices, attachment=[picture])
    (document,) = documents(MastodonExport(write(tmp_path, post)))
    assert document.text == "Ropes\nWhich?\n- Hemp\n- Nylon\n[image: A red buoy]"
    assert document.metadata["votes"] == {"Hemp": 3, "Nylon": 0}


def test_what_is_left_out(tmp_path: Path) -> None:
    """Boosts, for the archive has not their words, and what went to named people alone."""
    boost = {"id": "b", "type": "Announce", "actor": MARA, "object": f"{TAM}/statuses/1"}
    followers = activity(2, "<p>For those who follow</p>", to=[f"{MARA}/followers"], cc=[])
    bare = activity(3, "<p>For all</p>", to=PUBLIC, cc=None)  # other servers write one address without its list
    path = write(tmp_path, boost, activity(1, "<p>Only you</p>", to=[TAM], cc=[]), followers, bare)
    assert [document.text for document in documents(MastodonExport(path))] == ["For those who follow", "For all"]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """Another list of the archive, given by itself, is refused in words."""
    write(tmp_path)
    (error,) = errors(MastodonExport(tmp_path / "likes.json"))
    assert "expected the outbox.json" in str(error)


def test_damage(tmp_path: Path) -> None:
    """Typed errors only."""
    good = outbox(*(activity(number, f"<p>Post {number}</p>") for number in range(8))).encode()
    survives(MastodonExport, good, tmp_path / "outbox.json", files=100)


class TestContract(SourceContract):
    """The contract of sources."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = write(
            tmp_path, activity(1, "<p>One</p>"), activity(2, "<p>Two</p>", inReplyTo=f"{MARA}/statuses/1")
        )

    def make(self) -> MastodonExport:
        """A thread."""
        return MastodonExport(self.path)
