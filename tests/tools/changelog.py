# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings the changelog up to date: the fragments become part of the version in galaxy.yml, and new plugins are listed.

antsibull-changelog does that for a version once. As long as the version has no tag, it is made anew here, so that the
changelog can grow until the release.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import run_checks
import yaml
from run_checks import ROOT, TREE, tool

MADE = ("CHANGELOG.md", "changelogs/changelog.yaml")


def fragments(folder: Path) -> list[Path]:
    return sorted((folder / "changelogs" / "fragments").glob("[!.]*"))


def version_of(folder: Path) -> str:
    return yaml.safe_load((folder / "galaxy.yml").read_text(encoding="utf-8"))["version"]


def is_released(version: str, env: dict[str, str]) -> bool:
    command = ["git", "tag", "--list", "v%s" % version]
    return bool(subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE).stdout)


def make(tree: Path, env: dict[str, str]) -> None:
    """Make the changelog in a copy of the repository, whose path ends as antsibull-changelog wants it.

    :raises subprocess.CalledProcessError: a fragment is not right, or the version is released already; the tool says so.
    """
    version = version_of(tree)
    changes_file = tree / "changelogs" / "changelog.yaml"
    changelog = yaml.safe_load(changes_file.read_text(encoding="utf-8"))
    release = ["release", "--reload-plugins"]
    if version in changelog["releases"] and not is_released(version, env):
        made = changelog["releases"].pop(version)
        changes_file.write_text(yaml.safe_dump(changelog), encoding="utf-8")
        kept = tree / "changelogs" / "fragments" / ("%s.yml" % version)
        kept.write_text(yaml.safe_dump(made["changes"]), encoding="utf-8")
        release += ["--date", str(made["release_date"])]
    for command in (["lint"], release):
        subprocess.run(tool("antsibull-changelog", *command), cwd=tree, env=env, check=True)


def main() -> int:
    lock = run_checks.lock_build()
    env = run_checks.environment()
    run_checks.make_home()
    run_checks.make_tree(env)
    try:
        make(TREE, env)
    except subprocess.CalledProcessError as error:
        return error.returncode
    finally:
        lock.close()
    for name in MADE:
        shutil.copy2(TREE / name, ROOT / name)
    for path in fragments(ROOT):
        path.unlink()
    print("%s tells of version %s." % (MADE[0], version_of(ROOT)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
