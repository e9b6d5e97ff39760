"""Passwords, lockout, links and login sessions against a real database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.errors import ConflictError, UnauthenticatedError
from app.identity import accounts, links, sessions
from app.identity.purposes import Purpose
from app.identity.roles import Role
from app.identity.service import Credential, authenticate, sign_in_with_link, sign_in_with_password
from app.settings import AccountSettings

PASSWORD = "four unrelated words"
ODD_TEXTS = ["", "x" * 10_000, "\0", "a\0b", "žņ💥", "\ud800", "' or 1=1 --", "kvart_", "A" * 43, "A" * 43 + "\n"]

SignIn = Callable[..., sessions.NewSession]


@pytest.fixture
def sign_in(database: Database, settings: AccountSettings) -> SignIn:
    def by_password(name: str = "ada", password: str = PASSWORD) -> sessions.NewSession:
        return sign_in_with_password(database, name, password, settings)

    return by_password


@pytest.fixture
def who(database: Database) -> Callable[[str], str]:
    """Function that returns the name behind a session."""

    def recognise(token: str) -> str:
        with database.transaction(DatabaseRole.IDENTITY) as session:
            return authenticate(session, Credential("cookie", token)).name

    return recognise


def refused() -> pytest.RaisesExc[UnauthenticatedError]:
    return pytest.raises(UnauthenticatedError, match="You are not signed in")


def is_refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except UnauthenticatedError:
        return True
    return False


def test_a_password_opens_a_session(sign_in: SignIn, database: Database, new_account: Callable[..., str]) -> None:
    new_account("ada", Role.ANALYST, password=PASSWORD)
    begun = sign_in(" ADA ")
    assert begun.caller.service_role is Role.ANALYST
    with database.transaction(DatabaseRole.IDENTITY) as session:
        caller = authenticate(session, Credential("cookie", begun.token))
    assert (caller.kind, caller.name, caller.service_role) == ("account", "ada", Role.ANALYST)
    assert caller.scopes is None
    assert begun.expires_at - datetime.now(UTC) > timedelta(days=6.9)


def test_what_opens_no_session(sign_in: SignIn, new_account: Callable[..., str], change: Callable[..., int]) -> None:
    new_account("ada", password=PASSWORD)
    new_account("bob")
    for name, password in [("ada", "wrong"), ("bob", ""), ("nobody", PASSWORD), ("ada\0", PASSWORD)]:
        with refused():
            sign_in(name, password)
    for odd in ODD_TEXTS:
        with refused():
            sign_in(odd, PASSWORD)
        with refused():
            sign_in("bob", odd)
    change("update account set disabled_at = now()")
    with refused():
        sign_in()


def test_every_attempt_takes_one_verification(
    sign_in: SignIn, new_account: Callable[..., str], change: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    new_account("ada", password=PASSWORD)
    new_account("bob")
    new_account("eve", password=PASSWORD)
    change("update account set disabled_at = now() where name = 'eve'")
    verified: list[int] = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(
        PasswordHasher, "verify", lambda self, *given: verified.append(self.memory_cost) or verify(self, *given)
    )
    names = ["nobody", "bob", "eve", "not a name", "ada", "ada", "ada", "ada", "ada", "ada"]
    for number, name in enumerate(names, start=1):
        with refused():
            sign_in(name, "wrong")
        assert verified == [256] * number


def test_no_other_role_reaches_accounts(database: Database) -> None:
    for role in set(DatabaseRole) - {DatabaseRole.IDENTITY}:
        for table in ("account", "membership", "api_key", "sign_in_link", "login_session"):
            with pytest.raises(ProgrammingError, match="permission denied"), database.transaction(role) as session:
                session.execute(text(f"select 1 from {table}"))


def test_an_account_is_locked_after_five_attempts_and_longer_each_time(
    sign_in: SignIn, new_account: Callable[..., str], change: Callable[..., int], database: Database
) -> None:
    new_account("ada", password=PASSWORD)
    for seconds, attempts in ((30, 5), (60, 1), (120, 1)):
        for _ in range(attempts):
            with refused():
                sign_in(password="wrong")
        with database.transaction(DatabaseRole.IDENTITY) as session:
            locked_until = accounts.get_account(session, "ada").locked_until
        assert locked_until is not None
        assert abs((locked_until - datetime.now(UTC)).total_seconds() - seconds) < 10
        with refused():
            sign_in()
        assert change("update account set locked_until = now() - interval '1 second'") == 1
    assert sign_in().caller.name == "ada"
    assert change("select 1 from account where failed_attempts = 0 and locked_until is null") == 1


def test_the_lock_grows_to_an_hour_and_no_further(
    sign_in: SignIn, new_account: Callable[..., str], change: Callable[..., int]
) -> None:
    new_account("ada", password=PASSWORD)
    change("update account set failed_attempts = 32000")
    with refused():
        sign_in(password="wrong")
    assert change("select 1 from account where locked_until between now() + '59 min' and now() + '61 min'") == 1


def test_many_guesses_at_once_get_no_more_attempts(
    sign_in: SignIn, new_account: Callable[..., str], change: Callable[..., int]
) -> None:
    new_account("ada", password=PASSWORD)
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda n: is_refused(lambda: sign_in(password=f"wrong {n}")), range(20)))
    assert all(outcomes)
    assert change("select 1 from account where failed_attempts = 5 and locked_until > now()") == 1
    with refused():
        sign_in()


def test_a_hash_is_renewed_when_its_cost_changes(
    sign_in: SignIn, new_account: Callable[..., str], database: Database, settings: AccountSettings, change: Callable
) -> None:
    new_account("ada", password=PASSWORD)
    sign_in_with_password(database, "ada", PASSWORD, settings.model_copy(update={"password_time_cost": 2}))
    assert change("select 1 from account where password_hash like '$argon2id$%,t=2,%'") == 1
    assert sign_in().caller.name == "ada"
    assert change("select 1 from account where password_hash like '$argon2id$%,t=1,%'") == 1


def test_a_new_password_ends_what_was_open(
    sign_in: SignIn, new_account: Callable[..., str], database: Database, settings: AccountSettings, who: Callable
) -> None:
    new_account("ada", password=PASSWORD)
    begun = sign_in()
    with database.transaction(DatabaseRole.IDENTITY) as session:
        link = links.create_link(session, "ada")
        accounts.set_password(session, "ada", "another long secret", settings)
    with refused():
        who(begun.token)
    with refused(), database.transaction(DatabaseRole.IDENTITY) as session:
        sign_in_with_link(session, link.token, settings)
    with refused():
        sign_in()
    assert sign_in(password="another long secret").caller.name == "ada"


@pytest.mark.parametrize(
    "ended",
    [
        "update login_session set last_seen_at = now() - interval '12 hours'",
        "update login_session set expires_at = now()",
        "delete from login_session",
        "update account set disabled_at = now()",
        "delete from account",
    ],
)
def test_sessions_that_are_over(
    ended: str, sign_in: SignIn, new_account: Callable[..., str], change: Callable[..., int], who: Callable[[str], str]
) -> None:
    new_account("ada", password=PASSWORD)
    begun = sign_in()
    assert who(begun.token) == "ada"
    assert change(ended) == 1
    with refused():
        who(begun.token)


def test_a_session_that_is_seen_goes_on(
    sign_in: SignIn, new_account: Callable[..., str], change: Callable[..., int], who: Callable[[str], str]
) -> None:
    new_account("ada", password=PASSWORD)
    begun = sign_in()
    change("update login_session set last_seen_at = now() - interval '11 hours'")
    assert who(begun.token) == "ada"
    assert change("select 1 from login_session where last_seen_at > now() - interval '1 minute'") == 1


def test_signing_out_here_and_everywhere(
    sign_in: SignIn, new_account: Callable[..., str], database: Database, who: Callable[[str], str]
) -> None:
    new_account("ada", password=PASSWORD)
    new_account("bob", password=PASSWORD)
    here, there, elsewhere, other = sign_in(), sign_in(), sign_in(), sign_in("bob")
    with database.transaction(DatabaseRole.IDENTITY) as session:
        for odd in ODD_TEXTS:
            sessions.sign_out(session, odd)
        sessions.sign_out(session, here.token)
    assert is_refused(lambda: who(here.token))
    assert who(there.token) == "ada"
    with database.transaction(DatabaseRole.IDENTITY) as session:
        assert there.caller.account_id is not None
        sessions.sign_out_everywhere(session, there.caller.account_id)
    assert is_refused(lambda: who(there.token))
    assert is_refused(lambda: who(elsewhere.token))
    assert who(other.token) == "bob"


def test_the_purpose_and_the_form_token_of_a_session(
    sign_in: SignIn, new_account: Callable[..., str], database: Database
) -> None:
    from hashlib import sha256

    new_account("ada", password=PASSWORD)
    begun, other = sign_in(), sign_in()
    with database.transaction(DatabaseRole.IDENTITY) as session:
        sessions.choose_purpose(session, begun.token, Purpose.INVESTIGATION)
        sessions.choose_purpose(session, "nonsense", Purpose.INVESTIGATION)
        caller = authenticate(session, Credential("cookie", begun.token))
        second = authenticate(session, Credential("cookie", other.token))
    assert (caller.purpose, second.purpose) == (Purpose.INVESTIGATION, None)
    assert caller.csrf_token_hash == sha256(sessions.csrf_token(begun.token).encode()).hexdigest()
    assert sessions.csrf_token(begun.token) != sessions.csrf_token(other.token)
    assert begun.token not in sessions.csrf_token(begun.token)


def test_odd_cookies_and_links_are_refused(session: Session, settings: AccountSettings) -> None:
    for odd in ODD_TEXTS:
        for credential in (Credential("cookie", odd), Credential("bearer", odd)):
            with refused():
                authenticate(session, credential)
        with refused():
            sign_in_with_link(session, odd, settings)


def test_a_link_signs_in_once(new_account: Callable[..., str], database: Database, settings: AccountSettings) -> None:
    new_account("ada", Role.OFFICER)
    with database.transaction(DatabaseRole.IDENTITY) as session:
        link = links.create_link(session, "ada")
    assert link.address("http://127.0.0.1:8000/") == f"http://127.0.0.1:8000/sign-in/{link.token}"
    with database.transaction(DatabaseRole.IDENTITY) as session:
        assert sign_in_with_link(session, link.token, settings).caller.service_role is Role.OFFICER
    with refused(), database.transaction(DatabaseRole.IDENTITY) as session:
        sign_in_with_link(session, link.token, settings)


def test_of_many_who_follow_a_link_at_once_one_signs_in(
    new_account: Callable[..., str], database: Database, settings: AccountSettings
) -> None:
    new_account("ada")
    with database.transaction(DatabaseRole.IDENTITY) as session:
        link = links.create_link(session, "ada")

    def follow(_: int) -> bool:
        with database.transaction(DatabaseRole.IDENTITY) as session:
            return is_refused(lambda: sign_in_with_link(session, link.token, settings))

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(follow, range(8))) == [False] + 7 * [True]


@pytest.mark.parametrize(
    "ended",
    ["update sign_in_link set expires_at = now()", "update account set disabled_at = now()", "delete from account"],
)
def test_links_that_are_over(
    ended: str, new_account: Callable, database: Database, settings: AccountSettings, change: Callable[..., int]
) -> None:
    new_account("ada")
    with database.transaction(DatabaseRole.IDENTITY) as session:
        link = links.create_link(session, "ada")
    change(ended)
    with refused(), database.transaction(DatabaseRole.IDENTITY) as session:
        sign_in_with_link(session, link.token, settings)


def test_a_disabled_account_gets_no_link(session: Session) -> None:
    accounts.create_account(session, "ada")
    accounts.disable(session, "ada")
    with pytest.raises(ConflictError, match="ada is disabled"):
        links.create_link(session, "ada")


def test_what_has_expired_goes_at_the_next_sign_in(
    sign_in: SignIn, new_account: Callable[..., str], database: Database, change: Callable[..., int]
) -> None:
    new_account("ada", password=PASSWORD)
    for _ in range(3):
        sign_in()
    with database.transaction(DatabaseRole.IDENTITY) as session:
        links.create_link(session, "ada")
    change("update sign_in_link set expires_at = now()")
    change("update login_session set last_seen_at = now() - interval '1 day'")
    sign_in()
    assert change("select 1 from login_session") == 1
    assert change("select 1 from sign_in_link") == 0


def test_the_local_administrator_is_made_once_and_stays_away_when_sent_away(
    database: Database, new_account: Callable[..., str], settings: AccountSettings
) -> None:
    def link() -> links.NewLink | None:
        with database.transaction(DatabaseRole.IDENTITY) as session:
            return links.local_administrator_link(session)

    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: link(), range(4)))
    assert None not in made
    with database.transaction(DatabaseRole.IDENTITY) as session:
        (account,) = accounts.list_accounts(session)
        assert (account.service_role, account.has_password) == (Role.ADMINISTRATOR, False)
    new_account("ada", Role.ADMINISTRATOR)
    assert link() is not None
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.disable(session, links.LOCAL_ADMINISTRATOR)
    assert link() is None
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.remove(session, links.LOCAL_ADMINISTRATOR)
    assert link() is None


def test_nothing_secret_shows_in_a_representation(
    sign_in: SignIn, new_account: Callable[..., str], database: Database
) -> None:
    new_account("ada", password=PASSWORD)
    begun = sign_in()
    with database.transaction(DatabaseRole.IDENTITY) as session:
        link = links.create_link(session, "ada")
    assert begun.token not in repr(begun)
    assert link.token not in repr(link)
    assert "secret" not in repr(Credential("bearer", "secret"))
