# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service over HTTP: the contract's endpoints, and those by which tests and people direct it (C(admin.py))."""

from __future__ import annotations

import asyncio
import base64
from typing import Any, Awaitable, Callable

from aiohttp import web

from tests.simulator.admin import Admin
from tests.simulator.delivery import deliver
from tests.simulator.faults import Fault
from tests.simulator.model import CREATING, FIELDS, Profile, Settings
from tests.simulator.parts import Parts
from tests.simulator.request_log import parse_json
from tests.simulator.tokens import Tokens

PROFILES = "/api/v1/profile/email"
_NOT_FOUND = (404, 40401, "Resource ID provided is invalid")

Work = Callable[[web.Request], Awaitable[web.Response]]


def make_application(settings: Settings, tokens: Tokens) -> web.Application:
    """The whole simulator, to be served.

    :param settings: how it behaves; can be changed while it runs.
    """
    parts = Parts(settings, tokens)
    app = web.Application(client_max_size=1 << 26)
    app.add_routes(Admin(parts).routes())
    app.add_routes(Service(parts).routes())
    app.cleanup_ctx.append(parts.verifier.running)
    return app


class Service:
    """The contract's endpoints."""

    def __init__(self, parts: Parts) -> None:
        self._settings = parts.settings
        self._tokens = parts.tokens
        self._model = parts.model
        self._verifier = parts.verifier
        self._faults = parts.faults
        self._log = parts.log

    def routes(self) -> list[web.RouteDef]:
        """What is answered where. The last one is for all that there is not."""
        return [
            web.post("/oauth/token", self._endpoint("token", self._token)),
            web.post(PROFILES, self._endpoint("create", self._create)),
            web.get(PROFILES, self._endpoint("list", self._list)),
            web.get(PROFILES + "/{id}", self._endpoint("get", self._get)),
            web.get(PROFILES + "/{id}/setup", self._endpoint("setup", self._setup)),
            web.put(PROFILES + "/{id}/verify", self._endpoint("verify", self._verify)),
            web.route("*", "/{path:.*}", self._endpoint("unknown", self._unknown)),
        ]

    # What every call goes through

    def _endpoint(self, name: str, work: Work) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            with self._log.entry(request, name, await request.read()) as entry:
                await asyncio.sleep(self._settings.latency)
                fault = self._faults.next_for(name, request.method, request.path)
                if fault is None:
                    response: web.StreamResponse = await self._admitted(request, name, work, entry)
                else:
                    entry["fault"] = True
                    response = await self._spoilt(request, name, work, entry, fault)
                entry["status"] = None if fault is not None and fault.close else response.status
                return response

        return handle

    async def _spoilt(
        self, request: web.Request, name: str, work: Work, entry: dict[str, Any], fault: Fault
    ) -> web.StreamResponse:
        if fault.expire:
            self._tokens.expire_all()
        if fault.late:
            await asyncio.sleep(fault.delay)
        true_answer = await self._admitted(request, name, work, entry) if fault.work else None
        if not fault.late:
            await asyncio.sleep(fault.delay)
        return await deliver(request, fault, true_answer)

    async def _admitted(self, request: web.Request, name: str, work: Work, entry: dict[str, Any]) -> web.Response:
        if name != "token" and not self._tokens.admits(request.headers, self._settings.auth_header):
            return _error(401, 40101, "Access token is missing, invalid or expired")
        response = await work(request)
        entry["done"] = response.status < 400
        return response

    # The contract

    async def _create(self, request: web.Request) -> web.Response:
        body = parse_json(await request.read())
        if not isinstance(body, dict):
            return _error(400, 40001, "Request body is no JSON object")
        for name in FIELDS:
            if body.get(name) is not None and not (isinstance(body[name], str) and body[name]):
                return _error(400, 40002, "%s must be a string, and not empty" % name)
        for name in ("profile_name", "sending_domain"):
            if body.get(name) is None:
                return _error(400, 40003, "%s is required" % name)
        return web.json_response(self._model.create(body).created_as_json(), status=202)

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response([profile.as_json() for profile in self._model.all()])

    async def _get(self, request: web.Request) -> web.Response:
        profile = self._profile(request)
        return web.json_response(profile.as_json()) if profile else _error(*_NOT_FOUND)

    async def _setup(self, request: web.Request) -> web.Response:
        profile = self._profile(request)
        if profile is None or (profile.state == CREATING and self._settings.early_setup == "missing"):
            return _error(*_NOT_FOUND)
        return web.json_response(profile.setup_as_json())

    async def _verify(self, request: web.Request) -> web.Response:
        profile = self._profile(request)
        if profile is None:
            return _error(*_NOT_FOUND)
        self._verifier.enqueue(profile)
        return web.Response(status=202)

    async def _token(self, request: web.Request) -> web.Response:
        lifetime = self._settings.token_lifetime
        grant_type = request.query.get("grant_type")
        if grant_type == "refresh_token":
            body = parse_json(await request.read())
            granted = self._tokens.refresh(body.get("refresh_token") if isinstance(body, dict) else None, lifetime)
            return web.json_response(granted) if granted else _error(403, 40106, "Refresh token is invalid")
        if grant_type == "password":
            granted = self._tokens.grant(*_basic(request.headers.get("Authorization", "")), lifetime)
            return web.json_response(granted) if granted else _error(403, 40102, "Username and password are incorrect")
        return _error(400, 40004, "grant_type must be password or refresh_token")

    async def _unknown(self, request: web.Request) -> web.Response:
        return _error(404, 40400, "There is no %s %s" % (request.method, request.path))

    def _profile(self, request: web.Request) -> Profile | None:
        return self._model.get(request.match_info["id"])


def _error(status: int, code: int, message: str) -> web.Response:
    data: dict[str, Any] = {"code": code, "message": message}
    return web.json_response(data, status=status)


def _basic(header: str) -> tuple[str, str]:
    """Key and secret of an HTTP Basic header; empty if it is none."""
    scheme, _space, encoded = header.partition(" ")
    try:
        key, _colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (key, secret) if scheme.lower() == "basic" else ("", "")
