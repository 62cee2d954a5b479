# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: checked_variables
version_added: 0.1.0
short_description: Check the variables of this collection's roles and playbooks
description:
  - Finds variables that have the prefix of a role but that the role does not have, so that a misspelt variable is an error and does not
    silently have no effect.
  - Checks the types of the role's variables, and fills in the default of each one that is not given or blank.
  - The roles and playbooks of this collection call it before they do anything else.
  - The known variables are the options in C(meta/argument_specs.yml) of a role, and the names that its tasks and variable files use.
    Those of playbooks are the names that the playbooks and rulebooks use.
  - Variables of another role whose name starts with the same prefix are accepted, if that role is part of the play, or is in the
    directory C(roles) next to the playbook or on the configured roles path.
options:
  _terms:
    description:
      - The names of roles of this collection, or V(playbooks).
      - Defaults and types are those of the first one.
    type: list
    elements: str
    required: true
  hosts:
    description:
      - The hosts whose variables are looked at, besides those of the current task.
      - In the variables of a host of the inventory plugin P(smtpd.email.smtpd#inventory), all names with the prefix C(smtpd_) are accepted.
    type: list
    elements: str
    default: []
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Refuse misspelt variables
  ansible.builtin.assert:
    that: checked.errors | length == 0
    fail_msg: "{{ checked.errors | join('\n') }}"
  vars:
    checked: "{{ lookup('smtpd.email.checked_variables', 'sending_profile', 'smtpd_audit') }}"
"""

RETURN = r"""
_value:
  description:
    - The key C(errors) has a list of all problems, in words.
    - Each further key is a variable of the role without the role's prefix. Its value has the type of the option. There is one for each
      option whose default is text, a number or a boolean.
  type: dict
"""

import re
from pathlib import Path
from typing import Any, Iterable, Mapping

import yaml
from ansible import constants as C
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase

from ansible_collections.smtpd.email.plugins.plugin_utils._variables import Namespace, checked_values, unknown_variables

_COLLECTION = Path(__file__).resolve().parents[2]
_OF_PLAYBOOKS = "smtpd_"
_PROFILE = "smtpd_profile_id"


class LookupModule(LookupBase):
    """The lookup of this file."""

    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        namespaces = [_namespace(term) for term in terms]
        others = _other_roles(variables)
        names = _names(variables, self.get_option("hosts"))
        errors = unknown_variables(names, namespaces, others)
        values, wrong = checked_values(self._given(variables, namespaces[0]), namespaces[0])
        return [{**values, "errors": errors + wrong}]

    def _given(self, variables: Mapping[str, Any], namespace: Namespace) -> dict[str, Any]:
        names = [name for name in namespace.plain_defaults() if name in variables]
        lookup = lookup_loader.get("ansible.builtin.vars", loader=self._loader, templar=self._templar)
        return dict(zip(names, lookup.run(names, variables=variables)))


def _namespace(term: str) -> Namespace:
    """The variables of a role, or of the playbooks."""
    if term == "playbooks":
        folders = [_COLLECTION / "playbooks", _COLLECTION / "extensions" / "eda" / "rulebooks"]
        return Namespace(_OF_PLAYBOOKS, {}, _words(_OF_PLAYBOOKS, folders))
    folder = _COLLECTION / "roles" / term
    specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    used = _words(term + "_", [folder / "tasks", folder / "vars"])
    return Namespace(term + "_", specs["argument_specs"]["main"]["options"], used)


def _words(prefix: str, folders: Iterable[Path]) -> set[str]:
    word = re.compile(r"\b%s\w*[a-z]\b" % prefix)
    texts = [path.read_text(encoding="utf-8") for folder in folders for path in sorted(folder.rglob("*.yml"))]
    return {name for text in texts for name in word.findall(text)}


def _names(variables: Mapping[str, Any], hosts: Iterable[str]) -> set[str]:
    """The names of the variables of the current task and of hosts.

    Those with which the inventory plugin describes a profile are left out: the service may describe it by more than is known here.
    What the user sets for all hosts is set for localhost, too.
    """
    hostvars = variables.get("hostvars", {})
    everywhere = set(hostvars["localhost"]) if "localhost" in hostvars else set()
    names: set[str] = set()
    for found in (variables, *(hostvars[host] for host in hosts)):
        is_profile = _PROFILE in found
        names.update(
            name for name in found if not is_profile or not name.startswith(_OF_PLAYBOOKS) or name in everywhere
        )
    return names


def _other_roles(variables: Mapping[str, Any]) -> set[str]:
    """The names of all roles that can be in a play, as far as that can be known."""
    named = [*variables.get("ansible_play_role_names", []), *variables.get("ansible_role_names", [])]
    folders = [Path(str(variables.get("playbook_dir", "."))) / "roles", *map(Path, C.DEFAULT_ROLES_PATH)]
    found = [path.name for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_dir()]
    return {str(name).rpartition(".")[2] for name in [*named, *found]}
