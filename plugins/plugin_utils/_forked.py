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
import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any, Callable, NamedTuple, Optional

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils import basic
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.release import __version__
from ansible.utils.display import Display

# Between a module and ansible-core is no public way but a started process. Later versions are tried before this is raised,
# and what is not public is imported only where it is used.
_LAST_TRIED_CORE = (2, 21)


class ForkedModule(NormalAction):
    """The action of a module: Ansible's usual one, but for how the process of the module starts.

    A derived class has the module's C(main).
    """

    main: Callable[[], None]

    def _execute_module(self, *args: Any, task_vars: Optional[dict[str, Any]] = None, **kwargs: Any) -> dict[str, Any]:
        if not self._would_be_this_process(task_vars or {}):
            return super()._execute_module(*args, task_vars=task_vars, **kwargs)
        Display().vvv("The module %s starts as a fork of this process" % self._task.action)
        options = dict(self._task.args)
        self._update_module_args(self._task.action, options, task_vars)
        ended = _fork(_Start(self.main, _encoded(options), self._loader.get_basedir()))
        result = self._parse_returned_data(ended._asdict(), *(["legacy"] if _has_profiles() else []))
        return result if isinstance(result, dict) else result.as_result_dict(for_round_trip=True)  # since 2.21

    def _would_be_this_process(self, task_vars: dict[str, Any]) -> bool:
        """Whether a packed module would run as this process does: by the same Python, on this machine, as this user and in
        this environment. And whether nobody wants to see it packed."""
        if self._task.delegate_to:
            task_vars = task_vars["ansible_delegated_vars"][self._task.delegate_to]
        return (
            can_fork(__version__, sys.platform)
            and self._connection.transport == "local"
            and self._connection.become is None
            and not self._task.async_val
            and not any(self._task.environment or ())
            and not C.DEFAULT_KEEP_REMOTE_FILES
            and not C.config.get_config_value("PYTHON_MODULE_RLIMIT_NOFILE", variables=task_vars)
            and self._interpreter(task_vars) == sys.executable
        )

    def _interpreter(self, task_vars: dict[str, Any]) -> Optional[str]:
        """The Python that modules are given, none where it cannot be told before Ansible looks for it."""
        try:
            return self._templar.template(C.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars))
        except AnsibleError:  # it is omitted, or Ansible will say itself what is wrong with it
            return None


def can_fork(core: str, platform: str) -> bool:
    """Whether a version of ansible-core is known to work with forked modules, on a platform as C(sys.platform) names it.

    macOS ends a forked process that looks for the system's proxies, which every call to the service does.
    """
    return platform != "darwin" and _numbers(core) <= _LAST_TRIED_CORE


def _has_profiles() -> bool:
    """Whether this ansible-core names the ways in which options and results are written, of which modules have C(legacy)."""
    return _numbers(__version__) >= (2, 19)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def _encoded(options: dict[str, Any]) -> bytes:
    """Options as a module reads them."""
    if _has_profiles():
        from ansible.module_utils.common.json import Direction, get_module_encoder

        how: dict[str, Any] = {"cls": get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)}
    else:
        from ansible.module_utils.common.json import AnsibleJSONEncoder

        how = {"cls": AnsibleJSONEncoder, "vault_to_text": True}
    return json.dumps({"ANSIBLE_MODULE_ARGS": options}, **how).encode()


class _Start(NamedTuple):
    """What a module starts with.

    :param options: as it reads them.
    :param directory: in which it starts. That of the playbook, as for every module on this machine.
    """

    main: Callable[[], None]
    options: bytes
    directory: str


class _Ended(NamedTuple):
    stdout: str
    stderr: str
    rc: Optional[int]


def _fork(start: _Start) -> _Ended:
    """Run a module in a fork, which does not outlive this call."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(start, receiver, sender))
    # Before the fork, which writes out what waits in them: in the usual ones that may be another process's, or locked.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
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


def _run(start: _Start, receiver: Connection, sender: Connection) -> None:
    """Be a module: with signals, warnings and garbage of its own, as in a process that was just started."""
    receiver.close()  # so that the module ends when nobody waits for it any more
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if _has_profiles():
        from ansible.module_utils import _internal

        _internal.is_controller = False
    gc.freeze()
    basic._ANSIBLE_ARGS = start.options
    basic._ANSIBLE_PROFILE = "legacy"
    with contextlib.redirect_stdout(io.StringIO()) as stdout, contextlib.redirect_stderr(io.StringIO()) as stderr:
        try:
            os.chdir(start.directory)
            start.main()
            code: Any = 0
        except SystemExit as end:
            code = end.code
        except BaseException:
            traceback.print_exc()
            code = 1
    sender.send((stdout.getvalue(), stderr.getvalue()))
    sys.exit(code)
