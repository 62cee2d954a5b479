# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one command and writes what it took: C(python launch.py RESULT SECONDS COMMAND...).

A process of its own and a small one, because Linux counts the memory of the process that starts a command to the
command's peak. It ends the command after so many seconds, and when its own standard input is closed, which is at the
latest when its caller is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any, Callable


def end_after(wait: Callable[[], Any], process: int) -> None:
    """End a process and its descendants when the waiting is over."""
    wait()
    for number in [process, *descendants(process)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def descendants(process: int) -> list[int]:
    """The descendants of a process. Not its group, which Ansible's workers leave."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open("/proc/%s/stat" % name, encoding="utf-8", errors="replace") as file:
            children.setdefault(int(file.read().rpartition(")")[2].split()[1]), []).append(int(name))
    found = [process]
    for number in found:
        found += children.get(number, [])
    return found[1:]


def main() -> None:
    result, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    began, clock = time.time(), time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    for wait in (lambda: time.sleep(seconds), lambda: os.read(0, 1)):
        threading.Thread(target=end_after, args=(wait, process.pid), daemon=True).start()
    # The usage is that of the command and of all its descendants, the peak that of the largest of them.
    _pid, status, usage = os.wait4(process.pid, 0)
    taken = time.monotonic() - clock
    with open(result, "w", encoding="utf-8") as file:
        json.dump(
            {
                "began": began,
                "seconds": taken,
                "cpu": usage.ru_utime + usage.ru_stime,
                "peak_mb": usage.ru_maxrss * 1024 / 1e6,
                "status": os.waitstatus_to_exitcode(status),
                "timed_out": taken >= seconds,
            },
            file,
        )


if __name__ == "__main__":
    main()
