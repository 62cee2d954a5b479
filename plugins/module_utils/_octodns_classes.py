# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""The classes of octoDNS's providers and their settings: found by name, and told apart."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any, Iterable, Mapping, Optional

from ._errors import InputError, MissingLibraryError
from ._names import did_you_mean, nearest

# The Python modules of the packages that may be suggested for installation. Their names on PyPI have hyphens. A package that is
# not listed here works, too, once it is installed.
_PACKAGES = tuple(
    "octodns_" + name
    for name in (
        "azure bind cloudflare cloudns constellix desec digitalocean dnsimple dnsmadeeasy easydns edgecenter edgedns fastly gandi"
        " gcore googlecloud hetzner infomaniak mythicbeasts ns1 ovh powerdns rackspace route53 scaleway selectel transip ultra"
    ).split()
)

# These write a zone as a whole from what is in a plan, and would so drop all that is not ours.
_WHOLE_ZONE_PROVIDERS = ("YamlProvider", "ZoneFileProvider", "ZoneFileSource")

# So much alike are the names of settings of which one is a misspelling of the other.
_MISSPELT = 0.75

_SECRET_NAME = re.compile(
    r"secret|token|passw|private_?key|api_?key|auth_?key|consumer_key|application_key|credential|^key$", re.IGNORECASE
)
# Names of files and of environment variables are no secrets.
_NO_SECRET_NAME = re.compile(r"(_file|_path|_env)$", re.IGNORECASE)


def secret_settings(provider: Mapping[str, Any]) -> list[str]:
    """The names of settings that look like secrets, and so belong into C(provider_secrets)."""
    return [name for name in map(str, provider) if _SECRET_NAME.search(name) and not _NO_SECRET_NAME.search(name)]


def class_name_of(settings: Mapping[str, Any]) -> str:
    """The name of the class that settings are for.

    :raises InputError: there is none, or it can be none.
    """
    name = settings.get("class")
    if not name:
        raise InputError(
            "provider.class", "is missing: give the class of an octoDNS provider, such as octodns_bind.Rfc2136Provider."
        )
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", name):
        raise InputError("provider.class", "'%s' is no class: give one such as octodns_bind.Rfc2136Provider." % (name,))
    return name


def load_class(class_name: str) -> Any:
    """A class of providers by its name.

    :raises InputError: there is no such class, or it cannot write single records.
    :raises MissingLibraryError: octoDNS or the class's package is not installed.
    """
    try:
        from octodns.provider.base import BaseProvider
    except ImportError:
        raise MissingLibraryError("octodns", "to reach DNS providers") from None
    module_name, _dot, name = class_name.rpartition(".")
    module = _import(module_name, class_name)
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
            "'%s' is not an octoDNS provider class.%s %s provides: %s."
            % (
                class_name,
                did_you_mean(class_name, ["%s.%s" % (module_name, other) for other in known], module_name + "."),
                module_name,
                ", ".join(known) or "none",
            ),
        )
    if any(base.__name__ in _WHOLE_ZONE_PROVIDERS for base in cls.__mro__):
        raise InputError(
            "provider.class", "'%s' can only write zones as a whole, which would remove all other records." % class_name
        )
    return cls


def _import(module_name: str, class_name: str) -> Any:
    """The Python module of a class of providers.

    :raises InputError: there is none, or no package of that name is known.
    :raises MissingLibraryError: a known package is not installed, or something that it needs is not.
    """
    try:
        return importlib.import_module(module_name)
    except ImportError as error:
        package = module_name.split(".")[0]
        missing = getattr(error, "name", None) or package
        if missing.split(".")[0] != package:
            raise MissingLibraryError(missing, "by the provider class %s" % class_name) from None
    # What was typed is never suggested for installation: anybody may have registered the misspelt name of a package.
    if missing == package and package in _PACKAGES:
        library = package.replace("_", "-")
        raise MissingLibraryError(library, "by the provider class %s (pip install %s)" % (class_name, library))
    if missing != package:
        reason = "The package %s is installed, but has no module %s." % (package, missing)
    elif package.startswith("octodns_"):
        reason = "There is no known octoDNS provider package %s." % package
    else:
        reason = "There is no Python module %s." % package
    suggestion = "" if missing != package else did_you_mean(package, _PACKAGES)
    raise InputError("provider.class", "'%s' cannot be loaded. %s%s" % (class_name, reason, suggestion))


def is_a(provider: Any, package: str, class_name: str) -> bool:
    """Whether a provider is of a class, or one derived from it, without importing that."""
    return any(cls.__name__ == class_name and cls.__module__.split(".")[0] == package for cls in type(provider).__mro__)


def misspelt_setting(cls: Any, given: Iterable[str], sure: bool) -> Optional[tuple[str, str]]:
    """The first setting that a class does not name, and the question which one is meant.

    :param sure: whether the class refused the settings. A class may also take settings that it does not name, so those that it
        accepted are misspelt only if they are very much like one that it names.
    """
    known = settings_of(cls)
    for name in given:
        if name not in known and (sure or nearest(name, known, similar=_MISSPELT)):
            return name, did_you_mean(name, known)
    return None


def settings_of(cls: Any) -> list[str]:
    """The names of the settings that a class takes."""
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
