# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the tests with each supported ansible-core and each Python that this machine has, and ends with a table.

    python tests/tools/version_matrix.py                     all of it
    python tests/tools/version_matrix.py core-2.17-py3.11    one row, or several
    python tests/tools/version_matrix.py --list              the rows, and what is missing for them

The oldest ansible-core goes with the oldest supported libraries. C(target) rows run the modules by another Python than
Ansible itself, as on a managed host. What this machine has no Python for is named, and is no failure.
"""

from __future__ import annotations

import argparse
import os
import pwd
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "matrix"
CHECKS = ("unit", "integration", "trust", "sanity")

CORES = ("2.17", "2.18", "2.19", "2.20", "2.21")
PYTHONS = ("3.11", "3.12", "3.13")
FIRST_PYTHON = {"2.20": "3.12", "2.21": "3.12"}
LOWEST = ("2.17", "3.11")
TARGETS = ("3.9", "3.10")
TARGET_CORE = ("2.19", "3.11")
TARGET_REQUIREMENTS = ["octodns-powerdns", "octodns-route53"]


@dataclass
class Row:
    """A combination of versions.

    :param target: the Python of the modules, where it is not Ansible's own.
    """

    core: str
    python: str
    target: str = ""
    result: str = ""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return "target-py%s" % self.target if self.target else "core-%s-py%s" % (self.core, self.python)

    @property
    def is_lowest(self) -> bool:
        return (self.core, self.python) == LOWEST and not self.target

    def missing(self) -> list[str]:
        """The Pythons that this machine lacks for it."""
        return [version for version in (self.python, self.target) if version and find_python(version) is None]


def rows() -> list[Row]:
    combinations = [
        Row(core, python)
        for core in CORES
        for python in PYTHONS
        if version_key(python) >= version_key(FIRST_PYTHON.get(core, PYTHONS[0]))
    ]
    return combinations + [Row(*TARGET_CORE, target=target) for target in TARGETS]


def version_key(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def find_python(version: str) -> str | None:
    """An interpreter of this version that really runs. Shims of versions that are not there do not."""
    places = [Path(place) for place in os.environ.get("PATH", os.defpath).split(os.pathsep)]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path(pwd.getpwuid(os.getuid()).pw_dir, ".pyenv"))
    places += sorted((pyenv / "versions").glob("%s.*/bin" % version), reverse=True)
    for command in (place / ("python" + version) for place in places):
        if command.is_file():
            run = subprocess.run(
                [command, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"],
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            if run.returncode == 0 and run.stdout.strip() == version:
                return str(command)
    return None


def requirements(row: Row) -> list[str]:
    lines = ["ansible-core == %s.*" % row.core]
    if row.is_lowest:
        lines += [
            re.sub(r" *>= *", " == ", line)
            for line in (ROOT / "requirements.txt").read_text().splitlines()
            if ">=" in line
        ]
    return lines


def make_environment(name: str, python: str, lines: list[str], *files: str) -> Path:
    BUILD.mkdir(parents=True, exist_ok=True)
    own = BUILD / (name + ".txt")
    own.write_text("".join(line + "\n" for line in lines))
    subprocess.run(
        [ROOT / "tests" / "tools" / "ensure-venv", BUILD / name, own, *files],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHON": str(find_python(python)), "LOWEST_PYTHON": python},
    )
    return BUILD / name / "bin" / "python"


def run(row: Row, checks: list[str]) -> None:
    started = time.monotonic()
    print("\n##### %s" % row.name, flush=True)
    environ = dict(os.environ)
    try:
        python = make_environment(
            "core-%s-py%s" % (row.core, row.python), row.python, requirements(row), "tests/requirements.txt"
        )
        if row.target:
            target = make_environment(row.name, row.target, TARGET_REQUIREMENTS, "requirements.txt")
            environ["TEST_TARGET_PYTHON"] = str(target)
            checks = ["integration"]
        status = subprocess.run(
            [python, "tests/tools/run_checks.py", *checks], cwd=ROOT, env=environ, check=False
        ).returncode
        row.result = "failed" if status else "passed"
    except subprocess.CalledProcessError as error:
        row.result = "not installed: exit status %d" % error.returncode
    row.seconds = time.monotonic() - started


def print_table(table: list[Row]) -> None:
    print("\n%-18s %-12s %-7s %-10s %8s  %s" % ("row", "ansible-core", "Python", "modules by", "seconds", "result"))
    for row in table:
        print(
            "%-18s %-12s %-7s %-10s %8.0f  %s"
            % (
                row.name,
                row.core,
                row.python,
                row.target or row.python,
                row.seconds,
                row.result + (" (oldest libraries)" if row.is_lowest else ""),
            )
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help="names of rows, such as core-2.17-py3.11 (default: all)")
    parser.add_argument("--checks", default=",".join(CHECKS), help="what to run in each (default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="run nothing")
    arguments = parser.parse_args()
    unknown = set(arguments.rows) - {row.name for row in rows()}
    if unknown:
        parser.error(
            "there is no row %s; there are %s" % (", ".join(sorted(unknown)), ", ".join(row.name for row in rows()))
        )
    chosen = [row for row in rows() if not arguments.rows or row.name in arguments.rows]
    for row in chosen:
        if row.missing():
            row.result = "NOT RUN: this machine has no Python %s" % " and ".join(row.missing())
        elif arguments.list:
            row.result = "can be run"
        else:
            run(row, arguments.checks.split(","))
    print_table(chosen)
    return 1 if [row for row in chosen if row.result.startswith(("failed", "not installed"))] else 0


if __name__ == "__main__":
    sys.exit(main())
