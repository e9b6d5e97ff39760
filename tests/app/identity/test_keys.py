"""API keys against a real database: what they open, what they never open, and when they end."""

from __future__ import annotations

import itertools
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.errors import InvalidInputError, NotFoundError, UnauthenticatedError
from app.identity import accounts, keys
from app.identity.caller import Caller
from app.identity.keys import KeyLimits, NewKey, narrowed, parse_scopes
from app.identity.purposes import Purpose
from app.identity.rights import Precision, Right, allows, rights
from app.identity.roles import ASSIGNABLE_ROLES, Role
from app.identity.service import LONGEST_CREDENTIAL, Credential, authenticate, credential_of

EVERYTHING_READ = KeyLimits()
EXACTNESS = {None: 0, Precision.PUBLIC: 1, Precision.COARSE: 2, Precision.EXACT: 3}
SCOPES = sorted(
    {"*:*", *(scope for right in rights() for scope in (right.scope, f"{right.collection}:*", f"*:{right.action}"))}
)
scopes = st.lists(st.sampled_from(SCOPES), min_size=1, max_size=6)


@pytest.fixture
def new_key(database: Database) -> Callable[..., NewKey]:
    """Function that makes a key in a transaction of its own."""

    def make(name: str = "ada", limits: KeyLimits = EVERYTHING_READ, **options: object) -> NewKey:
        with database.transaction(DatabaseRole.IDENTITY) as session:
            return keys.create_key(session, name, limits, **options)

    return make


@pytest.fixture
def caller_of(database: Database) -> Callable[[str], Caller]:
    """Function that returns who calls with a key."""

    def recognise(text: str) -> Caller:
        with database.transaction(DatabaseRole.IDENTITY) as session:
            return authenticate(session, Credential("bearer", text))

    return recognise


def refused() -> pytest.RaisesExc[UnauthenticatedError]:
    return pytest.raises(UnauthenticatedError, match=r"^You are not signed in, or the key or session")


def test_a_key_acts_for_its_account(new_account: Callable, new_key: Callable, caller_of: Callable, towns: None) -> None:
    new_account("ada", Role.ANALYST, "talsi")
    caller = caller_of(new_key().secret)
    assert (caller.kind, caller.name, caller.scopes, caller.purpose) == ("key", "ada", ("*:read",), None)
    assert (caller.role_in("talsi"), caller.role_in("cesis"), caller.role_in(None)) == (
        Role.ANALYST,
        Role.PUBLIC,
        Role.PUBLIC,
    )
    assert caller.csrf_token_hash is None
    limits = KeyLimits(("runs:*", "incidents:read", "runs:*"))
    caller = caller_of(new_key("ada", limits, purpose=Purpose.INVESTIGATION).secret)
    assert (caller.scopes, caller.purpose) == (("incidents:read", "runs:*"), Purpose.INVESTIGATION)


def test_a_key_of_one_municipality_opens_no_other(
    new_account: Callable, new_key: Callable, caller_of: Callable, towns: None
) -> None:
    new_account("ada", Role.ADMINISTRATOR)
    caller = caller_of(new_key("ada", KeyLimits(municipality="talsi")).secret)
    assert (caller.role_in("talsi"), caller.role_in("cesis"), caller.role_in(None)) == (
        Role.ADMINISTRATOR,
        Role.PUBLIC,
        Role.PUBLIC,
    )
    new_account("bob", Role.OFFICER, "cesis")
    assert caller_of(new_key("bob", KeyLimits(municipality="talsi")).secret).role_in("talsi") is Role.PUBLIC


def test_a_key_never_may_more_than_its_account_at_that_moment(
    new_account: Callable, new_key: Callable, caller_of: Callable, database: Database, towns: None
) -> None:
    new_account("ada", Role.COMMANDER, "talsi")
    lesser, greater = (new_key("ada", KeyLimits(role=role)).secret for role in (Role.OFFICER, Role.ADMINISTRATOR))
    assert caller_of(lesser).role_in("talsi") is Role.OFFICER
    assert caller_of(greater).role_in("talsi") is Role.COMMANDER
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.grant(session, "ada", Role.MUNICIPALITY, "talsi", instead_of=Role.COMMANDER)
    assert caller_of(lesser).role_in("talsi") in {Role.MUNICIPALITY, Role.PUBLIC}
    assert caller_of(greater).role_in("talsi") is Role.MUNICIPALITY
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.revoke(session, "ada", "talsi")
    assert caller_of(greater).role_in("talsi") is Role.PUBLIC


@pytest.mark.parametrize(
    "end",
    [
        "update api_key set expires_at = now()",
        "update api_key set revoked_at = now()",
        "delete from api_key",
        "update account set disabled_at = now()",
        "delete from account",
    ],
)
def test_keys_that_are_over(
    end: str, new_account: Callable, new_key: Callable, caller_of: Callable, change: Callable[..., int]
) -> None:
    new_account()
    key = new_key()
    assert caller_of(key.secret).name == "ada"
    assert change(end) == 1
    with refused():
        caller_of(key.secret)


def test_keys_that_are_not_whole_or_not_ours(new_account: Callable, new_key: Callable, caller_of: Callable) -> None:
    new_account()
    key, other = new_key(), new_key()
    start, prefix, secret = key.secret.split("_", 2)
    turned = f"{secret[:-1]}{'A' if secret[-1] != 'A' else 'E'}"
    for text in (
        f"{start}_{prefix}_{turned}",
        f"{start}_{prefix}_{other.secret.split('_', 2)[2]}",
        f"{start}_{other.prefix}_{secret}",
        f"{start}_{prefix}_{sha256(secret.encode()).hexdigest()[:43]}",
        f"{start}_{prefix}_",
        f"{start}_{prefix.upper()}_{secret}",
        f"{key.secret}\n",
        f" {key.secret}",
        key.secret * 2,
        key.secret + "\0",
        "kvart_" * 2000,
        "x" * (LONGEST_CREDENTIAL + 1),
        "eyJhbGciOiJub25lIn0.e30.",
        secret,
        prefix,
    ):
        with refused():
            caller_of(text)
    assert caller_of(key.secret).name == "ada"


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["bearer", "cookie"]), text=st.text() | st.from_regex(keys.KEY_PATTERN, fullmatch=True))
def test_any_text_is_refused_with_the_same_words(session: Session, kind: str, text: str) -> None:
    with refused():
        authenticate(session, Credential(kind, text))


def test_a_header_may_carry_a_key_in_the_place_of_a_password() -> None:
    key = "kvart_abcdefghij_secret"
    for header, text in {
        f"Bearer {key}": key,
        f"bearer  {key} ": key,
        f"Basic {b64encode(f'ada:{key}'.encode()).decode()}": key,
        f"basic {b64encode(f':{key}'.encode()).decode()}": key,
        f"Basic {b64encode(b'ada:four unrelated words').decode()}": "",
        f"Basic {b64encode(key.encode()).decode()}": "",
        f"Basic {b64encode('ada:kvart_ā'.encode()).decode()}": "",
        f"Basic {'A' * 9000}": "",
        "Basic ada:kvart_": "",
        "Basic": "",
        "Negotiate abc": "",
        "": "",
    }.items():
        assert credential_of(header) == Credential("bearer", text)


@given(header=st.text() | st.binary().map(lambda octets: f"Basic {b64encode(octets).decode()}"))
def test_any_header_is_read(header: str) -> None:
    assert credential_of(header).kind == "bearer"


def test_only_the_hash_of_a_secret_is_stored(
    new_account: Callable, new_key: Callable, change: Callable[..., int]
) -> None:
    new_account()
    key = new_key()
    secret = key.secret.split("_", 2)[2]
    assert key.secret not in repr(key)
    assert secret not in repr(key)
    assert change("select 1 from api_key where sha256 = :digest", digest=sha256(secret.encode()).digest()) == 1
    assert change("select 1 from api_key where row_to_json(api_key)::text like :part", part=f"%{secret[:12]}%") == 0


def test_the_use_of_a_key_is_noted_every_few_minutes(
    new_account: Callable, new_key: Callable, caller_of: Callable, change: Callable[..., int]
) -> None:
    new_account()
    key = new_key()
    caller_of(key.secret)
    assert change("select 1 from api_key where last_used_at > now() - interval '1 minute'") == 1
    for minutes, noted in ((4, 0), (6, 1)):
        change(f"update api_key set last_used_at = now() - interval '{minutes} minutes'")
        caller_of(key.secret)
        assert change("select 1 from api_key where last_used_at > now() - interval '1 minute'") == noted


def test_requests_with_one_key_do_not_wait_for_each_other(
    new_account: Callable, new_key: Callable, caller_of: Callable, database: Database
) -> None:
    new_account()
    key = new_key()
    with database.transaction(DatabaseRole.IDENTITY) as session:
        authenticate(session, Credential("bearer", key.secret))
        assert caller_of(key.secret).name == "ada"


def test_what_a_key_cannot_be(session: Session, towns: None) -> None:
    accounts.create_account(session, "ada")
    for limits, options, told in (
        (KeyLimits(()), {}, "1 to 50 scopes"),
        (KeyLimits(("nothing:read",)), {}, "covers nothing"),
        (KeyLimits(role=Role.PUBLIC), {}, "cannot be given"),
        (KeyLimits(), {"days": 0}, "1 to 730 days"),
        (KeyLimits(), {"days": 31, "longest_days": 30}, "1 to 30 days"),
        (KeyLimits(), {"label": "x" * 101}, "one line"),
        (KeyLimits(), {"label": "a\nb"}, "one line"),
    ):
        with pytest.raises(InvalidInputError, match=told):
            keys.create_key(session, "ada", limits, **options)
    for name, limits in (("bob", KeyLimits()), ("ada", KeyLimits(municipality="nowhere"))):
        with pytest.raises(NotFoundError):
            keys.create_key(session, name, limits)
    assert keys.list_keys(session) == []


def test_listing_and_revoking(session: Session) -> None:
    for name in ("ada", "bob"):
        accounts.create_account(session, name)
    first, second, other = (keys.create_key(session, name) for name in ("ada", "ada", "bob"))
    assert [key.prefix for key in keys.list_keys(session, "ada")] == [second.prefix, first.prefix]
    assert {key.account for key in keys.list_keys(session)} == {"ada", "bob"}
    assert timedelta(364) < keys.list_keys(session)[0].expires_at - datetime.now(UTC) < timedelta(366)
    bob = accounts.get_account(session, "bob").id
    with pytest.raises(NotFoundError):
        keys.revoke_key(session, first.prefix, account_id=bob)
    keys.revoke_key(session, other.prefix, account_id=bob)
    keys.revoke_key(session, f"kvart_{first.prefix}")
    for prefix in (first.prefix, other.prefix, "", "\0", "x" * 9000):
        with pytest.raises(NotFoundError, match="no valid key"):
            keys.revoke_key(session, prefix)
    assert [key.revoked_at is None for key in keys.list_keys(session)] == [False, True, False]


@given(texts=scopes, right=st.sampled_from(rights()))
def test_scopes_cover_what_one_of_them_covers(texts: list[str], right: Right) -> None:
    parsed = parse_scopes(texts)
    assert parse_scopes(reversed(parsed)) == parsed
    matching = [
        text
        for text in texts
        if all(part in {"*", wanted} for part, wanted in zip(text.split(":"), right.scope.split(":"), strict=True))
    ]
    assert allows(parsed, right) == bool(matching)


@given(texts=scopes, more=scopes, right=st.sampled_from(rights()))
def test_a_further_scope_takes_nothing_away(texts: list[str], more: list[str], right: Right) -> None:
    assert allows(parse_scopes(texts + more), right) >= allows(parse_scopes(texts), right)


@given(text=st.text(max_size=30) | st.from_regex(r"[a-z*-]*:[a-z*-]*", fullmatch=True))
def test_a_scope_covers_something_or_is_refused(text: str) -> None:
    covers = any(allows((text,), right) for right in rights())
    try:
        parse_scopes([text])
    except InvalidInputError:
        assert not covers
    else:
        assert covers


@pytest.mark.parametrize(("own", "cap"), list(itertools.product(Role, ASSIGNABLE_ROLES)))
def test_a_narrowed_role_may_no_more_than_either(own: Role, cap: Role) -> None:
    assert narrowed(own, None) is own
    role = narrowed(own, cap)
    assert narrowed(role, cap) is role
    for right in rights():
        limit = min(EXACTNESS[right.precision_for(own)], EXACTNESS[right.precision_for(cap)])
        everybody = EXACTNESS[right.precision_for(Role.PUBLIC)]
        assert EXACTNESS[right.precision_for(role)] <= max(limit, everybody)
