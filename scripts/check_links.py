"""Follow every link of the built documentation that stays within it; exit status 1 when one leads nowhere.

python scripts/check_links.py docs/_build
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import unquote

OUTSIDE = ("http://", "https://", "mailto:", "data:", "javascript:")


def broken(folder: Path) -> list[str]:
    """Return the links whose file or anchor does not exist, each with the page it stands on."""
    pages = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html") if "_static" not in path.parts}
    found = []
    for page, text in pages.items():
        for link in set(re.findall(r'<(?:a|link|img|script)\b[^>]*?\s(?:href|src)="([^"]+)"', text)):
            name, _, anchor = link.partition("#")
            target = (page.parent / unquote(name.partition("?")[0])).resolve() if name else page.resolve()
            if link.startswith(OUTSIDE):
                continue
            if not target.exists() or (anchor and f'id="{unquote(anchor)}"' not in target.read_text(encoding="utf-8")):
                found.append(f"{page.relative_to(folder)}: {link}")
    return sorted(found)


if __name__ == "__main__":
    lines = broken(Path(sys.argv[1]))
    print("\n".join(lines) if lines else "every link within the documentation leads somewhere")
    sys.exit(1 if lines else 0)
