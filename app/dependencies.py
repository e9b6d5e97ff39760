"""What routes ask for: a right, settings, a session in a transaction, the municipality of the address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Annotated, Any

from anyio import Semaphore, WouldBlock, fail_after
from fastapi import APIRouter, Depends, Path, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session

from app.access import ENTERED, Access, account_for, authorize
from app.database.sessions import Database
from app.errors import BadParameterError, DatabaseUnavailableError, UnauthenticatedError
from app.features.parameters import MAX_IDENTIFIER
from app.identity.caller import Caller
from app.identity.rights import Right, right_of
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext
from app.rate_limits import count_public
from app.settings import Settings

LONGEST_WAIT_SECONDS = 20.0
Entrance = Callable[[], AbstractContextManager[tuple[Session, MunicipalityContext]]]
"""Opens the session of a request in the municipality of its address."""
FOREIGN_PARAMETERS = frozenset({"/sign-in/oidc/return"})
"""Addresses to which an issuer adds parameters of its own; we read those that we know (RFC 6749, 4.1.2)."""


class Permit:
    """Lets a request pass if its caller has a right; the first dependency of every route.

    Parameters
    ----------
    right : Right
    checks_parameters : bool
        False where the route itself refuses unknown parameters, since which there are depends on what it finds.
    """

    def __init__(self, right: Right, *, checks_parameters: bool = True) -> None:
        self.right = right
        self.checks_parameters = checks_parameters

    async def __call__(self, request: Request) -> None:
        """Grant the right or refuse; a wrong parameter is told only to those who have the right.

        Requests without a credential that holds are counted by address: no public route is without a limit.
        """
        try:
            request.state.access = await authorize(request, self.right)
        except UnauthenticatedError:
            count_public(request, self.right)
            raise
        if request.state.access.caller.kind == "anonymous":
            count_public(request, self.right)
        if self.checks_parameters:
            reject_unknown_parameters(request)


def permit(collection: str, action: str, *, checks_parameters: bool = True) -> Any:
    """Return the dependency that a route names its row of the table of rights by.

    Write it as ``@router.get(..., dependencies=[permit("incidents", "read")])``.

    Parameters
    ----------
    collection, action : str
        As in the table of `app.identity.rights`.
    checks_parameters : bool
        See `Permit`.
    """
    return Depends(Permit(right_of(collection, action), checks_parameters=checks_parameters))


def rights_of_routes(routers: Iterable[APIRouter]) -> dict[tuple[str, str], Right]:
    """Return the row of the table of rights that each route names, by path and method.

    Raises
    ------
    LookupError
        If a route names none.
    """
    found: dict[tuple[str, str], Right] = {}
    for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        named = [item.dependency.right for item in route.dependencies if isinstance(item.dependency, Permit)]
        if len(named) != 1:
            raise LookupError(f"{route.path} has to name one row of the table of rights by permit(...).")
        found |= {(route.path, method.lower()): named[0] for method in route.methods or ()}
    return found


async def get_access(request: Request) -> Access:
    """Return the right that was granted to the request, with its caller and precision."""
    access: Access = request.state.access
    return access


async def get_caller(request: Request) -> Caller:
    """Return who calls."""
    return (await get_access(request)).caller


AccessDep = Annotated[Access, Depends(get_access)]
CallerDep = Annotated[Caller, Depends(get_caller)]


async def get_settings(request: Request) -> Settings:
    """Return the settings that the application was created with."""
    settings: Settings = request.app.state.settings
    return settings


async def get_database(request: Request) -> Database:
    """Return the database that the application opened at its start."""
    database: Database = request.app.state.database
    return database


SettingsDep = Annotated[Settings, Depends(get_settings)]
DatabaseDep = Annotated[Database, Depends(get_database)]


async def take_turn(request: Request) -> AsyncIterator[None]:
    """Wait until fewer requests use the database than it has connections.

    Without turns, requests that hold a connection would wait for threads in which others wait for a connection.

    Raises
    ------
    DatabaseUnavailableError
        If it takes too long.
    """
    turns: Semaphore = request.app.state.turns
    try:
        turns.acquire_nowait()
    except WouldBlock:
        await _wait_for_turn(turns)
    try:
        yield
    finally:
        turns.release()


async def _wait_for_turn(turns: Semaphore) -> None:
    try:
        with fail_after(LONGEST_WAIT_SECONDS):
            await turns.acquire()
    except TimeoutError as error:
        raise DatabaseUnavailableError("Too many requests at once.", "Try again in a moment.") from error


TurnDep = Annotated[None, Depends(take_turn, scope="function")]


@contextmanager
def session_of(request: Request, database: Database) -> Iterator[Session]:
    """Give a session in one transaction, which ends before the answer is sent: what is acknowledged is stored.

    What was done or seen is written to the audit log in the same transaction.
    """
    with database.transaction() as session:
        yield session
        account_for(session, request)


def open_session(request: Request, database: DatabaseDep, _turn: TurnDep) -> Iterator[Session]:
    """Give the session of a request."""
    with session_of(request, database) as session:
        yield session


SessionDep = Annotated[Session, Depends(open_session, scope="function")]
CodeParam = Annotated[str, Path(max_length=63, description="Code of the municipality.", examples=["talsi"])]


def resolve_municipality(session: SessionDep, municipality: CodeParam) -> MunicipalityContext:
    """Return the municipality that the address names: the one place where a request meets its tenant."""
    found = municipalities.find_municipality(session, municipality)
    session.info[ENTERED] = found.id
    return found


MunicipalityDep = Annotated[MunicipalityContext, Depends(resolve_municipality, scope="function")]


@contextmanager
def entered(request: Request, database: Database, code: str) -> Iterator[tuple[Session, MunicipalityContext]]:
    """Give the session of a request and the municipality of its address."""
    with session_of(request, database) as session:
        yield session, resolve_municipality(session, code)


async def get_entrance(request: Request, database: DatabaseDep, municipality: CodeParam, _turn: TurnDep) -> Entrance:
    """Return what gives session and municipality to a route that does all of its work in one thread.

    `SessionDep` and `MunicipalityDep` change threads to begin, to look the municipality up and to end, which takes a
    good part of the time of a small page: they are for all that is asked for less often.
    """
    return partial(entered, request, database, municipality)


EntranceDep = Annotated[Entrance, Depends(get_entrance, scope="function")]

IdentifierParam = Annotated[int, Path(ge=1, le=MAX_IDENTIFIER, description="Identifier.", examples=[1])]


def reject_unknown_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not know or that is given twice.

    Raises
    ------
    BadParameterError
        Naming the parameter.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or route.path in FOREIGN_PARAMETERS:
        return
    known = _query_parameters(route.dependant)
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            hint = f"Known are: {', '.join(sorted(known))}." if known else "This address takes no query parameter."
            raise BadParameterError(name[:80], "is unknown.", hint)
        if given.count(name) > 1:
            raise BadParameterError(name, "is given more than once.", "Give it once.")


def _query_parameters(dependant: Dependant) -> set[str]:
    own = {parameter.alias for parameter in dependant.query_params}
    return own.union(*(_query_parameters(inner) for inner in dependant.dependencies))


def csp_nonce(request: Request) -> str:
    """Return the nonce of this answer; inline scripts and styles that carry it may run."""
    nonce: str = request.state.nonce
    return nonce


NonceDep = Annotated[str, Depends(csp_nonce)]
