"""CQL2 as conditions on what a collection shows: each name is looked up, each type checked, each value bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import TIMESTAMP, ColumnElement, and_, cast, collate, false, func, not_, or_, true
from sqlalchemy.sql.expression import SQLColumnExpression

from app.database.feature_collections import Collection
from app.database.feature_conditions import geometry_value, intersects
from app.ogc.crs import ReferenceSystem
from app.ogc.filter_geometries import read_geometry, united
from app.ogc.mixed_geometries import is_mixed, relate
from app.ogc.values import day, instant, is_comparable, number, string

Condition = ColumnElement[bool]
Tree = Any
"""CQL2 as JSON."""

GEOMETRY = "geometry"
DEEPEST = 64
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
MIRRORED = {"s_within": "s_contains", "s_contains": "s_within"}
RELATIONS = {
    "s_intersects": "ST_Intersects",
    "s_within": "ST_Within",
    "s_contains": "ST_Contains",
    "s_crosses": "ST_Crosses",
    "s_overlaps": "ST_Overlaps",
    "s_touches": "ST_Touches",
    "s_equals": "ST_Equals",
}
LOGICAL = frozenset({"and", "or", "not"})
SPATIAL = frozenset({*RELATIONS, "s_disjoint"})
TEMPORAL = frozenset({"t_after", "t_before", "t_equals", "t_during", "t_intersects"})
KINDS = {"integer": "number", "month": "string"}
TIMES = frozenset({"date", "date-time"})
BY_ANY_LETTER_CASE = "und-x-icu"
"""Collation whose letters are those of every script; in that of ``C`` only ASCII has upper and lower case."""


class FilterError(Exception):
    """A filter that asks for what there is not, or compares what cannot be compared."""


@dataclass(frozen=True)
class Operand:
    """One side of a comparison.

    Attributes
    ----------
    kind : str
        ``string``, ``number``, ``boolean``, ``date`` or ``date-time``; ``text`` for a literal that may be any of them.
    sql : SQLColumnExpression
    text : str
        The literal as written, of the kind ``text``.
    """

    kind: str
    sql: SQLColumnExpression[Any]
    text: str = ""


def condition_of(tree: Tree, collection: Collection, system: ReferenceSystem) -> Condition:
    """Return a CQL2 expression as a condition on a collection.

    Parameters
    ----------
    tree : CQL2 as JSON
    collection : Collection
        As the caller sees it.
    system : ReferenceSystem
        Of the geometries in the expression.

    Raises
    ------
    FilterError
        If it names a property that there is not, compares what cannot be compared, or uses what is not known here.
    """
    return _Walker(collection, system).condition(tree, 0)


class _Walker:
    def __init__(self, collection: Collection, system: ReferenceSystem) -> None:
        self.collection = collection
        self.system = system
        self.properties = {item.name: item for item in collection.properties if is_comparable(item)}

    def condition(self, tree: Tree, depth: int) -> Condition:
        """Return the condition that a part of the expression states, so many levels down."""
        if depth > DEEPEST:
            raise FilterError(f"it is nested deeper than {DEEPEST} levels")
        if isinstance(tree, bool):
            return true() if tree else false()
        if isinstance(tree, dict) and "property" in tree:
            return self._flag(tree)
        name, arguments = (tree.get("op"), tree.get("args")) if isinstance(tree, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(arguments, list):
            raise FilterError("a value stands where a condition is needed")
        if name in LOGICAL:
            return self._logical(name, arguments, depth)
        return self._predicate(name, arguments)

    def _predicate(self, name: str, arguments: Sequence[Tree]) -> Condition:
        n = {"between": 3, "isNull": 1}.get(name, 2)
        for names, function in (
            (COMPARISONS, self._comparison),
            (SPATIAL, self._spatial),
            (TEMPORAL, self._temporal),
        ):
            if name in names:
                return function(name, *_require_count(name, arguments, n))
        own: dict[str, Callable[..., Condition]] = {
            "like": self._like,
            "between": self._between,
            "in": self._in,
            "isNull": self._null,
        }
        if name not in own:
            raise FilterError(f"{name[:40]!r} is not known here")
        return own[name](*_require_count(name, arguments, n))

    def _logical(self, name: str, arguments: Sequence[Tree], depth: int) -> Condition:
        if not arguments or (name == "not" and len(arguments) != 1):
            raise FilterError(f"{name!r} has the wrong number of arguments")
        conditions = [self.condition(argument, depth + 1) for argument in arguments]
        if name == "not":
            return not_(conditions[0])
        return and_(*conditions) if name == "and" else or_(*conditions)

    def _flag(self, tree: Tree) -> Condition:
        operand = self._operand(tree)
        if operand.kind != "boolean":
            raise FilterError(f"property {tree['property'][:80]!r} is no condition by itself")
        return operand.sql == true()

    def _comparison(self, name: str, left: Tree, right: Tree) -> Condition:
        first, second = self._pair(left, right)
        found: Condition = COMPARISONS[name](first.sql, second.sql)
        return found

    def _between(self, value: Tree, low: Tree, high: Tree) -> Condition:
        first, least = self._pair(value, low)
        same, most = self._pair(value, high)
        return and_(first.sql >= least.sql, same.sql <= most.sql)

    def _in(self, value: Tree, options: Tree) -> Condition:
        if not isinstance(options, list) or not options:
            raise FilterError("'in' takes a list of values")
        return or_(*(self._comparison("=", value, option) for option in options))

    def _like(self, value: Tree, pattern: Tree) -> Condition:
        first, second = self._pair(value, pattern)
        text = pattern if isinstance(pattern, str) else _folded_text(pattern)
        if first.kind != "string" or text is None:
            raise FilterError("'like' takes a text property and a text")
        if (len(text) - len(text.rstrip("\\"))) % 2:
            raise FilterError("the pattern of 'like' ends with a backslash that escapes nothing")
        return first.sql.like(second.sql)

    def _null(self, value: Tree) -> Condition:
        if isinstance(value, dict) and value.get("property") == GEOMETRY:
            return self.collection.geometry.is_(None)
        return self._property(value).sql.is_(None)

    def _temporal(self, name: str, value: Tree, time: Tree) -> Condition:
        if name in {"t_after", "t_before", "t_equals"}:
            return self._comparison({"t_after": ">", "t_before": "<", "t_equals": "="}[name], value, time)
        ends = time.get("interval") if isinstance(time, dict) else None
        if ends is None and name == "t_intersects":
            return self._comparison("=", value, time)
        if not isinstance(ends, list) or len(ends) != 2:
            raise FilterError(f"{name!r} takes an interval")
        within = {"t_during": (">", "<"), "t_intersects": (">=", "<=")}[name]
        bounded = [self._comparison(op, value, end) for op, end in zip(within, ends, strict=True) if end != ".."]
        return and_(self._property(value).sql.is_not(None), *bounded)

    def _spatial(self, name: str, left: Tree, right: Tree) -> Condition:
        if name == "s_disjoint":
            return not_(self._spatial("s_intersects", left, right))
        first, second = self._place(left), self._place(right)
        if first is not None and second is not None:
            return true() if getattr(shapely, name.removeprefix("s_"))(first, second) else false()
        if first is not None:
            name = MIRRORED.get(name, name)
        place, shown = second if first is None else first, self.collection.geometry
        if place is None:
            return _related(name, shown, shown)
        if _takes_parts(name, place):
            return and_(intersects(self.collection, geometry_value(place)), relate(name, shown, place))
        return intersects(self.collection, geometry_value(place), RELATIONS[name])

    def _place(self, tree: Tree) -> BaseGeometry | None:
        """Return a geometry of the expression; None for that of the features."""
        if _names_geometry(tree):
            return None
        try:
            return united(read_geometry(tree, self.system))
        except ValueError as error:
            raise FilterError(str(error)) from error

    def _pair(self, left: Tree, right: Tree) -> tuple[Operand, Operand]:
        """Return two sides that can be compared: a text is read as what the other side is."""
        first, second = self._operand(left), self._operand(right)
        first, second = _as_kind(first, second.kind), _as_kind(second, first.kind)
        if {first.kind, second.kind} == TIMES:
            first, second = _at_midnight(first), _at_midnight(second)
        if first.kind != second.kind:
            raise FilterError(f"{_told(left)} ({first.kind}) cannot be compared with {_told(right)} ({second.kind})")
        return first, second

    def _operand(self, tree: Tree) -> Operand:
        if isinstance(tree, bool):
            return Operand("boolean", true() if tree else false())
        if isinstance(tree, int | float):
            return Operand("number", _bound(number, float(tree)))
        if isinstance(tree, str):
            return Operand("text", _bound(string, tree), tree)
        if isinstance(tree, dict):
            for name, read in (("timestamp", instant), ("date", day)):
                if isinstance(tree.get(name), str):
                    return Operand("date-time" if name == "timestamp" else "date", _bound(read, tree[name]))
            if tree.get("op") == "casei" and len(tree.get("args") or ()) == 1:
                inner = self._operand(tree["args"][0])
                if inner.kind in {"string", "text"}:
                    return Operand("string", _folded(inner.sql))
            if "property" in tree:
                return self._property(tree)
        raise FilterError(f"{_told(tree)} is no value that can be compared")

    def _property(self, tree: Tree) -> Operand:
        name = tree.get("property") if isinstance(tree, dict) else None
        if not isinstance(name, str):
            raise FilterError(f"{_told(tree)} is no property")
        item = self.properties.get(name)
        if item is None:
            known = ", ".join(sorted(self.properties))
            raise FilterError(f"there is no property {name[:80]!r} to ask for; known are {known}")
        kind = KINDS.get(item.type, item.type)
        return Operand(kind, collate(item.expression, "C") if kind == "string" else item.expression)


def _require_count(name: str, arguments: Sequence[Tree], n: int) -> Sequence[Tree]:
    if len(arguments) != n:
        raise FilterError(f"{name!r} takes {n} arguments, not {len(arguments)}")
    return arguments


def _as_kind(operand: Operand, wanted: str) -> Operand:
    """Return a literal text as what it is compared with."""
    if operand.kind != "text":
        return operand
    if wanted in TIMES:
        read = instant if "T" in operand.text.upper() else day
        return Operand("date-time" if read is instant else "date", _bound(read, operand.text))
    return Operand("string", operand.sql)


def _at_midnight(operand: Operand) -> Operand:
    """Return a day as the instant at which it begins (UTC), whatever time zone the database speaks in."""
    if operand.kind != "date":
        return operand
    return Operand("date-time", func.timezone("UTC", cast(operand.sql, TIMESTAMP)))


def _bound(read: Callable[[Any], ColumnElement[Any]], value: Any) -> ColumnElement[Any]:
    try:
        return read(value)
    except ValueError as error:
        raise FilterError(f"{str(value)[:40]!r} {error}") from error


def _folded(text: SQLColumnExpression[Any]) -> SQLColumnExpression[Any]:
    """Return a text without letter case, nearly as Unicode folds it: the upper case of the German sharp s is SS."""
    letters = func.lower(func.upper(collate(text, BY_ANY_LETTER_CASE)))
    return collate(letters, "C")


def _related(name: str, first: Any, second: Any) -> Condition:
    found: Condition = getattr(func, RELATIONS[name])(first, second)
    return found


def _takes_parts(name: str, geometry: BaseGeometry) -> bool:
    """Say whether PostGIS knows no such relation to the geometry as a whole."""
    return name != "s_intersects" and is_mixed(geometry)


def _names_geometry(tree: Tree) -> bool:
    return isinstance(tree, dict) and tree.get("property") == GEOMETRY


def _folded_text(tree: Tree) -> str | None:
    """Return the text of ``casei('text')``."""
    arguments = tree.get("args") if isinstance(tree, dict) else None
    return arguments[0] if isinstance(arguments, list) and arguments and isinstance(arguments[0], str) else None


def _told(tree: Tree) -> str:
    if isinstance(tree, dict) and isinstance(tree.get("property"), str):
        return f"property {tree['property'][:80]!r}"
    return repr(tree)[:80]
