# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m tests.simulator): run the simulated service until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import json
import logging
import signal
import socket
from dataclasses import fields

from aiohttp import web

from tests.simulator.app import Service
from tests.simulator.model import Settings
from tests.simulator.tokens import Tokens

_HELP = {
    "creating": "how long a new profile is in 'creating'",
    "disable_after": "how long a profile may be in 'pending' before it is disabled; the real service takes 72 hours",
    "delete_after": "how long a disabled profile is kept before it is deleted",
    "recheck": "how often DNS is looked at unasked; that can only turn a profile from 'active' to 'pending'",
    "latency": "how long every answer takes",
    "token_lifetime": "how long a granted token is good",
    "dns": "HOST:PORT of the name server to ask for records; without it every record counts as published",
    "auth_header": "which header must carry the token: " + ", ".join(Settings.CHOICES["auth_header"]),
    "early_setup": "what the setup endpoint answers during 'creating': missing (404) or empty (no records)",
}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator",
        description="The SMTPD service, simulated, on loopback. Prints one line of JSON with its URL once it listens. "
                    "All times are in seconds.")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--token", default="demo-token", help="an access token that never expires (default: %(default)s)")
    parser.add_argument("--api-key", default="demo-key", help="default: %(default)s")
    parser.add_argument("--api-secret", default="demo-secret", help="default: %(default)s")
    parser.add_argument("--verbose", action="store_true", help="log every request to the standard error")
    for item in fields(Settings):
        parser.add_argument(
            "--" + item.name.replace("_", "-"), default=item.default, choices=Settings.CHOICES.get(item.name),
            type=float if isinstance(item.default, float) else str, help=_HELP[item.name] + " (default: %(default)s)")
    arguments = parser.parse_args()
    if not is_loopback(arguments.host):
        parser.error("--host %s is no loopback address: this service keeps no secret" % arguments.host)
    return arguments


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, so that the port is known before the first call comes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


async def serve(arguments: argparse.Namespace) -> None:
    settings = Settings(**{item.name: getattr(arguments, item.name) for item in fields(Settings)})
    service = Service(settings, Tokens(arguments.token, arguments.api_key, arguments.api_secret))
    runner = web.AppRunner(service.application(), access_log=logging.getLogger("access") if arguments.verbose else None,
                           shutdown_timeout=0.1)
    await runner.setup()
    listener = listen(arguments.host, arguments.port)
    await web.SockSite(runner, listener).start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    shown_host = "[%s]" % arguments.host if ":" in arguments.host else arguments.host
    print(json.dumps({
        "url": "http://%s:%d" % (shown_host, listener.getsockname()[1]),
        "token": arguments.token, "api_key": arguments.api_key, "api_secret": arguments.api_secret,
    }), flush=True)
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    arguments = parse_arguments()
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.ERROR, format="%(message)s")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments))


if __name__ == "__main__":
    main()
