# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real PowerDNS for tests: its HTTP API on a free port of loopback, its zones in SQLite.

with PowerDnsServer(zones=["example.com"]) as powerdns:
    powerdns.add("www.example.com", "A", "192.0.2.1")
    print(powerdns.zone_text("example.com"))
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import subprocess
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any, Optional

from tests.support.name_server import NameServer, Zones, absolute, free_port

# Zone transfers and updates are for tests to look into the zones, without the API that they test.
_CONFIG = """\
launch=gsqlite3
gsqlite3-database={directory}/pdns.sqlite3
gsqlite3-pragma-synchronous=0
local-address={host}
local-port={port}
socket-dir={directory}
webserver=yes
webserver-address={host}
webserver-port={api_port}
webserver-allow-from={host}
api=yes
api-key={api_key}
allow-axfr-ips={host}
dnsupdate=yes
allow-dnsupdate-from={host}
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
receiver-threads=1
distributor-threads=1
security-poll-suffix=
write-pid=no
daemon=no
guardian=no
"""

_SCHEMAS = ("share/pdns-backend-sqlite3/schema", "share/doc/pdns-backend-sqlite3", "share/doc/pdns")


class PowerDnsServer(NameServer):
    """A running C(pdns_server).

    :ivar api_port: the port of its HTTP API.
    :ivar api_key: what the API wants to be given.
    """

    label = "PowerDNS"
    program = "pdns_server"
    package = "pdns-server pdns-backend-sqlite3"
    needs_key = False

    def __init__(self, zones: Zones, host: str = "127.0.0.1") -> None:
        self.api_port = 0
        self.api_key = secrets.token_hex(20)
        super().__init__(zones, host)

    def octodns_provider(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Values for the options C(provider) and C(provider_secrets) of C(smtpd_dns_records)."""
        provider = {"class": "octodns_powerdns.PowerDnsProvider", "host": self.host, "port": self.api_port}
        return provider, {"api_key": self.api_key}

    def reset(self) -> None:
        """Bring each zone back to what it was at the start, also what zone transfers and updates do not know."""
        for zone, start in self._zones_at_start.items():
            kept = {(name, type_) for name, _ttl, type_, _rdata in start} | {(absolute(zone), "SOA")}
            keys = [(one["name"], one["type"]) for one in json.loads(self._call("GET", zone))["rrsets"]]
            gone = [
                {"name": name, "type": type_, "changetype": "DELETE"}
                for name, type_ in keys
                if (name, type_) not in kept
            ]
            if gone:
                self._call("PATCH", zone, {"rrsets": gone})
        super().reset()

    def replace_set(self, zone: str, name: str, type_: str, *records: dict[str, Any], **more: Any) -> None:
        """Write a record set by the API, in its words: each record has C(content), and may be C(disabled)."""
        rrset = {"name": absolute(name), "type": type_, "ttl": 300, "changetype": "REPLACE", "records": list(records)}
        self._call("PATCH", zone, {"rrsets": [{**rrset, **more}]})

    def api_set(self, zone: str, name: str, type_: str) -> dict[str, Any]:
        """A record set in the words of the API; empty where there is none."""
        rrsets = json.loads(self._call("GET", zone))["rrsets"]
        return next((one for one in rrsets if (one["name"], one["type"]) == (absolute(name), type_)), {})

    def _call(self, method: str, zone: str, data: Optional[dict[str, Any]] = None) -> bytes:
        url = "http://%s:%d/api/v1/servers/localhost/zones/%s" % (self.host, self.api_port, absolute(zone))
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(url, body, {"X-API-Key": self.api_key}, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def _command(self, program: str) -> list[str]:
        self.api_port = free_port(self.host)
        (self._directory / "pdns.conf").write_text(
            _CONFIG.format(
                directory=self._directory, host=self.host, port=self.port, api_port=self.api_port, api_key=self.api_key
            )
        )
        if not (self._directory / "pdns.sqlite3").exists():
            self._make_database()
        return [program, "--config-dir=%s" % self._directory]

    def _make_database(self) -> None:
        with closing(sqlite3.connect(self._directory / "pdns.sqlite3")) as database:
            database.executescript(_schema().read_text())
        for zone in self._zones:
            self._pdnsutil("load-zone", zone, str(self._zone_path(zone)))

    def _pdnsutil(self, *arguments: str) -> None:
        command = ["pdnsutil", "--config-dir=%s" % self._directory, *arguments]
        made = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if made.returncode:
            raise RuntimeError("%s failed:\n%s" % (" ".join(command), made.stdout + made.stderr))

    def _answers(self) -> bool:
        return super()._answers() and self._api_answers()

    def _api_answers(self) -> bool:
        url = "http://%s:%d/api/v1/servers/localhost" % (self.host, self.api_port)
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers={"X-API-Key": self.api_key}), timeout=0.5):
                return True
        except OSError:
            return False


def _schema() -> Path:
    for folder in _SCHEMAS:
        path = Path("/usr", folder, "schema.sqlite3.sql")
        if path.exists():
            return path
    raise RuntimeError("PowerDNS lacks its SQLite backend. Please install it: apt-get install pdns-backend-sqlite3")
