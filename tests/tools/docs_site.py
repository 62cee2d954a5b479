# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation site of the collection in the current folder, and looks for links that lead nowhere.

The folder's path has to end in C(ansible_collections/smtpd/email). The site is put into C(build/docs) of the checkout that
this program belongs to.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Iterator, Optional
from urllib.parse import unquote, urlsplit

HERE = Path(__file__).resolve().parent
SITE = HERE.parents[1] / "build" / "docs"
SETTINGS = HERE / "docs_site"


class Page(HTMLParser):
    """What a page links to, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Optional[str]]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value or "")


def broken_links(folder: Path) -> Iterator[str]:
    """Yield the links between the pages below a folder that lead nowhere, and the parts that a page has fetched from elsewhere."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield "%s: %s: there is no such file" % (path.relative_to(folder), link)
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield "%s: %s: there is no such place in the file" % (path.relative_to(folder), link)


def tool(name: str, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name(name)), *arguments]


def build(collections: Path) -> None:
    """Write the pages' sources, and the pages."""
    shutil.rmtree(SITE, ignore_errors=True)
    sources, pages = SITE / "rst", SITE / "html"
    sources.mkdir(parents=True)
    sources.chmod(0o755)  # antsibull-docs refuses a folder that others can write to
    antsibull = tool(
        "antsibull-docs", "--config-file", str(SETTINGS / "antsibull-docs.cfg"), "collection", "--use-current",
        "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(sources), "smtpd.email",
    )  # fmt: skip
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(collections))
    subprocess.run(antsibull, check=True, env=environment)
    # Only texts are copied by antsibull-docs, not what they show.
    shutil.copytree(Path("docs") / "docsite" / "rst" / "examples", sources / "docsite" / "examples")
    sphinx = ("-b", "html", "-q", "-W", "--keep-going", "-d", str(SITE / "doctrees"), "-c", str(SETTINGS))
    subprocess.run(tool("sphinx-build", *sphinx, str(sources), str(pages)), check=True)


def main() -> int:
    try:
        build(Path.cwd().parents[2])
    except subprocess.CalledProcessError as error:
        return error.returncode
    problems = list(broken_links(SITE / "html"))
    print(
        "\n".join(problems)
        or "The site is built, and no link in it is broken: open %s" % (SITE / "html" / "index.html")
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
