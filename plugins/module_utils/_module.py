# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The one place where the collection meets AnsibleModule."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.smtpd.email.plugins.module_utils._errors import MissingLibraryError, SmtpdError


def run_module(run: Callable[[AnsibleModule], dict[str, Any]], **spec: Any) -> None:
    """Run a module from its options to its exit.

    :param run: gets the module, returns the result, raises C(SmtpdError) for everything a user can cause or meet.
    :param spec: the arguments of AnsibleModule: C(argument_spec) and its constraints. Check mode is always supported.
    """
    module = AnsibleModule(supports_check_mode=True, **spec)
    failure = None
    try:
        result = run(module)
    except MissingLibraryError as error:
        failure = {"msg": missing_required_lib(error.library, reason=error.reason or None)}
    except SmtpdError as error:
        failure = dict(error.result, msg=str(error))
    except Exception as error:  # a defect of ours: named and placed, but no traceback in a user's log
        failure = {"msg": _defect(error)}
    # Outside of the handlers, because fail_json adds a traceback at high verbosity while an exception is handled.
    if failure is not None:
        module.fail_json(**failure)
    module.exit_json(**result)


def _defect(error: Exception) -> str:
    traceback = sys.exc_info()[2]
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = "%s:%d" % (os.path.basename(traceback.tb_frame.f_code.co_filename), traceback.tb_lineno) if traceback else "?"
    return (
        "This is a defect of the collection smtpd.email, please report it: "
        "%s at %s: %s" % (type(error).__name__, place, error)
    )
