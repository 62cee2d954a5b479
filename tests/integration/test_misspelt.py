# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A misspelt variable or setting creates nothing, and the error names the nearest valid one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Ansible, Run
from tests.integration.test_role import settings
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.inprocess import run_module

ROLE = "smtpd.email.sending_profile"
GIVEN = {"sending_profile_name": "newsletter", "sending_profile_sending_domain": "mail.acorn.example"}
TYPO = {"sending_profile_link_domian": "click.example.com"}
REFUSED = "sending_profile_link_domian: unknown variable. Did you mean 'sending_profile_link_domain'?"


def play(**keywords: Any) -> list[dict[str, Any]]:
    return [{"hosts": "localhost", "gather_facts": False, **keywords}]


def told(run: Run) -> str:
    """What a run printed, without the way in which it is quoted and broken into lines."""
    return " ".join(run.output.split()).replace("\\'", "'").replace('\\"', '"')


def is_refused(run: Run, simulator: Simulator, message: str = REFUSED) -> None:
    assert run.returncode != 0 and message in told(run), run.output
    assert simulator.requests() == [], "the service was not even asked"


# The role


@pytest.mark.parametrize(
    "given, message",
    [
        (TYPO, REFUSED),
        ({"sending_profile_dns_provder": "octodns"}, "Did you mean 'sending_profile_dns_provider'?"),
        ({"sending_profile_validate_cert": False}, "Did you mean 'sending_profile_validate_certs'?"),
        ({"sending_profile_dns_record": []}, "sending_profile_dns_record: unknown variable."),
        ({"sending_profile_xyzzy": 1}, "sending_profile_xyzzy: unknown variable."),
    ],
)
def test_the_role_refuses_a_variable_that_it_does_not_have(
    given: dict[str, Any], message: str, ansible: Ansible, simulator: Simulator
) -> None:
    is_refused(ansible.playbook(play(roles=[ROLE]), **GIVEN, **given), simulator, message)
    assert simulator.profiles() == []


def test_every_misspelt_variable_is_named_at_once(ansible: Ansible, simulator: Simulator) -> None:
    run = ansible.playbook(play(roles=[ROLE]), **GIVEN, **TYPO, sending_profile_dns_provder="octodns")
    is_refused(run, simulator)
    is_refused(run, simulator, "sending_profile_dns_provder: unknown variable.")


INCLUDE: dict[str, Any] = {"ansible.builtin.include_role": {"name": ROLE}}
DELEGATED = {"ansible.builtin.include_role": {"name": ROLE, "apply": {"delegate_to": "localhost"}}}


@pytest.mark.parametrize(
    "keywords",
    [
        {"vars": TYPO, "roles": [ROLE]},
        {"roles": [{"role": ROLE, "vars": TYPO}]},
        {"tasks": [{"ansible.builtin.set_fact": TYPO}, INCLUDE]},
        {"tasks": [{**INCLUDE, "vars": TYPO}]},
        {"tasks": [{"ansible.builtin.import_role": {"name": ROLE}, "vars": TYPO}]},
        {"tasks": [{"block": [INCLUDE], "vars": TYPO}]},
        {"tasks": [{**DELEGATED, "loop": [1], "vars": TYPO}]},
        {"vars_files": ["typo.yml"], "roles": [ROLE]},
        {"tasks": [{"ansible.builtin.include_vars": "typo.yml"}, INCLUDE]},
        {"tasks": [{"ansible.builtin.command": "true", "register": "sending_profile_link_domian"}, INCLUDE]},
    ],
    ids=[
        "play",
        "role",
        "fact",
        "include_role",
        "import_role",
        "block",
        "loop",
        "vars_files",
        "include_vars",
        "register",
    ],
)
def test_a_misspelt_variable_is_found_wherever_it_is_set(
    keywords: dict[str, Any], ansible: Ansible, simulator: Simulator
) -> None:
    (ansible.workdir / "typo.yml").write_text("sending_profile_link_domian: click.example.com\n")
    is_refused(ansible.playbook(play(**keywords), **GIVEN), simulator)
    assert simulator.profiles() == []


def test_a_misspelt_role_parameter_is_refused_by_ansible_itself(ansible: Ansible, simulator: Simulator) -> None:
    is_refused(
        ansible.playbook(play(roles=[{"role": ROLE, **TYPO}]), **GIVEN), simulator, "sending_profile_link_domian."
    )


@pytest.mark.parametrize("place", ["host_vars/localhost.yml", "group_vars/all.yml", "inventory"])
def test_a_misspelt_variable_of_the_inventory_is_found(place: str, ansible: Ansible, simulator: Simulator) -> None:
    inventory = "localhost ansible_connection=local"
    if place == "inventory":
        inventory += " sending_profile_link_domian=click.example.com"
    else:
        (ansible.workdir / place).parent.mkdir()
        (ansible.workdir / place).write_text("sending_profile_link_domian: click.example.com\n")
    (ansible.workdir / "hosts").write_text(inventory + "\n")
    is_refused(ansible.playbook(play(roles=[ROLE]), "-i", "hosts", **GIVEN), simulator)


def test_a_stage_that_is_chosen_by_its_tag_refuses_it_too(ansible: Ansible, simulator: Simulator) -> None:
    is_refused(ansible.playbook(play(roles=[ROLE]), "--tags", "create", **GIVEN, **TYPO), simulator)


def test_the_role_runs_twice_in_a_play_and_once_more_in_a_loop(ansible: Ansible, simulator: Simulator) -> None:
    tasks = [INCLUDE, {"ansible.builtin.import_role": {"name": ROLE}}, {**DELEGATED, "loop": [1, 2]}]
    run = ansible.playbook(play(roles=[ROLE], tasks=tasks), **GIVEN)
    assert run.returncode == 0, run.output
    assert len(simulator.profiles()) == 1


def test_what_an_earlier_workflow_node_passed_on_is_not_taken_for_a_misspelling(
    ansible: Ansible, simulator: Simulator
) -> None:
    run = ansible.playbook(play(roles=[ROLE]), **GIVEN, sending_profile_results=[], sending_profile_dns_records=[])
    assert run.returncode == 0, run.output


@pytest.mark.parametrize("how", ["roles", "include_role"])
def test_variables_of_another_role_whose_name_begins_the_same_are_not_refused(
    how: str, ansible: Ansible, simulator: Simulator
) -> None:
    tasks = ansible.workdir / "roles" / "sending_profile_mailman" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text("- ansible.builtin.debug:\n    var: sending_profile_mailman_lists\n")
    other = "sending_profile_mailman"
    keywords: dict[str, Any] = (
        {"roles": [ROLE, other]}
        if how == "roles"
        else {"tasks": [INCLUDE, {"ansible.builtin.include_role": {"name": other}}]}
    )
    run = ansible.playbook(play(**keywords), **GIVEN, sending_profile_mailman_lists=["announce"])
    assert run.returncode == 0, run.output
    assert "announce" in run.output


def test_the_audit_refuses_in_the_same_words(ansible: Ansible, simulator: Simulator) -> None:
    run = ansible.shipped("audit", smtpd_audit_htlm="x.html")
    is_refused(run, simulator, "smtpd_audit_htlm: unknown variable. Did you mean 'smtpd_audit_html'?")


@pytest.mark.parametrize(
    "variables",
    [
        {**GIVEN, "sending_profile_dns_ttl": "soon"},
        {**GIVEN, "sending_profile_dns_ttl": float("inf")},
        {**GIVEN, "sending_profile_verify": "perhaps"},
        {**GIVEN, "sending_profile_wait_timeout": "soon"},
        {**GIVEN, "sending_profile_concurrency": [1]},
        {**GIVEN, "sending_profile_dns_spf": "replace"},
        {**GIVEN, "sending_profile_rate_limit": "fast"},
        {**GIVEN, "sending_profile_validate_certs": "perhaps"},
        {**GIVEN, "sending_profile_dns_octodns_secrets": "text"},
        {"sending_profile_list": "text"},
        {"sending_profile_list": ["text"]},
    ],
    ids=lambda variables: "%s=%s" % list(variables.items())[-1],
)
def test_a_value_of_a_wrong_type_is_refused_before_anything_is_created(
    variables: dict[str, Any], ansible: Ansible, simulator: Simulator
) -> None:
    run = ansible.playbook(play(roles=[ROLE]), **variables)
    assert run.returncode != 0
    assert simulator.requests(method="POST") == []


# The playbooks


@pytest.mark.parametrize(
    "text", ["profile_name=news", "profile_name=news sending_domain=mail.acorn.example", "mail.acorn.example"]
)
def test_a_list_of_profiles_that_is_text_is_refused_before_anything_is_created(
    text: str, ansible: Ansible, simulator: Simulator
) -> None:
    run = ansible.playbook(play(roles=[ROLE]), sending_profile_list=text)
    is_refused(run, simulator, "sending_profile_list is text, not a list of profiles.")


@pytest.mark.parametrize("name", ["setup", "heal", "audit", "awx_setup"])
@pytest.mark.parametrize(
    "typo, meant",
    [
        ("smtpd_profles", "smtpd_profiles"),
        ("smtpd_host", "smtpd_hosts"),
        ("smtpd_heal_id", "smtpd_heal_ids"),
        ("smtpd_awx_organisation", "smtpd_awx_organization"),
        ("smtpd_audit_htlm", "smtpd_audit_html"),
        ("sending_profile_dns_provder", "sending_profile_dns_provider"),
    ],
)
def test_a_playbook_refuses_a_variable_that_no_playbook_has(
    name: str, typo: str, meant: str, ansible: Ansible, simulator: Simulator
) -> None:
    run = ansible.shipped(name, **GIVEN, **{typo: "x"})
    is_refused(run, simulator, "%s: unknown variable. Did you mean '%s'?" % (typo, meant))


@pytest.mark.parametrize("name", ["setup", "heal"])
def test_a_playbook_looks_at_the_variables_of_all_its_hosts(name: str, ansible: Ansible, simulator: Simulator) -> None:
    (ansible.workdir / "hosts").write_text(
        "one sending_profile_name=a sending_profile_sending_domain=a.acorn.example\n"
        "two sending_profile_name=b sending_profile_sending_domain=b.acorn.example sending_profile_link_domian=x.example\n"
    )
    is_refused(ansible.shipped(name, "-i", "hosts", smtpd_hosts="all"), simulator)
    assert simulator.profiles() == []


def test_a_playbook_takes_whatever_the_inventory_plugin_says_of_a_profile(
    ansible: Ansible, simulator: Simulator
) -> None:
    simulator.seed(profile_name="a", sending_domain="a.acorn.example", state="active")
    (ansible.workdir / "smtpd.yml").write_text("plugin: smtpd.email.smtpd\nsetup: true\n")
    (ansible.workdir / "group_vars").mkdir()
    (ansible.workdir / "group_vars" / "all.yml").write_text("smtpd_hosts: all\n")
    run = ansible.shipped("setup", "-i", "smtpd.yml", smtpd_hosts="all")
    assert run.returncode == 0, run.output
    simulator.clear_requests()
    run = ansible.shipped("setup", "-i", "smtpd.yml", smtpd_hosts="all", smtpd_profles="x")
    assert run.returncode != 0 and "Did you mean 'smtpd_profiles'?" in told(run), run.output


def test_the_playbooks_run_one_after_the_other(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    books = [{"ansible.builtin.import_playbook": "smtpd.email." + name} for name in ("setup", "heal", "setup", "audit")]
    dns_settings = {"sending_profile_" + name: value for name, value in settings(dns).items()}
    run = ansible.playbook(books, **GIVEN, **dns_settings, smtpd_audit_nameservers=[dns.address])
    assert run.returncode == 0, run.output


# Keys of items, and settings of DNS providers


@pytest.mark.parametrize("name", ["smtpd_sending_profiles", "smtpd_profile_info", "smtpd_preflight_info"])
def test_an_unknown_key_of_a_profile_is_refused_with_the_nearest(name: str, simulator: Simulator) -> None:
    item = {"sending_domain": "mail.acorn.example", "bounce_domian": "b.acorn.example"}
    result = run_module(name, profiles=[item])
    assert result["failed"] and "profiles.bounce_domian" in result["msg"], result["msg"]
    assert "Did you mean 'bounce_domain'?" in result["msg"]
    assert result["msg"].count("Did you mean") == 1
    assert simulator.requests() == []


def test_an_unknown_key_in_the_list_of_the_role_is_refused_with_the_nearest(
    ansible: Ansible, simulator: Simulator
) -> None:
    item = {"profile_name": "a", "sending_domain": "a.acorn.example", "link_domian": "x.acorn.example"}
    run = ansible.role(list=[item])
    is_refused(run, simulator, "Did you mean 'link_domain'?")


PROFILE = {"profile_name": "newsletter", "sending_domain": "mail.acorn.example"}


def create(simulator: Simulator, bind: BindServer, **changed: Any) -> dict[str, Any]:
    provider, secrets = bind.octodns_provider()
    settings = {name: value for name, value in {**provider, **changed}.items() if value is not None}
    return run_module(
        "smtpd_sending_profiles",
        profiles=[PROFILE],
        wait=False,
        api_url=simulator.url,
        access_token=simulator.token,
        provider=settings,
        provider_secrets=secrets,
        zones=["acorn.example"],
    )


@pytest.mark.parametrize(
    "changed, messages",
    [
        ({"host": None, "hst": "127.0.0.1"}, ["provider.hst: ", "Did you mean 'host'?"]),
        ({"key_nme": "x"}, ["provider.key_nme: ", "Did you mean 'key_name'?"]),
        ({"apply_disable": True}, ["provider.apply_disable: ", "Did you mean 'apply_disabled'?"]),
        ({"class": "octodns_bind.Rfc2136Provder"}, ["Did you mean 'octodns_bind.Rfc2136Provider'?"]),
        ({"class": "octodns_bnd.Rfc2136Provider"}, ["no known octoDNS provider package", "'octodns_bind'"]),
        ({"class": "octodns_rout53.Route53Provider"}, ["no known octoDNS provider package", "'octodns_route53'"]),
        ({"class": "octodns_xyzzy.Provider"}, ["no known octoDNS provider package"]),
        ({"class": "octodn_bind.Rfc2136Provider"}, ["'octodns_bind'"]),
        ({"class": "octodns_bind.provider.Rfc2136Provider"}, ["octodns_bind.provider"]),
        ({"class": "octodns_azure.AzureProvider"}, ["pip install octodns-azure"]),
    ],
)
def test_a_misspelt_provider_creates_nothing_and_suggests_no_package_that_is_not_known(
    changed: dict[str, Any], messages: list[str], simulator: Simulator, dns: BindServer
) -> None:
    result = create(simulator, dns, **changed)
    assert result["failed"] and all(message in result["msg"] for message in messages), result["msg"]
    assert ("pip install" in result["msg"]) == (changed.get("class") == "octodns_azure.AzureProvider")
    assert simulator.profiles() == []


def test_a_provider_class_that_takes_any_setting_refuses_one_that_looks_misspelt(
    simulator: Simulator, dns: BindServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "lenient.py").write_text(
        "import octodns_bind\n\n"
        "class LenientProvider(octodns_bind.Rfc2136Provider):\n"
        "    def __init__(self, id, host, port=53, region='eu', **settings):\n"
        "        self.other = settings.pop('tags', None)\n"
        "        known = {name: settings[name] for name in ('timeout', 'key_name', 'key_secret', 'key_algorithm') if name in settings}\n"
        "        super().__init__(id, host, port, **known)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    result = create(simulator, dns, **{"class": "lenient.LenientProvider", "regoin": "us"})
    assert result["failed"] and "Did you mean 'region'?" in result["msg"], result["msg"]
    assert simulator.profiles() == []
    result = create(simulator, dns, **{"class": "lenient.LenientProvider", "tags": ["a"]})
    assert not result["failed"], result["msg"]
