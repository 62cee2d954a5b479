# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job of the collection, done on real parts: what C(make demo) runs.

A simulator of the service and a BIND name server run on this machine, on loopback; the collection that
C(ANSIBLE_COLLECTIONS_PATH) names is run as a user would run it. Everything ends with this program.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any

from tests.simulator import Simulator, running_simulator
from tests.support.bind import BindServer

BOLD, DIM, OFF = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")

ZONES = ("acorn.example", "acorn-links.example")
SENDING_DOMAIN = "mail.acorn.example"
LINK_DOMAIN = "go.acorn-links.example"

PLAYBOOK = """\
- name: Set up mail for acorn.example
  hosts: localhost
  gather_facts: false
  roles:
    - role: smtpd.email.sending_profile
      vars:
        sending_profile_name: newsletter
        sending_profile_sending_domain: mail.acorn.example
        sending_profile_bounce_domain: bounce.mail.acorn.example
        sending_profile_link_domain: go.acorn-links.example
        sending_profile_link_domain_default_redirect: https://www.acorn.example/
        sending_profile_dmarc: v=DMARC1; p=none
        sending_profile_dns_provider: octodns
        sending_profile_dns_zones: [acorn.example, acorn-links.example]
"""


class Stage:
    """The servers, and what is run against them.

    :param workdir: where the playbook and its variables are written.
    """

    def __init__(self, simulator: Simulator, bind: BindServer, workdir: Path) -> None:
        self.simulator = simulator
        self.bind = bind
        self.workdir = workdir
        provider, secrets = bind.octodns_provider()
        (workdir / "site.yml").write_text(PLAYBOOK)
        (workdir / "machine.json").write_text(
            json.dumps(
                {
                    "sending_profile_api_url": simulator.url,
                    "sending_profile_access_token": simulator.token,
                    "sending_profile_dns_octodns": provider,
                    "sending_profile_dns_octodns_secrets": secrets,
                    "sending_profile_dns_nameservers": [bind.address],
                    "sending_profile_wait_timeout": 30,
                    "sending_profile_wait_interval": 0.5,
                }
            )
        )

    def run_role(self) -> dict[str, int]:
        """Run the playbook, show what Ansible prints, and return the counts of its recap."""
        environ = dict(
            os.environ,
            ANSIBLE_LOCALHOST_WARNING="false",
            ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
            ANSIBLE_DISPLAY_SKIPPED_HOSTS="false",
            ANSIBLE_NOCOWS="true",
            ANSIBLE_PYTHON_INTERPRETER=sys.executable,
        )
        say("$ ansible-playbook site.yml", DIM)
        ansible_playbook = Path(sys.executable).with_name("ansible-playbook")
        process = subprocess.run(
            [ansible_playbook, "site.yml", "--extra-vars", "@machine.json"],
            check=False,
            cwd=self.workdir,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines = [line for line in process.stdout.splitlines() if line.strip()]
        say("\n".join(shorten(line) for line in lines))
        expect(process.returncode == 0, "the playbook ends well")
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", lines[-1])}

    def profile(self) -> dict[str, Any]:
        return self.simulator.profiles()[0]

    def await_state(self, state: str) -> None:
        deadline = time.monotonic() + 20
        while self.profile()["state"] != state and time.monotonic() < deadline:
            time.sleep(0.1)
        expect(self.profile()["state"] == state, "the service has the profile in state '%s'" % state)

    def show_dns(self) -> None:
        for zone in ZONES:
            say("zone %s" % zone, BOLD)
            say(textwrap.indent(self.bind.zone_text(zone), "  "))


def shorten(line: str) -> str:
    """Ansible fills its headings up with asterisks; a dozen do."""
    return line.rstrip("*") + "*" * min(8, len(line) - len(line.rstrip("*")))


def say(text: str, style: str = "") -> None:
    print("%s%s%s" % (style, text, OFF if style else ""), flush=True)


def headline(text: str) -> None:
    say("\n%s\n%s" % (text, "=" * len(text)), BOLD)


def expect(fact: bool, text: str) -> None:
    say("%s %s" % ("ok:" if fact else "NOT:", text), BOLD)
    if not fact:
        sys.exit("The demo ends here: it was expected that %s." % text)


def play(stage: Stage) -> None:
    headline("1. A new domain: create the profile, publish its records, have it verified")
    say("The playbook:\n\n%s" % textwrap.indent(PLAYBOOK, "  "))
    changed = stage.run_role()["changed"]
    expect(changed == 3, "three things changed: profile created, records published, profile verified")
    stage.show_dns()
    stage.await_state("active")

    headline("2. Run again: nothing to do")
    expect(stage.run_role()["changed"] == 0, "changed=0")

    headline("3. Somebody removes a record")
    stage.bind.delete(LINK_DOMAIN, "CNAME")
    say("removed: %s CNAME" % LINK_DOMAIN)
    stage.await_state("pending")

    headline("4. Run again: the record is published again, and the profile turns active")
    expect(stage.run_role()["changed"] == 2, "two things changed: record published, profile verified")
    stage.await_state("active")


def main() -> None:
    started = time.monotonic()
    # So that the servers are stopped however the demo is ended.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with (
        tempfile.TemporaryDirectory(prefix="smtpd-demo-") as workdir,
        BindServer(zones=ZONES) as bind,
        running_simulator(dns=bind.address, creating=1.0, recheck=0.5) as simulator,
    ):
        say("A simulated SMTPD service listens on %s, BIND on %s port %d." % (simulator.url, bind.host, bind.port))
        play(Stage(simulator, bind, Path(workdir)))
    headline("Done in %.0f s. Nothing is left running." % (time.monotonic() - started))


if __name__ == "__main__":
    main()
