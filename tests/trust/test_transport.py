# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS and proxies, by real servers on loopback."""

from __future__ import annotations

import datetime
import gzip
import socket
import ssl
import time
import zlib
from pathlib import Path
from typing import Any, Iterator

import pytest
import trustme

from tests.simulator import Simulator
from tests.support.inprocess import run_module
from tests.support.relays import Dripper, Proxy, TlsFront

ENVIRONMENT = (
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody knows."""
    return trustme.CA()


@pytest.fixture
def ca_path(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.fixture
def other_path(tmp_path: Path) -> str:
    """The certificate of an authority that has nothing to do with the service's."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    return str(tmp_path / "other.pem")


def context(authority: trustme.CA, name: str = "localhost", **certificate: Any) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **certificate).configure_cert(made)
    return made


@pytest.fixture
def front(simulator: Simulator, authority: trustme.CA) -> Iterator[TlsFront]:
    """The service behind TLS, with a certificate for localhost."""
    with TlsFront(simulator.url, context(authority)) as relay:
        yield relay


def look_up(simulator: Simulator, api_url: str, **options: Any) -> dict[str, Any]:
    return run_module(
        "smtpd_profile_info",
        **{"api_url": api_url, "access_token": simulator.token, "retries": 0, "timeout": 5, **options},
    )


# TLS


def test_a_private_authority_is_trusted_when_it_is_named(simulator: Simulator, front: TlsFront, ca_path: str) -> None:
    assert look_up(simulator, front.url(), ca_path=ca_path)["profiles"] == []


def test_a_private_authority_is_not_trusted_otherwise(simulator: Simulator, front: TlsFront) -> None:
    result = look_up(simulator, front.url())
    assert result["failed"] and "GET /api/v1/profile/email: no secure connection to localhost:" in result["msg"]
    assert "name that by ca_path" in result["msg"]
    assert simulator.requests() == []


def test_without_validation_any_certificate_will_do(simulator: Simulator, front: TlsFront) -> None:
    result = look_up(simulator, front.url(), validate_certs=False)
    assert result["profiles"] == [] and "Unverified" not in result["output"]


@pytest.mark.parametrize(
    "certificate",
    [
        pytest.param({"name": "other.example"}, id="wrong-host"),
        pytest.param(
            {"not_before": datetime.datetime(2020, 1, 1), "not_after": datetime.datetime(2020, 2, 1)}, id="expired"
        ),
    ],
)
def test_a_certificate_that_is_not_good_for_the_host_is_refused(
    certificate: dict[str, Any], simulator: Simulator, authority: trustme.CA, ca_path: str
) -> None:
    with TlsFront(simulator.url, context(authority, **certificate)) as relay:
        result = look_up(simulator, relay.url(), ca_path=ca_path)
    assert result["failed"] and "no secure connection" in result["msg"]
    assert simulator.requests() == []


def test_old_tls_is_refused(simulator: Simulator, authority: trustme.CA, ca_path: str) -> None:
    old = context(authority)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    with TlsFront(simulator.url, old) as relay:
        result = look_up(simulator, relay.url(), ca_path=ca_path)
    assert result["failed"] and "no secure connection" in result["msg"]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_authorities_of_a_company_come_from_the_environment(
    variable: str, simulator: Simulator, front: TlsFront, ca_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, ca_path)
    assert look_up(simulator, front.url())["profiles"] == []


def test_a_bundle_in_the_environment_does_not_undo_that_certificates_are_not_checked(
    simulator: Simulator, front: TlsFront, other_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", other_path)
    assert look_up(simulator, front.url(), validate_certs=False)["profiles"] == []


def test_a_bundle_in_the_environment_does_not_undo_that_certificates_are_checked(
    simulator: Simulator, front: TlsFront, other_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", other_path)
    assert "no secure connection" in look_up(simulator, front.url(), validate_certs=True)["msg"]
    assert simulator.requests() == []


def test_a_bundle_in_the_environment_does_not_take_the_place_of_the_authority_named(
    simulator: Simulator, front: TlsFront, other_path: str, ca_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_path)
    assert look_up(simulator, front.url(), ca_path=other_path)["failed"]
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", other_path)
    assert not look_up(simulator, front.url(), ca_path=ca_path)["failed"]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_missing_bundle_of_the_environment_is_told_by_its_variable(
    variable: str, simulator: Simulator, front: TlsFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "/nowhere/ca.pem")
    assert look_up(simulator, front.url())["msg"].startswith(variable + ": '/nowhere/ca.pem' does not exist")


def test_a_file_that_holds_no_authorities_is_told(simulator: Simulator, front: TlsFront, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing\n")
    result = look_up(simulator, front.url(), ca_path=str(tmp_path / "empty.pem"))
    assert result["failed"] and "no secure connection to localhost" in result["msg"]
    assert "The certificate authorities to trust were read from %s." % (tmp_path / "empty.pem") in result["msg"]


def test_a_missing_file_of_authorities_is_told_before_anything_is_sent(simulator: Simulator, front: TlsFront) -> None:
    result = look_up(simulator, front.url(), ca_path="/nowhere/ca.pem")
    assert result["failed"] and result["msg"].startswith("ca_path: '/nowhere/ca.pem' does not exist")


def test_a_server_without_tls_is_told(simulator: Simulator) -> None:
    result = look_up(simulator, simulator.url.replace("http://", "https://"))
    assert result["failed"] and "no secure connection" in result["msg"]


def test_credentials_are_not_sent_in_the_clear(simulator: Simulator) -> None:
    result = look_up(simulator, "http://api.smtpd.dev")
    assert result["failed"] and result["msg"].startswith("api_url: ") and "in the clear" in result["msg"]


def test_a_refused_connection_is_told(simulator: Simulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = look_up(simulator, "http://127.0.0.1:%d" % port)
    assert result["failed"]
    assert result["msg"].startswith(
        "GET /api/v1/profile/email: no connection to 127.0.0.1:%d (Connection refused)" % port
    )


def test_a_host_that_does_not_exist_is_told(simulator: Simulator) -> None:
    result = look_up(simulator, "https://nowhere.invalid")
    assert result["failed"] and "GET /api/v1/profile/email: " in result["msg"] and "nowhere.invalid" in result["msg"]


# Proxies


def test_a_proxy_of_the_environment_is_used(
    simulator: Simulator, front: TlsFront, ca_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url())
        assert look_up(simulator, front.url(), ca_path=ca_path)["profiles"] == []
        assert proxy.requests == ["CONNECT localhost:%d" % front.port]


def test_a_proxy_gets_its_credentials(
    simulator: Simulator, front: TlsFront, ca_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(credentials="me:pr0xy-pass") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url("me:pr0xy-pass"))
        result = look_up(simulator, front.url(), ca_path=ca_path)
    assert result["profiles"] == [] and "pr0xy-pass" not in result["output"]


def test_a_proxy_that_refuses_is_told_without_its_password(
    simulator: Simulator, front: TlsFront, ca_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(credentials="me:pr0xy-pass") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url("me:wr0ng-pass"))
        result = look_up(simulator, front.url(), ca_path=ca_path)
    assert result["failed"] and "the proxy from the environment" in result["msg"]
    assert "wr0ng-pass" not in result["output"]


@pytest.mark.parametrize("excepted", ["localhost", "example.com, localhost", ".localhost", "*", "localhost:PORT"])
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_no_proxy_is_used_for_hosts_that_are_excepted(
    variable: str, excepted: str, simulator: Simulator, front: TlsFront, ca_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url())
        monkeypatch.setenv(variable, excepted.replace("PORT", str(front.port)))
        assert look_up(simulator, front.url(), ca_path=ca_path)["profiles"] == []
        assert proxy.requests == []


@pytest.mark.parametrize("excepted", ["example.com", "localhost:1"])
def test_other_exceptions_do_not_count(
    excepted: str, simulator: Simulator, front: TlsFront, ca_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url())
        monkeypatch.setenv("NO_PROXY", excepted)
        assert look_up(simulator, front.url(), ca_path=ca_path)["profiles"] == []
        assert proxy.requests


@pytest.mark.parametrize(
    "variable, used", [("https_proxy", True), ("ALL_PROXY", True), ("all_proxy", True), ("HTTP_PROXY", False)]
)
def test_a_proxy_is_found_by_the_variables_that_other_programs_use(
    variable: str, used: bool, simulator: Simulator, front: TlsFront, ca_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv(variable, proxy.url().removeprefix("http://") if variable.islower() else proxy.url())
        assert look_up(simulator, front.url(), ca_path=ca_path)["profiles"] == []
        assert bool(proxy.requests) is used


def test_a_proxy_on_this_machine_is_used_for_http_too(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy(credentials="me:pr0xy-pass") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url("me:pr0xy-pass"))
        assert look_up(simulator, simulator.url)["profiles"] == []
        assert proxy.requests
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        proxy.requests.clear()
        assert look_up(simulator, simulator.url)["profiles"] == []
        assert proxy.requests == []


def test_credentials_do_not_go_to_another_machines_proxy_in_the_clear(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://proxy.invalid:3128")  # that there is none would be an error
    assert look_up(simulator, simulator.url)["profiles"] == []


@pytest.mark.parametrize(
    "value",
    [
        "http://me:pr0xy#pass@proxy.example:3128",
        "http://me:pr0xy-pass@proxy.example:port",
        "http://me:pr0xy-pass@[::1:3128",
        "http://",
        "ftp://me:pr0xy-pass@proxy.example",
    ],
)
def test_a_proxy_that_cannot_be_one_is_told_without_its_password(
    value: str, simulator: Simulator, front: TlsFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    result = look_up(simulator, front.url(), validate_certs=False)
    assert result["failed"] and result["msg"].startswith("HTTPS_PROXY: ")
    assert "pr0xy" not in result["output"]


def test_a_proxy_that_does_not_answer_is_given_up_after_the_timeout(
    simulator: Simulator, front: TlsFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Dripper(b"HTTP/1.1 200 Connection established\r\nX-Slow: " + b"x" * 10_000) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:%d" % proxy.port)
        started = time.monotonic()
        result = look_up(simulator, front.url(), validate_certs=False, timeout=0.5)
        assert time.monotonic() - started < 30
    assert result["failed"] and "GET /api/v1/profile/email: " in result["msg"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("proxied", [False, True])
@pytest.mark.parametrize(
    "fault", [{"reset_after": True}, {"truncate": True}, {"hang_after": 3}, {"drip_head": 0.05, "work": True}]
)
def test_a_creation_whose_answer_is_lost_behind_tls_and_proxies_is_not_done_twice(
    fault: dict[str, Any],
    proxied: bool,
    simulator: Simulator,
    front: TlsFront,
    ca_path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Proxy() as proxy:
        if proxied:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url())
        simulator.inject("create", **fault)
        result = run_module(
            "smtpd_sending_profile",
            profile_name="p",
            sending_domain="mail.acorn.example",
            api_url=front.url(),
            ca_path=ca_path,
            access_token=simulator.token,
            timeout=1.0,
            wait=False,
        )
    assert not result["failed"] and result["changed"], result["msg"]
    (profile,) = simulator.profiles()
    assert result["profile"]["profile_id"] == profile["profile_id"]


# What else a host can do


def test_an_answer_that_is_too_large_is_not_read_to_its_end(simulator: Simulator) -> None:
    simulator.inject("list", big=70_000_000)
    result = look_up(simulator, simulator.url, timeout=30)
    assert result["failed"] and "GET /api/v1/profile/email: the answer is larger than 64 MiB" in result["msg"]


@pytest.mark.parametrize("endpoint", ["token", "setup", "create", "verify"])
def test_any_other_answer_may_be_no_larger_than_8_mebibytes(endpoint: str, simulator: Simulator) -> None:
    simulator.seed(profile_name="p", sending_domain="mail.acorn.example", state="pending")
    simulator.inject(endpoint, big=9_000_000, times=9)
    result = run_module(
        "smtpd_sending_profile",
        profile_name="q" if endpoint == "create" else "p",
        sending_domain="mail.acorn.example",
        state="verified",
        api_url=simulator.url,
        api_key=simulator.api_key,
        api_secret=simulator.api_secret,
        retries=0,
        wait_timeout=0.1,
    )
    assert result["failed"] and "the answer is larger than 8 MiB" in result["msg"]


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "deflate", "br", "zstd"])
def test_a_compressed_answer_is_not_read_to_its_end(encoding: str, simulator: Simulator) -> None:
    body = gzip.compress(b"[" * 70_000_000, 1) if "gzip" in encoding else zlib.compress(b"[" * 70_000_000, 1)
    if encoding == "gzip, gzip":
        body = gzip.compress(body)
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n"
    with Dripper((head % (encoding, len(body))).encode() + body, pause=0) as service:
        result = look_up(simulator, "http://127.0.0.1:%d" % service.port, timeout=30)
    reason = "larger than 64 MiB" if encoding in ("gzip", "deflate") else "compressed in a way that was not asked for"
    assert result["failed"] and "GET /api/v1/profile/email: the answer is " + reason in result["msg"]


@pytest.mark.parametrize("value", ["0", "[]", "{}", '""', '{"a":0}'])
def test_an_answer_of_millions_of_values_is_refused(value: str, simulator: Simulator) -> None:
    simulator.inject("list", text="[%s]" % ",".join([value] * 4_000_001))
    result = look_up(simulator, simulator.url, timeout=30)
    assert result["failed"] and "but it has more than 4000000 values" in result["msg"]


@pytest.mark.parametrize("endpoint", ["list", "token", "setup"])
@pytest.mark.parametrize(
    "text", ["[" * 500_000, '{"a":' * 200_000, "[" * 101 + "]" * 101, '{"message":' * 101 + '"]]]"' + "}" * 101]
)
def test_an_answer_that_is_nested_too_deeply_is_not_understood(text: str, endpoint: str, simulator: Simulator) -> None:
    simulator.seed(profile_name="p", sending_domain="mail.acorn.example", state="pending")
    simulator.inject(endpoint, text=text, times=9)
    result = run_module(
        "smtpd_profile_info",
        api_url=simulator.url,
        api_key=simulator.api_key,
        api_secret=simulator.api_secret,
        retries=0,
        setup=True,
    )
    assert result["failed"] and ("instead of JSON" in result["msg"] or "not as its contract says" in result["msg"])


def test_brackets_in_a_text_are_not_nested(simulator: Simulator) -> None:
    simulator.seed(profile_name='[{"\\' * 200, sending_domain="mail.acorn.example", state="pending")
    (profile,) = look_up(simulator, simulator.url)["profiles"]
    assert profile["profile_name"] == '[{"\\' * 200


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int, simulator: Simulator) -> None:
    simulator.inject("list", redirect=simulator.url + "/elsewhere", status=status)
    result = look_up(simulator, simulator.url)
    assert (
        result["failed"] and "wants to redirect to http://127.0.0.1/elsewhere, which is not followed" in result["msg"]
    )
    assert [request["path"] for request in simulator.requests()] == ["/api/v1/profile/email"]


def test_a_netrc_entry_for_the_host_changes_nothing(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password something\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert look_up(simulator, simulator.url)["profiles"] == []
    (request,) = simulator.requests()
    assert request["headers"]["Authorization"] == "Bearer " + simulator.token
