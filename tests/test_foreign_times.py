"""Times that a question names in German, French and Spanish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from masa_rag import Memory
from masa_rag._searching.when import periods_of

JUNE_18 = datetime(2025, 6, 18, 12, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("question", "words", "first", "last"),
    [
        ("Was hat Ben gestern gesagt?", "gestern", "2025-06-17", "2025-06-17"),
        ("Wer sprach vorgestern?", "vorgestern", "2025-06-16", "2025-06-16"),
        ("Was geschah letzte Woche?", "letzte Woche", "2025-06-09", "2025-06-15"),
        ("Was war vor drei Tagen?", "vor drei Tagen", "2025-06-15", "2025-06-15"),
        ("vor ein paar Tagen", "vor ein paar Tagen", "2025-06-14", "2025-06-16"),
        ("Wer rief am Montag an?", "am Montag", "2025-06-16", "2025-06-16"),
        ("Was kam am 5. März 2025?", "am 5. März 2025", "2025-03-05", "2025-03-05"),
        ("Was kam am 3. April 2025?", "3. April 2025", "2025-04-03", "2025-04-03"),
        ("letzten Sommer", "letzten Sommer", "2024-06-01", "2024-08-31"),
        ("Was ist seit gestern neu?", "seit gestern", "2025-06-17", "2025-06-18"),
        ("Qu'est-ce que Ben a dit hier ?", "hier", "2025-06-17", "2025-06-17"),
        ("Qui parlait la semaine dernière ?", "la semaine dernière", "2025-06-09", "2025-06-15"),
        ("il y a trois jours", "il y a trois jours", "2025-06-15", "2025-06-15"),
        ("Quoi de neuf aujourd’hui ?", "aujourd’hui", "2025-06-18", "2025-06-18"),
        ("en février 2025", "en février 2025", "2025-02-01", "2025-02-28"),
        ("¿Qué dijo Ben ayer?", "ayer", "2025-06-17", "2025-06-17"),
        ("el mes pasado", "el mes pasado", "2025-05-01", "2025-05-31"),
        ("el ano pasado", "el ano pasado", "2024-01-01", "2024-12-31"),
        ("hace tres días", "hace tres días", "2025-06-15", "2025-06-15"),
        ("el 5 de marzo de 2025", "el 5 de marzo de 2025", "2025-03-05", "2025-03-05"),
    ],
)
def test_times_are_understood_in_three_more_languages(question: str, words: str, first: str, last: str) -> None:
    """As in English, with and without their accents."""
    period = periods_of(question, JUNE_18)[0]
    assert (period.start.date().isoformat(), (period.end - timedelta(seconds=1)).date().isoformat()) == (first, last)
    assert question[slice(*period.words)] == words


@pytest.mark.parametrize(
    "question",
    [
        "Was ist hier passiert?",
        "Wat is hier gezegd?",
        "What did A. J. Ayer say?",
        "Who ate 2 Mars bars?",
        "chapter 5. May I",
    ],
)
def test_the_same_letters_in_another_language_are_no_time(question: str) -> None:
    """In German and Dutch "hier" is here; Ayer is a name, and Mars a bar."""
    assert periods_of(question, JUNE_18) == []


def test_what_was_said_then_comes_first(memory: Memory) -> None:
    """And no word of the time ranks."""
    memory.remember("Der Kran steht.", author="Ben", created_at=JUNE_18 - timedelta(days=9))
    memory.remember("Die Mauer ist nass.", author="Ben", created_at=JUNE_18 - timedelta(days=1))
    hits = memory.search("Was sagte Ben gestern zum Kran?", now=JUNE_18)
    assert [(hit.chunk.text, hit.why.get("time")) for hit in hits] == [
        ("Die Mauer ist nass.", 1.0),
        ("Der Kran steht.", None),
    ]
