# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Sphinx builds the documentation site. Nothing is fetched for it."""

from __future__ import annotations

import re
from typing import Any, Optional

from docutils import nodes

project = "smtpd.email"
copyright = "the smtpd.email authors"
html_title = "Ansible collection smtpd.email"
html_short_title = "smtpd.email"

extensions = ["sphinx_antsibull_ext"]
default_role = "any"
highlight_language = "YAML+Jinja"
pygments_style = "ansible"

html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_use_index = False
html_use_modindex = False
html_copy_source = False
html_show_sourcelink = False

# What other sites document. Sphinx would find it there by their inventories, which have to be downloaded.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest"
PLUGIN = re.compile(r"ansible_collections\.(\w+)\.(\w+)\.(\w+_[a-z]+)(?:__([\w/-]+))?")
PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def page_of(label: str) -> Optional[str]:
    """Return where Ansible's documentation has what a label stands for."""
    plugin = PLUGIN.fullmatch(label)
    if plugin and plugin.group(1, 2) != ("smtpd", "email"):
        page = "collections/%s/%s/%s.html" % plugin.group(1, 2, 3)
        return page + ("#" + plugin.group(4) if plugin.group(4) else "")
    return PAGES.get(label)


def refer(_app: Any, _env: Any, node: Any, content: nodes.TextElement) -> Optional[nodes.Node]:
    page = page_of(node["reftarget"])
    return nodes.reference("", "", content, internal=False, refuri="%s/%s" % (ANSIBLE, page)) if page else None


def lead_home(_app: Any, _page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    # The theme puts one and the same link on each page, wherever the page is.
    context["theme_documentation_home_url"] = context["pathto"]("index")


def setup(app: Any) -> None:
    app.connect("missing-reference", refer)
    app.connect("html-page-context", lead_home)
