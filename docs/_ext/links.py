"""Links inside of a built site that lead nowhere: ``python docs/_ext/links.py SITE``."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["broken"]

HOLDS_LINK = {
    "a": "href",
    "link": "href",
    "img": "src",
    "script": "src",
    "source": "src",
    "object": "data",
}


class _Page(HTMLParser):
    """The links of a page, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in ("id", "name"):
            self.anchors.add(given.get(name) or "")
        link = given.get(HOLDS_LINK.get(tag, ""))
        if link is not None:
            self.links.append(link)


def broken(site: Path) -> list[str]:
    """Each link of a page to a file or a place in it that is not there, as text."""
    files = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in files}
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            base = site if parts.path.startswith("/") else path.parent
            target = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            there = target.is_file() and target.is_relative_to(site.resolve())
            known = pages.get(site / target.relative_to(site.resolve())) if there else None
            if not there or (known and unquote(parts.fragment) not in known.anchors):
                found.append(f"{path.relative_to(site)}: {link}")
    return found


if __name__ == "__main__":
    said = broken(Path(sys.argv[1]))
    print("\n".join(said) or "every link inside of the site leads somewhere")
    sys.exit(bool(said))
