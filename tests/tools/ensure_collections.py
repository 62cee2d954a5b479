# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python ensure_collections.py DIRECTORY COLLECTION...): see to it that other collections are there, such as
C(community.general).

They are taken out of the Python package C(ansible), which has many of them, because Galaxy cannot be reached from
everywhere where pip can.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# 12 is the newest for Python 3.11.
PACKAGE = "ansible >= 12"


def missing(directory: Path, collections: list[str]) -> list[str]:
    return [name for name in collections if not (folder(directory, name) / "MANIFEST.json").is_file()]


def folder(directory: Path, collection: str) -> Path:
    namespace, _dot, name = collection.partition(".")
    return directory / "ansible_collections" / namespace / name


def download(directory: Path) -> Path:
    """Get the package and return its file."""
    print("Downloading the Python package ansible, which has the collections in it", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary", ":all:", "--dest", str(directory), PACKAGE]
    if subprocess.run(command, check=False).returncode:
        sys.exit("'pip download ansible' failed, see above")
    return next(directory.glob("*.whl"))


def unpack(wheel: zipfile.ZipFile, collection: str, directory: Path) -> None:
    """Put a collection into its place, all of it or nothing."""
    target = folder(directory, collection)
    prefix = "ansible_collections/%s/" % collection.replace(".", "/")
    members = [name for name in wheel.namelist() if name.startswith(prefix)]
    if not members:
        sys.exit("The package has no collection %s." % collection)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as temporary:
        wheel.extractall(temporary, members)
        shutil.rmtree(target, ignore_errors=True)
        (Path(temporary) / prefix).rename(target)


def main() -> None:
    directory, wanted = Path(sys.argv[1]), sys.argv[2:]
    needed = missing(directory, wanted)
    if not needed:
        return
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as temporary, zipfile.ZipFile(download(Path(temporary))) as wheel:
        for collection in needed:
            unpack(wheel, collection, directory)


if __name__ == "__main__":
    main()
