# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""The DNS providers of octoDNS: reading zones and writing changes.

Of octoDNS only the providers are used: plans are made by C(_dns_plan), and hold nothing but its changes.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import itertools
import logging
import re
import warnings
from dataclasses import replace
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ._dns_plan import Change, Content, RecordSet, batches
from ._errors import InputError, MissingLibraryError, SmtpdError
from ._octodns_texts import exact_record, is_a, is_clear, spelt_texts, text_of
from ._records import CNAME, MX, TXT, name_key, split_mx
from ._rfc2136 import Rfc2136Zones

_MASK = "********"
_MAX_ANSWER = 500
_SECRET_LINE = 8  # characters of a line of a secret that are worth hiding by themselves
_SECRET_NAME = re.compile(
    r"secret|token|passw|private_?key|api_?key|auth_?key|consumer_key|application_key|credential|^key$", re.IGNORECASE
)
# Names of files and of environment variables are no secrets.
_NO_SECRET_NAME = re.compile(r"(_file|_path|_env)$", re.IGNORECASE)

# A word in what a provider says, and what to do about it.
_HINTS = (
    (r"BADKEY|n't know the key", "The server does not know the TSIG key: check key_name and key_algorithm."),
    (r"BADSIG|signature", "The TSIG key's secret differs from the server's: check key_secret and key_algorithm."),
    (r"BADTIME", "The clocks of this machine and of the server differ by too much."),
    (r"base64|padding|key material|Non-base32", "The secret is not in base64: check key_secret."),
    (
        r"Transfer.*(REFUSED|NOTAUTH|FORMERR)",
        "The server does not hand over the zone: check that it has the zone, and that this "
        "key may transfer it (BIND: allow-transfer).",
    ),
    (r"update.*NOTAUTH|update.*NOTZONE", "The server is not the primary of this zone: check host and zones."),
    (r"REFUSED", "Check that this key may update the zone (BIND: allow-update or update-policy)."),
    (r"timed? ?out|Timeout", "Nothing answered in time: check host and port, and firewalls between here and there."),
    (r"Connection refused|ECONNREFUSED", "Nothing listens there: check host and port."),
    (
        r"Name or service not known|getaddrinfo|resolve",
        "The host name is unknown here: check host, or whether this machine can look up public names.",
    ),
    (r"Could not connect|Failed to establish", "It cannot be reached from here: check the network, and HTTPS_PROXY."),
    (
        r"\b401\b|[Uu]nauthorized|Authentication|InvalidClientTokenId|SignatureDoesNotMatch|locate credentials",
        "The provider does not accept the credentials: check provider_secrets.",
    ),
    (r"\b403\b|Forbidden|AccessDenied|not authorized", "The credentials do not permit this: check what they may do."),
    (r"\b429\b|[Rr]ate.?limit|Throttl", "The provider asks to slow down: try again later."),
    (r"utf-8|Rdata|RDATA", "octoDNS cannot read a record of this zone."),
)

# Their APIs have single records, and what is created joins the others.
_BY_RECORD = (
    ("octodns_cloudflare", "CloudflareProvider"),
    ("octodns_digitalocean", "DigitalOceanProvider"),
    ("octodns_hetzner", "HetznerProvider"),
)
_HETZNER_BY_SET = "hcloud"

# These write a zone as a whole from what is in a plan, and would so drop all that is not ours.
_WHOLE_ZONE_PROVIDERS = ("YamlProvider", "ZoneFileProvider", "ZoneFileSource")


def secret_settings(provider: Mapping[str, Any]) -> list[str]:
    """The names of settings that look like secrets, and so belong into C(provider_secrets)."""
    return [name for name in map(str, provider) if _SECRET_NAME.search(name) and not _NO_SECRET_NAME.search(name)]


class LoadedZone:
    """A zone as it was read.

    :param content: by name and type, as far as it was asked for.
    :param owners: the name keys of all that it has.
    """

    def __init__(
        self, zone: Any, records: Mapping[tuple[str, str], Any], content: Content, owners: Iterable[str]
    ) -> None:
        self.zone = zone
        self.records = records
        self.content = content
        self.owners = set(owners)


class Provider:
    """A DNS provider.

    :param settings: of the provider's class, and its name as C(class).
    :param secrets: more settings, whose values never appear in an error.
    :raises InputError: the class or its settings cannot work.
    :raises MissingLibraryError: octoDNS or the provider's package is not installed.
    """

    def __init__(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        # Longer ones first, so that none is left in part because another one is a part of it.
        self._secrets = sorted({text for leaf in _leaves(secrets) for text in _spellings(leaf)}, key=len, reverse=True)
        self.class_name = _class_name(settings)
        for name in secret_settings(settings):
            raise InputError(
                "provider.%s" % name, "looks like a secret: move it to provider_secrets, where it is never shown."
            )
        if "class" in secrets:
            raise InputError("provider_secrets.class", "is no secret: give it in provider.")
        self._provider = self._connect({**settings, **secrets})
        if getattr(self._provider, "apply_disabled", False):
            raise InputError(
                "provider.apply_disabled", "is set, so that nothing could be written: use check mode for that."
            )
        self._texts = spelt_texts(self._provider)
        is_rfc2136 = is_a(self._provider, "octodns_bind", "Rfc2136Provider")
        self._rfc2136 = Rfc2136Zones(self._provider) if is_rfc2136 else None

    def zones(self) -> list[str]:
        """The zones that the provider has.

        :raises InputError: it cannot tell.
        """
        if not self._can_list_zones():
            raise InputError(
                "zones", "is empty, and %s cannot list its zones: give the zones to publish in." % self.class_name
            )
        return self._listed_zones()

    def _can_list_zones(self) -> bool:
        return hasattr(self._provider, "list_zones")

    def _listed_zones(self) -> list[str]:
        if not self._can_list_zones():
            return []
        with self._explained("List the zones"):
            return [str(zone) for zone in self._provider.list_zones()]

    def read(self, zone: str, names: Iterable[str]) -> LoadedZone:
        """Read a zone.

        :param names: the name keys of which the content is wanted.
        :raises SmtpdError: it cannot be read, or is not there.
        """
        from octodns.zone import Zone

        names = set(names)
        loaded = Zone(name_key(zone), [])
        with self._explained("Read the zone %s" % loaded.name):
            if self._rfc2136 is not None:
                content, owners = self._rfc2136.read(loaded.name, names)
                return LoadedZone(loaded, {}, content, owners)
            exists = self._provider.populate(loaded, target=True, lenient=True)
        # To some classes (Cloudflare's) a zone without records is one that is not there.
        if exists is False and loaded.name not in map(name_key, self._listed_zones()):
            raise SmtpdError(
                "The zone %s is not there at the provider (%s). Create it first, or check zones. "
                "Nothing was written." % (loaded.name, self.class_name)
            )
        records = {(name_key(record.fqdn), record._type): record for record in loaded.records}
        sets: dict[str, dict[str, RecordSet]] = {}
        for (name, type_), record in records.items():
            if name in names:
                sets.setdefault(name, {})[type_] = self._record_set(name, record)
        return LoadedZone(loaded, records, sets, (name for name, _type in records))

    def prepare(self, loaded: LoadedZone, changes: Sequence[Change]) -> list[tuple[list[Change], Any]]:
        """Make plans of changes, without writing anything.

        :returns: portions of the changes, each with the plan to C(write).
        :raises SmtpdError: the provider cannot have such records.
        """
        from octodns.provider.plan import Plan

        if self._rfc2136 is not None:
            return [(batch, batch) for batch in batches(changes)]
        with self._explained("Prepare the changes of zone %s" % loaded.zone.name):
            made = self._octodns_changes(loaded, changes)
            desired = loaded.zone.copy()
            _carry_out(desired, itertools.chain.from_iterable(made.values()))
            return [
                (batch, Plan(loaded.zone, desired, [one for change in batch for one in made[change]], True))
                for batch in batches(changes)
            ]

    def ask_to_write(self, loaded: LoadedZone, changes: Sequence[Change]) -> None:
        """Find out whether the new values of changes may be written, where that can be asked without writing anything.

        By dynamic updates it can.

        :raises SmtpdError: they may not.
        """
        if self._rfc2136 is None:
            return
        with self._explained("Ask whether the zone %s may be written" % loaded.zone.name):
            self._rfc2136.ask_to_write(loaded.zone.name, changes)

    def write(self, loaded: LoadedZone, plan: Any) -> None:
        """Carry out a plan.

        :raises SmtpdError: the provider did not.
        """
        with self._explained("Write to the zone %s" % loaded.zone.name):
            if self._rfc2136 is not None:
                self._rfc2136.write(loaded.zone.name, plan)
            else:
                self._provider.apply(plan)

    # Making the provider

    def _connect(self, settings: dict[str, Any]) -> Any:
        with self._explained("Load octoDNS"):
            cls = _load_class(settings.pop("class"))
        try:
            with _quiet():
                return cls("smtpd", **settings)
        except TypeError as error:
            self._explain_settings(cls, str(error))
            raise InputError(
                "provider", "%s does not accept its settings: %s" % (self.class_name, self._clean(error))
            ) from None
        except Exception as error:
            raise InputError(
                "provider", "%s does not accept its settings: %s" % (self.class_name, self._describe(error))
            ) from None

    def _explain_settings(self, cls: Any, text: str) -> None:
        """Name the setting in the words in which Python says that it is wrong."""
        unexpected = re.search(r"unexpected keyword argument '(\w+)'", text)
        missing = re.search(r"missing .*argument", text)
        if unexpected:
            raise InputError(
                "provider.%s" % unexpected.group(1),
                "%s has no such setting. It has: %s." % (self.class_name, ", ".join(_settings_of(cls))),
            )
        if missing:
            names = [name for name in re.findall(r"'(\w+)'", text) if name != "id"]
            raise InputError(
                "provider.%s" % names[0],
                "is missing: %s needs %s (secret ones in provider_secrets)." % (self.class_name, ", ".join(names)),
            )

    # Reading

    def _record_set(self, name: str, record: Any) -> RecordSet:
        if record._type == TXT and self._texts is not None:
            return self._texts.record_set(name, record.ttl)
        values, rewritable = _values(record)
        return RecordSet(name, record._type, record.ttl, values, rewritable)

    def _adds_values(self) -> bool:
        """Whether what is created joins what is there of the same name and type, rather than takes its place.

        The classes of such providers update a set by removing all of it first, or by writing all of it: a run that ends in
        between would lose values that are not ours.
        """
        by_record = any(is_a(self._provider, *names) for names in _BY_RECORD)
        return by_record and getattr(self._provider, "_backend", "") != _HETZNER_BY_SET

    # Writing

    def _octodns_changes(self, loaded: LoadedZone, changes: Sequence[Change]) -> dict[Change, list[Any]]:
        from octodns.record import Create, Delete, Update

        steps = {change: self._steps(change) for change in changes}
        new = self._adapted(loaded, [after for pairs in steps.values() for _before, after in pairs if after])
        made: dict[Change, list[Any]] = {change: [] for change in changes}
        for change, pairs in steps.items():
            key = (change.any.name, change.any.type)
            existing = loaded.records.get(key)
            for before, after in pairs:
                if after is None:
                    # To be deleted, a text has to be spelt as it is at the provider.
                    is_as_read = before == change.before and not (before.type == TXT and self._texts)
                    made[change].append(
                        Delete(existing if existing and is_as_read else self._octodns_record(loaded, before))
                    )
                elif before is None:
                    made[change].append(Create(new[key]))
                else:
                    made[change].append(Update(existing, new[key]))
        return made

    def _steps(self, change: Change) -> list[tuple[Optional[RecordSet], Optional[RecordSet]]]:
        """A change as it is, or where values only come, for a provider that can do so, by these alone."""
        before, after = change.before, change.after
        if before is None or after is None:
            return [(before, after)]
        come = tuple(value for value in after.values if value not in before.values)
        if come and set(before.values) <= set(after.values) and self._adds_values():
            return [(None, replace(after, values=come))]
        return [(before, after)]

    def _octodns_record(self, loaded: LoadedZone, record_set: RecordSet) -> Any:
        if record_set.type == TXT and self._texts is not None:
            return self._texts.record(loaded.zone, record_set)
        return _octodns_record(loaded.zone, record_set, loaded.records.get((record_set.name, record_set.type)))

    def _adapted(self, loaded: LoadedZone, record_sets: Iterable[RecordSet]) -> dict[tuple[str, str], Any]:
        """New octoDNS records, within the limits of the provider, such as its lowest TTL."""
        from octodns.zone import Zone

        records = [self._octodns_record(loaded, one) for one in record_sets]
        wanted = Zone(loaded.zone.name, [])
        for record in records:
            wanted.add_record(record, lenient=True)
        keys = {(record.fqdn, record._type) for record in wanted.records}
        adapted = {
            (record.fqdn, record._type): record for record in self._provider._process_desired_zone(wanted).records
        }
        for name, type_ in sorted(keys - set(adapted)):
            raise SmtpdError("%s %s: %s has no records of this type." % (name, type_, self.class_name))
        return adapted

    # Saying what went wrong

    @contextlib.contextmanager
    def _explained(self, attempt: str) -> Iterator[None]:
        """Turn whatever a provider raises into one sentence without secrets."""
        try:
            with _quiet():
                yield
        except SmtpdError:
            raise
        except Exception as error:
            raise SmtpdError("%s by %s: %s" % (attempt, self.class_name, self._describe(error))) from None

    def _describe(self, error: Exception) -> str:
        text = self._clean(error) or type(error).__name__
        causes = "%s %s %s" % (type(error).__name__, text, type(error.__cause__ or error.__context__).__name__)
        hint = next((hint for pattern, hint in _HINTS if re.search(pattern, causes, re.DOTALL)), "")
        return ("%s. %s" % (text.rstrip(". "), hint)).rstrip()

    def _clean(self, error: Exception) -> str:
        # Masked before it is cut or folded, because what is left of a secret then is still a part of it.
        reason, answer = self._masked(str(_reason(error))), self._masked(_answer(error))
        said = "- it says: %s" % answer[:_MAX_ANSWER] if answer.strip() else ""
        return " ".join(("%s %s" % (reason, said)).split())

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text


def _reason(error: Exception) -> Any:
    """The reason within an error of C(requests) that tells of pools and retries."""
    return getattr(error.args[0] if error.args else None, "reason", None) or error


def _answer(error: Exception) -> str:
    """What the provider answered, where an error of C(requests) only has the status of it."""
    text = getattr(getattr(error, "response", None), "text", None)
    return text if isinstance(text, str) else ""


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner)
    elif value not in (None, "") and not isinstance(value, bool):
        yield str(value)


def _spellings(secret: str) -> Iterator[str]:
    """A secret as it is, and as libraries may show one of several lines: folded, escaped, or line by line."""
    yield secret
    if len(secret.split()) > 1:
        yield " ".join(secret.split())
        yield secret.encode("unicode_escape").decode()
        yield from (line.strip() for line in secret.splitlines() if len(line.strip()) >= _SECRET_LINE)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep octoDNS from writing its log and deprecations to the module's output."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


# Classes


def _class_name(settings: Mapping[str, Any]) -> str:
    name = settings.get("class")
    if not name:
        raise InputError(
            "provider.class", "is missing: give the class of an octoDNS provider, such as octodns_bind.Rfc2136Provider."
        )
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", name):
        raise InputError("provider.class", "'%s' is no class: give one such as octodns_bind.Rfc2136Provider." % (name,))
    return name


def _load_class(class_name: str) -> Any:
    try:
        from octodns.provider.base import BaseProvider
    except ImportError:
        raise MissingLibraryError("octodns", "to reach DNS providers") from None
    module_name, _dot, name = class_name.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        package = module_name.split(".")[0]
        missing = getattr(error, "name", None) or package
        if missing.split(".")[0] != package:
            raise MissingLibraryError(missing, "by the provider class %s" % class_name) from None
        if not package.startswith("octodns_"):
            raise InputError(
                "provider.class", "there is no Python module %s for '%s'." % (module_name, class_name)
            ) from None
        library = package.replace("_", "-")
        raise MissingLibraryError(
            library, "by the provider class %s (pip install %s)" % (class_name, library)
        ) from None
    cls = getattr(module, name, None)
    if not (inspect.isclass(cls) and issubclass(cls, BaseProvider)):
        known = sorted(
            other
            for other, value in vars(module).items()
            if inspect.isclass(value)
            and issubclass(value, BaseProvider)
            and value is not BaseProvider
            and value.__name__ not in _WHOLE_ZONE_PROVIDERS
        )
        raise InputError(
            "provider.class",
            "'%s' is no class of an octoDNS provider. %s has: %s."
            % (class_name, module_name, ", ".join(known) or "none"),
        )
    if any(base.__name__ in _WHOLE_ZONE_PROVIDERS for base in cls.__mro__):
        raise InputError(
            "provider.class", "'%s' can only write zones as a whole, which would remove all other records." % class_name
        )
    return cls


def _settings_of(cls: Any) -> list[str]:
    names: dict[str, None] = {}
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            for name, parameter in inspect.signature(base.__init__).parameters.items():
                if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY) and name not in (
                    "self",
                    "id",
                ):
                    names[name] = None
    return list(names)


# Records


def _carry_out(zone: Any, octodns_changes: Iterable[Any]) -> None:
    for change in octodns_changes:
        if change.new is None:
            zone.remove_record(change.existing)
        else:
            zone.add_record(change.new, replace=True, lenient=True)


def _values(record: Any) -> tuple[tuple[str, ...], bool]:
    """The canonical values of a record set, and whether it can be written again with all of them unharmed."""
    rewritable = not getattr(record, "dynamic", None) and not getattr(record, "geo", None)
    if record._type == CNAME:
        return (name_key(record.value or ""),), rewritable
    if record._type == MX:
        return tuple("%d %s" % (value.preference, name_key(value.exchange)) for value in record.values), rewritable
    if record._type == TXT:
        return tuple(map(text_of, record.values)), rewritable and all(map(is_clear, record.values))
    return tuple(_rdatas(record)), rewritable


def _rdatas(record: Any) -> list[str]:
    """The rdata of a set that is only looked at."""
    with _quiet():
        return list(record.to_rrset().rdatas if hasattr(record, "to_rrset") else record.rrs[3])


def _octodns_record(zone: Any, record_set: RecordSet, existing: Any) -> Any:
    from octodns.record import Record

    # What a provider keeps with a set, such as comments.
    more = {"octodns": existing.octodns} if existing is not None and getattr(existing, "octodns", None) else {}
    if record_set.type == TXT:
        return exact_record(zone, record_set, more)
    data: dict[str, Any] = {"type": record_set.type, "ttl": record_set.ttl}
    if record_set.type == CNAME:
        data["value"] = record_set.values[0]
    else:
        hosts = [split_mx(value) for value in record_set.values]
        data["values"] = [{"preference": preference, "exchange": host} for preference, host in hosts]
        data.update(more)
    return Record.new(zone, zone.hostname_from_fqdn(record_set.name), data, lenient=True)
