"""Names from introductions: whom they name, and what only sounds like one."""

from __future__ import annotations

import pytest

from masa_rag.sources._introductions import names_by_introduction
from masa_rag.types import Segment


def names(*said: str) -> dict[str, str]:
    """Return the names found where A, B, A, B ... speak in turn."""
    return names_by_introduction([Segment(text, author="AB"[at % 2]) for at, text in enumerate(said)])


@pytest.mark.parametrize(
    "title", ["Dr. ", "Dr ", "Prof. ", "Professor ", "Mr. ", "Mrs. ", "Ms. ", "Doctor ", "Prof. Dr. ", "our guest Dr. "]
)
def test_titles_are_no_names(title: str) -> None:
    """A title stands before the name and is no part of it."""
    assert names(f"Today I'm joined by {title}Jane Smith, who studies bats.", "Hello.") == {"B": "Jane Smith"}


def test_a_title_alone_names_nobody() -> None:
    """Where no name follows the title, there is none."""
    assert names("I'm joined by Dr. who knows.", "Hello.") == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I'm German, but I live here.", {}),
        ("I'm Vegan.", {}),
        ("I'm New to this.", {}),
        ("I'm Jane O'Neil, and I sail.", {"A": "Jane O'Neil"}),
        ("I am Ada Quill.", {"A": "Ada Quill"}),
    ],
)
def test_i_am(text: str, found: dict[str, str]) -> None:
    """One word after "I'm" is more often what somebody is than who."""
    assert names(text, "Nice to meet you.") == found


def test_one_word_that_is_said_again() -> None:
    """A first name counts where another line has it too."""
    assert names("I'm Ada.", "Good morning, Ada.") == {"A": "Ada"}
    assert names("I'm German.", "Oh, is that German bread?") == {}
    assert names("I'm Catholic.", "The Catholic school here?") == {}


def test_names_of_others() -> None:
    """Whose name is told by "his name is" need not be here."""
    assert names("I have a dog. His name is Rex and he barks.", "Nice.") == {}
    assert names("We had a captain. Her name is Mara Holm.", "Nice.") == {}


@pytest.mark.parametrize("crowd", ["fans", "listeners", "friends", "everyone", "viewers", "folks"])
def test_a_crowd_has_no_name(crowd: str) -> None:
    """Those who follow a show are welcomed by its name."""
    assert names(f"Welcome to the show, Hard Fork {crowd}.", "Nice.") == {}


def test_a_welcome() -> None:
    """A guest who is welcomed by name is the next to speak."""
    assert names("Welcome to the show, Ben Ito.", "Thank you.") == {"B": "Ben Ito"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Jane Smith lately of Hull.", "Jane Smith"),
        ("My name is Jane Smith data scientist.", "Jane Smith"),
        ("My name is Jane de la Cruz.", "Jane de la Cruz"),
        ("My name is Jane J. van der Berg.", "Jane J. van der Berg"),
        ("My name is Jane Ødegård.", "Jane Ødegård"),
        ("My name is Özlem Şahin.", "Özlem Şahin"),
    ],
)
def test_where_a_name_ends(text: str, name: str) -> None:
    """A small word belongs to it only before a capital; a capital may have an accent."""
    assert names(text, "Hello.") == {"A": name}


@pytest.mark.parametrize(
    "text",
    ["I'm Jane Smith's lawyer.", "My guest today is Acme’s founder.", "Welcome to the podcast Hard Fork.",
     "The march was joined by Ben Ito.", "My guest today is Nobel laureate Ben Ito.",
     "I'm here with Ben Ito and Ada Quill.", "Welcome to the show, Everyone.",
     "We'll be joined by Ben Ito.", "Later we will also be joined by Ben Ito.", "We're going to be joined by Ben Ito."],
)  # fmt: skip
def test_the_name_of_another(text: str) -> None:
    """Whose lawyer I am, what the show is called, a prize, one of two and who comes later is not who speaks next."""
    assert names(text, "Hello.") == {}


def test_one_word_of_a_guest() -> None:
    """A first name alone is a name where it is not the beginning of more."""
    assert names("My guest today is Ben from Hull.", "Hello.") == {"B": "Ben"}


def test_who_is_here_already() -> None:
    """To be joined by somebody is no announcement."""
    assert names("I'm glad to be joined by Ben Ito.", "Hello.") == {"B": "Ben Ito"}
