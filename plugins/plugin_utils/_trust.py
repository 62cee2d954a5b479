# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection: it can change at any time without notice.

"""Text from outside in variables: never a template, and plain where it cannot be taken for one.

ansible-core 2.19 and later takes no text for a template that is not marked as trusted. But what C(ansible-inventory
--export) shows of it (and AWX imports) is no plain string any more, so text that holds nothing of a template is marked.
Before, it was the other way round: every text is a template, unless it is marked as unsafe.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.smtpd.email.plugins.plugin_utils._hosts import strings_in

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19
    from ansible.utils.unsafe_proxy import wrap_var

    def own_template(text: str) -> str:
        """A template of our own."""
        return text

    def _never_a_template(text: str) -> str:
        return wrap_var(text) if _may_be_template(text) else text
else:

    def own_template(text: str) -> str:
        """A template of our own."""
        return trust_as_template(text)

    def _never_a_template(text: str) -> str:
        return text if _may_be_template(text) else trust_as_template(text)


def foreign(value: Any) -> Any:
    """A value from outside as it can be put into variables."""
    return strings_in(value, _never_a_template)


def _may_be_template(text: str) -> bool:
    # With such a head a text says itself what begins a template.
    return "{" in text or text.lstrip().startswith("#jinja2:")
