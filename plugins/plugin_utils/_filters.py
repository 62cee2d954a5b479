# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection: it can change at any time without notice.

"""What the filters share: they take compact results, and whatever is wrong with their input ends in one sentence that names the filter."""

from __future__ import annotations

import functools
from typing import Any, Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.smtpd.email.plugins.module_utils._compact import FIELD, expanded
from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError


def filter_of(name: str, function: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """The one filter of a file, as Ansible wants it.

    :param function: what it does. Of its errors, C(SmtpdError) says by itself what is wrong.
    """

    @functools.wraps(function)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*map(_whole, args), **{keyword: _whole(value) for keyword, value in kwargs.items()})
        except SmtpdError as error:
            raise AnsibleFilterError(str(error)) from None
        except KeyError as error:
            raise AnsibleFilterError(
                "The filter smtpd.email.%s misses %s in what it is given. What it needs is told by: "
                "ansible-doc -t filter smtpd.email.%s" % (name, error, name)
            ) from None
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            raise AnsibleFilterError(
                "The filter smtpd.email.%s cannot work with what it is given (%s). What it needs is told by: "
                "ansible-doc -t filter smtpd.email.%s" % (name, error, name)
            ) from None

    return {name: explained}


def _whole(value: Any) -> Any:
    return expanded(value) if isinstance(value, Mapping) and FIELD in value else value
