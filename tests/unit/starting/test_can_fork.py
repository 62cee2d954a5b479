# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where modules may start as forks. That they do is in C(tests/integration/test_module_start.py)."""

from __future__ import annotations

import pytest

from ansible_collections.smtpd.email.plugins.plugin_utils._forked import can_fork
from tests.tools.version_matrix import CORES


@pytest.mark.parametrize("core", CORES)
def test_modules_may_fork_with_the_versions_of_ansible_core_that_are_tested(core: str) -> None:
    assert can_fork(core + ".5", "linux") and can_fork(core + ".0rc1", "linux")


def test_no_module_forks_with_a_later_version() -> None:
    major, minor = map(int, CORES[-1].split("."))
    for later in ("%d.%d.0.dev0" % (major, minor + 1), "%d.100.1" % major, "%d.0" % (major + 1)):
        assert not can_fork(later, "linux"), later


def test_no_module_forks_on_macos() -> None:
    assert not can_fork("2.21.0", "darwin")
