# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of modules, filters and lookups, run as they stand in the documentation, against the simulator, BIND and moto.

All are run by one C(ansible-playbook), a play for each plugin. What is not as in the documentation is in this file: variables
and registered results that the examples leave to the reader, and where name servers are (C(lead_here)).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.examples.documents import ROOT, event_source_examples, plugin_examples
from tests.integration.conftest import Ansible, Run
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.event_source import EventSource
from tests.support.moto import MotoServer

EXAMPLES = plugin_examples("modules", "filter", "lookup")
INVENTORIES = [
    (name, number) for name, documents in plugin_examples("inventory").items() for number in range(len(documents))
]
OTHER_COLLECTIONS = ["amazon.aws", "azure.azcollection", "community.dns", "community.general"]
ZONES = ["example.com", "example.net", "example.org"]

# Examples that need a provider which is neither here nor imitated. Their arguments are checked, see below.
ELSEWHERE = {
    "Publish them at Cloudflare, and take the SPF terms into the record that is there",
    "Publish the records at Cloudflare",
    "Publish the records at Hetzner",
    "Publish the records at Azure",
}

# The first one creates the profile that all others work with.
FIRST = "modules/smtpd_sending_profile"

# What a reader of the examples of a filter has registered by then.
LOOK_UP = {
    "name": "Look up the profile",
    "smtpd.email.smtpd_profile_info": {"sending_domain": "mail.example.com", "setup": True},
}
ASK_DNS = {"name": "Ask DNS", "smtpd.email.smtpd_dns_info": {"records": "{{ lookup_result.dns_records }}"}}
PUBLISH: dict[str, Any] = {
    "name": "Publish the records",
    "smtpd.email.smtpd_dns_records": {
        "records": "{{ lookup_result.dns_records }}",
        "provider": "{{ dns_provider }}",
        "provider_secrets": "{{ dns_provider_secrets }}",
        "zones": ZONES,
    },
}
CREATE = {"name": "Create the profile", "smtpd.email.smtpd_sending_profiles": {"profiles": "{{ wanted }}"}}
BEFORE: dict[str, list[dict[str, Any]]] = {
    "filter/audit_format": [{**LOOK_UP, "register": "lookup_result"}, {**ASK_DNS, "register": "dns_result"}],
    "filter/audit_records": [{**LOOK_UP, "register": "lookup_result"}],
    "filter/audit_report": [{**LOOK_UP, "register": "lookup_result"}, {**ASK_DNS, "register": "dns_result"}],
    "filter/bare_records": [{**LOOK_UP, "register": "lookup_result"}],
    "filter/dmarc_problem": [],
    "filter/expanded": [],
    "filter/heal_results": [{**LOOK_UP, "register": "before"}, {**LOOK_UP, "register": "after"}],
    "filter/open_records": [{**LOOK_UP, "register": "lookup_result"}],
    "filter/profile_artifacts": [
        {**LOOK_UP, "register": "lookup_result"},
        {
            "name": "Conclude what the profile is",
            "ansible.builtin.set_fact": {
                "sending_profile_results": "{{ wanted | smtpd.email.profile_results("
                "created={}, lookup=lookup_result, answers={}, verified={}, manual=true) }}"
            },
        },
    ],
    "filter/profile_results": [
        {**CREATE, "register": "created"},
        {**LOOK_UP, "register": "lookup_result"},
        {**ASK_DNS, "register": "dns"},
        {"ansible.builtin.set_fact": {"found": "{{ lookup_result }}"}},
    ],
    "filter/profiles_accepted": [{**CREATE, "register": "creation"}],
    "filter/profiles_ready": [{**LOOK_UP, "register": "lookup_result"}, {**ASK_DNS, "register": "dns_result"}],
    "filter/profiles_to_heal": [{**LOOK_UP, "register": "lookup_result"}],
    "filter/profiles_wanted": [
        {
            "name": "Let the host be a profile",
            "ansible.builtin.set_fact": {
                "sending_profile_name": "newsletter",
                "sending_profile_sending_domain": "mail.example.org",
            },
        }
    ],
    "filter/zone_file": [{**LOOK_UP, "register": "setup"}],
}
# What happens before a task because of which it is there.
BETWEEN: dict[str, list[dict[str, Any]]] = {
    "Wait until two servers have all of them": [{**LOOK_UP, "register": "lookup_result"}, PUBLISH],
}


class ExampleServer(BindServer):
    """A name server with the key that the examples name."""

    key_name = "ansible."


def lead_here(node: Any, server: BindServer) -> Any:
    """Return a part of an example with the name servers of the documentation replaced by one of this machine."""
    if isinstance(node, list):
        return [lead_here(item, server) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: lead_here(value, server) for key, value in node.items()}
    for key in {"host", "server"} & result.keys():
        if result[key] in ("ns1.example.com", "192.0.2.53"):
            result.update({key: server.host, "port": server.port})
    if "nameservers" in result:
        result["nameservers"] = [server.address]
    return result


def play(name: str, tasks: list[dict[str, Any]], server: BindServer) -> dict[str, Any]:
    here = lead_here([task for task in tasks if task.get("name") not in ELSEWHERE], server)
    return {
        "name": name,
        "hosts": "localhost",
        "gather_facts": False,
        "ignore_errors": True,  # a failure keeps no other example from being run
        "module_defaults": {
            "smtpd.email.smtpd_dns_info": {"nameservers": [server.address]},
            "smtpd.email.smtpd_preflight_info": {"nameservers": [server.address]},
        },
        "tasks": [
            *BEFORE.get(name, []),
            *(
                step
                for task in here
                for step in [*BETWEEN.get(task["name"], []), {**task, "name": "%s: %s" % (name, task["name"])}]
            ),
        ],
    }


@pytest.fixture(scope="module")
def collections() -> Path:
    """Other authors' collections."""
    command = [sys.executable, str(ROOT / "tests" / "tools" / "ensure-collections"), *OTHER_COLLECTIONS]
    return Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


@pytest.fixture(scope="module")
def server() -> Iterator[BindServer]:
    with ExampleServer(zones=ZONES) as running:
        yield running


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory,
    environ: dict[str, str],
    simulator: Simulator,
    server: BindServer,
    collections: Path,
) -> Run:
    """The results of all examples, each under the plugin's name and the task's."""
    simulator.seed(profile_name="alerts", sending_domain="alerts.example.net", state="pending")
    names = sorted(EXAMPLES, key=lambda name: name != FIRST)
    with MotoServer(zones=ZONES) as moto:
        path = "%s:%s" % (environ["ANSIBLE_COLLECTIONS_PATH"], collections)
        amazon = {
            "AWS_ACCESS_KEY_ID": moto.access_key_id,
            "AWS_SECRET_ACCESS_KEY": moto.secret_access_key,
            **moto.environ,
        }
        ansible = Ansible(
            tmp_path_factory.mktemp("examples"),
            {**environ, **amazon, "ANSIBLE_COLLECTIONS_PATH": path, "ANSIBLE_PIPELINING": "true"},
            timeout=600,
        )
        return ansible.playbook(
            [play(name, *EXAMPLES[name], server) for name in names],
            aws_access_key=moto.access_key_id,
            aws_access_key_id=moto.access_key_id,
            aws_secret_access_key=moto.secret_access_key,
            aws_secret_key=moto.secret_access_key,
            dns_provider=server.octodns_provider()[0],
            dns_provider_secrets=server.octodns_provider()[1],
            hosted_zone_id=moto.zone_id("example.com"),
            smtpd_access_token=simulator.token,
            tsig_secret=server.key_secret,
            wanted=[{"profile_name": "newsletter", "sending_domain": "mail.example.org"}],
        )


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_a_plugin_run_as_they_stand(name: str, run: Run) -> None:
    (examples,) = EXAMPLES[name]
    expected = {"%s: %s" % (name, task["name"]) for task in examples if task["name"] not in ELSEWHERE}
    statuses = {item["task"]: item["status"] for item in run.results if item["task"] in expected}
    assert expected and statuses == dict.fromkeys(expected, "ok"), run.output


@pytest.mark.parametrize(("name", "number"), INVENTORIES)
def test_an_example_of_an_inventory_lists_the_profiles(
    name: str, number: int, tmp_path: Path, environ: dict[str, str], simulator: Simulator
) -> None:
    simulator.reset()
    simulator.seed(profile_name="newsletter", sending_domain="mail.example.com", state="pending")
    settings = plugin_examples("inventory")[name][number]
    if "cache_connection" in settings:
        settings["cache_connection"] = str(tmp_path / "cache")
    (tmp_path / "mail.smtpd.yml").write_text(json.dumps(settings))
    variables = {"MAIL_KEY": simulator.api_key, "MAIL_SECRET": simulator.api_secret}
    command = [str(Path(sys.executable).with_name("ansible-inventory")), "--inventory=mail.smtpd.yml", "--list"]
    output = subprocess.run(
        command, cwd=tmp_path, env={**environ, **variables}, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    assert list(json.loads(output)["_meta"]["hostvars"]) == [
        "newsletter" if "hostnames" in settings else "mail.example.com"
    ]


@pytest.mark.parametrize("number", range(len(event_source_examples())))
def test_an_example_of_the_event_source_watches_the_profiles(
    number: int, tmp_path: Path, environ: dict[str, str], simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.reset()
    arguments = event_source_examples()[number]
    if "api_key" in arguments:  # as ansible-rulebook fills them in
        arguments.update(api_key=simulator.api_key, api_secret=simulator.api_secret)
    if "state_file" in arguments:
        arguments["state_file"] = str(tmp_path / Path(arguments["state_file"]).name)
    for name in ("SMTPD_API_URL", "SMTPD_ACCESS_TOKEN"):
        monkeypatch.setenv(name, environ[name])
    simulator.seed(profile_name="newsletter", sending_domain="mail.example.com", state="active")
    expected = ["token"] * ("api_key" in arguments) + ["list"]
    with EventSource(**arguments) as source:
        deadline = time.monotonic() + 20
        while (calls := [request["endpoint"] for request in simulator.requests()]) != expected:
            assert time.monotonic() < deadline, calls
            time.sleep(0.05)
        assert source.events == []


def test_an_example_that_is_left_out_is_there() -> None:
    assert ELSEWHERE <= {task["name"] for (document,) in EXAMPLES.values() for task in document}


def test_examples_with_modules_of_other_collections_give_arguments_that_these_have(
    environ: dict[str, str], collections: Path
) -> None:
    # What a filter gives as a whole ("{{ item }}") is held against the modules by the filter's own tests.
    used = [(action, arguments) for (document,) in EXAMPLES.values() for task in document
            for action, arguments in task.items()
            if action.rpartition(".")[0] in OTHER_COLLECTIONS and isinstance(arguments, dict)]  # fmt: skip
    actions = {action for action, _arguments in used}
    assert {action.rpartition(".")[0] for action in actions} == set(OTHER_COLLECTIONS)
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", *sorted(actions)]
    output = subprocess.run(
        command,
        env=dict(environ, ANSIBLE_COLLECTIONS_PATH=str(collections)),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    options = {action: documentation["doc"]["options"] for action, documentation in json.loads(output).items()}
    for action, arguments in used:
        assert arguments.keys() <= options[action].keys(), action
