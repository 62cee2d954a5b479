# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A way to become for tests: the user who runs them, which takes no right and no password."""

from __future__ import annotations

from ansible.plugins.become import BecomeBase

DOCUMENTATION = r"""
name: same_user
short_description: Stay who you are
description: Runs what is to be run as another user as the same.
author: the smtpd.email authors
options: {}
"""


class BecomeModule(BecomeBase):
    name = "same_user"

    def build_become_command(self, cmd: str, shell: object) -> str:
        super().build_become_command(cmd, shell)
        return self._build_success_command(cmd, shell)
