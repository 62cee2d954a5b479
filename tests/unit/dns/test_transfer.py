# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zone transfers that no proper server would send: nothing is written by what such a zone seems to have."""

from __future__ import annotations

import itertools
import threading
import time
from types import SimpleNamespace
from typing import Any, Callable, Iterator, Optional, Sequence

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.TXT
import dns.rrset
import dns.tsig
import dns.tsigkeyring
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._dns_transfer import transfer
from ansible_collections.smtpd.email.plugins.module_utils._dns_wire import type_text
from ansible_collections.smtpd.email.plugins.module_utils._rdata import canonical
from ansible_collections.smtpd.email.plugins.module_utils._rfc2136 import Rfc2136Zones
from tests.support.inprocess import run_module
from tests.support.odd_dns import OddPrimary

ZONE = "example.net."
KEY, SECRET = "transfers.", "c2VjcmV0IG9mIHRyYW5zZmVycw=="
KEYRING = dns.tsigkeyring.from_text({KEY: SECRET})
SOA = ZONE + " 3600 IN SOA ns1 hostmaster 7 7200 3600 1209600 300"
NEWER_SOA = SOA.replace(" 7 ", " 8 ")
OTHER = "other.example.net. 3600 IN A 192.0.2.1"
# The record that the tests publish, with another value, which is a conflict where it is read.
LINK = "go.example.net. 3600 IN CNAME elsewhere.example."

Zone = Sequence[Sequence[str]]  # lines of a zone file, by messages


def messages(query: dns.message.Message, zone: Zone, signed: Sequence[bool]) -> list[bytes]:
    """The answers to a query, signed where they are to be."""
    wires = []
    context: Any = None
    unsigned_before: list[bytes] = []
    for lines, is_signed in zip(zone, signed):
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        response.answer = [rrset(line) for line in lines]
        if is_signed:
            response.use_tsig(query.keyring)
            response.request_mac = query.mac
            for wire in unsigned_before:
                context.update(wire)
            unsigned_before = []
            wires.append(response.to_wire(multi=True, tsig_ctx=context))
            context = response.tsig_ctx
        else:
            response.tsig = None
            wires.append(response.to_wire())
            unsigned_before.append(wires[-1])
    return wires


def rrset(line: str) -> dns.rrset.RRset:
    name, ttl, class_, type_, rdata = line.split(" ", 4)
    return dns.rrset.from_text(
        name, int(ttl), class_, type_, rdata.replace("ns1 hostmaster", "ns1.%s h.%s" % (ZONE, ZONE))
    )


def publish(port: int, with_key: bool, limits: Optional[dict[str, Any]] = None, **more: Any) -> dict[str, Any]:
    provider = {"class": "octodns_bind.Rfc2136Provider", "host": "127.0.0.1", "port": port, "timeout": 5, **more}
    key = {"key_name": KEY, "key_algorithm": "hmac-sha256"} if with_key else {}
    return run_module(
        "smtpd_dns_records",
        records=[{"name": "go.example.net", "type": "CNAME", "value": "l.smtpdgo.com"}],
        provider={**provider, **key},
        provider_secrets={"key_secret": SECRET} if with_key else {},
        zones=["example.net"],
        **({} if limits is None else {"transfer_limits": limits}),
    )


def read(zone: Zone, signed: Sequence[bool] = (), change: Callable[[list[bytes]], None] = lambda wires: None) -> str:
    """What publishing says where the zone is sent like this: of the value of go.example.net it tells as of a conflict."""

    def respond(query: dns.message.Message) -> list[bytes]:
        wires = messages(query, zone, signed or [False] * len(zone))
        change(wires)
        return wires

    with OddPrimary(respond, KEYRING) as primary:
        result = publish(primary.port, with_key=bool(signed))
    assert result["failed"] and not result["changed"]
    return result["msg"]


def is_read(message: str) -> bool:
    return "elsewhere.example" in message


def test_a_zone_in_several_messages_is_read() -> None:
    assert is_read(read([[SOA, OTHER], [LINK], [SOA]]))


def test_a_zone_in_one_message_is_read() -> None:
    assert is_read(read([[SOA, OTHER, LINK, SOA]], signed=[True]))


def test_between_signed_messages_there_can_be_others() -> None:
    assert is_read(read([[SOA], [OTHER], [LINK], [OTHER], [SOA]], signed=[True, False, False, True, True]))


@pytest.mark.parametrize("signed", [(False, False, False), (True, True, False)])
def test_the_first_and_the_last_message_are_to_be_signed(signed: Sequence[bool]) -> None:
    assert "missing TSIG" in read([[SOA], [LINK], [SOA]], signed=signed)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_message_that_was_changed_on_the_way_is_noticed(place: int) -> None:
    def change(wires: list[bytes]) -> None:
        wires[place] = wires[place].replace(b"\x00\x00\x0e\x10", b"\x00\x00\x0e\x11", 1)

    message = read([[SOA, OTHER], [LINK], [OTHER, SOA]], signed=[True, False, True], change=change)
    assert not is_read(message) and "signature" in message


def test_a_zone_that_another_key_has_signed_is_not_believed() -> None:
    other = dns.tsig.Key(KEY, "b3RoZXIgc2VjcmV0", "hmac-sha256")

    def respond(query: dns.message.Message) -> list[bytes]:
        query.keyring = other
        return messages(query, [[SOA, LINK, SOA]], [True])

    with OddPrimary(respond, KEYRING) as primary:
        message = publish(primary.port, with_key=True)["msg"]
    assert not is_read(message) and "signature" in message


def test_a_hundred_messages_without_a_signature_are_too_many() -> None:
    def zone(count: int) -> list[list[str]]:
        return [[SOA, LINK], *[[OTHER]] * count, [SOA]]

    def signed(count: int) -> list[bool]:
        return [True, *[False] * count, True]

    assert is_read(read(zone(99), signed(99)))
    assert "missing TSIG" in read(zone(100), signed(100))


def test_a_signature_of_a_class_is_none() -> None:
    def change(wires: list[bytes]) -> None:
        wires[0] = wires[0].replace(b"\x00\xfa\x00\xff", b"\x00\xfa\x00\x01")

    assert "malformed" in read([[SOA, LINK, SOA]], signed=[True], change=change)


def test_a_signature_of_another_time_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    # With this, dnspython signs, and nothing else of what runs here has another clock.
    monkeypatch.setattr("dns.message.time", SimpleNamespace(time=lambda: time.time() + 4000))
    message = read([[SOA, LINK, SOA]], signed=[True])
    assert not is_read(message) and "The clocks" in message


def test_an_algorithm_without_a_key_signs_nothing() -> None:
    with OddPrimary(lambda query: messages(query, [[SOA, LINK, SOA]], [False])) as primary:
        assert is_read(publish(primary.port, with_key=False, key_algorithm="hmac-sha256")["msg"])


def test_a_message_that_drips_does_not_come_in_time() -> None:
    began = time.monotonic()
    with OddPrimary(lambda query: messages(query, [[SOA, LINK], [OTHER] * 99], [False] * 2), pause=0.05) as primary:
        message = publish(primary.port, with_key=False, timeout=0.5)["msg"]
    assert "Nothing answered in time" in message
    assert time.monotonic() - began < 60  # byte by byte it would take ten minutes


def test_a_connection_that_ends_early_is_noticed() -> None:
    assert "before the end of the zone" in read([[SOA, LINK], [OTHER]])


def test_what_does_not_begin_with_the_zone_is_none() -> None:
    assert "does not begin with the SOA record" in read([[LINK], [SOA]])


@pytest.mark.parametrize("zone", [[[SOA, LINK], [NEWER_SOA]], [[SOA, LINK, NEWER_SOA, SOA]], [[SOA, LINK, SOA, OTHER]]])
def test_a_zone_that_has_changed_on_the_way_is_not_believed(zone: Zone) -> None:
    assert "another SOA record" in read(zone)


@pytest.mark.parametrize("end", [-1, -20, 20, 14, 11, 0])
def test_a_message_that_is_cut_is_noticed(end: int) -> None:
    def change(wires: list[bytes]) -> None:
        wires[0] = wires[0][:end]

    assert "malformed" in read([[SOA, LINK, SOA]], change=change)


def test_a_zone_whose_soa_record_has_not_all_is_none() -> None:
    def change(wires: list[bytes]) -> None:
        start = wires[0].index(b"\x00\x06\x00\x01\x00\x00\x0e\x10") + 8
        length = int.from_bytes(wires[0][start : start + 2], "big")
        wires[0] = wires[0][:start] + (length - 4).to_bytes(2, "big") + wires[0][start + 2 : start + length - 2]
        wires[0] = wires[0][:6] + b"\x00\x01" + wires[0][8:]

    assert "malformed" in read([[SOA]], change=change)


def test_a_label_with_a_dot_in_it_is_not_taken_for_two() -> None:
    outside = dns.name.Name([b"evil.example", b"net", b""])

    def respond(query: dns.message.Message) -> list[bytes]:
        response = dns.message.make_response(query)
        foreign = dns.rrset.from_text(outside, 300, "IN", "A", "192.0.2.1")
        response.answer = [rrset(SOA), foreign, rrset(LINK), rrset(SOA)]
        return [response.to_wire()]

    with OddPrimary(respond) as primary:
        host = SimpleNamespace(host="127.0.0.1", port=primary.port, timeout=5, _auth_params=dict)
        assert Rfc2136Zones(host).read(ZONE, set()).owners == {ZONE, "go.example.net."}


def test_the_answer_to_another_question_is_none() -> None:
    def other_id(query: dns.message.Message) -> list[bytes]:
        return messages(dns.message.make_query(ZONE, "AXFR", id=query.id ^ 1), [[SOA, LINK, SOA]], [False])

    def other_name(query: dns.message.Message) -> list[bytes]:
        return messages(dns.message.make_query("example.org", "AXFR", id=query.id), [[SOA, LINK, SOA]], [False])

    def other_type(query: dns.message.Message) -> list[bytes]:
        return messages(dns.message.make_query(ZONE, "IXFR", id=query.id), [[SOA, LINK, SOA]], [False])

    def changed(change: Callable[[dns.message.Message], None]) -> Callable[[dns.message.Message], list[bytes]]:
        def respond(query: dns.message.Message) -> list[bytes]:
            response = dns.message.make_response(query)
            response.answer = [rrset(line) for line in (SOA, LINK, SOA)]
            change(response)
            return [response.to_wire()]

        return respond

    def other_opcode(response: dns.message.Message) -> None:
        response.set_opcode(dns.opcode.NOTIFY)

    def other_class(response: dns.message.Message) -> None:
        response.question[0].rdclass = dns.rdataclass.CH

    def two_questions(response: dns.message.Message) -> None:
        response.question.append(dns.rrset.RRset(dns.name.from_text("example.org"), 1, dns.rdatatype.AXFR))

    def no_question(response: dns.message.Message) -> None:
        response.question = []

    def a_query(response: dns.message.Message) -> None:
        response.flags &= ~dns.flags.QR

    def records_of_another_class(response: dns.message.Message) -> None:
        response.answer.insert(1, dns.rrset.from_text(ZONE, 300, "CH", "TXT", "text"))

    in_the_message = (other_opcode, other_class, two_questions, no_question, a_query, records_of_another_class)
    for one in (other_id, other_name, other_type, *map(changed, in_the_message)):
        with OddPrimary(one) as primary:
            message = publish(primary.port, with_key=False)["msg"]
        assert "malformed" in message and not is_read(message)


def test_later_messages_may_leave_out_the_question() -> None:
    def change(wires: list[bytes]) -> None:
        start = 12 + len(dns.name.from_text(ZONE).to_wire()) + 4
        # The names of a message without a question have nothing to point to.
        owner, rest = dns.name.from_text("go.example.net.").to_wire(), wires[1][wires[1].index(b"\x02go") + 5 :]
        assert wires[1][start : start + 3] == b"\x02go"
        wires[1] = wires[1][:4] + b"\0\0" + wires[1][6:12] + owner + rest

    assert is_read(read([[SOA, OTHER], [LINK], [SOA]], change=change))


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("answer", ["REFUSED", "NOERROR"])
def test_a_signed_query_takes_no_unsigned_reply(answer: str, place: int) -> None:
    """Nor one that is signed, but wrongly: an attacker has no key."""
    zone = [[[SOA, LINK, SOA]], [[SOA, LINK], [SOA]], [[SOA], [LINK], [SOA]]][place]

    def change(wires: list[bytes]) -> None:
        wires[-1] = wires[-1][:3] + bytes((wires[-1][3] | dns.rcode.from_text(answer),)) + wires[-1][4:]

    message = read(zone, signed=[True] * place + [False], change=change)
    assert not is_read(message) and ("missing TSIG" in message or "REFUSED" in message)


# Limits


Endless = Callable[[dns.message.Message], Iterator[bytes]]


def endless(lines_of: Callable[[int], list[str]], pause: float = 0.0) -> Endless:
    """A zone without an end, by the records of each message."""

    def respond(query: dns.message.Message) -> Iterator[bytes]:
        yield from messages(query, [[SOA, LINK]], [False])
        for number in itertools.count():
            time.sleep(pause)
            yield from messages(query, [lines_of(number)], [False])

    return respond


def same(_number: int) -> list[str]:
    return [OTHER, 'texts.example.net. 3600 IN TXT "%s"' % ("x" * 200)]


def names(number: int) -> list[str]:
    return ["n%d-%d.example.net. 3600 IN A 192.0.2.1" % (number, one) for one in range(20)]


@pytest.mark.parametrize(
    ("zone", "limits", "limit", "higher"),
    [
        (endless(same), {"mebibytes": 0.25}, "0.25 MiB (transfer_limits.mebibytes)", "0.5"),
        (endless(names), {"names": 500}, "500 names (transfer_limits.names)", "1000"),
        (endless(names, pause=0.02), {"seconds": 0.5}, "0.5 s (transfer_limits.seconds)", "1"),
        (endless(lambda _number: [], pause=0.02), {"seconds": "0.5"}, "0.5 s (transfer_limits.seconds)", "1"),
    ],
)
def test_a_transfer_without_an_end_is_stopped(zone: Endless, limits: dict[str, Any], limit: str, higher: str) -> None:
    began = time.monotonic()
    with OddPrimary(zone) as primary:
        result = publish(primary.port, with_key=False, limits=limits)
    assert time.monotonic() - began < 60
    assert result["failed"] and not result["changed"]
    assert result["msg"] == (
        "The transfer of zone example.net. was stopped at the limit of %s. If the zone is really that large, or its server "
        "that slow, set a higher limit, for example %s (role variable: sending_profile_dns_transfer_limits)."
        % (limit, higher)
    )


@pytest.mark.parametrize("zone", [endless(same), lambda query: messages(query, [[SOA, LINK], [SOA]], [False, False])])
def test_slow_bytes_do_not_extend_a_transfer(zone: Endless) -> None:
    began = time.monotonic()
    with OddPrimary(zone, pause=0.05) as primary:
        message = publish(primary.port, with_key=False, timeout=3600, limits={"seconds": 0.5})["msg"]
    assert "0.5 s (transfer_limits.seconds)" in message
    assert time.monotonic() - began < 60


def test_a_server_that_says_nothing_is_given_up_at_the_limit_too() -> None:
    ended = threading.Event()

    def silent(_query: dns.message.Message) -> Iterator[bytes]:
        ended.wait(30)
        yield from ()

    with OddPrimary(silent) as primary:
        message = publish(primary.port, with_key=False, timeout=3600, limits={"seconds": 0.3})["msg"]
        ended.set()
    assert "0.3 s (transfer_limits.seconds)" in message


@pytest.mark.parametrize(
    "limits",
    [
        None,
        {},
        {"seconds": None, "names": ""},
        {"seconds": 1e300, "names": 2, "mebibytes": 0.001},
        {"names": 1e300, "mebibytes": 1e300},
    ],
)
def test_a_zone_within_the_limits_is_read(limits: Optional[dict[str, Any]]) -> None:
    with OddPrimary(lambda query: messages(query, [[SOA, LINK], [SOA]], [False] * 2)) as primary:
        assert is_read(publish(primary.port, with_key=False, limits=limits)["msg"])


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"seconds": 0}, "transfer_limits.seconds: must be a finite number greater than 0, not '0'."),
        ({"names": -1}, "transfer_limits.names: must be a finite number"),
        ({"mebibytes": "nan"}, "transfer_limits.mebibytes: must be a finite number"),
        ({"names": float("inf")}, "transfer_limits.names: must be a finite number"),
        ({"names": "many"}, "transfer_limits.names: must be a finite number greater than 0, not 'many'."),
        ({"names": True}, "transfer_limits.names: must be a finite number"),
        ({"names": [500]}, "transfer_limits.names: must be a finite number"),
        ({"names": 10**400}, "transfer_limits.names: must be a finite number"),
        ({"second": 5}, "transfer_limits.second: unknown limit. Known are seconds, names, mebibytes."),
        (["seconds"], "transfer_limits"),
        (300, "transfer_limits"),
    ],
)
def test_limits_that_cannot_be_are_refused_before_anything_is_asked(limits: Any, named: str) -> None:
    asked: list[dns.message.Message] = []

    def respond(query: dns.message.Message) -> list[bytes]:
        asked.append(query)
        return []

    with OddPrimary(respond) as primary:
        result = publish(primary.port, with_key=False, limits=limits)
    assert result["failed"] and named in result["msg"] and not asked


def test_records_that_arrive_twice_count_once() -> None:
    soa = SOA.replace("ns1 hostmaster", "ns1.example.net. h.example.net.")
    spf = 'bounce.example.net. 3600 IN TXT "v=spf1 include:amazonses.com ~all"'
    mx = "bounce.example.net. 3600 IN MX 10 feedback-smtp.us-east-1.amazonses.com."
    again = mx.replace("feedback", "FEEDBACK")
    with OddPrimary(lambda query: messages(query, [[soa, spf, mx, spf], [spf, again, soa]], [False] * 2)) as primary:
        result = run_module(
            "smtpd_dns_records",
            records=[
                {"name": "bounce.example.net", "type": "TXT", "value": "v=spf1 include:amazonses.com ~all"},
                {"name": "bounce.example.net", "type": "MX", "value": "feedback-smtp.us-east-1.amazonses.com"},
            ],
            provider={"class": "octodns_bind.Rfc2136Provider", "host": "127.0.0.1", "port": primary.port},
            zones=["example.net"],
        )
    assert not result["failed"] and not result["changed"], result["msg"]
    assert [record["action"] for record in result["records"]] == ["unchanged", "unchanged"]


@pytest.mark.parametrize("with_key", [False, True])
def test_a_refusal_is_told(with_key: bool) -> None:
    def respond(query: dns.message.Message) -> list[bytes]:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.REFUSED)
        response.tsig = None
        return [response.to_wire()]

    with OddPrimary(respond, KEYRING) as primary:
        message = publish(primary.port, with_key)["msg"]
    assert "REFUSED" in message and "allow-transfer" in message


_LABELS = st.one_of(st.from_regex(rb"[A-Za-z0-9_*-]{1,12}", fullmatch=True), st.binary(min_size=1, max_size=12))
_NAMES = st.lists(_LABELS, min_size=1, max_size=4).map(lambda labels: dns.name.Name([*labels, b"example", b"net", b""]))
_RDATAS = st.one_of(
    _NAMES.map(lambda name: dns.rdtypes.ANY.CNAME.CNAME("IN", "CNAME", name)),
    st.builds(lambda number, name: dns.rdtypes.ANY.MX.MX("IN", "MX", number, name), st.integers(0, 65535), _NAMES),
    st.lists(st.binary(max_size=9), min_size=1, max_size=3).map(
        lambda texts: dns.rdtypes.ANY.TXT.TXT("IN", "TXT", texts)
    ),
    st.just(dns.rdata.from_text("IN", "SRV", "0 0 25 mx.example.org.")),
    st.just(dns.rdata.from_text("IN", "TYPE65280", r"\# 2 abcd")),
)


def test_the_records_are_read_as_dnspython_reads_them() -> None:
    sent: list[tuple[dns.name.Name, dns.rdata.Rdata]] = []

    def respond(query: dns.message.Message) -> list[bytes]:
        response = dns.message.make_response(query)
        sets = [dns.rrset.from_rdata(name, 300, rdata) for name, rdata in sent]
        response.answer = [rrset(SOA), *sets, rrset(SOA)]
        return [response.to_wire()]

    with OddPrimary(respond) as primary:

        @settings(deadline=None)  # each example is an exchange with a server
        @given(st.lists(st.tuples(_NAMES, _RDATAS), max_size=5))
        def check(records: list[tuple[dns.name.Name, dns.rdata.Rdata]]) -> None:
            sent[:] = records
            # In canonical form, because compressed names have the case of those before them.
            got = [
                (record.owner, type_text(record.type), record.ttl, canonical(type_text(record.type), record.text()))
                for record in transfer("127.0.0.1", primary.port, ZONE, 5, {})
            ]
            assert got == [
                (name.to_text().lower(), type_, 300, canonical(type_, rdata.to_text()))
                for name, rdata in records
                for type_ in [dns.rdatatype.to_text(rdata.rdtype)]
            ]

        check()
