# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Which DNS records the service may ask for: pure functions on plain data.

The service's answer is data. A record in it is accepted only in a form that the contract shows, at a name that belongs to the
profile. Anything else could take over a name of the user: a TXT record at C(_acme-challenge) is enough to get a certificate,
a second one at C(_dmarc) disables DMARC (RFC 7489, 6.6.3).
"""

from __future__ import annotations

import re
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Optional

from ._domains import check_domain, domain_key, is_domain
from ._errors import InputError
from ._rdata import CNAME, MX, TXT, describe_record, split_mx, txt_text
from ._texts import printable
from ._vocabulary import DOMAIN_FIELDS

UNEXPECTED_RECORD = "unexpected_record"

# The values that the contract shows. The service chooses the region of the mail host.
LINK_TARGET, SPF, MAIL_HOST = (
    "l.smtpdgo.com",
    "v=spf1 include:amazonses.com ~all",
    "feedback-smtp.us-east-1.amazonses.com",
)
_MAIL_HOST = re.compile(r"feedback-smtp\.(.*\.)?amazonses\.com\.")

_SENDING, _LINK, _BOUNCE = "sending domain", "link domain", "bounce domain"
_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
# Records that receivers give a meaning to begin so: SPF, DMARC, DKIM, MTA-STS and others.
_TAGGED = re.compile(r"\s*v\s*=", re.IGNORECASE)
# Other mechanisms could let everybody send, such as "ip4:0.0.0.0/0" does. Receivers look up ten (RFC 7208, 4.6.4).
_SPF = re.compile(r"v=spf1( +\+?include:[^ ]+){1,10} +[~?-]all *", re.IGNORECASE)
_INCLUDE = re.compile(r"include:([^ ]+)", re.IGNORECASE)

# The tokens of the contract have 28 and 44 characters, and a profile has three DKIM keys. These leave room for others.
_LONGEST_TOKEN, _MOST_KEYS = 255, 10


def _is_host(value: str) -> bool:
    return _HOST.fullmatch(domain_key(value.strip())) is not None


def _is_mx(value: str) -> bool:
    return _is_host(split_mx(value)[1])


def _is_spf(value: str) -> bool:
    text = txt_text(value)
    return _SPF.fullmatch(text) is not None and all(map(_is_host, _INCLUDE.findall(text)))


def _is_token(value: str) -> bool:
    text = txt_text(value)
    return len(text) <= _LONGEST_TOKEN and text.isascii() and text.isprintable() and not _TAGGED.match(text)


class _Form(NamedTuple):
    """One row of the contract's table.

    :param prefix: what stands before the domain in the name; C(None) stands for any selector and C(_domainkey).
    :param most: how many such records a profile can have.
    """

    domain: str
    prefix: Optional[str]
    type: str
    fits: Callable[[str], bool]
    most: int
    words: str


# The answer of "Get sending profile domain setup details" in the service's contract.
_FORMS = (
    _Form(_SENDING, None, CNAME, _is_host, _MOST_KEYS, "a DKIM CNAME at <selector>._domainkey"),
    _Form(_SENDING, "_amazonses.", TXT, _is_token, 1, "a verification TXT at _amazonses"),
    _Form(_BOUNCE, "_amazonses.", TXT, _is_token, 1, "a verification TXT at _amazonses"),
    _Form(_BOUNCE, "", MX, _is_mx, 1, "an MX"),
    _Form(_BOUNCE, "", TXT, _is_spf, 1, "an SPF record of includes and ~all"),
    _Form(_LINK, "_amazonses.", TXT, _is_token, 1, "a verification TXT at _amazonses"),
    _Form(_LINK, "", CNAME, _is_host, 1, "a CNAME"),
)


def is_mail_host(host: str) -> bool:
    """Whether a host, in lower case and with a trailing dot, is one that the service has bounces sent to, in any region."""
    return _MAIL_HOST.fullmatch(host) is not None


def unexpected_records(
    records: Iterable[Mapping[str, Any]], profile: Mapping[str, Any], requested: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The records of a profile that the contract does not allow.

    :param records: with C(name), C(type) and C(value), as the service answers them.
    :param profile: the profile as the service shows it.
    :param requested: the domains that the user gave; they count more than those of the profile.
    :returns: C(name), C(type), C(value) and C(reason) of each.
    """
    domains = _domains_of(profile, requested)
    taken: dict[_Form, set[tuple[str, str]]] = {}
    unexpected = []
    for record in records:
        reason = _problem(record) or _reason(record, domains, taken)
        if reason:
            shown = {field: printable(record[field]) for field in ("name", "type", "value")}
            unexpected.append({**shown, "reason": printable(reason)})
    return unexpected


def _problem(record: Mapping[str, Any]) -> Optional[str]:
    """Why a record cannot be published, whatever it is for, or not be shown as it is."""
    try:
        describe_record(record, "dns_records")
    except InputError as error:
        return str(error)
    if not all(value.isprintable() for value in record.values() if value is not None):
        return "It has characters in it that cannot be seen."
    return None


def _reason(
    record: Mapping[str, Any], domains: Mapping[str, tuple[str, ...]], taken: dict[_Form, set[tuple[str, str]]]
) -> Optional[str]:
    """Why a record is not accepted; C(None) where it is.

    :param taken: name and value of the records that were accepted so far; the record is added.
    """
    name, type_, value = domain_key(record["name"]), record["type"].upper(), record["value"]
    own = sorted({domain for own in domains.values() for domain in own})
    forms = [form for form in _FORMS if any(_is_at(name, form, domain) for domain in domains[form.domain])]
    if not forms:
        if any(name == domain or name.endswith("." + domain) for domain in own):
            return "The contract of the service has no record at this name."
        return "The name does not belong to the profile, whose domains are %s." % (", ".join(own) or "not known")
    fitting = [form for form in forms if form.type == type_ and form.fits(value)]
    if not fitting:
        return "Here the contract of the service has only %s." % " and ".join(
            dict.fromkeys("%s of the %s" % (form.words, form.domain) for form in forms)
        )
    for form in fitting:
        same = taken.setdefault(form, set())
        if (name, value) in same or len(same) < form.most:
            same.add((name, value))
            return None
    if fitting[0].most > 1:
        return "A profile can have at most %d records of this kind." % fitting[0].most
    return "The contract of the service has only one %s record here." % type_


def _is_at(name: str, form: _Form, domain: str) -> bool:
    if form.prefix is not None:
        return name == form.prefix + domain
    selector, found, rest = name.partition("._domainkey.")
    return bool(found) and rest == domain and _SELECTOR.fullmatch(selector) is not None


def _domains_of(profile: Mapping[str, Any], requested: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The profile's own domains. A domain that nobody has named is the contract's default."""
    sending, link, bounce = (_own_names(requested.get(field) or profile.get(field), field) for field in DOMAIN_FIELDS)
    if link is None:
        link = tuple("go." + name for domain in sending or () for name in (domain, _parent(domain)) if name)
    if bounce is None:
        bounce = tuple("bounce." + domain for domain in sending or ())
    return {_SENDING: sending or (), _LINK: link, _BOUNCE: bounce}


def _parent(domain: str) -> str:
    """The domain above, unless that is a top-level domain."""
    parent = domain.partition(".")[2]
    return parent if "." in parent else ""


def _own_names(domain: Any, field: str) -> Optional[tuple[str, ...]]:
    """The domain as names are compared, C(None) where there is none. A wildcard or a name with an underscore is nobody's."""
    if not domain:
        return None
    return (check_domain(domain, field),) if is_domain(domain) else ()
