# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints under /_simulator/ by which tests and people direct the service. They need no token."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Awaitable, Callable

from aiohttp import web

from tests.simulator.faults import Fault
from tests.simulator.model import Profile, check_fields
from tests.simulator.parts import Parts

PREFIX = "/_simulator"

Handler = Callable[[web.Request], Awaitable[web.Response]]


class Admin:
    """What directs the service."""

    def __init__(self, parts: Parts) -> None:
        self._settings = parts.settings
        self._tokens = parts.tokens
        self._model = parts.model
        self._verifier = parts.verifier
        self._faults = parts.faults
        self._log = parts.log

    def routes(self) -> list[web.RouteDef]:
        """What is answered where."""
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/requests", self._show_log),
            ("DELETE", "/requests", self._clear_log),
            ("GET", "/faults", self._show_faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("GET", "/settings", self._show_settings),
            ("PUT", "/settings", self._change_settings),
            ("GET", "/profiles", self._show_profiles),
            ("POST", "/profiles", self._seed_profiles),
            ("PATCH", "/profiles/{id}", self._patch_profile),
            ("DELETE", "/profiles/{id}", self._delete_profile),
            ("DELETE", "/tokens", self._expire_tokens),
            ("POST", "/reset", self._reset),
            ("*", "/{path:.*}", self._unknown),
        ]
        return [web.route(method, PREFIX + path, _telling_mistakes(handler)) for method, path, handler in table]

    async def _show_log(self, _request: web.Request) -> web.Response:
        return web.json_response(self._log.as_json())

    async def _clear_log(self, _request: web.Request) -> web.Response:
        self._log.clear()
        return web.Response(status=204)

    async def _show_faults(self, _request: web.Request) -> web.Response:
        return web.json_response(self._faults.as_json())

    async def _add_fault(self, request: web.Request) -> web.Response:
        self._faults.add(Fault.from_json(_object(await request.json())))
        return web.Response(status=204)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._faults.clear()
        return web.Response(status=204)

    async def _show_settings(self, _request: web.Request) -> web.Response:
        return web.json_response(asdict(self._settings))

    async def _change_settings(self, request: web.Request) -> web.Response:
        changes = _object(await request.json())
        self._settings.update(changes)
        if changes:
            self._verifier.settings_changed()
        return web.json_response(asdict(self._settings))

    async def _show_profiles(self, _request: web.Request) -> web.Response:
        return web.json_response([_whole(profile) for profile in self._model.all()])

    async def _seed_profiles(self, request: web.Request) -> web.Response:
        data = await request.json()
        if not isinstance(data, list):
            return web.json_response(_whole(self._model.seed(_object(data))), status=201)
        for item in data:
            check_fields(_object(item), "profile_id")
        return web.json_response([_whole(self._model.seed(item)) for item in data], status=201)

    async def _patch_profile(self, request: web.Request) -> web.Response:
        profile = self._model.get(request.match_info["id"])
        if profile is None:
            raise web.HTTPNotFound
        self._model.patch(profile, _object(await request.json()))
        return web.json_response(_whole(profile))

    async def _delete_profile(self, request: web.Request) -> web.Response:
        profile = self._model.get(request.match_info["id"])
        if profile is not None:
            self._model.delete(profile)
        return web.Response(status=204)

    async def _expire_tokens(self, _request: web.Request) -> web.Response:
        self._tokens.expire_all()
        return web.Response(status=204)

    async def _reset(self, _request: web.Request) -> web.Response:
        self._model.clear()
        self._tokens.expire_all()
        self._faults.clear()
        self._log.clear()
        return web.Response(status=204)

    async def _unknown(self, _request: web.Request) -> web.Response:
        raise web.HTTPNotFound


def _telling_mistakes(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except ValueError as error:
            raise web.HTTPBadRequest(text="%s\n" % error) from None

    return handle


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError("a JSON object is expected")
    return data


def _whole(profile: Profile) -> dict[str, Any]:
    return dict(profile.as_json(), dns_records=profile.dns_records)
