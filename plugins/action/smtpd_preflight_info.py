# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.smtpd.email.plugins.modules import smtpd_preflight_info
from ansible_collections.smtpd.email.plugins.plugin_utils._forked import ForkedModule


class ActionModule(ForkedModule):
    main = staticmethod(smtpd_preflight_info.main)
