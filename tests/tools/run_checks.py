# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the checks of this repository, all of them or those that are named, and ends with a summary.

Of the tests, those marked C(thorough) are left out, unless C(--all) is given or their check is named.

Two lanes run side by side, one check after the other in each. Every check runs, whatever became of those before it.
The output is printed whole and in order: of the check whose turn it is at once, of the others when their turn comes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
HOME = BUILD / "home"
# A copy for the tools that refuse to work outside of such a path, or that would read what git ignores.
TREE = BUILD / "checks" / "ansible_collections" / "smtpd" / "email"
TIMEOUT, LONG_TIMEOUT = 2400, 6 * 3600  # seconds; a check that takes longer hangs
# Variables by which the caller's settings would get into the checks. Git sets its own for hooks, and they would make
# the commands for the copy work on the repository itself.
FOREIGN = ("ANSIBLE_", "FORCE_COLOR", "GIT_", "PYTHONPATH", "SMTPD_")


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        text = "%d passed, %d failed" % (self.passed, self.failed)
        return text + (", %d skipped" % self.skipped if self.skipped else "")


@dataclass
class Check:
    name: str
    command: list[str]
    cwd: Path = TREE
    counts_tests: bool = False
    timeout: float = TIMEOUT
    process: subprocess.Popen[bytes] | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    problem: str = "not run"  # empty once it has passed
    seconds: float = 0.0
    counts: Counts = field(default_factory=Counts)

    @property
    def log(self) -> Path:
        return BUILD / "checks" / ("%s.log" % self.name)

    @property
    def report(self) -> Path:
        return BUILD / "checks" / ("%s.xml" % self.name)


def tool(name: str, *arguments: str) -> list[str]:
    """Return the command of a tool that is installed beside this Python."""
    return [str(Path(sys.executable).parent / name), *arguments]


def script(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "tests" / "tools" / name), *arguments]


def pytest(name: str, *arguments: str, path: str = "", timeout: float = TIMEOUT) -> Check:
    command = [sys.executable, "-m", "pytest", "tests/%s" % (path or name), *arguments]
    check = Check(name, command, cwd=ROOT, counts_tests=True, timeout=timeout)
    check.command += ["--junit-xml=%s" % check.report, "--basetemp=%s" % (BUILD / "tmp" / name)]
    return check


def leave_out_thorough(checks: list[Check]) -> None:
    for check in checks:
        if check.counts_tests:
            check.command += ["-m", "not thorough"]


def lanes() -> list[list[Check]]:
    docs = ("lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", ".")
    return [
        [
            pytest("unit"),
            pytest("integration", "--numprocesses=2", "--dist=loadgroup"),
            pytest("trust", "--numprocesses=4"),
        ],
        [
            Check("sanity", script("sanity.py")),
            pytest("examples"),
            Check("molecule", tool("molecule", "test")),
            Check("lint", script("lint.py")),
            Check("docs-lint", tool("antsibull-docs", *docs)),
            Check("docs", script("docs_site.py")),
            Check("ruff", tool("ruff", "check", ".")),
            Check("style", tool("ruff", "format", "--check", ".")),
            Check("yamllint", tool("yamllint", "--strict", ".")),
            Check("shellcheck", script("shellcheck.py")),
            Check("licences", tool("reuse", "lint")),
            Check("workflows", tool("zizmor", "--offline", "--no-progress", ".github/workflows")),
        ],
    ]


def long_checks() -> list[Check]:
    """Those that only run when they are named."""
    return [
        pytest("trust-all", "--numprocesses=4", "--matrix=all", path="trust", timeout=LONG_TIMEOUT),
        pytest("killed", "--numprocesses=2", "--kill-points=200", path="trust/test_killed.py", timeout=LONG_TIMEOUT),
        pytest("fuzz", "--numprocesses=2", "--fuzz-examples=5000", path="trust/test_fuzz.py", timeout=LONG_TIMEOUT),
    ]


def environment() -> dict[str, str]:
    """Return an environment in which neither the user's settings nor the user's files play a part."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    env.update(
        HOME=str(HOME),
        LC_ALL="C.UTF-8",
        PATH=os.pathsep.join([str(Path(sys.executable).parent), str(BUILD / "bin"), env.get("PATH", os.defpath)]),
        PYTHONUNBUFFERED="1",
        NO_COLOR="1",
        ANSIBLE_CONFIG=str(HOME / "ansible.cfg"),
        ANSIBLE_COLLECTIONS_PATH=str(TREE.parents[2]),
        # In a container the checkout often belongs to another user; who trusts it says so in the home directory.
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="safe.directory",
        GIT_CONFIG_VALUE_0=str(ROOT),
    )
    return env


def lock_build() -> TextIO:
    """Wait for another run in this checkout to end, since both would work in the same folders."""
    BUILD.mkdir(exist_ok=True)
    lock = (BUILD / "checks.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Waiting for another run of the checks to end", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def make_home() -> None:
    """Make a home directory that shares nothing with the user's but how pip downloads."""
    real_home = Path.home()
    for name in (".config/pip", ".pip", ".cache/pip"):
        real, link = real_home / name, HOME / name
        if real.is_dir() and not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(real)
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "ansible.cfg").write_text("[defaults]\n")
    (BUILD / "tmp").mkdir(exist_ok=True)


def make_tree(env: dict[str, str]) -> None:
    """Copy what is committed, or could be, to a path that ends as the tools want it."""
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listing.split("\0")):
        source, target = ROOT / name, TREE / name
        if source.exists():  # deleted, but not yet from the index
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    # The tools ask git for the files; without a repository of its own they would be those that build/ is ignored by.
    subprocess.run(["git", "init", "--quiet"], cwd=TREE, env=env, check=True)
    subprocess.run(["git", "add", "--all"], cwd=TREE, env=env, check=True)


def run_lane(checks: list[Check], env: dict[str, str], stop: threading.Event) -> None:
    for check in checks:
        try:
            if not stop.is_set():
                run(check, env)
        except Exception as error:
            check.problem = "%s: %s" % (type(error).__name__, error)
        finally:
            check.ended.set()


def run(check: Check, env: dict[str, str]) -> None:
    start = time.monotonic()
    # To a file, not a pipe: a process that is left over could hold a pipe open for ever.
    with check.log.open("wb") as log:
        process = check.process = subprocess.Popen(
            check.command, cwd=check.cwd, env=env, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        status = process.wait(check.timeout)
        problems = ["exit status %d" % status] if status else []
    except subprocess.TimeoutExpired:
        problems = ["stopped after %d seconds" % check.timeout]
        interrupt(process)
    left_over = end_session(process.pid)
    if left_over:
        problems.append("left processes running: %s" % ", ".join(left_over))
    check.seconds = time.monotonic() - start
    if check.counts_tests:
        check.counts = read_counts(check.report)
        if not check.counts.passed and not check.counts.failed:
            problems.append("ran no test")
    check.problem = ", ".join(problems)


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Ask the process and its children to end, as Ctrl-C does, so that tests stop the servers they have started."""
    try:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(20)
    except ProcessLookupError:
        pass
    except subprocess.TimeoutExpired:
        process.kill()


def end_session(session: int) -> list[str]:
    """Return what still runs of a check, after a moment to end by itself, and kill it."""
    deadline = time.monotonic() + 3
    while (found := processes_of_session(session)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for number in found:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return list(found.values())


def processes_of_session(session: int) -> dict[int, str]:
    """Return the names of a session's processes by their numbers; none where there is no /proc to find them in."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _parenthesis, tail = stat.read_text(errors="replace").rpartition(")")
        except OSError:  # it has just ended
            continue
        state, _parent, _group, its_session = tail.split()[:4]
        if int(its_session) == session and state != "Z":
            number, _parenthesis, name = head.partition(" (")
            found[int(number)] = name
    return found


def read_counts(report: Path) -> Counts:
    """Return the counts of pytest's report; none when pytest did not come to write one."""
    if not report.exists():
        return Counts()
    counts = Counts()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        counts.failed += failed
        counts.skipped += skipped
        counts.passed += int(suite.get("tests", 0)) - failed - skipped
    return counts


def print_output(check: Check) -> None:
    command = " ".join(check.command).replace("%s%s" % (ROOT, os.sep), "")
    print("\n===== %s: %s" % (check.name, command), flush=True)
    with check.log.open(errors="replace") as log:
        ended = False
        while not ended:
            ended = check.ended.wait(0.2)  # before reading, so that the last read gets the last line
            print(log.read(), end="", flush=True)
    if check.problem:
        print("%s: %s" % (check.name, check.problem), flush=True)


def print_summary(checks: list[Check]) -> bool:
    print("\n%-12s %-8s %8s" % ("check", "result", "seconds"))
    total = Counts()
    for check in checks:
        detail = str(check.counts) if check.counts_tests else ""
        note = " (%s)" % check.problem if check.problem else ""
        result = "failed" if check.problem else "passed"
        print(("%-12s %-8s %8.1f  %s%s" % (check.name, result, check.seconds, detail, note)).rstrip())
        total.passed += check.counts.passed + (not check.problem)
        total.failed += check.counts.failed + bool(check.problem)
        total.skipped += check.counts.skipped
    print("\nTests and checks together:\n%s" % total, flush=True)
    return not total.failed


def main(arguments: list[str]) -> int:
    names = [argument for argument in arguments if argument != "--all"]
    chosen = [[check for check in lane if not names or check.name in names] for lane in lanes()]
    chosen += [[check] for check in long_checks() if check.name in names]
    checks = [check for lane in chosen for check in lane]
    unknown = set(names) - {check.name for check in checks}
    if unknown:
        print("There is no check named %s." % ", ".join(sorted(unknown)), file=sys.stderr)
        return 2
    if not arguments:
        leave_out_thorough(checks)
    lock = lock_build()
    env = environment()
    make_home()
    make_tree(env)
    for check in checks:
        check.log.write_text("")
        check.report.unlink(missing_ok=True)
    stop = threading.Event()
    threads = [threading.Thread(target=run_lane, args=(lane, env, stop), daemon=True) for lane in chosen]
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    try:
        for thread in threads:
            thread.start()
        for check in checks:
            print_output(check)
    finally:
        stop.set()
        for check in checks:
            if check.process and not check.ended.is_set():
                interrupt(check.process)
        for thread in threads:
            thread.join()
        lock.close()
    return 0 if print_summary(checks) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
