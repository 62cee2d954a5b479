# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection: it can change at any time without notice.

"""Variables of roles and playbooks: which are misspelt, and what those mean that are given. Pure functions on plain data."""

from __future__ import annotations

from typing import Any, Collection, Iterable, Mapping, NamedTuple

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.smtpd.email.plugins.module_utils._names import did_you_mean, is_blank

_PLAIN = (bool, int, float, str)


class Namespace(NamedTuple):
    """The variables with one prefix.

    :param options: their specification, as C(meta/argument_specs.yml) has it.
    :param used: names that are known besides, such as those of facts.
    """

    prefix: str
    options: Mapping[str, Mapping[str, Any]]
    used: Collection[str]

    def plain_defaults(self) -> dict[str, Any]:
        """The defaults that are text, a number or a boolean. No option with such a default is a secret."""
        return {
            name: option["default"]
            for name, option in self.options.items()
            if isinstance(option.get("default"), _PLAIN)
        }


def unknown_variables(names: Iterable[str], namespaces: Iterable[Namespace], other_roles: Iterable[str]) -> list[str]:
    """An error for each variable that has one of the prefixes, and is not known.

    :param other_roles: names of roles. Their variables are theirs, where their names are longer than a prefix.
    """
    namespaces = sorted(namespaces, key=lambda namespace: -len(namespace.prefix))
    known = {name for namespace in namespaces for name in (*namespace.options, *namespace.used)}
    foreign = tuple(role + "_" for role in other_roles)
    errors = []
    for name in sorted(set(names) - known):
        prefix = next((space.prefix for space in namespaces if name.startswith(space.prefix)), None)
        if prefix and not name.startswith(tuple(other for other in foreign if _is_longer(other, prefix))):
            errors.append("%s: unknown variable.%s" % (name, did_you_mean(name, known, prefix)))
    return errors


def _is_longer(name: str, prefix: str) -> bool:
    return name != prefix and name.startswith(prefix)


def checked_values(given: Mapping[str, Any], namespace: Namespace) -> tuple[dict[str, Any], list[str]]:
    """The values of the options that have plain defaults.

    :param given: by the names of variables. Blank ones are not given.
    :returns: values by names without the prefix, and errors.
    """
    spec = {
        name: {**_type_of(default), "choices": namespace.options[name].get("choices"), "default": default}
        for name, default in namespace.plain_defaults().items()
    }
    try:
        result = ArgumentSpecValidator(spec).validate({n: value for n, value in given.items() if not is_blank(value)})
    except OverflowError:  # of an infinite number that should be whole
        return {}, ["%s: an infinite number is not a whole number." % ", ".join(sorted(given))]
    values = {name[len(namespace.prefix) :]: value for name, value in result.validated_parameters.items()}
    return values, list(result.error_messages)


def _type_of(default: Any) -> dict[str, Any]:
    return {"type": type(default).__name__}
