"""Accounts and roles against a real database: what is refused, and administrators who race."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, Event

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.identity import accounts, keys, links, sessions
from app.identity.passwords import COMMONEST, require_good_password
from app.identity.roles import Role
from app.identity.service import sign_in_external
from app.settings import AccountSettings

Change = Callable[[Session, str], object]
ENDINGS: list[Change] = [
    accounts.disable,
    accounts.remove,
    accounts.revoke,
    lambda session, name: accounts.grant(session, name, Role.ANALYST, instead_of=Role.ADMINISTRATOR),
]


@dataclass(frozen=True)
class Vouched:
    issuer: str = "https://id.example"
    subject: str = "42"
    name: str = "Ada Lovelace"
    roles: dict[str, Role] = field(default_factory=dict)
    service_role: Role | None = None


def test_names_that_cannot_be_used(session: Session) -> None:
    for name in ("", "A", ".a", "a b", "a" * 64, "a\n", "a\0", "ā", "a/b", "a'--"):
        with pytest.raises(InvalidInputError, match="lower-case letters"):
            accounts.create_account(session, name)
        with pytest.raises(NotFoundError):
            accounts.get_account(session, name)
    for shown in ("x" * 201, "a\nb", "a\0b", "\u202eadA"):
        with pytest.raises(InvalidInputError, match="one line"):
            accounts.create_account(session, "ada", display_name=shown)


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("", "fewer than 12"),
        ("eleven char", "fewer than 12"),
        ("\ufb01" * 5, "fewer than 12"),
        ("PassWord1234", "first that are tried"),
        ("abababababab", "first that are tried"),
        ("lovelacelovelace1", "little more than the name"),
        ("Lovelace-2026", "little more than the name"),
        ("x1y2" * 33, "at most 128"),
        ("four unrelated \ud800", "has to be text"),
    ],
)
def test_passwords_that_are_refused(password: str, told: str) -> None:
    with pytest.raises(InvalidInputError, match=told) as refused:
        require_good_password(password, "lovelace@town.example")
    assert not password or password not in str(refused.value)


def test_passwords_that_are_taken() -> None:
    for password in ("four unrelated words", "žņš four unrelated", "aB3$aB3$xYz!", "lovelace reads many books"):
        require_good_password(password, "lovelace")
    require_good_password("al al al al four", "al")
    assert min(map(len, COMMONEST)) >= 12


def test_one_role_in_each_place(session: Session, towns: None) -> None:
    accounts.create_account(session, "ada")
    accounts.grant(session, "ada", Role.OFFICER, "talsi")
    accounts.grant(session, "ada", Role.OFFICER, "talsi")
    accounts.grant(session, "ada", Role.COMMANDER, "cesis")
    accounts.grant(session, "ada", Role.ANALYST)
    ada = accounts.get_account(session, "ada")
    assert (ada.roles, ada.service_role) == ({"cesis": Role.COMMANDER, "talsi": Role.OFFICER}, Role.ANALYST)
    with pytest.raises(ConflictError, match="ada is officer in talsi"):
        accounts.grant(session, "ada", Role.ANALYST, "talsi")
    with pytest.raises(ConflictError, match="ada is officer in talsi"):
        accounts.grant(session, "ada", Role.ANALYST, "talsi", instead_of=Role.COMMANDER)
    accounts.grant(session, "ada", Role.ANALYST, "talsi", instead_of=Role.OFFICER)
    assert accounts.revoke(session, "ada", "talsi") is Role.ANALYST
    with pytest.raises(ConflictError, match="ada has no role in talsi"):
        accounts.revoke(session, "ada", "talsi")
    with pytest.raises(ConflictError, match="ada is nothing in talsi"):
        accounts.grant(session, "ada", Role.ANALYST, "talsi", instead_of=Role.OFFICER)


def test_roles_and_places_that_nobody_is_given(session: Session) -> None:
    accounts.create_account(session, "ada")
    for role in (Role.PUBLIC, Role.REPORTER):
        with pytest.raises(InvalidInputError, match="cannot be given"):
            accounts.grant(session, "ada", role)
    for code in ("", "nowhere", "a\0", "x" * 9000):
        with pytest.raises(NotFoundError, match="no municipality"):
            accounts.grant(session, "ada", Role.OFFICER, code)


def test_the_last_administrator_stays(database: Database, new_account: Callable[..., str]) -> None:
    new_account("ada", Role.ADMINISTRATOR)
    new_account("bob", Role.ANALYST)
    for end in ENDINGS:
        with pytest.raises(ConflictError, match="Nobody would be left"), _identity(database) as session:
            end(session, "ada")
    with _identity(database) as session:
        assert accounts.get_account(session, "ada").service_role is Role.ADMINISTRATOR


def test_of_two_administrators_who_end_each_other_one_is_left(
    database: Database, new_account: Callable[..., str], change: Callable[..., int]
) -> None:
    for first, second in itertools.combinations_with_replacement(ENDINGS, 2):
        new_account("ada", Role.ADMINISTRATOR)
        new_account("bob", Role.ADMINISTRATOR)
        end_each_other(database, first, second)
        change("delete from account")


def end_each_other(database: Database, first: Change, second: Change) -> None:
    start = Barrier(2)

    def end(change: Change, name: str) -> bool:
        start.wait()
        try:
            with _identity(database) as session:
                change(session, name)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(end, (first, second), ("ada", "bob")))
    assert sorted(ended) == [False, True]
    with _identity(database) as session:
        left = [a for a in accounts.list_accounts(session) if a.service_role is Role.ADMINISTRATOR]
    assert [account.name for account in left if account.disabled_at is None] == ["bob" if ended[0] else "ada"]


def test_of_two_administrators_who_give_different_roles_one_is_told(
    database: Database, new_account: Callable[..., str], towns: None
) -> None:
    new_account("ada")
    start = Barrier(2)

    def give(role: Role) -> Role | None:
        start.wait()
        try:
            with _identity(database) as session:
                accounts.grant(session, "ada", role, "talsi")
        except ConflictError:
            return None
        return role

    with ThreadPoolExecutor(2) as threads:
        given = list(threads.map(give, (Role.ANALYST, Role.COMMANDER)))
    assert given.count(None) == 1
    with _identity(database) as session:
        assert accounts.get_account(session, "ada").roles["talsi"] in given


def test_an_account_that_goes_meanwhile_gets_nothing(
    database: Database, new_account: Callable[..., str], settings: AccountSettings
) -> None:
    gifts: list[Change] = [
        keys.create_key,
        links.create_link,
        lambda session, name: accounts.set_password(session, name, "four unrelated words", settings),
        lambda session, name: accounts.grant(session, name, Role.OFFICER),
    ]
    for give in gifts:
        new_account("ada")
        given = Event()

        def meanwhile(give: Change = give, given: Event = given) -> bool:
            given.wait()
            try:
                with _identity(database) as session:
                    give(session, "ada")
            except NotFoundError:
                return False
            return True

        with ThreadPoolExecutor(1) as threads:
            outcome = threads.submit(meanwhile)
            with _identity(database) as session:
                accounts.remove(session, "ada")
                given.set()
                wait_for_a_lock(database)
            assert outcome.result() is False


def wait_for_a_lock(database: Database) -> None:
    """Return as soon as another transaction waits for this one."""
    waiting = text("select count(*) from pg_locks where not granted")
    with database.owner_engine.connect() as connection:
        while connection.scalar(waiting) == 0:
            connection.rollback()


def test_what_was_open_before_an_account_was_disabled_stays_closed(
    database: Database, new_account: Callable[..., str], settings: AccountSettings, change: Callable[..., int]
) -> None:
    new_account("ada")
    with _identity(database) as session:
        token = sessions.open_session(session, accounts.get_account(session, "ada").id, "ada", settings).token
    change("update account set disabled_at = now()")
    with _identity(database) as session:
        accounts.enable(session, "ada")
        assert sessions.caller_of_session(session, token) is None


def test_of_two_who_add_the_same_name_one_is_told(database: Database) -> None:
    start = Barrier(2)

    def add(_: int) -> bool:
        start.wait()
        try:
            with _identity(database) as session:
                accounts.create_account(session, "ada")
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(add, range(2))) == [False, True]


def test_an_account_of_a_provider_has_the_roles_that_it_gives_now(
    database: Database, settings: AccountSettings, towns: None, new_account: Callable[..., str]
) -> None:
    new_account("ada", Role.ADMINISTRATOR)

    def sign_in(**given: object) -> tuple[str, dict[str, Role], Role | None]:
        with _identity(database) as session:
            caller = sign_in_external(session, Vouched(**given), settings).caller
        return caller.name, dict(caller.roles), caller.service_role

    name, roles, service_role = sign_in(name="ada", roles={"talsi": Role.ANALYST, "nowhere": Role.OFFICER})
    assert (roles, service_role) == ({"talsi": Role.ANALYST}, None)
    assert name.startswith("ada@")
    assert sign_in(name="Someone else", service_role=Role.OFFICER) == (name, {}, Role.OFFICER)
    assert sign_in(subject="43", name="ada")[0] != name
    assert sign_in(issuer="https://other.example", name="ada")[0] not in {name, "ada"}
    for number, odd in enumerate(("", "\n\0", "ÄÖÜ" * 90, "../../etc")):
        assert accounts.NAME_PATTERN.fullmatch(sign_in(subject=f"odd {number}", name=odd)[0])


def test_an_account_of_a_provider_that_is_disabled_here_stays_out(session: Session, settings: AccountSettings) -> None:
    name = sign_in_external(session, Vouched(), settings).caller.name
    accounts.disable(session, name)
    with pytest.raises(Exception, match="You are not signed in"):
        sign_in_external(session, Vouched(), settings)


def _identity(database: Database):
    return database.transaction(DatabaseRole.IDENTITY)
