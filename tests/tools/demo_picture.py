# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the picture of the README out of what C(make demo) prints: C(make picture).

The picture has the demo's own lines in its own order. Left out are the playbook, which the README has, and tasks that found
nothing to do.

Usage: make demo | demo_picture.py FILE
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Iterator

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 112
# As rich has it, without the fonts that it lets every viewer fetch from a third party.
PICTURE = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="What make demo prints">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def scenes(output: str) -> Iterator[tuple[str, str]]:
    """Yield the lines that are worth a look, each with its style.

    :raises ValueError: it is not the output of a demo that went well to its end.
    """
    if "Nothing is left running." not in output or "NOT:" in output:
        raise ValueError("This is not the output of a demo that went well.")
    task = ""
    for line in output.splitlines():
        if line.startswith("TASK ["):
            task = re.sub(r"^TASK \[smtpd\.email\.\w+ : (.*)\].*", r"TASK [\1]", line)
        elif line.startswith("changed: "):
            yield task, "bold"
            yield line, "yellow"
        elif re.match(r"\d\. |Done in ", line):
            yield "", ""
            yield re.sub(r"Done in .*? s\. ", "", line), "bold cyan"
        elif line.startswith("$ "):
            yield line, "bold white"
        elif line.startswith(("removed: ", "zone ")):
            yield line, "magenta"
        elif re.match(r"  \S+ \d+ IN (CNAME|TXT|MX) ", line):
            yield line, "dim"
        elif line.startswith("localhost "):
            yield re.sub(r" +skipped=.*", "", line), ""
        elif line.startswith("ok: ") and not line.startswith("ok: [") and line != "ok: the playbook ends well":
            yield line, "green"


def main(path: Path) -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text("$ make demo", style="bold white"))
    for line, style in scenes(re.sub(r"\x1b\[[0-9;]*m", "", sys.stdin.read())):
        text = Text(line, style=style, no_wrap=True)
        text.truncate(WIDTH, overflow="ellipsis")
        console.print(text)
    path.write_text(
        console.export_svg(title="make demo", theme=MONOKAI, code_format=PICTURE, unique_id="demo"), encoding="utf-8"
    )


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except ValueError as problem:
        sys.exit(str(problem))
