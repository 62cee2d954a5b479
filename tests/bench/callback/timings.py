# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback for the benchmark: when each task began and ended, as lines of JSON in the file that is named."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: timings
type: aggregate
short_description: Write when each task began and ended
description: Writes a line of JSON for each task to the file that E(BENCH_TIMINGS_FILE) names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "timings"

    def __init__(self) -> None:
        super().__init__()
        self._task: dict[str, Any] = {}

    def _end(self) -> None:
        if self._task:
            with open(os.environ["BENCH_TIMINGS_FILE"], "a", encoding="utf-8") as file:
                file.write(json.dumps(dict(self._task, end=time.time())) + "\n")
        self._task = {}

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._end()
        self._task = {"task": task.get_name(), "action": task.action, "begin": time.time(), "skipped": False}

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._task["skipped"] = True

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._end()
