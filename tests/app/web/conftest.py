"""The whole service on a real port, people who may sign in to it, and a browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import uvicorn
from playwright.sync_api import Browser, Page
from watched_pages import WatchedPage, open_browser

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.identity import accounts, links
from app.identity.roles import Role
from app.main import create_app
from app.serving import address_of, listen
from app.settings import AccountSettings, Settings

PASSWORD = "four unrelated words here"
CHEAP = AccountSettings(password_time_cost=1, password_memory_kb=256, password_parallelism=1)
"""Hashes that cost little, for tests that sign in often."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with cheap passwords."""
    return settings.model_copy(update={"accounts": CHEAP})


@pytest.fixture
def serve(database: Database) -> Iterator[Callable[[Settings], str]]:
    """Serves applications on ports of this machine and returns their addresses."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(settings: Settings) -> str:
        listener = listen("127.0.0.1", 0)
        config = uvicorn.Config(create_app(settings), log_config=None, access_log=False, proxy_headers=False)
        begun = threading.Event()
        server = AnnouncingServer(config, begun)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert begun.wait(30)
        running.append((server, thread))
        return address_of(listener)

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(20)


class AnnouncingServer(uvicorn.Server):
    """Says when it answers requests."""

    def __init__(self, config: uvicorn.Config, begun: threading.Event) -> None:
        super().__init__(config)
        self._begun = begun

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets)
        self._begun.set()


@pytest.fixture
def site(serve: Callable[[Settings], str], settings: Settings, municipality: str, people: SimpleNamespace) -> str:
    """Address of the service with a municipality and people."""
    return serve(settings)


@pytest.fixture
def people(database: Database, municipality: str) -> SimpleNamespace:
    """Ada, an analyst in Talsi with a password, and a link that signs her in once."""
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.create_account(session, "ada", display_name="Ada Analyst")
        accounts.grant(session, "ada", Role.ANALYST, municipality)
        accounts.set_password(session, "ada", PASSWORD, CHEAP)
        link = links.create_link(session, "ada")
    return SimpleNamespace(name="ada", password=PASSWORD, link=link)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One per module, because Playwright's event loop must not outlive the tests that use it."""
    with open_browser() as browser:
        yield browser


@pytest.fixture
def watched(browser: Browser) -> Iterator[WatchedPage]:
    """A desktop page with cookies of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield WatchedPage(context.new_page())
    context.close()


@pytest.fixture
def page(watched: WatchedPage) -> Page:
    """The page itself."""
    return watched.page


@pytest.fixture
def sign_in(site: str, people: SimpleNamespace) -> Callable[..., Page]:
    """Signs Ada in on a page."""

    def fill_in(page: Page, name: str = people.name, password: str = people.password, site: str = site) -> Page:
        page.goto(f"{site}/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_label("Purpose of use").select_option("crime-analysis")
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_load_state()
        return page

    return fill_in
