# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret in results, errors, diffs, the output at C(-vvvv) and the list of processes, by real runs of Ansible."""

from __future__ import annotations

import base64
import json
import threading
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.integration.conftest import Ansible, make_environ
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.inprocess import run_module
from tests.support.relays import Proxy

MASK = ("********", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")
WANTED = {"profile_name": "newsletter", "sending_domain": "mail.acorn.example"}
LOUD = ("-vvvv", "--diff")


@pytest.fixture(scope="module")
def bind() -> Iterator[BindServer]:
    with BindServer(zones=["acorn.example"]) as server:
        yield server


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    """Ansible without any credentials in its environment."""
    return Ansible(tmp_path, make_environ(tmp_path / "home"))


def by_key(simulator: Simulator) -> dict[str, str]:
    return {"api_url": simulator.url, "api_key": simulator.api_key, "api_secret": simulator.api_secret}


def by_token(simulator: Simulator) -> dict[str, str]:
    return {"api_url": simulator.url, "access_token": simulator.token}


def secrets_of(simulator: Simulator) -> set[str]:
    """What must not be shown: what the service was sent, and what it minted, in whatever spelling."""
    pair = base64.b64encode(("%s:%s" % (simulator.api_key, simulator.api_secret)).encode()).decode()
    sent = {request["headers"].get("Authorization", "").rpartition(" ")[2] for request in simulator.requests()}
    return {simulator.token, simulator.api_key, simulator.api_secret, pair, *sent} - {""}


def assert_unseen(output: str, *secrets: str) -> None:
    for secret in secrets:
        assert secret not in output, "secret number %d of %d is in the output" % (secrets.index(secret), len(secrets))


def guarded(task: dict[str, Any]) -> dict[str, Any]:
    """A task that may fail."""
    return {"block": [task], "rescue": [{"ansible.builtin.debug": {"msg": "rescued {{ ansible_failed_result.msg }}"}}]}


def service_calls(simulator: Simulator) -> list[tuple[str, str, dict[str, Any]]]:
    """Modules that call the service: how they end, their names and options."""
    key, token = by_key(simulator), by_token(simulator)
    many = [dict(WANTED, profile_name="p%d" % number) for number in range(3)]
    return [
        ("ok", "smtpd_sending_profile", {**key, **WANTED, "wait": False}),
        (
            "failed",
            "smtpd_sending_profile",
            {**key, **WANTED, "wait": False},
        ),  # its grant is refused, with the secret in the words
        ("failed", "smtpd_profile_info", {**token, "profile_id": "x"}),  # a page that shows the request
        ("failed", "smtpd_sending_profile", {**token, **key, **WANTED, "retries": "many"}),
        ("failed", "smtpd_profile_info", {"api_url": simulator.url, "acess_token": simulator.token}),
        ("ok", "smtpd_sending_profiles", {**token, "profiles": many}),
        ("ok", "smtpd_profile_info", {**token, "setup": True}),
        ("failed", "smtpd_profile_info", {**token, **key, "profile_id": "x"}),
        ("failed", "smtpd_profile_info", {**token, "access_token": "wr0ng-" + simulator.token}),
        # Options that are wrong, beside secrets
        ("failed", "smtpd_sending_profile", {**token, **key, **WANTED, "state": "absent"}),
        ("failed", "smtpd_sending_profile", {**token, **key, **WANTED, "timeout": -1}),
        ("failed", "smtpd_sending_profiles", {**token, **key}),
        ("failed", "smtpd_sending_profiles", {**token, "profiles": [dict(WANTED, access_token=simulator.token)]}),
        # Secrets where, and as, they do not belong
        ("failed", "smtpd_profile_info", {"api_url": simulator.url, "access_token": [simulator.token]}),
        ("failed", "smtpd_profile_info", {"api_url": simulator.url, "access_token": {"token": simulator.token}}),
        ("failed", "smtpd_profile_info", {"api_url": simulator.url, "access_token": simulator.token + " \n\t x"}),
        (
            "failed",
            "smtpd_profile_info",
            {"api_url": simulator.url.replace("//", "//%s:%s@" % (simulator.api_key, simulator.api_secret))},
        ),
    ]


def provider_calls(bind: BindServer, wrong: str) -> list[tuple[str, dict[str, Any]]]:
    """How the module that publishes ends, and its options. The secrets are the server's, or another one."""
    provider, secrets = bind.octodns_provider()
    common = {
        "records": [{"name": "www.acorn.example", "type": "TXT", "value": "hello"}],
        "zones": ["acorn.example"],
        "provider": provider,
    }
    return [
        ("ok", {**common, "provider_secrets": secrets}),
        ("failed", {**common, "provider_secrets": {"key_secret": wrong}}),
        ("failed", {**common, "provider": json.dumps({**provider, "key_secret": wrong}), "ttl": "long"}),
        ("ok", {**common, "provider_secrets": json.dumps(secrets), "state": "absent"}),
        ("failed", {**common, "provider_secrets": {"key_secret": wrong + "!"}}),
        ("failed", {**common, "provider_secrets": {"key_secert": wrong}}),
        ("failed", {**common, "provider_secrets": {"key_secret": wrong}, "ttl": "long"}),
        ("failed", {**common, "provider_secrets": json.dumps({"key_secret": wrong}), "ttl": "long"}),
        ("failed", {**common, "provider": {**provider, "key_secret": wrong}}),
        ("failed", {**common, "provider": {**provider, "key_secret": wrong}, "ttl": "long"}),
        (
            "failed",
            {
                **common,
                "provider": {**provider, "host": "127.0.0.1", "port": 1},
                "provider_secrets": {"key_secret": wrong},
            },
        ),
    ]


def talk(simulator: Simulator) -> None:
    """Let the service say more than it should."""
    simulator.inject("get", echo=True, times=50)
    simulator.inject("token", status=403, body={"code": 40102, "message": "wrong: " + simulator.api_secret}, after=1)


@pytest.mark.usefixtures("impatient")
def test_no_secret_is_in_the_result_of_a_module(simulator: Simulator) -> None:
    talk(simulator)
    for ends, name, given in service_calls(simulator):
        result = run_module(name, diff=True, _ansible_verbosity=4, **given)
        assert result["failed"] is (ends == "failed"), result["msg"]
        assert_unseen(result["output"], *secrets_of(simulator))


def test_no_secret_of_a_dns_provider_is_in_the_result_of_a_module(bind: BindServer) -> None:
    bind.reset()
    wrong = base64.b64encode(b"another secret that is wrong").decode()
    for ends, given in provider_calls(bind, wrong):
        result = run_module("smtpd_dns_records", diff=True, _ansible_verbosity=4, **given)
        assert result["failed"] is (ends == "failed"), result["msg"]
        assert_unseen(result["output"], bind.key_secret, wrong)


def test_no_secret_is_in_the_output_of_a_playbook(ansible: Ansible, simulator: Simulator, bind: BindServer) -> None:
    bind.reset()
    talk(simulator)
    wrong = base64.b64encode(b"another secret that is wrong").decode()
    calls = [
        *service_calls(simulator)[:5],
        *((ends, "smtpd_dns_records", given) for ends, given in provider_calls(bind, wrong)[:3]),
    ]
    run = ansible.tasks(*[guarded({"smtpd.email." + name: given}) for _ends, name, given in calls], flags=LOUD)
    assert run.returncode == 0, run.output
    hidden = [*secrets_of(simulator), bind.key_secret, wrong]
    results = [item for item in run.results if item["action"].startswith("smtpd.email.")]
    assert [item["status"] for item in results] == [ends for ends, _name, _given in calls]
    assert_unseen(run.output + json.dumps(run.results), *hidden)
    # The diff shows what is no secret.
    assert "www.acorn.example. 3600 IN TXT" in run.output and bind.key_name in run.output


def test_no_secret_is_shown_ad_hoc(ansible: Ansible, simulator: Simulator) -> None:
    for given in (
        {**by_key(simulator), **WANTED, "wait": False},
        {**by_key(simulator), **WANTED, "wait_timeout": "long"},
    ):
        result = ansible.ad_hoc("smtpd_sending_profile", *LOUD, **given)
        assert_unseen(result["output"], *secrets_of(simulator))
    assert len(simulator.profiles()) == 1


@pytest.mark.parametrize("packed", [False, True], ids=["forked", "packed"])
def test_no_secret_is_shown_by_the_role_nor_in_the_list_of_processes(
    packed: bool, ansible: Ansible, simulator: Simulator, bind: BindServer
) -> None:
    bind.reset()
    simulator.settings(dns=bind.address)
    provider, secrets = bind.octodns_provider()
    variables = {
        "name": "newsletter",
        "sending_domain": "mail.acorn.example",
        "bounce_domain": "bounce.mail.acorn.example",
        "link_domain": "go.acorn.example",
        "api_url": simulator.url,
        "api_key": simulator.api_key,
        "api_secret": simulator.api_secret,
        "dns_provider": "octodns",
        "dns_octodns": provider,
        "dns_octodns_secrets": secrets,
        "dns_zones": ["acorn.example"],
        "dns_nameservers": [bind.address],
        "wait_timeout": 60,
    }
    with watched_processes() as commands:
        run = ansible.role(*LOUD, environ={"ANSIBLE_KEEP_REMOTE_FILES": str(packed)}, **variables)
    assert run.returncode == 0, run.output
    hidden = [*secrets_of(simulator), secrets["key_secret"]]
    assert_unseen(run.output + json.dumps(run.results), *hidden)
    seen = [command for command in commands if "tests.simulator" not in command]
    assert any("AnsiballZ_smtpd_dns_records" in command for command in seen) == packed
    assert_unseen("\n".join(seen), *hidden)


def test_no_secret_is_shown_by_a_role_whose_variables_are_wrong(ansible: Ansible, simulator: Simulator) -> None:
    right = {
        "name": "p",
        "sending_domain": "mail.acorn.example",
        "api_url": simulator.url,
        "access_token": simulator.token,
        "api_secret": simulator.api_secret,
        "dns_octodns_secrets": {"token": "PROVIDER-SECRET"},
        "dns_provider": "octodns",
        "dns_zones": ["acorn.example"],
        "preflight": False,
        "dns_octodns": {"class": "octodns_bind.Rfc2136Provider"},
    }
    mistakes: list[dict[str, Any]] = [
        {"wait_timeout": "long"},
        {"dns_octodns_secrets": "PROVIDER-SECRET"},
        {"access_token": {"token": "PROVIDER-SECRET"}},
        {"list": [{"profile_name": "p", "access_token": "PROVIDER-SECRET"}]},
        {"dns_octodns": {"class": "x.Y", "token": "PROVIDER-SECRET"}},
    ]
    roles = [
        {
            "ansible.builtin.include_role": {"name": "smtpd.email.sending_profile"},
            "vars": {"sending_profile_" + name: value for name, value in {**right, **wrong}.items()},
        }
        for wrong in mistakes
    ]
    (ansible.workdir / "tasks.json").write_text(json.dumps([guarded(role) for role in roles]))
    run = ansible.tasks({"ansible.builtin.include_tasks": "tasks.json"}, flags=LOUD)
    assert run.returncode == 0, run.output
    assert len(run.failed) == len(mistakes)
    assert_unseen(run.output + json.dumps(run.results), simulator.token, simulator.api_secret, "PROVIDER-SECRET")


def test_no_password_of_a_proxy_is_shown(ansible: Ansible, simulator: Simulator) -> None:
    with Proxy(credentials="me:pr0xy-pass") as proxy:
        result = ansible.ad_hoc(
            "smtpd_profile_info",
            "-vvvv",
            api_url="https://localhost:1",
            access_token=simulator.token,
            retries=0,
            environ={"HTTPS_PROXY": proxy.url("me:wr0ng%20pass")},
        )
    assert result["failed"] and "the proxy from the environment" in result["msg"]
    assert_unseen(result["output"], "wr0ng", simulator.token)


def test_ordinary_values_are_shown(simulator: Simulator) -> None:
    given = {**by_key(simulator), **WANTED, "bounce_domain": "bounce.mail.acorn.example", "wait_interval": 0.05}
    created = run_module("smtpd_sending_profile", **given)
    found = run_module("smtpd_profile_info", setup=True, **by_key(simulator))
    for result in (created, found):
        shown = json.dumps({name: value for name, value in result.items() if name not in ("invocation", "output")})
        assert not [mask for mask in MASK if mask in shown]
        assert all(
            word in shown
            for word in ("newsletter", "mail.acorn.example", simulator.profiles()[0]["profile_id"], "amazonses")
        )
    module_args = created["invocation"]["module_args"]
    assert module_args["api_url"] == simulator.url and module_args["profile_name"] == "newsletter"
    assert module_args["api_secret"] == MASK[1] and module_args["api_key"] is None


def test_an_option_that_there_is_not_is_not_repeated(simulator: Simulator) -> None:
    result = run_module(
        "smtpd_sending_profiles", **by_token(simulator), pasword="hunter2", profiles=[dict(WANTED, secret="hunter3")]
    )
    assert result["failed"] and "pasword" in result["msg"]
    assert_unseen(result["output"], "hunter2", "hunter3")


class watched_processes:
    """The command lines of all processes, for the length of a block."""

    def __enter__(self) -> set[str]:
        self._seen: set[str] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self._seen

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.01):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self._seen.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:  # it has just ended
                    pass
