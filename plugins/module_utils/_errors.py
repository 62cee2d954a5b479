# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The errors that the collection raises on purpose.

They know nothing of Ansible: C(main()) of a module turns them into C(fail_json), an inventory plugin into
C(AnsibleParserError). C(str(error)) is the sentence for the user; it never holds a secret, nor a character that is not
printable, because errors quote what others sent. Only line breaks of our own stay.
"""

from __future__ import annotations

from typing import Any

from ._texts import printable, printable_lines


class SmtpdError(Exception):
    """Base of all errors that a user is to read.

    :param message: what was attempted, what came back, and what to do.
    :param result: plain data that the failing module returns beside C(msg), such as a profile that was created
        before the failure: nothing that was done may get lost with the error.
    """

    def __init__(self, message: str, **result: Any) -> None:
        super().__init__(printable_lines(message))
        self.result = result


class InputError(SmtpdError):
    """An option (or the environment variable it came from) has a value that cannot work.

    Raised before anything is written.

    :param option: the option's name, with its place for list items, such as C(profiles[3].sending_domain).
    :param problem: what is wrong with the value and what to give instead; the caller leaves secret values out of it.
    """

    def __init__(self, option: str, problem: str, **result: Any) -> None:
        super().__init__(printable("%s: %s" % (option, problem)), **result)
        self.option = option


class MissingLibraryError(SmtpdError):
    """A Python library that is needed for this run cannot be imported.

    :param library: the name to C(pip install).
    :param reason: what needs it.
    """

    def __init__(self, library: str, reason: str = "") -> None:
        super().__init__(library)
        self.library = library
        self.reason = reason
