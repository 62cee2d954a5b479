# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-lint in the current folder, with the collections at hand that the playbooks use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COLLECTIONS = ("awx.awx",)


def main() -> int:
    ensure = [sys.executable, str(Path(__file__).with_name("ensure-collections")), *COLLECTIONS]
    folder = subprocess.run(ensure, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    path = os.pathsep.join(filter(None, [os.environ.get("ANSIBLE_COLLECTIONS_PATH"), folder]))
    command = [str(Path(sys.executable).with_name("ansible-lint")), "--profile", "production", "--offline", "--strict"]
    return subprocess.run(command, env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=path), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
