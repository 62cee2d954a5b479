# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs C(ansible-test sanity) in the current folder, also where only package indexes can be reached."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

from version_matrix import TARGETS, find_python

# Tests that cannot say anything here are left out by ansible-test with this word; they must not go unnoticed.
SKIPPING = re.compile(r"^(?:WARNING: )?Skipping ", re.MULTILINE)

# Does what ansible-test has the original do: to bring pip into an environment that has none.
BOOTSTRAP = """\
import subprocess
import sys

arguments = [item for item in sys.argv[1:] if item not in ("--no-setuptools", "--no-wheel")]
for command in (["ensurepip", "--default-pip"], ["pip", "install", "--quiet", "--upgrade", *arguments]):
    status = subprocess.run([sys.executable, "-m", *command], check=False).returncode
    if status:
        sys.exit(status)
"""


def bootstrap_pip(python: str) -> None:
    """Write the script that ansible-test would download, where it cannot be downloaded.

    ansible-test makes an environment for each of its tests, and gets pip into it by a script from a site of its own.
    """
    url, path = bootstrap_source(python)
    if path.exists():
        return
    try:
        with urllib.request.urlopen(url, timeout=10):
            return
    except OSError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(BOOTSTRAP)
        print("%s cannot be reached; pip comes from ensurepip" % url, flush=True)


def bootstrap_source(python: str) -> tuple[str, Path]:
    """Return the address, and the file that is used instead when it exists, as the installed ansible-test has them."""
    from ansible_test._internal.python_requirements import get_venv_packages

    package = importlib.util.find_spec("ansible_test")
    assert package is not None and package.submodule_search_locations
    source = Path(package.submodule_search_locations[0], "_util", "target", "setup", "requirements.py").read_text()
    url = re.search(r"'(https://\S+/get-pip-%s\.py)'", source)
    path = re.search(r"'~/(\S+/get_pip_%s\.py)'", source)
    if not url or not path:
        raise RuntimeError("This version of ansible-test gets pip in another way: adapt tests/tools/sanity.py")
    version = get_venv_packages(SimpleNamespace(version=python))["pip"]
    return url.group(1) % version, Path.home() / (path.group(1) % version.replace(".", "_"))


def python_version() -> str:
    return "%d.%d" % sys.version_info[:2]


def run_sanity(python: str, *arguments: str) -> int:
    """Run the tests with one version of Python. What is left out is a failure."""
    bootstrap_pip(python)
    interpreter = find_python(python) or sys.executable
    # Without --python ansible-test tries each version that it finds a command for, even when that cannot run.
    ansible_test = Path(sys.executable).with_name("ansible-test")
    command = [str(ansible_test), "sanity", "--local", "--python", python, "--color", "no", *arguments]
    # First, because a shim of the same name need not run.
    path = [str(Path(interpreter).parent)] if python != python_version() else []
    environ = dict(os.environ, PATH=os.pathsep.join([*path, os.environ.get("PATH", os.defpath)]))
    process = subprocess.Popen(
        command, env=environ, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    skipped = []
    for line in process.stdout:
        print(line, end="", flush=True)
        if SKIPPING.search(line):
            skipped.append(line)
    status = process.wait()
    if skipped:
        print("\nSome tests were left out, which is a failure here:\n%s" % "".join(skipped), end="")
    return status or (1 if skipped else 0)


def main() -> int:
    status = run_sanity(python_version())
    # The modules also run on managed hosts, whose Python can be older.
    oldest = TARGETS[0]
    if find_python(oldest) is None:
        print("There is no Python %s here, so the modules were not imported by it" % oldest)
        return status
    return run_sanity(oldest, "--test", "compile", "--test", "import") or status


if __name__ == "__main__":
    sys.exit(main())
