# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where modules may start as forks. That they do is in C(tests/integration/test_module_start.py)."""

from __future__ import annotations

import pytest

from ansible_collections.smtpd.email.plugins.plugin_utils._forked import can_fork


@pytest.mark.parametrize("core", ["2.17.0", "2.21.5", "2.21.0rc1"])
def test_modules_may_fork_with_versions_of_ansible_core_that_were_tried(core: str) -> None:
    assert can_fork(core, "linux")


@pytest.mark.parametrize("core", ["2.22.0.dev0", "2.100.1", "3.0"])
def test_no_module_forks_with_a_later_version(core: str) -> None:
    assert not can_fork(core, "linux")


def test_no_module_forks_on_macos() -> None:
    assert not can_fork("2.21.0", "darwin")
