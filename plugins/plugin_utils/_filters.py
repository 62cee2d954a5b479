# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection: it can change at any time without notice.

"""What the filters share: they take compact results, and whatever is wrong with their input ends in one sentence that names the filter."""

from __future__ import annotations

import importlib
from typing import Any, Callable, Mapping, Union

from ansible.errors import AnsibleFilterError

from ansible_collections.smtpd.email.plugins.module_utils._compact import FIELD, expanded
from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError

_UTILITIES = "ansible_collections.smtpd.email.plugins.module_utils."


def filter_of(
    name: str, function: Union[str, Callable[..., Any]], reads_compact: bool = False
) -> dict[str, Callable[..., Any]]:
    """The one filter of a file, as Ansible wants it.

    :param function: what it does, or the module utility that has a function of the filter's name. To find one filter, each task that
        uses it loads all of the collection's: so what they need is imported once they are called. Of the function's errors,
        C(SmtpdError) says by itself what is wrong.
    :param reads_compact: whether it takes compact results as they are, to read no more of them than it needs.
    """
    whole = _as_it_is if reads_compact else _whole

    def explained(*args: Any, **kwargs: Any) -> Any:
        call = getattr(importlib.import_module(_UTILITIES + function), name) if isinstance(function, str) else function
        try:
            return call(*map(whole, args), **{keyword: whole(value) for keyword, value in kwargs.items()})
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


def _as_it_is(value: Any) -> Any:
    return value


def _whole(value: Any) -> Any:
    return expanded(value) if isinstance(value, Mapping) and FIELD in value else value
