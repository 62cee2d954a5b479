# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtpd_dns_records on an octoDNS provider that writes record sets as a whole, as most of them do."""

from __future__ import annotations

import json
import logging
import sys
import types
from typing import Any, Callable, Optional

import pytest
from octodns.provider.base import BaseProvider
from octodns.record import Record

Run = Callable[..., dict[str, Any]]

SECRET = "hunter2-hunter2"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\n"


class MemoryProvider(BaseProvider):
    """Keeps zones in a dictionary: by name of zone, then by (name, type) the data of octoDNS."""

    SUPPORTS_GEO = False
    SUPPORTS_DYNAMIC = False
    SUPPORTS_ROOT_NS = True
    SUPPORTS = {"A", "CNAME", "MX", "NS", "TXT"}
    MIN_TTL = 120

    zones: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    applied: list[list[str]] = []
    failure: Optional[str] = None
    answer: str = ""
    empty_is_absent = False

    def __init__(self, id: str, token: str, private_key: str = "", **more: Any) -> None:
        self.log = logging.getLogger("MemoryProvider")
        self.token = token
        super().__init__(id, **more)

    def list_zones(self) -> list[str]:
        return sorted(self.zones)

    def populate(self, zone: Any, target: bool = False, lenient: bool = False) -> bool:
        self.log.warning("populate with %s", self.token)
        for (name, type_), data in self.zones.get(zone.name, {}).items():
            zone.add_record(
                Record.new(zone, name, dict(data, type=type_), source=self, lenient=lenient), lenient=lenient
            )
        return bool(zone.records) if self.empty_is_absent else zone.name in self.zones

    def _process_desired_zone(self, desired: Any) -> Any:
        for record in desired.records:
            if record.ttl < self.MIN_TTL:
                record = record.copy()
                record.ttl = self.MIN_TTL
                desired.add_record(record, replace=True)
        return super()._process_desired_zone(desired)

    def _extra_changes(self, **_state: Any) -> list[Any]:
        raise AssertionError("only our own changes are in a plan")

    def _apply(self, plan: Any) -> None:
        if self.failure:
            error = ValueError(self.failure)
            error.response = types.SimpleNamespace(text=self.answer)  # type: ignore[attr-defined]
            raise error
        self.applied.append([type(change).__name__ for change in plan.changes])
        for change in plan.changes:
            data = self.zones[plan.desired.name]
            if change.new is None:
                del data[change.existing.name, change.existing._type]
            else:
                data[change.new.name, change.new._type] = change.new.data


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> type[MemoryProvider]:
    """The provider as the module octodns_memory, with one zone."""

    class Fresh(MemoryProvider):
        zones = {"example.com.": {("", "NS"): {"ttl": 60, "value": "ns.example.net."}}}
        applied: list[list[str]] = []

    module = types.ModuleType("octodns_memory")
    module.Provider = Fresh  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "octodns_memory", module)
    return Fresh


@pytest.fixture
def publish(run: Run, memory: type[MemoryProvider]) -> Run:
    def publish_records(*records: tuple[str, str, str], **options: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "records": [{"name": name, "type": type_, "value": value} for name, type_, value in records],
            "provider": {"class": "octodns_memory.Provider"},
            "provider_secrets": {"token": SECRET},
        }
        result = run("smtpd_dns_records", **dict(arguments, **options))
        assert SECRET not in json.dumps(result)
        return result

    return publish_records


OURS = ("a.example.com", "TXT", "v=DMARC1; p=none")


def test_the_zones_are_those_that_the_provider_lists(publish: Run) -> None:
    assert publish(OURS)["zones"][0]["name"] == "example.com."
    assert "zones known are: example.com" in publish(("a.example.net", "TXT", "x"))["msg"]


def test_a_text_joins_those_that_are_there(publish: Run, memory: type[MemoryProvider]) -> None:
    zone = memory.zones["example.com."]
    zone["a", "TXT"] = {"ttl": 600, "value": "other\\; text", "octodns": {"memory": {"comment": "by hand"}}}
    publish(OURS)
    assert zone["a", "TXT"]["values"] == ["other\\; text", "v=DMARC1\\; p=none"]
    assert (zone["a", "TXT"]["ttl"], zone["a", "TXT"]["octodns"]) == (600, {"memory": {"comment": "by hand"}})
    assert not publish(OURS)["changed"]
    publish(OURS, state="absent")
    assert zone["a", "TXT"]["value"] == "other\\; text"


@pytest.mark.parametrize(
    ("package", "class_name", "backend", "written"),
    [
        ("octodns_digitalocean", "DigitalOceanProvider", None, "Create"),
        ("octodns_cloudflare", "CloudflareProvider", None, "Create"),
        ("octodns_hetzner", "HetznerProvider", "dnsapi", "Create"),
        ("octodns_hetzner", "HetznerProvider", "hcloud", "Update"),
        ("octodns_other", "Provider", None, "Update"),
    ],
)
def test_where_single_records_can_be_added_the_others_of_a_set_are_not_written(
    package: str,
    class_name: str,
    backend: Optional[str],
    written: str,
    publish: Run,
    memory: type[MemoryProvider],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = types.ModuleType(package)
    cls = type(class_name, (memory,), {"__module__": package, "_backend": backend})
    setattr(module, class_name, cls)
    monkeypatch.setitem(sys.modules, package, module)
    memory.zones["example.com."]["a", "TXT"] = {"ttl": 600, "value": "other"}
    assert publish(OURS, provider={"class": "%s.%s" % (package, class_name)})["changed"]
    assert memory.applied == [[written]]
    data = memory.zones["example.com."]["a", "TXT"]
    assert (data.get("value"), data["ttl"]) == ("v=DMARC1\\; p=none" if written == "Create" else None, 600)


def test_only_our_changes_are_in_a_plan_however_many_they_are(publish: Run, memory: type[MemoryProvider]) -> None:
    memory.zones["example.com."].update({("n%d" % i, "TXT"): {"ttl": 600, "value": "other"} for i in range(450)})
    publish(*(("n%d.example.com" % i, "TXT", "ours") for i in range(450)))
    assert [set(batch) for batch in memory.applied] == [{"Update"}, {"Update"}]
    assert sum(map(len, memory.applied)) == 450
    assert len(memory.zones["example.com."]) == 451


@pytest.mark.parametrize("text", ["back\\\\slash", 'say "hi"', "grün"])
def test_a_set_that_octodns_could_garble_is_a_conflict(text: str, publish: Run, memory: type[MemoryProvider]) -> None:
    memory.zones["example.com."]["a", "TXT"] = {"ttl": 600, "value": text}
    assert [conflict["code"] for conflict in publish(OURS)["conflicts"]] == ["not_rewritable"]
    assert memory.applied == []


def test_the_limits_of_the_provider_are_kept(publish: Run, memory: type[MemoryProvider]) -> None:
    publish(OURS, ttl=1)
    assert memory.zones["example.com."]["a", "TXT"]["ttl"] == 120


def test_a_type_that_the_provider_does_not_have_is_an_error(publish: Run, memory: type[MemoryProvider]) -> None:
    memory.SUPPORTS = {"A", "CNAME"}
    result = publish(OURS, check_mode=True)
    assert "TXT records not supported" in result["msg"]


def test_a_zone_that_the_provider_does_not_have_is_not_made(publish: Run, memory: type[MemoryProvider]) -> None:
    result = publish(("a.example.net", "TXT", "x"), zones=["example.net"])
    assert result["msg"].startswith("The zone example.net. is not there at the provider")
    assert "example.net." not in memory.zones


def test_a_zone_without_records_is_there_where_the_provider_lists_it(
    publish: Run, memory: type[MemoryProvider]
) -> None:
    memory.zones["example.com."].clear()
    memory.empty_is_absent = True
    assert publish(OURS)["changed"]
    assert ("a", "TXT") in memory.zones["example.com."]


def test_a_secret_in_the_providers_own_words_is_masked(publish: Run, memory: type[MemoryProvider]) -> None:
    memory.failure = "401 Unauthorized for token %s" % SECRET
    result = publish(OURS)
    assert result["failed"] and not result["changed"]
    assert "401 Unauthorized for token ***" in result["msg"] and "check provider_secrets" in result["msg"]


@pytest.mark.parametrize("said", [KEY, KEY.replace("\n", "\\n"), " ".join(KEY.split()), KEY.splitlines()[1]])
def test_a_secret_of_several_lines_is_masked_however_it_is_shown(
    said: str, publish: Run, memory: type[MemoryProvider]
) -> None:
    memory.failure = "401 for " + said
    result = publish(OURS, provider_secrets={"token": SECRET, "private_key": KEY})
    assert "401 for ***" in result["msg"]
    assert not [part for part in ("MIIEvQIBADANBgkqhkiG", "9w0BAQEFAASCBKcwggSj") if part in json.dumps(result)]


def test_a_secret_is_masked_before_a_long_answer_is_cut(publish: Run, memory: type[MemoryProvider]) -> None:
    memory.failure = "refused"
    memory.answer = "x" * 490 + SECRET
    result = publish(OURS)
    assert "it says: xxx" in result["msg"] and SECRET[:8] not in result["msg"]


def test_a_missing_secret_is_named(publish: Run) -> None:
    assert publish(OURS, provider_secrets={})["msg"].startswith("provider.token: is required by")
