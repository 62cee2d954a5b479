# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the documentation's examples share."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.integration.conftest import make_environ
from tests.simulator import Simulator, running_simulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """The service. To it, every DNS record is published."""
    with running_simulator(creating=0.1) as running:
        yield running


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> dict[str, str]:
    """An environment without settings of the person who runs the tests, that leads to the simulator."""
    settings = {"SMTPD_API_URL": simulator.url, "SMTPD_ACCESS_TOKEN": simulator.token}
    return {**make_environ(tmp_path_factory.mktemp("home")), **settings}
