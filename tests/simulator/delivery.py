# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bringing a spoilt answer to the caller."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from tests.simulator.faults import Fault

_CHUNK = 1 << 16
_CLOSE_BY_RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: on, no time to linger


async def deliver(request: web.Request, fault: Fault, true_answer: web.Response | None) -> web.StreamResponse:
    """Answer in place of the service.

    :param true_answer: what the service would answer; C(None) if the work has not been done.
    """
    if fault.close:
        return _reset(request)
    true_body = true_answer.body if true_answer is not None and isinstance(true_answer.body, bytes) else b""
    content = fault.content(true_body, _head_of(request))
    response = _head(fault, true_answer)
    response.content_length = len(content)
    if fault.drip_head:
        return await _drip_whole(request, response, content, fault.drip_head)
    await response.prepare(request)
    if fault.truncate:
        await response.write(content[: len(content) // 2])
        if request.transport is not None:
            request.transport.close()
        return response
    step = 1 if fault.drip else _CHUNK
    for start in range(0, len(content), step):
        await response.write(content[start : start + step])
        await asyncio.sleep(fault.drip)
    return response


def _head_of(request: web.Request) -> str:
    return "%s %s\n%s" % (
        request.method,
        request.path_qs,
        "".join("%s: %s\n" % item for item in request.headers.items()),
    )


def _head(fault: Fault, true_answer: web.Response | None) -> web.StreamResponse:
    like = true_answer if true_answer is not None else web.Response(status=200, content_type="application/json")
    response = web.StreamResponse(status=fault.status or like.status)
    response.content_type = fault.content_type or like.content_type
    response.headers.update(fault.headers)
    return response


async def _drip_whole(request: web.Request, response: web.StreamResponse, content: bytes, pause: float) -> web.Response:
    """Send an answer byte by byte, from its first line on."""
    response.headers["Connection"] = "close"
    head = "HTTP/1.1 %d %s\r\n%s\r\n" % (
        response.status,
        response.reason,
        "".join("%s: %s\r\n" % item for item in response.headers.items()),
    )
    for byte in head.encode() + content:
        if request.transport is None or request.transport.is_closing():
            break
        request.transport.write(bytes([byte]))
        await asyncio.sleep(pause)
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _reset(request: web.Request) -> web.Response:
    """End the connection as a machine does that has crashed, which the caller sees as "connection reset by peer"."""
    if request.transport is not None:
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_BY_RESET)
        request.transport.abort()
    return web.Response()
