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
    "media omitted|medien ausgeschlossen|medien weggelassen|multimedia omitido|archivo omitido|médias omis|"
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
    "this message was deleted|you deleted this message|diese nachricht wurde gelöscht|du hast diese nachricht gelöscht|"
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
    r"crittografia end-to-end|end-to-end versleutel|сквозн\w+ шифрован|uçtan uca şifre|端到端加密|端對端加密|"
    r"エンドツーエンド|종단간 암호화|مشفرة تمامًا بين الطرفين|מוצפנות מקצה לקצה|एंड-टू-एंड एन्क्रिप्ट",
    re.IGNORECASE,
)
_GROUP_ACT = re.compile(
    r"\b(?:created (?:the )?group|changed (?:the )?(?:subject|group|this group)|hat (?:die gruppe|den betreff)|"
    r"creó (?:el )?grupo|cambió el asunto|a créé le groupe|a changé (?:le|l’)|criou o grupo|mudou (?:o|a)|"
    r"ha creato il gruppo|ha cambiato|heeft (?:de groep|het onderwerp))\b",
    re.IGNORECASE,
)
_FILE_NOTE = re.compile(r"(?P<name>[^\s<>:\"/\\|?*][^<>:\"/\\|?*\n]{0,120}\.[A-Za-z0-9]{2,5}) \([^()\n]{4,40}\)")
_MARKED_FILE = re.compile(r"\u200e?<[^<>:\n]{3,30}: (?P<name>[^<>\n]{1,160}\.[A-Za-z0-9]{2,5})>")
_MARKED_END = re.compile(r"\s*\u200e<[^<>:\n]{3,60}>\s*$")
_EDITED_END = re.compile(rf"\s*<(?:{_EDITED})>\s*$", re.IGNORECASE)
_PLACEHOLDER = re.compile(rf"<?(?:{_OMITTED})>?\.?|(?:{_DELETED})\.?|{_KINDS_OMITTED}", re.IGNORECASE)
_OMITTED_END = re.compile(rf"\s*\u200e{_KINDS_OMITTED}\s*$", re.IGNORECASE)
_MEDIA_NAME = re.compile(r"(?:IMG|VID|PTT|AUD|DOC|STK|GIF)-\d{8}-WA\d{4}\.\w{2,5}")
_SHORT_NOTICE = 80  # the longest placeholder known, "Missed group video call at …", has 50 characters
_LONGEST_SENDER = 100


def is_notice_sender(name: str) -> bool:
    """Say whether what stands before a colon belongs to a notice ('Ann changed the subject to "A')."""
    open_quote = sum(map(name.count, '"“”„«»')) % 2 == 1
    return not name.strip() or len(name) > _LONGEST_SENDER or open_quote or _GROUP_ACT.search(name) is not None


def is_encryption_notice(text: str) -> bool:
    """Say whether the text is the notice that opens each chat; iPhones give it a sender."""
    return text.startswith(_APP_MARK) and _ENCRYPTED.search(text) is not None


def clean(text: str) -> tuple[str, dict[str, object]]:
    """Return what the person wrote and what the app says about it.

    Returns:
        The text, empty when there is none (media without a caption, deleted), and metadata:
        ``edited`` (True) and ``attachments`` (file names).
    """
    metadata: dict[str, object] = {}
    text, edited = _without_edit_marker(text)
    if edited:
        metadata["edited"] = True
    text, files = _without_attachments(text)
    if files:
        metadata["attachments"] = files
    if _is_placeholder(text):
        return "", metadata
    return _ISOLATES.sub("", text).strip(), metadata


def _without_edit_marker(text: str) -> tuple[str, bool]:
    marker = _EDITED_END.search(text)
    if marker is None and (marker := _MARKED_END.search(text)) is not None and marker.start() == 0:
        marker = None  # nothing before it: a placeholder, not an edit
    return (text[: marker.start()], True) if marker else (text, False)


def _without_attachments(text: str) -> tuple[str, list[str]]:
    files = [match["name"] for match in _MARKED_FILE.finditer(text)]
    text = _OMITTED_END.sub("", _MARKED_FILE.sub("", text))
    first, line_break, rest = text.partition("\n")
    bare = _ISOLATES.sub("", first).strip()
    match = _FILE_NOTE.fullmatch(bare)
    if match is not None and (text.startswith(_APP_MARK) or _MEDIA_NAME.fullmatch(match["name"]) or line_break == ""):
        return rest, [*files, match["name"]]
    if _MEDIA_NAME.fullmatch(bare):
        return rest, [*files, bare]
    return text, files


def _is_placeholder(text: str) -> bool:
    bare = _ISOLATES.sub("", text).strip()
    if not bare or _PLACEHOLDER.fullmatch(bare):
        return True
    by_app = text.lstrip(" ").startswith(_APP_MARK)
    return by_app and len(bare) <= _SHORT_NOTICE and "\n" not in bare and "http" not in bare
