# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWX for tests, over HTTP: as much of its API, version 24, as the modules of awx.awx use to describe jobs. It runs none.

    with AwxServer(project_files=["playbooks/setup.yml"]) as awx:
        ...  # CONTROLLER_HOST=awx.url CONTROLLER_OAUTH_TOKEN=awx.token
        awx.names("job_templates")

It stores what it knows of and ignores other fields, refuses what AWX refuses, fills in the defaults that AWX fills in,
hides secrets, and deletes with an object what belongs to it.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping
from urllib.parse import urlencode

from aiohttp import web

from tests.support.awx_rules import (
    Refused,
    check_answers,
    check_credential,
    check_credential_type,
    check_rrule,
    check_survey,
)

PREFIX = "/api/v2"
PAGE = 25
ENCRYPTED = "$encrypted$"
NOT_FOUND = {"detail": "The requested resource could not be found."}

Fields = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of objects.

    :param type: as the API names it.
    :param defaults: the fields that can be written, and what they are when they are not given.
    :param needed: the fields without which none is made.
    :param unique: the fields that no two of them have in common.
    :param parent: the field that names the object with which it is deleted.
    :param relations: the lists of other objects that belong to one.
    """

    type: str
    defaults: Mapping[str, Any]
    needed: tuple[str, ...] = ("name",)
    unique: tuple[str, ...] = ("name",)
    parent: str | None = None
    relations: tuple[str, ...] = ()


def _each(value: Any, names: str) -> Fields:
    return dict.fromkeys(names.split(), value)


_NAMED = _each("", "name description")
_PROMPTS = _each(
    None,
    "inventory scm_branch job_type job_tags skip_tags limit diff_mode verbosity execution_environment forks job_slice_count timeout",
)
_WORKFLOW_ASKS = "variables inventory scm_branch limit labels skip_tags tags"
_ASKS = _WORKFLOW_ASKS + (
    " credential diff_mode execution_environment forks instance_groups job_slice_count job_type timeout verbosity"
)
_NOTIFICATIONS = tuple("notification_templates_" + name for name in ("started", "success", "error"))
_NEXT = ("success_nodes", "failure_nodes", "always_nodes")


def _ask(names: str) -> Fields:
    return {"ask_%s_on_launch" % name: False for name in names.split()}


KINDS = {
    "organizations": Kind("organization", {**_NAMED, "default_environment": None}),
    "execution_environments": Kind(
        "execution_environment",
        {**_NAMED, **_each("", "image pull"), **_each(None, "organization credential")},
        needed=("name", "image"),
    ),
    "credential_types": Kind(
        "credential_type", {**_NAMED, "kind": "", "inputs": {}, "injectors": {}}, needed=("name", "kind")
    ),
    "credentials": Kind(
        "credential",
        {**_NAMED, "organization": None, "credential_type": None, "inputs": {}},
        needed=("name", "credential_type"),
        unique=("organization", "name", "credential_type"),
    ),
    "projects": Kind(
        "project",
        {
            **_NAMED,
            **_each("", "scm_type scm_url scm_branch scm_refspec local_path"),
            **_each(None, "organization credential default_environment signature_validation_credential"),
            **_each(False, "scm_clean scm_delete_on_update scm_track_submodules scm_update_on_launch allow_override"),
            **_each(0, "scm_update_cache_timeout timeout"),
        },
        unique=("organization", "name"),
        relations=_NOTIFICATIONS,
    ),
    "inventories": Kind(
        "inventory",
        {
            **_NAMED,
            **_each("", "kind variables"),
            **_each(None, "organization host_filter"),
            "prevent_instance_group_fallback": False,
        },
        needed=("name", "organization"),
        unique=("organization", "name"),
        relations=("instance_groups",),
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            **_NAMED,
            **_each("", "source source_path source_vars scm_branch enabled_var enabled_value host_filter limit"),
            **_each(None, "inventory credential execution_environment source_project"),
            **_each(False, "overwrite overwrite_vars update_on_launch"),
            **_each(0, "timeout update_cache_timeout"),
            "verbosity": 1,
        },
        needed=("name", "inventory", "source"),
        unique=("inventory", "name"),
        parent="inventory",
        relations=_NOTIFICATIONS,
    ),
    "job_templates": Kind(
        "job_template",
        {
            **_NAMED,
            **_each(
                "",
                "playbook scm_branch limit extra_vars job_tags skip_tags start_at_task host_config_key webhook_service",
            ),
            # The organization is always that of the project, whatever is given.
            **_each(None, "organization inventory project execution_environment webhook_credential"),
            **_each(False, "force_handlers use_fact_cache survey_enabled become_enabled diff_mode allow_simultaneous"),
            **_each(0, "forks verbosity timeout"),
            "job_type": "run",
            "job_slice_count": 1,
            "prevent_instance_group_fallback": False,
            **_ask(_ASKS),
        },
        unique=("organization", "name"),
        relations=("credentials", "labels", "instance_groups", *_NOTIFICATIONS),
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            **_NAMED,
            **_each("", "extra_vars webhook_service"),
            **_each(None, "organization inventory limit scm_branch skip_tags job_tags webhook_credential"),
            **_each(False, "survey_enabled allow_simultaneous"),
            **_ask(_WORKFLOW_ASKS),
        },
        unique=("organization", "name"),
        relations=("labels", *_NOTIFICATIONS, "notification_templates_approvals"),
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {
            "identifier": "",
            **_each(None, "workflow_job_template unified_job_template"),
            "all_parents_must_converge": False,
            "extra_data": {},
            **_PROMPTS,
        },
        needed=("workflow_job_template",),
        unique=("workflow_job_template", "identifier"),
        parent="workflow_job_template",
        relations=(*_NEXT, "credentials", "labels", "instance_groups"),
    ),
    "workflow_approval_templates": Kind("workflow_approval_template", {**_NAMED, "timeout": 0}, unique=()),
    "schedules": Kind(
        "schedule",
        {**_NAMED, "unified_job_template": None, "rrule": "", "enabled": True, "extra_data": {}, **_PROMPTS},
        needed=("name", "rrule", "unified_job_template"),
        unique=("unified_job_template", "name"),
        parent="unified_job_template",
        relations=("credentials", "labels", "instance_groups"),
    ),
    "notification_templates": Kind(
        "notification_template",
        {**_NAMED, "organization": None, "notification_type": "email"},
        unique=("organization", "name"),
    ),
}
# Of these, schedules and nodes name one without saying of what kind it is.
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates")
WITH_SURVEY = ("job_templates", "workflow_job_templates")
# What the relation of another name leads to.
_RELATED = {
    **{name: "workflow_job_template_nodes" for name in _NEXT},
    "notification_templates_approvals": "notification_templates",
    **{name: "notification_templates" for name in _NOTIFICATIONS},
}


class Answer(Exception):
    """An answer that is no success: what AWX says then."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(body)
        self.status = status
        self.body = body


@dataclass
class Stored:
    """An object: what can be written of it, and what it has beside."""

    id: int
    endpoint: str
    fields: Fields
    relations: dict[str, list[int]] = field(default_factory=dict)
    survey: Fields = field(default_factory=dict)
    more: Fields = field(default_factory=dict)

    @property
    def url(self) -> str:
        return "%s/%s/%d/" % (PREFIX, self.endpoint, self.id)


class Awx:
    """The objects and the rules."""

    def __init__(self, project_files: Iterable[str]) -> None:
        self.project_files = list(project_files)
        self.objects: dict[int, Stored] = {}
        self._ids = itertools.count(1)
        self.store("organizations", {"name": "Default"})

    # Reading

    def of_kind(self, endpoint: str) -> list[Stored]:
        endpoints = UNIFIED if endpoint == "unified_job_templates" else (endpoint,)
        return [item for item in self.objects.values() if item.endpoint in endpoints]

    def get(self, endpoint: str, number: int) -> Stored:
        item = self.objects.get(number)
        if item is None or item.endpoint != endpoint:
            raise Answer(404, {"detail": "No %s matches the given query." % endpoint})
        return item

    def find(self, endpoint: str, query: Mapping[str, str]) -> list[Stored]:
        """Objects by the filters of a query: all of C(name=value), and one of C(or__name=value)."""
        found = []
        for item in self.of_kind(endpoint):
            shown = self.show(item)
            wrong = {key.removeprefix("or__") for key in query} - shown.keys()
            if wrong:
                raise Answer(400, {"detail": "%s is not an allowed field name." % ", ".join(sorted(wrong))})
            every = [_same(shown[key], value) for key, value in query.items() if not key.startswith("or__")]
            some = [_same(shown[key[4:]], value) for key, value in query.items() if key.startswith("or__")]
            if all(every) and (any(some) or not some):
                found.append(item)
        return found

    def show(self, item: Stored) -> Fields:
        """An object as the API answers it."""
        shown = {"id": item.id, "type": KINDS[item.endpoint].type, "url": item.url, **item.fields, **item.more}
        related = {name: "%s%s/" % (item.url, name) for name in KINDS[item.endpoint].relations}
        summary: Fields = {}
        if item.endpoint == "credentials":
            shown["inputs"] = {
                name: ENCRYPTED if name in self._secrets(item) else value
                for name, value in item.fields["inputs"].items()
            }
        if item.endpoint == "inventory_sources":
            shown["organization"] = self.objects[item.fields["inventory"]].fields["organization"]
        if item.endpoint in WITH_SURVEY:
            related["survey_spec"] = item.url + "survey_spec/"
        if item.endpoint == "projects":
            related["update"] = item.url + "update/"
            if item.more["status"] == "pending":
                summary["current_update"] = {"id": item.id}
        if item.endpoint == "workflow_job_template_nodes":
            template = self.objects.get(item.fields["unified_job_template"] or 0)
            related.update({"unified_job_template": template.url} if template else {})
            shown.update({name: item.relations.get(name, []) for name in _NEXT})
        return {**shown, "related": related, "summary_fields": summary}

    # Writing

    def create(self, endpoint: str, data: Fields) -> Stored:
        kind = KINDS[endpoint]
        fields = {**kind.defaults, **_known(kind, data)}
        for name in kind.needed:
            if fields[name] in (None, ""):
                raise Answer(400, {name: ["This field is required."]})
        self._check(endpoint, fields, None)
        return self.store(endpoint, fields)

    def store(self, endpoint: str, fields: Fields) -> Stored:
        item = Stored(next(self._ids), endpoint, {**KINDS[endpoint].defaults, **fields})
        if endpoint == "credential_types":
            item.more["managed"] = False
        if endpoint == "inventories":
            item.more["pending_deletion"] = False
        if endpoint == "projects":
            # Its first update runs at once, and is seen to be done by who asks for it.
            item.more.update(status="pending", scm_revision="")
        self.objects[item.id] = item
        return item

    def update(self, item: Stored, data: Fields) -> None:
        kind = KINDS[item.endpoint]
        changes = _known(kind, data)
        if kind.parent and item.endpoint != "schedules":
            changes.pop(kind.parent, None)  # read-only once it is made
        if item.endpoint == "credentials" and "inputs" in changes:
            old = item.fields["inputs"]
            changes["inputs"] = {
                name: old.get(name, value) if value == ENCRYPTED else value for name, value in changes["inputs"].items()
            }
        fields = {**item.fields, **changes}
        self._check(item.endpoint, fields, item)
        if item.endpoint == "projects" and any(fields[name] != item.fields[name] for name in ("scm_url", "scm_branch")):
            item.more.update(status="pending")
        item.fields = fields

    def delete(self, item: Stored) -> bool:
        """Delete an object with all that belongs to it; of an inventory, only promise it.

        :returns: whether it is done.
        """
        if item.endpoint == "credential_types" and self._users_of_type(item):
            raise Answer(403, {"detail": "Credential types that are in use cannot be deleted"})
        if item.endpoint == "inventories":
            if item.more["pending_deletion"]:
                raise Answer(400, {"error": "Inventory is already pending deletion."})
            item.more["pending_deletion"] = True
            return False
        self._remove(item)
        return True

    def finish_deletions(self) -> None:
        """Do what was promised."""
        for item in self.of_kind("inventories"):
            if item.more["pending_deletion"]:
                self._remove(item)

    def _remove(self, item: Stored) -> None:
        for other in list(self.objects.values()):
            parent = KINDS[other.endpoint].parent
            if parent and other.fields[parent] == item.id:
                self._remove(other)
        self.objects.pop(item.id, None)
        approval = self.objects.get(item.fields.get("unified_job_template") or 0)
        if item.endpoint == "workflow_job_template_nodes" and approval and approval.endpoint not in UNIFIED:
            self._remove(approval)
        for other in self.objects.values():
            for name, value in other.fields.items():
                if value == item.id and name in _POINTERS:
                    other.fields[name] = None
            for ids in other.relations.values():
                if item.id in ids:
                    ids.remove(item.id)

    def relate(self, item: Stored, relation: str, data: Fields) -> None:
        """Put an object into a list of another one, or take it out."""
        ids = item.relations.setdefault(relation, [])
        other = self.objects.get(data.get("id", 0))
        if other is None or other.endpoint != _RELATED.get(relation, relation):
            raise Answer(400, {"detail": "%s object with id %s not found." % (relation, data.get("id"))})
        if data.get("disassociate"):
            ids.remove(other.id)
        elif other.id not in ids:
            self._check_relation(item, relation, other)
            ids.append(other.id)

    def set_survey(self, item: Stored, survey: Fields) -> None:
        check_survey(survey)
        for question in survey["spec"]:
            if isinstance(question.get("choices"), str):
                question["choices"] = "\n".join(line for line in question["choices"].splitlines() if line.strip())
        item.survey = survey

    def create_approval(self, node: Stored, data: Fields) -> Stored:
        approval = self.create("workflow_approval_templates", data)
        node.fields["unified_job_template"] = approval.id
        return approval

    def ask_update(self, project: Stored) -> Fields:
        """How an update goes: each question finds it further on."""
        steps = {"pending": "running", "running": "successful"}
        project.more["status"] = steps.get(project.more["status"], "successful")
        if project.more["status"] == "successful":
            project.more["scm_revision"] = "0123456789abcdef"
        return {"id": project.id, "status": project.more["status"], "type": "project_update"}

    # Rules

    def _check(self, endpoint: str, fields: Fields, old: Stored | None) -> None:
        kind = KINDS[endpoint]
        rule: Callable[[Fields, Stored | None], None] | None = getattr(self, "_check_" + kind.type, None)
        try:
            if rule:
                rule(fields, old)
        except Refused as refused:
            raise Answer(400, {"detail": str(refused)}) from None
        others = [item.fields for item in self.of_kind(endpoint) if item is not old]
        if kind.unique and any(all(other[name] == fields[name] for name in kind.unique) for other in others):
            what = "%s with this %s already exists." % (kind.type, " and ".join(kind.unique))
            raise Answer(400, {"__all__": [what]})

    def _check_credential_type(self, fields: Fields, old: Stored | None) -> None:
        if fields["kind"] not in ("cloud", "net"):
            raise Refused("Must be 'cloud' or 'net', not %s" % fields["kind"])
        check_credential_type(fields["inputs"], fields["injectors"])
        for one in fields["inputs"].get("fields", []):
            one.setdefault("type", "string")
        if old and self._users_of_type(old) and fields["inputs"] != old.fields["inputs"]:
            raise Answer(
                403, {"detail": "Modifications to inputs are not allowed for credential types that are in use"}
            )

    def _check_credential(self, fields: Fields, _old: Stored | None) -> None:
        if not fields["organization"]:
            raise Refused("Missing 'user', 'team', or 'organization'.")
        check_credential(self.get("credential_types", fields["credential_type"]).fields["inputs"], fields["inputs"])

    def _check_execution_environment(self, fields: Fields, _old: Stored | None) -> None:
        if fields["pull"] not in ("", "always", "missing", "never"):
            raise Refused("%s is no choice for pull" % fields["pull"])

    def _check_inventory(self, fields: Fields, old: Stored | None) -> None:
        fields["kind"] = fields["kind"] or ""
        if old and fields["kind"] != old.fields["kind"]:
            raise Answer(
                405, {"error": 'You cannot turn a regular inventory into a "smart" or "constructed" inventory.'}
            )

    def _check_inventory_source(self, fields: Fields, _old: Stored | None) -> None:
        if fields["source"] == "scm" and not fields["source_project"]:
            raise Refused("Project required for scm type sources.")
        if fields["source"] != "scm" and (fields["source_path"] or fields["source_project"]):
            raise Refused("Cannot set source_project source_path if not SCM type.")
        if fields["source_project"] and not self.get("projects", fields["source_project"]).fields["scm_type"]:
            raise Refused("Cannot use manual project for SCM-based inventory.")

    def _check_job_template(self, fields: Fields, _old: Stored | None) -> None:
        if not fields["project"]:
            raise Refused("Job Templates must have a project assigned.")
        if not fields["inventory"] and not fields["ask_inventory_on_launch"]:
            raise Refused("inventory: You must either set a default value or ask to prompt on launch.")
        project = self.get("projects", fields["project"])
        if not project.more["scm_revision"] or fields["playbook"] not in self.project_files:
            raise Refused("Playbook not found for project: %s" % fields["playbook"])
        fields["organization"] = project.fields["organization"]
        if (fields["scm_branch"] or fields["ask_scm_branch_on_launch"]) and not project.fields["allow_override"]:
            raise Refused("Project does not allow overriding branch.")
        _check_variables(fields["extra_vars"])

    def _check_workflow_job_template(self, fields: Fields, _old: Stored | None) -> None:
        _check_variables(fields["extra_vars"])

    def _check_workflow_job_template_node(self, fields: Fields, _old: Stored | None) -> None:
        self._check_prompts(fields)

    def _check_schedule(self, fields: Fields, _old: Stored | None) -> None:
        check_rrule(fields["rrule"])
        self._check_prompts(fields)

    def _check_prompts(self, fields: Fields) -> None:
        """What a node or a schedule asks of its template: only what that lets one ask for."""
        template = self.objects.get(fields["unified_job_template"] or 0)
        if template is None or template.endpoint not in WITH_SURVEY:
            return
        for name in _PROMPTS:
            ask = "ask_%s_on_launch" % {"job_tags": "tags"}.get(name, name)
            if fields[name] not in (None, template.fields.get(name)) and not template.fields.get(ask):
                raise Answer(400, {name: ["Field is not configured to prompt on launch."]})
        if fields["extra_data"] and not template.fields["ask_variables_on_launch"]:
            check_answers(template.survey if template.fields["survey_enabled"] else {}, fields["extra_data"])

    def _check_relation(self, item: Stored, relation: str, other: Stored) -> None:
        if relation == "credentials":
            types = [self.objects[number].fields["credential_type"] for number in item.relations[relation]]
            if other.fields["credential_type"] in types:
                raise Answer(400, {"error": "Cannot assign multiple credentials of this type."})
        if relation in _NEXT:
            others = [number for name in _NEXT if name != relation for number in item.relations.get(name, [])]
            if other.id in others:
                raise Answer(400, {"Error": "Relationship not allowed."})
            if other is item or self._leads_to(other, item):
                raise Answer(400, {"Error": "Cycle detected."})

    def _leads_to(self, node: Stored, target: Stored) -> bool:
        following = [self.objects[number] for name in _NEXT for number in node.relations.get(name, [])]
        return any(one is target or self._leads_to(one, target) for one in following)

    def _users_of_type(self, credential_type: Stored) -> list[Stored]:
        return [item for item in self.of_kind("credentials") if item.fields["credential_type"] == credential_type.id]

    def _secrets(self, credential: Stored) -> set[str]:
        fields = self.objects[credential.fields["credential_type"]].fields["inputs"].get("fields", [])
        return {one["id"] for one in fields if one.get("secret")}


# Fields that hold the number of another object.
_POINTERS = {
    "organization",
    "credential",
    "credential_type",
    "default_environment",
    "execution_environment",
    "inventory",
    "project",
    "source_project",
    "unified_job_template",
    "webhook_credential",
    "signature_validation_credential",
}


def _known(kind: Kind, data: Fields) -> Fields:
    return {name: _typed(value, kind.defaults[name]) for name, value in data.items() if name in kind.defaults}


def _typed(value: Any, default: Any) -> Any:
    """As AWX does, numbers are taken in words too."""
    is_number = isinstance(default, int) and not isinstance(default, bool)
    return int(value) if is_number and isinstance(value, str) and value.isdigit() else value


def _same(shown: Any, asked: str) -> bool:
    return str(shown) == asked


def _check_variables(text: str) -> None:
    try:
        if text and not isinstance(json.loads(text), dict):
            raise Refused("extra_vars: no dictionary")
    except ValueError:
        raise Refused("extra_vars: no JSON") from None


class AwxServer:
    """An C(Awx) that listens on a free port of loopback.

    :param project_files: the playbooks that every project holds.
    """

    def __init__(self, project_files: Iterable[str]) -> None:
        self.awx = Awx(project_files)
        self.token = secrets.token_hex(16)
        self.username, self.password = "admin", secrets.token_hex(16)
        # Method and path of each call that was made to change something.
        self.writes: list[str] = []
        self._tokens = {0: self.token}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> AwxServer:
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def names(self, endpoint: str) -> list[str]:
        """The names of all objects of a kind."""
        return [item.fields.get("name") or item.fields["identifier"] for item in self.awx.of_kind(endpoint)]

    def one(self, endpoint: str, name: str) -> Stored:
        """One object, with its secrets."""
        (item,) = [
            item
            for item in self.awx.of_kind(endpoint)
            if name in (item.fields.get("name"), item.fields.get("identifier"))
        ]
        return item

    def names_of(self, item: Stored, relation: str) -> list[str]:
        """The names of the objects in a list of another one."""
        others = [self.awx.objects[number].fields for number in item.relations.get(relation, [])]
        return [fields.get("name") or fields["identifier"] for fields in others]

    async def _start(self) -> str:
        app = web.Application()
        app.router.add_route("*", PREFIX + "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return "http://127.0.0.1:%d" % self._runner.addresses[0][1]

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else {}
        path = [part for part in request.match_info["path"].split("/") if part]
        headers = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
        try:
            self._authenticate(request)
            if request.method not in ("GET", "HEAD") and path[0] != "tokens":
                self.writes.append("%s %s" % (request.method, "/".join(path)))
            status, data = self._route(request, path, body)
        except Answer as answer:
            status, data = answer.status, answer.body
        except Refused as refused:
            status, data = 400, {"error": str(refused)}
        if data is None:
            return web.Response(status=status, headers=headers)
        return web.json_response(data, status=status, headers=headers)

    def _authenticate(self, request: web.Request) -> None:
        scheme, _blank, value = request.headers.get("Authorization", "").partition(" ")
        basic = base64.b64encode(("%s:%s" % (self.username, self.password)).encode()).decode()
        if not (scheme == "Bearer" and value in self._tokens.values() or scheme == "Basic" and value == basic):
            raise Answer(401, {"detail": "Authentication credentials were not provided."})

    def _route(self, request: web.Request, path: list[str], body: Fields) -> tuple[int, Any]:
        endpoint, *rest = path
        if endpoint == "tokens":
            return self._token(request.method, rest)
        if not rest and request.method == "GET" and endpoint in (*KINDS, "unified_job_templates"):
            return 200, self._page(request, self.awx.find(endpoint, _filters(request)))
        if not rest and request.method == "POST" and endpoint in KINDS:
            return 201, self.awx.show(self.awx.create(endpoint, body))
        if rest and rest[0].isdigit() and endpoint == "project_updates":
            return 200, self.awx.ask_update(self.awx.get("projects", int(rest[0])))
        if rest and rest[0].isdigit() and endpoint in KINDS:
            return self._of_one(request, self.awx.get(endpoint, int(rest[0])), "/".join(rest[1:]), body)
        raise Answer(404, NOT_FOUND)

    def _token(self, method: str, rest: list[str]) -> tuple[int, Any]:
        if method == "POST":
            number = len(self._tokens) + 1
            self._tokens[number] = secrets.token_hex(16)
            return 201, {"id": number, "token": self._tokens[number]}
        self._tokens[int(rest[0])] = secrets.token_hex(16)
        return 204, None

    def _of_one(self, request: web.Request, item: Stored, part: str, body: Fields) -> tuple[int, Any]:
        call = "%s %s" % (request.method, part)
        if call == "GET ":
            return 200, self.awx.show(item)
        if call == "PATCH ":
            self.awx.update(item, body)
            return 200, self.awx.show(item)
        if call == "DELETE ":
            return (204 if self.awx.delete(item) else 202), None
        if call == "GET survey_spec" and item.endpoint in WITH_SURVEY:
            return 200, item.survey
        if call == "POST survey_spec" and item.endpoint in WITH_SURVEY:
            self.awx.set_survey(item, body)
            return 200, None
        if call == "POST create_approval_template" and item.endpoint == "workflow_job_template_nodes":
            return 201, self.awx.show(self.awx.create_approval(item, body))
        if part in KINDS[item.endpoint].relations and request.method == "GET":
            return 200, self._page(request, [self.awx.objects[number] for number in item.relations.get(part, [])])
        if part in KINDS[item.endpoint].relations and request.method == "POST":
            self.awx.relate(item, part, body)
            return 204, None
        raise Answer(404, NOT_FOUND)

    def _page(self, request: web.Request, items: list[Stored]) -> Fields:
        number = int(request.query.get("page", "1"))
        more = len(items) > number * PAGE
        following = "%s?%s" % (request.path, urlencode({**request.query, "page": number + 1}))
        return {
            "count": len(items),
            "next": following if more else None,
            "previous": None,
            "results": [self.awx.show(item) for item in items[(number - 1) * PAGE : number * PAGE]],
        }


def _filters(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in request.query.items() if name not in ("page", "page_size", "order_by")}
