"""Times as suppliers write them to instants, with the precision that they really have.

A column is looked at once (:func:`detect_format`); then its rows are parsed in slices, always the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.errors import InvalidInputError
from app.files.values import is_text
from app.incidents.models import TIME_PRECISIONS
from app.ingest.profiles import SourceProfile

PRECISION_CODES = {name: code for code, name in enumerate(TIME_PRECISIONS)}
"""Number of each precision; the finest is 0."""

DateOrder = Literal["year-first", "day-first", "month-first"]
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
_NOISE = 0.001
"""Share of rows that may be finer than the rest without making the column so."""

_DATE = (
    r"[12][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-9]))"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_ISO = rf"^{_DATE}(?:[ T]{_CLOCK})?$"
_ZONE = r" ?(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)$"
_TIMED_ZONE = rf":[0-9]{{2}}(?:\.[0-9]+)?{_ZONE}"
_SLASHED = r"^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})"
_REWRITES = (
    (r"^([0-9]{4})/([0-9]{1,2})(?:/([0-9]{1,2}))?", r"\1-\2-\3"),
    (r"^([0-9]{4})-?([0-9]{2})-?$", r"\1-\2-01"),
    (r"^([12][0-9]{3})$", r"\1-01-01"),
    (r"^([12][0-9]{3})([01][0-9])([0-3][0-9])$", r"\1-\2-\3"),
    (r"^([0-9]{4})-([0-9])-", r"\1-0\2-"),
    (r"^([0-9]{4}-[0-9]{2})-([0-9])(,|$|[ T])", r"\1-0\2\3"),
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2}),?[ T]+([0-9]):", r"\1 0\2:"),
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2}),[ T]*", r"\1 "),
    (r"(\.[0-9]{6})[0-9]+", r"\1"),
)
"""What brings other ways of writing a date to ISO 8601, in this order."""


@dataclass(frozen=True)
class TimeFormat:
    """How the times of a column are written.

    Attributes
    ----------
    order : {"year-first", "day-first", "month-first"}
        Order of the numbers of a date.
    pattern : str or None
        A strptime format that the profile declares.
    finest : str
        The finest unit that the column really has.
    zone : str
        IANA zone of local times.
    utc_label : {"utc", "local"}
        What ``Z`` and other offsets mean.
    """

    order: DateOrder
    pattern: str | None
    finest: str
    zone: str
    utc_label: Literal["utc", "local"]


@dataclass(frozen=True)
class Times:
    """Instants of rows.

    Attributes
    ----------
    instants : ndarray of int64, shape (n,)
        Microseconds since 1970, UTC; 0 where there is none.
    wall : ndarray of int64, shape (n,)
        The same by the clock of the file, so that a week is seven days in spite of summer time.
    missing : ndarray of bool, shape (n,)
        Rows without a value.
    unreadable : ndarray of bool, shape (n,)
        Rows with a value that is no time.
    precision : ndarray of int8, shape (n,)
        Number of the precision in ``TIME_PRECISIONS``.
    ambiguous, nonexistent : int
        Local times that the change from or to summer time makes ambiguous (the earlier is taken) or skips (the moment
        of the change is taken).
    """

    instants: NDArray[np.int64]
    wall: NDArray[np.int64]
    missing: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]
    precision: NDArray[np.int8]
    ambiguous: int
    nonexistent: int


@dataclass(frozen=True)
class _Clock:
    """Wall-clock microseconds, whether each is UTC already, and the precision as written."""

    wall: NDArray[np.int64]
    readable: NDArray[np.bool_]
    is_utc: NDArray[np.bool_]
    precision: NDArray[np.int8]


def detect_format(sample: pa.Array, profile: SourceProfile, zone: str, *, column: str) -> TimeFormat:
    """Return how the times of a column are written.

    Parameters
    ----------
    sample : pyarrow.Array
        Values from all over the column, without nulls.
    profile : SourceProfile
        What the source declares.
    zone : str
        IANA zone of local times.
    column : str
        Column name for messages.

    Raises
    ------
    InvalidInputError
        If day and month cannot be told apart and the profile does not say.
    """
    pattern = profile.date_format if "%" in (profile.date_format or "") else None
    declared: dict[str | None, DateOrder] = {"day-first": "day-first", "month-first": "month-first"}
    order = declared.get(profile.date_format) or _date_order(sample, column)
    found = TimeFormat(order, pattern, "second", zone, profile.utc_label)
    clock = _read_clock(sample, found)
    finest = profile.time_precision or _finest(clock)
    return replace(found, finest=finest)


def parse_times(values: pa.Array, how: TimeFormat) -> Times:
    """Return the instants of a slice of a column; see :class:`Times` for what happens to bad values."""
    clock = _read_clock(values, how)
    missing = values.is_null().to_numpy(zero_copy_only=False)
    local = clock.readable & ~clock.is_utc
    instants, ambiguous, nonexistent = _to_utc(clock.wall, local, how.zone)
    precision = np.maximum(clock.precision, PRECISION_CODES[how.finest]).astype(np.int8)
    precision[~clock.readable] = PRECISION_CODES["unknown"]
    instants[~clock.readable] = 0
    return Times(instants, clock.wall, missing, ~missing & ~clock.readable, precision, ambiguous, nonexistent)


def _date_order(sample: pa.Array, column: str) -> DateOrder:
    if not is_text(sample.type):
        return "year-first"
    slashed = sample.filter(pc.match_substring_regex(sample, _SLASHED))
    if not len(slashed):
        return "year-first"
    parts = pc.extract_regex(slashed, r"^(?P<first>[0-9]{1,2})[/.-](?P<second>[0-9]{1,2})")
    first, second = (pc.cast(parts.field(name), pa.int64()).to_numpy() for name in (0, 1))
    over_first, over_second = (first > 12).mean(), (second > 12).mean()
    if over_first == over_second == 0:
        raise InvalidInputError(
            f"Column '{column}': day and month cannot be told apart, for example '{slashed[0].as_py()}'.",
            'Declare --date-format day-first or month-first (or date_format = "..." in the profile).',
        )
    return "day-first" if over_first > over_second else "month-first"


def _finest(clock: _Clock) -> str:
    wall = clock.wall[clock.readable]
    if not len(wall):
        return "second"
    written = int(np.min(clock.precision[clock.readable]))
    for unit, name in ((MINUTE, "second"), (HOUR, "minute"), (DAY, "hour")):
        if np.mean(wall % unit != 0) > _NOISE and PRECISION_CODES[name] >= written:
            return name
    days = wall.astype("datetime64[us]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    on_first = np.mean(days == months.astype("datetime64[D]"))
    if on_first > 1 - _NOISE and len(np.unique(months)) > 2 and len(wall) > 31:
        return "month"
    return TIME_PRECISIONS[max(written, PRECISION_CODES["day"])]


def _read_clock(values: pa.Array, how: TimeFormat) -> _Clock:
    if is_text(values.type):
        return _clock_of_text(values, how)
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        wall, readable = _microseconds(
            pc.cast(values, pa.timestamp("us", getattr(values.type, "tz", None)), safe=False)
        )
        utc = np.full(len(wall), bool(getattr(values.type, "tz", None)) and how.utc_label == "utc")
        written = "day" if pa.types.is_date(values.type) else "second"
        return _Clock(wall, readable, utc, np.full(len(wall), PRECISION_CODES[written], dtype=np.int8))
    return _clock_of_text(pc.cast(values, pa.string()), how)


def _clock_of_text(values: pa.Array, how: TimeFormat) -> _Clock:
    if how.pattern:
        return _clock_of_pattern(values, how.pattern)
    iso, afternoon = _to_iso(values, how.order)
    zoned = pc.fill_null(pc.match_substring_regex(iso, _TIMED_ZONE), fill_value=False)
    bare = pc.replace_substring_regex(iso, _ZONE, "") if pc.any(zoned).as_py() else iso
    bare = pc.if_else(zoned, bare, iso)
    wall, readable = _microseconds(_cast_iso(bare))
    wall = _twelve_hour_clock(wall, afternoon)
    is_utc = zoned.to_numpy(zero_copy_only=False) & (how.utc_label == "utc")
    if is_utc.any():
        wall = wall - _offsets(iso, is_utc)
    epoch = _epoch_milliseconds(values)
    if epoch is not None:
        wall, readable = np.where(epoch >= 0, epoch * 1000, wall), readable | (epoch >= 0)
        is_utc = is_utc | ((epoch >= 0) & (how.utc_label == "utc"))
    return _Clock(wall, readable, is_utc, _written_precision(values, bare))


def _to_iso(values: pa.Array, order: DateOrder) -> tuple[pa.Array, pa.Array | None]:
    """Return the texts as ``YYYY-MM-DD hh:mm:ss`` and, where a column has AM and PM, which of them."""
    ready = pc.fill_null(pc.match_substring_regex(values, _ISO), fill_value=True)
    if pc.all(ready).as_py():
        return values, None
    other = pc.invert(ready)
    text = values.filter(other)
    if order != "year-first":
        text = pc.replace_substring_regex(text, _SLASHED, r"\3-\1-\2" if order == "month-first" else r"\3-\2-\1")
    for pattern, replacement in _REWRITES:
        text = pc.replace_substring_regex(text, pattern, replacement)
    half = pc.match_substring_regex(text, r"(?i)[0-9] ?[ap]\.?m\.?$")
    afternoon = None
    if pc.any(half).as_py():
        is_pm = pc.if_else(half, pc.match_substring_regex(text, r"(?i)p\.?m\.?$"), pa.scalar(None, pa.bool_()))
        afternoon = pc.replace_with_mask(pa.nulls(len(values), pa.bool_()), other, is_pm)
        text = pc.replace_substring_regex(text, r"(?i) ?[ap]\.?m\.?$", "")
    return pc.replace_with_mask(values, other, text), afternoon


def _cast_iso(text: pa.Array) -> pa.Array:
    shaped = pc.if_else(pc.match_substring_regex(text, _ISO), text, pa.scalar(None, text.type))
    try:
        return pc.cast(shaped, pa.timestamp("us"))
    except pa.ArrowInvalid:
        leap = pc.match_substring_regex(shaped, r"^[0-9]{4}-02-29")
        year = pc.cast(pc.if_else(leap, pc.utf8_slice_codeunits(shaped, 0, 4), "2000"), pa.int64())
        return pc.cast(pc.if_else(pc.or_(pc.invert(leap), _is_leap(year)), shaped, None), pa.timestamp("us"))


def _is_leap(year: pa.Array) -> pa.Array:
    number = year.fill_null(0).to_numpy()
    return pa.array((number % 4 == 0) & ((number % 100 != 0) | (number % 400 == 0)))


def _clock_of_pattern(values: pa.Array, pattern: str) -> _Clock:
    parsed = pc.strptime(values, format=pattern.replace("%z", ""), unit="us", error_is_null=True)
    exact = pc.equal(
        _plain(pc.strftime(pc.cast(parsed, pa.timestamp("s"), safe=False), format=pattern)), _plain(values)
    )
    wall, readable = _microseconds(pc.if_else(exact, parsed, pa.scalar(None, parsed.type)))
    fine = "second" if "%S" in pattern else "minute" if "%M" in pattern else "hour" if "%H" in pattern else "day"
    written = np.full(len(wall), PRECISION_CODES[fine], dtype=np.int8)
    return _Clock(wall, readable, np.zeros(len(wall), dtype=bool), written)


def _plain(text: pa.Array) -> pa.Array:
    """Return texts in lower case without leading zeros: 30 February comes back as 2 March and must not pass."""
    return pc.utf8_lower(pc.replace_substring_regex(text, r"\b0+([0-9])", r"\1"))


def _microseconds(times: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    readable = times.is_valid().to_numpy(zero_copy_only=False)
    return times.cast(pa.int64()).fill_null(0).to_numpy().copy(), readable


def _twelve_hour_clock(wall: NDArray[np.int64], afternoon: pa.Array | None) -> NDArray[np.int64]:
    if afternoon is None:
        return wall
    is_pm = afternoon.fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    is_am = afternoon.is_valid().to_numpy(zero_copy_only=False) & ~is_pm
    at_twelve = (wall // HOUR) % 24 == 12
    shift = np.where(is_pm & ~at_twelve, 12, 0) - np.where(is_am & at_twelve, 12, 0)
    return wall + shift.astype(np.int64) * HOUR


def _offsets(iso: pa.Array, zoned: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the offset from UTC that each text states, in microseconds."""
    parts = pc.extract_regex(iso, r"(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?$")
    sign, hours, minutes = parts.flatten()
    size = [
        pc.cast(pc.if_else(pc.equal(pc.coalesce(part, ""), ""), "0", part), pa.int64()) for part in (hours, minutes)
    ]
    total = size[0].fill_null(0).to_numpy() * HOUR + size[1].fill_null(0).to_numpy() * MINUTE
    signed = np.where(pc.equal(sign, "-").fill_null(fill_value=False).to_numpy(zero_copy_only=False), -total, total)
    return np.where(zoned, signed, 0)


def _epoch_milliseconds(values: pa.Array) -> NDArray[np.int64] | None:
    """Return milliseconds since 1970 where a text is such a number (of 12 or 13 digits), else -1."""
    epoch = pc.match_substring_regex(values, r"^[0-9]{13}$")
    if not pc.any(epoch).as_py():
        return None
    found: NDArray[np.int64] = pc.cast(pc.if_else(epoch, values, "-1"), pa.int64()).fill_null(-1).to_numpy()
    return found


def _written_precision(values: pa.Array, iso: pa.Array) -> NDArray[np.int8]:
    length = pc.utf8_length(iso).fill_null(0).to_numpy()
    precision = np.select(
        [length >= 19, length >= 16], [PRECISION_CODES["second"], PRECISION_CODES["minute"]], PRECISION_CODES["day"]
    ).astype(np.int8)
    written = pc.utf8_length(values).fill_null(0).to_numpy()
    precision[(precision == PRECISION_CODES["day"]) & (written <= 7)] = PRECISION_CODES["month"]
    precision[written == 4] = PRECISION_CODES["year"]
    precision[written == 13] = PRECISION_CODES["second"]
    return precision


def _to_utc(wall: NDArray[np.int64], local: NDArray[np.bool_], zone: str) -> tuple[NDArray[np.int64], int, int]:
    """Return instants of wall-clock times, and how many were ambiguous and how many do not exist."""
    clock = pa.array(wall, pa.timestamp("us"))
    earlier, later = (
        pc.assume_timezone(clock, zone, ambiguous=choice, nonexistent="latest").cast(pa.int64()).to_numpy()
        for choice in ("earliest", "latest")
    )
    before = pc.assume_timezone(clock, zone, ambiguous="earliest", nonexistent="earliest").cast(pa.int64()).to_numpy()
    ambiguous = int(np.count_nonzero(local & (earlier != later)))
    nonexistent = int(np.count_nonzero(local & (earlier != before)))
    return np.where(local, earlier, wall), ambiguous, nonexistent


def joined_times(columns: list[pa.Array]) -> pa.Array:
    """Return times that are spread over several columns as one text column.

    Parameters
    ----------
    columns : list of pyarrow.Array
        Either a date and a time of day, or year, month, day, hour and minute as far as they go.

    Notes
    -----
    Times of day may be ``21:30``, ``9:30 PM`` or the number 2130. A part that is missing leaves the rest as coarse as
    it is.
    """
    texts = [pc.cast(column, pa.string()) for column in columns]
    years = pc.match_substring_regex(texts[0], r"^[12][0-9]{3}(\.0)?$")
    if not pc.all(years).as_py():
        day = pc.replace_substring_regex(texts[0], r"[ T]+[0-9:.]+( ?[AaPp]\.?[Mm]\.?)?$", "")
        clock = pc.replace_substring_regex(texts[1], r"^([0-9]{1,4})$", r"000\1")
        clock = pc.replace_substring_regex(clock, r"^0*([0-9]{2})([0-9]{2})$", r"\1:\2")
        return pc.if_else(pc.is_valid(clock), pc.binary_join_element_wise(day, clock, " "), day)
    joined = pc.utf8_slice_codeunits(texts[0], 0, 4)
    for mark, part in zip(("-", "-", " ", ":"), texts[1:], strict=False):
        digits = pc.utf8_lpad(pc.replace_substring_regex(part, r"\.0$", ""), 2, "0")
        joined = pc.if_else(pc.is_valid(digits), pc.binary_join_element_wise(joined, digits, mark), joined)
    return pc.replace_substring_regex(joined, r"^([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2})$", r"\1:00")
