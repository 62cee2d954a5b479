# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs shellcheck on the shell scripts of the current folder, also on those without .sh, which ansible-test leaves out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SHEBANG = re.compile(rb"#!\s*\S*?(?:/|env )(?:ba|da)?sh\b")


def is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return bool(SHEBANG.match(file.readline()))


def main() -> int:
    listing = subprocess.run(["git", "ls-files", "-z"], check=True, stdout=subprocess.PIPE, text=True).stdout
    names = [name for name in listing.split("\0") if name and Path(name).is_file() and is_script(Path(name))]
    print("\n".join(names), flush=True)
    return subprocess.run(["shellcheck", *names], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
