# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(make audit-example): write what the documentation shows of an audit.

That is the page of a made-up account, which a test compares with what the collection makes today, and a picture of it
on two screens.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "docsite" / "rst" / "examples"
PAGE, PICTURE = FOLDER / "audit.html", FOLDER / "audit.png"

# In CSS pixels.
DESK, PHONE = (1280, 1060), (390, 800)
STAGE = """\
<!DOCTYPE html><meta charset="utf-8">
<style>
body{{margin:0;width:1360px;height:960px;background:#d7dce6;position:relative;overflow:hidden}}
img{{position:absolute;border-radius:12px;box-shadow:0 0 0 1px #0002,0 18px 50px #0003}}
</style>
<img style="left:40px;top:30px;width:1100px" src="{desk}">
<img style="right:40px;bottom:30px;width:300px;border-radius:22px;box-shadow:0 0 0 7px #0e131a,0 18px 50px #0006" src="{phone}">
"""


def picture(page: Path, target: Path) -> None:
    """Write a picture of a page on a desk in light, and on a phone in dark."""
    from tests.support.chromium import Chromium

    with Chromium() as browser, tempfile.TemporaryDirectory() as folder:
        shots = {}
        for name, (width, height), dark in (("desk", DESK, False), ("phone", PHONE, True)):
            window = browser.open(page, width=width, height=height, dark=dark)
            shot = Path(folder) / (name + ".png")
            window.screenshot(shot)
            window.close()
            shots[name] = "data:image/png;base64," + base64.b64encode(shot.read_bytes()).decode()
        stage = Path(folder) / "stage.html"
        stage.write_text(STAGE.format(**shots), encoding="utf-8")
        browser.open(stage, width=1360, height=960).screenshot(target)


def main() -> None:
    import conftest  # leads imports to this checkout

    sys.path.append(os.environ["ANSIBLE_COLLECTIONS_PATH"])
    from tests.support.accounts import example_page

    FOLDER.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(example_page(), encoding="utf-8")
    picture(PAGE, PICTURE)
    print(
        "Written, of %s: %s (%d bytes) and %s (%d bytes)"
        % (conftest.ROOT, PAGE.name, PAGE.stat().st_size, PICTURE.name, PICTURE.stat().st_size)
    )


if __name__ == "__main__":
    main()
