# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtpd_dns_info on real DNS servers."""

from __future__ import annotations

import errno
import os
import socket
import struct
import threading
import time
from datetime import datetime
from random import Random
from typing import Any, Callable, Iterator, Optional

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.TXT
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._dns_answers import NoServers
from ansible_collections.smtpd.email.plugins.module_utils._dns_delegation import Finder
from ansible_collections.smtpd.email.plugins.module_utils._dns_exchange import Server
from ansible_collections.smtpd.email.plugins.module_utils._dns_look import Looker
from ansible_collections.smtpd.email.plugins.module_utils._dns_query import ask, parse_server
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError
from ansible_collections.smtpd.email.plugins.module_utils._rdata import canonical
from ansible_collections.smtpd.email.plugins.module_utils._records import check_records
from tests.support.bind import BindServer
from tests.support.odd_dns import OddServer, Respond

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
    assert (statuses(result), result["all_present"], result["failed"]) == (["missing"] * 3, False, False)


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
    result = look(LINK, nameservers=[bind.address, silent], timeout=0.2, require="all")
    assert statuses(result) == ["unknown"]
    assert "%s: no answer within 0.2 s" % silent in result["records"][0]["message"]


def test_a_question_is_asked_once_however_many_records_it_is_for(look: Run, bind: BindServer) -> None:
    records = [("text.example.com", "TXT", "value %d" % i) for i in range(50)]
    assert statuses(look(*records)) == ["missing"] * 50
    assert len(bind.query_log("query: text.example.com IN")) == 1


def test_hundreds_of_records_are_asked_for_in_one_run(look: Run) -> None:
    assert statuses(look(*(("n%d.example.com" % i, "TXT", "x") for i in range(500)))) == ["missing"] * 500


def test_records_are_asked_for_side_by_side(look: Run) -> None:
    swallowed: list[dns.message.Message] = []

    def respond(query: dns.message.Message) -> Optional[dns.message.Message]:
        if len(swallowed) < 16:
            swallowed.append(query)
            return None
        return right(query)

    # One after the other, none of the first eight would be answered in its two attempts.
    with OddServer(respond) as server:
        result = look(
            *(("n%d.example.com" % i, "CNAME", "l.smtpdgo.com") for i in range(20)), nameservers=[server.address]
        )
    assert result["all_present"]


def test_a_server_can_be_given_by_its_name(look: Run, bind: BindServer) -> None:
    fill(bind)
    assert statuses(look(LINK, nameservers=["localhost:%d" % bind.port])) == ["present"]


def test_check_mode_is_the_same(look: Run, bind: BindServer) -> None:
    fill(bind)
    assert look(LINK, check_mode=True)["all_present"]


def test_no_records_are_all_present(look: Run) -> None:
    assert look()["all_present"]


def test_a_name_to_which_the_provider_added_the_zone_again_is_found(look: Run, bind: BindServer) -> None:
    bind.add("bounce.example.com.example.com", "MX", "10 feedback-smtp.us-east-1.amazonses.com.")
    record = look(MX)["records"][0]
    assert (record["status"], record["diagnosis"]) == ("missing", "zone_doubled")
    assert "bounce.example.com.example.com." in record["message"]


@pytest.mark.parametrize(
    ("type_", "value"), [("A", "192.0.2.1"), ("AAAA", "2001:db8::1"), ("MX", "10 mx.example.org."), ("TXT", '"text"')]
)
def test_other_records_where_a_cname_is_wanted_are_told(type_: str, value: str, look: Run, bind: BindServer) -> None:
    bind.add(LINK[0], type_, value)
    record = look(LINK)["records"][0]
    assert (record["status"], record["diagnosis"]) == ("mismatch", "cname_conflict")
    assert record["found"] == ["%s %s" % (type_, value)]


def test_an_absence_is_told_with_how_long_it_may_be_remembered(look: Run) -> None:
    until = look(LINK)["records"][0]["negatively_cached_until"]
    left = datetime.fromisoformat(until.replace("Z", "+00:00")).timestamp() - time.time()
    assert 290 < left <= 301  # the negative TTL of the zone


def test_a_resolver_that_remembers_an_absence_is_told_from_a_record_that_is_missing(bind: BindServer) -> None:
    with BindServer([], forward_to=bind) as resolver:
        server = Server("resolver", resolver.host, resolver.port, recursive=True)
        looker = Looker(
            check_records([{"name": MX[0], "type": MX[1], "value": MX[2]}]), lambda _name: [server], 2, bind.port
        )
        looker.look()
        assert looker.results[0]["diagnosis"] == "missing"
        fill(bind)
        looker.look()
    record = looker.results[0]
    assert (record["status"], record["diagnosis"]) == ("missing", "negatively_cached")
    assert record["negatively_cached_until"] in record["message"]


def test_ipv6_servers_are_asked(look: Run) -> None:
    with BindServer(["example.com", "example.net"], host="::1") as bind:
        fill(bind)
        assert statuses(look(LINK, MX, nameservers=[bind.address])) == ["present", "present"]


# Servers that no one can rely on


def failing(rcode: int) -> Respond:
    def respond(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        return response

    return respond


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP"])
def test_a_failure_is_no_certain_answer(rcode: str, look: Run) -> None:
    with OddServer(failing(dns.rcode.from_text(rcode))) as server:
        record = look(LINK, nameservers=[server.address])["records"][0]
    assert (record["status"], record["diagnosis"]) == ("unknown", "no_answer")
    assert rcode in record["message"]


def test_an_empty_answer_of_a_server_that_is_not_responsible_is_no_certain_answer(look: Run) -> None:
    with OddServer(dns.message.make_response) as lame:
        record = look(LINK, nameservers=[lame.address])["records"][0]
    assert record["status"] == "unknown" and "not authoritative" in record["message"]


def test_a_failing_server_does_not_hide_that_another_lacks_the_record(look: Run, bind: BindServer) -> None:
    with OddServer(failing(dns.rcode.SERVFAIL)) as server:
        assert statuses(look(LINK, nameservers=[server.address, bind.address])) == ["missing"]


def test_a_server_that_does_not_know_edns_is_asked_without_it(look: Run) -> None:
    def old(query: dns.message.Message) -> dns.message.Message:
        if query.edns >= 0:
            return failing(dns.rcode.FORMERR)(query)
        return right(query)

    with OddServer(old) as server:
        assert statuses(look(LINK, nameservers=[server.address])) == ["present"]


def right(query: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    response.answer.append(dns.rrset.from_text(query.question[0].name, 300, "IN", "CNAME", "l.smtpdgo.com."))
    return response


def uncompressed(query: dns.message.Message) -> bytes:
    """The right answer with each name written out, as some servers do, and in other letters."""
    record = right(query).answer[0]
    rdata = record[0].to_wire()
    return b"".join(
        (
            struct.pack("!HHHHHH", query.id, dns.flags.QR | dns.flags.AA, 1, 1, 0, 0),
            query.question[0].name.to_wire() + struct.pack("!HH", query.question[0].rdtype, 1),
            dns.name.from_text(record.name.to_text().upper()).to_wire(),
            struct.pack("!HHIH", record.rdtype, 1, 300, len(rdata)),
            rdata,
        )
    )


def test_names_that_are_not_compressed_are_understood(look: Run) -> None:
    with OddServer(uncompressed) as server:
        assert statuses(look(LINK, nameservers=[server.address])) == ["present"]


def absent(ttl: int, minimum: int, rcode: int = dns.rcode.NXDOMAIN, length: int | None = None) -> Respond:
    """Nothing, with an SOA.

    :param length: that of its rdata, where it is not the right one.
    """
    names = dns.name.from_text("ns.example.net.").to_wire() + dns.name.from_text("hostmaster.example.net.").to_wire()
    rdata = (names + struct.pack("!IIIII", 1, 2, 3, 4, minimum))[:length]

    def respond(query: dns.message.Message) -> bytes:
        flags = dns.flags.QR | dns.flags.AA | rcode
        question = query.question[0].name.to_wire() + struct.pack("!HH", query.question[0].rdtype, 1)
        soa = dns.name.from_text("example.net.").to_wire() + struct.pack("!HHIH", 6, 1, ttl, len(rdata)) + rdata
        return struct.pack("!HHHHHH", query.id, flags, 1, 0, 1, 0) + question + soa

    return respond


@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
@pytest.mark.parametrize(("ttl", "minimum"), [(900, 60), (60, 900)])
def test_an_absence_may_be_remembered_for_the_lower_of_two_times(ttl: int, minimum: int, rcode: int, look: Run) -> None:
    with OddServer(absent(ttl, minimum, rcode)) as server:
        record = look(LINK, nameservers=[server.address])["records"][0]
    until = datetime.fromisoformat(record["negatively_cached_until"].replace("Z", "+00:00")).timestamp()
    assert record["status"] == "missing" and 50 < until - time.time() <= 60


def test_a_time_with_its_highest_bit_set_is_none(look: Run) -> None:
    with OddServer(absent(0xFFFFFFFF, 0xFFFFFFFF)) as server:
        record = look(LINK, nameservers=[server.address])["records"][0]
    until = datetime.fromisoformat(record["negatively_cached_until"].replace("Z", "+00:00")).timestamp()
    assert until <= time.time() + 1


@pytest.mark.parametrize("length", [0, 4, 30])
def test_an_absence_whose_soa_is_cut_is_no_certain_answer(length: int, look: Run) -> None:
    with OddServer(absent(900, 60, length=length)) as server:
        record = look(LINK, nameservers=[server.address])["records"][0]
    assert record["status"] == "unknown"


# Nearly all are plain in life, and nearly none by chance.
_BYTES = st.one_of(
    st.from_regex(rb"[A-Za-z0-9_*-]{1,12}", fullmatch=True), st.just(b"a.b"), st.binary(min_size=1, max_size=12)
)
_NAMES = st.lists(_BYTES, min_size=1, max_size=4).map(lambda labels: dns.name.Name([*labels, b""]))
_TEXTS = st.lists(st.one_of(_BYTES, st.just(b"v=spf1 ~all; x"), st.just(b"")), min_size=1, max_size=3)
_RDATAS = st.one_of(
    _NAMES.map(lambda name: dns.rdtypes.ANY.CNAME.CNAME("IN", "CNAME", name)),
    st.builds(lambda number, name: dns.rdtypes.ANY.MX.MX("IN", "MX", number, name), st.integers(0, 65535), _NAMES),
    _TEXTS.map(lambda texts: dns.rdtypes.ANY.TXT.TXT("IN", "TXT", texts)),
)


def test_what_an_answer_has_is_read_as_dnspython_reads_it() -> None:
    sent: list[dns.rdata.Rdata] = []

    def respond(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        name = query.question[0].name
        response.answer = [dns.rrset.from_rdata(name, 300, rdata) for rdata in sent]
        return response

    with OddServer(respond) as odd:
        server = Server("odd", odd.host, odd.port)

        @given(_RDATAS)
        def check(rdata: dns.rdata.Rdata) -> None:
            sent[:] = [rdata]
            answer = ask(server, "go.example.net.", dns.rdatatype.to_text(rdata.rdtype), 5)
            assert (answer.failure, answer.rdatas, answer.ttl) == (None, (rdata.to_text(),), 300)

        @given(st.lists(_RDATAS, min_size=1, max_size=3), st.randoms())
        def check_that_each_counts_once(rdatas: list[dns.rdata.Rdata], random: Random) -> None:
            type_ = dns.rdatatype.to_text(rdatas[0].rdtype)
            # dnspython lets a name have one CNAME only.
            distinct = dns.rdataset.from_rdata_list(300, rdatas[:1] if type_ == "CNAME" else of_first_type(rdatas))
            sent[:] = [*distinct, *random.choices(list(distinct), k=3)]
            random.shuffle(sent)
            answer = ask(server, "go.example.net.", type_, 5)
            expected = sorted(rdata.to_text() for rdata in distinct)
            if type_ == "TXT":
                assert list(answer.rdatas) == expected
            else:  # compressed names have the case of those before them
                assert answer.values == tuple(sorted(canonical(type_, text) for text in expected))

        check()
        check_that_each_counts_once()


def of_first_type(rdatas: list[dns.rdata.Rdata]) -> list[dns.rdata.Rdata]:
    return [rdata for rdata in rdatas if rdata.rdtype == rdatas[0].rdtype]


@pytest.mark.parametrize(("number", "rdata"), [(5, b"\3abc\0"), (15, b"\0\x0a\3abc\0"), (16, b"\3abc")])
def test_a_record_that_is_cut_is_no_certain_answer(number: int, rdata: bytes, look: Run) -> None:
    def respond(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        record = b"\xc0\x0c" + struct.pack("!HHIH", number, 1, 300, len(rdata)) + rdata[:-1]
        wire = response.to_wire()
        return wire[:6] + b"\0\1" + wire[8:] + record

    with OddServer(respond) as server:
        type_ = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number))
        record = look(("go.example.net", type_, "abc.example.com"), nameservers=[server.address])["records"][0]
    assert (record["status"], record["found"]) == ("unknown", [])


@pytest.mark.parametrize("target", [b"\xc0\x2c", b"\xc0\x30", b"\xff\xff", b"\x01a\xc0\x2c", b"\x40" + bytes(65)])
def test_a_name_that_leads_nowhere_is_no_certain_answer(target: bytes, look: Run) -> None:
    def respond(query: dns.message.Message) -> bytes:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        rdata = b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, 300, len(target)) + target
        wire = response.to_wire()
        return wire[:6] + b"\0\1" + wire[8:] + rdata

    with OddServer(respond) as server:
        record = look(LINK, nameservers=[server.address])["records"][0]
    assert record["status"] == "unknown"


def test_an_empty_timeout_is_one_not_given(look: Run) -> None:
    with OddServer(right) as server:
        assert statuses(look(LINK, nameservers=[server.address], timeout="")) == ["present"]


@pytest.mark.parametrize("garbage", [b"no DNS", bytes(12), bytes(300)])
def test_what_is_no_dns_is_no_certain_answer(garbage: bytes, look: Run) -> None:
    with OddServer(lambda _query: garbage) as server:
        record = look(LINK, nameservers=[server.address], timeout=0.4)["records"][0]
    assert (record["status"], record["diagnosis"]) == ("unknown", "no_answer")


def test_an_answer_that_is_cut_short_and_not_to_be_had_by_tcp_is_no_certain_answer(look: Run) -> None:
    def cut(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.TC
        return response

    with OddServer(cut) as server:
        record = look(LINK, nameservers=[server.address])["records"][0]
    assert record["status"] == "unknown" and "refused" in record["message"]


def test_a_late_answer_is_not_taken_for_that_of_the_next_question(look: Run) -> None:
    late = threading.Event()

    def respond(query: dns.message.Message) -> dns.message.Message:
        if not late.is_set():
            late.set()
            time.sleep(0.5)
            return failing(dns.rcode.SERVFAIL)(query)
        return right(query)

    with OddServer(respond) as server:
        assert statuses(look(LINK, nameservers=[server.address], timeout=0.2)) == ["unknown"]
        assert statuses(look(LINK, nameservers=[server.address], timeout=5)) == ["present"]


def test_a_question_that_is_lost_is_asked_again(look: Run) -> None:
    lost: list[dns.message.Message] = []

    def respond(query: dns.message.Message) -> Optional[dns.message.Message]:
        if not lost:
            lost.append(query)
            return None
        return right(query)

    with OddServer(respond) as server:
        assert statuses(look(LINK, nameservers=[server.address], timeout=1)) == ["present"]
        assert len(server.questions) == 2


def test_an_answer_of_another_type_is_none_of_the_record(look: Run) -> None:
    def respond(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        response.answer.append(dns.rrset.from_text(query.question[0].name, 300, "IN", "A", "192.0.2.1"))
        return response

    with OddServer(respond) as server:
        assert statuses(look(SPF, nameservers=[server.address])) == ["missing"]


def test_a_name_that_is_too_long_with_its_zone_doubled_is_just_missing(look: Run) -> None:
    long = ".".join(["x" * 60] * 3 + ["y" * 50, "example.com"])
    assert statuses(look((long, "TXT", "x"))) == ["missing"]


def test_a_machine_without_ipv6_says_so_of_a_server_that_has_nothing_else(
    look: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_ipv4(family: int, *arguments: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return socket.SocketType(family, *arguments)

    monkeypatch.setattr(socket, "socket", only_ipv4)
    record = look(LINK, nameservers=["[::1]:53000"])["records"][0]
    assert (record["status"], record["diagnosis"]) == ("unknown", "no_answer")
    assert "not supported" in record["message"]


def test_an_answer_to_another_question_is_not_taken(look: Run) -> None:
    def respond(query: dns.message.Message) -> dns.message.Message:
        other = dns.message.make_query("other.example.net.", "CNAME", id=query.id)
        return right(other)

    with OddServer(respond) as server:
        record = look(LINK, nameservers=[server.address], timeout=0.2)["records"][0]
    assert "no answer within 0.2 s" in record["message"]


def test_a_server_that_answers_nothing_is_not_asked_for_thousands_of_records(look: Run) -> None:
    with OddServer(lambda _query: None) as server:
        records = [("n%d.example.com" % number, "TXT", "x") for number in range(3000)]
        result = look(*records, nameservers=[server.address], timeout=0.4)
        assert len(server.questions) < 200
    assert statuses(result) == ["unknown"] * 3000
    assert {record["diagnosis"] for record in result["records"]} == {"no_answer"}


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
    assert result["msg"].startswith("After 0.1 s, 1 of 2 records are not right in DNS:\n  bounce.example.com. MX\n")
    assert "expected:     10 feedback-smtp.us-east-1.amazonses.com.\n    DNS answers:  (nothing)\n" in result["msg"]
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
    assert " IN CNAME -" in bind.query_log("query: go.example.net")[-1]


def test_a_resolver_that_does_not_answer_is_told(silent: str) -> None:
    host, port = parse_server(silent, "resolver")
    problem = Finder(Server("resolver", host, port), timeout=0.2).servers_of("a.example.com.")
    assert isinstance(problem, NoServers) and problem.diagnosis == "no_answer"
    assert "authoritative servers of a.example.com. cannot be found" in problem.message


def test_the_resolver_is_never_asked_for_the_name_of_a_record(bind: BindServer) -> None:
    with BindServer([], forward_to=bind) as resolver:
        Finder(Server("resolver", resolver.host, resolver.port, True), 2, bind.port).servers_of("a.b.example.com.")
        asked = {line.split("query: ")[1].split()[0] for line in resolver.query_log("query: ")}
    assert asked - {"."} == {"example.com", "ns1.example.com"}


def test_a_delegated_zone_is_followed_to_its_own_servers(bind: BindServer) -> None:
    bind.add("ns.sub.example.com", "A", "127.0.0.2")
    bind.add("sub.example.com", "NS", "ns.sub.example.com.")
    finder = Finder(Server("resolver", bind.host, bind.port, recursive=True), timeout=0.2, port=bind.port)
    assert finder.servers_of("a.sub.example.com.") == [
        Server("ns.sub.example.com. (127.0.0.2)", "127.0.0.2", bind.port)
    ]


def test_a_zone_below_on_the_same_server_has_its_own_servers() -> None:
    zones = {"example.com": "sub NS ns1.sub\nns1.sub A 127.0.0.1\n", "sub.example.com": "@ NS ns2\nns2 A 127.0.0.2\n"}
    with BindServer(zones) as bind:
        finder = Finder(Server("resolver", bind.host, bind.port, True), 2, bind.port)
        names = [server.name for server in finder.servers_of("a.b.sub.example.com.")]
    assert names == ["ns1.sub.example.com. (127.0.0.1)", "ns2.sub.example.com. (127.0.0.2)"]


def test_a_delegation_that_was_mended_is_found_at_the_next_look() -> None:
    with BindServer(["example"]) as before, BindServer(["new.example"]) as after:
        public_dns = [before]

        def resolve(query: dns.message.Message) -> dns.message.Message:
            return dns.query.udp(query, public_dns[-1].host, 2, public_dns[-1].port)

        with OddServer(resolve) as resolver:
            finder = Finder(Server("resolver", resolver.host, resolver.port), 2, after.port)
            assert isinstance(finder.servers_of("a.new.example."), NoServers)
            public_dns.append(after)
            assert finder.servers_of("a.new.example.") == [
                Server("ns1.new.example. (127.0.0.1)", "127.0.0.1", after.port)
            ]


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
