"""Questions for the whole of something in German, French, Spanish and Russian ("Fass das zusammen"), in English."""

from __future__ import annotations

import re

_OF = r"(?P<of>.*)"
_ASKED = {
    "Summarize {of}": (
        rf"fass(?:e|t|en sie)?\b{_OF}\bzusammen\b(?P<more>.*)",
        rf"(?:kannst du|könntest du|können sie)\b{_OF}\bzusammenfassen\b(?P<more>.*)",
        rf"(?:gib mir |gebt mir )?(?:einen? )?(?:kurzen? )?(?:zusammenfassung|überblick)\b{_OF}",
        rf"(?:peux-tu |pouvez-vous )?(?:me )?(?:résume[rsz]?|fai(?:s|tes)(?:-moi)? un résumé)\b{_OF}",
        rf"(?:un |le )?(?:bref )?résumé\b{_OF}",
        r"(?:puedes )?(?:resum(?:e|ir|a|en)|resúme(?:me|lo)|haz(?:me)? un resumen)"
        rf"(?= (?:de|del|la|el|lo|las|los|todo)\b){_OF}",
        rf"(?:подведи(?:те)? )?(?:итоги|кратк(?:о|ое)|резюме|сводк[ау]|перескажи(?:те)?)\b{_OF}",
    ),
    "What did {of} talk about": (
        rf"(?:worüber|wovon|über was) (?:haben|hat|wurde|sprach(?:en)?|sprechen|rede(?:te)?[nt]|unterhielten)\b{_OF}",
        rf"was (?:haben|hat)\b(?!.*\b(?:über|zu|zum|zur)\b){_OF}(?:besprochen|diskutiert|gesagt|erzählt)\b(?P<more>.*)",
        rf"de quoi (?:ont|a)\b{_OF}(?:parlé|discuté)\b(?P<more>.*)",
        rf"de quoi\b{_OF}\bont-(?:ils|elles) (?:parlé|discuté)\b(?P<more>.*)",
        rf"de quoi (?:parl(?:ent|aient|e)|discut(?:ent|aient))\b{_OF}",
        rf"(?:de|sobre) qué (?:hablaron|habló|hablaban|han hablado|discutieron)\b{_OF}",
        rf"о ч[её]м (?:говорил[иа]?|говорят|беседовали|разговаривали|шла речь)\b{_OF}",
    ),
    "What happened": (
        r"was wurde\b(?:\s+(?:hier|denn|im|in|bei|beim|der|dem|letzten|call|gespräch|meeting|besprechung|sitzung))*"
        r"\s+(?:besprochen|gesagt|diskutiert)(?P<of>)",
        r"was (?:ist|war) (?:hier )?(?:passiert|geschehen|los|neu)(?P<of>)", r"was (?:passierte|geschah)(?P<of>)",
        r"was gibt(?:['’]?s| es) neues(?P<of>)", "quoi de neuf(?P<of>)",
        r"qu(?:e|['’]est-ce qui) s['’]est(?:-il)? passé(?P<of>)", r"¿?qué (?:ha pasado|pasó|hay de nuevo)(?P<of>)",
        "что (?:нового|случилось|произошло|было)(?P<of>)",
    ),
}  # fmt: skip
_RULES = [
    (re.compile(rf"\W*(?:bitte |s['’]il (?:te|vous) plaît,? |por favor,? )?{pattern}\W*", re.IGNORECASE), english)
    for english, patterns in _ASKED.items()
    for pattern in patterns
]
_AND = frozenset(["und", "et", "y", "и", "&"])
_NOTHING = frozenset(
    """bitte mir uns mal kurz die der das den dem des ein eine einen von vom zum zur alles ganze ganzen gesagt wurde
    was hat haben gesprochen geredet unterhalten sich miteinander zusammen heute letzte letzten letzter letztes
    gespräch gesprächs gespräche anruf anrufs besprechung sitzung treffen treffens chat chats unterhaltung folge
    call calls meeting meetings im in am bei beim sie wir ihr man denn hier alle
    entre zwischen между s il te vous plaît
    moi nous la le les l au aux du de des d une un tout toute ce que qu qui ils elles ont a été dit parlé ensemble
    conversation réunion discussion appel épisode entretien dernier dernière
    el los las lo del una todo toda se ha han dicho dijo dijeron última último
    conversación reunión llamada charla episodio discusión entrevista
    встречи встреча звонка звонок разговора разговор беседы беседа чата чат выпуска созвона обсуждения
    мне перескажи пожалуйста о об всё все что было сказано последней последнего этой этого""".split()
)
"""Words that name nobody and nothing: the talk itself, and what joins words."""
_LAST = re.compile(
    r"\b(?:letzte[nrsm]?|dernier|dernière|última|último|последн\w+) (?:call|gesprächs?|anrufs?|besprechung|sitzung|mal"
    r"|meetings?|treffens?|folge|chats?|conversation|réunion|discussion|appel|épisode|entretien|fois|conversación|vez"
    r"|reunión|llamada|charla|episodio|entrevista|встреч\w|звон\w+|разговор\w?|бесед\w|выпуск\w?|созвон\w?)",
    re.IGNORECASE,
)
_WORD = re.compile(r"@?\w(?:[\w.-]*\w)?")


def in_english(question: str) -> str:
    """Return such a question in English, the names in it as they are; any other as it is."""
    plain = " ".join(question.split())  # a date that was taken out has left blanks
    for rule, english in _RULES:
        if found := rule.fullmatch(plain):
            words = _WORD.findall(" ".join(filter(None, found.groupdict().values())))
            told = ["and" if word.lower() in _AND else word for word in words if word.lower() not in _NOTHING]
            return english.format(of=" ".join(told) or "everyone") + (
                " in the last call" if _LAST.search(plain) else ""
            )
    return question
