# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What DNS says against a profile that is to be created: pure functions on what was looked up.

The service can neither change nor delete a profile, so it is looked at before. What cannot be looked up for certain is
never held against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Optional

from ._contract import LINK_TARGET, SPF, is_mail_host
from ._dmarc_policy import Discovery, Site, discover, dmarc_names
from ._dns_origin import ADDRESSES, DNAME, Origins
from ._dns_spf import covers
from ._domains import check_domain
from ._errors import InputError
from ._rdata import CNAME, MX, TXT, absolute, describe_record, is_spf, name_key, split_mx
from ._texts import printable
from ._vocabulary import BELOW_DNAME

ERROR, WARNING = "error", "warning"
WILDCARD_MX = "wildcard_mx"

SENDING, LINK, BOUNCE = "sending_domain", "link_domain", "bounce_domain"


class Finding(NamedTuple):
    """Something to think about before a profile is created.

    :param severity: C(error) where the profile could not work, or would do harm; else C(warning).
    """

    domain: str
    severity: str
    code: str
    message: str


@dataclass(frozen=True)
class Node:
    """What DNS has at one name.

    :param apex: whether the name is the top of a zone.
    :param values: by type; canonical values. A type that could not be looked up for certain is missing.
    :param problem: why nothing is known at all: the code and the sentence.
    :param origins: which of the values are not stored at the name, but synthesised from a wildcard or a DNAME.
    :param alias: where the name points to, if it was asked for TXT records only. What is there is then a node of its own.
    """

    apex: bool = False
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problem: Optional[tuple[str, str]] = None
    origins: Origins = Origins()
    alias: Optional[str] = None

    def get(self, type_: str) -> tuple[str, ...]:
        """The values of a type; empty where there are none, or none for certain."""
        return self.values.get(type_, ())

    def stored(self, type_: str) -> tuple[str, ...]:
        """The values that are stored at the name. All others give way to the records of a profile (RFC 4592)."""
        return () if type_ in self.origins.wildcards or self.origins.dname else self.get(type_)


# The types to look up at each kind of domain, beside SOA, which tells the top of a zone.
TYPES_OF = {
    SENDING: (CNAME, DNAME, MX) + ADDRESSES,
    LINK: (CNAME, DNAME, MX, TXT) + ADDRESSES,
    BOUNCE: (CNAME, MX, TXT),
}


def questions(profile: Mapping[str, Optional[str]], registrable: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Names and types to look up for a profile.

    :param profile: its domains, each as C(check_domain) returns it, by their option names.
    :param registrable: gives the organisational domain of a domain.
    """
    for option, types in TYPES_OF.items():
        if profile.get(option):
            yield from ((profile[option], type_) for type_ in ("SOA",) + types)
    if profile.get(SENDING):
        yield from ((name, TXT) for name in dmarc_names(profile[SENDING], registrable))


def check_names(profile: Mapping[str, Optional[str]]) -> tuple[dict[str, str], list[Finding]]:
    """The domains of a profile in their normal form, and what is to be said of their names alone."""
    domains: dict[str, str] = {}
    findings: list[Finding] = []
    for option in TYPES_OF:
        value = profile.get(option)
        if value is None:
            continue
        try:
            domains[option] = check_domain(value, option)
        except InputError as error:
            findings.append(Finding(value, ERROR, "invalid_name", str(error)))
            continue
        if not value.isascii():
            findings.append(
                Finding(
                    value,
                    WARNING,
                    "internationalised_name",
                    "%s: '%s' is sent to the service as %s, and mail programs may show it so."
                    % (option, printable(value), domains[option]),
                )
            )
    findings += _clashes(domains)
    return domains, findings


def _clashes(domains: Mapping[str, str]) -> Iterator[Finding]:
    link = domains.get(LINK)
    for option in (SENDING, BOUNCE):
        if link is not None and domains.get(option) == link:
            yield Finding(
                link,
                ERROR,
                "same_domain",
                "link_domain and %s are the same: a link domain becomes a CNAME, beside "
                "which there can be nothing else. Choose another link domain." % option,
            )


def judge(domains: Mapping[str, str], nodes: Mapping[str, Node], registrable: Callable[[str], str]) -> list[Finding]:
    """What DNS says against a profile.

    :param nodes: what was looked up, by name.
    """
    findings = [
        Finding(domains[option], ERROR if problem[0] == "not_delegated" else WARNING, problem[0], problem[1])
        for option in TYPES_OF
        if option in domains and (problem := nodes[domains[option]].problem)
    ]
    findings += _suffix_findings(domains, registrable)
    findings += _dname_findings(domains, nodes)
    if LINK in domains:
        findings += _link_findings(domains[LINK], nodes[domains[LINK]])
    if BOUNCE in domains:
        findings += _bounce_findings(domains[BOUNCE], nodes[domains[BOUNCE]])
    if SENDING in domains:
        findings += _wildcard_findings(domains[SENDING], nodes[domains[SENDING]])
        findings += _dmarc_findings(domains, nodes, registrable)
    return findings


def _suffix_findings(domains: Mapping[str, str], registrable: Callable[[str], str]) -> Iterator[Finding]:
    for option, domain in domains.items():
        below = "x." + domain
        if registrable(below) == below:  # each name below it belongs to somebody else
            yield Finding(
                domain,
                ERROR,
                "public_suffix",
                "%s: %s is a public suffix, below which anyone can register names (https://publicsuffix.org), so mail services do "
                "not treat it as a domain of yours. Choose a domain below it, for example mail.%s."
                % (option, domain, domain),
            )


def _dname_findings(domains: Mapping[str, str], nodes: Mapping[str, Node]) -> Iterator[Finding]:
    for option in TYPES_OF:
        node = nodes[domains[option]] if option in domains else Node()
        if node.origins.dname:
            yield Finding(
                domains[option],
                ERROR,
                BELOW_DNAME,
                "%s lies below %s, which has a DNAME record, so it can have no records of its own (RFC 6672, 2.4). Remove the "
                "DNAME record, or choose another domain." % (domains[option], node.origins.dname.rstrip(".")),
            )
    if SENDING in domains and nodes[domains[SENDING]].get(DNAME):
        yield Finding(
            domains[SENDING],
            ERROR,
            BELOW_DNAME,
            "The sending domain has a DNAME record, so no records can exist below it (RFC 6672, 2.4), but the profile's DKIM "
            "records must. Remove the DNAME record, or choose another domain.",
        )


def _wildcard_findings(domain: str, node: Node) -> Iterator[Finding]:
    """What the sending domain loses: it exists as soon as there are records below it, and then no wildcard applies to it."""
    wildcards = node.origins.wildcards
    why = (
        "Once the profile's records exist below %s, the wildcard no longer applies to it (RFC 4592, 2.2.2). If that matters, "
        "publish" % domain
    )
    if MX in wildcards:
        yield Finding(
            domain,
            WARNING,
            WILDCARD_MX,
            "Mail to %s goes to %s because of the MX record of %s. %s an MX record for %s itself."
            % (domain, _hosts(node.get(MX)), wildcards[MX].rstrip("."), why, domain),
        )
    for type_ in (CNAME,) + ADDRESSES:
        if type_ in wildcards:
            yield Finding(
                domain,
                WARNING,
                "wildcard_ends",
                "%s points to %s because of the %s record of %s. %s such a record for %s itself."
                % (
                    domain,
                    " and ".join(value.rstrip(".") for value in node.get(type_)),
                    type_,
                    wildcards[type_].rstrip("."),
                    why,
                    domain,
                ),
            )


def _link_findings(domain: str, node: Node) -> Iterator[Finding]:
    if node.apex:
        yield Finding(
            domain,
            ERROR,
            "link_domain_at_apex",
            "The link domain becomes a CNAME, which the top of a zone cannot be "
            "(RFC 1034, 3.6.2). Choose a domain below it, such as go.%s." % domain,
        )
    targets = [target for target in node.stored(CNAME) if target != absolute(LINK_TARGET)]
    if targets:
        yield Finding(
            domain,
            ERROR,
            "link_domain_in_use",
            "The link domain points to %s already. Remove that record, or choose "
            "another domain." % targets[0].rstrip("."),
        )
    used = [type_ for type_ in TYPES_OF[LINK] if type_ != CNAME and node.stored(type_)]
    if used and not node.stored(CNAME) and not node.apex:
        yield Finding(
            domain,
            ERROR,
            "link_domain_in_use",
            "The link domain becomes a CNAME, beside which there can be nothing "
            "else, but it has %s records. Choose another domain." % " and ".join(used),
        )


def _bounce_findings(domain: str, node: Node) -> Iterator[Finding]:
    if node.stored(CNAME):
        yield Finding(
            domain,
            ERROR,
            "bounce_domain_in_use",
            "The bounce domain is a CNAME to %s, so that it can have no MX record. "
            "Remove the CNAME, or choose another domain." % node.stored(CNAME)[0].rstrip("."),
        )
        return
    hosts = [value for value in node.get(MX) if not is_mail_host(split_mx(value)[1])]
    if hosts and MX in node.origins.wildcards:
        yield Finding(
            domain,
            WARNING,
            WILDCARD_MX,
            "Mail to the bounce domain %s goes to %s because of the MX record of %s. It will go to the bounce handling of the "
            "service once the profile's MX record exists, because that takes precedence (RFC 4592). If the domain must "
            "receive other mail, choose another one." % (domain, _hosts(hosts), node.origins.wildcards[MX].rstrip(".")),
        )
    elif hosts:
        yield Finding(
            domain,
            ERROR,
            "bounce_domain_receives_mail",
            "Mail to the bounce domain goes to %s now. All of it would go to the bounce handling of the service from then "
            "on. Choose a domain that receives no mail, such as bounce.%s." % (_hosts(hosts), domain),
        )
    spf = [text for text in node.stored(TXT) if is_spf(text) and not covers(text, SPF)]
    if spf:
        yield Finding(
            domain,
            WARNING,
            "existing_spf",
            "The bounce domain has an SPF record: %s. The service's terms have to be taken "
            "into it, see the option spf of smtpd_dns_records." % printable(spf[0]),
        )


def _hosts(values: Iterable[str]) -> str:
    return " and ".join(sorted(split_mx(value)[1].rstrip(".") for value in values))


def _dmarc_findings(
    domains: Mapping[str, str], nodes: Mapping[str, Node], registrable: Callable[[str], str]
) -> Iterator[Finding]:
    domain = domains[SENDING]
    found = dmarc_of(domain, nodes, registrable)
    for note in found.notes:
        yield Finding(domain, WARNING, note.code, printable(note.message))
    bounce = domains.get(BOUNCE, domain)
    strict = found.aspf == "s"
    aligned = bounce == domain if strict else registrable(bounce) == registrable(domain)
    if found.record and not aligned:
        yield Finding(
            domain,
            WARNING,
            "spf_not_aligned",
            "By the DMARC record at %s, SPF of the bounce domain %s does not speak for the sending domain (%s alignment, "
            "RFC 7489, 3.1.2): only DKIM will." % (found.name, bounce, "strict" if strict else "relaxed"),
        )


def dmarc_of(domain: str, nodes: Mapping[str, Node], registrable: Callable[[str], str]) -> Discovery:
    """The DMARC policy that is in force for a domain."""
    sites = [_site(name, nodes) for name in dmarc_names(domain, registrable)]
    has_hosts = any(nodes[domain].get(type_) for type_ in (MX,) + ADDRESSES)
    return discover(domain, sites, may_not_exist=not has_hosts)


def _site(name: str, nodes: Mapping[str, Node]) -> Site:
    """What is at the name of a DMARC record, and at the end of its CNAME."""
    node = nodes[name]
    site = Site(name, None, node.alias or "", CNAME not in node.origins.wildcards)
    followed = {name_key(name)}
    while node.alias:
        if node.alias in followed:
            return site._replace(problem="It leads back to %s." % node.alias.rstrip("."))
        if node.alias not in nodes:
            return site._replace(problem="It has more than %d steps." % len(followed))
        followed.add(node.alias)
        node = nodes[node.alias]
    return site._replace(texts=node.values.get(TXT), problem=node.problem[1] if node.problem else "")


def look(
    profiles: Iterable[Mapping[str, Optional[str]]],
    registrable: Callable[[str], str],
    survey: Callable[[Iterable[tuple[str, str]]], Mapping[str, Node]],
) -> tuple[list[Finding], list[Discovery]]:
    """Look at the domains of profiles.

    :param profiles: their domains by option names.
    :param registrable: gives the organisational domain of a domain.
    :param survey: looks up names and types.
    :returns: all findings, and the DMARC policy of each sending domain.
    """
    findings, dmarc = look_at_each(profiles, registrable, survey)
    return list(dict.fromkeys(finding for own in findings for finding in own)), dmarc


def look_at_each(
    profiles: Iterable[Mapping[str, Optional[str]]],
    registrable: Callable[[str], str],
    survey: Callable[[Iterable[tuple[str, str]]], Mapping[str, Node]],
) -> tuple[list[list[Finding]], list[Discovery]]:
    """The same with the findings of each profile by themselves, in the order of the profiles."""
    checked = [check_names(profile) for profile in profiles]
    nodes = survey(question for domains, _findings in checked for question in questions(domains, registrable))
    findings = [own + judge(domains, nodes, registrable) for domains, own in checked]
    sending = dict.fromkeys(domains[SENDING] for domains, _findings in checked if SENDING in domains)
    return findings, [dmarc_of(domain, nodes, registrable) for domain in sending]


def dmarc_to_publish(
    discoveries: Iterable[Discovery], text: str, override: bool
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """A DMARC record for each sending domain that is to get it.

    :param discoveries: what C(look) returned of DMARC.
    :param override: whether it is for domains too for which a record of a domain above is in force.
    :returns: the records, and findings on those that would weaken the policy in force.
    """
    discoveries = list(discoveries)
    records = [
        dict(
            describe_record({"name": one.name_of_own, "type": TXT, "value": text, "validation_state": None}, "dmarc"),
            profile_id=None,
        )
        for one in discoveries
        if one.publishes(override)
    ]
    objections = [(one.domain, one.objection(text, override)) for one in discoveries]
    return records, [
        Finding(domain, WARNING, note.code, printable(note.message)) for domain, note in objections if note
    ]
