# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Made-up accounts, as C(smtpd_profile_info) and C(smtpd_dns_info) tell of them, for tests of what is concluded from
that.

The records are those of the simulator, and what is said of an answer is what the collection says of it; only the
profiles
and the answers are made up. The same account comes out each time.
"""

from __future__ import annotations

import uuid
from typing import Any, Callable, Iterable, Sequence

from ansible_collections.smtpd.email.plugins.module_utils._audit import audit_report
from ansible_collections.smtpd.email.plugins.module_utils._audit_formats import audit_format
from ansible_collections.smtpd.email.plugins.module_utils._dns_answers import Answer, Judgement
from ansible_collections.smtpd.email.plugins.module_utils._profiles import profile_from_answer
from ansible_collections.smtpd.email.plugins.module_utils._rdata import canonical, describe_record
from ansible_collections.smtpd.email.plugins.module_utils._records import check_records
from tests.simulator.model import FIELDS, Profile, make_records

NOW = 1796130000.0  # Tuesday 1 December 2026, 13:00 UTC
HOUR = 3600.0
SERVERS = ("ns1.dns.example. (192.0.2.53)", "ns2.dns.example. (198.51.100.53)")

# What the servers answer for a record of these canonical values.
Respond = Callable[[str, Sequence[str]], list[Answer]]


def right(_type: str, values: Sequence[str]) -> list[Answer]:
    return [Answer(server, values=tuple(values)) for server in SERVERS]


def missing(_type: str, _values: Sequence[str]) -> list[Answer]:
    return [Answer(server) for server in SERVERS]


def other(type_: str, _values: Sequence[str]) -> list[Answer]:
    values = {"CNAME": "www.acorn.example.", "MX": "10 mail.acorn.example.", "TXT": "v=spf1 ip4:192.0.2.25 -all"}
    return [Answer(server, values=(values[type_],)) for server in SERVERS]


def partial(_type: str, values: Sequence[str]) -> list[Answer]:
    return [Answer(SERVERS[0], values=tuple(values)), Answer(SERVERS[1])]


def servfail(_type: str, _values: Sequence[str]) -> list[Answer]:
    return [Answer(server, failure="it answers SERVFAIL") for server in SERVERS]


def silent(_type: str, values: Sequence[str]) -> list[Answer]:
    return [Answer(SERVERS[0], values=tuple(values)), Answer(SERVERS[1], failure="no answer within 5 s")]


def profile(
    domain: str, state: str = "active", name: str = "default", since: float = 1000.0, **fields: Any
) -> dict[str, Any]:
    """A profile with its records, all accepted if it is active.

    :param since: how many hours ago it came into its state.
    """
    profile_id = fields.pop("profile_id", None) or str(
        uuid.uuid5(uuid.NAMESPACE_DNS, "%s %s %s" % (name, domain, state))
    )
    records = fields.pop("dns_records", None)
    modified = int(NOW - since * HOUR)
    given = {"profile_name": name, "sending_domain": domain, **fields}
    answer = {
        "profile_id": profile_id,
        "state": state,
        "created_at_utc": modified - 7,
        "modified_at_utc": modified,
        **given,
    }
    if records is None:
        made = Profile(profile_id, {key: given[key] for key in FIELDS if key in given}, state, 0.0, 0.0, 0.0, 0.0)
        records = [] if state == "creating" else make_records(made)
        for record in records:
            record["validation_state"] = "active" if state == "active" else "pending"
    return dict(
        profile_from_answer(answer),
        dns_records=[dict(describe_record(record), profile_id=profile_id) for record in records],
    )


def lookup(profiles: Iterable[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What C(smtpd_profile_info) returns."""
    profiles = list(profiles)
    records = [record for one in profiles for record in one["dns_records"]]
    return {"changed": False, "profiles": profiles, "dns_records": records, **more}


def answers(
    profiles: Iterable[dict[str, Any]], responds: dict[tuple[str, int], Respond] | None = None
) -> dict[str, Any]:
    """What C(smtpd_dns_info) returns: all is right, but for the records whose profile's id and number are given."""
    results = []
    for one in profiles:
        for number, record in enumerate(one["dns_records"]):
            (wish,) = check_records([record])
            respond = (responds or {}).get((one["profile_id"], number), right)
            given = respond(record["type"], [canonical(record["type"], record["rdata"])])
            results.append(Judgement(wish, [wish], given, given_up=SERVERS).as_dict())
    return {
        "changed": False,
        "records": results,
        "all_present": all(result["status"] == "present" for result in results),
    }


def small_account() -> tuple[dict[str, Any], dict[str, Any]]:
    """A dozen profiles with all that can be the matter with one."""
    lost = profile("shop.acorn.example", "pending", "newsletter", since=67.6)
    lost["dns_records"][3]["validation_state"] = "active"
    fixed = profile("mail.birch.example", "pending", "invoices", since=41.0)
    new = profile("hello.cedar.example", "pending", since=2.2)
    dead = profile("news.dogwood.example", "disabled", since=9)
    drifted = profile("mail.elm.example", name="transactions")
    uncertain = profile("post.fir.example", name="alerts")
    profiles = [
        lost,
        fixed,
        new,
        dead,
        drifted,
        uncertain,
        profile("mail.hazel.example", "failed", since=700),
        profile("mail.hazel.example", since=699),
        profile("go.ivy.example", "creating", "welcome", since=0.05),
        *(profile("mail.%s.example" % tree, name="newsletter") for tree in ("juniper", "larch", "maple")),
    ]
    return lookup(profiles), answers(
        [one for one in profiles if one["state"] != "failed"],
        {
            (lost["profile_id"], 0): missing,
            (lost["profile_id"], 8): other,
            (new["profile_id"], 0): partial,
            **{(new["profile_id"], number): missing for number in (1, 2, 3, 4, 5, 6, 7, 8)},
            (dead["profile_id"], 5): other,
            (dead["profile_id"], 6): missing,
            (drifted["profile_id"], 6): other,
            (uncertain["profile_id"], 1): servfail,
            (uncertain["profile_id"], 2): servfail,
        },
    )


def example_page() -> str:
    """The page that the documentation shows."""
    return audit_format(audit_report(*small_account(), NOW, "acorn"), "html")


def large_account(count: int, ill: float = 0.06) -> tuple[dict[str, Any], dict[str, Any]]:
    """Many profiles, a part of which is ill in one way or another.

    :param ill: which part.
    """
    step = max(1, round(1 / ill)) if ill else count + 1
    profiles, responds = [], {}
    for number in range(count):
        domain = "mail.%s-%04d.example" % (("anchor", "brook", "cliff", "dune", "estuary", "fjord")[number % 6], number)
        case = number // step % 5 if number % step == step - 1 else None
        state = {0: "pending", 1: "active", 2: "pending", 3: "active", 4: "disabled", None: "active"}[case]
        one = profile(domain, state, ("newsletter", "default", "invoices")[number % 3], since=(number * 7.3) % 72)
        ill_records = {
            0: {8: missing},
            1: {0: missing, 5: other},
            2: {},
            3: {6: servfail},
            4: {5: other, 6: other},
            None: {},
        }[case]
        responds.update({(one["profile_id"], index): respond for index, respond in ill_records.items()})
        profiles.append(one)
    return lookup(profiles), answers(profiles, responds)
