# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection: it can change at any time without notice.

"""Modules that start as a fork of Ansible's process, where that is the Python they would be started with anyway.

To pack a module, and to start a Python that unpacks and imports it, takes Ansible some ten times as long as to call the service.
A fork has everything imported. It is a process of its own all the same, and does what a module does: it reads its options as
JSON, runs C(main), writes its result as JSON, and ends.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import multiprocessing
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any, Callable, NamedTuple, Optional

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.module_utils import basic
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.release import __version__
from ansible.utils.display import Display

try:
    from ansible.module_utils import _internal
    from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder
except ImportError:  # ansible-core before 2.19
    from ansible.module_utils.common.json import AnsibleJSONEncoder

    _internal = None
    _ENCODING: dict[str, Any] = {"cls": AnsibleJSONEncoder, "vault_to_text": True}
    _DECODING: dict[str, Any] = {}
else:
    _ENCODING = {"cls": get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)}
    _DECODING = {"cls": get_module_decoder("legacy", Direction.MODULE_TO_CONTROLLER)}

# Between a module and ansible-core is no public way but a started process. Later versions are tried before this is raised.
_LAST_TRIED_CORE = (2, 21)


class ForkedModule(NormalAction):
    """The action of a module: Ansible's usual one, but for how the process of the module starts.

    A derived class has the module's C(main).
    """

    main: Callable[[], None]

    def _execute_module(self, *args: Any, task_vars: Optional[dict[str, Any]] = None, **kwargs: Any) -> dict[str, Any]:
        if not self._would_be_this_python(task_vars or {}):
            return super()._execute_module(*args, task_vars=task_vars, **kwargs)
        Display().vvv("The module %s starts as a fork of this process" % self._task.action)
        options = dict(self._task.args)
        self._update_module_args(self._task.action, options, task_vars)
        return _result(_fork(self.main, json.dumps({"ANSIBLE_MODULE_ARGS": options}, **_ENCODING).encode()))

    def _would_be_this_python(self, task_vars: dict[str, Any]) -> bool:
        """Whether the module would run with this Python, on this machine, as this user and in this environment, and nobody
        wants to see it packed."""
        if self._task.delegate_to:
            task_vars = task_vars["ansible_delegated_vars"][self._task.delegate_to]
        return (
            can_fork(__version__, sys.platform)
            and self._connection.transport == "local"
            and self._connection.become is None
            and not self._task.async_val
            and not any(self._task.environment or ())
            and not C.DEFAULT_KEEP_REMOTE_FILES
            and sys.executable
            == self._templar.template(C.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars))
        )


def can_fork(core: str, platform: str) -> bool:
    """Whether a version of ansible-core is known to work with forked modules, on a platform as C(sys.platform) names it.

    macOS ends a forked process that looks for the system's proxies, which every call to the service does.
    """
    return platform != "darwin" and tuple(int(part) for part in core.split(".")[:2]) <= _LAST_TRIED_CORE


class _Ended(NamedTuple):
    stdout: str
    stderr: str
    exit_code: Optional[int]


def _fork(main: Callable[[], None], options: bytes) -> _Ended:
    """Run a module in a fork, which does not outlive this call."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(main, options, sender))
    process.start()
    sender.close()
    stdout = stderr = ""
    try:
        with receiver, contextlib.suppress(EOFError, OSError):  # it was killed
            stdout, stderr = receiver.recv()
    except BaseException:  # the time of the task is up
        process.kill()
        raise
    finally:
        process.join()
    return _Ended(stdout, stderr, process.exitcode)


def _run(main: Callable[[], None], options: bytes, sender: Connection) -> None:
    """Be a module: with signals, warnings and garbage of its own, as in a process that was just started."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if _internal is not None:
        _internal.is_controller = False
    gc.freeze()
    basic._ANSIBLE_ARGS = options
    basic._ANSIBLE_PROFILE = "legacy"
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            main()
        except SystemExit:
            pass
        except BaseException:
            traceback.print_exc()
    sender.send((stdout.getvalue(), stderr.getvalue()))


def _result(ended: _Ended) -> dict[str, Any]:
    """The result that a module wrote.

    :raises AnsibleActionFail: it wrote none.
    """
    try:
        return json.loads(ended.stdout, **_DECODING)
    except ValueError:
        raise AnsibleActionFail(
            "The module ended without a result, with the exit code %s." % ended.exit_code,
            result={"module_stdout": ended.stdout, "module_stderr": ended.stderr, "rc": ended.exit_code},
        ) from None
