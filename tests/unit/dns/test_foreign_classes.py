# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of every class that octoDNS and its provider packages have, and of classes that nobody knows, in a zone to publish in."""

from __future__ import annotations

import importlib
import logging
import sys
import types
from typing import Any, Callable, Iterator, Optional

import pytest
from octodns.provider.base import BaseProvider
from octodns.record import Record, ValuesMixin

Run = Callable[..., dict[str, Any]]

for package in ("bind", "cloudflare", "digitalocean", "hetzner", "powerdns", "route53"):
    importlib.import_module("octodns_" + package)

ZONE = "example.com"
LINK = "go." + ZONE
TXT = ("bounce.mail." + ZONE, "TXT", "v=spf1 include:amazonses.com ~all")
MX = ("bounce.mail." + ZONE, "MX", "feedback-smtp.us-east-1.amazonses.com")
CNAME = (LINK, "CNAME", "l.smtpdgo.com")

LOC = {
    "lat_degrees": 1,
    "lat_minutes": 2,
    "lat_seconds": 3.0,
    "lat_direction": "N",
    "long_degrees": 1,
    "long_minutes": 2,
    "long_seconds": 3.0,
    "long_direction": "E",
    "altitude": 1.0,
    "size": 1.0,
    "precision_horz": 1.0,
    "precision_vert": 1.0,
}
DYNAMIC = {
    "pools": {"one": {"values": [{"value": "192.0.2.1", "weight": 1}]}},
    "rules": [{"geos": ["NA-US"], "pool": "one"}, {"pool": "one"}],
}
# One record of each class, as octoDNS has its data.
DATA: dict[str, dict[str, Any]] = {
    "A": {"value": "192.0.2.1"},
    "AAAA": {"value": "2001:db8::1"},
    "ALIAS": {"value": "cdn.example.net."},
    "CAA": {"value": {"flags": 0, "tag": "issue", "value": "ca.example.net"}},
    "CNAME": {"value": "cdn.example.net."},
    "DNAME": {"value": "cdn.example.net."},
    "DS": {"value": {"key_tag": 1, "algorithm": 2, "digest_type": 3, "digest": "abcd"}},
    "HTTPS": {"value": {"svcpriority": 1, "targetname": ".", "svcparams": {"alpn": ["h2"]}}},
    "LOC": {"value": LOC},
    "MX": {"value": {"preference": 10, "exchange": "mx.example.net."}},
    "NAPTR": {
        "value": {
            "order": 1,
            "preference": 2,
            "flags": "S",
            "service": "x",
            "regexp": "",
            "replacement": "a.example.net.",
        }
    },
    "NS": {"value": "ns.example.net."},
    "OPENPGPKEY": {"value": "bWlsa3kgd2F5"},
    "PTR": {"value": "cdn.example.net."},
    "PowerDnsProvider/LUA": {"value": {"type": "A", "script": "ifportup(443, {'192.0.2.1'})"}},
    "Route53Provider/ALIAS": {"value": {"type": "A", "name": "d1.cloudfront.net.", "hosted-zone-id": "Z2"}},
    "SPF": {"value": "v=spf1 -all"},
    "SRV": {"value": {"priority": 1, "weight": 2, "port": 3, "target": "a.example.net."}},
    "SSHFP": {"value": {"algorithm": 1, "fingerprint_type": 1, "fingerprint": "abcd"}},
    "SVCB": {"value": {"svcpriority": 0, "targetname": "a.example.net."}},
    "TLSA": {
        "value": {"certificate_usage": 1, "selector": 1, "matching_type": 1, "certificate_association_data": "abcd"}
    },
    "TXT": {"value": "x"},
    "URI": {"value": {"priority": 1, "weight": 2, "target": "https://example.net/"}},
    "URLFWD": {"value": {"path": "/", "target": "https://example.net/", "code": 301, "masking": 2, "query": 0}},
    "dynamic": {"type": "A", "value": "192.0.2.1", "dynamic": DYNAMIC},
    "dynamic CNAME": {
        "type": "CNAME",
        "value": "cdn.example.net.",
        "dynamic": {"pools": {"one": {"values": [{"value": "a.example.net."}]}}, "rules": [{"pool": "one"}]},
    },
    "geo": {"type": "A", "value": "192.0.2.1", "geo": {"NA-US": ["192.0.2.2"]}},
}


class OddValue(dict):
    """A value that can be shown in no way."""

    @classmethod
    def validate(cls, data: Any, type_: str) -> list[str]:
        return []

    @classmethod
    def process(cls, values: Any) -> list[OddValue]:
        return [cls() for _value in values]

    @property
    def data(self) -> Any:
        raise ValueError("no data")

    def __repr__(self) -> str:
        raise ValueError("no repr")


class BareValue:
    """A value that says nothing of itself."""

    validate = classmethod(lambda cls, data, type_: [])
    process = classmethod(lambda cls, values: [cls() for _value in values])

    def __lt__(self, other: object) -> bool:
        return False


class PlainValue(str):
    """A value without C(rdata_text), as packages of others may have it."""

    validate = classmethod(lambda cls, data, type_: [])
    process = classmethod(lambda cls, values: [cls(value) for value in values])


class OddRecord(ValuesMixin, Record):
    _type = "OddProvider/ODD"
    _value_type = OddValue


class BareRecord(ValuesMixin, Record):
    _type = "OddProvider/BARE"
    _value_type = BareValue


class PlainRecord(ValuesMixin, Record):
    _type = "OddProvider/PLAIN"
    _value_type = PlainValue


for odd_class in (BareRecord, OddRecord, PlainRecord):
    if odd_class._type not in Record._CLASSES:
        Record.register_type(odd_class)
DATA["OddProvider/BARE"] = {"value": "x"}
DATA["OddProvider/ODD"] = {"value": "x"}
DATA["OddProvider/PLAIN"] = {"value": "line\nline"}
# What no class can read.
UNREADABLE = {
    "unknown type": {"type": "NOBODY/KNOWS", "value": "x"},
    "broken value": {"type": "SRV", "value": "not a mapping"},
    "no value": {"type": "LOC"},
    "raised": {"type": "RAISES"},
}


class ForeignProvider(BaseProvider):
    """Has the given records, and reads them as the classes of octoDNS do."""

    SUPPORTS_GEO = False
    SUPPORTS_DYNAMIC = False
    SUPPORTS_ROOT_NS = True
    SUPPORTS = {"CNAME", "MX", "TXT", "NS"}

    records: list[tuple[str, dict[str, Any]]] = []
    applied: list[tuple[str, str, str]] = []
    metadata: Optional[dict[str, str]] = None

    def __init__(self, id: str, **more: Any) -> None:
        self.log = logging.getLogger("ForeignProvider")
        super().__init__(id, **more)

    def list_zones(self) -> list[str]:
        return [ZONE + "."]

    def _data_for_any(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["type"] == "RAISES":
            raise AttributeError("'NoneType' object has no attribute 'endpoints'")
        return data

    def _populate_record(self, zone: Any, rrset: Any, lenient: bool) -> Any:
        data = {"ttl": 300, **self._data_for_any(rrset.data)}
        return Record.new(zone, rrset.name, data, source=self, lenient=lenient)

    def populate(self, zone: Any, target: bool = False, lenient: bool = False) -> bool:
        for name, data in self.records:
            rrset = types.SimpleNamespace(name=name, data=data, metadata=self.metadata)
            zone.add_record(self._populate_record(zone, rrset, lenient), lenient=lenient)
        return True

    def _apply(self, plan: Any) -> None:
        for change in plan.changes:
            self.applied.append((type(change).__name__, change.record.fqdn, change.record._type))


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[ForeignProvider]]:
    """The provider as octodns_azure.AzureProvider, which is not installed."""

    class AzureProvider(ForeignProvider):
        records: list[tuple[str, dict[str, Any]]] = []
        applied: list[tuple[str, str, str]] = []

    AzureProvider.__module__ = "octodns_azure"
    module = types.ModuleType("octodns_azure")
    module.AzureProvider = AzureProvider  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "octodns_azure", module)
    yield AzureProvider


@pytest.fixture
def publish(run: Run, provider: type[ForeignProvider]) -> Run:
    def publish_records(*records: tuple[str, str, str], **options: Any) -> dict[str, Any]:
        named = [{"name": name, "type": type_, "value": value} for name, type_, value in records]
        arguments = {"records": named, "provider": {"class": "octodns_azure.AzureProvider"}, "zones": [ZONE]}
        return run("smtpd_dns_records", **{**arguments, **options})

    return publish_records


def codes(result: dict[str, Any]) -> list[str]:
    return [conflict["code"] for conflict in result.get("conflicts", ())]


def data_of(kind: str) -> dict[str, Any]:
    data = {**DATA, **UNREADABLE}[kind]
    return {"type": kind, **data}


def test_every_class_is_tried() -> None:
    assert set(Record._CLASSES) <= set(DATA)


@pytest.mark.parametrize("name", ["", "mail", "x.go", "x.bounce.mail", "*", "other"])
@pytest.mark.parametrize("kind", [*DATA, *UNREADABLE])
def test_a_record_at_another_name_stops_nothing(
    kind: str, name: str, publish: Run, provider: type[ForeignProvider]
) -> None:
    provider.records = [(name, data_of(kind))]
    result = publish(CNAME, MX, TXT, conflict="replace", diff=True)
    # A delegation, and another name for all below, are seen as such.
    if (kind, name) in {("NS", "mail"), ("DNAME", "mail"), ("DNAME", "")}:
        assert set(codes(result)) == {"delegated"}
    else:
        assert result["changed"], result
        assert [change[0] for change in provider.applied] == ["Create"] * 3


@pytest.mark.parametrize("kind", sorted({*DATA, *UNREADABLE} - {"NS"}))
def test_a_record_at_the_link_domain_is_in_the_way(kind: str, publish: Run, provider: type[ForeignProvider]) -> None:
    provider.records = [("go", data_of(kind))]
    for check_mode in (True, False):
        result = publish(CNAME, check_mode=check_mode)
        assert set(codes(result)) & {"cname_beside_others", "cname_target", "dynamic", "unreadable"}, result
        assert all(one["found"] for one in result["conflicts"])
        assert all(LINK in line and "\n" not in line for one in result["conflicts"] for line in one["found"])
    assert provider.applied == []


@pytest.mark.parametrize("kind", ["unknown type", "broken value", "raised", "dynamic", "dynamic CNAME", "geo"])
@pytest.mark.parametrize("record", [CNAME, ("go.example.com", "CNAME", "cdn.example.net")])
def test_what_octodns_cannot_write_again_is_not_replaced(
    record: tuple[str, str, str], kind: str, publish: Run, provider: type[ForeignProvider]
) -> None:
    provider.records = [("go", data_of(kind))]
    assert set(codes(publish(record, conflict="replace"))) & {"dynamic", "unreadable"}
    assert provider.applied == []


def test_a_dynamic_record_is_not_taken_for_ours_nor_removed(publish: Run, provider: type[ForeignProvider]) -> None:
    provider.records = [("go", data_of("dynamic CNAME"))]
    ours = (LINK, "CNAME", "cdn.example.net")
    assert codes(publish(ours)) == ["dynamic"]
    assert codes(publish(ours, state="absent")) == ["dynamic"]
    assert provider.applied == []


@pytest.mark.parametrize("kind", sorted({*DATA, *UNREADABLE} - {"CNAME", "dynamic CNAME", "MX", "NS"}))
def test_a_record_of_another_type_at_the_bounce_domain_is_let_be(
    kind: str, publish: Run, provider: type[ForeignProvider]
) -> None:
    provider.records = [("bounce.mail", data_of(kind))]
    result = publish(MX, TXT)
    assert result["changed"], result
    assert {name_and_type[1:] for name_and_type in provider.applied} == {
        ("bounce.mail.example.com.", "MX"),
        ("bounce.mail.example.com.", "TXT"),
    }


@pytest.mark.parametrize("kind", sorted({*DATA, *UNREADABLE}))
def test_a_record_is_shown_in_the_same_way_each_time(kind: str, publish: Run, provider: type[ForeignProvider]) -> None:
    provider.records = [("go", data_of(kind))]
    texts = [publish(CNAME)["msg"] for _time in range(2)]
    assert texts[0] == texts[1] and "0x" not in texts[0]


def test_a_set_with_metadata_is_not_written(publish: Run, provider: type[ForeignProvider]) -> None:
    provider.records = [("bounce.mail", data_of("TXT"))]
    provider.metadata = {"owner": "ann"}
    assert codes(publish(TXT)) == ["not_rewritable"]
    assert publish(MX)["changed"]


# Google Cloud


class ResourceRecordSet:
    """As the library google-cloud-dns has it."""

    def __init__(self, name: str, record_type: str, ttl: int, rrdatas: list[str], client: object) -> None:
        self.name, self.record_type, self.ttl, self.rrdatas, self.client = name, record_type, ttl, rrdatas, client

    @classmethod
    def from_api_repr(cls, resource: dict[str, Any], zone: Any) -> ResourceRecordSet:
        return cls(resource["name"], resource["type"], int(resource["ttl"]), resource["rrdatas"], zone)


class GoogleCloudProvider(ForeignProvider):
    """Reads as the class of octodns-googlecloud does, which is not installed."""

    SUPPORTS = {"A", "CNAME", "MX", "TXT", "NS"}
    resources: list[dict[str, Any]] = []

    def _get_gcloud_zone_records(self, gcloud_zone: Any) -> list[ResourceRecordSet]:
        return [ResourceRecordSet.from_api_repr(one, zone=gcloud_zone) for one in self.resources]

    def _data_for_A(self, rrset: ResourceRecordSet) -> dict[str, Any]:
        return {"values": rrset.rrdatas}

    def _data_for_CNAME(self, rrset: ResourceRecordSet) -> dict[str, Any]:
        return {"value": rrset.rrdatas[0]}

    _data_for_TXT = _data_for_CNAME

    def populate(self, zone: Any, target: bool = False, lenient: bool = False) -> bool:
        for rrset in self._get_gcloud_zone_records(object()):
            if rrset.record_type in self.SUPPORTS:
                data = getattr(self, "_data_for_" + rrset.record_type)(rrset)
                data.update(type=rrset.record_type, ttl=rrset.ttl)
                name = zone.hostname_from_fqdn(rrset.name)
                zone.add_record(Record.new(zone, name, data, source=self), lenient=lenient)
        return True


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> type[GoogleCloudProvider]:
    fresh = type("GoogleCloudProvider", (GoogleCloudProvider,), {"__module__": "octodns_googlecloud", "applied": []})
    modules = {name: types.ModuleType(name) for name in ("google", "google.cloud", "google.cloud.dns")}
    modules["google.cloud.dns.resource_record_set"] = types.ModuleType("resource_record_set")
    modules["google.cloud.dns.resource_record_set"].ResourceRecordSet = ResourceRecordSet  # type: ignore[attr-defined]
    modules["octodns_googlecloud"] = types.ModuleType("octodns_googlecloud")
    modules["octodns_googlecloud"].GoogleCloudProvider = fresh  # type: ignore[attr-defined]
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return fresh


@pytest.mark.parametrize("type_", ["A", "TXT", "CNAME", "HTTPS"])
def test_a_routing_policy_of_google_cloud_stops_nothing_but_at_its_name(
    type_: str, publish: Run, google: type[GoogleCloudProvider]
) -> None:
    google.resources = [{"name": LINK + ".", "type": type_, "ttl": 300, "routingPolicy": {"geo": {}}}]
    provider = {"class": "octodns_googlecloud.GoogleCloudProvider"}
    assert publish(MX, TXT, provider=provider)["changed"]
    assert set(codes(publish(CNAME, provider=provider, conflict="replace"))) & {"dynamic", "unreadable"}
    assert {change[2] for change in google.applied} == {"MX", "TXT"}
