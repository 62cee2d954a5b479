# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin, run by C(ansible-inventory) as people and AWX run it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.plugins.loader import inventory_loader

from tests.integration.conftest import BIN, Ansible
from tests.simulator import Simulator

DOMAIN = "mail.acorn.example"
SOURCE = "mail.smtpd.yml"
Parse = Callable[..., dict[str, Any]]
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Listing:
    """What came of one run of C(ansible-inventory)."""

    returncode: int
    output: str
    messages: str

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        assert self.returncode == 0, self.messages
        return json.loads(self.output)

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """The variables of each host."""
        return self.data["_meta"]["hostvars"]

    def group(self, name: str) -> list[str]:
        return self.data.get(name, {}).get("hosts", [])


class Inventory:
    """Runs C(ansible-inventory) on one source."""

    def __init__(self, ansible: Ansible) -> None:
        self.workdir = ansible.workdir
        self.environ = ansible.environ

    def write(self, name: str = SOURCE, text: str | None = None, **config: Any) -> Path:
        """Write the configuration file."""
        path = self.workdir / name
        path.write_text(text or yaml.safe_dump({"plugin": "smtpd.email.smtpd", **config}))
        return path

    def run(
        self,
        *flags: str,
        program: str = "ansible-inventory",
        source: str = SOURCE,
        environ: dict[str, str] | None = None,
    ) -> Listing:
        process = subprocess.run(
            [str(BIN / program), "-i", source, *flags],
            cwd=self.workdir,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**self.environ, **(environ or {})},
        )
        # Messages as one line: the display breaks them at the width of the terminal.
        return Listing(process.returncode, process.stdout, " ".join(process.stderr.split()))

    def list(self, *flags: str, environ: dict[str, str] | None = None, **config: Any) -> Listing:
        """Write a configuration, and list what it makes."""
        self.write(**config)
        return self.run("--list", *flags, environ=environ)


@pytest.fixture
def inventory(ansible: Ansible) -> Inventory:
    return Inventory(ansible)


class Refused(Exception):
    """The plugin refused a configuration, or could not do what it says."""


@pytest.fixture
def parse(ansible: Ansible, inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> Parse:
    """Have the plugin read a configuration in this process, and return the variables of each host, its groups among them."""
    for name in [name for name in os.environ if name.startswith("SMTPD_")]:
        monkeypatch.delenv(name)

    def parse(environ: dict[str, str] | None = None, **config: Any) -> dict[str, Any]:
        for name, value in {**ansible.environ, **(environ or {})}.items():
            if name.startswith(("SMTPD_", "MAIL_")):
                monkeypatch.setenv(name, value)
        found = InventoryData()
        plugin = inventory_loader.get("smtpd.email.smtpd")
        try:
            plugin.parse(found, DataLoader(), str(inventory.write(**config)))
            if config.get("cache"):
                plugin.update_cache_if_changed()
        except AnsibleError as error:
            raise Refused(str(error)) from None
        return {
            name: {**host.get_vars(), "group_names": [str(group) for group in host.get_groups()]}
            for name, host in found.hosts.items()
        }

    return parse


def lists(simulator: Simulator) -> int:
    return len(simulator.requests(endpoint="list"))


# Hosts


def test_every_profile_is_a_host_with_its_fields_and_one_call_finds_all(
    inventory: Inventory, simulator: Simulator
) -> None:
    simulator.seed_all(
        [
            {"sending_domain": "d%d.acorn.example" % number, "profile_name": "p%d" % number, "state": "active"}
            for number in range(30)
        ]
    )
    hosts = inventory.list().hosts
    assert hosts.keys() == {"d%d.acorn.example" % number for number in range(30)}
    assert hosts["d7.acorn.example"]["smtpd_profile_name"] == "p7"
    assert {host["smtpd_profile_id"] for host in hosts.values()} == {
        profile["profile_id"] for profile in simulator.profiles()
    }
    assert [request["endpoint"] for request in simulator.requests()] == ["list"]


def test_a_host_is_in_the_group_of_its_state_and_in_groups_of_ones_own(
    inventory: Inventory, simulator: Simulator
) -> None:
    simulator.seed(sending_domain="a.acorn.example", profile_name="news", state="active")
    simulator.seed(sending_domain="b.acorn.example", profile_name="bills", state="pending")
    config = {
        "keyed_groups": [{"key": "smtpd_profile_name", "prefix": "name"}],
        "groups": {"unhealthy": "smtpd_state != 'active'"},
        "compose": {"zone": "smtpd_sending_domain.split('.')[1:] | join('.')"},
        "strict": True,
    }
    listing = inventory.list(**config)
    graph = inventory.run("--graph").output
    assert "--a.acorn.example" in graph and "@state_pending" in graph
    assert {name: listing.group(name) for name in ("state_active", "state_pending", "name_news", "unhealthy")} == {
        "state_active": ["a.acorn.example"],
        "state_pending": ["b.acorn.example"],
        "name_news": ["a.acorn.example"],
        "unhealthy": ["b.acorn.example"],
    }
    assert listing.hosts["a.acorn.example"]["zone"] == "acorn.example"


def test_groups_of_states_can_be_left_out(inventory: Inventory, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    assert inventory.list(state_groups=False).data["all"] == {"children": ["ungrouped"]}


def test_strict_tells_of_an_expression_that_fails(parse: Parse, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    assert parse(compose={"x": "nothing_of_this_name"}).keys() == {DOMAIN}
    with pytest.raises(Refused, match="Could not set x for host " + DOMAIN):
        parse(compose={"x": "nothing_of_this_name"}, strict=True)


def test_a_collision_drops_no_profile_and_is_told(inventory: Inventory, simulator: Simulator) -> None:
    good = simulator.seed(sending_domain=DOMAIN, profile_name="default", state="active")
    bad = simulator.seed(sending_domain=DOMAIN, profile_name="default", state="failed")
    listing = inventory.list()
    assert {name: host["smtpd_profile_id"] for name, host in listing.hosts.items()} == {
        DOMAIN: good["profile_id"],
        bad["profile_id"]: bad["profile_id"],
    }
    assert "'%s' belongs to profile %s" % (DOMAIN, good["profile_id"]) in listing.messages
    assert "state 'failed' is host '%s'" % bad["profile_id"] in listing.messages


def test_only_profiles_in_the_wanted_states_are_hosts(parse: Parse, simulator: Simulator) -> None:
    for state in ("active", "pending", "failed", "disabled"):
        simulator.seed(sending_domain=state + ".acorn.example", state=state)
    assert parse(states=["pending", "disabled"]).keys() == {"pending.acorn.example", "disabled.acorn.example"}


def test_with_setup_a_host_has_the_dns_records(parse: Parse, simulator: Simulator) -> None:
    simulator.seed_all([{"sending_domain": "d%d.acorn.example" % number, "state": "pending"} for number in range(5)])
    simulator.settings(latency=0.1)
    hosts = parse(setup=True, concurrency=3, hostvars_prefix="mail_")
    assert {len(host["mail_dns_records"]) for host in hosts.values()} == {9}
    assert {record["profile_id"] for record in hosts["d1.acorn.example"]["mail_dns_records"]} == {
        hosts["d1.acorn.example"]["mail_profile_id"]
    }
    assert [len(simulator.requests(endpoint=name)) for name in ("list", "setup", "get")] == [1, 5, 0]
    assert simulator.most_in_flight() == 3


def test_tasks_of_a_host_run_on_the_controller(ansible: Ansible, inventory: Inventory, simulator: Simulator) -> None:
    simulator.seed(sending_domain="a.acorn.example", state="pending")
    simulator.seed(sending_domain="b.acorn.example", state="active")
    inventory.write()
    task = {"smtpd.email.smtpd_profile_info": {"profile_id": "{{ smtpd_profile_id }}"}}
    without_interpreter = {"ANSIBLE_PYTHON_INTERPRETER": "", "ANSIBLE_INVENTORY": SOURCE}
    run = ansible.playbook(
        [{"hosts": "state_pending", "gather_facts": False, "tasks": [task]}], environ=without_interpreter
    )
    assert run.returncode == 0, run.output
    assert run.of("smtpd_profile_info")["profiles"][0]["sending_domain"] == "a.acorn.example"
    assert {item["host"] for item in run.results} == {"a.acorn.example"}


def test_a_host_can_be_left_without_a_connection(parse: Parse, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    assert "ansible_connection" in parse()[DOMAIN]
    assert "ansible_connection" not in parse(run_locally=False)[DOMAIN]


# Text of the service

NASTY = (
    "{{ lookup('ansible.builtin.pipe', 'touch PATH') }}",
    "{% for x in lookup('ansible.builtin.pipe', 'touch PATH') %}{% endfor %}",
    "#jinja2: variable_start_string: '[[', variable_end_string: ']]'\n[[ lookup('ansible.builtin.pipe', 'touch PATH') ]]",
)


def test_text_of_the_service_is_never_a_template(
    ansible: Ansible, inventory: Inventory, simulator: Simulator, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    texts = [text.replace("PATH", str(witness)) for text in NASTY]
    simulator.seed_all([{"sending_domain": DOMAIN, "profile_name": text, "state": "active"} for text in texts])
    inventory.write(
        hostnames=["profile_name"],
        keyed_groups=[{"key": "smtpd_profile_name", "prefix": "n"}],
        strict=True,
        compose={"composed": "smtpd_profile_name", "joined": "'x' ~ smtpd_profile_name"},
        groups={"g": "smtpd_profile_name == 'x'"},
    )
    task = {
        "ansible.builtin.set_fact": {
            "seen": "{{ smtpd_profile_name }}",
            "composed_seen": "{{ composed }}",
            "joined_seen": "{{ joined }}",
            "name_seen": "{{ inventory_hostname }}",
            "vars_seen": "{{ hostvars[inventory_hostname].smtpd_profile_name }}",
        }
    }
    run = ansible.playbook(
        [{"hosts": "all", "gather_facts": False, "tasks": [task]}], environ={"ANSIBLE_INVENTORY": SOURCE}
    )
    assert run.returncode == 0, run.output
    facts = [item["result"]["ansible_facts"] for item in run.results]
    seen = {(one["seen"], one["composed_seen"], one["joined_seen"], one["vars_seen"]) for one in facts}
    assert seen == {(text, text, "x" + text, text) for text in texts}
    assert len(inventory.run("--list", "--export").hosts) == len(NASTY)
    assert not witness.exists()


# As AWX calls it


def test_awx_gets_plain_strings(inventory: Inventory, simulator: Simulator, tmp_path: Path) -> None:
    profile = simulator.seed(sending_domain=DOMAIN, profile_name="Néws 100%: a & b", state="pending")
    inventory.write(setup=True, compose={"composed": "smtpd_profile_name ~ '!'", "listed": "[smtpd_state]"})
    # With --output it lists to a file. A credential field left empty is a blank variable; others are hidden from the host.
    environ = {
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
        "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "never",
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "SMTPD_ACCESS_TOKEN": "",
        "SMTPD_HOST": "",
        "SMTPD_CA_PATH": "",
        "SMTPD_TIMEOUT": "",
        "SMTPD_RATE_LIMIT": "",
        "SMTPD_VALIDATE_CERTS": "",
        "SMTPD_API_KEY": simulator.api_key,
        "SMTPD_API_SECRET": simulator.api_secret,
    }
    run = inventory.run("--list", "--export", "--output", str(tmp_path / "output.json"), "-vvv", environ=environ)
    assert run.returncode == 0, run.messages
    text = (tmp_path / "output.json").read_text()
    assert "__ansible_unsafe" not in text
    host = json.loads(text)["_meta"]["hostvars"][DOMAIN]
    assert (host["smtpd_profile_id"], host["composed"], host["listed"]) == (
        profile["profile_id"],
        "Néws 100%: a & b!",
        ["pending"],
    )
    # What AWX makes of enabled_var: smtpd_state.
    assert str(host["smtpd_state"]).lower() == "pending"
    assert simulator.api_secret not in run.output + run.messages + text


def test_what_could_be_a_template_stays_marked(inventory: Inventory, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, profile_name="{{ x }}", state="pending")
    assert inventory.list("--export").hosts[DOMAIN]["smtpd_profile_name"] == {"__ansible_unsafe": "{{ x }}"}


# Options and environment


def test_credentials_of_the_file_win_over_all_of_the_environment(parse: Parse, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    given = {"api_key": simulator.api_key, "api_secret": simulator.api_secret, "access_token": ""}
    assert parse(environ={"SMTPD_ACCESS_TOKEN": "stale"}, **given).keys() == {DOMAIN}


def test_the_url_comes_from_its_own_variable_before_the_other(parse: Parse, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    assert parse(environ={"SMTPD_HOST": "nowhere.invalid"}).keys() == {DOMAIN}
    assert parse(environ={"SMTPD_API_URL": "", "SMTPD_HOST": simulator.url}).keys() == {DOMAIN}
    assert parse(api_url=simulator.url, environ={"SMTPD_API_URL": "nowhere.invalid"}).keys() == {DOMAIN}


def test_a_blank_variable_stays_in_the_environment(parse: Parse, simulator: Simulator) -> None:
    parse(environ={"SMTPD_TIMEOUT": ""})
    assert os.environ["SMTPD_TIMEOUT"] == ""


def test_options_can_be_templates(inventory: Inventory, parse: Parse, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    config = {
        "api_url": "{{ lookup('ansible.builtin.env', 'MY_URL') }}",
        "access_token": "{{ my_token }}",
        "timeout": "{{ 5 + 5 }}",
        "validate_certs": "{{ true }}",
    }
    environ = {"SMTPD_API_URL": "", "SMTPD_ACCESS_TOKEN": "", "MY_URL": simulator.url}
    assert inventory.list("-e", "my_token=" + simulator.token, environ=environ, **config).hosts.keys() == {DOMAIN}
    with pytest.raises(Refused, match="^access_token: .*my_token"):
        parse(**config)


def test_a_vaulted_token_works(inventory: Inventory, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    vaulted = VaultLib([("default", VaultSecret(b"secret"))]).encrypt(simulator.token).decode()
    (inventory.workdir / "password").write_text("secret")
    lines = ["plugin: smtpd.email.smtpd", "access_token: !vault |"] + ["  " + line for line in vaulted.splitlines()]
    inventory.write(text="\n".join(lines) + "\n")
    listing = inventory.run("--list", environ={"SMTPD_ACCESS_TOKEN": "", "ANSIBLE_VAULT_PASSWORD_FILE": "password"})
    assert listing.hosts.keys() == {DOMAIN}


@pytest.mark.parametrize(
    "config, environ, words",
    [
        ({}, {"SMTPD_ACCESS_TOKEN": ""}, ["access_token: no credentials"]),
        ({}, {"SMTPD_ACCESS_TOKEN": "wr0ng-t0ken"}, ["GET /api/v1/profile/email: the service answered 401"]),
        ({"access_token": "wr0ng-t0ken"}, {}, ["the service answered 401"]),
        ({"api_url": "http://192.0.2.1"}, {}, ["api_url:", "use https://"]),
        ({"timeout": "soon"}, {}, ["timeout", "soon"]),
        ({}, {"SMTPD_TIMEOUT": "soon"}, ["timeout", "SMTPD_TIMEOUT"]),
        ({"timeout": -1}, {}, ["timeout: -1"]),
        ({"concurrency": 0}, {}, ["concurrency: 0 is not between 1 and 256"]),
        ({"concurrency": 10**9}, {}, ["concurrency: 1000000000 is not between 1 and 256"]),
        ({"states": ["gone"]}, {}, ["states", "gone"]),
        ({"hostnames": ["name"]}, {}, ["hostnames", "name"]),
        ({"hostvars_prefix": "my-"}, {}, ["hostvars_prefix: no name of a variable can begin with 'my-'"]),
        ({"api_url": "http://127.0.0.1:1", "retries": 0}, {}, ["no connection to 127.0.0.1:1"]),
    ],
)
def test_what_cannot_work_is_said(
    config: dict[str, Any], environ: dict[str, str], words: list[str], parse: Parse, simulator: Simulator
) -> None:
    with pytest.raises(Refused) as error:
        parse(environ=environ, **config)
    for word in words:
        assert word in str(error.value)
    assert "wr0ng-t0ken" not in str(error.value)


def test_neither_a_traceback_nor_the_token_is_shown_at_any_verbosity(
    inventory: Inventory, simulator: Simulator
) -> None:
    listing = inventory.list("-vvvv", access_token="wr0ng-t0ken", environ={"ANSIBLE_INVENTORY_UNPARSED_FAILED": "true"})
    assert listing.returncode != 0
    assert "GET /api/v1/profile/email: the service answered 401" in listing.messages
    for word in ("Traceback", "wr0ng-t0ken", simulator.token):
        assert word not in listing.messages + listing.output


def test_a_profile_whose_records_cannot_be_read_is_not_left_out_silently(parse: Parse, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    simulator.inject("setup", status=500, times=10)
    with pytest.raises(Refused, match="/setup: the service answered 500"):
        parse(setup=True, retries=0)


def test_a_file_of_another_name_is_refused_with_the_reason(
    inventory: Inventory, simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    inventory.write("mail.yml")
    listing = inventory.run("--list", source="mail.yml")
    assert "has to end in smtpd.yml or smtpd.yaml. Rename it." in listing.messages
    assert lists(simulator) == 0
    (inventory.workdir / "hosts.yml").write_text("all:\n  hosts:\n    a:\n")
    assert not inventory_loader.get("smtpd.email.smtpd").verify_file(str(inventory.workdir / "hosts.yml"))
    assert "hosts.yml" not in capsys.readouterr().err


# Cache

CACHED = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}


def test_the_cache_saves_calls_until_it_is_flushed(inventory: Inventory, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    first = inventory.list(**CACHED)
    second = inventory.run("--list")
    assert first.data == second.data and lists(simulator) == 1
    # Not ansible-inventory, which knows the option only since ansible-core 2.19.
    play = inventory.workdir / "play.yml"
    play.write_text("- hosts: all\n")
    assert inventory.run("--flush-cache", "--list-hosts", str(play), program="ansible-playbook").returncode == 0
    assert lists(simulator) == 2


def test_accounts_and_services_do_not_share_a_cache(parse: Parse, simulator: Simulator, tmp_path: Path) -> None:
    cached = dict(CACHED, cache_connection=str(tmp_path / "cache"))
    key_only = {"SMTPD_ACCESS_TOKEN": "", "SMTPD_API_KEY": simulator.api_key, "SMTPD_API_SECRET": simulator.api_secret}
    other_url = {"SMTPD_API_URL": simulator.url.replace("127.0.0.1", "localhost")}
    parse(**cached)
    simulator.seed(sending_domain=DOMAIN, state="active")
    assert parse(**cached) == {}, "it comes from the cache"
    assert parse(environ=key_only, **cached).keys() == {DOMAIN}
    assert parse(environ=other_url, **cached).keys() == {DOMAIN}
    assert parse(**cached, states=["active"]).keys() == {DOMAIN}
    files = list((tmp_path / "cache").iterdir())
    assert len(files) == 4 and any(DOMAIN in file.read_text() for file in files)
    for secret in (simulator.token, simulator.api_key, simulator.api_secret, "Bearer"):
        assert not any(secret in file.name + file.read_text() for file in files)


# Documentation


def test_what_the_examples_compose_and_group_is_there(parse: Parse, simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, profile_name="news", state="pending")
    source = (ROOT / "plugins" / "inventory" / "smtpd.py").read_text(encoding="utf-8")
    examples = yaml.safe_load_all(source.split('EXAMPLES = r"""', 1)[1].split('"""', 1)[0])
    (example,) = [dict(one, strict=True, cache=False) for one in examples if "compose" in one]
    hosts = parse(environ={"MAIL_KEY": simulator.api_key, "MAIL_SECRET": simulator.api_secret}, **example)
    assert float(hosts["news"]["hours_left"]) == 72, "before ansible-core 2.19 it is text"
    assert {"domain_acorn_example", "unhealthy", "state_pending"} <= set(hosts["news"]["group_names"])
