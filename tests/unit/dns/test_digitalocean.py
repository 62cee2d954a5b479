# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtpd_dns_records with the class of octoDNS for DigitalOcean; what its API would do is done in memory."""

from __future__ import annotations

import copy
from typing import Any, Callable, Optional

import pytest
from octodns_digitalocean import DigitalOceanClient

Run = Callable[..., dict[str, Any]]

BOUNCE = "bounce.mail.example.com"
SPF = {"name": BOUNCE, "type": "TXT", "value": "v=spf1 include:amazonses.com ~all"}
CNAME = {"name": "go.example.com", "type": "CNAME", "value": "l.smtpdgo.com"}
SECRET = "hunter2-hunter2"


class FakeApi:
    """The domain example.com, with single records.

    :ivar calls: what was written: the method, and the data of the record.
    :ivar fails_after: how many of them work.
    """

    def __init__(self, *records: dict[str, Any]) -> None:
        self.content = {number: {**one, "id": number} for number, one in enumerate(records)}
        self.calls: list[tuple[str, str]] = []
        self.fails_after: Optional[int] = None

    def request(self, method: str, path: str, params: Any = None, data: Any = None) -> Any:
        if method == "GET":
            records = copy.deepcopy(list(self.content.values()))
            result = {"domain_records": records, "domains": [{"name": "example.com"}], "links": {}}
            return type("Response", (), {"json": lambda _self: result})()
        if len(self.calls) == self.fails_after:
            raise ConnectionError("The connection was lost.")
        id_ = int(path.rpartition("/")[2]) if method == "DELETE" else len(self.content) + len(self.calls) + 100
        self.calls.append((method, (data or self.content[id_])["data"]))
        if method == "DELETE":
            del self.content[id_]
        else:
            self.content[id_] = {
                **data,
                "id": id_,
                "data": data["data"] if data["type"] == "TXT" else data["data"][:-1],
            }
        return None

    def texts(self) -> set[str]:
        return {one["data"] for one in self.content.values() if one["type"] == "TXT"}


def text(data: str) -> dict[str, Any]:
    return {"type": "TXT", "name": "bounce.mail", "data": data, "ttl": 600, "priority": None}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    made = FakeApi(text("one; two"), text("v=spf1 ip4:192.0.2.1 -all"), text("three"))
    monkeypatch.setattr(DigitalOceanClient, "_request", made.request)
    return made


def publish(run: Run, *records: dict[str, str], **options: Any) -> dict[str, Any]:
    arguments = {
        "records": list(records),
        "provider": {"class": "octodns_digitalocean.DigitalOceanProvider"},
        "provider_secrets": {"token": SECRET},
        "zones": ["example.com"],
    }
    return run("smtpd_dns_records", **{**arguments, **options})


MERGED = "v=spf1 ip4:192.0.2.1 include:amazonses.com -all"


def test_merging_spf_writes_no_other_text(run: Run, api: FakeApi) -> None:
    assert publish(run, SPF, spf="merge")["changed"]
    assert api.calls == [("POST", MERGED), ("DELETE", "v=spf1 ip4:192.0.2.1 -all")]
    assert api.texts() == {"one; two", "three", MERGED}
    assert not publish(run, SPF, spf="merge")["changed"]


def test_an_interrupted_merge_loses_no_text(run: Run, api: FakeApi) -> None:
    before = api.texts()
    api.fails_after = 1
    assert publish(run, SPF, spf="merge")["failed"]
    assert api.texts() == before | {MERGED}


def test_removing_one_of_several_texts_writes_no_other(run: Run, api: FakeApi) -> None:
    assert publish(run, dict(SPF, value="three"), state="absent")["changed"]
    assert api.calls == [("DELETE", "three")]


def test_a_cname_is_replaced_on_demand(run: Run, api: FakeApi) -> None:
    api.content[50] = {"type": "CNAME", "name": "go", "data": "shop.example.net", "ttl": 600, "id": 50}
    assert publish(run, CNAME, conflict="replace")["changed"]
    assert api.calls == [("DELETE", "shop.example.net"), ("POST", "l.smtpdgo.com.")]
    assert not publish(run, CNAME)["changed"]


def test_a_record_of_a_type_that_octodns_skips_is_in_the_way_of_a_cname_alone(run: Run, api: FakeApi) -> None:
    api.content[50] = {"type": "HTTPS", "name": "go", "data": "1 . alpn=h2", "ttl": 600, "id": 50}
    result = publish(run, CNAME, conflict="replace")
    assert [one["code"] for one in result["conflicts"]] == ["unreadable"]
    assert result["conflicts"][0]["found"] == ["go.example.com. 600 IN HTTPS 1 . alpn=h2"]
    assert publish(run, dict(SPF, value="v=DMARC1; p=none"))["changed"]
