# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real BIND 9 for tests and the demo.

    with BindServer(zones=["example.com"]) as bind:
        bind.add("www.example.com", "A", "192.0.2.1")
        print(bind.zone_text("example.com"))

Zone transfers and dynamic updates need the server's TSIG key; questions do not.
"""

from __future__ import annotations

import ipaddress
from typing import Optional, Sequence

from tests.support.name_server import NameServer, Zones, absolute

_CONFIG = """\
key "{key_name}" {{ algorithm {key_algorithm}; secret "{key_secret}"; }};
options {{
    directory "{directory}";
    pid-file "{directory}/named.pid";
    session-keyfile "{directory}/session.key";
    managed-keys-directory "{directory}";
    listen-on port {port} {{ {listen_v4}; }};
    listen-on-v6 port {port} {{ {listen_v6}; }};
    recursion {recursion};
    dnssec-validation no;
    empty-zones-enable no;
    notify no;
    querylog yes;
    allow-transfer {{ key "{key_name}"; }};
    {options}
}};
controls {{ }};
{zones}
"""

_ZONE_CONFIG = """\
zone "{zone}" {{ type primary; file "{file}"; update-policy {{ {verdict} "{key_name}" zonesub ANY; }}; }};
"""


class BindServer(NameServer):
    """A running C(named).

    :param options: more lines for the C(options) block of the configuration.
    :param read_only: names of zones that may be transferred, but not be changed.
    :param forward_to: makes it a caching resolver, which asks this other server.
    """

    label = "BIND"
    program = "named"
    package = "bind9"
    port_taken = "address in use"
    servfail_is_final = True

    def __init__(
        self,
        zones: Zones,
        host: str = "127.0.0.1",
        options: str = "",
        read_only: Sequence[str] = (),
        forward_to: Optional[NameServer] = None,
    ) -> None:
        self._options = options
        self._read_only = {absolute(zone) for zone in read_only}
        self._forward_to = forward_to
        super().__init__(zones, host)

    def query_log(self, word: str = "") -> list[str]:
        """The lines of the server's log that hold a word, such as C(AXFR started) or C(updating zone)."""
        return self.log_lines(word)

    def _command(self, program: str) -> list[str]:
        config = self._directory / "named.conf"
        config.write_text(self._config())
        return [program, "-g", "-n", "1", "-c", str(config)]

    def _config(self) -> str:
        is_v6 = ipaddress.ip_address(self.host).version == 6
        zones = "".join(
            _ZONE_CONFIG.format(
                zone=zone,
                file=self._zone_path(zone),
                key_name=self.key_name,
                verdict="deny" if zone in self._read_only else "grant",
            )
            for zone in self._zones
        )
        return _CONFIG.format(
            key_name=self.key_name,
            key_algorithm=self.key_algorithm,
            key_secret=self.key_secret,
            directory=self._directory,
            port=self.port,
            options=self._options + self._forwarding(),
            recursion="no" if self._forward_to is None else "yes",
            zones=zones,
            listen_v4="none" if is_v6 else self.host,
            listen_v6=self.host if is_v6 else "none",
        )

    def _forwarding(self) -> str:
        other = self._forward_to
        return "forward only; forwarders {{ {} port {}; }};".format(other.host, other.port) if other else ""
