"""Words in scripts that have no blanks between them, or signs around their letters."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masa_rag import Document, Memory
from masa_rag._words import TOKENIZER, spaced, stems, words_of
from masa_rag.catalog._schema import _FIRST
from masa_rag.embedders import HashingEmbedder
from masa_rag.indexes import FlatIndex

TEXTS = {
    "zh": "发布推迟到五月，因为盐水渗进了电池盒。",
    "zh-wind": "风速传感器每三十天必须清洗一次。",
    "ja": "ベルリンの事務所は来月引っ越します。",
    "ko": "새로운 사무실은 베를린에서 다음 달에 문을 엽니다.",
    "hi": "बैटरी के डिब्बे में पानी चला गया, इसलिए प्रक्षेपण मई तक टल गया।",
    "hi-wind": "पवन संवेदक को हर महीने साफ़ करना है।",
    "ta": "அலுவலகம் அடுத்த மாதம் பெர்லினில் திறக்கும்.",
    "th": "สำนักงานใหม่จะเปิดที่เบอร์ลินเดือนหน้า",
    "ar": "كَتَبَ المُهَنْدِسُ تَقْرِيرًا عَنِ البَطَّارِيَّةِ.",
    "he": "הַסּוֹלְלָה נִשְׁבְּרָה בַּחֹרֶף.",
    "en": "The launch was moved to May.",
}


@pytest.fixture
def brain(memory: Memory) -> Memory:
    """One note in each of several languages."""
    memory.add([Document(id=name, text=text) for name, text in TEXTS.items()], name="s")
    return memory


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("电池", "zh"), ("发布为什么推迟？", "zh"), ("传感器多久清洗一次？", "zh-wind"), ("ベルリン", "ja"),
        ("事務所はいつ引っ越しますか？", "ja"), ("베를린", "ko"), ("launch", "en"),
        ("प्रक्षेपण", "hi"), ("संवेदक कब साफ़ करना है?", "hi-wind"), ("அலுவலகம்", "ta"), ("เบอร์ลิน", "th"), ("المهندس", "ar"),
        ("البطارية", "ar"), ("הסוללה", "he"), ("סּוֹלְלָה הַסּוֹלְלָה", "he"),
    ],
)  # fmt: skip
def test_words_are_found_within_a_run_of_characters(brain: Memory, query: str, found: str) -> None:
    """A word of two characters, or a whole question, finds the text that holds it."""
    hit = brain.search(query)[0]
    assert hit.chunk.document_id == found
    assert hit.why["words"] > 0


def test_an_answer_is_the_sentence_that_shares_pairs(memory: Memory) -> None:
    """Of several sentences without a blank between them, the one that speaks of what is asked."""
    memory.add([Document(id="1", text="我们周五付款。发布推迟到五月。请更新软件。")], name="s")
    assert memory.ask("什么推迟了？").text == "“发布推迟到五月。” [1]"


def test_a_speaker_is_known_by_a_name_without_blanks(memory: Memory) -> None:
    """A question that names somebody finds what that person says first."""
    memory.add([
        Document(id="1", text="价格会上涨。", author="李雷"),
        Document(id="2", text="价格会下跌。", author="韩梅梅"),
    ], name="s")  # fmt: skip
    hit = memory.search("韩梅梅怎么说价格？")[0]
    assert (hit.chunk.document_id, hit.why["author"]) == ("2", 1.0)


def test_words_of_pairs_and_of_letters() -> None:
    """Each pair is a word with its place; one character alone is one too; other scripts are as they were."""
    assert words_of("电池盒 iPhone手机 我!") == [
        ("电池", 0, 2), ("池盒", 1, 3), ("iphone", 4, 10), ("手机", 10, 12), ("我", 13, 14),
    ]  # fmt: skip
    assert stems(["电池", "launches", "我"]) == [("电池",), ("launch",), ("我",)]


def test_signs_belong_to_their_letters() -> None:
    """Vowels of Hindi and accents stay; those of Arabic and Hebrew, stretched letters and emoji's selectors go."""
    assert words_of("हिन्दी में कर्म।") == [("हिन्दी", 0, 6), ("में", 7, 10), ("कर्म", 11, 15)]
    assert [word for word, _, _ in words_of("كِتَابٌ كتـــاب ــ שָׁלוֹם I ❤️ 3️⃣")] == ["كتاب", "كتاب", "שלום", "i", "3"]
    assert stems(["हिन्दी", "re\u0301sume\u0301", "مُهَنْدِس", "❤️"]) == [("हिन्दी",), ("resum",), ("مهندس",), ()]


@given(st.text())
def test_what_is_asked_is_split_as_what_is_stored(text: str) -> None:
    """Spacing adds blanks only, does not touch what has none to gain, and is done once and for all for a pair."""
    if text.isascii():
        assert spaced(text) == text
    for word, start, end in words_of(text):
        assert set(word) <= set(text[start:end].lower())
        assert spaced(word).strip() == word


@pytest.mark.parametrize("text", ["Zo \u0308e rows to the harbour", "the harbour \u0301", "harbour \U0001f6a2\u0301"])
def test_an_accent_that_stands_alone_is_no_word(memory: Memory, text: str) -> None:
    """In text out of PDF files, and behind an emoji, it does; it ended every import of such a text."""
    memory.add([Document(id="1", text=text), Document(id="2", text="\u0301")], name="s")
    assert memory.search("harbour \u0301")[0].chunk.text == text
    assert memory.verify() == []


def test_erasing_and_rebuilding_keep_the_word_index_sound(brain: Memory) -> None:
    """The index is compared with, and made anew from, the same pairs."""
    assert brain.verify() == []
    brain.forget(source="s", document="zh")
    assert brain.verify() == []
    assert [hit for hit in brain.search("电池") if "words" in hit.why] == []
    brain.rebuild()
    assert brain.verify() == []
    assert brain.search("清洗")[0].chunk.document_id == "zh-wind"


@pytest.mark.parametrize("version", [4, 5])
def test_a_memory_of_an_older_format_learns_of_pairs_and_signs(tmp_path: Path, version: int) -> None:
    """Its word index is made anew when it is opened, and its passages' words are counted anew."""
    folder = tmp_path / "old"
    with Memory(folder, embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        memory.add([Document(id=name, text=text) for name, text in TEXTS.items()], name="s")
    words = _FIRST[_FIRST.index("CREATE VIRTUAL TABLE words") :].replace(TOKENIZER, "porter unicode61")
    with sqlite3.connect(folder / "memory.db") as connection:
        for kind, name in (
            ("TRIGGER", "words_insert"), ("TRIGGER", "words_delete"), ("TABLE", "vocabulary"), ("TABLE", "words"),
            ("VIEW", "spaced_chunks"),
        ):  # fmt: skip
            connection.execute(f"DROP {kind} {name}")
        connection.executescript(
            f"{words}INSERT INTO words (words) VALUES ('rebuild'); PRAGMA user_version = {version};"
        )
        connection.execute("UPDATE bags SET words = x'00000000'")
    with Memory(folder, embedder=HashingEmbedder(), index=FlatIndex()) as memory:
        for query, found in (("电池", "zh"), ("प्रक्षेपण", "hi"), ("هندس", None), ("مهندس المهندس", "ar")):
            hits = [hit for hit in memory.search(query) if "words" in hit.why]
            assert [hit.chunk.document_id for hit in hits] == ([found] if found else [])
        assert memory.verify() == []
