# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running simulator, a name server for it, and an HTTP client that knows nothing of it."""

from __future__ import annotations

import socketserver
import threading
import time
from typing import Any, Callable, Iterator

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
import requests

from tests.simulator import Simulator, running_simulator

Call = Callable[..., requests.Response]

PROFILES = "/api/v1/profile/email"
WANTED = {"profile_name": "p", "sending_domain": "mail.acorn.example", "link_domain": "go.acorn.example"}


def await_true(condition: Callable[[], bool]) -> None:
    """Wait until something has become true."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[Simulator]:
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Iterator[Simulator]:
    """A simulator with no profile, quick, and with its default rules."""
    before = shared_simulator.settings()
    shared_simulator.reset()
    shared_simulator.settings(creating=0.0, recheck=0.05)
    yield shared_simulator
    shared_simulator.settings(**before)


@pytest.fixture
def call(simulator: Simulator) -> Iterator[Call]:
    """Call the service as the contract says: method, path, and more for requests."""
    with requests.Session() as session:
        session.trust_env = False

        def send(method: str, path: str, **more: Any) -> requests.Response:
            headers = {"Authentication": "Bearer " + simulator.token, **more.pop("headers", {})}
            return session.request(
                method,
                simulator.url + path,
                headers=headers,
                allow_redirects=False,
                timeout=more.pop("timeout", 10),
                **more,
            )

        yield send


class Zone(dict[tuple[str, str], list[str]]):
    """What a tiny name server answers: values by name and type.

    :param rcode: how it answers.
    :param delay: seconds before each answer.
    :param asked: the names that it was asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.address = ""
        self.rcode = dns.rcode.NOERROR
        self.delay = 0.0
        self.asked: list[str] = []

    def answer(self, wire: bytes) -> bytes:
        """The answer to a query, as it is when the query comes in."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        self.asked.append(question.name.to_text(omit_final_dot=True))
        answer = dns.message.make_response(query)
        answer.set_rcode(self.rcode)
        values = self.get((question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)))
        if values:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", question.rdtype, *values))
        time.sleep(self.delay)
        return answer.to_wire()

    def publish(self, records: list[dict[str, Any]]) -> None:
        """Answer these records."""
        for record in records:
            value = {"TXT": '"%s"', "MX": "10 %s.", "CNAME": "%s."}[record["type"]] % record["value"]
            self[record["name"].lower(), record["type"]] = [value]


@pytest.fixture
def zone() -> Iterator[Zone]:
    content = Zone()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request[1].sendto(content.answer(self.request[0]), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        content.address = "127.0.0.1:%d" % server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield content
        server.shutdown()
        thread.join()
