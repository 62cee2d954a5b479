# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter dns_arguments with the modules that it is for: their own argument specs, and where a server can be had, for real."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Iterator, Sequence
from unittest import mock

import pytest
import yaml
from ansible.module_utils import basic

from ansible_collections.smtpd.email.plugins.filter import dns_arguments as plugin
from ansible_collections.smtpd.email.plugins.module_utils._dns_arguments import dns_arguments
from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError
from tests.integration.conftest import Ansible, Run
from tests.support.bind import BindServer
from tests.support.collections import foreign_collections
from tests.support.inprocess import import_module, run_module
from tests.support.moto import MotoServer

AZURE, CLOUDFLARE = "azure.azcollection.azure_rm_dnsrecordset", "community.general.cloudflare_dns"
HETZNER, NSUPDATE, ROUTE53 = "community.dns.hetzner_dns_record", "community.general.nsupdate", "amazon.aws.route53"

# What a task needs beside the arguments.
CREDENTIALS: dict[str, dict[str, Any]] = {
    AZURE: {"resource_group": "dns"},
    CLOUDFLARE: {"api_token": "secret"},
    HETZNER: {"hetzner_token": "secret"},
    NSUPDATE: {"server": "192.0.2.53"},
    ROUTE53: {},
}

BOUNCE = "bounce.mail.example.com"
NINE = [
    {"name": name, "type": type_, "value": value, "validation_state": "pending"}
    for name, type_, value in (
        ("1h09YTLxhfFx._domainkey.mail.example.com", "CNAME", "1h09YTLxhfFx.dkim.smtpd.dev"),
        ("1hpQ2sWc81Za._domainkey.mail.example.com", "CNAME", "1hpQ2sWc81Za.dkim.smtpd.dev"),
        ("1hXv7uRt40Lm._domainkey.mail.example.com", "CNAME", "1hXv7uRt40Lm.dkim.smtpd.dev"),
        ("_amazonses.mail.example.com", "TXT", "4ewMcIYic7jCen+qREXsi2j1lBQqT+pVN6WlR6YlMPU="),
        ("_amazonses." + BOUNCE, "TXT", "dGhlIGJvdW5jZSBkb21haW4gb2YgYWNvcm4gbWFpbA=="),
        (BOUNCE, "MX", "feedback-smtp.us-east-1.amazonses.com"),
        (BOUNCE, "TXT", "v=spf1 include:amazonses.com ~all"),
        ("_amazonses.go.example.com", "TXT", "bGluayBkb21haW4gb2YgYWNvcm4="),
        ("go.example.com", "CNAME", "l.smtpdgo.com"),
    )
]
SPF, LINK = NINE[6], NINE[8]
FEW = [NINE[5], SPF, LINK]
DMARC = {
    "name": "_dmarc.example.com",
    "type": "TXT",
    "value": "v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@example.com",
}
LONG = {"name": "long.example.com", "type": "TXT", "value": 'say "hi", ' + "k" * 500}
APEX = {"name": "example.com", "type": "TXT", "value": "site-verification=1"}
FOREIGN_TEXTS = ('"site-verification=1"', r'"say \"hi\""', r'"C:\\mail\\;"', '"two" "strings"', r'"gr\195\188n"')


EXAMPLES: list[dict[str, Any]] = yaml.safe_load(plugin.EXAMPLES)


@pytest.fixture(scope="session", autouse=True)
def collections() -> Path:
    """The folder with the collections of the modules."""
    names = {".".join(fqcn.split(".")[:2]) for fqcn in CREDENTIALS}
    return foreign_collections(*sorted(names), "community.library_inventory_filtering_v1")


def arguments(records: Sequence[dict[str, Any]], fqcn: str, **more: Any) -> list[dict[str, Any]]:
    return dns_arguments(records, fqcn, ["example.com"], **more)[0]


# Every module


class Accepted(Exception):
    """A module has accepted its arguments, which are the error's."""


def accepted(fqcn: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options as a module has them once its own argument spec has accepted them.

    :raises AssertionError: it did not.
    """
    module = import_module(fqcn)
    real_init = basic.AnsibleModule.__init__

    def init(self: Any, *args: Any, **keywords: Any) -> None:
        real_init(self, *args, **keywords)
        raise Accepted(self.params)

    def azure_init(self: Any, spec: dict[str, Any], skip_exec: bool = False, **_keywords: Any) -> None:
        # It looks at the type of the records first, and then takes the spec that this type has.
        self.module = mock.Mock(params={"record_type": given["record_type"]})
        if not skip_exec:
            basic.AnsibleModule(argument_spec=spec)

    with mock.patch.object(basic.AnsibleModule, "__init__", init), contextlib.ExitStack() as stack:
        if fqcn == AZURE:
            stack.enter_context(mock.patch.object(module.AzureRMModuleBase, "__init__", azure_init))
        try:
            raise AssertionError(run_module(fqcn, **given)["msg"])
        except Accepted as params:
            return params.args[0]


@pytest.mark.parametrize("fqcn", CREDENTIALS)
def test_the_modules_own_argument_spec_accepts_every_item_as_it_is(fqcn: str) -> None:
    items = arguments([*NINE, DMARC, LONG, APEX], fqcn)
    assert len(items) == 12
    for item in items:
        params = accepted(fqcn, {**CREDENTIALS[fqcn], **item})
        if fqcn == AZURE:  # beside the names that it documents it has those of the API
            params["records"] = [
                {name: one[name] for name in ("entry", "preference") if name in one} for one in params["records"]
            ]
        assert {name: params[name] for name in item} == item


@pytest.mark.parametrize("wrong", [{"priority": 10}, {"ttl": "soon"}])
def test_an_item_that_a_module_does_not_accept_would_be_noticed(wrong: dict[str, Any]) -> None:
    (item,) = arguments([LINK], NSUPDATE)
    with pytest.raises(AssertionError, match=str(*wrong)):
        accepted(NSUPDATE, {**CREDENTIALS[NSUPDATE], **item, **wrong})


@pytest.mark.parametrize("fqcn", CREDENTIALS)
def test_the_example_of_a_module_hands_on_all_that_an_item_has(fqcn: str) -> None:
    names = {name for item in arguments([*NINE, DMARC, LONG, APEX], fqcn) for name in item}
    (example,) = [task[fqcn] for task in EXAMPLES if isinstance(task.get(fqcn), dict)]
    assert set(example) == names


@pytest.mark.parametrize("fqcn", CREDENTIALS)
def test_nothing_but_records_and_zones_has_to_be_given(fqcn: str) -> None:
    assert plugin.FilterModule().filters()["dns_arguments"](NINE, fqcn, ["example.com"])


# Dynamic updates, on a real server


@pytest.fixture(scope="module")
def one_bind() -> Iterator[BindServer]:
    with BindServer(["example.com"]) as server:
        yield server


@pytest.fixture
def bind(one_bind: BindServer) -> BindServer:
    one_bind.reset()
    return one_bind


def nsupdate(bind: BindServer, *records: dict[str, Any]) -> list[bool]:
    """Publish records with what DNS says of them.

    :returns: which tasks changed something.
    """
    looked = run_module("smtpd_dns_info", records=list(records), nameservers=[bind.address])
    results = [run_module(NSUPDATE, **server_of(bind), **item) for item in arguments(looked["records"], NSUPDATE)]
    assert not any(result["failed"] for result in results), results
    return [result["changed"] for result in results]


def server_of(bind: BindServer) -> dict[str, Any]:
    key = {"key_name": bind.key_name, "key_secret": bind.key_secret, "key_algorithm": bind.key_algorithm}
    return {"server": bind.host, "port": bind.port, **key}


def test_nsupdate_publishes_to_the_letter_and_a_second_run_changes_nothing(bind: BindServer) -> None:
    assert all(nsupdate(bind, *NINE, LONG))
    described = run_module("smtpd_dns_info", records=[*NINE, LONG], nameservers=[bind.address])
    assert described["all_present"]
    serial = bind.serial("example.com")
    assert not any(nsupdate(bind, *NINE, LONG))
    assert bind.serial("example.com") == serial


def test_nsupdate_leaves_texts_of_others_to_the_letter(bind: BindServer) -> None:
    bind.add(BOUNCE, "TXT", *FOREIGN_TEXTS, ttl=77)
    before = bind.zone_text("example.com").splitlines()
    assert nsupdate(bind, SPF) == [True]
    new = set(bind.zone_text("example.com").splitlines()) ^ set(before)
    assert new == {'%s. 77 IN TXT "%s"' % (BOUNCE, SPF["value"])}
    assert nsupdate(bind, SPF) == [False]


def test_nsupdate_does_not_copy_what_only_a_wildcard_answers(bind: BindServer) -> None:
    bind.add("*." + BOUNCE.partition(".")[2], "TXT", '"text of the wildcard"', '"v=spf1 mx -all"')
    before = set(bind.zone_text("example.com").splitlines())
    assert nsupdate(bind, SPF) == [True]
    new = {line.split(" IN ")[1] for line in set(bind.zone_text("example.com").splitlines()) - before}
    assert new == {'TXT "%s"' % SPF["value"]}


def test_nsupdate_joins_wanted_records_of_one_name(bind: BindServer) -> None:
    assert nsupdate(bind, SPF, {**SPF, "value": "another text"}) == [True]
    assert bind.zone_text("example.com").count(" IN TXT ") == 2


@pytest.mark.parametrize(
    "type_, value, code",
    [
        ("CNAME", "shop.example.net.", "The name points elsewhere"),
        ("A", "192.0.2.1", "A CNAME can have no other records beside it"),
        ("TXT", '"verification"', "A CNAME can have no other records beside it"),
    ],
)
def test_what_is_in_the_way_is_told_before_anything_is_written(
    type_: str, value: str, code: str, bind: BindServer
) -> None:
    bind.add(LINK["name"], type_, value)
    before = bind.serial("example.com")
    with pytest.raises(SmtpdError, match=code):
        nsupdate(bind, *NINE)
    assert bind.serial("example.com") == before


def test_what_dns_does_not_answer_for_certain_is_told(bind: BindServer) -> None:
    looked = run_module(
        "smtpd_dns_info", records=[{"name": "a.example.org", "type": "TXT", "value": "x"}], nameservers=[bind.address]
    )
    with pytest.raises(SmtpdError, match="it is not known what is at a.example.org. TXT: .*REFUSED"):
        dns_arguments(looked["records"], NSUPDATE, ["example.org"])


def example_playbook(
    collections: Path,
    tmp_path: Path,
    environ: dict[str, str],
    tasks: Sequence[dict[str, Any]],
    defaults: dict[str, dict[str, Any]],
    **variables: Any,
) -> Run:
    """Run tasks of the documented examples as they are."""
    own = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    ansible = Ansible(tmp_path, dict(environ, ANSIBLE_COLLECTIONS_PATH="%s:%s" % (own, collections)))
    tasks = [{**task, "module_defaults": defaults} if "module_defaults" in task else task for task in tasks]
    return ansible.tasks(*tasks, module_defaults=defaults, vars=variables)


def examples(*names: str) -> list[dict[str, Any]]:
    return [task for name in names for task in EXAMPLES if task["name"] == name]


@pytest.mark.thorough
def test_the_example_of_nsupdate_runs_and_changes_nothing_when_it_runs_again(
    bind: BindServer, collections: Path, tmp_path: Path, clean_environ: dict[str, str]
) -> None:
    bind.add(BOUNCE, "TXT", *FOREIGN_TEXTS)
    before = set(bind.zone_text("example.com").splitlines())
    twice = examples("Look what there is at their names", "Publish the records by dynamic updates (RFC 2136)") * 2
    as_it_is = {"name": "Items as they are", NSUPDATE: "{{ server | combine(item) }}", "loop": twice[1]["loop"]}
    run = example_playbook(
        collections,
        tmp_path,
        clean_environ,
        [*twice, as_it_is],
        {NSUPDATE: server_of(bind), "smtpd.email.smtpd_dns_info": {"nameservers": [bind.address]}},
        setup={"dns_records": NINE},
        server=server_of(bind),
    )
    assert run.returncode == 0, run.output
    assert [item["result"]["changed"] for item in run.results] == [False, True, False, False, False]
    assert before < set(bind.zone_text("example.com").splitlines())
    assert "[WARNING]: dns_arguments" not in run.output


def test_where_values_of_others_could_be_lost_the_filter_warns(
    collections: Path, tmp_path: Path, clean_environ: dict[str, str]
) -> None:
    task = {
        "ansible.builtin.debug": {
            "msg": "{{ setup.dns_records | smtpd.email.dns_arguments('%s', ['example.com']) }}" % NSUPDATE
        }
    }
    run = example_playbook(collections, tmp_path, clean_environ, [task], {}, setup={"dns_records": NINE})
    assert len(run.results[0]["result"]["msg"]) == 9
    assert "community.general.nsupdate replaces whatever there is at" in " ".join(run.output.split())


# Route 53, as moto has it


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoServer]:
    with MotoServer(["example.com"]) as server:
        for name, value in {**server.environ, **aws_credentials(server)}.items():
            monkeypatch.setenv(name, value)
        yield server


def aws_credentials(moto: MotoServer) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": moto.access_key_id, "AWS_SECRET_ACCESS_KEY": moto.secret_access_key}


@pytest.mark.thorough
def test_the_examples_of_route53_run_and_change_nothing_when_they_run_again(
    moto: MotoServer, collections: Path, tmp_path: Path, clean_environ: dict[str, str]
) -> None:
    moto.add(BOUNCE, "TXT", *FOREIGN_TEXTS, ttl=77)
    before = set(moto.zone_text("example.com").splitlines())
    twice = examples("Read what Route 53 has", "Publish the records at Route 53, without asking DNS") * 2
    environ = {**clean_environ, **moto.environ, **aws_credentials(moto)}
    run = example_playbook(
        collections,
        tmp_path,
        environ,
        twice,
        {},
        setup={"dns_records": [SPF]},
        hosted_zone_id=moto.zone_id("example.com"),
    )
    assert run.returncode == 0, run.output
    assert [item["result"]["changed"] for item in run.results] == [False, True, False, False]
    after = set(moto.zone_text("example.com").splitlines())
    assert before < after and '%s. 77 IN TXT "%s"' % (BOUNCE, SPF["value"]) in after


def test_route53_publishes_with_what_dns_says_and_a_second_run_changes_nothing(
    bind: BindServer, moto: MotoServer
) -> None:
    def publish() -> list[bool]:
        bind.reset()
        for name, ttl, type_, rdata in moto.records("example.com"):  # as the DNS servers of Route 53 would answer
            if type_ != "NS":
                bind.add(name, type_, rdata, ttl=ttl)
        looked = run_module("smtpd_dns_info", records=FEW, nameservers=[bind.address])
        results = [run_module(ROUTE53, **item) for item in arguments(looked["records"], ROUTE53)]
        assert not any(result["failed"] for result in results), results
        return [result["changed"] for result in results]

    moto.add(BOUNCE, "TXT", '"z"', '"two" "strings"', '"a"')
    before = set(moto.zone_text("example.com").splitlines())
    assert all(publish())
    assert before < set(moto.zone_text("example.com").splitlines())
    assert not any(publish())


def test_route53_overwrites_nothing_where_nobody_has_looked(moto: MotoServer) -> None:
    moto.add(BOUNCE, "TXT", '"site-verification=1"')
    before = moto.zone_text("example.com")
    (item,) = arguments([SPF], ROUTE53)
    assert "already exists" in run_module(ROUTE53, **item)["msg"]
    assert moto.zone_text("example.com") == before
