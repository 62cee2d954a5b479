# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Route 53 for tests: the API as moto imitates it, on loopback, on a free port, in a thread of this process.

    with MotoServer(zones=["example.com"]) as moto:
        moto.add("www.example.com", "A", "192.0.2.1")
        print(moto.zone_text("example.com"))

moto keeps its state once in a process: two servers at the same time have the same zones.
"""

from __future__ import annotations

import logging
import re
import secrets
from types import TracebackType
from typing import Any, Iterable, Optional

import boto3
from moto.core.responses import ActionResult
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.route53.models import route53_backends
from moto.route53.responses import Route53

from tests.support.name_server import absolute


class MotoServer:
    """A running moto with the given hosted zones. It ends with C(stop()), the C(with) block, or the program."""

    access_key_id = "AKIAIOSFODNN7EXAMPLE"

    def __init__(self, zones: Iterable[str] = ()) -> None:
        self.secret_access_key = secrets.token_hex(20)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        Route53.list_health_checks = _list_health_checks  # type: ignore[method-assign]
        route53_backends.reset()
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        self._client = boto3.client(
            "route53",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
        )
        self._zone_ids = {absolute(zone): self._create_zone(zone) for zone in zones}

    def __enter__(self) -> MotoServer:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server."""
        self._server.stop()
        route53_backends.reset()

    # How others reach it

    @property
    def url(self) -> str:
        """The endpoint, such as C(http://127.0.0.1:5000)."""
        return "http://%s:%d" % self._server.get_host_and_port()

    @property
    def environ(self) -> dict[str, str]:
        """Variables that lead every AWS client here, without credentials."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}

    def octodns_provider(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Values for the options C(provider) and C(provider_secrets) of C(smtpd_dns_records)."""
        provider = {"class": "octodns_route53.Route53Provider", "access_key_id": self.access_key_id}
        return provider, {"secret_access_key": self.secret_access_key}

    # What is in its zones

    def zone_text(self, zone: str) -> str:
        """All records of a zone except its SOA, one a line, sorted, with absolute names."""
        return "".join("%s %d IN %s %s\n" % record for record in self.records(zone))

    def records(self, zone: str) -> list[tuple[str, int, str, str]]:
        """All records of a zone except its SOA, sorted: name with trailing dot, TTL, type, rdata."""
        return sorted(
            (one["Name"], one["TTL"], one["Type"], _with_numbers(record["Value"], 8, "%03d"))
            for one in self._sets(zone)
            for record in one.get("ResourceRecords", ())
            if one["Type"] != "SOA"
        )

    def zone_id(self, zone: str) -> str:
        """By which the API knows a zone."""
        return self._zone_ids[absolute(zone)].rpartition("/")[2]

    def add(self, name: str, type_: str, *values: str, ttl: int = 300) -> None:
        """Add records to those that are there.

        :param values: in presentation format, such as C(10 mail.example.com.) or C("v=spf1 -all").
        """
        found = self._find(name, type_)
        kept = [record["Value"] for record in found["ResourceRecords"]] if found else []
        new = [_with_numbers(value, 10, "%03o") for value in values]
        self._change(name, "UPSERT", _record_set(name, type_, ttl, [*kept, *new]))

    def add_set(self, name: str, type_: str, **more: Any) -> None:
        """Add a record set in the words of the API, such as an alias, or one of several that routing chooses from."""
        self._change(name, "CREATE", {"Name": absolute(name), "Type": type_, **more})

    def sets(self, zone: str) -> list[dict[str, Any]]:
        """All record sets of a zone in the words of the API."""
        return self._sets(zone)

    def delete(self, name: str, type_: str, value: Optional[str] = None) -> None:
        """Remove the record of this value, or all of the type."""
        found = self._find(name, type_)
        if found:
            kept = [one["Value"] for one in found["ResourceRecords"] if value is not None and one["Value"] != value]
            kept_set = _record_set(name, type_, found["TTL"], kept)
            self._change(name, "UPSERT" if kept else "DELETE", kept_set if kept else found)

    def reset(self) -> None:
        """Make all zones anew. moto does not let a record be created that was ever deleted in the same zone."""
        route53_backends.reset()
        self._zone_ids = {zone: self._create_zone(zone) for zone in self._zone_ids}

    # Talking to it

    def _create_zone(self, zone: str) -> str:
        return self._client.create_hosted_zone(Name=zone, CallerReference=zone)["HostedZone"]["Id"]

    def _sets(self, zone: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("list_resource_record_sets").paginate(
            HostedZoneId=self._zone_ids[absolute(zone)]
        )
        return [one for page in pages for one in page["ResourceRecordSets"]]

    def _find(self, name: str, type_: str) -> Optional[dict[str, Any]]:
        sets = self._sets(self._zone_of(name))
        return next((one for one in sets if (one["Name"], one["Type"]) == (absolute(name), type_)), None)

    def _change(self, name: str, action: str, record_set: dict[str, Any]) -> None:
        self._client.change_resource_record_sets(
            HostedZoneId=self._zone_ids[self._zone_of(name)],
            ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record_set}]},
        )

    def _zone_of(self, name: str) -> str:
        return max((zone for zone in self._zone_ids if ("." + absolute(name)).endswith("." + zone)), key=len)


def _with_numbers(value: str, base: int, form: str) -> str:
    """The value with other numeric escapes: those of Route 53 are octal, those of presentation format decimal."""

    def escape(match: re.Match[str]) -> str:
        escaped = match.group(1)
        return "\\" + (form % int(escaped, base) if escaped.isdigit() else escaped)

    return re.sub(r"\\(\d{3}|.)", escape, value)


def _record_set(name: str, type_: str, ttl: int, values: Iterable[str]) -> dict[str, Any]:
    records = [{"Value": value} for value in values]
    return {"Name": absolute(name), "Type": type_, "TTL": ttl, "ResourceRecords": records}


def _list_health_checks(self: Route53) -> ActionResult:
    """As AWS answers: moto leaves out what the API promises to be there always, and octoDNS relies on."""
    checks = self.backend.list_health_checks()
    return ActionResult({"HealthChecks": checks, "Marker": "", "IsTruncated": False, "MaxItems": "100"})
