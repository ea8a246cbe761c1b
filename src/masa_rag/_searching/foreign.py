"""Times in German, French and Spanish ("gestern", "la semaine dernière", "hace tres días"), told in English."""

from __future__ import annotations

import re
from functools import cache
from unicodedata import normalize

_MEANINGS = {
    "minute": "minute minuten minutes minuto minutos",
    "hour": "stunde stunden heure heures hora horas",
    "day": "tag tage tagen jour jours dia dias",
    "week": "woche wochen semaine semaines semana semanas",
    "month": "monat monate monaten monats mois mes meses",
    "year": "jahr jahre jahren jahres an ans annee annees ano anos",
}
_WEEKDAYS = {
    "Monday": "montag lundi lunes", "Tuesday": "dienstag mardi martes", "Wednesday": "mittwoch mercredi miercoles",
    "Thursday": "donnerstag jeudi jueves", "Friday": "freitag vendredi viernes",
    "Saturday": "samstag sonnabend samedi sabado", "Sunday": "sonntag dimanche domingo",
}  # fmt: skip
_MONTHS = {
    "January": "januar janner janvier enero", "February": "februar fevrier febrero", "March": "marz maerz mars marzo",
    "April": "april avril abril", "May": "mai mayo", "June": "juni juin junio", "July": "juli juillet julio",
    "August": "august aout agosto", "September": "september septembre septiembre setiembre",
    "October": "oktober octobre octubre", "November": "november novembre noviembre",
    "December": "dezember decembre diciembre",
}  # fmt: skip
_SEASONS = {
    "spring": "fruhling fruhjahr printemps primavera", "summer": "sommer ete verano",
    "autumn": "herbst automne otono", "winter": "winter hiver invierno", "weekend": "wochenende week-end weekend",
}  # fmt: skip
_NUMBERS = {
    "one": "ein eine einem einer einen un une una", "two": "zwei deux dos", "three": "drei trois tres",
    "four": "vier quatre cuatro", "five": "funf cinq cinco", "six": "sechs six seis", "seven": "sieben sept siete",
    "eight": "acht huit ocho", "nine": "neun neuf nueve", "ten": "zehn dix diez",
    "a few": "paar einigen einige quelques unos unas algunos algunas",
}  # fmt: skip
_DAYS = {
    "today": "heute hoy aujourd'hui aujourd’hui", "yesterday": "gestern ayer hier", "last night": "anoche",
    "the day before yesterday": "vorgestern anteayer antier avant-hier",
}  # fmt: skip
_OPENING = {"since": "seit desde depuis", "until": "bis hasta"}
_ENGLISH = {
    word: english
    for table in (_MEANINGS, _WEEKDAYS, _MONTHS, _SEASONS, _NUMBERS, _DAYS, _OPENING)
    for english, words in table.items()
    for word in words.split()
}


def _any(*tables: dict[str, str]) -> str:
    return "|".join(word for table in tables for words in table.values() for word in words.split())


_NUMBER = rf"(?:ein )?(?P<number>\d{{1,3}}|{_any(_NUMBERS)})"
_UNIT, _MONTH = rf"(?P<unit>{_any(_MEANINGS)})", rf"(?P<unit>{_any(_MONTHS)})"
_NAMED = rf"(?P<unit>{_any(_MEANINGS, _WEEKDAYS, _SEASONS)})"
_YEAR = r"(?: (?:de |del )?(?P<year>(?:19|20)\d\d))"
_PATTERNS = (
    (rf"(?:am|vom|le|du|el|del) (?P<number>\d\d?)(?:\.|er)? (?:de )?{_MONTH}{_YEAR}?", "{number} {unit} {year}"),
    (rf"(?P<number>\d\d?)\. {_MONTH}{_YEAR}?", "{number} {unit} {year}"),
    (rf"(?P<number>\d\d?) (?:de )?{_MONTH}{_YEAR}", "{number} {unit} {year}"),
    (rf"(?:im|en) {_MONTH}{_YEAR}?", "in {unit} {year}"),
    (rf"(?:vor|hace|il y a) {_NUMBER} {_UNIT}", "{number} {unit} ago"),
    (rf"(?:den|die|der|los|las) (?:letzten|vergangenen|ultim[oa]s) {_NUMBER} {_UNIT}", "the last {number} {unit}"),
    (rf"(?:ces|les|des) {_NUMBER} derniere?s {_UNIT}", "the last {number} {unit}"),
    (rf"(?:seit|depuis) {_NUMBER} {_UNIT}", "the last {number} {unit}"),
    (rf"(?:letzte|vorige|vergangene)[nmrs]? {_NAMED}", "last {unit}"),
    (rf"(?:(?:la|le|el) |l['’])?{_NAMED} (?:derniere?|passee?|pasad[oa])", "last {unit}"),
    (rf"(?:diese[nmrs]?|cette|ce|esta|este) {_UNIT}", "this {unit}"),
    (rf"(?:am|el) (?P<unit>{_any(_WEEKDAYS)})", "on {unit}"),
    ("am wochenende", "over the weekend"),
    ("antes de ayer", "the day before yesterday"),
    (rf"(?P<unit>{_any(_DAYS)})", "{unit}"),
)
_FRENCH = re.compile(r"\b(?:qu|que|qui|quoi|quel|quelle|est|dit|ont|etait|pourquoi|quand|comment|soir)\b")
"""Without one of them "hier" is German, or Dutch, for "here"."""
_WORD = re.compile(r"[a-z]+")
_NEEDED = frozenset(word for words in _ENGLISH for word in _WORD.findall(words))


def time_in(question: str) -> tuple[tuple[int, int], str] | None:
    """Return where the first time of such a language stands in a question, and what it is in English, or None."""
    text = "".join(map(_plain, question))
    if _NEEDED.isdisjoint(_WORD.findall(text)):
        return None
    for pattern, english in _PATTERNS:
        found = _compiled(pattern).search(text)
        if found is not None and not _is_another(found, question):
            words = {name: _ENGLISH.get(word, word) for name, word in found.groupdict().items() if word}
            told = dict.fromkeys(("opening", "unit", "number", "year"), "") | words
            return found.span(), " ".join(f"{told['opening']} {english.format(**told)}".split())
    return None


def _is_another(found: re.Match[str], question: str) -> bool:
    """Say whether a word is a name (A. J. Ayer, within a question), or "hier" is no French."""
    word = found.groupdict().get("unit")
    if word not in _ENGLISH or found["opening"] or found.group() != word:
        return False
    is_name = found.start() > 0 and not question[found.start()].islower()
    return is_name or (word == "hier" and not _FRENCH.search(found.string))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:(?P<opening>seit|desde|depuis|bis|hasta) (?:dem |der |la )?)?(?:{pattern})\b")


def _plain(letter: str) -> str:
    """Return a letter as one small letter without its accent, so that everything stays where it stands."""
    return letter.lower() if letter.isascii() else normalize("NFD", letter)[0].lower()[:1]
