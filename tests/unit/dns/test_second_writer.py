# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Someone else writes to a zone of a real BIND after smtpd_dns_records has read it and before it writes."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterator, Sequence

import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.tsigkeyring
import octodns_bind
import pytest

from ansible_collections.smtpd.email.plugins.module_utils import _dns_publish
from ansible_collections.smtpd.email.plugins.module_utils._dns_plan import Policy
from ansible_collections.smtpd.email.plugins.module_utils._dns_publish import publish as publish_wishes
from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError
from ansible_collections.smtpd.email.plugins.module_utils._octodns import Provider
from ansible_collections.smtpd.email.plugins.module_utils._records import check_records
from tests.support.bind import BindServer
from tests.support.inprocess import run_module
from tests.support.odd_dns import OddPrimary
from tests.unit.dns.test_transfer import KEY, KEYRING, SECRET, messages

Run = Callable[..., dict[str, Any]]
Record = tuple[str, str, str]
Meanwhile = Callable[..., None]

BOUNCE = "bounce.mail.example.com"
MX = (BOUNCE, "MX", "feedback-smtp.us-east-1.amazonses.com")
SPF = (BOUNCE, "TXT", "v=spf1 ip4:198.51.100.1 ~all")
TOKEN = ("_amazonses.mail.example.com", "TXT", "token")
LINK = ("go.example.net", "CNAME", "l.smtpdgo.com")


@pytest.fixture(autouse=True)
def logging_goes_on() -> Iterator[None]:
    """Two runs in threads of one process, which modules never are, restore the state of logging in the wrong order."""
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dns_publish, "_PAUSES", (0.0, 0.05))


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Does things, each between one reading and the writing that follows, or the last one each time."""

    def arrange(*acts: Callable[[], Any], forever: bool = False) -> None:
        write, left = Provider.write, list(acts)

        def interrupted(self: Provider, loaded: Any, plan: Any) -> None:
            if left:
                (left[0] if forever and len(left) == 1 else left.pop(0))()
            write(self, loaded, plan)

        monkeypatch.setattr(Provider, "write", interrupted)

    return arrange


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The updates that were sent and require something, as DNS messages."""
    updates: list[Any] = []
    tcp = dns.query.tcp

    def noted(message: Any, *args: Any, **options: Any) -> Any:
        if message.opcode() == dns.opcode.UPDATE and message.prerequisite:
            updates.append(dns.message.from_wire(message.to_wire(), keyring=message.keyring))
        return tcp(message, *args, **options)

    monkeypatch.setattr(dns.query, "tcp", noted)
    return updates


def lines(bind: BindServer, name: str) -> list[str]:
    text = bind.zone_text("example.com") + bind.zone_text("example.net")
    return [line.replace(" 300 ", " ").replace(" 3600 ", " ") for line in text.splitlines() if line.startswith(name)]


def actions(result: dict[str, Any]) -> list[str]:
    return [record["action"] for record in result["records"]]


@pytest.mark.parametrize(
    ("foreign", "desired", "code"),
    [
        ((BOUNCE, "CNAME", "www.example.net."), MX, "cname_in_the_way"),
        ((BOUNCE, "CNAME", "www.example.net."), SPF, "cname_in_the_way"),
        ((BOUNCE, "MX", "10 mx.example.org."), MX, "other_mx"),
        ((BOUNCE, "TXT", '"v=spf1 mx -all"'), SPF, "second_spf"),
        (("go.example.net", "A", "192.0.2.1"), LINK, "cname_beside_others"),
        (("go.example.net", "HINFO", '"a" "b"'), LINK, "cname_beside_others"),
        (("go.example.net", "CNAME", "www.example.net."), LINK, "cname_target"),
    ],
)
def test_what_someone_adds_in_between_is_a_conflict_and_stays(
    foreign: Record, desired: Record, code: str, publish: Run, bind: BindServer, meanwhile: Meanwhile
) -> None:
    meanwhile(lambda: bind.add(*foreign))
    result = publish(desired)
    assert result["failed"] and not result["changed"]
    assert [conflict["code"] for conflict in result["conflicts"]] == [code]
    assert actions(result) == ["not_written"]
    assert lines(bind, foreign[0]) == ["%s. IN %s %s" % foreign]


def test_what_someone_else_adds_beside_ours_stays(publish: Run, bind: BindServer, meanwhile: Meanwhile) -> None:
    bind.add(BOUNCE, "TXT", '"there before"')
    meanwhile(lambda: bind.add(BOUNCE, "TXT", '"added meanwhile"'))
    result = publish(MX, SPF)
    assert not result["failed"] and actions(result) == ["created", "created"]
    assert sorted(lines(bind, BOUNCE)) == [
        BOUNCE + ". IN MX 10 feedback-smtp.us-east-1.amazonses.com.",
        BOUNCE + '. IN TXT "added meanwhile"',
        BOUNCE + '. IN TXT "there before"',
        BOUNCE + '. IN TXT "%s"' % SPF[2],
    ]


def test_what_someone_else_publishes_meanwhile_is_not_reported_as_ours(
    publish: Run, bind: BindServer, meanwhile: Meanwhile
) -> None:
    meanwhile(lambda: bind.add(LINK[0], "CNAME", LINK[2] + "."))
    result = publish(LINK, diff=True)
    assert (result["failed"], result["changed"], result["diff"]) == (False, False, [])
    assert actions(result) == ["unchanged"] and result["zones"][0]["unchanged"] == 1


def test_terms_are_merged_into_the_spf_record_that_someone_adds_meanwhile(
    publish: Run, bind: BindServer, meanwhile: Meanwhile
) -> None:
    bind.add(BOUNCE, "TXT", '"v=spf1 mx -all"')

    def act() -> None:
        bind.delete(BOUNCE, "TXT")
        bind.add(BOUNCE, "TXT", '"v=spf1 a -all"')

    meanwhile(act)
    assert actions(publish(SPF, spf="merge")) == ["updated"]
    assert lines(bind, BOUNCE) == [BOUNCE + '. IN TXT "v=spf1 a ip4:198.51.100.1 -all"']


def test_with_replace_what_comes_meanwhile_is_cleared_away_too_and_never_half(
    publish: Run, bind: BindServer, meanwhile: Meanwhile
) -> None:
    bind.add(LINK[0], "A", "192.0.2.1")
    meanwhile(lambda: bind.add(LINK[0], "AAAA", "2001:db8::1"))
    result = publish(LINK, conflict="replace", diff=True)
    assert actions(result) == ["updated"]
    assert lines(bind, "go.") == ["go.example.net. IN CNAME l.smtpdgo.com."]
    assert "AAAA" in result["diff"][0]["before"]


@pytest.mark.parametrize("gone", [True, False])
def test_absent_removes_nothing_that_someone_changed_meanwhile(
    gone: bool, publish: Run, bind: BindServer, meanwhile: Meanwhile
) -> None:
    bind.add(BOUNCE, "TXT", '"token"')
    meanwhile(lambda: bind.delete(BOUNCE, "TXT", '"token"') if gone else bind.add(BOUNCE, "TXT", '"other"'))
    result = publish((BOUNCE, "TXT", "token"), state="absent")
    assert actions(result) == ["unchanged" if gone else "removed"]
    assert lines(bind, BOUNCE) == ([] if gone else [BOUNCE + '. IN TXT "other"'])


def test_who_changes_a_name_again_and_again_is_reported(publish: Run, bind: BindServer, meanwhile: Meanwhile) -> None:
    numbers = iter(range(100))
    meanwhile(lambda: bind.add(TOKEN[0], "TXT", '"number %d"' % next(numbers)), forever=True)
    result = publish(TOKEN, SPF)
    assert result["failed"] and not result["changed"]
    assert "Someone else is changing _amazonses.mail.example.com: " in result["msg"]
    assert actions(result) == ["not_written", "not_written"]
    assert next(numbers) == 5


def test_what_was_written_before_counts_and_is_kept(
    publish: Run, bind: BindServer, meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_messages(monkeypatch)
    meanwhile(lambda: None, lambda: bind.add(LINK[0], "A", "192.0.2.1"))
    result = publish(("a.example.net", "TXT", "x"), LINK, diff=True)
    assert result["failed"] and result["changed"]
    assert actions(result) == ["created", "not_written"]
    assert "Someone else changed a zone after it was read" in result["msg"]
    assert [conflict["code"] for conflict in result["conflicts"]] == ["cname_beside_others"]
    assert [zone["created"] for zone in result["zones"]] == [1]
    assert result["diff"][0]["after"] == 'a.example.net. 3600 IN TXT   "x"\n'


def test_a_plan_that_is_made_again_keeps_what_was_written_before(
    publish: Run, bind: BindServer, meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_messages(monkeypatch)
    meanwhile(lambda: None, lambda: bind.add("b.example.net", "TXT", '"other"'))
    result = publish(("a.example.net", "TXT", "x"), ("b.example.net", "TXT", "x"), diff=True)
    assert actions(result) == ["created", "created"] and result["zones"][0]["created"] == 2
    assert result["diff"][0]["before"] == 'b.example.net. 300 IN TXT   "other"\n'


def test_with_partial_only_the_profile_in_conflict_is_left_out(
    publish: Run, bind: BindServer, meanwhile: Meanwhile
) -> None:
    given = [
        {"profile_id": profile_id, "name": "%s.%s" % (profile_id, zone), "type": "CNAME", "value": "l.smtpdgo.com"}
        for profile_id in ("p1", "p2")
        for zone in ("example.com", "example.net")
    ]
    meanwhile(lambda: bind.add("p2.example.com", "A", "192.0.2.1"))
    result = publish(records=given, partial=True)
    assert actions(result) == ["created", "created", "left_out", "left_out"]
    assert [item["profile_id"] for item in result["left_out"]] == ["p2"]
    assert lines(bind, "p2") == ["p2.example.com. IN A 192.0.2.1"]


# Two runs at once


def small_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by the setting of this name, which octodns-bind 1.0 does not have."""
    one = property(lambda provider: 1, lambda provider, value: None)
    monkeypatch.setattr(octodns_bind.Rfc2136Provider, "update_batch_size", one, raising=False)


@pytest.mark.parametrize(
    ("there", "values", "merge", "after"),
    [
        ((), ("v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.2 ~all"), False, 1),
        ((), ("10 mx1.example.org", "10 mx2.example.org"), False, 1),
        (('"v=spf1 mx -all"',), ("v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.2 ~all"), True, 1),
        ((), ("text 1", "text 2"), False, 2),
        ((), ("text", "text"), False, 1),
    ],
)
def test_two_runs_at_once_leave_one_spf_record_and_one_mx_record(
    there: Sequence[str], values: tuple[str, str], merge: bool, after: int, bind: BindServer
) -> None:
    for _round in range(3):
        bind.reset()
        if there:
            bind.add(BOUNCE, "TXT", *there)
        barrier = threading.Barrier(2)

        def run(value: str, barrier: threading.Barrier = barrier) -> Any:
            provider = Provider(*bind.octodns_provider())
            write, waits = provider.write, [barrier.wait]

            def after_both_have_read(loaded: Any, plan: Any) -> None:
                if waits:
                    waits.pop()(20)
                write(loaded, plan)

            provider.write = after_both_have_read  # type: ignore[method-assign]
            type_ = "MX" if value.startswith("10 ") else "TXT"
            wishes = check_records([{"name": BOUNCE, "type": type_, "value": value}])
            try:
                return publish_wishes(provider, wishes, ["example.com"], Policy(merge_spf=merge), False)["changed"]
            except SmtpdError as error:
                return error

        with ThreadPoolExecutor() as pool:
            results = list(pool.map(run, values))
        assert len(lines(bind, BOUNCE)) == after, results
        if merge:
            assert results == [True, True]
            assert all(value.split()[1] in lines(bind, BOUNCE)[0] for value in values)
        elif after == 2:
            assert results == [True, True]
        elif values[0] == values[1]:
            assert sorted(results) == [False, True]
        else:
            assert [result for result in results if result is True] == [True]


# What updates look like


def test_all_changes_of_a_name_are_in_one_message_however_small_messages_are_to_be(
    publish: Run, bind: BindServer, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_messages(monkeypatch)
    bind.add(BOUNCE, "MX", "10 mx.example.org.")
    bind.add(LINK[0], "A", "192.0.2.1", "192.0.2.2")
    assert not publish(MX, SPF, TOKEN, LINK, conflict="replace")["failed"]
    writing = [{rrset.name.to_text() for rrset in update.update} for update in sent]
    assert sorted(map(sorted, writing)) == [[TOKEN[0] + "."], [BOUNCE + "."], [LINK[0] + "."]]


def test_every_update_requires_what_was_read(publish: Run, bind: BindServer, sent: list[Any]) -> None:
    bind.add(BOUNCE, "TXT", '"two" "strings"')
    publish(SPF, MX)
    (update,) = sent
    assert required(update) == {("CNAME", "NONE", ""), ("MX", "NONE", ""), ("TXT", "IN", '"two" "strings"')}
    publish(LINK)
    assert required(sent[-1]) == {("ANY", "NONE", "")}


def required(update: Any) -> set[tuple[str, str, str]]:
    """Types, classes and values."""
    return {
        (
            dns.rdatatype.to_text(rrset.rdtype),
            dns.rdataclass.to_text(rrset.deleting or rrset.rdclass),
            " ".join(rdata.to_text() for rdata in rrset),
        )
        for rrset in update.prerequisite
    }


def test_messages_are_as_full_as_they_can_be(publish: Run, bind: BindServer, sent: list[Any]) -> None:
    records = [("n%d.example.com" % number, "TXT", "x" * 200) for number in range(1000)]
    assert publish(*records)["zones"][0]["created"] == 1000
    sizes = [len(update.to_wire()) for update in sent]
    assert len(sizes) <= 5 and min(sizes[:-1]) > 60000


def test_what_is_required_counts_for_the_size_of_a_message(publish: Run, bind: BindServer, sent: list[Any]) -> None:
    names = ["n%d.example.com" % number for number in range(300)]
    assert publish(*((name, "TXT", "x" * 200) for name in names))["changed"]
    sent.clear()
    assert publish(*((name, "TXT", "y" * 200) for name in names))["zones"][0]["created"] == 300
    assert [len(update.to_wire()) > 60000 for update in sent] == [True, True, False]


def test_asking_whether_a_zone_may_be_written_removes_nothing_that_someone_just_published(
    publish: Run, bind: BindServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, seen = Provider.ask_to_write, []

    def interrupted(self: Provider, loaded: Any, changes: Any) -> None:
        if loaded.name == "example.net.":
            bind.add(LINK[0], "CNAME", LINK[2] + ".")
        ask(self, loaded, changes)
        seen.append(lines(bind, LINK[0]))

    monkeypatch.setattr(Provider, "ask_to_write", interrupted)
    assert actions(publish(TOKEN, LINK)) == ["created", "unchanged"]
    assert seen == [[], [LINK[0] + ". IN CNAME l.smtpdgo.com."]]


def test_values_in_any_spelling_are_what_is_required(publish: Run, bind: BindServer, sent: list[Any]) -> None:
    bind.add(BOUNCE, "TXT", '"ab"', '"a" "b"', r'"gr\195\188n \200"', '"%s" "%s"' % ("k" * 255, "l" * 100))
    bind.add(BOUNCE, "MX", "10 Feedback-SMTP.us-east-1.AmazonSES.com.")
    bind.add(LINK[0], "HINFO", '"a" "b"')
    bind.add(LINK[0], "SRV", "0 0 25 MX.example.ORG.")
    bind.add(LINK[0], "TYPE65280", r"\# 2 abcd")
    bind.add("other.example.net", "CNAME", "Elsewhere.EXAMPLE.org.")
    result = publish(SPF, MX, LINK, ("other.example.net", "CNAME", "l.smtpdgo.com"), conflict="replace")
    assert actions(result) == ["created", "unchanged", "updated", "updated"]
    assert len(sent) == 2  # none was refused


def test_more_than_one_message_can_take_for_one_name_is_an_error(publish: Run, bind: BindServer) -> None:
    texts = ["%0600d" % number for number in range(95)]
    for start in range(0, 95, 30):
        bind.add(
            BOUNCE,
            "TXT",
            *['"%s" "%s"' % (text[:255], text[255:510]) + ' "%s"' % text[510:] for text in texts[start : start + 30]],
        )
    result = publish(*((BOUNCE, "TXT", text) for text in texts[:60]), state="absent")
    assert result["failed"] and "does not fit one DNS message" in result["msg"] and BOUNCE in result["msg"]
    assert len(lines(bind, BOUNCE)) == 95


# Replies


@pytest.mark.parametrize("rcode", ["NOERROR", "REFUSED", "NXRRSET"])
def test_a_reply_without_a_signature_to_a_signed_update_is_not_believed(rcode: str) -> None:
    soa = "example.net. 3600 IN SOA ns1 hostmaster 7 7200 3600 1209600 300"

    def respond(query: dns.message.Message) -> Iterator[bytes]:
        if query.opcode() == dns.opcode.QUERY:
            yield from messages(query, [[soa, soa]], [True])
            return
        reply = dns.message.Message(id=query.id)
        reply.flags |= dns.flags.QR
        reply.set_opcode(dns.opcode.UPDATE)
        reply.set_rcode(dns.rcode.from_text(rcode))
        yield reply.to_wire()

    with OddPrimary(respond, KEYRING) as primary:
        result = run_module(
            "smtpd_dns_records",
            records=[{"name": LINK[0], "type": LINK[1], "value": LINK[2]}],
            provider={
                "class": "octodns_bind.Rfc2136Provider",
                "host": "127.0.0.1",
                "port": primary.port,
                "key_name": KEY,
                "timeout": 5,
            },
            provider_secrets={"key_secret": SECRET},
            zones=["example.net"],
        )
    assert result["failed"] and not result["changed"]
    assert "The reply to the signed update is not signed, so it may not come from the server." in result["msg"]
    assert actions(result) == ["not_written"]
