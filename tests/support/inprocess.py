# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules of the collection, and its inventory plugin, run in this process, as Ansible would run them: hundreds of runs in the time of a
few."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from pathlib import Path
from typing import Any
from unittest import mock

from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS

# Since ansible-core 2.21 results have no invocation otherwise.
WITH_INVOCATION = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}
DEFECT = "defect of the collection"


class ModuleCrash(AssertionError):
    """A module wrote something else than its one result."""


def import_module(name: str) -> Any:
    """The Python module of an Ansible module."""
    collection, _dot, name = name.rpartition(".")
    return importlib.import_module("ansible_collections.%s.plugins.modules.%s" % (collection or "smtpd.email", name))


def run_module(name: str, check_mode: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
    """Run a module and return its result, which has all that it wrote in C(output).

    :param name: of a module of this collection, or with namespace and collection of another's.
    :raises ModuleCrash: it did not end as a module has to.
    """
    given = {**arguments, **WITH_INVOCATION, "_ansible_check_mode": check_mode, "_ansible_diff": diff}
    module = import_module(name)
    written, complained = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(
            mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
        )
        # Since ansible-core 2.19.
        stack.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True))
        stack.enter_context(contextlib.redirect_stdout(written))
        stack.enter_context(contextlib.redirect_stderr(complained))
        try:
            module.main()
        except SystemExit:
            pass
    output = written.getvalue()
    # On the controller, which this process is, warnings are shown at once rather than returned.
    complaint = complained.getvalue()
    if (complaint and not complaint.startswith("[WARNING]")) or "Traceback" in output + complaint or DEFECT in output:
        raise ModuleCrash(output + complaint)
    try:
        result = json.loads(output)
    except ValueError:
        raise ModuleCrash(output) from None
    return {"failed": False, **result, "output": output + complaint}


def run_inventory(folder: Path, **options: Any) -> dict[str, Any]:
    """Run the inventory plugin, and return what came of it in the form of a module's result.

    :param folder: where its file is written.
    """
    from ansible.errors import AnsibleParserError
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import inventory_loader

    path, inventory, complained = folder / "test.smtpd.yml", InventoryData(), io.StringIO()
    path.write_text(json.dumps({"plugin": "smtpd.email.smtpd", **options}))
    msg = ""
    with contextlib.redirect_stdout(complained), contextlib.redirect_stderr(complained):
        try:
            inventory_loader.get("smtpd.email.smtpd").parse(inventory, DataLoader(), str(path), cache=False)
        except AnsibleParserError as error:
            msg = str(error)
    hosts = {name: host.vars for name, host in inventory.hosts.items()}
    return {
        "failed": bool(msg),
        "changed": False,
        "msg": msg,
        "hosts": hosts,
        "output": msg + repr(hosts) + complained.getvalue(),
    }
