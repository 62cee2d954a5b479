# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the real name servers of the tests have in common.

Each runs unprivileged, on loopback, on a free port, in a directory of its own, and ends with C(stop()), the C(with)
block, or the program. Zone transfers and dynamic updates are the way in which tests look into their zones.
"""

from __future__ import annotations

import abc
import atexit
import base64
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
_QUERY_TIMEOUT = 30.0
_PORT_ATTEMPTS = 5

_ZONE_FILE = """\
$TTL 3600
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300
@ IN NS ns1
ns1 IN {address_type} {address}
"""

Zones = Union[Iterable[str], Mapping[str, str]]


class NameServer(abc.ABC):
    """A running name server. It starts when it is made.

    :param zones: names of zones, or a mapping from names to lines for their zone files. Each zone has an SOA, an NS
        record and the address of its name server by itself; the negative TTL is 300 s.
    :param host: the loopback address to listen on.
    :raises RuntimeError: the program is missing or does not start; the message says why.
    """

    label = ""
    program = ""
    package = ""
    # What the log has where another program was faster to take the port.
    port_taken = "in use"
    # Whether it answers SERVFAIL only for a zone that it cannot load, and never for one that it has not loaded yet.
    servfail_is_final = False
    # Whether zone transfers and updates need the TSIG key.
    needs_key = True

    key_name = "smtpd-test."
    key_algorithm = "hmac-sha256"

    def __init__(self, zones: Zones, host: str = "127.0.0.1") -> None:
        program = shutil.which(self.program, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
        if program is None:
            raise RuntimeError(
                "There is no '%s' on this machine. Please install %s: apt-get install %s"
                % (self.program, self.label, self.package)
            )
        self.host = host
        self.port = 0
        self.key_secret = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        self._zones = {absolute(zone): _zone_lines(zones, zone) for zone in zones}
        keys = {self.key_name: (self.key_algorithm, self.key_secret)}
        self._keyring = dns.tsigkeyring.from_text(keys) if self.needs_key else None
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._directory = Path(tempfile.mkdtemp(prefix="smtpd-%s-" % self.label.lower()))
        self._log_file = self._directory / "server.log"
        atexit.register(self.stop)
        try:
            self._write_zone_files()
            self._start(program)
            self._zones_at_start = {zone: self.records(zone) for zone in self._zones}
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Any:
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

    @property
    def environ(self) -> dict[str, str]:
        """Variables that a client needs to find it."""
        return {}

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
        answer = self._ask(dns.message.make_query(absolute(zone), "SOA"))
        return answer.answer[0][0].serial

    def add(self, name: str, type_: str, *values: str, ttl: int = 300) -> None:
        """Add records to those that are there.

        :param values: in presentation format, such as C(10 mail.example.com.) or C("v=spf1 -all").
        """
        update = self._update(self._zone_of(name))
        update.add(absolute(name), ttl, type_, *values)
        self._ask(update)

    def delete(self, name: str, type_: str, value: Optional[str] = None) -> None:
        """Remove the record of this value, or all of the type."""
        update = self._update(self._zone_of(name))
        update.delete(absolute(name), type_, *([] if value is None else [value]))
        self._ask(update)

    def reset(self) -> None:
        """Bring each zone back to what it was at the start."""
        for zone, start in self._zones_at_start.items():
            update = self._update(zone)
            for name, _ttl, type_, rdata in sorted(set(self.records(zone)) - set(start)):
                update.delete(name, type_, rdata)
            for name, ttl, type_, rdata in sorted(set(start) - set(self.records(zone))):
                update.add(name, ttl, type_, rdata)
            self._ask(update)

    def log_lines(self, word: str = "") -> list[str]:
        """The lines of the server's log that hold a word, such as C(AXFR started) or C(updating zone)."""
        if not self._log_file.exists():
            return []
        return [line for line in self._log_file.read_text(errors="replace").splitlines() if word in line]

    # Starting

    @abc.abstractmethod
    def _command(self, program: str) -> list[str]:
        """Write the configuration, with the port in it, and return how to start the program with it."""

    def _write_zone_files(self) -> None:
        address_type = "AAAA" if ":" in self.host else "A"
        for zone, lines in self._zones.items():
            head = _ZONE_FILE.format(address_type=address_type, address=self.host)
            self._zone_path(zone).write_text(head + lines)

    def _zone_path(self, zone: str) -> Path:
        return self._directory / ("%szone" % zone.lower())

    def _start(self, program: str) -> None:
        for _attempt in range(_PORT_ATTEMPTS):
            self.port = free_port(self.host)
            command = self._command(program)
            with self._log_file.open("wb") as log:
                self._process = subprocess.Popen(
                    command, cwd=self._directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            if self._await_readiness():
                return
        raise RuntimeError("%s found no free port in %d attempts." % (self.label, _PORT_ATTEMPTS))

    def _await_readiness(self) -> bool:
        """Wait until it answers for its zones. False where another program was faster to take the port."""
        deadline = time.monotonic() + _START_TIMEOUT
        while time.monotonic() < deadline:
            if self.log_lines(self.port_taken):  # some run on without a socket
                self._end_process()
                return False
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError("%s did not start:\n%s" % (self.label, self._log_tail()))
            if self._answers():
                return True
            time.sleep(0.02)
        raise RuntimeError("%s did not answer within %.0f s:\n%s" % (self.label, _START_TIMEOUT, self._log_tail()))

    def _answers(self) -> bool:
        try:
            for zone in self._zones or ["."]:
                query = dns.message.make_query(zone, "SOA")
                answer = dns.query.tcp(query, self.host, port=self.port, timeout=0.5)
                if not self._zones:
                    return True
                if answer.rcode() == dns.rcode.SERVFAIL and self.servfail_is_final:
                    raise RuntimeError("%s does not load the zone %s:\n%s" % (self.label, zone, self._log_tail()))
                if not answer.answer:
                    return False
            return True
        except (OSError, EOFError, dns.exception.DNSException):
            return False

    def _log_tail(self) -> str:
        return "\n".join(self.log_lines()[-15:])

    # Talking to it

    def _ask(self, message: dns.message.Message) -> dns.message.Message:
        answer = dns.query.tcp(message, self.host, port=self.port, timeout=_QUERY_TIMEOUT)
        if answer.rcode() != dns.rcode.NOERROR:
            raise RuntimeError("%s refused: %s" % (self.label, dns.rcode.to_text(answer.rcode())))
        return answer

    def _transfer(self, zone: str) -> dns.zone.Zone:
        query = dns.query.xfr(
            self.host,
            absolute(zone),
            port=self.port,
            keyring=self._keyring,
            keyalgorithm=self.key_algorithm,
            relativize=False,
            timeout=_QUERY_TIMEOUT,
            lifetime=_QUERY_TIMEOUT,
        )
        return dns.zone.from_xfr(query, relativize=False)

    def _zone_of(self, name: str) -> str:
        owner = dns.name.from_text(absolute(name))
        candidates = [zone for zone in self._zones if owner.is_subdomain(dns.name.from_text(zone))]
        if not candidates:
            raise ValueError("%s is in none of the zones %s" % (name, ", ".join(self._zones)))
        return max(candidates, key=len)

    def _update(self, zone: str) -> dns.update.UpdateMessage:
        return dns.update.UpdateMessage(zone, keyring=self._keyring, keyalgorithm=self.key_algorithm)


def absolute(name: str) -> str:
    return name if name.endswith(".") else name + "."


def _zone_lines(zones: Zones, zone: str) -> str:
    return zones[zone].rstrip("\n") + "\n" if isinstance(zones, Mapping) else ""


def free_port(host: str = "127.0.0.1") -> int:
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
