# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation, as they stand there."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import yaml
from antsibull_docutils.rst_code_finder import find_code_blocks

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs" / "docsite" / "rst"


@dataclass(frozen=True)
class Block:
    """A block of code of a text.

    :param file: the name under which a reader is told to save it, or empty.
    """

    language: str
    content: str
    file: str = ""
    line: int = 0


def plugin_examples(*kinds: str) -> dict[str, Any]:
    """Return the examples of plugins as YAML documents, by C(kind/name)."""
    files = [path for kind in kinds for path in sorted((ROOT / "plugins" / kind).glob("[!_]*.py"))]
    return {"%s/%s" % (path.parent.name, path.stem): list(yaml.safe_load_all(examples_of(path))) for path in files}


def event_source_examples() -> list[dict[str, Any]]:
    """Return the arguments of each example of the event source."""
    source = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "profiles.py"
    return [item["smtpd.email.profiles"] or {} for item in yaml.safe_load(examples_of(source))]


def examples_of(path: Path) -> str:
    """Return the value of C(EXAMPLES) without importing the file."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["EXAMPLES"]:
            return ast.literal_eval(node.value)
    return ""


def guide_blocks(path: Path) -> list[Block]:
    """Return the code blocks of a guide in the order in which a reader meets them."""
    text = path.read_text(encoding="utf-8")
    captions = dict(captions_of(text))
    return [
        Block(block.language or "", block.content, captions.get(block.row_offset, ""), block.row_offset + 1)
        for block in find_code_blocks(text, path=path, root_prefix=ROOT)
    ]


def captions_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield the captions of code blocks with the line in which the block's content begins, counted from zero."""
    for match in re.finditer(r"^ +:caption: (\S+)\n(?: +:.*\n)*\s*\n", text, re.MULTILINE):
        yield text.count("\n", 0, match.end()), match.group(1)


def readme_blocks(path: Path) -> list[Block]:
    """Return the fenced code blocks of a Markdown file."""
    fences = re.finditer(r"^```(\w+)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(fence.group(1), fence.group(2)) for fence in fences]
