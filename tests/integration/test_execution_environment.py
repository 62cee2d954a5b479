# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment, as far as it is made without a container engine: definition, build context, dependencies."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "execution-environment.yml"

pytestmark = pytest.mark.xdist_group("execution_environment")


def run(folder: Path, *command: str) -> str:
    """Run a tool that is installed beside this Python, and return what it printed."""
    tool = str(Path(sys.executable).with_name(command[0]))
    environ = {
        "PATH": "%s:%s" % (Path(sys.executable).parent, os.environ["PATH"]),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
    }
    result = subprocess.run(
        [tool, *command[1:]],
        cwd=folder,
        env=environ,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build context, made as the definition says: with the tarball of C(make build)."""
    folder = tmp_path_factory.mktemp("ee")
    shutil.copy(DEFINITION, folder)
    run(folder, "ansible-galaxy", "collection", "build", str(ROOT), "--output-path", "build")
    run(folder, "ansible-builder", "create", "--context", "context", "--output-filename", "Containerfile")
    return folder / "context"


@pytest.fixture(scope="module")
def installed(context: Path) -> Path:
    """The collection, installed as a step of the image's build does it, in the folder that is its working directory there."""
    target = context.parent / "collections"
    run(
        context / "_build",
        "ansible-galaxy",
        "collection",
        "install",
        "--requirements-file",
        "requirements.yml",
        "--offline",
        "--collections-path",
        str(target),
    )
    return target


def test_the_context_is_made_and_its_base_image_can_be_replaced(context: Path) -> None:
    text = (context / "Containerfile").read_text()
    base = yaml.safe_load(DEFINITION.read_text())["images"]["base_image"]["name"]
    assert re.search(r'^ARG EE_BASE_IMAGE="%s"$' % re.escape(base), text, re.MULTILINE)
    assert re.search(r"^FROM \$EE_BASE_IMAGE as base$", text, re.MULTILINE | re.IGNORECASE)


def test_the_collection_is_installed_out_of_the_context(installed: Path) -> None:
    folder = installed / "ansible_collections" / "smtpd" / "email"
    assert (folder / "plugins" / "modules" / "smtpd_dns_records.py").is_file()
    assert (folder / "playbooks" / "setup.yml").is_file()


def test_the_dependencies_are_those_of_the_collections_metadata(installed: Path) -> None:
    found = yaml.safe_load(run(installed.parent, "ansible-builder", "introspect", "--sanitize", str(installed)))
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert [line.partition("#")[0].strip() for line in found["python"]] == wanted
    assert found["system"] == [], "all of it is pure Python, or has wheels"


def test_the_image_gets_an_ansible_that_the_collection_supports() -> None:
    dependencies = yaml.safe_load(DEFINITION.read_text())["dependencies"]
    minor = re.fullmatch(r"ansible-core ~= 2\.(\d+)\.0", dependencies["ansible_core"]["package_pip"])
    oldest = re.search(r"2\.(\d+)", yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"])
    assert minor and oldest and int(minor[1]) >= int(oldest[1])
