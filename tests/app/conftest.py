"""A client of the whole application on a fresh PostGIS database."""

import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session
from typer.testing import CliRunner, Result

from app import cli, main
from app.commands import build_program
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.identity import accounts, keys, sessions
from app.identity.cookies import SESSION
from app.identity.roles import ASSIGNABLE_ROLES, Role
from app.main import create_app
from app.settings import AccountSettings, DatabaseSettings, ServerSettings, Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client of this Starlette announces its successor
    from starlette.testclient import TestClient

ClientAs = Callable[..., TestClient]
ACCOUNTS = count(1)
PURPOSE = "administration"
SQUARE = [[[22.5, 57.2], [22.7, 57.2], [22.7, 57.3], [22.5, 57.3], [22.5, 57.2]]]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a service without a worker of its own."""
    return Settings(
        database=DatabaseSettings(database_url=database_url, home=tmp_path),
        server=ServerSettings(
            worker=False,
            max_vertices=50,
            max_body_kb=256,
            max_upload_mb=1,
            public_reads_per_minute=100_000,
            public_reports_per_minute=100_000,
        ),
    )


@pytest.fixture(scope="session", autouse=True)
def one_document() -> Iterator[None]:
    """Make the document of the API once: it takes seconds, and is that of the program, not of its data."""
    build, documents = main.build_openapi, list[dict[str, Any]]()

    def build_once(*arguments: Any) -> dict[str, Any]:
        if not documents:
            documents.append(build(*arguments))
        return documents[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "build_openapi", build_once)
        yield


@pytest.fixture
def application(settings: Settings) -> FastAPI:
    return create_app(settings)


def new_account(session: Session, role: Role, municipality: str | None) -> str:
    """Return the name of a new account with one role, in one municipality or (None) in the whole service."""
    name = f"{role.value}-{next(ACCOUNTS)}"
    accounts.create_account(session, name)
    if role in ASSIGNABLE_ROLES:
        accounts.grant(session, name, role, municipality)
    return name


@pytest.fixture
def anonymous(application: FastAPI, database: Database) -> Iterator[TestClient]:
    """A client without any credential, whose server errors come as answers, as they do over the wire."""
    with TestClient(application, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client_as(application: FastAPI, anonymous: TestClient, database: Database) -> ClientAs:
    """Makes clients of new accounts with one role, in one municipality or (None) in the whole service.

    ``by`` is ``key`` or ``session``; the session sends its token against forgery. Further options are those of the key.
    """

    def make(
        role: Role,
        municipality: str | None = None,
        *,
        by: str = "key",
        purpose: str | None = PURPOSE,
        scopes: tuple[str, ...] = ("*:*",),
        **options: Any,
    ) -> TestClient:
        client = TestClient(application, raise_server_exceptions=False)
        client.portal = anonymous.portal
        client.headers.update({"Kvart-Purpose": purpose} if purpose else {})
        with database.transaction(DatabaseRole.IDENTITY) as session:
            name = new_account(session, role, municipality)
            if by == "key":
                key = keys.create_key(session, name, keys.KeyLimits(scopes), **options)
                client.headers["Authorization"] = f"Bearer {key.secret}"
            else:
                account = accounts.get_account(session, name)
                opened = sessions.open_session(session, account.id, name, AccountSettings())
                client.cookies.set(SESSION, opened.token)
                client.headers["X-CSRF-Token"] = sessions.csrf_token(opened.token)
        return client

    return make


@pytest.fixture
def client(client_as: ClientAs) -> TestClient:
    """A client of an administrator of the whole service, with an API key and a purpose of use."""
    return client_as(Role.ADMINISTRATOR)


@pytest.fixture
def municipality(client: TestClient) -> str:
    """Code of a small municipality at 22.5 to 22.7 E, 57.2 to 57.3 N."""
    body = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": SQUARE},
        "properties": {"code": "talsi", "name": "Talsi", "time_zone": "Europe/Riga"},
    }
    assert client.post("/municipalities", json=body).status_code == 201
    return "talsi"


@pytest.fixture
def kvart(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[Any, str, str]]:
    """Run a command; return exit code, output and errors without line breaks."""
    monkeypatch.setenv("KVART_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: object) -> tuple[Any, str, str]:
        monkeypatch.setattr("sys.argv", ["kvart", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return ended.value.code or 0, told.out, told.err

    return run


@pytest.fixture
def invoke(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Run a command with its home in a directory of the test; return its outcome, or raise the error that ended it."""
    monkeypatch.setenv("KVART_DATABASE_URL", database_url)
    monkeypatch.setenv("KVART_HOME", str(tmp_path / "home"))

    def run(*arguments: object, typed: str = "") -> Result:
        outcome = CliRunner().invoke(build_program(), [str(word) for word in arguments], input=typed)
        if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
            raise outcome.exception
        return outcome

    return run
