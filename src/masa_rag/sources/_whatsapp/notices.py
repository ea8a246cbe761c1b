"""What WhatsApp itself writes into an export: placeholders, notices, markers, and their translations.

An export is written in the phone's language. The lists hold the wordings of the app's published
translations as far as they are known; iPhones also put U+200E before everything the app writes,
which is used wherever it is there, so that a language that is missing here is still read right.
"""

from __future__ import annotations

import re

_APP_MARK = "\u200e"
_ISOLATES = re.compile("[\u200e\u2068\u2069\u202a\u202c]")

_OMITTED = (
    "media omitted|video note omitted|view once (?:voice )?message omitted|"
    "medien ausgeschlossen|medien weggelassen|multimedia omitido|archivo omitido|médias omis|"
    "fichier omis|mídia oculta|mídia omitida|arquivo de mídia oculto|ficheiro não revelado|media omessi|media omesso|"
    "media weggelaten|без медиафайлов|файл пропущен|медіафайл пропущено|medya dahil edilmedi|medya atlanmış|"
    "pominięto multimedia|multimedia pominięte|mediafil utelämnad|media har utelatts|media utelatt|utelatt media|"
    "mediefil udeladt|medier udeladt|media jätettiin pois|média vynechány|médiá vynechané|média kihagyva|"
    "media omise|media tidak disertakan|media dikecualikan|đã bỏ qua tệp phương tiện|מדיה הושמטה|המדיה לא נכללה|"
    "تم استبعاد الوسائط|تم حذف الوسائط|رسانه حذف شد|मीडिया के बिना|मीडिया शामिल नहीं है|"
    "省略多媒体文件|媒体文件已省略|忽略多媒體檔|略去多媒體檔|已忽略媒體檔案|メディアは含まれていません|メディアなし|"
    "미디어 파일을 제외|미디어 파일 생략|ไม่รวมสื่อ|τα μέσα παραλείφθηκαν|multimèdia omès|медия пропусната"
)
_KINDS_OMITTED = (
    r"(?:image|video|video note|audio|gif|sticker|document|contact card|photo|bild|kontaktkarte|dokument|imagen|vídeo|"
    r"documento|imagem|figurinha|immagine|afbeelding|vidéo)\s+"
    r"(?:omitted|weggelassen|omitid[oa]|ocult[oa]|omess[oa]|weggelaten|absente|omise?)"
)
_DELETED = (
    "this message was deleted(?: by admin .{1,60})?|you deleted this message|"
    "diese nachricht wurde gelöscht|du hast diese nachricht gelöscht|"
    "se eliminó este mensaje|eliminaste este mensaje|este mensaje fue eliminado|ce message a été supprimé|"
    "vous avez supprimé ce message|mensagem apagada|essa mensagem foi apagada|esta mensagem foi apagada|"
    "você apagou esta mensagem|questo messaggio è stato eliminato|hai eliminato questo messaggio|"
    "dit bericht is verwijderd|dit bericht werd verwijderd|je hebt dit bericht verwijderd|данное сообщение удалено|"
    "вы удалили данное сообщение|сообщение удалено|bu mesaj silindi|bu mesajı sildiniz|ta wiadomość została usunięta|"
    "usunięto tę wiadomość|pesan ini telah dihapus|anda menghapus pesan ini|تم حذف هذه الرسالة|لقد حذفت هذه الرسالة|"
    "ההודעה נמחקה|מחקת הודעה זו|यह मैसेज मिटाया गया|आपने यह मैसेज मिटाया|此消息已删除|您已删除此消息|此訊息已刪除|"
    "您已刪除此訊息|このメッセージは削除されました|삭제된 메시지입니다|메시지를 삭제했습니다"
)
_EDITED = (
    "this message was edited|diese nachricht wurde bearbeitet|se editó este mensaje|este mensaje fue editado|"
    "ce message a été modifié|mensagem editada|esta mensagem foi editada|questo messaggio è stato modificato|"
    "dit bericht is bewerkt|dit bericht werd bewerkt|сообщение изменено|данное сообщение изменено|bu mesaj düzenlendi|"
    "pesan ini diedit|تم تعديل هذه الرسالة|ההודעה נערכה|यह मैसेज एडिट किया गया|此消息已编辑|此訊息已編輯|"
    "このメッセージは編集されました|수정된 메시지입니다"
)
_ENCRYPTED = re.compile(
    r"end-to-end[ -]encrypt|ende-zu-ende-verschlüssel|de extremo a extremo|de bout en bout|de ponta a ponta|"
    r"crittograf\w+ end-to-end|end-to-end versleutel|сквозн\w+ шифрован|uçtan uca şifre|端到端加密|端對端加密|"
    r"エンドツーエンド|종단간 암호화|مشفرة تمامًا بين الطرفين|מוצפנות מקצה לקצה|एंड-टू-एंड एन्क्रिप्ट",
    re.IGNORECASE,
)
_CIPHER = re.compile(
    "encrypt|verschlüssel|cifrad|chiffr|criptogra|criptat|crittogra|versleutel|шифр|криптир|şifre|加密|暗号化|암호화|مشفر|"
    "מוצפנ|एन्क्रिप्ट|szyfrowan|krypter|terenkripsi|disulitkan|mã hóa|šifrov|رمزگذاری|salattu|titkos|κρυπτογραφ|xifrat|"
    "enkriptir|เข้ารหัส|এনক্রিপ্ট",
    re.IGNORECASE,
)
"""What is said of encryption behind the app's mark, where nothing else needs to tell that it is the app's."""
_MESSAGES = re.compile(
    "messages|nachrichten|mensajes|mensagens|messaggi|berichten|сообщени|mesajlar|消息|訊息|メッセージ|메시지|الرسائل|"
    "הודעות|मैसेज",
    re.IGNORECASE,
)
_GROUP_ACT = re.compile(
    r"\b(?:created (?:the )?group|changed (?:the )?(?:subject|group|this group)|hat (?:die gruppe|den betreff)|"
    r"creó (?:el )?grupo|cambió el asunto|a créé le groupe|a changé (?:le|l’)|criou o grupo|mudou (?:o|a)|"
    r"ha creato il gruppo|ha cambiato|heeft (?:de groep|het onderwerp))\b",
    re.IGNORECASE,
)
_LONG_NOTICE = re.compile(
    r"(?:.{1,100} )?(?:turned (?:on|off) disappearing messages|uses? a default timer for disappearing messages|"
    r"updated the message timer|changed their phone number to a new number|security code with .{1,60} changed|"
    r"(?:hat|hast) selbstlöschende nachrichten (?:de)?aktiviert|hat die telefonnummer gewechselt|"
    r"(?:des)?activ(?:ó|aste) los mensajes temporales|(?:des)?ativou as mensagens temporárias|"
    r"atualizou a duração das mensagens temporárias|(?:a|avez) (?:dés)?activé les messages éphémères|"
    r"(?:ha|hai) (?:dis)?attivato i messaggi effimeri|(?:heeft|hebt) berichten met vervaldatum (?:in|uit)geschakeld)"
    r"(?: in new chats)?\.(?: .*)?",
    re.IGNORECASE,
)
_FILE_ATTACHED = frozenset(
    (
        "file attached|datei angehängt|archivo adjunto|archivo adjuntado|arxiu adjunt|fichier joint|arquivo anexado|"
        "ficheiro anexado|file allegato|bestand bijgevoegd|файл добавлен|файл додано|dosya ekli|załączony plik|"
        "bifogad fil|fil vedhæftet|vedlagt fil|liitetiedosto|soubor byl přiložen|súbor pripojený|fájl csatolva|"
        "fișier atașat|συνημμένο αρχείο|прикачен файл|datoteka u privitku|file terlampir|fail dilampirkan|"
        "tệp đính kèm|קובץ מצורף|ملف مرفق|الملف مرفق|文件附件|附件檔案|添付ファイル有り|파일 첨부됨|ไฟล์ที่แนบ"
    ).split("|")
)
# An ending without a letter is a price, a time or a year: "12.30 (usual place)".
_FILE_NOTE = re.compile(
    r"(?P<name>[^\s<>:\"/\\|?*][^<>:\"/\\|?*\n]{0,120}\.(?=\d*[A-Za-z])[A-Za-z0-9]{2,5}) \((?P<words>[^()\n]{4,40})\)"
)
# Without the mark only what begins as the app's own names do: "<my tip: masa.ai>" is somebody's.
_MARKED_FILE = re.compile(
    r"(?:\u200e<[^<>:\n]{3,30}: |<attached: |<[^<>:\n]{3,30}: (?=\d{4,8}-))"
    r"(?P<name>[^<>\n]{1,160}\.[A-Za-z0-9]{2,5})>"
)
_MARKED_END = re.compile(r"\s*\u200e<[^<>:\n]{3,60}>\s*$")
_EDITED_END = re.compile(rf"\s*<(?:{_EDITED})\.?>\s*$", re.IGNORECASE)
_PLACEHOLDER = re.compile(rf"<?(?:{_OMITTED})>?\.?|(?:{_DELETED})\.?|{_KINDS_OMITTED}", re.IGNORECASE)
_OMITTED_FIRST = re.compile(rf"\A(?:\u200e?<(?:{_OMITTED})>|\u200e{_KINDS_OMITTED})\s*\n", re.IGNORECASE)
_OMITTED_END = re.compile(rf"\s*\u200e{_KINDS_OMITTED}\s*$", re.IGNORECASE)
_MEDIA = r"(?:IMG|VID|PTT|AUD|DOC|STK|GIF)-\d{8}-WA\d{4}\.\w{2,5}"
_MEDIA_NAME = re.compile(_MEDIA)
_MEDIA_NOTE = re.compile(rf": \u200e?{_MEDIA} \((?P<words>[^()\n]{{4,40}})\)\s*$")
_POLL = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)?[ \u00a0\u202f]?[:：]")
_OPTION = re.compile(r"[^\W\d_]+[ \u00a0\u202f]?[:：] ?(?P<choice>.+?) ?[(（](?P<votes>\d{1,6}) ?[^()（）\d]+[)）]")
_SHORT_NOTICE = 80  # the longest placeholder known, "Missed group video call at …", has 50 characters
_LONGEST_SENDER = 100


def is_notice_sender(name: str) -> bool:
    """Say whether what stands before a colon belongs to a notice ('Ann changed the subject to "A')."""
    open_quote = sum(map(name.count, '"“”„«»')) % 2 == 1
    return not name.strip() or len(name) > _LONGEST_SENDER or open_quote or _GROUP_ACT.search(name) is not None


def is_encryption_notice(text: str) -> bool:
    """Say whether the text is the notice that opens each chat; iPhones give it a sender."""
    return text.startswith(_APP_MARK) and "<" not in text and _CIPHER.search(text.partition("\n")[0]) is not None


def says_encrypted(text: str) -> bool:
    """Say whether a line without a sender is the notice that messages are encrypted: no other log opens so."""
    return _ENCRYPTED.search(text) is not None and _MESSAGES.search(text) is not None


def words_after_media(line: str) -> str | None:
    """Return what follows a media name in parentheses, as "file attached" in the phone's language; None if nothing."""
    match = _MEDIA_NOTE.search(line) if "-WA" in line else None
    return match["words"].casefold() if match is not None else None


def clean(text: str, file_words: str | None = None) -> tuple[str, dict[str, object]]:
    """Return what the person wrote and what the app says about it.

    Args:
        text: The message.
        file_words: What this export writes for "file attached" (see :func:`words_after_media`), None if not known.

    Returns:
        The text, empty when there is none (media without a caption, deleted), and metadata:
        ``edited`` (True), ``attachments`` (file names) and ``votes`` (of a poll's choices).
    """
    metadata: dict[str, object] = {}
    text, edited = _without_edit_marker(text)
    if edited:
        metadata["edited"] = True
    text, files = _without_attachments(_OMITTED_FIRST.sub("", text), file_words)
    if files:
        metadata["attachments"] = files
    if _is_placeholder(text):
        return "", metadata
    text, votes = _without_votes(_ISOLATES.sub("", text).strip())
    return text, metadata | ({"votes": votes} if votes else {})


def _without_votes(text: str) -> tuple[str, dict[str, int]]:
    """Return a poll as its question and choices, and the votes, which are others at each export; else the text."""
    first, *lines = text.split("\n")
    options = [match for line in lines[1:] if (match := _OPTION.fullmatch(line.strip())) is not None]
    if not options or len(options) < len(lines) - 1 or _POLL.fullmatch(first.strip()) is None:
        return text, {}
    words = [lines[0], *(f"- {option['choice']}" for option in options)]
    return "\n".join(words), {option["choice"]: int(option["votes"]) for option in options}


def _without_edit_marker(text: str) -> tuple[str, bool]:
    marker = _EDITED_END.search(text)
    if marker is None and (marker := _MARKED_END.search(text)) is not None and marker.start() == 0:
        marker = None  # nothing before it: a placeholder, not an edit
    return (text[: marker.start()], True) if marker else (text, False)


def _without_attachments(text: str, file_words: str | None) -> tuple[str, list[str]]:
    files = [match["name"] for match in _MARKED_FILE.finditer(text)]
    text = _OMITTED_END.sub("", _MARKED_FILE.sub("", text))
    first, _, rest = text.partition("\n")
    name = _noted_file(first, file_words)
    return (rest, [*files, name]) if name is not None else (text, files)


def _noted_file(line: str, file_words: str | None) -> str | None:
    """Return the file that the app names in a line of its own, None where somebody may have written the line."""
    bare = _ISOLATES.sub("", line).strip()
    match = _FILE_NOTE.fullmatch(bare)
    name = match["name"] if match is not None else bare
    if _MEDIA_NAME.fullmatch(name):
        return name
    if match is None:
        return None
    words = match["words"].casefold()
    return name if line.startswith(_APP_MARK) or words in _FILE_ATTACHED or words == file_words else None


def _is_placeholder(text: str) -> bool:
    bare = _ISOLATES.sub("", text).strip()
    if not bare or _PLACEHOLDER.fullmatch(bare):
        return True
    if not text.lstrip(" ").startswith(_APP_MARK) or "\n" in bare:
        return False
    return (len(bare) <= _SHORT_NOTICE and "http" not in bare) or _LONG_NOTICE.fullmatch(bare) is not None
