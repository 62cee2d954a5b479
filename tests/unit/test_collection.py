# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that the parts of the collection agree with each other, as far as ansible-test sanity does not look."""

from __future__ import annotations

import ast
import functools
import importlib
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from ansible.module_utils import basic

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[!_]*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
GROUP = "smtpd"


def load_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def committed_files() -> set[str]:
    """Return the paths of what is committed, or is there and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name for name in listing.split("\0") if name and (ROOT / name).is_file()}


def beside_python(name: str) -> str:
    """Return the command of that name that belongs to this Python, also where its environment is not activated."""
    return str(Path(sys.executable).with_name(name))


def import_module(name: str) -> Any:
    return importlib.import_module("ansible_collections.smtpd.email.plugins.modules.%s" % name)


@functools.cache
def argument_spec(name: str) -> dict[str, Any]:
    """Return the argument spec with which the module makes its AnsibleModule."""
    captured: list[dict[str, Any]] = []

    def capture(_self: Any, argument_spec: dict[str, Any], **_other: Any) -> None:
        captured.append(argument_spec)
        raise SystemExit

    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(basic.AnsibleModule, "__init__", capture)
        import_module(name).main()
    return captured[0]


@pytest.fixture(scope="module")
def docs() -> dict[str, Any]:
    """Return the documentation of all modules, with the fragments in it, as ansible-doc has it."""
    command = [beside_python("ansible-doc"), "--type", "module", "--json"]
    names = ["smtpd.email.%s" % name for name in MODULES]
    output = subprocess.run([*command, *names], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name.rpartition(".")[2]: doc for name, doc in json.loads(output).items()}


def test_there_is_something_to_check() -> None:
    assert MODULES
    assert ROLES


# Modules


def test_the_action_group_is_the_modules_that_call_the_service() -> None:
    group = load_yaml(ROOT / "meta" / "runtime.yml")["action_groups"][GROUP]
    assert group == [name for name in MODULES if "api_url" in argument_spec(name)]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_an_action_that_can_start_it(name: str) -> None:
    action = importlib.import_module("ansible_collections.smtpd.email.plugins.action.%s" % name)
    assert action.ActionModule.main is import_module(name).main


@pytest.mark.parametrize("name", MODULES)
def test_a_module_tells_of_its_action_group(name: str, docs: dict[str, Any]) -> None:
    attribute = docs[name]["doc"]["attributes"].get("action_group", {})
    expected = ["smtpd.email.%s" % GROUP] if "api_url" in argument_spec(name) else None
    assert attribute.get("membership") == expected


@pytest.mark.parametrize("name", MODULES)
def test_a_module_tells_of_check_mode_diff_mode_and_idempotence(name: str, docs: dict[str, Any]) -> None:
    assert {"check_mode", "diff_mode", "idempotent"} <= docs[name]["doc"]["attributes"].keys()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_mentioned_by_another_test(name: str) -> None:
    files = [ROOT / file for file in committed_files() if file.startswith(("tests/unit/", "tests/integration/"))]
    word = re.compile(r"\b%s\b" % name)
    assert any(word.search(file.read_text(encoding="utf-8", errors="replace")) for file in files)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_without_arguments_fails_cleanly(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in [variable for variable in os.environ if variable.startswith("SMTPD_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", b'{"ANSIBLE_MODULE_ARGS": {}}')
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)  # since ansible-core 2.19
    with pytest.raises(SystemExit):
        import_module(name).main()
    output = capsys.readouterr()
    result = json.loads(output.out)
    assert result["failed"] and result["msg"]
    assert "defect" not in result["msg"]
    assert "Traceback" not in output.out + output.err


@pytest.mark.parametrize("name", MODULES)
def test_an_option_names_the_environment_variables_that_it_comes_from(name: str, docs: dict[str, Any]) -> None:
    for option, spec in argument_spec(name).items():
        description = "\n".join(docs[name]["doc"]["options"][option]["description"])
        for variable in spec["fallback"][1] if "fallback" in spec else []:
            assert "E(%s)" % variable in description, option


@pytest.mark.parametrize("name", MODULES)
def test_every_example_uses_options_that_exist(name: str, docs: dict[str, Any]) -> None:
    tasks = [task for item in yaml.safe_load(docs[name]["examples"]) for task in tasks_of(item)]
    assert any("smtpd.email.%s" % name in task for task in tasks)
    for task in tasks:
        for action, arguments in task.items():
            module = action.removeprefix("smtpd.email.")
            if action.startswith("smtpd.email.") and module in MODULES:
                check_arguments(arguments or {}, argument_spec(module))


def tasks_of(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the tasks of an example, which is a task, a block or a play."""
    parts = [
        key for key in ("pre_tasks", "tasks", "post_tasks", "handlers", "block", "rescue", "always") if key in item
    ]
    if not parts:
        yield item
    for part in parts:
        for inner in item[part]:
            yield from tasks_of(inner)


def check_arguments(arguments: dict[str, Any], spec: dict[str, Any]) -> None:
    assert arguments.keys() <= spec.keys()
    assert {name for name, option in spec.items() if option.get("required")} <= arguments.keys()
    for name, value in arguments.items():
        choices = spec[name].get("choices")
        for inner in value if isinstance(value, list) else [value]:
            assert not choices or inner in choices or "{{" in str(inner), name
            if isinstance(inner, dict) and spec[name].get("options"):
                check_arguments(inner, spec[name]["options"])


# Roles


def role_files(role: str, *folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (ROOT / "roles" / role / folder).rglob("*") if path.is_file())


def role_spec(role: str) -> dict[str, Any]:
    return load_yaml(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]


def role_defaults(role: str) -> dict[str, Any]:
    return load_yaml(ROOT / "roles" / role / "defaults" / "main.yml")


def variables_named(role: str, *folders: str) -> set[str]:
    """Return the variables with the role's prefix; those with a leading underscore are the role's own business."""
    word = re.compile(r"\b%s_\w+" % role)
    files = role_files(role, *folders)
    return {match for file in files for line in code_lines(file) for match in word.findall(line)}


def variables_checked(role: str) -> set[str]:
    """Return the variables that the role uses as the lookup C(checked_variables) returns them, without the role's prefix."""
    word = re.compile(r"\b__%s_checked\.(\w+)" % role)
    lines = [line for file in role_files(role, "tasks", "vars") for line in code_lines(file)]
    return {"%s_%s" % (role, name) for line in lines for name in word.findall(line)}


def code_lines(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.lstrip().startswith(("#", "- name:", "name:")):
            yield line


def variables_set(node: Any) -> set[str]:
    """Return the variables that tasks set: facts, artifacts, registered results, and variables of a task."""
    found: set[str] = set()
    if isinstance(node, list):
        return found.union(*map(variables_set, node))
    if not isinstance(node, dict):
        return found
    for key, value in node.items():
        if key in ("ansible.builtin.set_fact", "vars") and isinstance(value, dict):
            found.update(value)
        elif key == "ansible.builtin.set_stats":
            found.update(value["data"])
        elif key in ("register", "loop_var", "index_var"):
            found.add(value)
        found |= variables_set(value)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_a_default_is_in_the_spec_and_has_the_documented_value(role: str) -> None:
    spec, defaults = role_spec(role), role_defaults(role)
    assert defaults.keys() <= spec.keys()
    documented = {name: spec[name]["default"] for name in defaults if "default" in spec[name]}
    assert documented == {name: value for name, value in defaults.items() if name in documented}
    assert not {name for name, option in spec.items() if "default" in option} - defaults.keys()


@pytest.mark.parametrize("role", ROLES)
def test_a_required_option_has_no_default(role: str) -> None:
    required = {name for name, option in role_spec(role).items() if option.get("required")}
    assert not required & role_defaults(role).keys()


@pytest.mark.parametrize("role", ROLES)
def test_a_variable_that_the_role_uses_is_in_the_spec(role: str) -> None:
    used = variables_named(role, "tasks", "templates", "vars", "handlers", "defaults")
    own = {name for file in role_files(role, "tasks", "handlers") for name in variables_set(load_yaml(file))}
    own.update(*(load_yaml(file) for file in role_files(role, "vars")))
    assert used - own <= role_spec(role).keys()


@pytest.mark.parametrize("role", ROLES)
def test_the_role_uses_no_option_in_the_form_in_which_it_may_be_blank(role: str) -> None:
    """Where blank text means something else than the default."""
    spec = role_spec(role)
    meaningful = {name for name, option in spec.items() if isinstance(option.get("default"), (bool, int, float, str))}
    meaningful = {name for name in meaningful if spec[name]["default"] != ""}
    assert not meaningful & variables_in_expressions(role)


def variables_in_expressions(role: str) -> set[str]:
    """Return the variables of the role that tasks use, outside of texts."""
    word = re.compile(r"(?<![\w'])%s_\w+" % role)
    return {name for file in role_files(role, "tasks") for line in code_lines(file) for name in word.findall(line)}


@pytest.mark.parametrize("role", ROLES)
def test_an_option_may_be_blank(role: str) -> None:
    for name, option in role_spec(role).items():
        assert option["type"] in ("str", "raw") or (option["type"], option["elements"]) == ("list", "str"), name
        assert "" in option.get("choices", [""]), name


@pytest.mark.parametrize("role", ROLES)
def test_the_role_uses_every_option(role: str) -> None:
    defaults = role_defaults(role)
    through_defaults = {name for value in defaults.values() for name in re.findall(r"\w+", str(value))}
    used = variables_named(role, "tasks", "templates", "vars", "handlers") | through_defaults | variables_checked(role)
    assert not role_spec(role).keys() - used


# Versions and requirements


def galaxy() -> dict[str, Any]:
    return load_yaml(ROOT / "galaxy.yml")


def lower_bounds() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return dict(re.split(r"\s*>=\s*", line) for line in lines if line and not line.startswith("#"))  # type: ignore[misc]


def test_the_version_is_the_same_everywhere() -> None:
    from ansible_collections.smtpd.email.plugins.module_utils._client import COLLECTION_VERSION

    version = galaxy()["version"]
    assert COLLECTION_VERSION == version
    changelog = (
        (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\.", ".")
    )  # Markdown's way of writing dots
    headings = re.findall(r"^## v?(\d+\.\d+\.\d+)", changelog, re.MULTILINE)
    assert headings[0] == version


@pytest.mark.parametrize("name", MODULES)
def test_a_module_asks_for_the_libraries_of_the_requirements_file(name: str, docs: dict[str, Any]) -> None:
    bounds = lower_bounds()
    text = "\n".join(docs[name]["doc"]["requirements"])
    stated = dict(re.findall(r"([\w-]+) \(Python library\) >= ([\d.]+)", text))
    assert stated
    assert stated == {library: bounds[library].removesuffix(".0") for library in stated}


def test_the_execution_environment_gets_the_requirements() -> None:
    python = load_yaml(ROOT / "meta" / "execution-environment.yml")["dependencies"]["python"]
    assert (ROOT / python) == ROOT / "requirements.txt"


@pytest.mark.parametrize("folder", ["modules", "module_utils"])
def test_what_runs_on_managed_hosts_is_written_in_the_language_of_the_oldest_python(folder: str) -> None:
    oldest = re.fullmatch(r">= (\d+)\.(\d+)", load_yaml(ROOT / "tests" / "config.yml")["modules"]["python_requires"])
    assert oldest
    for path in sorted((ROOT / "plugins" / folder).glob("*.py")):
        ast.parse(
            path.read_text(encoding="utf-8"), str(path), feature_version=(int(oldest.group(1)), int(oldest.group(2)))
        )


def test_the_security_page_names_tests_that_are_there() -> None:
    links = re.findall(r"\]\((tests/[^)]+)\)", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


# Files


def test_all_code_names_its_licence() -> None:
    heads = {name: (ROOT / name).read_bytes()[:500] for name in committed_files()}
    code = {name for name, head in heads.items() if name.endswith(".py") or head.startswith(b"#!")}
    # REUSE-IgnoreStart
    assert not {name for name in code if b"SPDX-License-Identifier: GPL-3.0-or-later" not in heads[name]}
    # REUSE-IgnoreEnd


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the collection as for a release."""
    folder = tmp_path_factory.mktemp("build")
    command = [beside_python("ansible-galaxy"), "collection", "build", "--output-path", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return folder / ("smtpd-email-%s.tar.gz" % galaxy()["version"])


def test_the_tarball_holds_what_users_need_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        packed = {member.name for member in archive if not member.isdir()}
    wanted = re.compile(
        r"(plugins|roles|playbooks|extensions/eda|meta|docs|changelogs|tests/simulator|tests/sanity)/"
        r"|(LICENSE|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md|requirements\.txt|tests/config\.yml|tests/__init__\.py)$"
    )
    expected = {name for name in committed_files() if wanted.match(name) and "/." not in name}
    assert packed == expected | {"MANIFEST.json", "FILES.json"}
    assert {"README.md", "tests/simulator/__main__.py"} <= packed


def test_the_simulator_runs_from_an_installed_collection(tarball: Path, tmp_path: Path) -> None:
    galaxy_command = [beside_python("ansible-galaxy"), "collection", "install", str(tarball), "--offline"]
    # Without this variable it would find this checkout, and have nothing to install.
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(tmp_path))
    subprocess.run(
        [*galaxy_command, "--collections-path", str(tmp_path)], env=environment, check=True, stdout=subprocess.PIPE
    )
    command = [sys.executable, "-m", "tests.simulator", "--help"]
    folder = tmp_path / "ansible_collections" / "smtpd" / "email"
    result = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
