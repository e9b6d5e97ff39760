"""Who may do what, how exactly they see it, what asks for a purpose and what the audit log calls it: one table.

The routes are bound to rows by `app.dependencies.permit`, docs/rights.md is written from the table, and a test walks
every route with every role and compares. A new route names a row; a row that no route names fails the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import cast

from app.audit.events import EventKind
from app.identity.roles import Role

TABLE = """
collection     action  public reporter officer analyst commander municipality administrator purpose audited as
service        read    exact  exact    exact   exact   exact     exact        exact         -       -
metrics        read    -      -        -       -       -         -            exact         -       -
pages          read    exact  exact    exact   exact   exact     exact        exact         -       -
ogc            read    exact  exact    exact   exact   exact     exact        exact         -       -
sessions       create  exact  exact    exact   exact   exact     exact        exact         -       -
sessions       end     exact  exact    exact   exact   exact     exact        exact         -       -
account        read    exact  exact    exact   exact   exact     exact        exact         -       -
account        alter   exact  exact    exact   exact   exact     exact        exact         -       -
municipalities read    exact  exact    exact   exact   exact     exact        exact         -       -
municipalities create  -      -        -       -       -         -            exact         -       alteration
categories     read    exact  exact    exact   exact   exact     exact        exact         -       -
streets        read    exact  exact    exact   exact   exact     exact        exact         -       -
street-lights  read    exact  exact    exact   exact   exact     exact        exact         -       -
fixes          read    public public   exact   exact   exact     exact        exact         -       -
fixes          alter   -      -        -       exact   exact     exact        exact         -       alteration
danger-zones   read    public public   exact   exact   exact     exact        exact         asked   consultation
public-counts  read    public public   public  public  public    public       public        -       -
open311        read    public public   public  public  public    public       public        -       -
danger-zones   create  exact  exact    exact   exact   exact     exact        exact         -       collection
danger-zones   compare public public   exact   exact   exact     exact        exact         asked   consultation
danger-zones   inspect -      -        exact   exact   exact     exact        exact         asked   consultation
danger-zones   moderate -     -        exact   -       exact     exact        exact         -       alteration
my-report      read    exact  exact    exact   exact   exact     exact        exact         -       -
my-report      alter   exact  exact    exact   exact   exact     exact        exact         -       -
my-report      erase   exact  exact    exact   exact   exact     exact        exact         -       -
incidents      read    -      -        exact   exact   exact     coarse       exact         asked   consultation
incidents      create  -      -        exact   exact   exact     -            exact         -       collection
areal-units    read    -      -        exact   exact   exact     exact        exact         -       consultation
officers       read    -      -        exact   exact   exact     -            exact         asked   consultation
officers       publish -      -        -       -       exact     -            exact         -       alteration
beat-plans     read    -      -        exact   exact   exact     exact        exact         -       consultation
beat-plans     create  -      -        -       exact   exact     -            exact         -       alteration
beat-plans     edit    -      -        -       exact   exact     -            exact         -       alteration
beat-plans     propose -      -        -       exact   exact     -            exact         -       alteration
beat-plans     approve -      -        -       -       exact     -            exact         -       alteration
beat-plans     publish -      -        -       -       exact     -            exact         -       alteration
beat-plans     assign  -      -        -       -       exact     -            exact         -       alteration
my-officer     read    exact  exact    exact   exact   exact     exact        exact         -       -
results        read    -      -        exact   exact   exact     exact        exact         -       consultation
exact-results  read    -      -        exact   exact   exact     -            exact         asked   consultation
maps           read    -      -        exact   exact   exact     exact        exact         asked   consultation
runs           read    -      -        exact   exact   exact     exact        exact         -       consultation
runs           create  -      -        -       exact   exact     -            exact         -       combination
runs           dismiss -      -        -       exact   exact     -            exact         -       alteration
imports        read    -      -        -       exact   -         -            exact         -       consultation
imports        create  -      -        -       exact   -         -            exact         -       collection
quarantine     read    -      -        -       exact   -         -            exact         asked   consultation
audit          read    -      -        -       -       -         -            exact         -       consultation
"""
"""``-`` no right; ``public``: the views that apply every rule of publication; ``coarse``: the cell of a fixed lattice
and the month, no free text; ``exact``: as stored."""

NOTHING = "-"


class Precision(StrEnum):
    """How exactly place and time are seen."""

    PUBLIC = "public"
    COARSE = "coarse"
    EXACT = "exact"


@dataclass(frozen=True)
class Right:
    """One row of the table.

    Attributes
    ----------
    collection, action : str
    precisions : mapping of Role to Precision
        How exactly each role sees what the action answers; roles without the right are absent.
    asks_purpose : bool
        Whether seeing it exactly takes a purpose of use.
    audited_as : str or None
        Kind of the event in the audit log; None for what tells nothing of persons.
    """

    collection: str
    action: str
    precisions: Mapping[Role, Precision]
    asks_purpose: bool
    audited_as: EventKind | None

    def precision_for(self, role: Role) -> Precision | None:
        """Return how exactly a role sees it, None if it has no right to it."""
        return self.precisions.get(role)

    @property
    def scope(self) -> str:
        """What a key is narrowed to this right by."""
        return f"{self.collection}:{self.action}"


@cache
def rights() -> tuple[Right, ...]:
    """Return the rows of the table."""
    head, *lines = TABLE.strip().splitlines()
    roles = [Role(word) for word in head.split()[2 : 2 + len(Role)]]
    return tuple(_read_row(roles, line.split()) for line in lines)


def _read_row(roles: list[Role], words: list[str]) -> Right:
    collection, action, *precisions, purpose, audited_as = words
    return Right(
        collection,
        action,
        {role: Precision(word) for role, word in zip(roles, precisions, strict=True) if word != NOTHING},
        asks_purpose=purpose != NOTHING,
        audited_as=None if audited_as == NOTHING else cast("EventKind", audited_as),
    )


def right_of(collection: str, action: str) -> Right:
    """Return the row of an action on a collection.

    Raises
    ------
    LookupError
        If the table has none.
    """
    for right in rights():
        if (right.collection, right.action) == (collection, action):
            return right
    raise LookupError(f"The table of rights has no row for {collection} {action}.")


def rights_as_markdown() -> str:
    """Return the table as docs/rights.md shows it."""
    head = ["collection", "action", *Role, "purpose", "audited as"]
    rows = [
        [
            right.collection,
            right.action,
            *(right.precision_for(role) or NOTHING for role in Role),
            "asked" if right.asks_purpose else NOTHING,
            right.audited_as or NOTHING,
        ]
        for right in rights()
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def allows(scopes: tuple[str, ...] | None, right: Right) -> bool:
    """Tell whether the scopes of a key (``collection:action``, either may be ``*``) cover a right; None is no limit."""
    if scopes is None:
        return True
    wanted = {right.scope, f"{right.collection}:*", f"*:{right.action}", "*:*", "*"}
    return not wanted.isdisjoint(scopes)
