# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtpd_dns_records with the class of octoDNS for the Hetzner Console; what its API would do is done in memory."""

from __future__ import annotations

import logging
import types
from typing import Any, Callable

import pytest
from hcloud.zones.domain import ZoneRecord
from octodns_hetzner.hcloud_adapter import HCloudZonesClient

Run = Callable[..., dict[str, Any]]

BOUNCE = "bounce.mail.example.com"
SPF = {"name": BOUNCE, "type": "TXT", "value": "v=spf1 include:amazonses.com ~all"}
SECRET = "hunter2-hunter2"


class FakeZone:
    """A zone whose record sets are written as a whole, as the API has it."""

    id = 1
    name = "example.com"
    ttl = 3600

    def __init__(self, *records: ZoneRecord) -> None:
        self.others: list[Any] = []
        self.rrset = types.SimpleNamespace(id="x", name="bounce.mail", type="TXT", ttl=600, records=list(records))

    def get_rrset_all(self) -> list[Any]:
        return [self.rrset, *self.others]

    def set_rrset_records(self, rrset: Any, records: list[ZoneRecord]) -> None:
        rrset.records = records

    def change_rrset_ttl(self, rrset: Any, ttl: int) -> None:
        rrset.ttl = ttl

    @property
    def content(self) -> list[tuple[str, Any]]:
        return [(one.value, one.comment) for one in self.rrset.records]


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> FakeZone:
    made = FakeZone(ZoneRecord('"one"', comment="by hand"), ZoneRecord('"v=spf1 -all"', comment="no mail"))

    def connect(self: Any, token: str) -> None:
        self._zones = types.SimpleNamespace(get_all=lambda: [made], get_by_id=lambda _id: made)
        self._zone_cache: dict[Any, Any] = {}
        self._log = logging.getLogger("FakeZone")
        self._ZoneRecord = ZoneRecord

    monkeypatch.setattr(HCloudZonesClient, "__init__", connect)
    return made


def publish(run: Run, *records: dict[str, str], **options: Any) -> dict[str, Any]:
    provider = {"class": "octodns_hetzner.HetznerProvider", "backend": "hcloud"}
    arguments = {"records": list(records), "provider": provider, "provider_secrets": {"token": SECRET}}
    return run("smtpd_dns_records", **{**arguments, "zones": ["example.com"], **options})


def test_comments_of_other_texts_stay(run: Run, zone: FakeZone) -> None:
    before = zone.content
    ours = dict(SPF, value="v=DMARC1; p=none")
    assert publish(run, ours)["changed"]
    assert sorted(zone.content, key=str) == sorted([*before, ('"v=DMARC1; p=none"', None)], key=str)
    assert publish(run, ours, state="absent")["changed"]
    assert sorted(zone.content) == sorted(before)
    assert zone.rrset.ttl == 600


def test_merging_spf_keeps_the_comments_of_other_texts(run: Run, zone: FakeZone) -> None:
    assert publish(run, SPF, spf="merge")["changed"]
    assert ('"one"', "by hand") in zone.content
    assert ('"v=spf1 include:amazonses.com -all"', None) in zone.content


def test_a_record_of_a_type_that_octodns_skips_is_in_the_way_of_a_cname(run: Run, zone: FakeZone) -> None:
    zone.others = [types.SimpleNamespace(id="y", name="go", type="RP", ttl=600, records=[ZoneRecord("a. b.")])]
    result = publish(run, {"name": "go.example.com", "type": "CNAME", "value": "l.smtpdgo.com"}, conflict="replace")
    assert [one["code"] for one in result["conflicts"]] == ["unreadable"]
