"""The console in a real browser: what it shows, and that everybody can use it."""

from collections.abc import Callable
from itertools import product
from typing import Any, Final, Literal

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from sessionscope.testing.serving import Server
from tests.sessionscope.e2e.console.conftest import LOOP, opened

pytestmark = pytest.mark.isolation("none")

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


def make_trouble(server: Server) -> None:
    """Send a slow statement, and one in a loop."""
    for path in ("/names", "/slow"):
        assert 200 == httpx2.get(server.url + path).status_code


def violations(page: Page) -> list[str]:
    """Return what axe-core has against the page."""
    found: Any = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


def test_the_page_is_accessible_in_light_and_dark_wide_and_narrow(
    browser: Browser, server: Server, exhausted: Callable[[], None]
) -> None:
    """axe-core finds nothing, with everything on the page that can be there. Nothing is wider than the screen."""
    make_trouble(server)
    exhausted()
    with opened(browser, server) as page:
        page.locator("#slow-rows button").first.click()
        page.locator("summary").click()
        expect(page.locator("#alarm")).to_be_visible()
        expect(page.locator(".plan").first).to_be_visible()
        for scheme, width in product(SCHEMES, (1440, 390)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            assert [] == violations(page), (scheme, width)
            assert width == page.evaluate("document.documentElement.scrollWidth")


def test_an_exhausted_pool_is_shown_with_what_holds_it(
    browser: Browser, server: Server, exhausted: Callable[[], None]
) -> None:
    """The page is up to date by itself, and screen readers are told."""
    with opened(browser, server) as page:
        expect(page.locator("#alarm")).to_be_hidden()
        exhausted()
        expect(page.locator("#alarm")).to_contain_text("database.async_engine has no free connection")
        expect(page.locator("#announcements")).to_contain_text("database.async_engine has no free connection")
        card = page.get_by_role("article", name="Pool of database.async_engine")
        expect(card.locator(".badge")).to_have_text("Exhausted")
        expect(card.locator(".hold")).to_contain_text(["GET /held"])
        expect(card.locator(".hold")).to_contain_text(["conftest.py"])
        expect(card.locator(".number")).to_have_text("2 connections")


def test_slow_and_repeated_statements_are_named(browser: Browser, server: Server) -> None:
    """A slow statement has a plan, and a loop has its endpoint and its line."""
    make_trouble(server)
    with opened(browser, server) as page:
        slow = page.locator("#slow-rows > li")
        expect(slow).to_contain_text(["GET /slow"])
        slow.get_by_role("button", name="Explain").click()
        expect(page.locator(".plan")).to_contain_text("RECURSIVE STEP")
        repeated = page.locator("#repeated-rows > li")
        expect(repeated).to_contain_text(["GET /names"])
        expect(repeated.locator(".times")).to_contain_text(str(LOOP))
        expect(repeated.locator(".meta")).to_contain_text("in names")


def test_the_keyboard_reaches_everything_and_keeps_its_place(browser: Browser, server: Server) -> None:
    """Each control has the focus in turn, and a refresh leaves it where it is."""
    make_trouble(server)
    with opened(browser, server) as page:
        names: list[str] = []
        while names[-1:] != ["changed"]:
            assert len(names) < 20
            page.keyboard.press("Tab")
            names.append(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id"))
            if names[-1] == "Explain":
                page.keyboard.press("Enter")
                expect(page.locator(".plan")).to_be_visible()
                with page.expect_response("**/console/state"):
                    pass
                assert "Hide plan" == page.evaluate("document.activeElement.textContent")
        assert "Skip to the content" == names[0]
        wanted = ["Pause", "Explain", "Check now", "All providers as a table", "filter", "changed"]
        assert wanted == [name for name in names if name in wanted]


def test_it_can_be_paused_and_filtered(browser: Browser, server: Server) -> None:
    """What is looked at stays as it is, and a setting is found by its name."""
    with opened(browser, server) as page:
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("#pulse")).to_contain_text("Paused at")
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("#pulse")).to_contain_text("Live")
        page.get_by_label("Filter settings").fill("pool_size")
        expect(page.locator("#setting-rows > tr")).to_have_count(1)
        page.get_by_role("button", name="Check now").click()
        expect(page.get_by_role("article", name="Health of database")).to_contain_text("run `db upgrade`")
