# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection: it can change at any time without notice.

from __future__ import annotations


class ModuleDocFragment:
    # How the service is reached.
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Where the service is.
      - A bare host name means C(https). C(http://) is refused unless the host is a loopback address.
      - If not given, the environment variable E(SMTPD_API_URL) is used, then E(SMTPD_HOST).
    type: str
    default: https://api.smtpd.dev
  access_token:
    description:
      - An access token of the service. It wins over O(api_key) and O(api_secret).
      - If none of O(access_token), O(api_key) and O(api_secret) is given, all three are taken from the environment,
        from E(SMTPD_ACCESS_TOKEN), E(SMTPD_API_KEY) and E(SMTPD_API_SECRET). Options and environment are never mixed.
    type: str
  api_key:
    description:
      - An API key of the service, to be given together with O(api_secret). A key of the role C(iac) is enough.
      - Key and secret are exchanged for a token, once in each run of the module.
      - See O(access_token) for the environment variable E(SMTPD_API_KEY).
    type: str
  api_secret:
    description:
      - The secret of O(api_key).
      - See O(access_token) for the environment variable E(SMTPD_API_SECRET).
    type: str
  validate_certs:
    description:
      - Whether the service's TLS certificate is checked. Set it to V(false) for tests only.
      - If not given, the environment variable E(SMTPD_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A file (PEM), or a directory prepared by C(c_rehash), with the certificate authorities to trust
        in place of the usual ones. Not used when O(validate_certs=false).
      - If not given, the environment variable E(SMTPD_CA_PATH) is used, then E(REQUESTS_CA_BUNDLE), E(CURL_CA_BUNDLE) and
        E(SSL_CERT_FILE), by which other programs are told of the authorities of a company. If none of them is set, the usual
        authorities are those that come with the Python library requests.
    type: path
  timeout:
    description:
      - How long one request may take to connect, and then to answer to the last byte, in seconds.
      - If not given, the environment variable E(SMTPD_TIMEOUT) is used.
    type: float
    default: 30.0
  retries:
    description:
      - How often a call is repeated after an error that can pass, such as a broken connection or the HTTP status 429 or 503.
        Pauses grow from call to call, and a C(Retry-After) header is honoured.
      - The creation of a profile is repeated only when it is certain that the profile was not created.
    type: int
    default: 4
  rate_limit:
    description:
      - How many calls to the service may be made in a second at most, by this task. There may be fractions, such as V(0.5).
      - If neither this nor the environment variable E(SMTPD_RATE_LIMIT) is given, it is not limited. When the service
        answers 429, all calls of the task are held back in any case.
    type: float
requirements:
  - "requests (Python library) >= 2.28"
notes:
  - An empty string as the value of one of O(api_url), O(access_token), O(api_key), O(api_secret), O(validate_certs), O(ca_path),
    O(timeout), O(retries) and O(rate_limit), or of its environment variable, counts as not given.
  - Proxies are taken from the environment (E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY), E(NO_PROXY)). For C(http://) only a proxy
    on a loopback address is used, since it gets the credentials in the clear. A C(.netrc) file is not read.
  - Ansible itself shows what is given by the task keyword C(environment), at C(-vvv) and in the list of processes. Give credentials,
    also those of a proxy, by options or by the environment in which Ansible is started.
"""

    # How to wait.
    WAIT = r"""
options:
  wait_timeout:
    description:
      - How long to wait at most, in seconds.
    type: float
    default: 300.0
  wait_interval:
    description:
      - The first pause between two looks at the service, in seconds. Pauses grow to 10 seconds, with some jitter.
    type: float
    default: 2.0
"""

    # How many calls at once.
    CONCURRENCY = r"""
options:
  concurrency:
    description:
      - How many calls to the service may be under way at once, from 1 to 256.
    type: int
    default: 8
"""

    # From which environment variables Ansible itself takes the options of a plugin. Of several, the last one wins.
    PLUGIN = r"""
options:
  api_url:
    env:
      - name: SMTPD_HOST
      - name: SMTPD_API_URL
  access_token:
    env:
      - name: SMTPD_ACCESS_TOKEN
  api_key:
    env:
      - name: SMTPD_API_KEY
  api_secret:
    env:
      - name: SMTPD_API_SECRET
  validate_certs:
    env:
      - name: SMTPD_VALIDATE_CERTS
  ca_path:
    env:
      - name: SMTPD_CA_PATH
  timeout:
    env:
      - name: SMTPD_TIMEOUT
  rate_limit:
    env:
      - name: SMTPD_RATE_LIMIT
"""
