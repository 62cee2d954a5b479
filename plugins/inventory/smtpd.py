# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtpd
version_added: 0.1.0
short_description: The sending profiles of an SMTPD account as hosts
description:
  - Makes a host of each sending profile of an account, so that a play can be run for all of them, for those in a state, or
    for a slice of them.
  - The configuration is a YAML file whose name ends in C(smtpd.yml) or C(smtpd.yaml).
  - It takes one call to the service, whatever the number of profiles; with O(setup=true) one more for each.
  - The variables of a host are the fields of its profile as in RV(smtpd.email.smtpd_profile_info#module:profiles), each with
    O(hostvars_prefix) before its name, such as C(smtpd_profile_id), C(smtpd_sending_domain), C(smtpd_state) and
    C(smtpd_disabled_after).
author:
  - The smtpd.email authors (@smtpd)
extends_documentation_fragment:
  - smtpd.email._service
  - smtpd.email._service.plugin
  - smtpd.email._service.concurrency
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - Says that the file is meant for this plugin.
    type: str
    required: true
    choices: [smtpd.email.smtpd]
  hostnames:
    description:
      - By what a host is named, in order of preference. It is the first that the profile has and no other profile needs.
      - Where several profiles have the same, it goes to the one in the best state (active before pending before
        all others, failed last), then to the oldest. The others are named by what comes next; if there is nothing left, by
        the first with the id of the profile attached. A warning tells. No profile is ever left out.
      - Characters that have a meaning to Ansible, such as commas and blanks, become underscores.
    type: list
    elements: str
    choices: [sending_domain, profile_name, profile_id]
    default: [sending_domain, profile_name, profile_id]
  states:
    description:
      - Only profiles in one of these states. All if empty.
    type: list
    elements: str
    choices: [creating, pending, active, disabled, failed]
    default: []
  setup:
    description:
      - Whether hosts get the variable C(smtpd_dns_records) with the DNS records of the profile, as in
        RV(smtpd.email.smtpd_profile_info#module:dns_records). It takes one more call for each profile.
    type: bool
    default: false
  hostvars_prefix:
    description:
      - What the names of the variables begin with.
    type: str
    default: smtpd_
  state_groups:
    description:
      - Whether a host is a member of the group C(state_<state>), such as C(state_pending).
    type: bool
    default: true
  run_locally:
    description:
      - Whether hosts get the variables C(ansible_connection) and C(ansible_python_interpreter) with which their tasks run on
        the controller, as those of C(localhost) do. A profile is no machine to which a connection could be made.
    type: bool
    default: true
notes:
  - O(api_url), O(access_token), O(api_key), O(api_secret), O(validate_certs), O(ca_path), O(timeout), O(retries) and O(rate_limit)
    can be templates, and can be encrypted by Ansible Vault. In templates there are the variables of C(--extra-vars) only.
  - Text of the service is never taken for a template.
  - What is cached is told apart by O(api_url) and by the account; tokens are not cached.
seealso:
  - module: smtpd.email.smtpd_profile_info
"""

EXAMPLES = r"""
# mail.smtpd.yml: all profiles; where to reach the service is in the environment
plugin: smtpd.email.smtpd

---
# ansible-playbook -i pending.smtpd.yml site.yml: those that are to be verified, with their records
plugin: smtpd.email.smtpd
states: [pending]
setup: true

---
# Credentials from a file, groups of one's own, and a cache
plugin: smtpd.email.smtpd
api_key: "{{ lookup('ansible.builtin.env', 'MAIL_KEY') }}"
api_secret: "{{ lookup('ansible.builtin.env', 'MAIL_SECRET') }}"
hostnames: [profile_name, profile_id]
keyed_groups:
  - key: smtpd_sending_domain.split('.')[-2:] | join('.')
    prefix: domain
groups:
  unhealthy: smtpd_state != 'active'
compose:
  hours_left: >-
    (((smtpd_disabled_after | to_datetime('%Y-%m-%dT%H:%M:%SZ')) - (now(utc=true).replace(tzinfo=none))).total_seconds() / 3600)
    | round if smtpd_disabled_after else none
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /var/cache/ansible
cache_timeout: 300
"""

import contextlib
import hashlib
import json
import os
import re
from typing import Any, Iterator

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.smtpd.email.plugins.module_utils._client import Client
from ansible_collections.smtpd.email.plugins.module_utils._errors import MissingLibraryError, SmtpdError
from ansible_collections.smtpd.email.plugins.module_utils._flows import Flow
from ansible_collections.smtpd.email.plugins.module_utils._options import (
    CONNECTION_OPTIONS,
    CREDENTIALS,
    Connection,
    resolve_connection,
)
from ansible_collections.smtpd.email.plugins.module_utils._profile_modules import concurrency_of
from ansible_collections.smtpd.email.plugins.module_utils._profiles import Selection
from ansible_collections.smtpd.email.plugins.plugin_utils._hosts import (
    Host,
    describe_collisions,
    host_variables,
    name_hosts,
    state_group,
)
from ansible_collections.smtpd.email.plugins.plugin_utils._trust import foreign, own_template

SUFFIXES = ("smtpd.yml", "smtpd.yaml")

# With which tasks run as those of the implicit localhost do.
_LOCAL = {
    "ansible_connection": own_template("local"),
    "ansible_python_interpreter": own_template("{{ ansible_playbook_python }}"),
}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Meets Ansible; what there is to decide is in _hosts."""

    NAME = "smtpd.email.smtpd"

    def verify_file(self, path: str) -> bool:
        """Whether the file is for this plugin, by its name."""
        if not super().verify_file(path):
            return False
        if path.endswith(SUFFIXES):
            return True
        if self._is_meant_for_us(path):
            self.display.warning(
                "%s is refused: the name of a file for the inventory plugin %s has to end in %s. Rename it."
                % (path, self.NAME, " or ".join(SUFFIXES))
            )
        return False

    def _is_meant_for_us(self, path: str) -> bool:
        try:
            with open(path, "rb") as file:
                return re.search(rb"^plugin:\s*[\"']?smtpd\.email\.smtpd\b", file.read(65536), re.MULTILINE) is not None
        except OSError:
            return False

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            hosts, collisions = name_hosts(self._profiles(path, cache), self.get_option("hostnames"))
            self._check_prefix()
        except MissingLibraryError as error:
            raise AnsibleParserError(
                "The Python library %s is needed %s. Install it for %s."
                % (error.library, error.reason, "the Python of Ansible")
            ) from None
        except SmtpdError as error:
            raise AnsibleParserError(str(error)) from None
        warning = describe_collisions(collisions)
        if warning:
            self.display.warning(warning)
        for host in hosts:
            self._add(host)

    # Options

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Take the options of the configuration file: resolve templates, and leave out what is empty."""
        options = dict(direct or {})
        for name in CONNECTION_OPTIONS:
            if name in options:
                options[name] = self._templated(name, options[name])
                if options[name] is None or str(options[name]) == "":
                    del options[name]
        with _blank_variables_hidden():
            super().set_options(task_keys=task_keys, var_options=var_options, direct=options)
        # Credentials count as a set, so it matters whether one of them comes from the file or from the environment.
        self._credentials_given = {name: self.get_option(name) for name in CREDENTIALS if name in options}

    def _templated(self, name: str, value: Any) -> Any:
        self.templar.available_variables = self._vars or {}
        try:
            return self.templar.template(value)
        except AnsibleError as error:
            raise AnsibleParserError("%s: %s" % (name, error)) from None

    def _connection(self) -> Connection:
        others = {name: self.get_option(name) for name in CONNECTION_OPTIONS if name not in CREDENTIALS}
        return resolve_connection({**others, **self._credentials_given}, os.environ)

    def _check_prefix(self) -> None:
        prefix = self.get_option("hostvars_prefix")
        if not re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*)?", prefix):
            raise SmtpdError(
                "hostvars_prefix: no name of a variable can begin with '%s'. Give letters, digits and "
                "underscores, such as smtpd_." % prefix
            )

    # Profiles

    def _profiles(self, path: str, use_cache: bool) -> list[dict[str, Any]]:
        connection = self._connection()
        if not self.get_option("cache"):
            return self._fetch(connection)
        key = self._key(path, connection)
        if use_cache:
            with contextlib.suppress(KeyError):
                return self._cache[key]
        profiles = self._cache[key] = self._fetch(connection)
        return profiles

    def _key(self, path: str, connection: Connection) -> str:
        """The key of the cache: of Ansible's own, and of all else that makes a difference."""
        account = connection.api_key or connection.access_token
        difference = [connection.api_url, account, self.get_option("setup"), sorted(self.get_option("states"))]
        return "%s_%s" % (self.get_cache_key(path), hashlib.sha256(json.dumps(difference).encode()).hexdigest()[:32])

    def _fetch(self, connection: Connection) -> list[dict[str, Any]]:
        concurrency = concurrency_of({"concurrency": self.get_option("concurrency")})
        client = Client(connection, connections=concurrency)
        with contextlib.closing(client):
            setup = self.get_option("setup")
            found = Flow(client, concurrency=concurrency).look_up(Selection(states=self.get_option("states")), setup)
        errors = [str(one.error) for one in found if one.error is not None]
        if errors:
            raise SmtpdError("\n".join(errors))
        return [dict(one.profile, dns_records=one.dns_records()) if setup else dict(one.profile) for one in found]

    # Hosts

    def _add(self, host: Host) -> None:
        variables = foreign(host_variables(host.profile, self.get_option("hostvars_prefix")))
        if self.get_option("run_locally"):
            variables.update(_LOCAL)
        self.inventory.add_host(host.name)
        for name, value in variables.items():
            self.inventory.set_variable(host.name, name, value)
        if self.get_option("state_groups"):
            group = self.inventory.add_group(self._sanitize_group_name(state_group(host.profile)))
            self.inventory.add_host(host.name, group)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host.name, strict=strict)

    def _compose(self, *args: Any, **kwargs: Any) -> Any:
        # What is composed of text from outside is text from outside.
        return foreign(super()._compose(*args, **kwargs))


@contextlib.contextmanager
def _blank_variables_hidden() -> Iterator[None]:
    """Hide blank environment variables from Ansible, which would take them for values, for the length of a block.

    AWX injects a blank variable for each credential field that was left empty.
    """
    blank = [name for option in CONNECTION_OPTIONS.values() for name in option.env if os.environ.get(name) == ""]
    for name in blank:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(dict.fromkeys(blank, ""))
