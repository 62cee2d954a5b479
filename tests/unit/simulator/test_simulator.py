# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the simulated service behaves beyond the examples of the contract."""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Iterator

import dns.message
import dns.rrset
import pytest
import requests

from tests.simulator import Simulator
from tests.simulator.model import Model, Settings
from tests.unit.simulator.conftest import Call

PROFILES = "/api/v1/profile/email"
WANTED = {"profile_name": "p", "sending_domain": "mail.acorn.example", "link_domain": "go.acorn.example"}


def await_true(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.02)


# Who may call


@pytest.mark.parametrize("rule, headers, admitted", [
    ("either", ["Authentication"], True),
    ("either", ["Authorization"], True),
    ("either", [], False),
    ("authentication", ["Authorization"], False),
    ("authorization", ["Authorization"], True),
    ("both", ["Authentication"], False),
    ("both", ["Authentication", "Authorization"], True),
])
def test_the_token_has_to_be_in_the_headers_that_the_rule_asks_for(
        rule: str, headers: list[str], admitted: bool, simulator: Simulator) -> None:
    simulator.settings(auth_header=rule)
    answer = requests.get(simulator.url + PROFILES, headers={name: "Bearer " + simulator.token for name in headers}, timeout=10)
    assert answer.status_code == (200 if admitted else 401)


def grant(simulator: Simulator, secret: str) -> requests.Response:
    return requests.post(simulator.url + "/oauth/token?grant_type=password", auth=(simulator.api_key, secret), timeout=10)


def test_key_and_secret_are_good_for_a_token(call: Call, simulator: Simulator) -> None:
    granted = grant(simulator, simulator.api_secret).json()
    assert granted["token_type"] == "bearer"
    assert granted["expires_at"] > time.time() * 1000
    assert call("GET", PROFILES, headers={"Authentication": "Bearer " + granted["access_token"]}).status_code == 200


def test_a_wrong_secret_is_refused(simulator: Simulator) -> None:
    answer = grant(simulator, "wrong")
    assert (answer.status_code, answer.json()) == (403, {"code": 40102, "message": "Username and password are incorrect"})


def test_a_granted_token_expires(call: Call, simulator: Simulator) -> None:
    simulator.settings(token_lifetime=0.0)
    token = grant(simulator, simulator.api_secret).json()["access_token"]
    assert call("GET", PROFILES, headers={"Authentication": "Bearer " + token}).status_code == 401
    simulator.settings(token_lifetime=3600.0)


def test_a_token_can_be_refreshed_once(simulator: Simulator) -> None:
    def refresh(token: str) -> requests.Response:
        return requests.post(simulator.url + "/oauth/token?grant_type=refresh_token", json={"refresh_token": token}, timeout=10)

    first = grant(simulator, simulator.api_secret).json()["refresh_token"]
    assert refresh(first).json()["access_token"]
    again = refresh(first)
    assert (again.status_code, again.json()["code"]) == (403, 40106)


# Creating


@pytest.mark.parametrize("body", [None, [], "text", {}, {"profile_name": "p"}, {"sending_domain": "d.example"},
                                  {"profile_name": 1, "sending_domain": "d.example"}])
def test_a_creation_without_name_or_domain_is_refused(body: Any, call: Call, simulator: Simulator) -> None:
    answer = call("POST", PROFILES, json=body)
    assert answer.status_code == 400 and {"code", "message"} == set(answer.json())
    assert simulator.profiles() == []


def test_names_need_not_be_unique(call: Call, simulator: Simulator) -> None:
    ids = {call("POST", PROFILES, json=WANTED).json()["profile_id"] for _number in range(2)}
    assert len(ids) == len(simulator.profiles()) == 2


@pytest.mark.parametrize("early_setup, status", [("missing", 404), ("empty", 200)])
def test_while_a_profile_is_being_created_it_has_no_records(early_setup: str, status: int, call: Call, simulator: Simulator) -> None:
    simulator.settings(creating=60.0, early_setup=early_setup)
    profile_id = call("POST", PROFILES, json=WANTED).json()["profile_id"]
    answer = call("GET", "%s/%s/setup" % (PROFILES, profile_id))
    assert answer.status_code == status
    assert not answer.json().get("dns_records")


# Growing old, by a clock of our own


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_profile_goes_from_creating_to_pending_to_disabled_and_is_deleted() -> None:
    clock = Clock()
    model = Model(Settings(creating=2, disable_after=72, delete_after=24), clock, clock)
    profile_id = model.create(WANTED).profile_id

    def state_at(moment: float) -> str | None:
        clock.now = 1000.0 + moment
        profile = model.get(profile_id)
        return profile.state if profile else None

    assert [state_at(moment) for moment in (0, 1.9, 2, 73.9, 74, 97.9, 98)] == [
        "creating", "creating", "pending", "pending", "disabled", "disabled", None]


def test_a_domain_that_ends_in_fails_example_cannot_be_created() -> None:
    clock = Clock()
    model = Model(Settings(creating=1), clock, clock)
    profile = model.create(dict(WANTED, sending_domain="mail.fails.example"))
    clock.now += 1
    assert model.get(profile.profile_id).state == "failed"


def test_a_change_of_state_changes_the_time_of_modification() -> None:
    clock = Clock()
    model = Model(Settings(creating=5), clock, clock)
    profile = model.create(WANTED)
    clock.now += 5
    shown = model.get(profile.profile_id).as_json()
    assert shown["modified_at_utc"] - shown["created_at_utc"] == 5


def test_domains_that_are_not_given_are_chosen() -> None:
    model = Model(Settings())
    names = {record["name"] for record in model.seed({"sending_domain": "mail.acorn.example"}).dns_records}
    assert {"bounce.mail.acorn.example", "go.acorn.example"} <= names


# Verifying against a name server


class Zone(dict[tuple[str, str], list[str]]):
    """What a tiny name server answers: values by name and type."""

    address = ""


@pytest.fixture
def zone() -> Iterator[Zone]:
    content = Zone()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            query = dns.message.from_wire(self.request[0])
            question = query.question[0]
            answer = dns.message.make_response(query)
            values = content.get((question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)))
            if values:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", question.rdtype, *values))
            self.request[1].sendto(answer.to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        content.address = "127.0.0.1:%d" % server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield content
        server.shutdown()
        thread.join()


@pytest.fixture
def pending(simulator: Simulator, zone: Zone) -> dict[str, Any]:
    """A pending profile, all of whose records are in DNS."""
    simulator.settings(dns=zone.address)
    profile = simulator.seed(**WANTED)
    for record in profile["dns_records"]:
        value = {"TXT": '"%s"', "MX": "10 %s.", "CNAME": "%s."}[record["type"]] % record["value"]
        zone[record["name"].lower(), record["type"]] = [value]
    return profile


def state(simulator: Simulator) -> str:
    return simulator.profiles()[0]["state"]


def verify(call: Call, profile: dict[str, Any]) -> None:
    call("PUT", "%s/%s/verify" % (PROFILES, profile["profile_id"]))


def test_a_verification_turns_a_profile_active_when_dns_has_all_records(
        call: Call, simulator: Simulator, pending: dict[str, Any]) -> None:
    verify(call, pending)
    await_true(lambda: state(simulator) == "active")
    assert {record["validation_state"] for record in simulator.profiles()[0]["dns_records"]} == {"active"}


def test_without_being_asked_a_profile_does_not_turn_active(simulator: Simulator, pending: dict[str, Any]) -> None:
    await_true(lambda: all(record["validation_state"] == "active" for record in simulator.profiles()[0]["dns_records"]))
    assert state(simulator) == "pending"


@pytest.mark.parametrize("name, rdtype, values", [
    ("go.acorn.example", "CNAME", []),
    ("go.acorn.example", "CNAME", ["elsewhere.example."]),
    ("bounce.mail.acorn.example", "MX", ["10 feedback-smtp.us-east-1.amazonses.com.", "20 mx.example."]),
    ("bounce.mail.acorn.example", "TXT", ['"v=spf1 include:amazonses.com ~all"', '"v=spf1 mx -all"']),
    ("bounce.mail.acorn.example", "TXT", ['"v=spf1 include:example.net ~all"']),
    ("_amazonses.mail.acorn.example", "TXT", ['"wrong"']),
])
def test_a_record_that_is_not_right_keeps_the_profile_pending(
        name: str, rdtype: str, values: list[str], call: Call, simulator: Simulator, zone: Zone, pending: dict[str, Any]) -> None:
    zone[name, rdtype] = values
    verify(call, pending)
    await_true(lambda: any(record["validation_state"] == "active" for record in simulator.profiles()[0]["dns_records"]))
    wrong = [record["name"] for record in simulator.profiles()[0]["dns_records"] if record["validation_state"] != "active"]
    assert (state(simulator), wrong) == ("pending", [name])


def test_a_text_may_stand_among_others(call: Call, simulator: Simulator, zone: Zone, pending: dict[str, Any]) -> None:
    zone["bounce.mail.acorn.example", "TXT"].append('"something else"')
    verify(call, pending)
    await_true(lambda: state(simulator) == "active")


def test_an_spf_record_may_permit_more_senders(call: Call, simulator: Simulator, zone: Zone, pending: dict[str, Any]) -> None:
    zone["bounce.mail.acorn.example", "TXT"] = ['"v=spf1 mx include:amazonses.com -all"']
    verify(call, pending)
    await_true(lambda: state(simulator) == "active")


def test_a_record_that_goes_missing_turns_the_profile_pending_again(
        call: Call, simulator: Simulator, zone: Zone, pending: dict[str, Any]) -> None:
    verify(call, pending)
    await_true(lambda: state(simulator) == "active")
    del zone["go.acorn.example", "CNAME"]
    await_true(lambda: state(simulator) == "pending")


# Faults


@pytest.mark.parametrize("fault, check", [
    ({"status": 503, "headers": {"Retry-After": "7"}}, lambda a: (a.status_code, a.headers["Retry-After"]) == (503, "7")),
    ({"status": 400, "body": {"code": 1}}, lambda a: (a.status_code, a.json()) == (400, {"code": 1})),
    ({"html": True}, lambda a: a.headers["Content-Type"] == "text/html" and "<html>" in a.text),
    ({"empty": True}, lambda a: (a.status_code, a.content) == (200, b"")),
    ({"malformed": True}, lambda a: a.text == '{"profile_id": '),
    ({"redirect": "https://elsewhere.example/"}, lambda a: (a.status_code, a.headers["Location"]) == (302, "https://elsewhere.example/")),
    ({"redirect": "/x", "status": 307}, lambda a: a.status_code == 307),
    ({"body": [{"profile_id": 1}]}, lambda a: a.json() == [{"profile_id": 1}]),
    ({"work": True, "content_type": "text/plain"}, lambda a: a.headers["Content-Type"] == "text/plain" and a.json() == []),
    ({"size": 1 << 20}, lambda a: len(a.content) == 1 << 20),
    ({"drip": 0.01}, lambda a: a.json() == []),
])
def test_an_answer_can_be_spoilt(fault: dict[str, Any], check: Callable[[requests.Response], bool], call: Call, simulator: Simulator) -> None:
    simulator.inject("list", **fault)
    assert check(call("GET", PROFILES))
    assert call("GET", PROFILES).json() == [], "the next one is not"


@pytest.mark.parametrize("fault, created", [
    ({"reset": True}, 0), ({"reset_after": True}, 1), ({"hang": 0.05}, 0), ({"hang_after": 0.05}, 1), ({"truncate": True}, 1),
])
def test_an_answer_can_be_lost_before_and_after_the_work_is_done(
        fault: dict[str, Any], created: int, call: Call, simulator: Simulator) -> None:
    simulator.inject("create", **fault)
    with pytest.raises(requests.exceptions.RequestException):
        call("POST", PROFILES, json=WANTED)
    assert len(simulator.profiles()) == created


def test_a_fault_can_wait_for_its_turn(call: Call, simulator: Simulator) -> None:
    simulator.inject("list", status=500, after=1, times=2)
    assert [call("GET", PROFILES).status_code for _number in range(4)] == [200, 500, 500, 200]


@pytest.mark.parametrize("fault", [{"endpoint": "nothing"}, {"endpoint": "list", "colour": "red"}])
def test_a_fault_that_there_is_not_is_refused(fault: dict[str, Any], simulator: Simulator) -> None:
    with pytest.raises(ValueError):
        simulator.inject(**fault)


# The log


def test_the_log_shows_each_call_and_its_connection(call: Call, simulator: Simulator) -> None:
    simulator.clear_requests()
    call("POST", PROFILES, json=WANTED)
    call("GET", PROFILES + "?page=1")
    first, second = simulator.requests()
    assert (first["method"], first["path"], first["body"], first["status"]) == ("POST", PROFILES, WANTED, 202)
    assert first["headers"]["Authentication"] == "Bearer " + simulator.token
    assert second["query"] == {"page": "1"}
    assert first["peer"] == second["peer"]


# The process


def run_simulator(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "tests.simulator", *arguments], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_listens_on_loopback_only() -> None:
    process = run_simulator("--host", "0.0.0.0")
    _out, error = process.communicate(timeout=20)
    assert process.returncode == 2 and "no loopback address" in error


def test_it_tells_where_it_listens_and_stops_when_told_with_calls_under_way() -> None:
    with run_simulator("--latency", "60") as process:
        url = json.loads(process.stdout.readline())["url"]
        with pytest.raises(requests.exceptions.Timeout):
            requests.get(url + PROFILES, timeout=0.2)
        process.terminate()
        _out, error = process.communicate(timeout=5)
    assert (process.returncode, error) == (0, "")
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(url, timeout=1)


def test_thousands_of_profiles_are_listed(call: Call, simulator: Simulator) -> None:
    for number in range(2000):
        simulator.seed(profile_name="p%d" % number, sending_domain="d%d.acorn.example" % number, state="failed", dns_records=[])
    assert len(call("GET", PROFILES).json()) == 2000
