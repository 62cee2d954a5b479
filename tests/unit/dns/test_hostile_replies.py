# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies that are not answers to the question, servers that never stop sending, and records that arrive twice."""

from __future__ import annotations

import contextlib
import itertools
import time
from typing import Any, Callable, Iterator, Sequence, Union

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

from ansible_collections.smtpd.email.plugins.module_utils._dns_answers import NoServers
from ansible_collections.smtpd.email.plugins.module_utils._dns_delegation import Finder
from ansible_collections.smtpd.email.plugins.module_utils._dns_exchange import Server, Unanswered, exchange_all
from ansible_collections.smtpd.email.plugins.module_utils._dns_query import ask
from ansible_collections.smtpd.email.plugins.module_utils._dns_spf_lookups import spf_problem
from tests.support.inprocess import run_module
from tests.support.odd_dns import OddPrimary, OddServer, Respond

Query = dns.message.Message

LINK = ("go.example.net", "CNAME", "l.smtpdgo.com")
MX = ("bounce.example.com", "MX", "feedback-smtp.us-east-1.amazonses.com")
SPF = ("bounce.example.com", "TXT", "v=spf1 include:amazonses.com ~all")

SPF_RDATA = '"v=spf1 include:amazonses.com ~all"'
MX_RDATA = "10 feedback-smtp.us-east-1.amazonses.com."


def answer(query: Query, type_: str, *rdatas: str, flags: int = dns.flags.AA) -> Query:
    """An answer with a record set for each value, so that one can be there several times."""
    response = dns.message.make_response(query)
    response.flags |= flags
    name = query.question[0].name
    response.answer = [dns.rrset.from_text(name, 300, "IN", type_, rdata) for rdata in rdatas]
    return response


def right(query: Query) -> Query:
    return answer(query, "CNAME", "l.smtpdgo.com.")


def forged(query: Query) -> Query:
    return answer(query, "CNAME", "evil.example.")


def other_id(query: Query) -> Query:
    response = forged(query)
    response.id ^= 1
    return response


def a_query(query: Query) -> Query:
    response = forged(query)
    response.flags &= ~dns.flags.QR
    return response


def other_opcode(query: Query) -> Query:
    response = forged(query)
    response.set_opcode(dns.opcode.NOTIFY)
    return response


def about(query: Query, *questions: tuple[str, str, str]) -> Query:
    response = forged(query)
    response.question = [
        dns.rrset.RRset(dns.name.from_text(name), dns.rdataclass.from_text(class_), dns.rdatatype.from_text(type_))
        for name, class_, type_ in questions
    ]
    return response


def other_name(query: Query) -> Query:
    return about(query, ("go.example.org", "IN", "CNAME"))


def longer_name(query: Query) -> Query:
    return about(query, ("go.example.net.example.org", "IN", "CNAME"))


def other_type(query: Query) -> Query:
    return about(query, ("go.example.net", "IN", "TXT"))


def other_class(query: Query) -> Query:
    return about(query, ("go.example.net", "CH", "CNAME"))


def two_questions(query: Query) -> Query:
    return about(query, ("go.example.net", "IN", "CNAME"), ("go.example.org", "IN", "CNAME"))


def the_question_twice(query: Query) -> bytes:
    wire = right(query).to_wire()
    end = 12 + len(query.question[0].name.to_wire()) + 4
    return wire[:4] + b"\x00\x02" + wire[6:end] + wire[12:end] + wire[end:]


def no_question(query: Query) -> Query:
    return about(query)


def no_such_name_and_no_question(query: Query) -> Query:
    response = about(query)
    response.answer = []
    response.set_rcode(dns.rcode.NXDOMAIN)
    return response


def cut(query: Query) -> bytes:
    return forged(query).to_wire()[:11]


FORGERIES = [
    other_id,
    a_query,
    other_opcode,
    other_name,
    longer_name,
    other_type,
    other_class,
    two_questions,
    the_question_twice,
    no_question,
    no_such_name_and_no_question,
    cut,
]


def truncated(query: Query) -> Query:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA | dns.flags.TC
    return response


@contextlib.contextmanager
def by_tcp(respond: Callable[[Query], Sequence[Union[Query, bytes]]], pause: float = 0.0) -> Iterator[OddServer]:
    """A server that is asked again by TCP."""

    def wires(query: Query) -> list[bytes]:
        return [reply if isinstance(reply, bytes) else reply.to_wire() for reply in respond(query)]

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(OddServer(truncated))
        while True:
            with contextlib.suppress(OSError):  # for TCP the same port may be taken
                stack.enter_context(OddPrimary(wires, pause=pause, port=server.port))
                break
            server = stack.enter_context(OddServer(truncated))
        yield server


def look(server: OddServer, record: tuple[str, str, str], timeout: float = 20) -> dict[str, Any]:
    """What smtpd_dns_info returns of a record."""
    name, type_, value = record
    result = run_module(
        "smtpd_dns_info",
        records=[{"name": name, "type": type_, "value": value}],
        nameservers=[server.address],
        timeout=timeout,
    )
    (found,) = result["records"]
    return found


# A reply to another question


@pytest.mark.parametrize("forge", FORGERIES)
def test_the_answer_is_waited_for_behind_replies_that_are_none(forge: Respond) -> None:
    with OddServer(lambda query: [forge(query), forge(query), right(query)]) as server:
        record = look(server, LINK, timeout=20)
    assert record["status"] == "present", record["message"]


@pytest.mark.parametrize("forge", FORGERIES)
def test_nothing_but_such_replies_is_no_certain_answer(forge: Respond) -> None:
    with OddServer(forge) as server:
        record = look(server, LINK, timeout=0.1)
    assert (record["status"], record["diagnosis"]) == ("unknown", "no_answer")
    assert "no answer within 0.1 s" in record["message"]


@pytest.mark.parametrize("forge", FORGERIES)
def test_by_tcp_such_a_reply_is_no_certain_answer_either(forge: Respond) -> None:
    with by_tcp(lambda query: [forge(query)]) as server:
        record = look(server, LINK, timeout=20)
    assert (record["status"], record["diagnosis"]) == ("unknown", "no_answer")
    assert "its reply by TCP is not an answer: it " in record["message"]


def test_a_reply_that_is_cut_off_by_tcp_too_is_no_certain_answer() -> None:
    with by_tcp(lambda query: [truncated(query)]) as server:
        record = look(server, LINK, timeout=20)
    assert record["status"] == "unknown" and "it is truncated" in record["message"]


def test_the_question_may_come_back_in_other_letters() -> None:
    def respond(query: Query) -> Query:
        response = about(query, ("GO.Example.NET", "IN", "CNAME"))
        response.answer = right(query).answer
        return response

    with OddServer(respond) as server:
        assert look(server, LINK)["status"] == "present"
    with by_tcp(lambda query: [respond(query)]) as server:
        assert look(server, LINK)["status"] == "present"


@pytest.mark.parametrize("rcode", ["FORMERR", "SERVFAIL", "NOTIMP", "REFUSED"])
def test_a_server_that_does_not_understand_the_question_need_not_repeat_it(rcode: str) -> None:
    def respond(query: Query) -> Query:
        response = about(query)
        response.answer = []
        response.set_rcode(dns.rcode.from_text(rcode))
        return response

    with OddServer(respond) as server:
        assert rcode in look(server, LINK, timeout=20)["message"]
    with by_tcp(lambda query: [respond(query)]) as server:
        assert rcode in look(server, LINK, timeout=20)["message"]


@pytest.mark.parametrize("flags", [dns.flags.AA, dns.flags.RA])
def test_records_of_another_class_are_not_looked_at(flags: int) -> None:
    def respond(query: Query) -> Query:
        response = answer(query, "TXT", flags=flags)
        response.answer = [dns.rrset.from_text(query.question[0].name, 300, "CH", "TXT", SPF_RDATA)]
        return response

    with OddServer(respond) as server:
        assert look(server, SPF)["status"] == "missing"


# Servers that never stop


def test_a_flood_of_replies_that_are_none_does_not_hold_up_the_end() -> None:
    stop = time.monotonic() + 30

    def flood(query: Query) -> Iterator[bytes]:
        wire = other_id(query).to_wire()
        while time.monotonic() < stop:
            yield wire

    with OddServer(flood) as server:
        began = time.monotonic()
        record = look(server, LINK, timeout=0.5)
        took = time.monotonic() - began
        stop = 0.0
    assert record["status"] == "unknown" and took < 20


def test_an_answer_by_tcp_that_drips_does_not_come_in_time() -> None:
    with by_tcp(lambda query: [answer(query, "CNAME", *["l.smtpdgo.com."] * 40)], pause=0.05) as server:
        began = time.monotonic()
        record = look(server, LINK, timeout=0.5)
        took = time.monotonic() - began
    assert record["status"] == "unknown" and "no answer within 0.5 s" in record["message"]
    assert took < 20  # byte by byte it would take a minute


def test_a_server_that_fails_by_tcp_is_not_asked_thousands_of_times() -> None:
    asked = itertools.count()

    def silent(query: Query) -> list[bytes]:
        next(asked)
        return []

    with by_tcp(silent) as odd:
        server = Server("odd", odd.host, odd.port)
        replies = exchange_all([(server, "n%d.example.net" % number, "TXT") for number in range(300)], 5)
    assert all(isinstance(reply, Unanswered) for reply in replies)
    assert next(asked) < 50


# Records that arrive twice (RFC 2181, 5)


@pytest.mark.parametrize("flags", [dns.flags.AA, dns.flags.RA])
@pytest.mark.parametrize(
    ("record", "rdatas"),
    [
        (SPF, [SPF_RDATA, '"other"', SPF_RDATA, '"other"']),
        (MX, [MX_RDATA, MX_RDATA, MX_RDATA.replace("feedback", "FEEDBACK")]),
        (LINK, ["l.smtpdgo.com.", "L.smtpdgo.com.", "l.smtpdgo.com."]),
    ],
)
def test_a_record_that_arrives_twice_counts_once(
    record: tuple[str, str, str], rdatas: Sequence[str], flags: int
) -> None:
    def respond(query: Query) -> Query:
        return answer(query, record[1], *rdatas, flags=flags)

    with OddServer(respond) as server:
        found = look(server, record)
        values = ask(Server("odd", server.host, server.port, recursive=True), record[0], record[1], 5).values
    assert found["status"] == "present", found["message"]
    assert len(found["existing"]) == len(values) == len(set(values))
    with by_tcp(lambda query: [respond(query)]) as server:
        assert look(server, record)["status"] == "present"


def test_two_spellings_of_one_spf_record_are_two() -> None:
    split = '"v=spf1 include:" "amazonses.com ~all"'

    def respond(query: Query) -> Query:  # for this name only, so that it is no wildcard
        is_asked = query.question[0].name.to_text() == "bounce.example.com."
        return answer(query, "TXT", *([SPF_RDATA, split] if is_asked else []))

    with OddServer(respond) as server:
        assert look(server, SPF)["diagnosis"] == "extra_value"


def test_preflight_counts_a_record_once() -> None:
    zone = {
        ("example.net.", "SOA"): ["ns1.example.net. h.example.net. 7 7200 3600 1209600 300"] * 2,
        ("bounce.example.net.", "MX"): ["10 mx.example.org.", "10 MX.example.org."],
        ("bounce.example.net.", "TXT"): ['"v=spf1 mx -all"'] * 2,
        ("_dmarc.example.net.", "TXT"): ['"v=DMARC1; p=none; aspf=s"'] * 2,
    }

    def respond(query: Query) -> Query:
        (asked,) = query.question
        type_ = dns.rdatatype.to_text(asked.rdtype)
        return answer(query, type_, *zone.get((asked.name.to_text().lower(), type_), ()))

    with OddServer(respond) as server:
        result = run_module(
            "smtpd_preflight_info",
            sending_domain="example.net",
            bounce_domain="bounce.example.net",
            nameservers=[server.address],
        )
    codes = [finding["code"] for finding in result["findings"]]
    assert sorted(codes) == ["bounce_domain_receives_mail", "existing_spf", "spf_not_aligned"]
    (mail,) = [one["message"] for one in result["findings"] if one["code"] == "bounce_domain_receives_mail"]
    assert "goes to mx.example.org now" in mail


def test_an_included_spf_record_that_arrives_twice_is_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    with OddServer(lambda query: answer(query, "TXT", *['"v=spf1 ip4:192.0.2.1 -all"'] * 2)) as server:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [server.host], server.port
        monkeypatch.setattr("dns.resolver.default_resolver", resolver)
        assert spf_problem("mail.example", "v=spf1 include:twice.example ~all", ()) is None


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_resolver_is_believed_as_little(forge: Respond) -> None:
    def zone(query: Query) -> Query:
        (asked,) = query.question
        type_ = dns.rdatatype.to_text(asked.rdtype)
        rdatas = {
            "SOA": ["ns.example.net. h.example.net. 7 7200 3600 1209600 300"],
            "NS": ["ns.example.net."],
            "A": ["127.0.0.9"],
        }
        return answer(query, type_, *rdatas.get(type_, ()), flags=dns.flags.RA)

    with OddServer(lambda query: [forge(query), zone(query)]) as server:
        finder = Finder(Server("odd", server.host, server.port, recursive=True), timeout=20)
        assert [one.address for one in finder.servers_of("a.example.net.")] == ["127.0.0.9"]
    with OddServer(forge) as server:
        finder = Finder(Server("odd", server.host, server.port, recursive=True), timeout=0.2)
        found = finder.servers_of("a.example.net.")
    assert isinstance(found, NoServers) and found.diagnosis == "no_answer"


def test_a_resolver_is_asked_by_tcp_and_checked_there() -> None:
    with by_tcp(lambda query: [other_name(query)]) as server:
        finder = Finder(Server("odd", server.host, server.port, recursive=True), timeout=20)
        found = finder.servers_of("a.example.net.")
    assert isinstance(found, NoServers) and found.diagnosis == "no_answer"
    assert "its reply by TCP is not an answer: it answers another question" in found.message


def test_of_many_name_servers_only_some_are_looked_up_and_asked() -> None:
    zone = "example.net."
    rdatas = {
        "SOA": ["ns0.example.net. h.example.net. 7 7200 3600 1209600 300"],
        "NS": ["ns%03d.example.net." % number for number in range(60)],
        "A": ["127.0.0.%d" % (number + 1) for number in range(20)],
    }

    def respond(query: Query) -> Query:
        (asked,) = query.question
        type_ = dns.rdatatype.to_text(asked.rdtype)
        is_there = (asked.name.to_text() == zone) == (type_ != "A")
        return answer(query, type_, *(rdatas.get(type_, ()) if is_there else ()), flags=dns.flags.RA)

    with OddServer(respond) as server:
        found = Finder(Server("odd", server.host, server.port, recursive=True), timeout=20).servers_of("a." + zone)
    assert not isinstance(found, NoServers) and len(found) == 32 * 8
    assert len(server.questions) < 100
