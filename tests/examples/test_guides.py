# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides, followed as a reader would, in a playground.

A block of code with a caption is a file that the reader writes. A block of a console is run: lines that begin with C($ ) are
commands, and what is below has to be in what they print, in this order; C(...) stands for anything. A command has to end well, unless
what is below says C(fatal:). Other YAML is looked at: options and variables of the collection have to exist.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml

from tests.examples.documents import GUIDES, ROOT, Block, guide_blocks
from tests.integration.conftest import make_environ

# How a reader starts the playground, and goes there. Here a fixture does that.
STARTING = re.compile(r"git clone .*|cd \S+|make playground|\. \./activate")
PROSE = {"text", "none", "ini", "json", "hcl", "jinja", "sh"}


def guides() -> list[str]:
    return sorted(path.stem for path in GUIDES.glob("*.rst"))


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[Path]:
    """A folder as C(make playground) makes it, while its servers run."""
    folder = tmp_path / "playground"
    command = [sys.executable, "-m", "tests.playground", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        try:
            assert "listens" in process.stdout.readline()
            yield folder
        finally:
            process.terminate()
            process.wait(20)


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a console with the lines that are shown below it."""
    for part in re.split(r"^\$ ", block.content, flags=re.MULTILINE)[1:]:
        command, *shown = re.sub(r"\\\n>? *", "", part).strip().splitlines()
        yield command, shown


def assert_shows(shown: list[str], output: str) -> None:
    """Assert that what is shown is in the output in this order, whatever lies between, and however lines are broken."""
    output, position = normal(output), 0
    for line in shown:
        words = (re.escape(part.strip()) for part in normal(line).split("..."))
        found = re.compile(".*?".join(words)).search(output, position)
        assert found, "%r is not in, or not in this order:\n%s" % (line, output)
        position = found.end()


def normal(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("*", "")).strip()


# What they show is tested by shorter tests, too.
LONG = ("guide_audit", "guide_awx", "guide_event_driven", "guide_existing_account")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.thorough] * (name in LONG)) for name in guides()]
)
def test_a_guide_can_be_followed(name: str, playground: Path, tmp_path: Path) -> None:
    environ = make_environ(tmp_path / "home")
    for block in guide_blocks(GUIDES / (name + ".rst")):
        if block.file:
            path = playground / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.content.rstrip("\n") + "\n", encoding="utf-8")
        if block.language == "console":
            for command, shown in commands(block):
                if not STARTING.fullmatch(command):
                    follow(command, shown, playground, environ)


def follow(command: str, shown: list[str], folder: Path, environ: dict[str, str]) -> None:
    """Run a command of a guide, as in a shell where the playground is activated."""
    result = subprocess.run(
        ["bash", "-c", ". ./activate && " + command], cwd=folder, env=environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
    )  # fmt: skip
    fails = any(line.startswith("fatal:") for line in shown)
    assert bool(result.returncode) == fails, "%s\n%s" % (command, result.stdout)
    assert_shows(shown, result.stdout)


@pytest.fixture(scope="module")
def names() -> dict[str, set[str]]:
    """The options of each module, and the variables of all roles under the name C(role)."""
    modules = ["smtpd.email." + path.stem for path in (ROOT / "plugins" / "modules").glob("[!_]*.py")]
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", *modules]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {name: set(documentation["doc"]["options"]) for name, documentation in json.loads(output).items()}
    specs = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob("roles/*/meta/argument_specs.yml")]
    return {**found, "role": {name for spec in specs for name in spec["argument_specs"]["main"]["options"]}}


@pytest.mark.parametrize("name", guides())
def test_a_guide_shows_only_options_and_variables_that_exist(name: str, names: dict[str, set[str]]) -> None:
    for block in guide_blocks(GUIDES / (name + ".rst")):
        assert block.language in PROSE | {"console", "yaml", "yaml+jinja"}, "line %d: %s" % (block.line, block.language)
        if block.language in ("yaml", "yaml+jinja"):
            unknown = set(unknown_names(list(yaml.safe_load_all(block.content)), names))
            assert not unknown, "line %d" % block.line


def unknown_names(node: Any, names: dict[str, set[str]]) -> Iterator[str]:
    """Yield what a part of a playbook names, an option of a module or a variable of a role, and is not there."""
    if isinstance(node, list):
        for item in node:
            yield from unknown_names(item, names)
    if isinstance(node, dict):
        for key, value in node.items():
            if str(key).startswith(("sending_profile_", "smtpd_audit_")) and key not in names["role"]:
                yield key
            if key in names and isinstance(value, dict):
                yield from value.keys() - names[key]
            yield from unknown_names(value, names)


def test_the_guide_to_verification_explains_every_diagnosis() -> None:
    source = (ROOT / "plugins" / "modules" / "smtpd_dns_info.py").read_text(encoding="utf-8")
    documented = source[source.index("    diagnosis:\n") : source.index("    message:\n")]
    guide = (GUIDES / "guide_verification.rst").read_text(encoding="utf-8")
    explained = re.findall(r"^(\w+)\n\^+$", guide, re.MULTILINE)
    assert explained and set(explained) == set(re.findall(r"- V\((\w+)\) - ", documented))
