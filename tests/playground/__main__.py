# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A place to try playbooks without any account: what C(make playground) runs, and what the tutorial needs.

A simulator of the service and a BIND name server run on this machine, on loopback, until this program is told to end. The
folder gets what leads Ansible to them: C(activate), to be sourced by a shell, C(ansible.cfg), C(group_vars/all.yml), and for
programs C(simulator.json).
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import threading
from pathlib import Path

import yaml

from tests.simulator import Simulator, running_simulator
from tests.support.bind import BindServer

ZONES = ["acorn.example", "acorn-links.example"]

CONFIGURATION = """\
[defaults]
localhost_warning = false
nocows = true
display_skipped_hosts = false
callback_result_format = yaml

[connection]
pipelining = true

[inventory]
inventory_unparsed_warning = false
"""

VARIABLES = """\
---
# How the role publishes DNS records: by dynamic updates (RFC 2136) of the name server of this playground.
%s
"""

WELCOME = """\
A simulated SMTPD listens on {url}, BIND on {bind}, with the zones {zones}.
In another terminal:

    cd {folder}
    . ./activate

Both end with Ctrl-C here.
"""


def activation(folder: Path, simulator: Simulator) -> str:
    """Return shell code that leads the commands of Ansible to the collection and to the simulator."""
    variables = {
        "SMTPD_API_URL": simulator.url,
        "SMTPD_API_KEY": simulator.api_key,
        "SMTPD_API_SECRET": simulator.api_secret,
    }
    if (folder / "collections").is_dir():
        variables["ANSIBLE_COLLECTIONS_PATH"] = str(folder / "collections")
    lines = ["export %s=%s" % (name, shlex.quote(value)) for name, value in variables.items()]
    lines.append('export PATH=%s:"$PATH"' % shlex.quote(str(Path(sys.executable).parent)))
    return "\n".join(lines) + "\n"


def variables(bind: BindServer) -> str:
    """Return the role's variables for publishing at the name server, as YAML."""
    provider, secrets = bind.octodns_provider()
    values = {
        "sending_profile_dns_octodns": provider,
        "sending_profile_dns_octodns_secrets": secrets,
        "sending_profile_dns_zones": ZONES,
        "sending_profile_dns_nameservers": [bind.address],
    }
    return VARIABLES % yaml.safe_dump(values, sort_keys=False).rstrip()


def write(folder: Path, simulator: Simulator, bind: BindServer) -> None:
    (folder / "group_vars").mkdir(parents=True, exist_ok=True)
    (folder / "ansible.cfg").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "group_vars" / "all.yml").write_text(variables(bind), encoding="utf-8")
    greeting = {name: getattr(simulator, name) for name in ("url", "token", "api_key", "api_secret")}
    (folder / "simulator.json").write_text(json.dumps(greeting), encoding="utf-8")
    (folder / "activate").write_text(activation(folder, simulator), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.playground", description="A place to try playbooks without any account."
    )
    parser.add_argument("folder", type=Path, help="where the files are written that lead Ansible to the servers")
    folder = parser.parse_args().folder.resolve()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    with BindServer(zones=ZONES) as bind, running_simulator(dns=bind.address, creating=1.0, recheck=0.5) as simulator:
        write(folder, simulator, bind)
        shown = os.path.relpath(folder)
        print(WELCOME.format(url=simulator.url, bind=bind.address, zones=" and ".join(ZONES), folder=shown), flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
