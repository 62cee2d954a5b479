# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real BIND 9 for tests and the demo: unprivileged, on loopback, on a free port, in a directory of its own.

    with BindServer(zones=["example.com"]) as bind:
        bind.add("www.example.com", "A", "192.0.2.1")
        print(bind.zone_text("example.com"))

Zone transfers and dynamic updates need the server's TSIG key; questions do not.
"""

from __future__ import annotations

import atexit
import base64
import ipaddress
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Iterable, Mapping, Optional, Union

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring
import dns.update
import dns.zone

_START_TIMEOUT = 15.0
_STOP_TIMEOUT = 10.0
_QUERY_TIMEOUT = 10.0
_PORT_ATTEMPTS = 5

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
zone "{zone}" {{ type primary; file "{file}"; update-policy {{ grant "{key_name}" zonesub ANY; }}; }};
"""

_ZONE_FILE = """\
$TTL 3600
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300
@ IN NS ns1
ns1 IN {address_type} {address}
"""


class BindServer:
    """A running C(named). It starts when it is made, and ends with C(stop()), the C(with) block, or the program.

    :param zones: names of zones, or a mapping from names to lines for their zone files. Each zone has an SOA, an NS
        record and the address of its name server by itself; the negative TTL is 300 s.
    :param host: the loopback address to listen on.
    :param options: more lines for the C(options) block of the configuration.
    :param forward_to: makes it a caching resolver, which asks this other server.
    :raises RuntimeError: C(named) is missing or does not start; the message says why.
    """

    key_name = "smtpd-test."
    key_algorithm = "hmac-sha256"

    def __init__(
        self,
        zones: Union[Iterable[str], Mapping[str, str]],
        host: str = "127.0.0.1",
        options: str = "",
        forward_to: Optional[BindServer] = None,
    ) -> None:
        named = shutil.which("named", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
        if named is None:
            raise RuntimeError("There is no 'named' on this machine. Please install BIND 9: apt-get install bind9")
        self.host = host
        self.port = 0
        self.key_secret = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        self._options = options
        self._forward_to = forward_to
        self._zones = {_absolute(zone): _zone_lines(zones, zone) for zone in zones}
        self._keyring = dns.tsigkeyring.from_text({self.key_name: (self.key_algorithm, self.key_secret)})
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._directory = Path(tempfile.mkdtemp(prefix="smtpd-bind-"))
        self._log_file = self._directory / "named.log"
        atexit.register(self.stop)
        try:
            self._write_zone_files()
            self._start(named)
            self._zones_at_start = {zone: self.records(zone) for zone in self._zones}
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> BindServer:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and remove its directory. May be called more than once."""
        atexit.unregister(self.stop)
        self._end_process()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # How others reach it

    @property
    def address(self) -> str:
        """Host and port, such as C(127.0.0.1:5300) or C([::1]:5300)."""
        return "%s:%d" % ("[%s]" % self.host if ":" in self.host else self.host, self.port)

    def octodns_provider(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Values for the options C(provider) and C(provider_secrets) of C(smtpd_dns_records)."""
        provider = {
            "class": "octodns_bind.Rfc2136Provider",
            "host": self.host,
            "port": self.port,
            "key_name": self.key_name,
            "key_algorithm": self.key_algorithm,
        }
        return provider, {"key_secret": self.key_secret}

    # What is in its zones

    def zone_text(self, zone: str) -> str:
        """All records of a zone except its SOA, one a line, sorted, with absolute names."""
        return "".join("%s %d IN %s %s\n" % record for record in self.records(zone))

    def records(self, zone: str) -> list[tuple[str, int, str, str]]:
        """All records of a zone except its SOA, sorted: name with trailing dot, TTL, type, rdata."""
        content = self._transfer(zone)
        return sorted(
            (name.to_text(), ttl, dns.rdatatype.to_text(rdata.rdtype), rdata.to_text())
            for name, ttl, rdata in content.iterate_rdatas()
            if rdata.rdtype != dns.rdatatype.SOA
        )

    def serial(self, zone: str) -> int:
        """The zone's serial number: it grows with each change."""
        answer = self._ask(dns.message.make_query(_absolute(zone), "SOA"))
        return answer.answer[0][0].serial

    def add(self, name: str, type_: str, *values: str, ttl: int = 300) -> None:
        """Add records to those that are there.

        :param values: in presentation format, such as C(10 mail.example.com.) or C("v=spf1 -all").
        """
        update = self._update(name)
        update.add(_absolute(name), ttl, type_, *values)
        self._send(update)

    def delete(self, name: str, type_: str, value: Optional[str] = None) -> None:
        """Remove the record of this value, or all of the type."""
        update = self._update(name)
        update.delete(_absolute(name), type_, *([] if value is None else [value]))
        self._send(update)

    def reset(self) -> None:
        """Bring each zone back to what it was at the start."""
        for zone, start in self._zones_at_start.items():
            update = dns.update.UpdateMessage(zone, keyring=self._keyring, keyalgorithm=self.key_algorithm)
            for name, _ttl, type_, rdata in sorted(set(self.records(zone)) - set(start)):
                update.delete(name, type_, rdata)
            for name, ttl, type_, rdata in sorted(set(start) - set(self.records(zone))):
                update.add(name, ttl, type_, rdata)
            self._send(update)

    def query_log(self, word: str = "") -> list[str]:
        """The lines of the server's log that hold a word, such as C(AXFR started) or C(updating zone)."""
        return [line for line in self._log_file.read_text(errors="replace").splitlines() if word in line]

    # Starting

    def _write_zone_files(self) -> None:
        address_type = "AAAA" if ":" in self.host else "A"
        for zone, lines in self._zones.items():
            head = _ZONE_FILE.format(address_type=address_type, address=self.host)
            self._zone_path(zone).write_text(head + lines)

    def _zone_path(self, zone: str) -> Path:
        return self._directory / ("%szone" % zone.lower())

    def _start(self, named: str) -> None:
        for _attempt in range(_PORT_ATTEMPTS):
            self.port = _free_port(self.host)
            config = self._directory / "named.conf"
            config.write_text(self._config())
            with self._log_file.open("wb") as log:
                self._process = subprocess.Popen(
                    [named, "-g", "-n", "1", "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            if self._await_readiness():
                return
        raise RuntimeError("BIND found no free port in %d attempts." % _PORT_ATTEMPTS)

    def _config(self) -> str:
        is_v6 = ipaddress.ip_address(self.host).version == 6
        zones = "".join(
            _ZONE_CONFIG.format(zone=zone, file=self._zone_path(zone), key_name=self.key_name) for zone in self._zones
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

    def _await_readiness(self) -> bool:
        """Wait until it answers for its zones. False where another program was faster to take the port."""
        deadline = time.monotonic() + _START_TIMEOUT
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                if self.query_log("address in use"):
                    return False
                raise RuntimeError("BIND did not start:\n%s" % self._log_tail())
            if self.query_log("address in use"):  # it runs on without a socket
                self._end_process()
                return False
            if self._answers():
                return True
            time.sleep(0.02)
        raise RuntimeError("BIND did not answer within %.0f s:\n%s" % (_START_TIMEOUT, self._log_tail()))

    def _answers(self) -> bool:
        try:
            for zone in self._zones or ["."]:
                query = dns.message.make_query(zone, "SOA")
                answer = dns.query.tcp(query, self.host, port=self.port, timeout=0.5)
                if not self._zones:
                    return True
                if answer.rcode() == dns.rcode.SERVFAIL:
                    raise RuntimeError("BIND does not load the zone %s:\n%s" % (zone, self._log_tail()))
                if not answer.answer:
                    return False
            return True
        except (OSError, EOFError, dns.exception.DNSException):
            return False

    def _log_tail(self) -> str:
        return "\n".join(self.query_log()[-15:])

    # Talking to it

    def _ask(self, message: dns.message.Message) -> dns.message.Message:
        answer = dns.query.tcp(message, self.host, port=self.port, timeout=_QUERY_TIMEOUT)
        if answer.rcode() != dns.rcode.NOERROR:
            raise RuntimeError("BIND refused: %s" % dns.rcode.to_text(answer.rcode()))
        return answer

    def _transfer(self, zone: str) -> dns.zone.Zone:
        query = dns.query.xfr(
            self.host,
            _absolute(zone),
            port=self.port,
            keyring=self._keyring,
            keyalgorithm=self.key_algorithm,
            relativize=False,
            timeout=_QUERY_TIMEOUT,
            lifetime=_QUERY_TIMEOUT,
        )
        return dns.zone.from_xfr(query, relativize=False)

    def _update(self, name: str) -> dns.update.UpdateMessage:
        owner = dns.name.from_text(_absolute(name))
        candidates = [zone for zone in self._zones if owner.is_subdomain(dns.name.from_text(zone))]
        if not candidates:
            raise ValueError("%s is in none of the zones %s" % (name, ", ".join(self._zones)))
        zone = max(candidates, key=len)
        return dns.update.UpdateMessage(zone, keyring=self._keyring, keyalgorithm=self.key_algorithm)

    def _send(self, update: dns.update.UpdateMessage) -> None:
        self._ask(update)


def _absolute(name: str) -> str:
    return name if name.endswith(".") else name + "."


def _zone_lines(zones: Union[Iterable[str], Mapping[str, str]], zone: str) -> str:
    return zones[zone].rstrip("\n") + "\n" if isinstance(zones, Mapping) else ""


def _free_port(host: str) -> int:
    """A port that is free for UDP and TCP at this moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
            tcp.bind((host, 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind((host, port))
            except OSError:
                continue
            return port
