"""The glossary: near misses of names are put right, ordinary words are left alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masa_rag.errors import ConfigurationError
from masa_rag.transcribers import Glossary
from masa_rag.transcribers._glossary import apply
from masa_rag.transcribers._phonetics import sound_distance
from masa_rag.transcribers._repair import replaced
from masa_rag.transcribers._windows import Word

COMMON = frozenset("the mass of a prism is on my way we saw reason and went to".split())


@pytest.mark.parametrize(
    ("terms", "text", "right"),
    [
        (["Nethermind"], "We asked Nevermind about it.", "We asked Nethermind about it."),
        (["Prysm"], "They run Prism now, Prism's fine.", "They run Prysm now, Prysm's fine."),
        (["PeerDAS"], "and Peer DOS is next", "and PeerDAS is next"),
        (["ePBS"], "then EPBS and APBS", "then ePBS and ePBS"),
        (["Glamsterdam"], "in glamstedam we", "in Glamsterdam we"),
        ({"FOCIL": ["fossil"]}, "a fossil here", "a FOCIL here"),
    ],
)
def test_near_misses_are_put_right(terms: object, text: str, right: str) -> None:
    """What sounds like a term and is no ordinary word becomes the term."""
    assert Glossary(terms, common=COMMON).repair(text)[0] == right  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (["Prysm"], "through a prism we saw"),
        (["Masa"], "the mass of a prism"),
        (["Teku"], "we went to a way"),
        (["Nethermind"], "Nethermind is right already"),
        (["DevNet2"], "DevNet 1 went well"),
        (["TAO"], "a way to go"),
    ],
)
def test_ordinary_words_are_left_alone(terms: list[str], text: str) -> None:
    """Common words, other numbers and right names are not touched."""
    assert Glossary(terms, common=COMMON).repair(text) == (text, [])


PLAIN = frozenset("they told us that it was good who the shop is near one link vitamin net result and work at".split())


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (["WHO", "IT", "US"], "They told us that it was good. It's good, who is it?"),
        (["WHO", "IT", "US"], 'They told us "It was good" (Who was it?)'),
        (["NEAR", "ONE", "LINK"], "The shop is near the one link. Near the link"),
        (["ONE LINK"], "the one link"),
        (["C++", "C#"], "vitamin C, and C"),
        ([".NET"], "the net result, and the Net result"),
        (["C#", "C++", ".NET"], "C# and C++, and .NET and C++'s"),
    ],
)
def test_what_differs_by_its_case_or_signs_is_left_alone(terms: list[str], text: str) -> None:
    """An ordinary word in small letters is no name that is written otherwise: no sound tells them apart."""
    glossary = Glossary(terms, common=PLAIN)
    assert glossary.repair(text) == (text, [])
    assert glossary.known(text) == []
    assert {"us", "it", "net", "c", "one"}.isdisjoint(item.heard.lower() for item in glossary.near(text))


@pytest.mark.parametrize(
    ("terms", "text", "right"),
    [
        (["NEAR"], "I work at Near", "I work at NEAR"),
        (["PeerDAS"], "the peerdas and Peerdas", "the PeerDAS and PeerDAS"),
        (["EIP-7702"], "and eip 7702", "and EIP-7702"),
        (["ASP.NET", ".NET"], "Asp.net and .Net", "ASP.NET and .NET"),
        ({"US": ["you s"]}, "they told you s", "they told US"),
    ],
)
def test_a_name_in_another_case_is_put_right(terms: object, text: str, right: str) -> None:
    """Where it is no ordinary word, or was written with a capital within a sentence, or its form was given."""
    glossary = Glossary(terms, common=PLAIN)  # type: ignore[arg-type]
    assert apply(text, glossary.known(text)) == right


def test_what_sounds_roughly_alike_is_proposed() -> None:
    """Ordinary words, and several in place of one, are proposed for the recording to decide; right ones are not."""
    near = Glossary(["Masa", "Uniswap"], common=COMMON).near("I think the mass is good, you in a swap and Masa")
    assert {("mass", "Masa"), ("you in a swap", "Uniswap")} <= {(item.heard, item.meant) for item in near}
    assert not any(item.heard == "Masa" for item in near)


def test_known_forms_need_no_listening() -> None:
    """Other cases of a term and forms heard before are known; what only sounds alike is not."""
    known = Glossary({"PeerDAS": ["pure toss"], "Masa": []}, common=COMMON).known("Peerdas, pure toss and Marsa")
    assert [(item.heard, item.meant) for item in known] == [("Peerdas", "PeerDAS"), ("pure toss", "PeerDAS")]


def test_a_glossary_is_a_list() -> None:
    """One string would be taken letter by letter, so it is refused; an empty list is no glossary."""
    with pytest.raises(ConfigurationError):
        Glossary("Masa")
    assert not Glossary([])


@given(st.text(max_size=80))
def test_repairs_fit_the_text(text: str) -> None:
    """Whatever the text, repairs are in order, do not overlap, and name what stands there."""
    found = Glossary(["Masa", "Peer DAS", "$TAO"], common=COMMON).repair(text)[1]
    assert all(text[item.start : item.end] == item.heard for item in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.text("abcdefghijklmnopqrstuvwxyz ", max_size=12), st.text("abcdefghijklmnopqrstuvwxyz", max_size=12))
def test_sound_distance_is_a_distance(one: str, other: str) -> None:
    """Between 0 and 1, 0 to itself, and nearly the same both ways."""
    assert 0.0 <= sound_distance(one, other) <= 1.0
    assert sound_distance(one, one) in (0.0, 1.0)


def test_repairs_keep_the_times_of_words() -> None:
    """Words that become one keep the time of all; the others keep theirs."""
    words = [Word(" and", 0, 1, 0.9), Word(" Peer", 1, 2, 0.5), Word(" DOS,", 2, 3, 0.7), Word(" ok", 3, 4, 1.0)]
    text = "".join(word.text for word in words)
    repairs = Glossary(["PeerDAS"], common=COMMON).repair(text)[1]
    assert replaced(words, repairs) == [
        Word(" and", 0, 1, 0.9), Word(" PeerDAS,", 1, 3, 0.5), Word(" ok", 3, 4, 1.0),
    ]  # fmt: skip
