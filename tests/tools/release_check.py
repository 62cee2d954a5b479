# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds out whether what is in build/ can be released as it is.

The changelog has to be complete, Galaxy's importer has to take the tarball without a complaint, and on an empty machine it has to
install and do its job. For the latter, a home directory and an environment of their own stand for the machine.

Usage: release_check.py TARBALL
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import changelog
import run_checks
from run_checks import BUILD, ROOT, TREE

FOLDER = BUILD / "release"
SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")

PLAYBOOK = """\
- hosts: localhost
  roles:
    - role: smtpd.email.sending_profile
      vars:
        sending_profile_name: newsletter
        sending_profile_sending_domain: mail.example.com
        sending_profile_preflight: false
        sending_profile_dns_nameservers: [127.0.0.1:9]
"""


class Refused(Exception):
    """The release is not ready; the message says why."""


def run(command: list[str], env: dict[str, str], cwd: Path, log: str) -> str:
    """Run a command and return what it printed, which also goes to a file."""
    path = FOLDER / (log + ".log")
    with path.open("w", encoding="utf-8") as file:
        status = subprocess.run(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode
    output = path.read_text(encoding="utf-8", errors="replace")
    if status:
        raise Refused("%s: exit status %d\n%s" % (" ".join(command), status, output[-4000:]))
    return output


def make_environment(name: str, *packages: str) -> Path:
    """Make a virtual environment with nothing but some packages, and return its folder of commands."""
    folder = FOLDER / name
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, *packages], check=True, env=run_checks.environment())
    return folder / "bin"


def check_changelog(env: dict[str, str]) -> None:
    """The changelog is that of this version, with all fragments and all plugins that are new in it."""
    version = changelog.version_of(ROOT)
    if not SEMANTIC.fullmatch(version):
        raise Refused("The version %s is not a semantic one, see https://semver.org." % version)
    try:
        changelog.make(TREE, env)
    except subprocess.CalledProcessError as error:
        raise Refused("antsibull-changelog fails, see above.") from error
    if changelog.fragments(ROOT) or any(
        (TREE / name).read_bytes() != (ROOT / name).read_bytes() for name in changelog.MADE
    ):
        raise Refused("The changelog is not up to date: make changelog")


def check_importer(tarball: Path, env: dict[str, str]) -> None:
    """Galaxy's importer takes the tarball without a warning. It ends with status 0 in any case, so its log is read."""
    commands = make_environment("importer", "galaxy-importer >= 0.4.30, < 1")
    settings = FOLDER / "galaxy-importer.cfg"
    settings.write_text("[galaxy-importer]\nCHECK_REQUIRED_TAGS = True\n", encoding="utf-8")
    env = dict(env, GALAXY_IMPORTER_CONFIG=str(settings), PATH="%s:%s" % (commands, env["PATH"]))
    command = [str(commands / "python"), "-m", "galaxy_importer.main", str(tarball)]
    output = run(command, env, FOLDER, "importer")
    complaints = [line for line in output.splitlines() if re.match(r"(WARNING|ERROR|CRITICAL)\b|\[?(WARN|ERR)", line)]
    if complaints or "Importer processing completed successfully" not in output:
        raise Refused("Galaxy's importer complains:\n%s" % ("\n".join(complaints) or output[-4000:]))


@contextlib.contextmanager
def simulator(commands: Path, collection: Path, env: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run the simulator that is in the tarball, and yield the environment that leads to it."""
    command = [str(commands / "python"), "-m", "tests.simulator", "--creating=0.2"]
    process = subprocess.Popen(command, cwd=collection, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        try:
            greeting = json.loads(process.stdout.readline())
            yield dict(env, SMTPD_API_URL=greeting["url"], SMTPD_ACCESS_TOKEN=greeting["token"])
        finally:
            process.terminate()
            process.wait(20)


def check_installation(tarball: Path) -> None:
    """With nothing but ansible-core and what the README tells, the role creates a profile."""
    home = FOLDER / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    for name in (".config/pip", ".pip"):  # how packages are found is the machine's business
        if (run_checks.HOME / name).is_dir():
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).symlink_to((run_checks.HOME / name).resolve())
    commands = make_environment("empty", "ansible-core")
    env = {"HOME": str(home), "PATH": "%s:%s" % (commands, os.defpath), "LC_ALL": "C.UTF-8"}
    env.update({name: value for name, value in os.environ.items() if name.startswith("PIP_")})
    collection = home / ".ansible" / "collections" / "ansible_collections" / "smtpd" / "email"
    run(["ansible-galaxy", "collection", "install", str(tarball)], env, home, "install")
    requirements = ["-r", str(collection / "requirements.txt"), "aiohttp"]
    run([str(commands / "python"), "-m", "pip", "install", "--quiet", *requirements], env, home, "requirements")
    (home / "site.yml").write_text(PLAYBOOK, encoding="utf-8")
    with simulator(commands, collection, env) as reached:
        first = run(["ansible-playbook", "site.yml"], reached, home, "first-run")
        second = run(["ansible-playbook", "site.yml"], reached, home, "second-run")
        listed = run(["ansible", "localhost", "-m", "smtpd.email.smtpd_profile_info"], reached, home, "list")
    if "changed=1 " not in first or "changed=0 " not in second or listed.count('"profile_id"') != 1:
        raise Refused("The role does not do its job on an empty machine, see %s" % FOLDER)


def main(tarball: Path) -> int:
    lock = run_checks.lock_build()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    env = run_checks.environment()
    run_checks.make_home()
    run_checks.make_tree(env)
    try:
        print("The changelog", flush=True)
        check_changelog(env)
        print("Galaxy's importer", flush=True)
        check_importer(tarball, env)
        print("Installation on an empty machine", flush=True)
        check_installation(tarball)
    except Refused as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        lock.close()
    print("%s can be released." % tarball.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
