"""``kvart users`` and ``kvart keys``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from app.commands import build_program
from app.commands.identity import operator_name
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.errors import ConflictError, InvalidInputError, KvartError, NotFoundError, UnauthenticatedError
from app.identity.caller import Caller
from app.identity.roles import Role
from app.identity.service import Credential, authenticate, sign_in_with_link, sign_in_with_password
from app.settings import AccountSettings

PASSWORD = "four unrelated words"

Kvart = Callable[..., Result]


@pytest.fixture
def kvart(invoke: Kvart, monkeypatch: pytest.MonkeyPatch) -> Kvart:
    """Function that runs a command with cheap passwords and expects no exit code."""
    for name, value in {"TIME_COST": "1", "MEMORY_KB": "256", "PARALLELISM": "1"}.items():
        monkeypatch.setenv(f"KVART_PASSWORD_{name}", value)

    def run(*arguments: str, typed: str = "") -> Result:
        outcome = invoke(*arguments, typed=typed)
        assert outcome.exit_code == 0, outcome.output
        return outcome

    return run


def audited(database: Database) -> list[Any]:
    with database.owner_engine.begin() as connection:
        connection.execute(text("set local role kvart_audit"))
        query = text("select kind, actor_kind, actor, municipality_id, what from audit_event order by id")
        return list(connection.execute(query))


def caller_of(database: Database, key: str) -> Caller:
    with database.transaction(DatabaseRole.IDENTITY) as session:
        return authenticate(session, Credential("bearer", key))


def test_an_account_from_its_first_to_its_last_day(
    kvart: Kvart, database: Database, towns: None, settings: AccountSettings
) -> None:
    assert kvart("users", "list").output == ""
    told = kvart("users", "add", "ada", "--display-name", "Ada L.", "--role", "administrator").output
    assert told == "Added ada, administrator in the whole service.\n"
    kvart("users", "set-password", "ada", typed=f"{PASSWORD}\n")
    assert sign_in_with_password(database, "ada", PASSWORD, settings).caller.service_role is Role.ADMINISTRATOR
    kvart("users", "add", "bob", "--password", typed=f"{PASSWORD}\n")
    kvart("users", "grant", "bob", "analyst", "--municipality", "talsi")
    kvart("users", "grant", "bob", "commander", "--municipality", "talsi", "--instead-of", "analyst")
    kvart("users", "disable", "bob")
    assert kvart("users", "list").output.splitlines() == [
        "ada                       administrator in the whole service",
        "bob                       commander in talsi  disabled",
    ]
    kvart("users", "enable", "bob")
    shown = json.loads(kvart("users", "show", "bob", "--json").output)
    assert (shown["roles"], shown["service_role"], shown["disabled_at"], shown["keys"]) == (
        {"talsi": "commander"},
        None,
        None,
        [],
    )
    assert kvart("users", "revoke", "bob", "--municipality", "talsi").output == "bob is no longer commander in talsi.\n"
    kvart("users", "remove", "bob")
    assert [account["name"] for account in json.loads(kvart("users", "list", "--json").output)] == ["ada"]


def test_every_alteration_is_in_the_audit_log_and_no_look(kvart: Kvart, database: Database, towns: None) -> None:
    kvart("users", "add", "ada")
    kvart("users", "grant", "ada", "analyst", "--municipality", "talsi")
    kvart("users", "set-password", "ada", typed=f"{PASSWORD}\n")
    key = kvart("keys", "create", "ada").stdout.splitlines()[0]
    link = kvart("users", "link", "ada").stdout
    kvart("keys", "revoke", key.split("_")[1])
    for look in (("users", "list"), ("users", "show", "ada"), ("keys", "list")):
        kvart(*look)
    with pytest.raises(ConflictError):
        kvart("users", "enable", "ada")
    events = audited(database)
    actions = ["add", "grant", "set-password", "create-key", "link", "revoke-key"]
    assert [event.what["action"] for event in events] == actions
    assert {(event.kind, event.actor_kind, event.actor) for event in events} == {
        ("alteration", "command", operator_name())
    }
    assert [event.municipality_id is None for event in events] == [True, False, True, True, True, True]
    written = json.dumps([event.what for event in events])
    assert PASSWORD not in written
    assert key.split("_", 2)[2] not in written
    assert link.rsplit("/", 1)[1].strip() not in written


def test_a_key_from_its_making_to_its_end(kvart: Kvart, database: Database, towns: None) -> None:
    kvart("users", "add", "ada", "--role", "analyst", "--municipality", "talsi")
    made = kvart(
        *("keys", "create", "ada", "--label", "QGIS", "--scope", "incidents:read", "--scope", "maps:*"),
        *("--municipality", "talsi", "--purpose", "crime-analysis", "--days", "30", "--json"),
    )
    key = json.loads(made.stdout)
    caller = caller_of(database, key["key"])
    assert caller.roles == {"talsi": Role.ANALYST}
    assert caller.scopes == ("incidents:read", "maps:*")
    (listed,) = json.loads(kvart("keys", "list", "ada", "--json").output)
    assert (listed["prefix"], listed["label"], listed["municipality"]) == (key["prefix"], "QGIS", "talsi")
    assert key["key"] not in kvart("keys", "list").output + kvart("users", "show", "ada").output
    assert "talsi incidents:read maps:* crime-analysis" in kvart("keys", "list").output
    kvart("keys", "revoke", key["prefix"])
    with pytest.raises(UnauthenticatedError):
        caller_of(database, key["key"])
    with pytest.raises(NotFoundError, match="no valid key"):
        kvart("keys", "revoke", key["prefix"])


def test_a_printed_key_is_alone_on_stdout(kvart: Kvart, database: Database) -> None:
    kvart("users", "add", "ada", "--role", "officer")
    outcome = kvart("keys", "create", "ada")
    assert caller_of(database, outcome.stdout.strip()).name == "ada"
    assert "not shown again" in outcome.stderr


def test_a_link_on_demand(kvart: Kvart, database: Database, settings: AccountSettings, monkeypatch: Any) -> None:
    monkeypatch.setenv("KVART_PUBLIC_URL", "https://kvart.example")
    kvart("users", "add", "ada")
    address = kvart("users", "link", "ada").output.strip()
    assert address.startswith("https://kvart.example/sign-in/")
    with database.transaction(DatabaseRole.IDENTITY) as session:
        assert sign_in_with_link(session, address.rsplit("/", 1)[1], settings).caller.name == "ada"


REFUSED: list[tuple[tuple[str, ...], str, type[KvartError], str]] = [
    (("users", "add", "Ada L."), "", InvalidInputError, "lower-case letters"),
    (("users", "add", "ada"), "", ConflictError, "an account 'ada' already"),
    (("users", "add", "bob", "--municipality", "talsi"), "", InvalidInputError, "--municipality needs --role"),
    (("users", "add", "bob", "--role", "analyst", "--municipality", "x"), "", NotFoundError, "no municipality 'x'"),
    (("users", "add", "bob", "--password"), "", InvalidInputError, "fewer than 12"),
    (("users", "show", "nobody"), "", NotFoundError, "no account 'nobody'"),
    (("users", "set-password", "ada"), "short\n", InvalidInputError, "fewer than 12"),
    (("users", "grant", "nobody", "officer"), "", NotFoundError, "no account 'nobody'"),
    (("users", "grant", "ada", "officer"), "", ConflictError, "ada is administrator in the whole service"),
    (("users", "revoke", "ada"), "", ConflictError, "Nobody would be left"),
    (("users", "disable", "ada"), "", ConflictError, "Nobody would be left"),
    (("users", "remove", "ada"), "", ConflictError, "Nobody would be left"),
    (("users", "enable", "ada"), "", ConflictError, "neither disabled nor locked"),
    (("users", "link", "nobody"), "", NotFoundError, "no account 'nobody'"),
    (("keys", "create", "nobody"), "", NotFoundError, "no account 'nobody'"),
    (("keys", "create", "ada", "--scope", "all"), "", InvalidInputError, "Scope 'all' covers nothing"),
    (("keys", "create", "ada", "--days", "731"), "", InvalidInputError, "1 to 730 days"),
    (("keys", "create", "ada", "--municipality", "x"), "", NotFoundError, "no municipality 'x'"),
    (("keys", "revoke", "nonsense"), "", NotFoundError, "no valid key"),
]


def test_what_cannot_be_done_changes_nothing(kvart: Kvart, database: Database) -> None:
    kvart("users", "add", "ada", "--role", "administrator")
    for arguments, typed, kind, told in REFUSED:
        with pytest.raises(kind, match=told):
            kvart(*arguments, typed=typed)
    assert [account["name"] for account in json.loads(kvart("users", "list", "--json").output)] == ["ada"]
    assert len(audited(database)) == 1


def test_a_role_that_there_is_not(kvart: Kvart) -> None:
    outcome = CliRunner().invoke(build_program(), ["users", "grant", "ada", "public"])
    assert outcome.exit_code == 2
    assert "none of officer" in outcome.output
