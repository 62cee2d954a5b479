# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the guide to DNS providers, so that they can be tested."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import yaml

_GUIDE = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst" / "guide_dns_providers.rst"
_BLOCK = re.compile(r"^\.\. code-block:: yaml(?:\+jinja)?\n(?:   :.*\n)*\n((?:   .*\n|\n)+)", re.MULTILINE)


def role_variables() -> list[dict[str, Any]]:
    """The examples that set variables of the role."""
    found = (yaml.safe_load(textwrap.dedent(block)) for block in _BLOCK.findall(_GUIDE.read_text()))
    return [example for example in found if "sending_profile_dns_provider" in example]


def octodns_variables() -> dict[str, dict[str, Any]]:
    """Those of them that are for octoDNS, by class."""
    examples = [example for example in role_variables() if "sending_profile_dns_octodns" in example]
    return {example["sending_profile_dns_octodns"]["class"]: example for example in examples}
