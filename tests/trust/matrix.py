# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault matrix: runs of modules, faults of the service, and the cells that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator

PROFILES = "/api/v1/profile/email"
ONE = {"profile_name": "p", "sending_domain": "mail.acorn.example", "bounce_domain": "bounce.mail.acorn.example"}
MANY = [dict(ONE, profile_name="p%d" % number) for number in range(4)]
ONCE, ALWAYS = 1, 1000
# Who publishes it lets somebody else get a certificate.
FOREIGN_RECORD = {"name": "_acme-challenge.acorn.example", "type": "TXT", "value": "gfj9Xq-Rg85nM"}


@dataclass(frozen=True)
class Run:
    """A run of a module, or of the C(inventory) plugin.

    :param endpoints: those that it calls.
    :param wanted: the profiles that are to be there in the end.
    :param seeded: the profiles that are there before. The id of the first one is given as the option C(profile_id) where
        C(by_id) says so.
    :param active: whether it has the service verify.
    :param writes: whether it writes at all.
    """

    module: str
    options: dict[str, Any]
    endpoints: tuple[str, ...]
    wanted: list[dict[str, str]] = field(default_factory=list)
    seeded: list[dict[str, str]] = field(default_factory=list)
    by_id: bool = False
    active: bool = False
    writes: bool = True
    check_mode: bool = False


RUNS = {
    "create": Run("smtpd_sending_profile", ONE, ("token", "list", "create", "setup"), wanted=[ONE]),
    "create-many": Run("smtpd_sending_profiles", {"profiles": MANY}, ("token", "list", "create", "setup"), wanted=MANY),
    "create-many-no-wait": Run(
        "smtpd_sending_profiles",
        {"profiles": MANY, "wait": False, "setup": False, "concurrency": 1},
        ("token", "list", "create"),
        wanted=MANY,
    ),
    "create-and-verify": Run(
        "smtpd_sending_profile",
        dict(ONE, state="verified"),
        ("token", "list", "create", "verify", "setup"),
        wanted=[ONE],
        active=True,
    ),
    "verify": Run(
        "smtpd_sending_profiles",
        {"profiles": MANY, "state": "verified"},
        ("token", "list", "verify", "setup"),
        wanted=MANY,
        seeded=MANY,
        active=True,
    ),
    "verify-by-id": Run(
        "smtpd_sending_profile",
        {"state": "verified"},
        ("token", "get", "list", "verify", "setup"),
        wanted=[ONE],
        seeded=[ONE],
        by_id=True,
        active=True,
    ),
    "check-mode": Run(
        "smtpd_sending_profiles",
        {"profiles": MANY, "state": "verified"},
        ("token", "list"),
        writes=False,
        check_mode=True,
    ),
    "look-up": Run(
        "smtpd_profile_info",
        {"setup": True, "wait": True},
        ("token", "list", "setup"),
        wanted=MANY,
        seeded=MANY,
        writes=False,
    ),
    "look-up-by-id": Run(
        "smtpd_profile_info",
        {"setup": True},
        ("token", "get", "setup"),
        wanted=[ONE],
        seeded=[ONE],
        by_id=True,
        writes=False,
    ),
    "inventory": Run(
        "inventory",
        {"setup": True, "hostnames": ["profile_name"]},
        ("token", "list", "setup"),
        wanted=MANY,
        seeded=MANY,
        writes=False,
    ),
}

# How an endpoint is named in an error.
CALLS = {
    "token": r"POST /oauth/token: ",
    "list": r"GET %s: " % PROFILES,
    "create": r"POST %s: " % PROFILES,
    "get": r"GET %s/[^ /]+: " % PROFILES,
    "setup": r"GET %s/[^ /]+/setup: " % PROFILES,
    "verify": r"PUT %s/[^ /]+/verify: " % PROFILES,
}


@dataclass(frozen=True)
class Fault:
    """A fault of the service.

    :param fields: what the simulator is told, see C(Fault.from_json) there.
    :param cause: what the error says, where there is one.
    :param plausible: at which endpoints the answer is one that the contract allows, so that only what follows from it can be
        told: C(*) for all of them.
    :param untrue: at which endpoints it says what is not so, such as that there is no profile. No client can tell.
    """

    fields: dict[str, Any]
    cause: str
    timeout: float = 5.0
    plausible: tuple[str, ...] = ()
    untrue: tuple[str, ...] = ()


def _faults() -> dict[str, Fault]:
    broke, late, no_json, no_contract = (
        "broke before the answer was complete",
        "did not answer within",
        "instead of JSON",
        "not as its contract says",
    )
    found = {
        "reset": Fault({"reset": True}, broke),
        "reset-after-work": Fault({"reset_after": True}, broke),
        "timeout": Fault({"hang": 1.0}, late, timeout=0.4),
        "timeout-after-work": Fault({"hang_after": 1.0}, late, timeout=0.4),
        "truncated": Fault({"truncate": True}, broke + "|" + no_json, plausible=("verify",)),
        "malformed": Fault({"malformed": True}, no_json, plausible=("verify",)),
        "malformed-after-work": Fault({"malformed": True, "work": True}, no_json, plausible=("verify",)),
        "html": Fault({"html": True}, no_json, plausible=("verify",)),
        "html-after-work": Fault({"html": True, "work": True}, no_json, plausible=("verify",)),
        "echo": Fault({"echo": True}, no_json, plausible=("verify",)),
        "echo-500": Fault({"echo": True, "status": 500}, "answered 500"),
        "empty": Fault({"empty": True}, no_json, plausible=("verify",)),
        "empty-after-work": Fault({"empty": True, "work": True}, no_json, plausible=("verify",)),
        "wrong-content-type": Fault({"content_type": "text/plain"}, "", plausible=("*",)),
        "10-MB": Fault({"big": 10_000_000}, no_json + "|larger than 8 MiB"),
        "nested": Fault({"text": "[" * 100_000, "work": True}, no_json, plausible=("verify",)),
        "many-values": Fault({"text": "[%s0]" % ("0," * 4_000_000)}, "more than 4000000 values", plausible=("verify",)),
        "compressed-twice": Fault({"headers": {"Content-Encoding": "gzip, gzip"}}, "compressed in a way"),
        "drip": Fault(
            {"drip": 0.05}, late, timeout=0.4, plausible=("list", "verify")
        ),  # an empty list is soon complete
        "drip-head": Fault({"drip_head": 0.01}, late, timeout=0.4),
        "drip-head-before-work": Fault({"drip_head": 0.01, "status": 202}, late, timeout=0.4),
        "expired-token": Fault({"expire": True}, "answered 401"),
    }
    for name, value in {
        "": None,
        "-seconds": "0",
        "-fraction": "0.5",
        "-negative": "-3",
        "-date": "Fri, 31 Dec 1999 23:59:59 GMT",
        "-too-long": "86400",
        "-far-date": "Fri, 31 Dec 2099 23:59:59 GMT",
        "-garbage": "soon",
    }.items():
        found["429" + name] = Fault({"status": 429, "headers": {"Retry-After": value} if value else {}}, "answered 429")
    for status in (500, 502, 503, 504):
        found["%d" % status] = Fault({"status": status}, "answered %d" % status)
        found["%d-html" % status] = Fault({"status": status, "html": True}, "answered %d" % status)
        found["%d-after-work" % status] = Fault({"status": status, "work": True, "text": ""}, "answered %d" % status)
    for status in (400, 401, 403, 404, 409, 422):
        found["%d" % status] = Fault(
            {"status": status, "body": {"code": status * 100 + 1, "message": "Not so"}},
            "answered %d" % status,
            plausible=("get", "setup") if status == 404 else (),
            untrue=("get",) if status == 404 else (),
        )
    for status in (300, 301, 302, 303, 307, 308):
        found["redirect-%d" % status] = Fault(
            {"status": status, "headers": {"Location": "https://elsewhere.invalid/x?y=z"}},
            "redirect to https://elsewhere",
        )
    found["redirect-to-other-port"] = Fault({"redirect": "http://127.0.0.1:9/x"}, "redirect to http://127.0.0.1/x")
    found["redirect-relative"] = Fault({"redirect": "/elsewhere", "status": 307}, "redirect to /elsewhere")
    found["redirect-nowhere"] = Fault({"status": 302}, "redirect to nowhere")
    found["redirect-garbage"] = Fault({"redirect": "http://[::1"}, "redirect to an address that is none")
    # With the work done, because a service that claims to have done what it has not cannot be told from one that has.
    bodies = {
        "array": ([], ("list", "verify"), ("list",)),
        "object": ({}, ("verify", "setup"), ()),
        "text": ("x", ("verify",), ()),
        "number": (1, ("verify",), ()),
        "null": (None, ("verify",), ()),
        "true": (True, ("verify",), ()),
        "array-of-numbers": ([1], ("verify",), ()),
        "wrong-types": ([{"profile_id": 1, "state": [], "sending_domain": {}}], ("verify",), ()),
        "wrong-types-inside": (
            {"profile_id": "x", "access_token": 5, "dns_records": [{"name": 1}], "state": 7},
            ("verify",),
            (),
        ),
        "records-without-fields": ({"dns_records": [{"name": "a.example"}], "profile_id": "x"}, ("*",), ()),
        "foreign-record": ({"dns_records": [FOREIGN_RECORD], "profile_id": "x"}, ("*",), ()),
        "without-id": ({"profile_name": "p", "state": "pending"}, ("verify", "setup"), ()),
        "unknown-state": (
            {"profile_id": "x", "profile_name": "p", "sending_domain": "mail.acorn.example", "state": "paused"},
            ("*",),
            (),
        ),
        "more-fields": (
            {
                "profile_id": "x",
                "state": "creating",
                "colour": "green",
                "dns_records": [],
                "access_token": "nobody-s-token",
            },
            ("*",),
            (),
        ),
    }
    for name, (body, plausible, untrue) in bodies.items():
        found["body-%s" % name] = Fault({"body": body, "work": True}, no_contract, plausible=plausible, untrue=untrue)
    return found


FAULTS = _faults()


@dataclass(frozen=True)
class Cell:
    run: str
    endpoint: str
    fault: str
    times: int

    @property
    def id(self) -> str:
        return "%s-%s-%s-%s" % (self.run, self.endpoint, self.fault, "once" if self.times == ONCE else "always")


@dataclass(frozen=True)
class Refusal:
    """The service is gone after so many answers: for a moment, or for good."""

    run: str
    answers: int
    seconds: float | None

    @property
    def id(self) -> str:
        return "%s-refused-after-%d-%s" % (self.run, self.answers, "once" if self.seconds else "always")


def cells() -> list[Cell]:
    """All cells of the matrix."""
    return [
        Cell(run, endpoint, fault, times)
        for run in RUNS
        for endpoint in RUNS[run].endpoints
        for fault in FAULTS
        for times in (ONCE, ALWAYS)
        if not (RUNS[run].seeded and endpoint in FAULTS[fault].untrue)
    ]


def sample(everything: list[Cell]) -> Iterator[Cell]:
    """Each fault at each endpoint, in one run or another, once or always."""
    by_place: dict[tuple[str, str], list[Cell]] = {}
    for cell in everything:
        by_place.setdefault((cell.endpoint, cell.fault), []).append(cell)
    for number, candidates in enumerate(by_place.values()):
        yield candidates[(number * 3) % len(candidates)]


def refusals() -> list[Refusal]:
    """Connections that are refused, at each point of each run."""
    return [
        Refusal(run, answers, seconds)
        for run in RUNS
        for answers in range(len(RUNS[run].endpoints) + 2)
        for seconds in (0.03, None)
    ]
