# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m tests.simulator): run the simulated service until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import logging
import signal
import socket
import sys
from dataclasses import fields

from aiohttp import web

from tests.simulator.app import make_application
from tests.simulator.model import Settings
from tests.simulator.tokens import Tokens

_HELP = {
    "creating": "how long a new profile is in 'creating'",
    "disable_after": "how long a profile may be in 'pending' before it is disabled; the real service takes 72 hours",
    "delete_after": "how long a disabled profile is kept before it is deleted",
    "recheck": "how often DNS is looked at unasked; that can only turn a profile from 'active' to 'pending'",
    "latency": "how long every answer takes",
    "token_lifetime": "how long a granted token is good",
    "dns": "ADDRESS:PORT of the name server to ask for records; without it every record counts as published",
    "auth_header": "which header must carry the token",
    "early_setup": "what the setup endpoint answers during 'creating': missing (404) or empty (no records)",
}


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator",
        description="The SMTPD service, simulated, on loopback. Prints one line of JSON with its URL once it listens. "
        "All times are in seconds.",
    )
    parser.add_argument(
        "--host",
        type=loopback_address,
        default="127.0.0.1",
        help="loopback address to listen on (default: %(default)s)",
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument(
        "--token", default="demo-token", help="an access token that never expires (default: %(default)s)"
    )
    parser.add_argument("--api-key", default="demo-key", help="key that tokens are granted for (default: %(default)s)")
    parser.add_argument("--api-secret", default="demo-secret", help="secret of the key (default: %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="log every request to the standard error")
    parser.add_argument(
        "--until-closed",
        type=int,
        metavar="FD",
        help="end when the other end of this inherited pipe is closed, for programs that start this",
    )
    for item in fields(Settings):
        parser.add_argument(
            "--" + item.name.replace("_", "-"),
            default=item.default,
            choices=Settings.CHOICES.get(item.name),
            type=float if isinstance(item.default, float) else str,
            help=_HELP[item.name] + " (default: %(default)s)",
        )
    return parser


def loopback_address(host: str) -> str:
    """The address to listen on, refused if other machines could reach it."""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        is_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise argparse.ArgumentTypeError("%s is no loopback address, and nothing else is safe here" % host)
    return address


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, so that the port is known before the first call comes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


async def serve(
    application: web.Application, listener: socket.socket, greeting: str, arguments: argparse.Namespace
) -> None:
    """Serve until a signal comes, or until the program that started this one is gone."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if arguments.until_closed is not None:
        loop.add_reader(arguments.until_closed, stop.set)
    access_log = logging.getLogger("access") if arguments.verbose else None
    runner = web.AppRunner(application, access_log=access_log, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        print(greeting, flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    parser = make_parser()
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.ERROR, format="%(message)s")
    try:
        settings = Settings(**{item.name: getattr(arguments, item.name) for item in fields(Settings)})
        listener = listen(arguments.host, arguments.port)
    except ValueError as error:
        parser.error(str(error))
    except (OSError, OverflowError) as error:
        sys.exit("cannot listen on port %d of %s: %s" % (arguments.port, arguments.host, error))
    shown_host = "[%s]" % arguments.host if ":" in arguments.host else arguments.host
    greeting = json.dumps(
        {
            "url": "http://%s:%d" % (shown_host, listener.getsockname()[1]),
            "token": arguments.token,
            "api_key": arguments.api_key,
            "api_secret": arguments.api_secret,
        }
    )
    tokens = Tokens(arguments.token, arguments.api_key, arguments.api_secret)
    with listener:
        asyncio.run(serve(make_application(settings, tokens), listener, greeting, arguments))


if __name__ == "__main__":
    main()
