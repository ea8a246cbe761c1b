"""The names of months in the languages of most of the web, as they stand in dates."""

from __future__ import annotations

import unicodedata

_MONTHS = (
    "january jan januar jänner jän janvier janv enero ene gennaio gen janeiro januari января янв januára január"
    " januara januarja ianuarie gener stycznia ledna ocak tammikuuta jaanuar ιανουαρίου січня януари जनवरी يناير ינואר",
    "february feb februar febr février fevrier févr fév febrero febbraio fevereiro fev februari февраля февр фев"
    " február februára februara februarja februarie febrer lutego února şubat helmikuuta veebruar φεβρουαρίου лютого"
    " февруари फरवरी فبراير פברואר",
    "march mar märz maerz mär mrz mars marzo março marco maart mrt марта мар marts március marca marta martie març"
    " marec marcu března mart maaliskuuta märts maret μαρτίου березня март मार्च مارس מרץ מרס",
    "april apr avril avr abril abr aprile апреля апр április apríla aprila aprilie kwietnia dubna nisan huhtikuuta"
    " aprill απριλίου квітня април अप्रैल أبريل ابريل إبريل אפריל",
    "may mai mayo maggio mag maio mei maj мая май május mája maja maig května mayıs toukokuuta μαΐου μαίου травня मई"
    " مايو מאי",
    "june jun juni juin junio giugno giu junho июня июн június júna juna junija iunie juny czerwca června haziran"
    " kesäkuuta juuni ιουνίου червня юни जून يونيو يونيه יוני",
    "july jul juli juillet juil julio luglio lug julho июля июл július júla jula julija iulie juliol lipca července"
    " temmuz heinäkuuta juuli ιουλίου липня юли जुलाई يوليو يوليه יולי",
    "august aug août aout agosto ago augustus augusti августа авг augusztus augusta avgusta agost sierpnia srpna"
    " ağustos elokuuta agustus ogos αυγούστου серпня август अगस्त أغسطس اغسطس אוגוסט",
    "september sep sept septembre septiembre setiembre settembre set setembro сентября сент сен szeptember septembra"
    " septembrie setembre września září eylül syyskuuta σεπτεμβρίου вересня септември सितंबर سبتمبر ספטמבר",
    "october oct oktober okt octobre octubre ottobre ott outubro out октября окт október októbra oktobra octombrie"
    " października října ekim lokakuuta oktoober οκτωβρίου жовтня октомври अक्टूबर أكتوبر اكتوبر אוקטובר",
    "november nov novembre noviembre novembro ноября нояб ноя novembra noiembrie listopada listopadu kasım"
    " marraskuuta νοεμβρίου листопада ноември नवंबर نوفمبر נובמבר",
    "december dec dezember dez décembre decembre déc diciembre dic dicembre dezembro декабря дек desember decembra"
    " decembrie desembre grudnia prosince aralık joulukuuta detsember disember δεκεμβρίου грудня декември दिसंबर"
    " ديسمبر דצמבר",
)
"""English, German, French, Spanish, Italian, Portuguese, Dutch, Scandinavian languages, Russian; then Hungarian,
Slovak, Slovene and Serbian, Romanian, Catalan, Polish, Czech, Turkish, Finnish, Estonian, Indonesian, Greek, Ukrainian,
Bulgarian, Hindi, Arabic, Hebrew. Croatian is left out: its listopad is October, that of its neighbours November."""


def folded(name: str) -> str:
    """Return a name as it is compared: whatever case it is written in, and with letters that have two forms in one."""
    return unicodedata.normalize("NFC", name.lower().replace("i̇", "i")).replace("ı", "i").replace("ſ", "s")


MONTHS = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
"""The number of a month by its names, lower case."""

NUMBERS = {folded(name): number for name, number in MONTHS.items()}
"""The same by the folded name."""
