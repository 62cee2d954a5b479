# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other authors' collections, for tests that work together with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ansible_collections

_TOOL = Path(__file__).resolve().parents[1] / "tools" / "ensure-collections"


def foreign_collections(*names: str) -> Path:
    """Return the folder for ANSIBLE_COLLECTIONS_PATH that has them, and make them importable in this process."""
    printed = subprocess.run([sys.executable, str(_TOOL), *names], check=True, stdout=subprocess.PIPE, text=True).stdout
    folder = Path(printed.strip())
    path = str(folder / "ansible_collections")
    if path not in ansible_collections.__path__:
        ansible_collections.__path__.append(path)
    return folder
