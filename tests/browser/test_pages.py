"""Every page in a real browser: offline, silent, inside its width, and whole without a script."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
FILES = (
    *("index", "stall", "strategies", "options", "push", "commitments", "frameworks"),
    *("origins", "returns", "practice", "worklist", "trust", "method"),
)
LANGUAGES = ("en", "ko")
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
CONTRAST_NEEDED = 4.5  # WCAG 2 AA, text
PAPER_WIDTH = 700  # A4 between narrow margins, at 96 dots an inch


@dataclass
class Opened:
    """A page in the browser, what it asked for, and what it complained of."""

    page: Page
    file: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


@contextmanager
def opening(
    browser: Browser,
    path: Path,
    size: str = "desk",
    scheme: Literal["light", "dark"] = "light",
    script: bool = True,
) -> Iterator[Opened]:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        java_script_enabled=script,
    )
    opened = Opened(context.new_page(), path.stem)
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.on("console", lambda message: opened.complaints.append(message.text))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.on("dialog", lambda dialog: opened.dialogs.append(dialog.message))
    opened.page.goto(path.as_uri(), wait_until="load")
    yield opened
    context.close()


@pytest.fixture(
    scope="module",
    params=[(language, file, size) for language in LANGUAGES for file in FILES for size in SIZES],
    ids=lambda param: "-".join(param),
)
def opened(
    request: pytest.FixtureRequest, built_report: Path, browser: Browser
) -> Iterator[Opened]:
    """Every page in every language and size, opened once for all that is asked of it."""
    language, file, size = request.param
    with opening(browser, built_report / language / f"{file}.html", size) as page:
        yield page


def test_a_page_is_silent(opened: Opened, tmp_path: Path) -> None:
    opened.page.screenshot(path=tmp_path / f"{opened.file}.png", full_page=True)
    assert opened.complaints == []


def test_nothing_outside_the_folder_is_asked_for(opened: Opened, built_report: Path) -> None:
    home = f"{built_report.as_uri()}/"
    assert len(opened.asked) >= 4
    assert [url for url in opened.asked if not url.startswith(home)] == []


def test_a_page_stays_inside_its_width(opened: Opened) -> None:
    width, inner = opened.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner
    for canvas in opened.page.locator(".canvas").all():
        assert canvas.locator("svg.main-svg").count() > 0
        box, around = canvas.bounding_box(), opened.page.locator("main").bounding_box()
        assert box and around
        assert box["x"] + box["width"] <= around["x"] + around["width"] + 1


def test_no_button_sends_a_chart_away(opened: Opened) -> None:
    charts = opened.page.locator(".canvas").count()
    buttons = opened.page.eval_on_selector_all(
        ".modebar-btn", "all => all.map(b => (b.dataset.title || '') + b.outerHTML)"
    )
    assert len(buttons) == charts
    assert not any(word in b.lower() for b in buttons for word in ("share", "cloud"))
    configs = opened.page.eval_on_selector_all(
        ".canvas",
        "all => all.map(c => [c._context.showSendToCloud, c._context.plotlyServerURL])",
    )
    assert configs == [[False, ""]] * charts


def test_names_from_the_crm_run_nothing(opened: Opened) -> None:
    scripts = opened.page.eval_on_selector_all(
        "script", "all => all.filter(s => !s.src && s.type !== 'application/json').length"
    )
    assert scripts == 0
    assert opened.dialogs == []


def test_text_stands_out_from_its_ground(opened: Opened) -> None:
    assert opened.page.evaluate(CONTRAST, CONTRAST_NEEDED) == []


@pytest.mark.parametrize("file", FILES)
def test_text_stands_out_in_the_dark(built_report: Path, browser: Browser, file: str) -> None:
    with opening(browser, built_report / "en" / f"{file}.html", scheme="dark") as dark:
        assert dark.page.evaluate(CONTRAST, CONTRAST_NEEDED) == []


@pytest.mark.parametrize("file", FILES)
def test_without_a_script_the_tables_are_there(
    built_report: Path, browser: Browser, file: str
) -> None:
    with opening(browser, built_report / "en" / f"{file}.html", script=False) as still:
        tables = still.page.locator("table").all()
        said_empty = still.page.locator(".empty").all()
        assert tables or said_empty
        assert all(part.is_visible() for part in [*tables, *said_empty])
        assert not any(canvas.is_visible() for canvas in still.page.locator(".canvas").all())


def test_the_front_door_leads_to_the_brief(built_report: Path, browser: Browser) -> None:
    with opening(browser, built_report / "index.html") as front:
        front.page.wait_for_url("**/en/index.html")
        assert front.page.locator("h1").count() == 1
        assert front.complaints == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_switch_leads_to_the_same_page(
    built_report: Path, browser: Browser, language: str
) -> None:
    with opening(browser, built_report / language / "stall.html") as stall:
        assert stall.page.locator(".languages [aria-current]").count() == 1
        stall.page.locator(".languages a:not([aria-current])").click()
        other = next(each for each in LANGUAGES if each != language)
        stall.page.wait_for_url(f"**/{other}/stall.html")
        assert stall.page.evaluate("document.documentElement.lang") == other


def test_korean_breaks_lines_between_words(built_report: Path, browser: Browser) -> None:
    with opening(browser, built_report / "ko" / "index.html", "phone") as brief:
        style = "getComputedStyle(document.querySelector('h1'))"
        assert brief.page.evaluate(f"{style}.wordBreak") == "keep-all"
        assert "Malgun Gothic" in brief.page.evaluate(f"{style}.fontFamily")


def test_keyboard_reaches_the_answer_first(built_report: Path, browser: Browser) -> None:
    with opening(browser, built_report / "en" / "stall.html") as stall:
        stall.page.keyboard.press("Tab")
        assert stall.page.evaluate("document.activeElement.className") == "skip"
        stall.page.keyboard.press("Enter")
        assert stall.page.evaluate("location.hash") == "#content"


def test_print_shows_every_table_in_light_colours(built_report: Path, browser: Browser) -> None:
    with opening(browser, built_report / "en" / "stall.html", scheme="dark") as stall:
        page = stall.page
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert all(table.is_visible() for table in page.locator("table").all())
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        assert not page.locator("nav").is_visible()
        for canvas in page.locator(".canvas svg.main-svg").all():
            box = canvas.bounding_box()
            assert box is None or box["width"] <= PAPER_WIDTH


CONTRAST = """
(needed) => {
  const channel = (v) =>
    v <= 10.31 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const parse = (c) => c.match(/[0-9.]+/g).map(Number);
  const light = (c) => {
    const [r, g, b] = parse(c).map(channel);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const c = getComputedStyle(n).backgroundColor, p = parse(c);
      if (p.length === 3 || p[3] > 0) return c;
    }
    return "rgb(255,255,255)";
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest("script, style, svg, .modebar")) continue;
    const a = light(getComputedStyle(node).color), b = light(ground(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const words = walker.currentNode.data.trim().slice(0, 40);
    if (ratio < needed) faint.push([node.className, ratio.toFixed(2), words]);
  }
  return faint.slice(0, 5);
}
"""
