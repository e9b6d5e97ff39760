"""``kvart users`` and ``kvart keys``: who may sign in, as what, and which programs act for them."""

from __future__ import annotations

import dataclasses
import getpass
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.identity.purposes import Purpose
from app.identity.roles import ASSIGNABLE_ROLES, Role

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.identity.accounts import Account
    from app.identity.keys import Key

SERVICE = "the whole service"
ROLES = ", ".join(ASSIGNABLE_ROLES)


def read_role(text: str | Role) -> Role:
    """Return the role of that name; of a default, itself."""
    if text not in ASSIGNABLE_ROLES:
        raise typer.BadParameter(f"{text!r} is none of {ROLES}.")
    return Role(text)


NameArgument = Annotated[str, typer.Argument(help="Name of the account.")]
RoleArgument = Annotated[Role, typer.Argument(parser=read_role, metavar="ROLE", help=f"One of {ROLES}.")]
RoleOption = Annotated[Role | None, typer.Option("--role", parser=read_role, metavar="ROLE", help=f"One of {ROLES}.")]
MunicipalityOption = Annotated[
    str | None, typer.Option("--municipality", help=f"Code of the municipality; without it {SERVICE} is meant.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(program: typer.Typer) -> None:
    """Add ``kvart users`` and ``kvart keys`` to the program."""
    users = typer.Typer(no_args_is_help=True, help="Accounts: who may sign in, and as what.")
    keys = typer.Typer(no_args_is_help=True, help="API keys: how programs act for an account.")
    for command in (add, show, set_password, grant, revoke, disable, enable, remove, link):
        users.command(command.__name__.replace("_", "-"))(command)
    users.command("list")(list_users)
    keys.command("create")(create_key)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke_key)
    program.add_typer(users, name="users")
    program.add_typer(keys, name="keys")


def add(
    name: NameArgument,
    display_name: Annotated[str, typer.Option(help="Name that people read.")] = "",
    role: RoleOption = None,
    municipality: MunicipalityOption = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a password, or read it from stdin.")] = False,
) -> None:
    """Add an account; without a password it signs in by `kvart users link`, or only by its keys."""
    from app.errors import InvalidInputError
    from app.identity import accounts

    if municipality is not None and role is None:
        raise InvalidInputError("--municipality needs --role.", f"Choose of {ROLES}.")
    secret = ask_for_password() if password else None
    with _alteration("add", name, municipality, role=role) as session:
        accounts.create_account(session, name, display_name=display_name)
        if role is not None:
            accounts.grant(session, name, role, municipality)
        if secret is not None:
            _store_password(session, name, secret)
    typer.echo(f"Added {name}{f', {role.value} in {municipality or SERVICE}' if role else ', without a role'}.")


def list_users(as_json: AsJson = False) -> None:
    """List every account with its roles."""
    from app.identity import accounts

    with _session() as session:
        found = accounts.list_accounts(session)
    if as_json:
        _print_json([account_document(account) for account in found])
    for account in [] if as_json else found:
        state = "disabled" if account.disabled_at else ""
        typer.echo("  ".join(filter(None, (f"{account.name:<24}", _roles(account) or "no role", state))))


def show(name: NameArgument, as_json: AsJson = False) -> None:
    """Show an account, its roles and its keys."""
    from app.identity import accounts, keys

    with _session() as session:
        account, held = accounts.get_account(session, name), keys.list_keys(session, name)
    if as_json:
        _print_json(account_document(account) | {"keys": [_document(key) for key in held]})
        return
    _print_fields(
        {
            "name": account.name,
            "shown as": account.display_name,
            "roles": _roles(account) or "none",
            "password": "yes" if account.has_password else "no",
            "vouched for": "by an identity provider" if account.external else "",
            "disabled": _moment(account.disabled_at),
            "locked until": _moment(account.locked_until),
            "added": _moment(account.created_at),
        }
    )
    _print_keys(held)


def set_password(name: NameArgument) -> None:
    """Set the password of an account, asked for or read from stdin; its sessions end and it is unlocked."""
    secret = ask_for_password()
    with _alteration("set-password", name) as session:
        _store_password(session, name, secret)
    typer.echo(f"{name} has a new password.")


def grant(
    name: NameArgument,
    role: RoleArgument,
    municipality: MunicipalityOption = None,
    instead_of: Annotated[
        Role | None, typer.Option("--instead-of", parser=read_role, metavar="ROLE", help="Role that is replaced.")
    ] = None,
) -> None:
    """Give an account its one role in a municipality, or in the whole service."""
    from app.identity import accounts

    with _alteration("grant", name, municipality, role=role, instead_of=instead_of) as session:
        accounts.grant(session, name, role, municipality, instead_of=instead_of)
    typer.echo(f"{name} is {role.value} in {municipality or SERVICE}.")


def revoke(name: NameArgument, municipality: MunicipalityOption = None) -> None:
    """Take the role of an account in a municipality, or in the whole service."""
    from app.identity import accounts

    with _alteration("revoke", name, municipality) as session:
        role = accounts.revoke(session, name, municipality)
    typer.echo(f"{name} is no longer {role.value} in {municipality or SERVICE}.")


def disable(name: NameArgument) -> None:
    """Close an account: its sessions end and its keys open nothing, at once."""
    from app.identity import accounts

    with _alteration("disable", name) as session:
        accounts.disable(session, name)
    typer.echo(f"{name} is disabled.")


def enable(name: NameArgument) -> None:
    """Open an account again that was disabled or is locked."""
    from app.identity import accounts

    with _alteration("enable", name) as session:
        accounts.enable(session, name)
    typer.echo(f"{name} is enabled.")


def remove(name: NameArgument) -> None:
    """Delete an account with its roles, keys and sessions; the audit log keeps its name."""
    from app.identity import accounts

    with _alteration("remove", name) as session:
        accounts.remove(session, name)
    typer.echo(f"{name} is removed.")


def link(name: NameArgument, as_json: AsJson = False) -> None:
    """Print a link by which an account signs in once within a quarter of an hour."""
    from app.identity import links
    from app.settings import IdentitySettings, ServerSettings

    server = ServerSettings()
    origin = IdentitySettings().public_url or f"http://{server.host}:{server.port}"
    with _alteration("link", name) as session:
        made = links.create_link(session, name)
    if as_json:
        _print_json({"link": made.address(origin), "expires_at": made.expires_at})
    else:
        typer.echo(made.address(origin))


def create_key(
    name: NameArgument,
    label: Annotated[str, typer.Option(help="What the key is for.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="collection:action, * for any; repeat for more. By default *:read."),
    ] = None,
    municipality: Annotated[str | None, typer.Option(help="Code of the only municipality that the key opens.")] = None,
    role: Annotated[
        Role | None, typer.Option(parser=read_role, metavar="ROLE", help="The most that the key may do.")
    ] = None,
    purpose: Annotated[Purpose | None, typer.Option(help="Purpose of use where a request gives none.")] = None,
    days: Annotated[int, typer.Option(help="Days that the key is valid.")] = 365,
    as_json: AsJson = False,
) -> None:
    """Make an API key; it is printed once and cannot be shown again."""
    from app.identity import keys
    from app.settings import AccountSettings

    limits = keys.KeyLimits(tuple(scope or keys.READING), municipality, role)
    told = {"scopes": list(limits.scopes), "role": role, "days": days}
    with _alteration("create-key", name, municipality, **told) as session:
        longest = AccountSettings().key_max_days
        key = keys.create_key(session, name, limits, label=label, purpose=purpose, days=days, longest_days=longest)
    if as_json:
        _print_json({"key": key.secret, "prefix": key.prefix, "expires_at": key.expires_at})
        return
    typer.echo(key.secret)
    typer.echo(f"Valid until {_moment(key.expires_at)}. Keep it now: it is not shown again.", err=True)


def list_keys(
    name: Annotated[str | None, typer.Argument(help="Name of an account; by default every key is listed.")] = None,
    as_json: AsJson = False,
) -> None:
    """List keys by their prefix, the newest first."""
    from app.identity import keys

    with _session() as session:
        found = keys.list_keys(session, name)
    if as_json:
        _print_json([_document(key) for key in found])
    else:
        _print_keys(found)


def revoke_key(
    prefix: Annotated[str, typer.Argument(help="Prefix of the key, as `kvart keys list` shows it.")],
) -> None:
    """End a key at once."""
    from app.identity import keys

    with _alteration("revoke-key", prefix) as session:
        keys.revoke_key(session, prefix)
    typer.echo(f"The key {prefix} is revoked.")


def ask_for_password() -> str:
    """Return a password that is typed twice unseen, or the first line of stdin where nobody types."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


def account_document(account: Account) -> dict[str, Any]:
    """Return an account as JSON shows it."""
    return _document(account) | {"roles": dict(account.roles)}


def operator_name() -> str:
    """Return how the audit log calls whoever runs a command: the user of the operating system."""
    try:
        return f"command:{getpass.getuser()}"
    except (OSError, KeyError):
        return f"command:{os.getuid()}"


@contextmanager
def _session() -> Iterator[Session]:
    """Give a transaction under the role of identity."""
    from app.commands.opening import opened_database
    from app.database.roles import DatabaseRole

    with opened_database() as database, database.transaction(DatabaseRole.IDENTITY) as session:
        yield session


@contextmanager
def _alteration(action: str, name: str, municipality: str | None = None, **told: Any) -> Iterator[Session]:
    """Give a transaction whose change is told to the audit log with it."""
    from app.audit import service as audit
    from app.identity import accounts
    from app.identity.caller import Caller

    with _session() as session:
        yield session
        place = accounts.municipality_id(session, municipality)
        what = {"collection": "accounts", "action": action, "name": name, **told}
        event = audit.AuditEvent("alteration", place, Caller("command", operator_name()), what)
        audit.record(session, event)


def _store_password(session: Session, name: str, secret: str) -> None:
    from app.identity import accounts
    from app.settings import AccountSettings

    accounts.set_password(session, name, secret, AccountSettings())


def _roles(account: Account) -> str:
    everywhere = [f"{account.service_role.value} in {SERVICE}"] if account.service_role else []
    return ", ".join([*everywhere, *(f"{role.value} in {code}" for code, role in account.roles.items())])


def _print_keys(found: Iterable[Key]) -> None:
    for key in found:
        state = f"revoked {_moment(key.revoked_at)}" if key.revoked_at else f"until {_moment(key.expires_at)}"
        limits = " ".join(filter(None, (key.municipality, key.role, *key.scopes, key.purpose)))
        used = f"used {_moment(key.last_used_at)}" if key.last_used_at else "not used yet"
        typer.echo("  ".join(filter(None, (key.prefix, f"{key.account:<24}", limits, state, used, key.label))))


def _print_fields(fields: dict[str, str]) -> None:
    for label, value in fields.items():
        if value:
            typer.echo(f"{label:<14}{value}")


def _moment(value: datetime | None) -> str:
    return value.isoformat(" ", "minutes") if value else ""


def _document(found: Account | Key) -> dict[str, Any]:
    return {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
