# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The BIND for tests and the demo."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.bind import BindServer


def test_it_ends_and_leaves_nothing() -> None:
    with BindServer(["example.com"]) as bind:
        process, directory = bind._process, bind._directory
        assert process is not None and process.poll() is None
    assert process.poll() is not None
    assert not directory.exists()
    bind.stop()


def test_it_knows_its_content(bind: BindServer) -> None:
    bind.add("a.example.com", "TXT", '"one"', '"two"')
    serial = bind.serial("example.com")
    bind.delete("a.example.com", "TXT", '"one"')
    assert ("a.example.com.", 300, "TXT", '"two"') in bind.records("example.com")
    assert 'a.example.com. 300 IN TXT "two"\n' in bind.zone_text("example.com")
    assert bind.serial("example.com") == serial + 1


def test_a_zone_can_start_with_records() -> None:
    with BindServer({"example.com": "www IN A 192.0.2.1"}) as bind:
        assert "www.example.com. 3600 IN A 192.0.2.1\n" in bind.zone_text("example.com")


def test_a_wrong_zone_is_told() -> None:
    with pytest.raises(RuntimeError, match="example.com"):
        BindServer({"example.com": "www IN A not-an-address"})


def test_a_missing_named_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_arguments, **_options: None)
    with pytest.raises(RuntimeError, match="apt-get install bind9"):
        BindServer(["example.com"])


def test_the_secret_is_apart_from_the_settings(bind: BindServer) -> None:
    provider, secrets = bind.octodns_provider()
    assert bind.key_secret not in json.dumps(provider)
    assert secrets == {"key_secret": bind.key_secret}


def test_others_cannot_read_its_key(bind: BindServer) -> None:
    directory = Path(bind._directory)
    assert os.stat(directory).st_mode & 0o077 == 0
