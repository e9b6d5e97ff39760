"""Which column of a file is which field: as declared, otherwise proposed by name."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.summary import Notice
from app.errors import InvalidInputError
from app.files.columns import find_by_synonym, nearest, normalised, require_column
from app.files.tables import TableFile
from app.ingest.fields import Field, FieldType, Kind

PLACE_FIELDS = ("x", "y", "wkt")
JOINT = "+"
"""Between the columns of one field: a date and a time, or year, month, day, hour and minute."""

FEATURE_ID = "id"
"""Column of the number by which Kvart knows a row, in its own layers."""
SUPPLIERS_ID = "external_id"
"""Column of the identifier of a row's supplier there; rows born in Kvart have none."""
TIME_PARTS = (("year",), ("month",), ("day", "dayofmonth"), ("hour",), ("minute", "min"))
_SHARED = frozenset({"reported_by", "channel"})
_TIME_OF_DAY = (("date", "time"), ("dt", "tm"), ("fecha", "hora"), ("datum", "uhrzeit"))


@dataclass(frozen=True)
class ColumnMap:
    """The columns of each field that a file has.

    Attributes
    ----------
    columns : dict of str to tuple of str
        Field to its column, or columns where a time is spread over several.
    place : dict of str to str
        ``x``, ``y`` or ``wkt`` where they are declared.
    notices : tuple of Notice
        What was proposed, and what the file lacks.
    """

    columns: dict[str, tuple[str, ...]]
    place: dict[str, str]
    notices: tuple[Notice, ...]

    def declared(self) -> dict[str, str]:
        """Return the map as a profile writes it."""
        return {name: JOINT.join(parts) for name, parts in self.columns.items()} | self.place


def map_columns(file: TableFile, kind: Kind, declared: dict[str, str], *, one_category: bool = False) -> ColumnMap:
    """Return the columns of each field of a kind.

    Parameters
    ----------
    file : TableFile
        The file.
    kind : Kind
        What it holds.
    declared : dict of str to str
        Columns that the profile names; an empty text means: the file has none.
    one_category : bool
        Whether the profile gives every row the same category, so that no column is needed.

    Raises
    ------
    InvalidInputError
        If a field or a named column does not exist, or a required column is not found.
    """
    place = {name: column for name, column in declared.items() if name in PLACE_FIELDS and column}
    columns = _declared_columns(file, kind, {k: v for k, v in declared.items() if k not in PLACE_FIELDS})
    proposed: list[str] = []
    notices: list[Notice] = []
    for field in kind.fields:
        if field.name in declared or (one_category and field.type is FieldType.CATEGORY):
            continue
        found = _own_number(file) if field is kind.identifier else None
        found = found or _propose(file, field, columns)
        if found:
            columns[field.name] = found
            proposed.append(f"{field.name} = {JOINT.join(found)}")
        elif field.column_required or field.value_required:
            raise InvalidInputError(
                f"{file.name} has no column for '{field.name}'.",
                f"Name it with --map {field.name}=COLUMN. Its columns are: {', '.join(file.columns)}.",
            )
        elif field.why:
            notices.append(Notice("no_column", f"{file.name} has no column for {field.name}: {field.why}."))
    if kind.identifier.name not in columns and all(name in columns for name in kind.identified_by):
        joint = tuple(part for name in kind.identified_by for part in columns[name])
        columns |= {kind.identifier.name: joint} if joint else {}
    if proposed:
        notices.append(Notice("columns_by_name", f"Columns taken by their names: {', '.join(proposed)}."))
    return ColumnMap(columns, place, tuple(notices))


def _declared_columns(file: TableFile, kind: Kind, declared: dict[str, str]) -> dict[str, tuple[str, ...]]:
    columns: dict[str, tuple[str, ...]] = {}
    for name, column in declared.items():
        field = kind.field(name)
        if field is None:
            names = [*(field.name for field in kind.fields), *PLACE_FIELDS]
            near = nearest(name, names)
            raise InvalidInputError(
                f"{kind.name} have no field '{name}'.",
                f"{f'Did you mean {near}? ' if near else ''}The fields are: {', '.join(names)}.",
            )
        if column:
            parts = [column] if column in file.columns else [part.strip() for part in column.split(JOINT)]
            columns[name] = tuple(_require_declared(part, file, name) for part in parts)
    return columns


def _require_declared(column: str, file: TableFile, field: str) -> str:
    try:
        return require_column(column, file.columns, where=file.name)
    except InvalidInputError as error:
        advice = f"The profile of the source reads {field} from it: --map {field}=COLUMN changes it."
        raise InvalidInputError(error.message, f"{error.hint} {advice}") from error


def _own_number(file: TableFile) -> tuple[str, ...] | None:
    """Return the column of Kvart's numbers in a layer of Kvart's, whose rows refer to one another by them."""
    return (FEATURE_ID,) if {FEATURE_ID, SUPPLIERS_ID} <= set(file.columns) else None


def _propose(file: TableFile, field: Field, taken: dict[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    used = {column for name, parts in taken.items() if not {name, field.name} <= _SHARED for column in parts}
    free = [column for column in file.columns if column not in used]
    found = find_by_synonym(free, field.synonyms)
    if field.type is not FieldType.TIME:
        return (found,) if found else None
    first_of_kind = not any("year" in map(normalised, parts) for parts in taken.values())
    parts = _time_parts(free) if first_of_kind and (not found or normalised(found) == "month") else None
    if parts:
        return parts
    return _with_time_of_day(found, free) if found else None


def _time_parts(columns: list[str]) -> tuple[str, ...] | None:
    """Return the columns of year, month, day, hour and minute, as far as a file has them in this order."""
    found = [find_by_synonym(columns, names) for names in TIME_PARTS]
    present = found[: found.index(None)] if None in found else found
    return tuple(part for part in present if part) if len(present) >= 2 else None


def _with_time_of_day(date: str, columns: list[str]) -> tuple[str, ...]:
    """Return a date column with its sister column that holds the time of day, where there is one."""
    name = normalised(date)
    for day, clock in _TIME_OF_DAY:
        sister = find_by_synonym(columns, (name.replace(day, clock),)) if day in name else None
        if sister and clock not in name:
            return date, sister
    return (date,)
