# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the service and those who direct it work on together."""

from __future__ import annotations

from tests.simulator.faults import Faults
from tests.simulator.model import Model, Settings
from tests.simulator.request_log import RequestLog
from tests.simulator.tokens import Tokens
from tests.simulator.verification import Verifier


class Parts:
    """The parts of one simulator."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self.settings = settings
        self.tokens = tokens
        self.model = Model(settings)
        self.verifier = Verifier(settings, self.model)
        self.faults = Faults()
        self.log = RequestLog()
