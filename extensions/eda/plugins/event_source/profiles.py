# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event source that watches the sending profiles of an SMTPD account."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import importlib
import json
import os
import sys
import threading
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any, Callable

DOCUMENTATION = r"""
short_description: Events of the sending profiles of an SMTPD account
version_added: 0.1.0
description:
  - Watches the sending profiles of an account, and tells what happens to them, so that a rulebook can do something about it
    before mail fails. One call to the service lists all profiles, once in an O(interval).
  - Changes are told once. That something is unhealthy is told again, every O(reminder_interval) for as long as it lasts, so
    that what was tried in vain is tried again.
  - Each event has C(type), C(message) (a sentence), C(occurred_at) and C(meta.uuid). Those of a profile have C(profile), with
    C(profile_id), C(profile_name), C(sending_domain), C(link_domain), C(bounce_domain), C(state), C(was_active) (whether it
    was ever seen to be), C(modified_at), C(pending_since) and C(disabled_after) (an estimate).
  - C(profile_state_changed) - a profile is in another state, by C(confirmations) listings in a row. Has C(previous_state).
  - C(profile_unhealthy) - a profile is in state C(pending) or C(disabled) when watching begins, or still is after the
    O(reminder_interval). Has C(reminder), which counts from 0, and C(unhealthy_since).
  - C(profile_expiring) - a pending profile is going to be disabled in so many hours as O(expiring_hours) says.
    Has C(hours_left) and C(threshold).
  - C(profile_appeared), C(profile_disappeared) - a profile is there for the first time, or is gone. It is only gone when
    the service says so when it is asked for this profile, never because a listing failed or was incomplete.
  - C(dns_drift) - DNS does not answer right for an active profile, with O(dns=true). Has C(records), each with C(fqdn),
    C(type), C(rdata), C(status) and C(diagnosis), C(reminder) and C(drifting_since).
  - C(api_unreachable), C(api_recovered) - the service does not answer for longer than O(unreachable_after), and answers again.
    Has C(problem), C(failing_since), C(failures) and C(reminder).
  - Texts of the service that could be taken for templates have parentheses in place of braces, because events become
    variables of playbooks.
  - While the service does not answer, the pauses grow up to 15 minutes, with jitter, or as long as it asks for.
author:
  - The smtpd.email authors (@smtpd)
options:
  api_url:
    description:
      - Where the service is. A bare host name means C(https). C(http://) is refused unless the host is a loopback address.
      - If not given, the environment variable E(SMTPD_API_URL) is used, then E(SMTPD_HOST).
    type: str
    default: https://api.smtpd.dev
  access_token:
    description:
      - An access token. It wins over O(api_key) and O(api_secret). For a watcher that runs for long, key and secret are
        better, because they get a new token when one has expired.
      - If none of the three is given, all are taken from the environment, from E(SMTPD_ACCESS_TOKEN), E(SMTPD_API_KEY) and
        E(SMTPD_API_SECRET).
    type: str
  api_key:
    description:
      - An API key, together with O(api_secret). A key of the role C(read_only) is enough.
    type: str
  api_secret:
    description:
      - The secret of O(api_key).
    type: str
  validate_certs:
    description:
      - Whether the service's TLS certificate is checked.
      - If not given, the environment variable E(SMTPD_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file, or a directory, with the certificate authorities to trust in place of the usual ones.
      - If not given, the environment variable E(SMTPD_CA_PATH) is used.
    type: path
  timeout:
    description:
      - How long one request may take to connect, and then to answer, in seconds.
      - If not given, the environment variable E(SMTPD_TIMEOUT) is used.
    type: float
    default: 30.0
  retries:
    description:
      - How often a call is repeated in one look, before the look counts as failed.
    type: int
    default: 4
  rate_limit:
    description:
      - How many calls to the service may be made in a second at most.
      - If neither this nor the environment variable E(SMTPD_RATE_LIMIT) is given, it is not limited.
    type: float
  interval:
    description:
      - From one look to the next, in seconds.
    type: float
    default: 300.0
  confirmations:
    description:
      - How many looks in a row have to show something before it is told.
    type: int
    default: 2
  reminder_interval:
    description:
      - After how many seconds something that lasts is told again. V(0) for never.
    type: float
    default: 3600.0
  expiring_hours:
    description:
      - How many hours before a pending profile is disabled that is told. An empty list for not at all.
    type: list
    elements: float
    default: [24, 6, 1]
  unreachable_after:
    description:
      - For how many seconds the service does not answer before that is told.
    type: float
    default: 900.0
  state_file:
    description:
      - A file in which is kept what was told and what is still to be told, so that a start neither repeats nor loses an event.
        Each watcher needs one of its own.
      - Who is killed while events are delivered may deliver the last ones again, with the same C(meta.uuid).
      - One that cannot be read is moved aside, and watching begins anew. Without a file it always does; then unhealthy
        profiles are told, and what happened meanwhile is not.
    type: path
  dns:
    description:
      - Whether to ask DNS too, so that a lost record is noticed before the service does. The records of each profile are
        got from the service, by one call for each when it is its turn for the first time.
      - Needs the Python library dnspython >= 2.4.
    type: bool
    default: false
  dns_interval:
    description:
      - How often DNS is asked about each profile, in seconds. A share of them has its turn with every look. A profile for
        which DNS did not answer right has it with the next one.
    type: float
    default: 3600.0
  dns_timeout:
    description:
      - How long to wait for the answer to one question to DNS, in seconds.
    type: float
    default: 5.0
  nameservers:
    description:
      - The DNS servers to ask, each as C(host), C(host:port), or C([IPv6 address]:port).
      - If empty, the authoritative servers of each zone are found and asked.
    type: list
    elements: str
    default: []
  resolver:
    description:
      - The resolver by which authoritative servers are found. If not given, that of the system.
    type: str
requirements:
  - requests (Python library) >= 2.28
notes:
  - An argument that is an empty string counts as not given, and so does an empty environment variable.
  - Wrong arguments, and credentials that the service refuses at the first look, end the rulebook with an error. Later errors of
    the service never do.
"""

EXAMPLES = r"""
# Where to reach the service is in the environment
- smtpd.email.profiles:

# Every minute, with DNS, and with what is known kept from one start to the next
- smtpd.email.profiles:
    api_key: "{{ smtpd_api_key }}"
    api_secret: "{{ smtpd_api_secret }}"
    interval: 60
    state_file: /var/lib/ansible-rulebook/smtpd-profiles.json
    dns: true
    expiring_hours: [48, 24, 6, 1]
"""

_CODE = Path(__file__).resolve().parents[4] / "plugins" / "module_utils"


def _load(name: str) -> Any:
    """One of the collection's module_utils.

    This file is run by its path, and so belongs to no package. The folder of the module_utils becomes one here, with a
    name of its own for each folder: other sources, or another version of this collection, cannot get in the way.
    """
    package = "_smtpd_email_%s" % hashlib.sha256(str(_CODE).encode()).hexdigest()[:16]
    if package not in sys.modules:
        if not _CODE.is_dir():
            raise RuntimeError(
                "The event source profiles needs the rest of the collection smtpd.email in %s. Install "
                "the collection, and name the source smtpd.email.profiles." % _CODE.parents[1]
            )
        spec = ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(_CODE)]
        sys.modules[package] = module_from_spec(spec)
    return importlib.import_module("%s.%s" % (package, name))


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Watch, until cancelled.

    :raises Exception: an argument cannot work, or the service does not let us in at the first look.
    """
    watcher = await _in_thread(_load("_watch_run").start, args, os.environ)
    try:
        await _deliver(queue, watcher)
        while True:
            await _in_thread(watcher.tick)
            await _deliver(queue, watcher)
            await asyncio.sleep(watcher.pause())
    finally:
        watcher.close()


async def _deliver(queue: Any, watcher: Any) -> None:
    while (event := watcher.next_event()) is not None:
        # A copy, because filters of the rulebook change it.
        await queue.put(copy.deepcopy(event))
        watcher.delivered()


async def _in_thread(act: Callable[..., Any], *arguments: Any) -> Any:
    """Do something that blocks in a thread that nobody waits for any more when this is cancelled.

    With asyncio.to_thread a rulebook could not end while the service keeps us waiting.
    """
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if not future.done():
            future.set_exception(error) if error else future.set_result(result)

    def run() -> None:
        result, error = None, None
        try:
            result = act(*arguments)
        except BaseException as caught:
            error = caught
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:  # the loop is closed
            pass

    threading.Thread(target=run, name="smtpd.email.profiles", daemon=True).start()
    return await future


if __name__ == "__main__":

    class _Printer:
        """Shows events in place of a rulebook."""

        async def put(self, event: dict[str, Any]) -> None:
            """Show an event."""
            print(json.dumps(event), flush=True)

    # Such as: python profiles.py '{"interval": 10}'
    asyncio.run(main(_Printer(), json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
