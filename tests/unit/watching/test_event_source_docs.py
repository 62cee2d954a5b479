# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the event source, its schema, and what it really takes agree with each other."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.smtpd.email.plugins.module_utils import _watch
from ansible_collections.smtpd.email.plugins.module_utils._options import CONNECTION_OPTIONS, CREDENTIALS
from ansible_collections.smtpd.email.plugins.module_utils._watch_options import ARGUMENTS, settings_from

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "extensions" / "eda" / "plugins" / "event_source"
JSON_TYPES = {
    "str": "string",
    "path": "string",
    "bool": "boolean",
    "int": "integer",
    "float": "number",
    "list": "array",
}


@pytest.fixture(scope="module")
def source() -> dict[str, Any]:
    """The source as ansible-rulebook loads it."""
    return runpy.run_path(str(SOURCES / "profiles.py"))


@pytest.fixture(scope="module")
def doc(source: dict[str, Any]) -> dict[str, Any]:
    return yaml.safe_load(source["DOCUMENTATION"])


def test_every_argument_is_documented_with_its_type_and_default(doc: dict[str, Any]) -> None:
    table = {name: (option.type, option.default) for name, option in {**CONNECTION_OPTIONS, **ARGUMENTS}.items()}
    assert {name: (option["type"], option.get("default")) for name, option in doc["options"].items()} == table


def test_the_environment_variables_are_named(doc: dict[str, Any]) -> None:
    for name, option in CONNECTION_OPTIONS.items():
        text = " ".join(doc["options"]["access_token" if name in CREDENTIALS else name]["description"])
        assert set(option.env) <= set(re.findall(r"E\((\w+)\)", text)), name


def test_every_event_is_documented(doc: dict[str, Any]) -> None:
    types = {
        value
        for name, value in vars(_watch).items()
        if name.isupper() and isinstance(value, str) and value.startswith(("profile_", "dns_", "api_"))
    }
    assert types == set(re.findall(r"C\(((?:profile_|dns_|api_)\w+)\)", " ".join(doc["description"]))) - {
        "profile_id",
        "profile_name",
    }


def test_the_libraries_are_those_of_the_requirements_file(doc: dict[str, Any]) -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    bounds = dict(re.split(r"\s*>=\s*", line) for line in lines if line and not line.startswith("#"))
    text = " ".join([*doc["requirements"], *doc["options"]["dns"]["description"]])
    for library in ("requests", "dnspython"):
        bound = bounds[library].removesuffix(".0")
        assert re.search(r"%s (\(Python library\) )?>= %s\b" % (library, re.escape(bound)), text), library


def schema_of(doc: dict[str, Any]) -> dict[str, Any]:
    """The schema that the documentation stands for."""
    properties = {}
    for name, option in doc["options"].items():
        one = {
            "title": name.replace("_", " ").capitalize(),
            "description": plain(option["description"]),
            "type": JSON_TYPES[option["type"]],
        }
        if one["type"] == "array":
            one["items"] = {"type": JSON_TYPES[option["elements"]]}
        if "default" in option:
            one["default"] = option["default"]
        properties[name] = one
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "smtpd.email.profiles",
        "description": plain(doc["description"][:1]),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def plain(description: list[str]) -> str:
    return re.sub(r"\b[A-Z]\(([^)]*)\)", r"\1", " ".join(description))


def test_the_schema_says_what_the_documentation_says(doc: dict[str, Any]) -> None:
    assert json.loads((SOURCES / "schemas" / "profiles.json").read_text(encoding="utf-8")) == schema_of(doc)


def test_every_example_fits_the_schema_and_is_taken(source: dict[str, Any], doc: dict[str, Any]) -> None:
    text = re.sub(r"{{ \w+ }}", "t", source["EXAMPLES"])
    examples = [item["smtpd.email.profiles"] or {} for item in yaml.safe_load(text)]
    assert examples
    for arguments in examples:
        jsonschema.validate(arguments, schema_of(doc))
        settings_from(arguments, {"SMTPD_ACCESS_TOKEN": "t"})


def test_the_collection_says_where_the_source_is() -> None:
    extensions = yaml.safe_load((ROOT / "meta" / "extensions.yml").read_text(encoding="utf-8"))["extensions"]
    assert [ROOT / "extensions" / item["args"]["ext_dir"] for item in extensions] == [SOURCES]
