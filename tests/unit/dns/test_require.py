# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name servers that do not answer, next to one that does: which of them smtpd_dns_info waits for."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Callable, Iterator

import dns.message
import dns.query
import dns.rcode
import pytest

from ansible_collections.smtpd.email.plugins.module_utils._dns_answers import Answer, Judgement, NoServers
from ansible_collections.smtpd.email.plugins.module_utils._dns_delegation import Finder
from ansible_collections.smtpd.email.plugins.module_utils._dns_exchange import Server
from ansible_collections.smtpd.email.plugins.module_utils._dns_look import Looker, patience_of
from ansible_collections.smtpd.email.plugins.module_utils._records import check_records
from tests.support.bind import BindServer
from tests.support.odd_dns import OddServer, Respond

Run = Callable[..., dict[str, Any]]

LINK = ("go.example.net", "CNAME", "l.smtpdgo.com")
OTHER = ("www.example.net", "CNAME", "l.smtpdgo.com")


@pytest.fixture
def dead() -> Iterator[str]:
    """A server that takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        yield "127.0.0.1:%d" % deaf.getsockname()[1]


@pytest.fixture
def filled(bind: BindServer) -> BindServer:
    bind.add(LINK[0], "CNAME", "l.smtpdgo.com.")
    return bind


def failing(rcode: int) -> Respond:
    def respond(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        return response

    return respond


def asking(bind: BindServer) -> Respond:
    return lambda query: dns.query.udp(query, bind.host, 5, bind.port)


def only(result: dict[str, Any]) -> dict[str, Any]:
    (record,) = result["records"]
    return record


def warnings(result: dict[str, Any]) -> list[str]:
    """Each warning in one line, whether it is in the result or, as on the controller, shown at once."""
    _nothing, *texts = " ".join(result["output"].split()).split("[WARNING]: ")
    return result.get("warnings") or texts


# One look


def test_a_silent_server_does_not_keep_a_record_from_being_present(look: Run, filled: BindServer, dead: str) -> None:
    result = look(LINK, nameservers=[dead, filled.address], timeout=0.2)
    record = only(result)
    assert (record["status"], record["diagnosis"], result["all_present"]) == ("present", "server_silent", True)
    assert "%s: no answer within 0.2 s" % dead in record["message"]
    assert [server["status"] for server in record["servers"]] == ["unknown", "present"]
    assert len(warnings(result)) == 1 and dead in warnings(result)[0] and "go.example.net" in warnings(result)[0]


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
def test_a_lame_server_counts_as_silent(rcode: str, look: Run, filled: BindServer) -> None:
    with OddServer(failing(dns.rcode.from_text(rcode))) as lame:
        result, address = look(LINK, nameservers=[filled.address, lame.address]), lame.address
    assert (only(result)["status"], only(result)["diagnosis"]) == ("present", "server_silent")
    assert address in warnings(result)[0] and rcode in warnings(result)[0]


def test_every_server_has_to_answer_where_all_are_required(look: Run, filled: BindServer, dead: str) -> None:
    result = look(LINK, nameservers=[filled.address, dead], timeout=0.2, require="all")
    assert (only(result)["status"], only(result)["diagnosis"]) == ("unknown", "no_answer")
    assert not warnings(result)


def test_at_least_one_server_has_to_answer(look: Run, dead: str) -> None:
    result = look(LINK, nameservers=[dead], timeout=0.2)
    assert (only(result)["status"], only(result)["diagnosis"]) == ("unknown", "no_answer")
    assert not warnings(result)


def test_servers_that_answer_have_to_agree(look: Run, filled: BindServer, dead: str) -> None:
    with BindServer(["example.net"]) as late:
        record = only(look(LINK, nameservers=[filled.address, late.address, dead], timeout=0.2))
    assert record["status"] == "partial" and late.address in record["message"]


def test_a_record_that_is_missing_is_missing_whoever_is_silent(look: Run, bind: BindServer, dead: str) -> None:
    assert only(look(LINK, nameservers=[bind.address, dead], timeout=0.2))["status"] == "missing"


def test_a_server_is_named_in_one_warning_for_all_records(look: Run, filled: BindServer, dead: str) -> None:
    filled.add(OTHER[0], "CNAME", "l.smtpdgo.com.")
    assert len(warnings(look(LINK, OTHER, nameservers=[filled.address, dead], timeout=0.2))) == 1


# Waiting


def timed(look: Run, *records: Any, **options: Any) -> tuple[dict[str, Any], float]:
    start = time.monotonic()
    result = look(*records, wait=True, wait_interval=0.1, **options)
    return result, time.monotonic() - start


def test_a_dead_server_is_waited_for_ten_seconds(look: Run, filled: BindServer, dead: str) -> None:
    result, took = timed(look, LINK, nameservers=[filled.address, dead], timeout=5, wait_timeout=300)
    assert result["all_present"] and "any longer than 10 s" in warnings(result)[0]
    assert 9.5 < took < 15


def test_a_dead_server_is_waited_for_half_of_a_shorter_time(look: Run, filled: BindServer, dead: str) -> None:
    result, took = timed(look, LINK, nameservers=[filled.address, dead], timeout=0.3, wait_timeout=4)
    assert result["all_present"] and 1.9 < took < 4
    assert (patience_of("answering", 4), patience_of("answering", 300), patience_of("all", 4)) == (2, 10, None)


def test_a_lame_server_is_waited_for_as_long(look: Run, filled: BindServer) -> None:
    with OddServer(failing(dns.rcode.REFUSED)) as lame:
        result, took = timed(look, LINK, nameservers=[filled.address, lame.address], wait_timeout=3)
        assert len(lame.questions) < 50
    assert result["all_present"] and 1.4 < took < 3


def test_a_dead_server_is_waited_for_to_the_end_where_all_are_required(
    look: Run, filled: BindServer, dead: str
) -> None:
    options = {"nameservers": [filled.address, dead], "timeout": 0.2, "wait_timeout": 2, "require": "all"}
    result, took = timed(look, LINK, **options)
    assert result["failed"] and took >= 2
    assert "%s: no answer within 0.2 s" % dead in result["msg"]


def test_a_server_that_comes_back_in_time_has_to_agree(look: Run, filled: BindServer) -> None:
    started = time.monotonic()

    def respond(query: dns.message.Message) -> Any:
        return asking(late)(query) if time.monotonic() > started + 0.5 else None

    with BindServer(["example.net"]) as late, OddServer(respond) as server:
        publisher = threading.Timer(2.5, late.add, [LINK[0], "CNAME", "l.smtpdgo.com."])
        publisher.start()
        result, took = timed(look, LINK, nameservers=[filled.address, server.address], timeout=0.3, wait_timeout=4)
        publisher.join()
    assert result["all_present"] and not warnings(result) and took > 2.4
    assert only(result)["diagnosis"] is None


def test_a_server_that_comes_back_while_others_are_waited_for_counts_again(look: Run, bind: BindServer) -> None:
    started = time.monotonic()

    def respond(query: dns.message.Message) -> Any:
        return asking(late)(query) if time.monotonic() > started + 2 else None

    with BindServer(["example.net"]) as late, OddServer(respond) as server:
        publisher = threading.Timer(2.5, bind.add, [LINK[0], "CNAME", "l.smtpdgo.com."])
        publisher.start()
        result, _took = timed(look, LINK, nameservers=[bind.address, server.address], timeout=0.3, wait_timeout=4)
        publisher.join()
    assert result["failed"] and only(result)["status"] == "partial"


def test_a_dead_server_does_not_hold_up_what_others_are_waited_for(look: Run, bind: BindServer, dead: str) -> None:
    publisher = threading.Timer(3.5, bind.add, [LINK[0], "CNAME", "l.smtpdgo.com."])
    publisher.start()
    result, took = timed(look, LINK, nameservers=[bind.address, dead], timeout=3, wait_timeout=6)
    publisher.join()
    assert result["all_present"] and took < 6


# Finding the servers


def test_a_dead_server_does_not_cost_each_name_its_time() -> None:
    zone = "@ NS ns0\nns0 A 127.0.0.9\n" + "".join("n%d TXT x\n" % number for number in range(100))
    with BindServer({"example.org": zone}) as bind:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("127.0.0.9", bind.port))
            finder = Finder(Server("resolver", bind.host, bind.port, True), 5, bind.port)
            start = time.monotonic()
            found = [finder.servers_of("n%d.example.org." % number) for number in range(100)]
            took = time.monotonic() - start
    assert {len(servers) for servers in found if not isinstance(servers, NoServers)} == {2}
    assert took < 4


@pytest.mark.parametrize("fails", ["late", "SERVFAIL"])
def test_a_server_whose_address_cannot_be_found_is_one_that_does_not_answer(fails: str) -> None:
    (wish,) = check_records([{"name": LINK[0], "type": LINK[1], "value": LINK[2]}])
    zone = "@ NS ns.lost.example.org.\ngo CNAME l.smtpdgo.com.\n"
    with BindServer({"example.net": zone}) as bind:

        def resolve(query: dns.message.Message) -> Any:
            if "lost" not in query.question[0].name.to_text():
                return asking(bind)(query)
            return None if fails == "late" else failing(dns.rcode.SERVFAIL)(query)

        with OddServer(resolve) as resolver:
            given = Server("resolver", resolver.host, resolver.port, True)
            for patience, status in ((0.0, "present"), (None, "unknown")):
                looker = Looker([wish], Finder(given, 1, bind.port).servers_of, 1, bind.port, patience)
                looker.look()
                assert looker.results[0]["status"] == status
                assert "ns.lost.example.org.: its address cannot be found" in looker.results[0]["message"]


def test_a_zone_whose_servers_are_all_dead_does_not_cost_each_name_its_time() -> None:
    with BindServer({"example.org": "@ NS ns0\nns0 A 127.0.0.9\n"}) as bind:
        bind.delete("example.org", "NS", "ns1.example.org.")
        finder = Finder(Server("resolver", bind.host, bind.port, True), 1, bind.port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("127.0.0.9", bind.port))
            start = time.monotonic()
            for number in range(20):
                finder.servers_of("n%d.example.org." % number)
            assert time.monotonic() - start < 5


# Deciding


def judged(*answers: Answer, given_up: tuple[str, ...] = ()) -> Judgement:
    (wish,) = check_records([{"name": "go.example.net", "type": "CNAME", "value": "l.smtpdgo.com"}])
    return Judgement(wish, [wish], answers, given_up=given_up)


RIGHT = Answer("ns1", values=("l.smtpdgo.com.",))
FAILED = Answer("ns2", failure="it answers SERVFAIL")
THIRD = Answer("ns3", failure="no answer within 5 s")


@pytest.mark.parametrize(
    ("answers", "given_up", "status", "left_out"),
    [
        ((RIGHT, FAILED), (), "unknown", set()),
        ((RIGHT, FAILED), ("ns2",), "present", {"ns2"}),
        ((RIGHT, FAILED, THIRD), ("ns2",), "unknown", {"ns2"}),
        ((RIGHT, FAILED, THIRD), ("ns2", "ns3"), "present", {"ns2", "ns3"}),
        ((FAILED, THIRD), ("ns2", "ns3"), "unknown", set()),
        ((RIGHT, Answer("ns4"), FAILED), ("ns2",), "partial", {"ns2"}),
        # One that answers again counts, whatever was said of it before.
        ((RIGHT, Answer("ns2")), ("ns2",), "partial", set()),
    ],
)
def test_servers_that_were_given_up_do_not_count(
    answers: tuple[Answer, ...], given_up: tuple[str, ...], status: str, left_out: set[str]
) -> None:
    judgement = judged(*answers, given_up=given_up)
    assert (judgement.status, set(judgement.left_out)) == (status, left_out)
