# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SMTPD service, simulated: see README.md beside this file."""

from __future__ import annotations

from tests.simulator.handle import Simulator, running_simulator

__all__ = ["Simulator", "running_simulator"]
