# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes C(import ansible_collections.smtpd.email...) and the playbooks of tests find this very checkout."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def _collections_path() -> Path:
    """Return the folder that holds ansible_collections/smtpd/email.

    A plain checkout gets one out of the way, under build/, with a link back to it.
    """
    if ROOT.parts[-3:] == ("ansible_collections", "smtpd", "email"):
        return ROOT.parents[2]
    tree = ROOT / "build" / "tree"
    link = tree / "ansible_collections" / "smtpd" / "email"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not (link.is_symlink() and link.resolve() == ROOT):
        # By way of a rename, because parallel test processes do this at the same time.
        fresh = link.with_name("email.%d" % os.getpid())
        fresh.symlink_to(ROOT)
        fresh.replace(link)
    return tree


# Now, on import: pytest-ansible reads the variable when it is configured, which is after the conftest files are loaded.
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(_collections_path())
# BIND: the copy of "make bind" if there is one, else the system's.
os.environ["PATH"] = os.pathsep.join([str(ROOT / "build" / "bin"), os.environ.get("PATH", os.defpath), "/usr/sbin"])
# For tests.simulator and tests.support.
sys.path.insert(0, str(ROOT))
