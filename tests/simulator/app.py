# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service over HTTP: the contract's endpoints, and those under /_simulator/ by which tests and people direct it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import time
from dataclasses import asdict
from typing import Any, AsyncIterator, Awaitable, Callable

from aiohttp import web

from tests.simulator.dns_check import DnsCheck
from tests.simulator.faults import Fault
from tests.simulator.model import ACTIVE, CREATING, FIELDS, PENDING, Model, Profile, Settings
from tests.simulator.tokens import Tokens

PROFILES = "/api/v1/profile/email"
ADMIN = "/_simulator"
_NOT_FOUND = (404, 40401, "Resource ID provided is invalid")
_VERIFICATIONS_AT_ONCE = 100

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Service:
    """The simulated service.

    :param settings: how it behaves; can be changed while it runs.
    """

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self.settings = settings
        self.model = Model(settings)
        self._tokens = tokens
        self._faults: list[Fault] = []
        self._log: list[dict[str, Any]] = []
        self._in_flight = 0
        self._most_in_flight = 0
        self._to_verify: set[asyncio.Task[None]] = set()

    def application(self) -> web.Application:
        """The application to serve."""
        app = web.Application(client_max_size=1 << 20)
        app.add_routes([
            web.post("/oauth/token", self._endpoint("token", self._token)),
            web.post(PROFILES, self._endpoint("create", self._create)),
            web.get(PROFILES, self._endpoint("list", self._list)),
            web.get(PROFILES + "/{id}", self._endpoint("get", self._get)),
            web.get(PROFILES + "/{id}/setup", self._endpoint("setup", self._setup)),
            web.put(PROFILES + "/{id}/verify", self._endpoint("verify", self._verify)),
            web.get(ADMIN + "/requests", self._show_log),
            web.delete(ADMIN + "/requests", self._clear_log),
            web.post(ADMIN + "/faults", self._add_fault),
            web.delete(ADMIN + "/faults", self._clear_faults),
            web.get(ADMIN + "/settings", self._show_settings),
            web.put(ADMIN + "/settings", self._change_settings),
            web.get(ADMIN + "/profiles", self._show_profiles),
            web.post(ADMIN + "/profiles", self._seed_profile),
            web.patch(ADMIN + "/profiles/{id}", self._patch_profile),
            web.delete(ADMIN + "/profiles/{id}", self._delete_profile),
            web.post(ADMIN + "/reset", self._reset),
        ])
        app.cleanup_ctx.append(self._background)
        return app

    # What every call goes through

    def _endpoint(self, name: str, work: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            entry = await self._note(request, name)
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
            try:
                await asyncio.sleep(self.settings.latency)
                fault = next((fault for fault in self._faults if fault.applies(name)), None)
                if fault is None:
                    response: web.StreamResponse = await self._admitted(request, name, work)
                else:
                    entry["fault"] = True
                    true_answer = await self._admitted(request, name, work) if fault.work else None
                    response = await fault.answer(request, true_answer)
                entry["status"] = response.status
                return response
            finally:
                self._in_flight -= 1

        return handle

    async def _admitted(self, request: web.Request, name: str, work: Handler) -> web.Response:
        if name != "token" and not self._tokens.admits(request.headers, self.settings.auth_header):
            return _error(401, 40101, "Access token is missing, invalid or expired")
        return await work(request)

    async def _note(self, request: web.Request, name: str) -> dict[str, Any]:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        entry = {
            "endpoint": name,
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "headers": dict(request.headers),
            "body": _json(await request.read()),
            "peer": "%s:%d" % peer[:2] if peer else None,
            "time": time.time(),
            "status": None,
            "fault": False,
        }
        self._log.append(entry)
        return entry

    # The contract

    async def _create(self, request: web.Request) -> web.Response:
        body = _json(await request.read())
        if not isinstance(body, dict):
            return _error(400, 40001, "Request body is no JSON object")
        for name in FIELDS:
            if body.get(name) is not None and not isinstance(body[name], str):
                return _error(400, 40002, "%s must be a string" % name)
        for name in ("profile_name", "sending_domain"):
            if not body.get(name):
                return _error(400, 40003, "%s is required" % name)
        profile = self.model.create(body)
        shown = profile.as_json()
        return web.json_response({name: shown[name] for name in ("profile_id", "profile_name", "state")}, status=202)

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response([profile.as_json() for profile in self.model.all()])

    async def _get(self, request: web.Request) -> web.Response:
        profile = self._profile(request)
        return web.json_response(profile.as_json()) if profile else _error(*_NOT_FOUND)

    async def _setup(self, request: web.Request) -> web.Response:
        profile = self._profile(request)
        if profile is None or (profile.state == CREATING and self.settings.early_setup == "missing"):
            return _error(*_NOT_FOUND)
        shown = profile.setup_as_json()
        return web.json_response(dict(shown, dns_records=[]) if profile.state == CREATING else shown)

    async def _verify(self, request: web.Request) -> web.Response:
        profile = self._profile(request)
        if profile is None:
            return _error(*_NOT_FOUND)
        task = asyncio.create_task(self._look_at_dns(profile, asked=True))
        self._to_verify.add(task)
        task.add_done_callback(self._to_verify.discard)
        return web.Response(status=202)

    async def _token(self, request: web.Request) -> web.Response:
        lifetime = self.settings.token_lifetime
        if request.query.get("grant_type") == "refresh_token":
            body = _json(await request.read())
            granted = self._tokens.refresh(body.get("refresh_token") if isinstance(body, dict) else None, lifetime)
            return web.json_response(granted) if granted else _error(403, 40106, "Refresh token is invalid")
        if request.query.get("grant_type") != "password":
            return _error(400, 40004, "grant_type must be password or refresh_token")
        granted = self._tokens.grant(*_basic(request.headers.get("Authorization", "")), lifetime)
        return web.json_response(granted) if granted else _error(403, 40102, "Username and password are incorrect")

    def _profile(self, request: web.Request) -> Profile | None:
        return self.model.get(request.match_info["id"])

    # Verification

    async def _look_at_dns(self, profile: Profile, asked: bool) -> None:
        async with self._verifications:
            right = await self._dns.look(self.settings.dns, profile.dns_records)
            self.model.judge(profile, right, asked)

    async def _recheck(self) -> None:
        while True:
            self._settings_changed.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._settings_changed.wait(), self.settings.recheck)
                continue  # perhaps it is to be sooner now
            watched = [profile for profile in self.model.all() if profile.state in (ACTIVE, PENDING)]
            await asyncio.gather(*(self._look_at_dns(profile, asked=False) for profile in watched))

    async def _background(self, _app: web.Application) -> AsyncIterator[None]:
        self._dns = DnsCheck()
        self._settings_changed = asyncio.Event()
        self._verifications = asyncio.Semaphore(_VERIFICATIONS_AT_ONCE)
        recheck = asyncio.create_task(self._recheck())
        yield
        for task in (recheck, *self._to_verify):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # Directing it

    async def _show_log(self, request: web.Request) -> web.Response:
        return web.json_response({"requests": self._log, "most_in_flight": self._most_in_flight})

    async def _clear_log(self, request: web.Request) -> web.Response:
        self._log.clear()
        self._most_in_flight = self._in_flight
        return web.Response(status=204)

    async def _add_fault(self, request: web.Request) -> web.Response:
        try:
            self._faults.append(Fault.from_json(await request.json()))
        except (ValueError, TypeError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.Response(status=204)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._faults.clear()
        return web.Response(status=204)

    async def _show_settings(self, request: web.Request) -> web.Response:
        return web.json_response(asdict(self.settings))

    async def _change_settings(self, request: web.Request) -> web.Response:
        try:
            self.settings.update(await request.json())
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        self._settings_changed.set()
        return await self._show_settings(request)

    async def _show_profiles(self, request: web.Request) -> web.Response:
        return web.json_response([_whole(profile) for profile in self.model.all()])

    async def _seed_profile(self, request: web.Request) -> web.Response:
        return web.json_response(_whole(self.model.seed(await request.json())), status=201)

    async def _patch_profile(self, request: web.Request) -> web.Response:
        profile = self._profile(request)
        if profile is None:
            raise web.HTTPNotFound
        self.model.patch(profile, await request.json())
        return web.json_response(_whole(profile))

    async def _delete_profile(self, request: web.Request) -> web.Response:
        profile = self._profile(request)
        if profile is not None:
            self.model.delete(profile)
        return web.Response(status=204)

    async def _reset(self, request: web.Request) -> web.Response:
        self.model.clear()
        self._faults.clear()
        return await self._clear_log(request)


def _whole(profile: Profile) -> dict[str, Any]:
    return dict(profile.as_json(), dns_records=profile.dns_records)


def _error(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _basic(header: str) -> tuple[str, str]:
    try:
        key, _colon, secret = base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return key, secret
