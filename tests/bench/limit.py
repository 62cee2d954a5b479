# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least that can be done: the same calls and the same DNS records, by a program that does nothing else.

C(python limit.py VARIABLES.json): no options, no checks, no regard for what is there, no repetition. What the role
takes beyond this is the price of Ansible and of its care.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from pathlib import Path
from typing import Any, Awaitable, Callable, Iterable

import aiohttp
import dns.asyncquery
import dns.name
import dns.rcode
import dns.tsigkeyring
import dns.update

_PROFILES_A_MESSAGE = 40  # 360 records, which fit the 64 KiB of a DNS message
_PAUSE = 0.1  # seconds between two looks at the list


async def run(variables: dict[str, Any]) -> None:
    slots = asyncio.Semaphore(variables["concurrency"])
    connector = aiohttp.TCPConnector(limit=variables["concurrency"])
    async with aiohttp.ClientSession(headers=variables["headers"], connector=connector) as session:
        url = variables["profiles_url"]

        async def call(method: str, path: str = "", **more: Any) -> Any:
            async with slots, session.request(method, url + path, **more) as answer:
                answer.raise_for_status()
                return await answer.json() if answer.content_length else None

        async def until(is_done: Callable[[str], bool]) -> None:
            while not all(is_done(profile["state"]) for profile in await call("GET")):
                await asyncio.sleep(_PAUSE)

        known = {profile["profile_name"] for profile in await call("GET")}
        new = [profile for profile in variables["profiles"] if profile["profile_name"] not in known]
        created = await all_of(call("POST", json=profile) for profile in new)
        ids = [profile["profile_id"] for profile in created]
        await until(lambda state: state != "creating")
        setups = await all_of(call("GET", "/%s/setup" % profile_id) for profile_id in ids)
        await publish([setup["dns_records"] for setup in setups], variables)
        await all_of(call("PUT", "/%s/verify" % profile_id) for profile_id in ids)
        await until(lambda state: state == "active")


async def all_of(work: Iterable[Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*work)


async def publish(records_of_profiles: list[list[dict[str, Any]]], variables: dict[str, Any]) -> None:
    server = variables["dns"]
    keyring = dns.tsigkeyring.from_text({server["key_name"]: (server["key_algorithm"], server["key_secret"])})
    for zone in variables["zones"]:
        origin = dns.name.from_text(zone)
        here = [records for records in records_of_profiles if records[0]["name"].endswith("." + zone)]
        for start in range(0, len(here), _PROFILES_A_MESSAGE):
            update = dns.update.UpdateMessage(origin, keyring=keyring)
            for record in itertools.chain.from_iterable(here[start : start + _PROFILES_A_MESSAGE]):
                update.add(dns.name.from_text(record["name"]), 3600, record["type"], rdata(record))
            answer = await dns.asyncquery.tcp(update, server["server"], port=server["port"], timeout=60)
            if answer.rcode() != dns.rcode.NOERROR:
                raise RuntimeError("the name server answers %s" % dns.rcode.to_text(answer.rcode()))


def rdata(record: dict[str, Any]) -> str:
    return {"CNAME": "%s.", "MX": "10 %s.", "TXT": '"%s"'}[record["type"]] % record["value"]


if __name__ == "__main__":
    asyncio.run(run(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
