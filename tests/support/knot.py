# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Knot DNS for tests.

    with KnotServer(zones=["example.com"]) as knot:
        knot.add("www.example.com", "A", "192.0.2.1")

Zone transfers and dynamic updates need the server's TSIG key; questions do not.
"""

from __future__ import annotations

from tests.support.name_server import NameServer

_CONFIG = """\
server:
    listen: "{host}@{port}"
    rundir: "{directory}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
control:
    listen: "{directory}/knot.sock"
database:
    storage: "{directory}/db"
key:
  - id: "{key_name}"
    algorithm: {key_algorithm}
    secret: "{key_secret}"
acl:
  - id: tests
    key: "{key_name}"
    action: [transfer, update]
template:
  - id: default
    acl: tests
    zonefile-sync: -1
zone:
{zones}
"""

_ZONE_CONFIG = """\
  - domain: "{zone}"
    file: "{file}"
"""


class KnotServer(NameServer):
    """A running C(knotd)."""

    label = "Knot"
    program = "knotd"
    package = "knot"
    port_taken = "cannot bind address"

    def _command(self, program: str) -> list[str]:
        (self._directory / "db" / "journal").mkdir(parents=True, exist_ok=True)  # or it answers updates by SERVFAIL
        config = self._directory / "knot.conf"
        config.write_text(
            _CONFIG.format(
                host=self.host,
                port=self.port,
                directory=self._directory,
                key_name=self.key_name,
                key_algorithm=self.key_algorithm,
                key_secret=self.key_secret,
                zones="".join(_ZONE_CONFIG.format(zone=zone, file=self._zone_path(zone)) for zone in self._zones),
            )
        )
        return [program, "-c", str(config)]
