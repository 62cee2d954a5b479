# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The one place where the collection meets AnsibleModule."""

from __future__ import annotations

import math
import os
import sys
from typing import Any, Callable, Iterable, Iterator, Optional

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.validation import check_type_dict

from ._compact import MANY, compacted
from ._errors import MissingLibraryError, SmtpdError
from ._names import did_you_mean, unknown_options, without_blanks
from ._texts import printable, printable_lines


class _Module(AnsibleModule):
    """An AnsibleModule that knows what is secret, and takes a blank option as one that is not given.

    :param secrets_of: the secrets in the options beside those that the argument spec knows.
    """

    def __init__(self, secrets_of: Callable[[dict[str, Any]], Iterable[Any]], **spec: Any) -> None:
        self._secrets_of = secrets_of
        self._similar: dict[str, str] = {}
        super().__init__(supports_check_mode=True, **spec)

    def _load_params(self) -> None:
        super()._load_params()
        given = {
            name: _as_dict(self.params.get(name)) if option.get("type") == "dict" else self.params.get(name)
            for name, option in self.argument_spec.items()
        }
        # Before AnsibleModule checks the options: it does not mask a secret where another option is of a wrong type.
        secrets = [given[name] for name, option in self.argument_spec.items() if option.get("no_log")]
        self.no_log_values.update(_texts([*secrets, *self._secrets_of(given)]))
        for name, option in self.argument_spec.items():
            if option.get("type") == "int" and _is_infinite(given[name]):
                # It would crash on that, and refuses this.
                self.params[name] = "%s, which is infinite," % given[name]
        self.params = without_blanks(self.params, self.argument_spec)
        self._similar = {
            name: did_you_mean(name, known)
            for name, known in unknown_options(self.params, self.argument_spec)
            if not name.startswith("_ansible_")  # these are Ansible's own, which it takes out later
        }

    def _log_invocation(self) -> None:
        # In the system's log, too, nobody looks for thousands of records.
        params = self.params
        self.params = self._invocation()["module_args"]
        try:
            super()._log_invocation()
        finally:
            self.params = params

    def exit_json(self, **result: Any) -> None:
        super().exit_json(**self._result(result))

    def fail_json(self, msg: str, **result: Any) -> None:
        if msg.startswith("Unsupported parameters for"):
            msg += "".join(self._similar.values())
        super().fail_json(msg, **self._result(result))

    def warn(self, warning: str, **how: Any) -> None:
        super().warn(printable_lines(warning), **how)

    def _result(self, result: dict[str, Any]) -> dict[str, Any]:
        if self.params.get("compact") is True:
            result = compacted(result, self.no_log_values)
        return dict(result, invocation=self._invocation())

    def _invocation(self) -> dict[str, Any]:
        return {
            "module_args": {
                name: None if _is_kept_back(name, value) else value
                for name, value in _shown(self.params, self.argument_spec).items()
            }
        }


def _is_kept_back(name: str, value: Any) -> bool:
    """Whether nobody needs to read a value that is no secret by which output is masked."""
    return name == "api_key" or (name == "api_url" and "@" in str(value))


def _shown(given: dict[str, Any], spec: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the result repeats of the options: not thousands of records, which would be masked, sent and kept once more, and
    none that there are not, because a name may be misspelt of which the value is secret."""
    return {name: _shown_value(value, spec[name].get("options")) for name, value in given.items() if name in spec}


def _shown_value(value: Any, options: Optional[dict[str, dict[str, Any]]]) -> Any:
    if isinstance(value, list):
        return "(%d items)" % len(value) if len(value) > MANY else [_shown_value(item, options) for item in value]
    if isinstance(value, dict):
        return _shown(value, options or dict.fromkeys(value, {}))
    return value


def _is_infinite(value: Any) -> bool:
    try:
        return isinstance(value, (str, float)) and math.isinf(float(value))
    except ValueError:
        return False


def _as_dict(value: Any) -> Any:
    """What AnsibleModule makes of a value that is to be a dictionary, and of which it would mask only the whole."""
    try:
        return check_type_dict(value)
    except (TypeError, ValueError):
        return value


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value, however deep, and numbers as texts."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and value:
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)


def run_module(
    run: Callable[[AnsibleModule], dict[str, Any]],
    secrets_of: Callable[[dict[str, Any]], Iterable[Any]] = lambda options: (),
    **spec: Any,
) -> None:
    """Run a module from its options to its exit.

    :param run: gets the module, returns the result, raises C(SmtpdError) for everything a user can cause or meet.
    :param secrets_of: gets the options as they are given, not checked yet, and returns what is secret in them beside what
        C(spec) marks.
    :param spec: the arguments of AnsibleModule: C(argument_spec) and its constraints. Check mode is always supported.
    """
    module = _Module(secrets_of, **spec)
    failure = None
    try:
        result = run(module)
    except MissingLibraryError as error:
        failure = {"changed": False, "msg": missing_required_lib(error.library, reason=error.reason or None)}
    except SmtpdError as error:
        failure = {"changed": False, **error.result, "msg": str(error)}
    except Exception as error:  # a defect of ours: named and placed, but no traceback in a user's log
        failure = {"changed": False, "msg": _defect(error)}
    # Outside of the handlers, because fail_json adds a traceback at high verbosity while an exception is handled.
    if failure is not None:
        module.fail_json(**failure)
    module.exit_json(**result)


def _defect(error: Exception) -> str:
    traceback = sys.exc_info()[2]
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = (
        "%s:%d" % (os.path.basename(traceback.tb_frame.f_code.co_filename), traceback.tb_lineno) if traceback else "?"
    )
    return "This is a defect of the collection smtpd.email, please report it: %s at %s: %s" % (
        type(error).__name__,
        place,
        printable(error),
    )
