# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which domains are accepted, and which spellings are the same domain."""

from __future__ import annotations

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._domains import check_domain, domain_key
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError


@pytest.mark.parametrize(
    "given, normal",
    [
        ("mail.example.com", "mail.example.com"),
        ("Mail.Example.COM.", "mail.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("1.2.3.4.example", "1.2.3.4.example"),
    ],
)
def test_a_domain_is_brought_into_its_normal_form(given: str, normal: str) -> None:
    assert check_domain(given, "sending_domain") == normal


@pytest.mark.parametrize(
    "given, reason",
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("localhost", "no full domain name"),
        ("192.0.2.1", "no full domain name"),
        ("https://example.com", "has a path"),
        ("example.com/mail", "has a path"),
        ("info@example.com", "mail address"),
        ("exa mple.com", "label 'exa mple'"),
        ("a..example.com", "label ''"),
        (".example.com", "label ''"),
        ("example.com..", "label ''"),
        ("-a.example.com", "label '-a'"),
        ("a_b.example.com", "label 'a_b'"),
        ("*.example.com", "label '*'"),
        ("a" * 64 + ".example.com", "63"),
        (".".join(["a" * 60] * 5) + ".com", "longer than the 253"),
        ("example.com\n", r"label 'com\u000a'"),
        ("\u2764\u200d.example", "internationalised"),
    ],
)
def test_what_is_no_domain_is_refused_with_the_option_and_the_reason(given: str, reason: str) -> None:
    with pytest.raises(InputError) as error:
        check_domain(given, "bounce_domain")
    assert str(error.value).startswith("bounce_domain: ")
    assert reason in str(error.value)


def test_spellings_of_one_domain_have_the_same_key() -> None:
    assert domain_key("Mail.Example.com.") == domain_key("mail.example.com")
    assert domain_key("mail.example.com") != domain_key("mail.example.org")
