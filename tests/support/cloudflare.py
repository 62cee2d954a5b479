# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of Cloudflare's API that its octoDNS provider calls, on a free port of loopback, with one zone.

with CloudflareServer("example.com") as cloudflare:
    cloudflare.add("www.example.com", "A", "192.0.2.1", proxied=True)
"""

from __future__ import annotations

import itertools
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Optional
from urllib.parse import urlsplit

_DEFAULTS = {"ttl": 1, "comment": None, "tags": [], "proxied": False}
_ZONE_ID = "z1"


class CloudflareServer:
    """A running API. It ends with C(stop()), the C(with) block, or the program.

    :ivar records: of the zone, by their ids.
    :ivar writes: the requests that were not to read, as method and record.
    """

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self.token = secrets.token_hex(20)
        self.records: dict[str, dict[str, Any]] = {}
        self.writes: list[tuple[str, dict[str, Any]]] = []
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> CloudflareServer:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def octodns_provider(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Values for the options C(provider) and C(provider_secrets) of C(smtpd_dns_records)."""
        url = "http://127.0.0.1:%d" % self._server.server_address[1]
        provider = {"class": "octodns_cloudflare.CloudflareProvider", "pagerules": False, "api_url": url}
        return provider, {"token": self.token}

    def add(self, name: str, type_: str, content: str, **more: Any) -> dict[str, Any]:
        """Add a record, with what the API gives each by default.

        :returns: the record.
        """
        return self._store("r%d" % next(self._numbers), {**more, "name": name, "type": type_, "content": content})

    def _store(self, id_: str, given: dict[str, Any]) -> dict[str, Any]:
        # As the API has it: what is left out gets its default, and hosts have no trailing dot.
        content = given["content"] if given["type"] == "TXT" else given["content"].rstrip(".")
        self.records[id_] = {**_DEFAULTS, **given, "id": id_, "content": content}
        return self.records[id_]

    def called(self, name: str, type_: str) -> list[dict[str, Any]]:
        """The records of a name and type."""
        return [one for one in self.records.values() if (one["name"], one["type"]) == (name, type_)]

    def _answer(self, method: str, path: str, data: Optional[dict[str, Any]]) -> Any:
        if path == "/zones":
            return [{"id": _ZONE_ID, "name": self.zone, "plan": {}, "name_servers": []}]
        _folder, _slash, id_ = path.partition("/zones/%s/dns_records" % _ZONE_ID)[2].partition("/")
        if method == "GET":
            return list(self.records.values())
        self.writes.append((method, dict(data or self.records[id_])))
        if method == "DELETE":
            return self.records.pop(id_)
        return self._store(id_ or "r%d" % next(self._numbers), data or {})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                result = server._answer(self.command, urlsplit(self.path).path, json.loads(body) if body else None)
                count = len(result) if isinstance(result, list) else 1
                answer = {"success": True, "result": result, "result_info": {"count": count, "per_page": count + 1}}
                text = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = _serve

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        return Handler
