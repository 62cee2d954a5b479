# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX 24 accepts, and what event-driven Ansible does: rules on plain data, as schemas where they can be.

Each function raises C(Refused) with the reason. They serve the AWX of the tests (C(tests/support/awx.py)) and the tests of
what the collection ships.
"""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping

from dateutil.rrule import rrulestr
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jsonschema import Draft202012Validator


class Refused(ValueError):
    """The reason why AWX would answer 400."""


# Credential types

_NAME = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"

_FIELD = {
    "type": "object",
    "required": ["id", "label"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "pattern": _NAME, "not": {"const": "tower"}},
        "label": {"type": "string"},
        "type": {"enum": ["string", "boolean"]},
        "format": {"enum": ["ssh_private_key", "url"]},
        "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": True},
        "help_text": {"type": "string"},
        "multiline": {"type": "boolean"},
        "secret": {"type": "boolean"},
        # Known to AWX, but not allowed in types that users make.
        "ask_at_runtime": {"const": False},
        "default": {},
    },
    "if": {"properties": {"type": {"const": "boolean"}}, "required": ["type"]},
    "then": {
        "properties": {
            "default": {"type": "boolean"},
            "choices": False,
            "multiline": False,
            "format": False,
            "secret": False,
        },
    },
    "else": {"properties": {"default": {"type": "string"}}},
}

INPUTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "fields": {"type": "array", "items": _FIELD},
        "required": {"type": "array", "items": {"type": "string"}},
    },
}

# Variables that could turn a job into another one.
_FORBIDDEN_ENVIRONMENT = [
    "AD_HOC_COMMAND_ID",
    "AWX_HOST",
    "CACHE",
    "CALLBACK_CONNECTION",
    "CALLBACK_QUEUE",
    "INVENTORY_HOSTVARS",
    "INVENTORY_ID",
    "INVENTORY_SOURCE_ID",
    "INVENTORY_UPDATE_ID",
    "JOB_CALLBACK_DEBUG",
    "JOB_ID",
    "MAX_EVENT_RES",
    "PATH",
    "PROJECT_REVISION",
    "PYTHONPATH",
    "REST_API_TOKEN",
    "REST_API_URL",
    "SUPERVISOR_CONFIG_PATH",
    "VIRTUAL_ENV",
]

INJECTORS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "env": {
            "type": "object",
            "propertyNames": {
                "pattern": _NAME,
                "not": {"anyOf": [{"pattern": "^ANSIBLE_"}, {"enum": _FORBIDDEN_ENVIRONMENT}]},
            },
            "additionalProperties": {"type": "string", "pattern": "^[\x00-\x7f]*$"},
        },
        "extra_vars": {"type": "object"},
        "file": {
            "type": "object",
            "propertyNames": {"pattern": r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$"},
            "additionalProperties": {"type": "string"},
        },
    },
}

# eda-server's own rules, where they are stricter.
EDA_INPUTS = {"properties": {"fields": {"items": {"properties": {"id": {"pattern": r"^(?!EDA_)\w+$"}}}}}}
EDA_INJECTORS = {
    "properties": {name: {"propertyNames": {"not": {"enum": ["ansible", "eda"]}}} for name in ("env", "extra_vars")},
}


def check_credential_type(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> None:
    """The rules for a credential type that a user makes.

    :raises Refused: one of them is broken.
    """
    _check_schema("inputs", inputs, INPUTS)
    ids = [field["id"] for field in inputs.get("fields", [])]
    if len(set(ids)) < len(ids):
        raise Refused("inputs: field IDs must be unique")
    _check_schema("injectors", injectors, INJECTORS)
    render_injectors(injectors, {name: "EXAMPLE" for name in ids})


def render_injectors(injectors: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """The environment that is injected.

    :raises Refused: a template is broken or uses a field that there is not.
    """
    jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    rendered = {}
    for name, template in injectors.get("env", {}).items():
        try:
            rendered[name] = jinja.from_string(template).render(values)
        except TemplateError as error:
            raise Refused("injectors: %s: %s" % (name, error)) from None
    return rendered


def stored_values(inputs: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What AWX renders injectors with: a field that a credential does not have is empty, or false if it is a boolean.

    The C(default) of a field plays no part: it only fills in the form.
    """
    return {
        field["id"]: given.get(field["id"], False if field.get("type") == "boolean" else "")
        for field in inputs.get("fields", [])
    }


def check_credential(inputs: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """The rules for the inputs of a credential, by the fields of its type.

    :raises Refused: one of them is broken.
    """
    fields = {field["id"]: field for field in inputs.get("fields", [])}
    _check_schema(
        "inputs",
        given,
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                name: {"type": field["type"], **({"enum": field["choices"]} if "choices" in field else {})}
                for name, field in fields.items()
            },
        },
    )


# Surveys

_TEXT, _NUMBER = {"type": "string"}, {"type": ["integer", "null"]}
_TYPES = ["text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float"]


def _default_of(types: list[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "if": {"properties": {"type": {"enum": types}}},
        # An empty default always passes.
        "then": {"properties": {"default": {"anyOf": [{"const": ""}, schema]}}},
    }


SURVEY = {
    "type": "object",
    "required": ["name", "description", "spec"],
    "properties": {
        "name": _TEXT,
        "description": _TEXT,
        "spec": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["type", "question_name", "variable", "required"],
                "properties": {
                    "type": {"enum": _TYPES},
                    "question_name": _TEXT,
                    "variable": _TEXT,
                    "required": {"type": "boolean"},
                    # Not even an empty string, which AWX's own example has.
                    "min": _NUMBER,
                    "max": _NUMBER,
                },
                "allOf": [
                    _default_of(["text", "textarea", "multiplechoice", "multiselect"], _TEXT),
                    _default_of(["integer"], {"type": "integer"}),
                    _default_of(["float"], {"type": "number"}),
                    {
                        "if": {"properties": {"type": {"enum": ["multiplechoice", "multiselect"]}}},
                        "then": {"required": ["choices"]},
                    },
                    {
                        "if": {"properties": {"type": {"not": {"const": "password"}}}},
                        "then": {"properties": {"default": {"not": {"type": "string", "pattern": r"^\$encrypted\$"}}}},
                    },
                ],
            },
        },
    },
}


def check_survey(survey: Mapping[str, Any]) -> None:
    """The rules for a survey.

    :raises Refused: one of them is broken.
    """
    _check_schema("survey", survey, SURVEY)
    variables = [question["variable"] for question in survey["spec"]]
    if len(set(variables)) < len(variables):
        raise Refused("survey: a variable is asked for twice")
    for question in survey["spec"]:
        if "choices" in question and question["type"] in ("multiplechoice", "multiselect"):
            defaults = lines(question.get("default", ""))
            if question["type"] == "multiplechoice" and len(defaults) > 1:
                raise Refused("survey: %s: only one default" % question["variable"])
            if not set(defaults) <= set(lines(question["choices"])):
                raise Refused("survey: %s: the default is no choice" % question["variable"])


def check_answers(survey: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
    """The rules for answers that are given in advance, as the nodes of workflows and schedules do.

    :raises Refused: there is no such question, or its answer is none of its choices or of the wrong type.
    """
    questions = {question["variable"]: question for question in survey.get("spec", [])}
    for name, answer in answers.items():
        if name not in questions:
            raise Refused("variable %s is not allowed on launch" % name)
        question = questions[name]
        if question["type"] == "multiplechoice" and answer not in lines(question["choices"]):
            raise Refused("%s: %r is not among the choices" % (name, answer))
        if question["type"] in ("text", "textarea", "password") and not isinstance(answer, str):
            raise Refused("%s: %r is no string" % (name, answer))
        if question["type"] == "integer" and not (isinstance(answer, int) and not isinstance(answer, bool)):
            raise Refused("%s: %r is no integer" % (name, answer))


def lines(value: str | Iterable[str]) -> list[str]:
    """Choices, which AWX takes as a list or as the lines of a string."""
    return [line for line in value.splitlines() if line.strip()] if isinstance(value, str) else list(value)


# Schedules


def check_rrule(text: str) -> None:
    """The rules for when a schedule runs.

    :raises Refused: one of them is broken.
    """
    starts = re.findall(r"DTSTART(?:;[^:]+)?:\d+T\d+Z?", text)
    rules = re.findall(r"RULE:\S*", text)
    if len(starts) != 1 or re.search(r"DTSTART:\d+T\d+ ", text):
        raise Refused("rrule: exactly one DTSTART, with a time zone or in UTC")
    if not rules or re.search("exdate:|rdate:", text, re.IGNORECASE):
        raise Refused("rrule: at least one RRULE, and no EXDATE or RDATE")
    for rule in rules:
        if "INTERVAL" not in rule.upper() or "SECONDLY" in rule.upper():
            raise Refused("rrule: INTERVAL is needed, and SECONDLY is not supported")
        if re.search(r"BYDAY=\d", rule) or ("COUNT" in rule and "UNTIL" in rule):
            raise Refused("rrule: no number before a BYDAY, and not both COUNT and UNTIL")
    try:
        rrulestr(text.replace(" ", "\n"))
    except ValueError as error:
        raise Refused("rrule: %s" % error) from None


def _check_schema(what: str, data: Any, schema: Mapping[str, Any]) -> None:
    for error in Draft202012Validator(schema).iter_errors(data):
        raise Refused("%s: %s: %s" % (what, error.json_path, error.message))


def check_for_eda(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> None:
    """What event-driven Ansible asks of a credential type beyond what AWX does.

    :raises Refused: a rule is broken.
    """
    _check_schema("inputs", inputs, EDA_INPUTS)
    _check_schema("injectors", injectors, EDA_INJECTORS)
    names = [name for part in injectors.values() for name in part]
    if len(set(names)) < len(names):
        raise Refused("injectors: a name is used twice")
