# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Questions to DNS servers and what comes back, for one question and for many thousands.

One thread has many questions under way, because threads would spend more time on taking turns than on the questions.
"""

from __future__ import annotations

import collections
import contextlib
import secrets
import selectors
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Optional, Sequence, Union

from ._dns_tcp import connect, receive, send
from ._dns_wire import IN, RD, TC, dnspython, mismatch, question
from ._texts import printable
from ._threads import map_at_once

_ATTEMPTS = 2  # UDP loses a packet now and then
_LARGEST = 65535  # bytes
# Questions under way at one server: of more at once, some would be lost in its buffer.
_WINDOW = 32
_SERVERS = 64  # that are asked at once, each by a socket
_TCP_THREADS = 8
_BUSY = 0.01  # seconds until a socket that was full is tried again
# Packets that are taken before deadlines are checked again, so that a flood of them cannot hold that up.
_PACKETS = 4 * _WINDOW


@dataclass(frozen=True)
class Server:
    """A DNS server.

    :param name: what the user knows it by.
    :param recursive: whether it may be a resolver, so that it is asked to find the answer elsewhere.
    :param problem: why it cannot be asked, such as that its address cannot be found; else empty.
    """

    name: str
    address: str
    port: int
    recursive: bool = False
    problem: str = ""


Question = tuple[Server, str, str]  # whom, name, and type


class Unanswered(Exception):
    """A server gave no answer. The text says why.

    :param is_timeout: whether that is because none came in time.
    """

    def __init__(self, why: str, is_timeout: bool = False) -> None:
        super().__init__(why)
        self.is_timeout = is_timeout


Reply = Union[bytes, Unanswered]


def exchange(server: Server, name: str, type_: str, timeout: float) -> Any:
    """Ask one server one question, by UDP, and by TCP where the answer does not fit.

    :param timeout: in seconds, of all attempts together.
    :returns: a C(dns.message.Message) of any response code.
    :raises Unanswered: there was no answer.
    """
    dns = dnspython()
    (reply,) = exchange_all([(server, name, type_)], timeout)
    if isinstance(reply, Unanswered):
        raise reply
    try:
        return parsed(reply)
    except dns.exception.DNSException as error:
        raise Unanswered(one_line(error)) from None


def parsed(reply: bytes) -> Any:
    """A reply as a C(dns.message.Message), with nothing but records of the class that was asked for.

    :raises DNSException: it cannot be read.
    """
    message = dnspython().message.from_wire(reply, ignore_trailing=True)
    for section in (message.answer, message.authority, message.additional):
        section[:] = [rrset for rrset in section if rrset.rdclass == IN]
    return message


def exchange_all(
    questions: Sequence[Question], timeout: float, timeouts: Optional[Mapping[Server, float]] = None
) -> list[Reply]:
    """Ask each question as C(exchange) does, as many at once as servers bear.

    :param timeout: of each question, in seconds. A server that leaves many unanswered, and answers none, is not asked the rest.
    :param timeouts: those of single servers that are given another one.
    :returns: for each question the message in wire format (RFC 1035, 4), or C(Unanswered).
    """
    lanes: dict[Server, _Lane] = {}
    for place, (server, name, type_) in enumerate(questions):
        if server not in lanes:
            lanes[server] = _Lane(server, (timeouts or {}).get(server, timeout))
        lanes[server].waiting.append(_Asked(place, name, type_))
    _drive(lanes.values())
    replies: dict[int, Reply] = {}
    for lane in lanes.values():
        replies.update(lane.replies)
    cut_off = [(lane.server, asked) for lane in lanes.values() for asked in lane.cut_off]
    if cut_off:
        streams = {server: _Streams(server, lanes[server].timeout) for server in lanes}
        whole = map_at_once(lambda one: streams[one[0]].ask(one[1]), cut_off, _TCP_THREADS)
        replies.update(zip([asked.place for _server, asked in cut_off], whole))
    return [replies[place] for place in range(len(questions))]


@dataclass
class _Asked:
    """A question, and how far it has come.

    :param place: in the order of all questions.
    :param number: the id of the message.
    :param section: the question in wire format.
    :param deadline: of the current attempt.
    """

    place: int
    name: str
    type: str
    number: int = 0
    section: bytes = b""
    attempts: int = 0
    deadline: float = 0.0

    def query(self, recursive: bool) -> bytes:
        """Written here, since dnspython takes ten times as long. Without EDNS, which some servers do not know, and which is not
        needed for answers of this size."""
        return struct.pack("!HBBHHHH", self.number, RD if recursive else 0, 0, 1, 0, 0, 0) + self.section


def _drive(lanes: Iterable[_Lane]) -> None:
    """Have all lanes come to their ends."""
    closed = collections.deque(lanes)
    under_way: list[_Lane] = []
    with selectors.DefaultSelector() as selector:
        try:
            while closed or under_way:
                while closed and len(under_way) < _SERVERS:
                    lane = closed.popleft()
                    if lane.open():
                        selector.register(lane.socket, selectors.EVENT_READ, lane)
                        under_way.append(lane)
                for lane in under_way:
                    lane.send()
                for lane in [lane for lane in under_way if lane.is_done]:
                    selector.unregister(lane.socket)
                    lane.close()
                    under_way.remove(lane)
                if under_way:
                    pause = min(lane.deadline for lane in under_way) - time.monotonic()
                    for key, _events in selector.select(max(0.0, pause)):
                        key.data.receive()
        finally:
            for lane in under_way:
                lane.close()


class _Lane:
    """The questions to one server, several of them under way on one socket, which takes what comes from that server only."""

    socket: socket.socket

    def __init__(self, server: Server, timeout: float) -> None:
        self.server = server
        self.timeout = timeout
        self._under_way: dict[int, _Asked] = {}  # by the id of the message, the earliest first
        self._answers = 0
        self._silences = 0
        self.waiting: collections.deque[_Asked] = collections.deque()
        self.replies: dict[int, Reply] = {}
        self.cut_off: list[_Asked] = []

    @property
    def is_done(self) -> bool:
        return not self.waiting and not self._under_way

    @property
    def deadline(self) -> float:
        """When the next attempt is over, or where none could be sent, when to try again."""
        if self._under_way:
            return next(iter(self._under_way.values())).deadline
        return time.monotonic() + _BUSY

    def open(self) -> bool:
        """Make the socket. False where there is no way to the server."""
        if self.server.problem:
            self._give_up_on_all(Unanswered(self.server.problem))
            return False
        family = socket.AF_INET6 if ":" in self.server.address else socket.AF_INET
        with contextlib.ExitStack() as undo:
            try:
                self.socket = undo.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                self.socket.setblocking(False)
                self.socket.connect((self.server.address, self.server.port))
            except OSError as error:  # a machine without this protocol, or without a route
                self._give_up_on_all(Unanswered(one_line(error)))
                return False
            undo.pop_all()
        return True

    def close(self) -> None:
        self.socket.close()

    def send(self) -> None:
        """Give up what was not answered in time, and send what may be sent."""
        now = time.monotonic()
        while self._under_way and self.deadline <= now:
            self._failed(self._under_way.pop(next(iter(self._under_way))), _timed_out(self.timeout))
        while self.waiting and len(self._under_way) < _WINDOW:
            asked = self.waiting.popleft()
            try:
                self._prepare(asked, now)
            except dnspython().exception.DNSException as error:  # such a name there cannot be
                self.replies[asked.place] = Unanswered(one_line(error))
                continue
            try:
                self.socket.send(asked.query(self.server.recursive))
            except BlockingIOError:
                asked.attempts -= 1
                self.waiting.appendleft(asked)
                break
            except OSError as error:
                self._failed(asked, Unanswered(one_line(error)))
            else:
                self._under_way[asked.number] = asked

    def _prepare(self, asked: _Asked, now: float) -> None:
        if not asked.section:
            asked.section = question(asked.name, asked.type)
        asked.number = secrets.randbits(16)
        while asked.number in self._under_way:
            asked.number = secrets.randbits(16)
        asked.attempts += 1
        asked.deadline = now + self.timeout / _ATTEMPTS

    def receive(self) -> None:
        """Take the answers that are there."""
        for _packet in range(_PACKETS):
            if not self._under_way:
                return
            try:
                wire = self.socket.recv(_LARGEST)
            except BlockingIOError:
                return
            except OSError as error:
                # It does not say of which question.
                for asked in list(self._under_way.values()):
                    self._failed(asked, Unanswered(one_line(error)))
                self._under_way.clear()
                return
            self._take(wire)

    def _take(self, wire: bytes) -> None:
        number = int.from_bytes(wire[:2], "big")
        asked = self._under_way.get(number)
        if asked is None or mismatch(wire, number, asked.section):  # late or forged: the answer may still come
            return
        self._answers += 1
        del self._under_way[number]
        if wire[2] & TC:
            self.cut_off.append(asked)
        else:
            self.replies[asked.place] = wire

    def _failed(self, asked: _Asked, why: Unanswered) -> None:
        if asked.attempts < _ATTEMPTS:
            self.waiting.appendleft(asked)
            return
        self.replies[asked.place] = why
        self._silences += 1
        if not self._answers and self._silences >= _WINDOW:
            self._give_up_on_all(why)

    def _give_up_on_all(self, why: Unanswered) -> None:
        self.replies.update((asked.place, why) for asked in self.waiting)
        self.waiting.clear()


class _Streams:
    """The questions to one server over TCP, one connection for each."""

    def __init__(self, server: Server, timeout: float) -> None:
        self._server = server
        self._timeout = timeout
        self._answers = 0
        self._failures = 0

    def ask(self, asked: _Asked) -> Reply:
        """Ask a question, unless the server has failed to answer many and answered none."""
        if not self._answers and self._failures >= _WINDOW:
            return Unanswered("it answered none of %d questions by TCP" % self._failures)
        try:
            reply = self._exchange(asked)
        except socket.timeout:
            reply = _timed_out(self._timeout)
        except (OSError, EOFError) as error:
            reply = Unanswered(one_line(error))
        if isinstance(reply, Unanswered):
            self._failures += 1
        else:
            self._answers += 1
        return reply

    def _exchange(self, asked: _Asked) -> Reply:
        asked.number = secrets.randbits(16)
        deadline = time.monotonic() + self._timeout
        with connect(self._server.address, self._server.port, deadline) as connection:
            send(connection, asked.query(self._server.recursive), deadline)
            wire = receive(connection, deadline)
        why = mismatch(wire, asked.number, asked.section)
        if why is None and wire[2] & TC:
            why = "it is truncated"
        return wire if why is None else Unanswered("its reply by TCP is not an answer: %s" % why)


def _timed_out(timeout: float) -> Unanswered:
    return Unanswered("no answer within %g s" % timeout, is_timeout=True)


def one_line(error: BaseException) -> str:
    """What an error says, without line breaks."""
    return printable(" ".join(str(error).split())) or type(error).__name__
