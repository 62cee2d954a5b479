# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit's page in a real browser: on a phone and on a desk, in light and in dark, of few profiles and of many."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._audit import audit_report
from ansible_collections.smtpd.email.plugins.module_utils._audit_formats import audit_format
from tests.support.accounts import NOW, answers, large_account, lookup, missing, profile, small_account
from tests.support.chromium import Chromium, Page

PHONE, DESK = 360, 1280

# All elements but those that are folded away, of which there are tens of thousands.
SHOWN = """
const shown = [];
const walk = e => {
  shown.push(e);
  const inside = e.matches("details:not([open])") ? e.querySelectorAll(":scope > summary") : e.children;
  for (const inner of inside) walk(inner);
};
walk(document.body);
"""

# Each text that has less contrast to what is behind it than WCAG 2.2 asks for (1.4.3, AA).
POOR_CONTRAST = (
    """
(() => {
  %s
  const light = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const brightness = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length > 3 && n[3] === 0 ? null : n; };
  const behind = e => parse(getComputedStyle(e).backgroundColor) || behind(e.parentElement);
  const poor = [];
  for (const e of shown) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const ink = parse(e.namespaceURI.endsWith("svg") ? style.fill : style.color);
    const [a, b] = [brightness(ink), brightness(behind(e))].sort((x, y) => y - x);
    const least = size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5;
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < least) poor.push(e.textContent.trim().slice(0, 40) + " " + contrast.toFixed(2));
  }
  return poor;
})()
"""
    % SHOWN
)

# Each element that reaches over the edge of the window, and is not cut off there on purpose.
OVERFLOWING = (
    """
(() => {
  %s
  const isCut = e => { const s = getComputedStyle(e); return s.overflowX !== "visible" || s.clipPath !== "none"; };
  const cut = e => { for (; e !== document.body; e = e.parentElement) if (isCut(e)) return true; return false; };
  const over = r => r.width && (r.right > innerWidth + 1 || r.left < -1);
  const left = shown.filter(e => over(e.getBoundingClientRect()) && !cut(e));
  return left.map(e => e.tagName + " " + e.textContent.slice(0, 40));
})()
"""
    % SHOWN
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as running:
        yield running


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Pages by the name of what is in them."""
    made = {
        "few": small_account,
        "many": lambda: large_account(1000),
        "none": lambda: (lookup([]), {}),
        "healthy": lambda: large_account(3, ill=0),
    }
    folder = tmp_path_factory.mktemp("pages")

    def write(name: str) -> Path:
        file = folder / (name + ".html")
        if not file.exists():
            file.write_text(audit_format(audit_report(*made[name](), NOW, "acorn"), "html"), encoding="utf-8")
        return file

    return write


def assert_calm(page: Page, file: Path) -> None:
    assert page.complaints() == []
    assert page.requests() == [file.resolve().as_uri()]


@pytest.mark.parametrize(
    "name, width, dark",
    [
        ("few", PHONE, False),
        ("few", PHONE, True),
        ("few", DESK, False),
        ("few", DESK, True),
        ("many", PHONE, True),
        ("many", DESK, False),
    ],
)
def test_the_page_fits_its_window_can_be_read_and_asks_for_nothing(
    name: str, width: int, dark: bool, browser: Chromium, written: Callable[[str], Path], tmp_path: Path
) -> None:
    page = browser.open(written(name), width=width, dark=dark, scripts=False)
    page.evaluate("[...document.querySelectorAll('article details')].slice(0, 20).forEach(e => e.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(POOR_CONTRAST) == []
    assert_calm(page, written(name))
    page.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    page.close()


@pytest.mark.parametrize(
    "name, title",
    [
        ("none", "No profile was found"),
        ("healthy", "All 3 profiles are right"),
        ("few", "4 of 12 profiles send no mail"),
    ],
)
def test_the_page_says_first_how_things_are(
    name: str, title: str, browser: Chromium, written: Callable[[str], Path]
) -> None:
    page = browser.open(written(name))
    assert page.evaluate("document.querySelector('h1').textContent") == title
    assert page.evaluate("document.title") == title + " · Sending profiles · acorn"
    assert_calm(page, written(name))
    page.close()


def test_profiles_are_chosen_by_their_status_without_a_script(
    browser: Chromium, written: Callable[[str], Path]
) -> None:
    page = browser.open(written("few"), scripts=False)
    shown = "[...document.querySelectorAll('.part')].filter(e => e.checkVisibility()).map(e => e.id)"
    assert page.evaluate(shown) == ["broken", "degraded", "unknown", "ok"]
    page.click("label[for=show-degraded]")
    assert page.evaluate(shown) == ["degraded"]
    page.click(".limits li a")
    assert page.evaluate(shown) == ["broken", "degraded"], "what a link leads to is shown"
    page.click("label[for=show-all]")
    assert page.evaluate(shown) == ["broken", "degraded", "unknown", "ok"]
    page.close()


def test_what_is_right_unfolds_without_a_script(browser: Chromium, written: Callable[[str], Path]) -> None:
    page = browser.open(written("few"), scripts=False)
    rows = "[...document.querySelectorAll('#ok tr')].filter(e => e.checkVisibility()).length"
    assert page.evaluate(rows) == 0
    page.click("#ok details:last-child summary")
    assert page.evaluate(rows) == 10, "nine records and the head"
    page.close()


def test_a_screen_reader_is_told_of_headings_tables_and_pictures(
    browser: Chromium, written: Callable[[str], Path]
) -> None:
    page = browser.open(written("few"), width=PHONE)
    nodes = [node for node in page.call("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]
    named: dict[str, list[str]] = {}
    for node in nodes:
        named.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    assert {"banner", "main", "contentinfo"} <= named.keys()
    assert "12 profiles: 4 Broken, 1 Degraded, 2 Unknown, 5 OK" in named["image"]
    assert {"Broken 4", "Degraded 1", "Unknown 2", "OK 5", "Time left"} <= {
        " ".join(name.split()) for name in named["heading"]
    }
    assert len(named["columnheader"]) == 6 * len(named["table"]) > 0
    assert len(named["radio"]) == 5 and "Show" in named["group"]
    page.close()


def test_the_timeline_is_drawn_to_scale(browser: Chromium, written: Callable[[str], Path]) -> None:
    page = browser.open(written("few"))
    shares = page.evaluate(
        "[...document.querySelectorAll('.limits li svg')].map(e => e.lastChild.getBoundingClientRect().width /"
        " e.firstChild.getBoundingClientRect().width)"
    )
    assert shares == [pytest.approx(hours / 72, abs=0.01) for hours in (4.4, 31, 69.8)]
    lines = page.evaluate("[...document.querySelectorAll('.axis line')].map(e => e.getBoundingClientRect().x)")
    lane = page.evaluate("(r => [r.x, r.width])(document.querySelector('.limits li rect').getBoundingClientRect())")
    assert lines == [pytest.approx(lane[0] + lane[1] * part / 6, abs=1.5) for part in range(7)]
    page.close()


def test_text_that_others_wrote_does_nothing(browser: Chromium, tmp_path: Path) -> None:
    texts = [
        "<script>document.title='taken'</script>",
        "<img src=x onerror=\"document.title='taken'\">",
        '"><svg onload="document.title=\'taken\'">',
        "javascript:document.title='taken'",
        "</style><script>document.title='taken'</script>",
        "<meta http-equiv=refresh content='0;url=file:///etc/hostname'>",
        "<base href=http://127.0.0.1:9/>",
    ]
    profiles: list[dict[str, Any]] = [
        profile("mail%d.acorn.example" % number, "pending", text) for number, text in enumerate(texts)
    ]
    found = answers(profiles, {(one["profile_id"], number): missing for one in profiles for number in range(9)})
    for one, text in zip(profiles, texts):
        one["sending_domain"] = text
        for answer in found["records"]:
            if answer["profile_id"] == one["profile_id"]:
                answer.update(message=text, diagnosis=text, found=[text])
    file = tmp_path / "hostile.html"
    file.write_text(audit_format(audit_report(lookup(profiles), found, NOW, texts[0]), "html"), encoding="utf-8")
    page = browser.open(file, width=PHONE)
    assert page.evaluate("document.title") == "All 7 profiles send no mail · Sending profiles · " + texts[0]
    assert (
        page.evaluate("document.querySelectorAll('script, img, base, iframe, form, [onload], [onerror]').length") == 0
    )
    assert set(page.evaluate("[...document.querySelectorAll('article h3')].map(e => e.textContent)")) == set(texts)
    assert page.evaluate(OVERFLOWING) == []
    assert_calm(page, file)
    page.close()


def test_the_page_would_not_run_a_script_even_if_there_was_one(
    browser: Chromium, written: Callable[[str], Path], tmp_path: Path
) -> None:
    file = tmp_path / "injected.html"
    content = written("few").read_text(encoding="utf-8")
    file.write_text(
        content.replace("<main>", "<main><script>document.title='taken'</script><img src='http://127.0.0.1:9/x.png'>"),
        encoding="utf-8",
    )
    page = browser.open(file)
    assert page.evaluate("document.title") == "4 of 12 profiles send no mail · Sending profiles · acorn"
    assert len([text for text in page.complaints() if "Content Security Policy" in text]) == 2
    page.close()


def test_the_page_is_printed_with_all_that_is_wrong(browser: Chromium, written: Callable[[str], Path]) -> None:
    page = browser.open(written("few"), dark=True)
    page.call(
        "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "light"}]
    )
    assert page.evaluate("document.querySelector('.show').checkVisibility()") is False
    assert page.evaluate("[...document.querySelectorAll('tr.w')].every(e => e.checkVisibility())") is True
    assert len(page.call("Page.printToPDF", printBackground=True)["data"]) > 10_000
    page.close()
