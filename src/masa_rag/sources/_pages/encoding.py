"""The text of a page, in the encoding that its server or the page itself names, else in the one that fits."""

from __future__ import annotations

import codecs
import re

from masa_rag.sources._encoding import encoding_of_text

_NAMED = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_NAMED_IN_PAGE = re.compile(
    rb"<meta\b[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})|\A\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})",
    re.IGNORECASE,
)
_HEAD_BYTES = 4_096
_MEANT = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "shift_jis": "cp932", "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs",
}  # fmt: skip
"""What browsers take these names for (WHATWG Encoding Standard, 4.2): larger sets that pages under them use."""


def page_text(html: bytes, content_type: str | None = None) -> str:
    """Return a page as text; what cannot be read of it is marked as such.

    What is UTF-8, a few damaged bytes aside, is read as such: it is hardly ever anything else. Then the server is
    believed, then the page, and then the letters.

    Args:
        html: The page.
        content_type: What the server said of it: ``text/html; charset=windows-1257``.
    """
    if b"\x1b$" in html:  # no page has this in UTF-8, of which it is a part
        return html.decode("iso2022_jp", "replace")
    name, sure = encoding_of_text(html)
    if name.startswith("utf"):
        return html.decode(name, "replace")
    if (told := _told(html, content_type)) is not None:
        return told
    if sure:
        return html.decode(name, "replace")
    from trafilatura.utils import decode_file  # half a second to import, and few pages need it

    return str(decode_file(html))


def _told(html: bytes, content_type: str | None) -> str | None:
    """Return the page as the server, else the page, says that it is written; None where neither fits."""
    by_server, by_page = _NAMED.search(content_type or ""), _NAMED_IN_PAGE.search(html[:_HEAD_BYTES])
    names = [by_server[1]] if by_server else []
    names += [(by_page[1] or by_page[2]).decode("ascii")] if by_page else []
    for name in names:
        try:
            found = codecs.lookup(name).name
            return html.decode(_MEANT.get(found, found))
        except (LookupError, ValueError):
            continue
    return None
