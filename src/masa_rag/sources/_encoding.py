"""In which encoding a file is written: JSON and CSV by their first bytes, other text by what it says."""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(head: bytes) -> str:
    """Return the encoding of a JSON or CSV file by its byte order mark, else by where its zero bytes are.

    RFC 8259 asks for UTF-8; Windows tools write UTF-16 nevertheless.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if head[1:2] == b"\0" and head[:1] != b"\0":
        return "utf-16-le" if head[2:3] != b"\0" else "utf-32-le"
    if head[:1] == b"\0":
        return "utf-16-be" if head[1:2] != b"\0" else "utf-32-be"
    return "utf-8-sig"


_USUAL = (
    (0.75, "оеаинтсрвлкмдпуяызбг", ("cp1251", "koi8_u")),
    (0.3, "".join(map(chr, range(0x3041, 0x30FD))), ("cp932", "euc_jp")),
    (
        0.12,
        "的一是在不了有和人这這中大为為上个個国國我以要他时時来來用们們生到作地于於出就分对對成会會可主发發年动動同工"
        "也能下过過子说說产產种種面而方后後多定行学學法所民得经經你她那里裡什么麼没沒很好去看都还還给給从從",
        ("gb18030", "cp950"),
    ),
    (0.3, "이다는을의에가고하지로한도기사은를어서니있자것나들아인해시대일라리습게그부정수보만전안으면여주", ("cp949",)),
    (0.7, "αοιεςτσνηυρπκμλόάίέ", ("cp1253",)),
    (0.7, "יוהלאתרבמשנחעדקכ", ("cp1255",)),
)
"""The letters that are usual in a language, the least share of a text that they are, and the encodings of before UTF-8.

The languages: Cyrillic ones, Japanese (its kana), Chinese, Korean, Greek, Hebrew. Of messages of programs in each, with
100 bytes beyond ASCII, 96 in 100 or more were told and none wrongly; charset-normalizer 3.5 took KOI8-R for Japanese.
"""

_SAMPLE_BYTES = 65_536
_ENGLISH = re.compile(rb"[\x00-\x7f]{40,}")
_ROW = re.compile(rb"[\x80-\xff]{3,}")
_NOT_WESTERN = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
"""The bytes that Windows-1252 leaves free."""
_LETTER = "[A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸ]"
_SIGN_IN_WORD = re.compile(f"(?<={_LETTER})[¹²³ºª¿¡§¶¤¦¨¯¸¬±µ¼½¾¢£¥ƒ„‚“”ˆ˜‰†‡‹›€](?={_LETTER})")
"""Signs of Windows-1252 that are letters in the encodings of other languages and computers."""
_SIGN_AT_WORD = re.compile(f"(?<={_LETTER})(?:[¹¾¥]|(?<![mM])³)|[¹³º¾¥£¯](?={_LETTER})")
"""The same at either end of a word; cubic metres and the Spanish ``nº`` and ``¿`` are usual."""
_EVERYWHERE = "áâäçéëíîóôöúüß"
"""Letters that Windows-1250, 1252 and 1254 write alike: with these alone the text is right in each."""
_WESTERN = (
    ("éàè", "àèêïùûœæ"),
    ("áéíóúñ", "ñ"),
    ("ãàç", "ãõàêñ"),
    ("ãàáéíúç", "ãàêñ"),
    ("àèéìòù", "àèìòùï"),
    ("éëï", "èêïñ"),
    ("åäöæø", "åæø"),
    ("áéíóúæ", "æýðþ"),
)
"""French, Spanish, Portuguese (with õ, which Hungarian mail has for ő, and without), Italian and Catalan, Dutch, the
Nordic languages, Icelandic: which letters are usual, and which there are besides those that are everywhere. What is
read wrongly mixes the letters of several languages, or lacks the usual ones."""
_LEAST_USUAL = 0.3
_MOST_STRANGE = 0.03


def encoding_of_text(data: bytes) -> tuple[str, bool]:
    """Return the encoding of a text, and whether it is sure; where nothing fits it is ``cp1252``, not sure.

    A mark or valid UTF-8 is taken at its word. Else Windows-1252 is what Western Europe wrote, told by the letters of
    its languages; some others are told by their usual letters, for each encoding gives those of another nothing but
    rare ones. Those of Central Europe, Turkey, the Baltic and Vietnam are not told.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return encoding_of(data[:4]), True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _encoding_before_unicode(_ENGLISH.sub(b"\n", data)[:_SAMPLE_BYTES])
    return "utf-8-sig", True


def _encoding_before_unicode(sample: bytes) -> tuple[str, bool]:
    text = sample.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    if sum(letter > "\x7f" for letter in text) > 3 * broken:  # cut off or damaged: other encodings break everywhere
        return "utf-8-sig", False
    if _is_latin(sample):
        return "cp1252", _is_western(sample.decode("cp1252"))
    fits = [name for least, usual, names in _USUAL for name in names if _share(sample, name, usual) >= least]
    return (fits[0], True) if len(fits) == 1 else ("cp1252", False)


def _is_latin(sample: bytes) -> bool:
    """Say whether most bytes beyond ASCII stand alone or in pairs, as accented letters do."""
    rows = sum(len(row) for row in _ROW.findall(sample) if len(set(row)) > 1)  # of one character: a drawn line
    beyond = sum(byte > 0x7F for byte in sample)
    return 2 * rows < beyond and _NOT_WESTERN.search(sample) is None


def _is_western(text: str) -> bool:
    """Say whether no sign stands in a word, and the letters beyond ASCII, a few left aside, are of one language."""
    if _SIGN_IN_WORD.search(text):
        return False
    letters = [letter for letter in text.lower() if letter > "\x7f" and letter.isalpha() and letter not in "ªºµƒˆ"]
    most = _MOST_STRANGE * len(letters)
    strange = len(_SIGN_AT_WORD.findall(text))
    differing = [letter for letter in letters if letter not in _EVERYWHERE]
    return strange + len(differing) <= most or any(
        sum(letter in usual for letter in letters) >= _LEAST_USUAL * len(letters)
        and strange + sum(letter not in known for letter in differing) <= most
        for usual, known in _WESTERN
    )


def _share(sample: bytes, encoding: str, usual: str) -> float:
    """Return which share of the characters beyond ASCII are usual ones."""
    beyond = [letter for letter in sample.decode(encoding, errors="replace") if letter > "\x7f"]
    return sum(letter in usual for letter in beyond) / max(len(beyond), 1)
