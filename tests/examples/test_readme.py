# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the README and its picture promise."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.examples.documents import ROOT, readme_blocks
from tests.examples.test_plugins import ExampleServer, lead_here
from tests.integration.conftest import Ansible
from tests.simulator import Simulator
from tests.tools.demo_picture import scenes

README = ROOT / "README.md"
ROLES = sorted(ROOT.glob("roles/*/README.md"))


def test_the_playbook_of_the_readme_sets_up_a_domain_and_changes_nothing_the_second_time(
    tmp_path: Path, environ: dict[str, str], simulator: Simulator
) -> None:
    (block,) = readme_blocks(README)
    simulator.reset()
    with ExampleServer(zones=["example.com"]) as server, simulator.changed(dns=server.address):
        ansible = Ansible(tmp_path, environ)
        play = lead_here(yaml.safe_load(block.content), server)
        here = {"vault_dns_key": server.key_secret, "sending_profile_dns_nameservers": [server.address]}
        runs = [ansible.playbook(play, **here) for _time in range(2)]
    assert [run.returncode for run in runs] == [0, 0], runs[0].output + runs[1].output
    assert [profile["state"] for profile in simulator.profiles()] == ["active"]
    assert not runs[1].changed


def test_the_examples_of_a_role_run_as_they_stand(
    tmp_path: Path, environ: dict[str, str], simulator: Simulator
) -> None:
    simulator.reset()
    plays = [yaml.safe_load(block.content)[0] for role in ROLES for block in readme_blocks(role)]
    with ExampleServer(zones=["example.com"]) as server, simulator.changed(dns=server.address):
        here = {"vault_dns_key": server.key_secret, "sending_profile_dns_nameservers": [server.address],
                "smtpd_audit_nameservers": [server.address]}  # fmt: skip
        run = Ansible(tmp_path, environ).playbook(lead_here(plays, server), **here)
    # Nobody has published the records of alerts.example.com, so that the audit fails for it, as it is told to.
    assert run.failed == ["smtpd.email.smtpd_audit : Fail if a profile is as it must not be"], run.output
    assert run.of("Show what each of them is")["msg"] == ["active", "active"]
    assert [profile["state"] for profile in simulator.profiles()] == ["active", "active", "pending"]
    assert (tmp_path / "mail.html").exists()
    assert {play["name"] for play in plays} <= set(re.findall(r"PLAY \[(.*?)\]", run.output))


def test_the_box_of_the_readme_holds_what_is_there() -> None:
    text = README.read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text[text.index("## What is in the box") : text.index("## Read on")]))
    there = {
        path.stem
        for pattern in (
            "plugins/modules/*.py",
            "plugins/inventory/*.py",
            "plugins/filter/*.py",
            "roles/*",
            "playbooks/*.yml",
        )
        for path in ROOT.glob(pattern)
    }
    assert there <= named


def test_the_links_of_the_texts_lead_to_files() -> None:
    for path in [*ROOT.glob("*.md"), ROOT / "tests" / "simulator" / "README.md", *ROOT.glob("roles/*/README.md")]:
        links = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text(encoding="utf-8"))
        assert [link for link in links if not (path.parent / link).exists()] == [], path


def test_the_picture_shows_the_scenes_of_the_demo() -> None:
    from tests.demo import __main__ as demo

    source = Path(demo.__file__).read_text(encoding="utf-8")
    headlines = re.findall(r'headline\("(\d\. [^"]+)"\)', source)
    picture = (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    assert headlines
    assert [headline for headline in headlines if headline not in picture] == []
    assert list(scenes("1. A scene\nDone in 3 s. Nothing is left running.\n"))[1] == ("1. A scene", "bold cyan")
