# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtpd_dns_info on real DNS servers."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.smtpd.email.plugins.module_utils._dns_answers import NoServers
from ansible_collections.smtpd.email.plugins.module_utils._dns_query import Finder, Server, ask, parse_server
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError

from tests.support.bind import BindServer

Run = Callable[..., dict[str, Any]]

LINK = ("Go.example.net", "CNAME", "l.smtpdgo.com")
MX = ("bounce.example.com", "MX", "feedback-smtp.us-east-1.amazonses.com")
SPF = ("bounce.example.com", "TXT", "v=spf1 include:amazonses.com ~all")


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield "127.0.0.1:%d" % deaf.getsockname()[1]


def statuses(result: dict[str, Any]) -> list[str]:
    return [record["status"] for record in result["records"]]


def fill(bind: BindServer) -> None:
    bind.add(LINK[0], "CNAME", "l.smtpdgo.com.")
    bind.add(MX[0], "MX", "10 feedback-smtp.us-east-1.amazonses.com.")
    bind.add(SPF[0], "TXT", '"v=spf1 include:amazonses.com ~all"', '"other"')


# One look


def test_records_that_are_there_are_present(look: Run, bind: BindServer) -> None:
    fill(bind)
    result = look(LINK, MX, SPF)
    assert (statuses(result), result["all_present"], result["changed"]) == (["present"] * 3, True, False)
    assert result["records"][0]["servers"] == [
        {"server": bind.address, "status": "present", "found": ["l.smtpdgo.com."], "detail": ""}
    ]


def test_records_that_are_not_there_are_missing_and_that_is_no_failure(look: Run) -> None:
    result = look(LINK, MX, SPF)
    assert (statuses(result), result["all_present"], result.get("failed")) == (["missing"] * 3, False, None)


def test_a_cname_at_the_name_of_another_record_is_told(look: Run, bind: BindServer) -> None:
    bind.add(MX[0], "CNAME", "www.example.com.")
    record = look(MX)["records"][0]
    assert (record["status"], record["diagnosis"], record["found"]) == (
        "mismatch",
        "cname_conflict",
        ["CNAME www.example.com."],
    )


def test_an_answer_that_does_not_fit_is_asked_for_by_tcp(look: Run, bind: BindServer) -> None:
    fill(bind)
    bind.add(SPF[0], "TXT", *('"%03d%s"' % (i, "x" * 200) for i in range(20)))
    assert statuses(look(SPF)) == ["present"]


def test_every_server_is_asked_and_one_without_the_record_makes_it_partial(look: Run, bind: BindServer) -> None:
    fill(bind)
    with BindServer(["example.com", "example.net"]) as late:
        result = look(LINK, nameservers=[bind.address, late.address])
        assert statuses(result) == ["partial"]
        assert late.address in result["records"][0]["message"] and bind.address not in result["records"][0]["message"]


@pytest.mark.parametrize("name", ["a.example.org", "a.b.example.org"])
def test_a_server_that_refuses_is_no_certain_answer(name: str, look: Run) -> None:
    record = look((name, "TXT", "x"))["records"][0]
    assert (record["status"], record["diagnosis"]) == ("unknown", "no_answer")
    assert "REFUSED" in record["message"]


def test_a_server_that_hands_the_name_over_is_no_certain_answer(look: Run, bind: BindServer) -> None:
    bind.add("sub.example.com", "NS", "ns.example.org.")
    record = look(("a.sub.example.com", "TXT", "x"))["records"][0]
    assert record["status"] == "unknown" and "refers to other servers" in record["message"]


def test_a_silent_server_is_no_certain_answer(look: Run, bind: BindServer, silent: str) -> None:
    fill(bind)
    result = look(LINK, nameservers=[bind.address, silent], timeout=0.2)
    assert statuses(result) == ["unknown"]
    assert "%s: no answer within 0.2 s" % silent in result["records"][0]["message"]


def test_a_question_is_asked_once_however_many_records_it_is_for(look: Run, bind: BindServer) -> None:
    records = [("text.example.com", "TXT", "value %d" % i) for i in range(50)]
    assert statuses(look(*records)) == ["missing"] * 50
    assert len(bind.query_log("query: text.example.com")) == 1


def test_hundreds_of_records_are_asked_for_side_by_side(look: Run) -> None:
    started = time.monotonic()
    assert statuses(look(*(("n%d.example.com" % i, "TXT", "x") for i in range(500)))) == ["missing"] * 500
    assert time.monotonic() - started < 10


def test_a_server_can_be_given_by_its_name(look: Run, bind: BindServer) -> None:
    fill(bind)
    assert statuses(look(LINK, nameservers=["localhost:%d" % bind.port])) == ["present"]


def test_check_mode_is_the_same(look: Run, bind: BindServer) -> None:
    fill(bind)
    assert look(LINK, check_mode=True)["all_present"]


def test_no_records_are_all_present(look: Run) -> None:
    assert look()["all_present"]


# Waiting


def test_waiting_ends_when_all_are_present(look: Run, bind: BindServer) -> None:
    publisher = threading.Timer(0.3, fill, [bind])
    publisher.start()
    result = look(LINK, MX, wait=True, wait_timeout=10, wait_interval=0.05)
    publisher.join()
    assert result["all_present"]


def test_only_what_is_not_present_is_asked_for_again(look: Run, bind: BindServer) -> None:
    bind.add(LINK[0], "CNAME", "l.smtpdgo.com.")
    look(LINK, MX, wait=True, wait_timeout=0.3, wait_interval=0.05)
    assert len(bind.query_log("query: go.example.net") + bind.query_log("query: Go.example.net")) == 1
    assert len(bind.query_log("query: %s" % MX[0])) > 1


def test_waiting_in_vain_fails_and_tells_what_is_wrong(look: Run, bind: BindServer) -> None:
    bind.add(LINK[0], "CNAME", "l.smtpdgo.com.")
    result = look(LINK, MX, wait=True, wait_timeout=0.1, wait_interval=0.05)
    assert result["failed"]
    assert result["msg"].startswith(
        "After 0.1 s, 1 of 2 records are not right in DNS:\n  bounce.example.com. MX 10 feedback"
    )
    assert (statuses(result), result["all_present"]) == (["present", "missing"], False)


# Finding the servers


@pytest.fixture
def finder(bind: BindServer) -> Finder:
    """Takes BIND for the resolver, and looks for authoritative servers at its port."""
    return Finder(Server("resolver", bind.host, bind.port, recursive=True), timeout=2, port=bind.port)


@pytest.mark.parametrize("name", ["example.com.", "deep.below.example.com.", "alias.example.com."])
def test_the_authoritative_servers_of_a_name_are_found(name: str, finder: Finder, bind: BindServer) -> None:
    bind.add("alias.example.com", "CNAME", "www.example.net.")
    assert finder.servers_of(name) == [Server("ns1.example.com. (127.0.0.1)", "127.0.0.1", bind.port)]


def test_found_servers_are_asked_without_recursion(finder: Finder, bind: BindServer) -> None:
    fill(bind)
    servers = finder.servers_of(LINK[0])
    assert not isinstance(servers, NoServers)
    assert ask(servers[0], "go.example.net.", "CNAME", 2).values == ("l.smtpdgo.com.",)
    assert " IN CNAME -E" in bind.query_log("query: go.example.net")[-1]


def test_a_resolver_that_does_not_answer_is_told(silent: str) -> None:
    host, port = parse_server(silent, "resolver")
    problem = Finder(Server("resolver", host, port), timeout=0.2).servers_of("a.example.com.")
    assert isinstance(problem, NoServers) and problem.diagnosis == "no_answer"
    assert "authoritative servers of a.example.com. cannot be found" in problem.message


def test_a_domain_without_a_zone_is_not_delegated() -> None:
    with BindServer(["example"]) as registry:
        problem = Finder(Server("resolver", registry.host, registry.port), 2, registry.port).servers_of(
            "a.forgotten.example."
        )
    assert isinstance(problem, NoServers) and problem.diagnosis == "not_delegated"


def test_name_servers_without_an_address_are_told(finder: Finder, bind: BindServer) -> None:
    bind.add("example.com", "NS", "gone.example.net.")
    bind.delete("example.com", "NS", "ns1.example.com.")
    problem = finder.servers_of("a.example.com.")
    assert isinstance(problem, NoServers) and "has an address" in problem.message


def test_the_resolver_option_is_used_where_no_servers_are_given(look: Run, silent: str) -> None:
    record = look(LINK, nameservers=[], resolver=silent, timeout=0.2)["records"][0]
    assert (record["status"], record["diagnosis"]) == ("unknown", "no_answer")


# Options


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ns1.example.com", ("ns1.example.com", 53)),
        ("127.0.0.1:5300", ("127.0.0.1", 5300)),
        ("::1", ("::1", 53)),
        ("[::1]", ("::1", 53)),
        ("[::1]:5300", ("::1", 5300)),
    ],
)
def test_a_server_is_a_host_with_or_without_a_port(text: str, address: tuple[str, int]) -> None:
    assert parse_server(text, "resolver") == address


@pytest.mark.parametrize("text", ["", "a b", "host:port", "host:0", "host:65536", "[::1]:x"])
def test_what_is_no_server_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_server(text, "resolver")


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"nameservers": ["127.0.0.1", "no server"]}, "nameservers[1]"),
        ({"nameservers": [], "resolver": "host:port"}, "resolver"),
        ({"timeout": 0}, "timeout"),
        ({"wait_timeout": -1}, "wait_timeout"),
        ({"wait_interval": -0.5}, "wait_interval"),
        ({"records": [{"name": "a.example.com", "type": "A", "value": "192.0.2.1"}]}, "records[0].type"),
    ],
)
def test_an_impossible_option_is_named(options: dict[str, Any], option: str, look: Run) -> None:
    assert look(LINK, **options)["msg"].startswith(option + ": ")
