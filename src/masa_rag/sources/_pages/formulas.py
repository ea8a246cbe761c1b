"""Formulas of a page as their TeX, in dollar signs: what draws them reads as nothing, or as their letters twice.

MathML (Wikipedia, arXiv) and KaTeX hold the TeX as an annotation, MathJax 2 in a script beside the drawing, pictures
of formulas in their ``alt``. Where there is none (pages saved with MathJax 3), it is written from the MathML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

_DRAWN = re.compile(r"(?:^|\s)(?:katex|mwe-math-element|MathJax\w*)(?:\s|$)")
_PICTURE_CLASS = re.compile(r"(?:^|\s)(?:tex|latex|math|ql-img-\S+|mwe-math-fallback-\S+)(?:\s|$)")
_PICTURE_PLACE = re.compile(r"latex\.php\?|latex\.codecogs\.com/|/math/render/", re.I)
_DISPLAYED = re.compile(r"\{\\(?:display|text)style (.*)\}", re.S)
"""What MediaWiki puts around each formula."""

_PROSE = re.compile(r"(?:[^\W\d_]{2,}[\s,.;:!?]+){4}")
"""Words in a row are no formula: nobody sees an annotation, so it is a place to hide sentences."""

_SIGN = re.compile(r"[\\^_={}+*/<>|]|^.{1,3}$")
_FUNCTION = re.compile(r"[^\W\d_]{2,}")
_DEEPEST_PART = 100
_DEEPEST = 4
"""Elements between a formula and the one that its drawing stands in."""


def write_formulas(tree: _Element) -> None:
    """Put the TeX of each formula in the place of what draws it."""
    for script in list(tree.iter("script")):
        if (script.get("type") or "").startswith("math/tex") and (tex := _plain(script.text)):
            _remove_drawing(script)
            _write(script, tex)
    for math in list(tree.iter("math")):
        _write(_drawing(math), _annotation(math) or _tex(math))
    for picture in tree.iter("img"):
        if _shows_formula(picture) and (tex := _plain(picture.get("alt"))) and _SIGN.search(tex):
            _write(picture, tex)


def _write(element: _Element, tex: str) -> None:
    """Make of an element a run of text; its style and class stay, which may hide it."""
    element.tag = "div" if element.tag == "div" else "span"
    element[:] = []
    element.text = f"${' '.join(tex.split())}$" if tex.strip() else ""


def _plain(tex: str | None) -> str | None:
    """Return TeX without what software put around it, None where it is none."""
    tex = (tex or "").replace("% <![CDATA[", "").replace("%]]>", "").strip()
    if (styled := _DISPLAYED.fullmatch(tex)) is not None:
        tex = styled[1].strip()
    tex = tex.strip("$").strip()
    return None if not tex or _PROSE.search(tex) else tex


def _annotation(math: _Element) -> str | None:
    told = (note.text for note in math.iter("annotation") if "tex" in (note.get("encoding") or "").lower())
    return _plain(next(told, None)) or _plain(math.get("alttext")) or _plain(math.get("data-latex"))


def _drawing(math: _Element) -> _Element:
    """Return the outermost element that only draws this formula."""
    found = math
    for number, above in enumerate(math.iterancestors()):
        if number == _DEEPEST:
            break
        if above.tag == "mjx-container" or _DRAWN.search(above.get("class") or ""):
            found = above
    return found


def _remove_drawing(script: _Element) -> None:
    """Remove what MathJax 2 drew, and the preview that it showed before."""
    before = script.getprevious()
    while before is not None and (before.get("class") or "").startswith("MathJax"):
        before[:] = []
        before.text = None
        before = None if before.tail and before.tail.strip() else before.getprevious()


def _shows_formula(picture: _Element) -> bool:
    place = picture.get("src") or ""
    return _PICTURE_CLASS.search(picture.get("class") or "") is not None or _PICTURE_PLACE.search(place) is not None


def _tex(element: _Element, depth: int = 0) -> str:
    """Return MathML as TeX, as far as its letters, fractions, roots, indices and tables go."""
    if depth > _DEEPEST_PART:
        return ""
    parts = [_tex(child, depth + 1) for child in element]
    match element.tag, parts:
        case (("annotation" | "annotation-xml" | "mphantom"), _):
            return ""
        case "mfrac", [top, bottom]:
            return rf"\frac{{{top}}}{{{bottom}}}"
        case "mroot", [inside, degree]:
            return rf"\sqrt[{degree}]{{{inside}}}"
        case (("msub" | "munder"), [base, low]):
            return f"{base}_{{{low}}}"
        case (("msup" | "mover"), [base, high]):
            return f"{base}^{{{high}}}"
        case (("msubsup" | "munderover"), [base, low, high]):
            return f"{base}_{{{low}}}^{{{high}}}"
    return _tex_of_row(str(element.tag), element.text, parts)


def _tex_of_row(tag: str, text: str | None, parts: Iterable[str]) -> str:
    inside = {"mtable": r" \\ ", "mtr": " & "}.get(tag, "").join(parts)
    if tag == "msqrt":
        return rf"\sqrt{{{inside}}}"
    own = " ".join((text or "").split())
    return f" {own} " if tag == "mtext" or _FUNCTION.fullmatch(own) else own + inside
