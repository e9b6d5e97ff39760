"""The vocabulary in which a kind of import is declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from app.files.shapes import AREAS, LINES, POINTS


class FieldType(Enum):
    """How the value of a field is read and stored."""

    ID = "id"
    TEXT = "text"
    SENTENCE = "sentence"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    TIME = "time"
    CATEGORY = "category"
    CHOICE = "choice"
    LIST = "list"
    REFERENCE = "reference"
    SIBLING = "sibling"
    TITLE = "title"
    DOCUMENT = "document"


@dataclass(frozen=True)
class Field:
    """One value of a row.

    Attributes
    ----------
    name : str
        Name in ``--map`` and column of the table.
    type : FieldType
        How it is read.
    synonyms : tuple of str
        Patterns (regular expressions) of normalised column names that mean this field, best first.
    column_required : bool
        Whether a file without such a column is refused.
    value_required : bool
        Whether a row without a value is quarantined.
    default : object
        Stored where the row has no value.
    fallback : str
        Field whose value is stored where the row has none.
    target : str
        Table whose ``external_id`` a REFERENCE names, or whose ``title`` a TITLE does; a title that is new makes a row.
        A SIBLING names another row of the table itself.
    document : callable or None
        Returns the JSON text of a DOCUMENT as it is kept, or raises a ValidationError.
    counted_from : str
        Column that keeps the number as the supplier told it last, where Kvart counts on from it in the field's own.
    choices : tuple of str
        Values that a CHOICE may have.
    lowest, highest : float or None
        Range that a number must lie in.
    above : float or None
        What a number must be greater than.
    why : str
        What the reader misses when no column is found; told as a warning.
    """

    name: str
    type: FieldType
    synonyms: tuple[str, ...] = ()
    column_required: bool = False
    value_required: bool = False
    default: Any = None
    fallback: str = ""
    target: str = ""
    document: Callable[[str], str] | None = None
    counted_from: str = ""
    choices: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    above: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Placement:
    """Which geometry the rows of a kind have.

    Attributes
    ----------
    column : str
        Geometry column of the table.
    types : tuple of int
        Geometry types that are taken.
    named : str
        The same for messages.
    required : bool
        Whether a row without a place is quarantined.
    projected : bool
        Whether the table holds ``x`` and ``y`` in the working CRS.
    """

    column: str
    types: tuple[int, ...]
    named: str
    required: bool = True
    projected: bool = False

    @property
    def only_points(self) -> bool:
        """Whether every row is a point."""
        return self.types == POINTS


@dataclass(frozen=True)
class Kind:
    """What a file of one kind holds and where its rows go.

    Attributes
    ----------
    name : str
        Name in commands and addresses.
    table : str
        Table of the rows.
    fields : tuple of Field
        Values of a row; the first is its identifier.
    placement : Placement or None
        Geometry of a row.
    category_kind : {"incident", "concern"} or None
        Catalogue of its categories.
    windows : tuple of (str, str, str)
        Begin, end and what to do when the end comes first: ``"quarantine"`` or ``"warn"``.
    precision_of : str or None
        Time field whose precision is stored as ``time_precision``.
    keeps_attributes : bool
        Whether the columns that no field takes are kept in ``attributes``.
    identified_by : tuple of str
        Fields whose columns together identify a row where the file has no identifier.
    """

    name: str
    table: str
    fields: tuple[Field, ...]
    placement: Placement | None
    category_kind: Literal["incident", "concern"] | None = None
    windows: tuple[tuple[str, str, str], ...] = ()
    precision_of: str | None = None
    keeps_attributes: bool = False
    identified_by: tuple[str, ...] = ()

    @property
    def identifier(self) -> Field:
        """The field that identifies a row at its supplier."""
        return self.fields[0]

    def field(self, name: str) -> Field | None:
        """Return the field of that name, None if there is none."""
        return next((field for field in self.fields if field.name == name), None)


POINT = (POINTS, "a point")
LINE = (LINES, "a line")
POINT_OR_AREA = (POINTS + AREAS, "a point or an area")
ANYTHING = (POINTS + LINES + AREAS, "a point, a line or an area")


def spelled(patterns: str) -> tuple[str, ...]:
    """Return the patterns that a text lists with blanks between them."""
    return tuple(patterns.split())
