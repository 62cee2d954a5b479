# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real browser for tests: headless Chromium, told what to do through its DevTools protocol on a pipe.

    with Chromium() as browser:
        page = browser.open(path, width=390, dark=True)
        assert page.evaluate("document.title") == "..."
        page.screenshot(Path("page.png"))

It can reach no other machine: all names but localhost lead nowhere.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Optional

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_TIMEOUT = 60.0
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
    "--font-render-hinting=none",
    "--remote-debugging-pipe",
)


class Chromium:
    """A browser, running from when it is made until C(stop()) or the end of the C(with) block.

    :raises RuntimeError: there is none on this machine, or it does not start.
    """

    def __init__(self) -> None:
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None:
            raise RuntimeError("There is no Chromium on this machine: run tests/tools/ensure-program chromium.")
        self._directory = tempfile.mkdtemp(prefix="smtpd-chromium-")
        # A sandbox needs what root, and most containers, do not have. Only files of the tests are opened.
        command = [program, *_FLAGS, "--no-sandbox", "--user-data-dir=" + self._directory, "about:blank"]
        its_input, self._output = os.pipe()
        self._input, its_output = os.pipe()

        def connect() -> None:  # the protocol is spoken on the file descriptors 3 and 4
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (its_input, its_output)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)
            os.close(ends[0])
            os.close(ends[1])

        self._process = subprocess.Popen(
            command,
            preexec_fn=connect,
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_input)
        os.close(its_output)
        self._buffer = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []
        try:
            self.version = self.call("Browser.getVersion")["product"]
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the browser and forget all that it kept."""
        os.close(self._output)  # it ends by itself when the pipe is closed
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._input)
        shutil.rmtree(self._directory, ignore_errors=True)

    def open(self, file: Path, width: int = 1280, height: int = 900, dark: bool = False, scripts: bool = True) -> Page:
        """Open a file in a new window and wait until it is there.

        :param width: in CSS pixels; a narrow one is a phone.
        :param scripts: whether the page may run scripts. Those of C(Page.evaluate) always may.
        """
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(domain + ".enable")
        phone = width < 600
        page.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", features=[scheme])
        page.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        page.call("Page.navigate", url=file.resolve().as_uri())
        page.await_event("Page.loadEventFired")
        return page

    # The protocol

    def call(self, method: str, session: Optional[str] = None, **params: Any) -> dict[str, Any]:
        """Call a method and return its result. Events that come meanwhile are kept."""
        self._number += 1
        message = {
            "id": self._number,
            "method": method,
            "params": params,
            **({"sessionId": session} if session else {}),
        }
        os.write(self._output, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _TIMEOUT
        while True:
            answer = self._receive(deadline)
            if answer.get("id") != self._number:
                self._events.append(answer)
            elif "error" in answer:
                raise RuntimeError("%s: %s" % (method, answer["error"]))
            else:
                return answer["result"]

    def events(self, session: str) -> list[dict[str, Any]]:
        """What happened in a window so far."""
        return [event for event in self._events if event.get("sessionId") == session]

    def wait_for(self, session: str, method: str) -> None:
        """Wait until an event has come."""
        deadline = time.monotonic() + _TIMEOUT
        while not any(event["method"] == method for event in self.events(session)):
            self._events.append(self._receive(deadline))

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _write, _error = select.select([self._input], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(self._input, 1 << 20) if ready else b""
            if not chunk:
                raise RuntimeError("Chromium %s." % ("has ended" if ready else "does not answer"))
            self._buffer += chunk
        message, _zero, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


class Page:
    """A file in a window of the browser."""

    def __init__(self, browser: Chromium, session: str, target: str) -> None:
        self._browser = browser
        self._session = session
        self._target = target

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol for this window."""
        return self._browser.call(method, self._session, **params)

    def await_event(self, method: str) -> None:
        """Wait until an event has come."""
        self._browser.wait_for(self._session, method)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def click(self, selector: str) -> None:
        """Click into the middle of an element, as a person does."""
        x, y = self.evaluate(
            "(() => { const e = document.querySelector(%s); e.scrollIntoView({block: 'center'});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
            % json.dumps(selector)
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def complaints(self) -> list[str]:
        """What the browser's console says."""
        texts = []
        for event in self._browser.events(self._session):
            params = event["params"]
            if event["method"] == "Log.entryAdded":
                texts.append(params["entry"]["text"])
            elif event["method"] == "Runtime.consoleAPICalled":
                texts.append(str([argument.get("value") for argument in params["args"]]))
            elif event["method"] == "Runtime.exceptionThrown":
                texts.append(str(params["exceptionDetails"]))
        return texts

    def requests(self) -> list[str]:
        """The addresses that were asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self._browser.events(self._session)
            if event["method"] == "Network.requestWillBeSent"
        ]

    def screenshot(self, file: Path, whole: bool = False, height: Optional[float] = None) -> None:
        """Write a picture of what is seen.

        :param whole: of the whole page.
        :param height: of the page down to here, in CSS pixels.
        """
        clip: dict[str, Any] = {}
        if whole or height is not None:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"clip": {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}}
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=bool(clip), **clip)
        file.write_bytes(base64.b64decode(picture["data"]))

    def close(self) -> None:
        """Close the window."""
        self._browser.call("Target.closeTarget", targetId=self._target)
