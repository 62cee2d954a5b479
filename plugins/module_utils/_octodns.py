# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""The DNS providers of octoDNS: reading zones and writing changes.

Of octoDNS only the providers are used: plans are made by C(_dns_plan), and hold nothing but its changes.
"""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

from ._dns_transfer import DEFAULT_LIMITS, Limits
from ._errors import InputError, SmtpdError
from ._octodns_classes import class_name_of, is_a, load_class, misspelt_setting, secret_settings, settings_of
from ._rdata import name_key
from ._record_sets import Change, LoadedZone, Refusal, Refused, Silent

_MASK = "********"
_MAX_ANSWER = 500
_SECRET_LINE = 8  # characters of a line of a secret that are worth hiding by themselves

# A word in what a provider says, and what to do about it.
_HINTS = (
    (r"BADKEY|n't know the key", "The server does not know the TSIG key: check key_name and key_algorithm."),
    (r"BADSIG|signature", "The TSIG key's secret differs from the server's: check key_secret and key_algorithm."),
    (r"BADTIME|BadTime", "The clocks of this machine and of the server differ by too much."),
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


class Provider:
    """A DNS provider.

    :param settings: of the provider's class, and its name as C(class).
    :param secrets: more settings, whose values never appear in an error.
    :param limits: of each zone transfer.
    :raises InputError: the class or its settings cannot work.
    :raises MissingLibraryError: octoDNS or the provider's package is not installed.
    """

    def __init__(
        self, settings: Mapping[str, Any], secrets: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS
    ) -> None:
        # Longer ones first, so that none is left in part because another one is a part of it.
        self._secrets = sorted({text for leaf in _leaves(secrets) for text in _spellings(leaf)}, key=len, reverse=True)
        self.class_name = class_name_of(settings)
        for name in secret_settings(settings):
            raise InputError(
                "provider.%s" % name, "looks like a secret: move it to provider_secrets, where it is never shown."
            )
        if "class" in secrets:
            raise InputError("provider_secrets.class", "is no secret: give it in provider.")
        everything = {**settings, **secrets}
        self._provider = self._connect(everything)
        if getattr(self._provider, "apply_disabled", False):
            raise InputError(
                "provider.apply_disabled", "is set, so that nothing could be written: use check mode for that."
            )
        self._zones = _zones_of(self._provider, self.class_name, lambda: self._connect(everything), limits)

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
        name = name_key(zone)
        with self._explained("Read the zone %s" % name):
            loaded = self._zones.read(name, set(names))
        if not loaded.exists and name not in map(name_key, self._listed_zones()):
            raise SmtpdError(
                "The zone %s is not there at the provider (%s). Create it first, or check zones."
                % (name, self.class_name)
            )
        return loaded

    def prepare(self, loaded: LoadedZone, changes: Sequence[Change]) -> list[tuple[list[Change], Any]]:
        """Make plans of changes, without writing anything.

        :returns: portions of the changes, each with the plan to C(write).
        :raises SmtpdError: the provider cannot have such records.
        """
        with self._explained("Prepare the changes of zone %s" % loaded.name):
            return self._zones.prepare(loaded, changes)

    def ask_to_write(self, loaded: LoadedZone, changes: Sequence[Change]) -> None:
        """Find out whether record sets may be written, where that can be asked without writing anything.

        By dynamic updates it can.

        :raises Refused: they may not.
        :raises SmtpdError: the provider fails.
        """
        with self._explained("Ask whether the zone %s may be written" % loaded.name):
            self._zones.ask_to_write(loaded, changes)

    def write(self, loaded: LoadedZone, plan: Any) -> None:
        """Carry out a plan.

        :raises ZoneChanged: somebody else has changed the zone since it was loaded, so that nothing was written.
        :raises SmtpdError: the provider did not.
        """
        with self._explained("Write to the zone %s" % loaded.name):
            self._zones.write(loaded, plan)

    # Making the provider

    def _connect(self, settings: Mapping[str, Any]) -> Any:
        settings = dict(settings)
        with self._explained("Load octoDNS"):
            cls = load_class(settings.pop("class"))
        try:
            with _quiet():
                provider = cls("smtpd", **settings)
        except TypeError as error:
            # Python may name the setting that is missing because its name is misspelt.
            about_names = re.search(r"unexpected keyword argument|missing .*argument", str(error))
            self._check_settings(cls, settings, sure=bool(about_names))
            self._explain_missing(str(error))
            raise InputError(
                "provider", "%s does not accept its settings: %s" % (self.class_name, self._clean(error))
            ) from None
        except Exception as error:
            self._check_settings(cls, settings, sure=False)
            raise InputError(
                "provider", "%s does not accept its settings: %s" % (self.class_name, self._describe(error))
            ) from None
        self._check_settings(cls, settings, sure=False)
        return provider

    def _check_settings(self, cls: Any, settings: Iterable[str], sure: bool) -> None:
        misspelt = misspelt_setting(cls, settings, sure)
        if misspelt:
            raise InputError(
                "provider.%s" % misspelt[0],
                "is not a setting of %s.%s Its settings: %s."
                % (self.class_name, misspelt[1], ", ".join(settings_of(cls))),
            )

    def _explain_missing(self, text: str) -> None:
        """Name the setting in the words in which Python says that it is missing."""
        if re.search(r"missing .*argument", text):
            names = [name for name in re.findall(r"'(\w+)'", text) if name != "id"]
            raise InputError(
                "provider.%s" % names[0],
                "is required by %s, which needs %s (secrets go in provider_secrets)."
                % (self.class_name, ", ".join(names)),
            )

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
            raise _kind(error)("%s by %s: %s" % (attempt, self.class_name, self._describe(error))) from None

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


def _kind(error: Exception) -> type[SmtpdError]:
    if isinstance(error, Refusal):
        return Refused
    # By name: sockets, requests, dnspython and the libraries of providers each have classes of their own.
    return Silent if "timeout" in type(error).__name__.lower() else SmtpdError


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


def _zones_of(provider: Any, class_name: str, connect: Callable[[], Any], limits: Limits) -> Any:
    """What reads and writes the zones of a provider."""
    if is_a(provider, "octodns_bind", "Rfc2136Provider"):
        from ._rfc2136 import Rfc2136Zones

        return Rfc2136Zones(provider, limits)
    from ._octodns_zones import OctodnsZones

    return OctodnsZones(provider, class_name, connect)
