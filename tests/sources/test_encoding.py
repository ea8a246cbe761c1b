"""Texts written before UTF-8: read where their language can be told, and reported where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from masa_rag.errors import RecordError
from masa_rag.sources import Files
from masa_rag.sources._encoding import encoding_of_text
from masa_rag.sources._transcripts.base import decode
from masa_rag.types import Document

RUSSIAN = (
    "Насос третьего колодца остановился ночью из-за изношенной прокладки. Мария Орлова заменила её утром и записала "
    "показания манометра в журнал. Завтра придёт вторая бригада."
)
UKRAINIAN = (
    "Насос третього колодязя зупинився вночі через зношену прокладку. Оксана Гай замінила її вранці й записала "
    "показники манометра в журнал."
)
JAPANESE = (
    "三号井戸のポンプは夜中に止まりました。原因は摩耗したパッキンです。佐藤さんが朝に交換して、圧力計の値を日誌に"
    "書きました。明日はもう一つの班が来ます。"
)
CHINESE = (
    "三号井的水泵昨天夜里停了，原因是密封圈磨损。王丽早上换了新的，并把压力表的读数写进了日志。明天第二组会来检查。"
)
TRADITIONAL = (
    "三號井的水泵昨天夜裡停了，原因是密封圈磨損。王麗早上換了新的，並把壓力表的讀數寫進了日誌。明天第二組會來檢查。"
)
KOREAN = (
    "삼 호 우물의 펌프가 밤에 멈췄습니다. 원인은 닳은 패킹입니다. 김민지 씨가 아침에 새것으로 바꾸고 값을 적었습니다."
)
GREEK = "Η αντλία του τρίτου πηγαδιού σταμάτησε τη νύχτα. Η Μαρία Λάμπρου την άλλαξε το πρωί και έγραψε τις τιμές."
HEBREW = "המשאבה של הבאר השלישית נעצרה בלילה. מרים לוי החליפה את האטם בבוקר ורשמה את הערכים ביומן."
LOG = "2024-05-01 06:00:00 INFO pump three started, pressure 4.5 bar, next reading in ten minutes\n" * 50


@pytest.mark.parametrize("around", ["", LOG], ids=["alone", "in an English log"])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (UKRAINIAN, "cp1251"),
        (UKRAINIAN, "koi8-u"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5"),
        (KOREAN, "euc_kr"),
        (GREEK, "cp1253"),
        (HEBREW, "cp1255"),
    ],
)
def test_a_language_is_told_by_its_usual_letters(text: str, encoding: str, around: str) -> None:
    """A few sentences are enough, also among much English."""
    data = f"{around}{text}\n{around}".encode(encoding)
    assert decode(data) == f"{around}{text}\n{around}"
    assert encoding_of_text(data)[1]


@pytest.mark.parametrize(
    "text",
    [
        "Grüße aus Köln",
        "naïve café",
        "señor",
        "Þórður skipti um þéttinguna; það voru óþægindi.",
        "A junta estava gasta; João não anotou a pressão.",
        "Umlaute: Ä, Ö, Ü und ß – mehr nicht …",
        "•••••• “¿Qué…?” —— ––––––",
        "déjà créée à Besançon, côté forêt",
        "Die Pumpe läuft wieder, größer als früher; 10 m³ Öl für die Straße, § 4, 20 °C, 5 € – „schön“.",
        "La pompe s’est arrêtée à l’aube ; Zoé a remplacé le joint usé où il fuyait, près du cœur du système.",
        "¿Quién cambió la junta del pozo nº 3? El señor Núñez, mañana a la 1ª hora. ¡Qué pingüino!",
        "As operações não começaram à tarde; três irmãs só leram a pressão. Às vezes há pães e limões.",
        "La pompa si è fermata perché la guarnizione era già usata; così andrà più piano, però andrà. È la città.",
        "De pomp is geïnstalleerd; één reünie in België, coördinatie en financiële knelpunten, scène.",
        "Pumpen stannade på natten; Åsa bytte tätningen på morgonen och skrev värdena. Även Örjan såg på.",
        "Pumpen gik i stå om natten; Søren skiftede pakningen på øen og målte trykket. Æblerne er røde.",
        "Pumppu pysähtyi yöllä; Päivi vaihtoi tiivisteen aamulla ja kirjoitti lukemat. Älä käynnistä sitä.",
        "La bomba s’ha aturat; l’aigua és freda i això és així. Què farem demà? Col·legi, raó, força, país.",
    ],
)
def test_western_europe_is_windows_1252(text: str) -> None:
    """Single letters beyond ASCII among others are what the languages of Western Europe have."""
    data = text.encode("cp1252")
    assert (decode(data), encoding_of_text(data)) == (text, ("cp1252", True))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Wczoraj spotkaliśmy się z zespołem.", "cp1250"),
        ("Mogą już iść do domu, bo jest późno; łódź stoi na brzegu.", "cp1250"),
        ("Dziękuję bardzo", "cp1250"),
        ("Čerpadlo se v noci zastavilo, těsnění bylo opotřebované. Jiří je ráno vyměnil.", "cp1250"),
        (
            "A harmadik kút szivattyúja éjjel leállt. Gergő reggel kicserélte a tömítést, és följegyezte az időt.",
            "cp1250",
        ),
        ("Pompa s-a oprit noaptea; garnitura era uzată şi Ştefan a înlocuit-o dimineaţa în ţară.", "cp1250"),
        ("Crpka je noću stala; Đorđe je ujutro zamijenio brtvu i upisao očitanja. Već će doći još ljudi.", "cp1250"),
        ("Üçüncü kuyunun pompası gece durdu. Ayşe sabah contayı değiştirdi ve değerleri yazdı.", "cp1254"),
        (
            "Trečio šulinio siurblys naktį sustojo. Rūta ryte pakeitė tarpiklį ir užrašė rodmenis, kurių reikėjo.",
            "cp1257",
        ),
        ("Đêm qua máy bơm đa\u0303 ngư\u0300ng; nay đươ\u0323c thay gioăng.", "cp1258"),
        ("Die Pumpe läuft wieder; größer als früher, schöne Straße.", "mac_roman"),
        ("Die Pumpe läuft wieder; schön.", "cp850"),
    ],
)
def test_what_only_looks_western_is_not_sure(text: str, encoding: str) -> None:
    """The letters of other languages, read as Western ones, are an unlikely mixture, and signs stand in words."""
    assert encoding_of_text(text.encode(encoding)) == ("cp1252", False)


@pytest.mark.parametrize(
    "data",
    [
        b"plain",
        RUSSIAN.encode(),
        b"\xef\xbb\xbf" + JAPANESE.encode(),
        CHINESE.encode("utf-16"),
        CHINESE.encode("utf-32"),
        "café".encode(),
    ],
)
def test_unicode_stays_what_it_is(data: bytes) -> None:
    """Whatever is valid UTF-8, or marked as UTF-16, is read as such."""
    name, sure = encoding_of_text(data)
    assert (decode(data), name in ("utf-8-sig", "utf-16", "utf-32"), sure) == (data.decode(name), True, True)


@pytest.mark.parametrize("data", [RUSSIAN.encode()[:-2], b"pump " + KOREAN.encode()[:-2], RUSSIAN.encode() + b"\xff"])
def test_a_broken_character_does_not_cost_the_others(data: bytes) -> None:
    """UTF-8 that is cut off, or damaged in one place, is still read as UTF-8, and that is no longer sure."""
    assert decode(data) == data.decode("utf-8", errors="replace")
    assert encoding_of_text(data) == ("utf-8-sig", False)


def test_where_the_encoding_cannot_be_told_the_file_is_read_and_named(tmp_path: Path) -> None:
    """The text is kept as it was read before, and a report beside it says that letters may be wrong."""
    arabic = "توقفت مضخة البئر الثالثة في الليل بسبب حشية بالية."
    (tmp_path / "log.txt").write_bytes(arabic.encode("cp1256"))
    (tmp_path / "note.txt").write_bytes(RUSSIAN.encode("cp1251"))
    log, report, note = Files(tmp_path)
    assert isinstance(log, Document) and log.text == arabic.encode("cp1256").decode("cp1252", errors="replace")
    assert isinstance(report, RecordError)
    assert report.record_id == str(tmp_path / "log.txt")
    assert "save it as UTF-8" in str(report)
    assert isinstance(note, Document) and note.text == RUSSIAN
