# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""What the APIs of DNS providers say about record sets, and octoDNS leaves out.

A record that the API has is not always one that DNS answers with: it can be disabled, stand behind a proxy, or be one of
several among which the provider chooses. octoDNS also skips types that it does not know. And what a provider keeps with a
record, such as a comment, gets lost when octoDNS writes it again. This module hooks into provider objects to keep all of that.
"""

from __future__ import annotations

import functools
import json
import re
import types
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Mapping

from ._errors import SmtpdError
from ._octodns_classes import is_a
from ._rdata import CNAME, TXT, canonical, name_key, txt_text, unescape
from ._record_sets import RecordSet

# Codes of conflicts.
DYNAMIC, PROXIED, UNREADABLE = "dynamic", "proxied", "unreadable"

_HOOKED = "_smtpd_extras"
_FAILED = "_smtpd_failed"

Key = tuple[str, str]  # name key and type


@dataclass
class Extras:
    """What octoDNS leaves out of the zones of a provider.

    :param obstacles: why DNS may not answer with the values of a record set.
    :param fragile: record sets that would lose something if they were written.
    :param unknown: record sets that octoDNS skips.
    """

    obstacles: dict[Key, str] = field(default_factory=dict)
    fragile: set[Key] = field(default_factory=set)
    unknown: dict[Key, RecordSet] = field(default_factory=dict)

    def unknown_in(self, zone: str) -> Iterator[tuple[Key, RecordSet]]:
        """The skipped record sets of a zone."""
        return ((key, one) for key, one in self.unknown.items() if ("." + key[0]).endswith("." + zone))

    def skip(self, name: str, type_: str, ttl: Any, values: list[Any], obstacle: str = UNREADABLE) -> None:
        """Note a record set that octoDNS skips."""
        if type_ != "SOA":
            known = self.unknown[name, type_].values if (name, type_) in self.unknown else ()
            texts = dict.fromkeys([*known, *(" ".join(str(value).split()) for value in values)])
            self.unknown[name, type_] = RecordSet(name, type_, int(ttl or 0), tuple(texts), False, obstacle)


def extras_of(provider: Any) -> Extras:
    """Hook into a provider that has not read anything yet, once.

    :returns: what fills as the provider reads.
    """
    extras = vars(provider).get(_HOOKED)
    if extras is None:
        extras = Extras()
        setattr(provider, _HOOKED, extras)
        _guard(provider)
        for names, (hook, *needed) in _HOOKS.items():
            # These are no public names of octoDNS: other versions may not have them.
            if is_a(provider, *names) and all(hasattr(provider, name) for name in needed):
                hook(provider, extras)
    return extras


def shown(value: Any) -> str:
    """A value of any class in one line, the same whenever it is read. Of objects it may hold, such as clients, it shows nothing."""
    try:
        return json.dumps(getattr(value, "data", value), sort_keys=True)
    except Exception:  # whatever the classes of others raise
        pass
    try:
        if type(value).__repr__ is object.__repr__:
            return json.dumps(
                {name: one for name, one in vars(value).items() if isinstance(one, (str, int))}, sort_keys=True
            )
        return re.sub(r" at 0x[0-9a-f]+", "", " ".join(repr(value).split()))
    except Exception:  # whatever the classes of others raise
        return type(value).__name__


# Records that octoDNS fails to read


def _guard(provider: Any) -> None:
    """Have records that octoDNS cannot read as C(UnreadableRecord): they belong to others, and must not stop a run."""
    _guard_records()
    for name in dir(type(provider)):
        if name.startswith("_data_for_") and callable(getattr(provider, name)):
            setattr(provider, name, _guarded(getattr(provider, name), name[len("_data_for_") :]))


def _guarded(data_for: Callable[..., Any], type_: str) -> Callable[..., Any]:
    @functools.wraps(data_for)
    def guarded(*args: Any, **named: Any) -> Any:
        try:
            return data_for(*args, **named)
        except Exception:  # whatever the classes of others raise
            return {"type": type_, _FAILED: args[-1] if args else named}

    return guarded


@functools.lru_cache(maxsize=None)
def _guard_records() -> None:
    """Once for all providers: only they say that they are the source of a record."""
    from octodns.record import Record

    class UnreadableRecord(Record):  # type: ignore[misc]
        """A record that octoDNS cannot read, with its data as texts."""

        def __init__(self, zone: Any, name: str, type_: str, data: Any, source: Any) -> None:
            super().__init__(zone, name, {"ttl": 0}, source=source)
            self._type = type_
            self.texts = [shown(data)]

    new = Record.new.__func__

    def guarded(cls: Any, zone: Any, name: str, data: Any, source: Any = None, lenient: bool = False) -> Any:
        if source is None:
            return new(cls, zone, name, data, source=source, lenient=lenient)
        if _FAILED in data:
            return UnreadableRecord(zone, name, data["type"], data[_FAILED], source)
        try:
            # Not all classes pass on that they are to be lenient.
            return new(cls, zone, name, data, source=source, lenient=True)
        except Exception:  # whatever the classes of others raise
            return UnreadableRecord(zone, name, str(data.get("type")), data, source)

    Record.new = classmethod(guarded)


# PowerDNS


def _hook_powerdns(provider: Any, extras: Extras) -> None:
    """Records can be disabled: they are not in DNS, but must stay where they are when a set is written."""
    get, records_for, delete = provider._get, provider._records_for, provider._mod_Delete
    process = provider._process_desired_zone
    disabled: dict[Key, list[dict[str, Any]]] = {}

    def read(*args: Any, **named: Any) -> Any:
        response = get(*args, **named)
        content = response.json()
        if not isinstance(content, dict) or "rrsets" not in content:
            return response
        content["rrsets"] = [one for one in content["rrsets"] if _served(one)]
        return types.SimpleNamespace(json=lambda: content)

    def _served(rrset: dict[str, Any]) -> bool:
        key = name_key(unescape(rrset["name"])), rrset["type"]
        disabled[key] = [one for one in rrset["records"] if one.get("disabled")]
        rrset["records"] = [one for one in rrset["records"] if not one.get("disabled")]
        is_known = {rrset["type"], "PowerDnsProvider/" + rrset["type"]} & set(provider.SUPPORTS)
        if rrset["records"] and not is_known:
            extras.skip(*key, rrset.get("ttl"), [one["content"] for one in rrset["records"]])
        return bool(rrset["records"] and is_known)

    def kept(record: Any, type_: str, written: list[dict[str, Any]]) -> list[dict[str, Any]]:
        contents = {one["content"].lower() for one in written}
        before = disabled.get((name_key(record.fqdn), type_), ())
        return [one for one in before if one["content"].lower() not in contents]

    def write(record: Any) -> tuple[list[dict[str, Any]], str]:
        records, type_ = records_for(record)
        return records + kept(record, type_, records), type_

    def remove(change: Any) -> dict[str, Any]:
        records, type_ = records_for(change.existing)
        others = kept(change.existing, type_, records)
        return dict(delete(change), changetype="REPLACE", records=others) if others else delete(change)

    def check(desired: Any) -> Any:
        for record in desired.records:
            lost = kept(record, CNAME, [{"content": record.value}]) if record._type == CNAME else ()
            if lost:
                raise SmtpdError(
                    "%s CNAME: PowerDNS keeps only one CNAME record at a name, and has a disabled one there, to %s. Remove it "
                    "first, or choose another domain." % (record.fqdn, lost[0]["content"])
                )
        return process(desired)

    provider._get, provider._records_for, provider._mod_Delete = read, write, remove
    provider._process_desired_zone = check


# Route 53


def _hook_route53(provider: Any, extras: Extras) -> None:
    """Of sets between which routing chooses, octoDNS sees the first only, and traffic policies not at all."""
    load = provider._load_records

    def read(*args: Any, **named: Any) -> Any:
        rrsets = load(*args, **named)
        for rrset in rrsets:
            name, type_ = name_key(_without_octal(rrset["Name"])), rrset["Type"]
            values = [one["Value"] for one in rrset.get("ResourceRecords", ())]
            if "TrafficPolicyInstanceId" in rrset:
                policy = "traffic policy instance %s" % rrset["TrafficPolicyInstanceId"]
                extras.skip(name, type_, rrset.get("TTL"), [policy], DYNAMIC)
            elif "SetIdentifier" in rrset:
                extras.obstacles[name, type_] = DYNAMIC
            elif type_ not in provider.SUPPORTS:
                extras.skip(name, type_, rrset.get("TTL"), values)
        return rrsets

    provider._load_records = read


def _without_octal(name: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), name)


# Cloudflare


def _hook_cloudflare(provider: Any, extras: Extras) -> None:
    """Each record has its own comment, tags and TTL, of which octoDNS knows those of the first record of a set."""
    pages, request = provider._paginated_get, provider._try_request
    records: dict[str, Mapping[str, Any]] = {}

    def read(path: str, *args: Any, **named: Any) -> Iterator[Any]:
        for record in pages(path, *args, **named):
            if path.endswith("/dns_records"):
                name, type_ = name_key(record["name"]), record["type"]
                records[record["id"]] = record
                if type_ not in provider.SUPPORTS:
                    extras.skip(name, type_, record.get("ttl"), [record.get("content", record.get("data"))])
                elif record.get("proxied") and not provider.cdn:
                    extras.obstacles[name, type_] = PROXIED
            yield record

    def write(method: str, path: str, *args: Any, **named: Any) -> Any:
        folder, _slash, id_ = path.rpartition("/")
        data = named.get("data")
        if method == "POST" and path.endswith("/dns_records"):
            # Those are of the first record of the set, not of this one.
            named["data"] = {name: value for name, value in data.items() if name not in ("comment", "tags")}
        elif method == "PUT" and folder.endswith("/dns_records") and id_ in records:
            old = records[id_]
            if _cloudflare_value(old) == _cloudflare_value(data):
                return {}
            own = {name: old[name] for name in ("comment", "tags", "ttl") if old.get(name)}
            rest = {name: value for name, value in data.items() if name not in ("comment", "tags")}
            named["data"] = {**rest, **own}
        return request(method, path, *args, **named)

    provider._paginated_get, provider._try_request = read, write


def _cloudflare_value(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of a record DNS shows, apart from its name and TTL."""
    content = record.get("content")
    if isinstance(content, str):
        content = txt_text(content) if record["type"] == TXT else canonical(CNAME, content)
    return record["type"], content or record.get("data"), record.get("priority"), bool(record.get("proxied"))


# Hetzner and DigitalOcean


def _note_skipped(provider: Any, extras: Extras) -> None:
    load = provider.zone_records

    def read(zone: Any) -> Any:
        records = load(zone)
        for one in records:
            if one["type"] not in provider.SUPPORTS:
                name = zone.name if one["name"] in ("", "@") else "%s.%s" % (one["name"], zone.name)
                extras.skip(name_key(name), one["type"], one.get("ttl"), [one.get("data", one.get("value"))])
        return records

    provider.zone_records = read


def _hook_hetzner(provider: Any, extras: Extras) -> None:
    """Each value of a set has its own comment."""
    _note_skipped(provider, extras)
    api = provider._client
    if not all(hasattr(api, name) for name in ("_ZoneRecord", "_get_rrsets", "_normalize_name", "rrset_upsert")):
        return
    upsert, record_class = api.rrset_upsert, api._ZoneRecord

    def write(zone_id: str, name: str, type_: str, *args: Any) -> Any:
        sets = api._get_rrsets(api._get_zone_by_id_or_name(zone_id))
        own = [one for one in sets if (api._normalize_name(one.name), one.type) == (name, type_)]
        comments = {one.value: getattr(one, "comment", None) for rrset in own for one in rrset.records or ()}
        api._ZoneRecord = lambda value: record_class(value=value, comment=comments.get(value))
        try:
            return upsert(zone_id, name, type_, *args)
        finally:
            api._ZoneRecord = record_class

    api.rrset_upsert = write


def _hook_digitalocean(provider: Any, extras: Extras) -> None:
    """A set is updated by removing all of its records and creating the new ones: if that is interrupted, others are lost."""
    _note_skipped(provider, extras)
    api = provider._client

    def update(change: Any) -> None:
        new = change.new
        domain = new.zone.name[:-1]
        there = [one for one in provider.zone_records(new.zone) if (one["name"], one["type"]) == (new.name, new._type)]
        desired = {_digitalocean_value(one): one for one in getattr(provider, "_params_for_" + new._type)(new)}
        old = [one["id"] for one in there if _digitalocean_value(one) not in desired]
        for value in map(_digitalocean_value, there):
            desired.pop(value, None)
        steps: list[Callable[[], Any]] = [functools.partial(api.record_create, domain, one) for one in desired.values()]
        removals: list[Callable[[], Any]] = [functools.partial(api.record_delete, domain, id_) for id_ in old]
        # There can be only one CNAME at a name.
        for step in removals + steps if new._type == CNAME else steps + removals:
            step()

    provider._apply_Update = update


def _digitalocean_value(record: Mapping[str, Any]) -> tuple[Any, ...]:
    data = record["data"]
    return (data if record["type"] == TXT else canonical(CNAME, data)), record.get("priority")


# Azure


def _hook_azure(provider: Any, extras: Extras) -> None:
    """A set that is written loses its metadata."""
    populate = provider._populate_record

    def read(zone: Any, rrset: Any, *args: Any, **named: Any) -> Any:
        record = populate(zone, rrset, *args, **named)
        if getattr(rrset, "metadata", None):
            extras.fragile.add((name_key(record.fqdn), record._type))
        return record

    provider._populate_record = read


# Google Cloud


def _hook_google(provider: Any, extras: Extras) -> None:
    """Sets with a routing policy have no values, for which the library has no place."""
    from google.cloud.dns.resource_record_set import ResourceRecordSet

    load = provider._get_gcloud_zone_records
    make = ResourceRecordSet.__dict__["from_api_repr"]

    def tolerant(cls: Any, resource: Mapping[str, Any], zone: Any) -> Any:
        name, type_ = name_key(resource["name"]), resource["type"]
        if "rrdatas" not in resource:
            extras.obstacles[name, type_] = DYNAMIC
            resource = {"ttl": 0, **resource, "rrdatas": []}
        if type_ not in provider.SUPPORTS:
            extras.skip(name, type_, resource["ttl"], resource["rrdatas"])
        return make.__get__(None, cls)(resource, zone)

    def read(*args: Any, **named: Any) -> Any:
        ResourceRecordSet.from_api_repr = classmethod(tolerant)
        try:
            return load(*args, **named)
        finally:
            ResourceRecordSet.from_api_repr = make

    provider._get_gcloud_zone_records = read


# By class: what hooks into it, and the names that it must have for that.
_HOOKS: dict[tuple[str, str], tuple[Any, ...]] = {
    ("octodns_powerdns", "PowerDnsBaseProvider"): (_hook_powerdns, "_get", "_records_for", "_mod_Delete"),
    ("octodns_route53", "Route53Provider"): (_hook_route53, "_load_records"),
    ("octodns_cloudflare", "CloudflareProvider"): (_hook_cloudflare, "_paginated_get", "_try_request", "cdn"),
    ("octodns_hetzner", "HetznerProvider"): (_hook_hetzner, "_client", "zone_records"),
    ("octodns_digitalocean", "DigitalOceanProvider"): (_hook_digitalocean, "_client", "zone_records", "_apply_Update"),
    ("octodns_googlecloud", "GoogleCloudProvider"): (_hook_google, "_get_gcloud_zone_records"),
    ("octodns_azure", "AzureProvider"): (_hook_azure, "_populate_record"),
}
