"""Relations between features and points, lines and areas together, which PostGIS knows of one kind only.

The geometries are one set of places, U. Its parts are disjoint but for their borders: what lies within an area or on a
line counts as that. A feature has one kind of geometry, X. The interiors of X and U meet where those of X and of a part
do, X covers U where it covers every part, and U covers X where nothing of X is left when every part is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, and_, case, false, func, not_, or_
from sqlalchemy.sql.expression import SQLColumnExpression

from app.database.feature_conditions import geometry_value

COLLECTION = "GeometryCollection"
INTERIORS_MEET = "T********"
LEAST_LENGTH = 1e-9
"""Degrees, a tenth of a millimetre: shorter pieces are left by rounding."""

Condition = ColumnElement[bool]


def is_mixed(geometry: BaseGeometry) -> bool:
    """Say whether a geometry is of several kinds together."""
    return bool(geometry.geom_type == COLLECTION)


def relate(name: str, feature: SQLColumnExpression[Any], geometry: BaseGeometry) -> Condition:
    """Return the condition that a feature stands in a relation to geometries of several kinds.

    Parameters
    ----------
    name : str
        Operator of CQL2, such as ``s_within``.
    feature : SQLColumnExpression
        Geometry of one kind.
    geometry : BaseGeometry
        United, in WGS 84.
    """
    found: Condition = getattr(_Relation(feature, _parts_of(geometry)), name.removeprefix("s_"))()
    return found


def _parts_of(geometry: BaseGeometry) -> dict[int, ColumnElement[Any]]:
    """Return the areas, lines and points by their dimension, the largest first."""
    parts = shapely.get_parts(geometry)
    dimensions = shapely.get_dimensions(parts)
    present = sorted(set(dimensions.tolist()), reverse=True)
    return {number: geometry_value(shapely.union_all(parts[dimensions == number])) for number in present}


@dataclass(frozen=True)
class _Relation:
    feature: SQLColumnExpression[Any]
    parts: dict[int, ColumnElement[Any]]

    def within(self) -> Condition:
        """Nothing of the feature lies outside, and the interiors meet."""
        return and_(self._is_covered(), self._meets())

    def contains(self) -> Condition:
        """Every part lies in the feature, and the interiors meet."""
        return and_(self._covers(), self._meets())

    def equals(self) -> Condition:
        """Each covers the other."""
        return and_(self._is_covered(), self._covers())

    def touches(self) -> Condition:
        """They meet at borders only."""
        intersecting = or_(*(func.ST_Intersects(self.feature, part) for part in self.parts.values()))
        return and_(intersecting, not_(self._meets()))

    def crosses(self) -> Condition:
        """Both meet inside, in less than the one of fewer dimensions has; or lines do in points."""
        largest = max(self.parts)
        along = func.ST_Relate(self.feature, self.parts[largest], "1********") if largest == 1 else self._meets()
        return case(
            (self._dimension < largest, and_(self._meets(), not_(self._is_covered()))),
            (self._dimension > largest, and_(self._meets(), not_(self._covers()))),
            else_=and_(self._meets(), not_(along)),
        )

    def overlaps(self) -> Condition:
        """Both meet inside in as many dimensions as each has, and neither covers the other."""
        largest = max(self.parts)
        together = func.ST_Relate(self.feature, self.parts[largest], f"{largest}********")
        same = and_(self._dimension == largest, together)
        return and_(same, not_(self._is_covered()), not_(self._covers()))

    @property
    def _dimension(self) -> ColumnElement[int]:
        return func.ST_Dimension(self.feature)

    def _meets(self) -> Condition:
        return or_(*(func.ST_Relate(self.feature, part, INTERIORS_MEET) for part in self.parts.values()))

    def _covers(self) -> Condition:
        return and_(*(func.ST_Covers(self.feature, part) for part in self.parts.values()))

    def _is_covered(self) -> Condition:
        rest: Any = self.feature
        for part in self.parts.values():
            rest = func.ST_Difference(rest, part)
        nothing_left = or_(
            func.ST_IsEmpty(rest), and_(func.ST_Dimension(rest) == 1, func.ST_Length(rest) < LEAST_LENGTH)
        )
        by_area = func.ST_CoveredBy(self.feature, self.parts[2]) if 2 in self.parts else false()
        return case((self._dimension == 2, by_area), else_=nothing_left)
