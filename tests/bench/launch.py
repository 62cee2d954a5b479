# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one command and writes what it took: C(python launch.py RESULT SECONDS COMMAND...).

A process of its own and a small one, because Linux counts the memory of the process that starts a command to the
command's peak.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time


def main() -> None:
    result, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    began, clock = time.time(), time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: os.killpg(process.pid, signal.SIGKILL))
    timer = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
    timer.daemon = True
    timer.start()
    # The usage is that of the command and of all its descendants, the peak that of the largest of them.
    _pid, status, usage = os.wait4(process.pid, 0)
    taken = time.monotonic() - clock
    timer.cancel()
    with open(result, "w", encoding="utf-8") as file:
        json.dump({
            "began": began, "seconds": taken, "cpu": usage.ru_utime + usage.ru_stime,
            "peak_mb": usage.ru_maxrss * 1024 / 1e6, "status": os.waitstatus_to_exitcode(status),
            "timed_out": taken >= seconds,
        }, file)


if __name__ == "__main__":
    main()
