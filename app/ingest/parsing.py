"""Values of one column to what the table stores, each field type with one function."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import ValidationError

from app.files.values import is_text, numbers
from app.ingest.fields import Field, FieldType
from app.ingest.findings import Finding, quoting, said

MAX_TEXT = 10_000
"""Characters of a text that are stored."""

MAX_SENTENCE = 500
"""Characters of a sentence that the public reads."""

MAX_ID = 500
"""Characters of an identifier; an index cannot hold much longer ones."""

_LIST_SEPARATORS = re.compile(r"\s*[;,|/]\s*")


@dataclass(frozen=True)
class Parsed:
    """A column as it is stored.

    Attributes
    ----------
    values : pyarrow.Array
        Text, int64, float64, date32 or list values; null where a row has none.
    findings : list of Finding
        Values that cannot be stored.
    """

    values: pa.Array
    findings: list[Finding]


@dataclass(frozen=True)
class ParseContext:
    """What parsing needs to know besides the field: the decimal mark, and what the supplier's words mean."""

    decimal: str
    translations: dict[str, str]


def parse_text(values: pa.Array, field: Field, context: ParseContext) -> Parsed:
    """Return a text column, translated as the profile says."""
    text = as_text(values)
    if context.translations:
        encoded = text.dictionary_encode()
        words = [context.translations.get(word, word) for word in encoded.dictionary.to_pylist()]
        text = pa.array(words, pa.string()).take(encoded.indices)
    return Parsed(text, long_texts(text, field.name, MAX_TEXT))


def parse_sentence(values: pa.Array, field: Field, _context: ParseContext) -> Parsed:
    """Return a column of what the public reads, as short as staff has to write it."""
    text = as_text(values)
    return Parsed(text, long_texts(text, field.name, MAX_SENTENCE))


def long_texts(text: pa.Array, name: str, most: int) -> list[Finding]:
    """Return the finding that some texts of a field are longer than ``most`` characters, if any are."""
    long = pc.greater(pc.utf8_length(text), most).fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    return [Finding("too_long", long, said(f"{name} is longer than {most} characters."))] if long.any() else []


def parse_number(values: pa.Array, field: Field, context: ParseContext) -> Parsed:
    """Return a number column, checked against the field's range."""
    parsed, unreadable = numbers(values, context.decimal)
    findings = [
        Finding(f"unreadable_{field.name}", unreadable, quoting(f"{field.name} '{{}}' is not a number.", values))
    ]
    with np.errstate(invalid="ignore"):
        low = np.zeros(len(parsed), dtype=bool) if field.lowest is None else parsed < field.lowest
        high = np.zeros(len(parsed), dtype=bool) if field.highest is None else parsed > field.highest
    code = f"negative_{field.name}" if field.lowest == 0 else f"{field.name}_out_of_range"
    findings.append(Finding(code, low, quoting(f"{field.name} is {{}}, which is too low.", values)))
    if field.above is not None:
        message = quoting(f"{field.name} is {{}}, which is not above {field.above:g}.", values)
        findings.append(Finding(f"{field.name}_out_of_range", parsed <= field.above, message))
    findings.append(
        Finding(f"{field.name}_out_of_range", high, quoting(f"{field.name} is {{}}, which is too high.", values))
    )
    return Parsed(pa.array(parsed, pa.float64(), from_pandas=True), findings)


def parse_integer(values: pa.Array, field: Field, context: ParseContext) -> Parsed:
    """Return a column of whole numbers; fractions are rounded."""
    parsed = parse_number(values, field, context)
    known = parsed.values.to_numpy(zero_copy_only=False)
    large = np.abs(np.nan_to_num(known)) > np.iinfo(np.int32).max
    rounded = pc.cast(pc.round(pc.if_else(pa.array(~large), parsed.values, 0.0)), pa.int64())
    too_large = Finding(f"{field.name}_out_of_range", large, quoting(f"{field.name} {{}} is too large.", values))
    return Parsed(rounded, [*parsed.findings, too_large])


def parse_money(values: pa.Array, field: Field, context: ParseContext) -> Parsed:
    """Return an amount with two decimals."""
    parsed = parse_number(values, field, context)
    amounts = [None if value is None else Decimal(str(round(value, 2))) for value in parsed.values.to_pylist()]
    safe = [value if value is not None and abs(value) < 10**12 else None for value in amounts]
    return Parsed(pa.array(safe, pa.decimal128(14, 2)), parsed.findings)


def parse_choice(values: pa.Array, field: Field, context: ParseContext) -> Parsed:
    """Return a column of the field's choices: as written, as the profile translates them, or by a familiar word."""
    text = as_text(values)
    encoded = text.dictionary_encode()
    words = [choice_of(word, field, context.translations) for word in encoded.dictionary.to_pylist()]
    chosen = pa.array(words, pa.string()).take(encoded.indices)
    unknown = pc.and_(pc.is_valid(text), pc.is_null(chosen)).to_numpy(zero_copy_only=False)
    message = quoting(f"{field.name} '{{}}' is none of {', '.join(field.choices)}.", text)
    return Parsed(chosen, [Finding(f"unknown_{field.name}", unknown, message)])


def parse_list(values: pa.Array, _field: Field, _context: ParseContext) -> Parsed:
    """Return lists of texts, from a JSON list or one text with ``;``, ``,``, ``|`` or ``/`` between the items."""
    items = [None if text is None else _items(text) for text in as_text(values).to_pylist()]
    return Parsed(pa.array(items, pa.list_(pa.string())), [])


def _items(text: str) -> list[str]:
    try:
        listed = json.loads(text) if text.startswith("[") else None
    except (ValueError, RecursionError):
        listed = None
    if listed is None:
        return [part for part in _LIST_SEPARATORS.split(text) if part]
    return [str(item) for item in listed if item is not None]


def parse_document(values: pa.Array, field: Field, _context: ParseContext) -> Parsed:
    """Return JSON texts that are what the field must be, and why others are not."""
    assert field.document is not None  # noqa: S101 - every declared document says what it is
    texts: list[str | None] = []
    wrong: dict[int, str] = {}
    for row, text in enumerate(as_text(values).to_pylist()):
        try:
            texts.append(None if text is None else field.document(text))
        except ValidationError as error:
            texts.append(None)
            wrong[row] = error.errors(include_url=False, include_input=False)[0]["msg"]
    rows = np.isin(np.arange(len(texts)), list(wrong))
    message = Finding(f"unreadable_{field.name}", rows, lambda row: f"{field.name} cannot be read: {wrong[row]}.")
    return Parsed(pa.array(texts, pa.string()), [message])


PARSERS: dict[FieldType, Callable[[pa.Array, Field, ParseContext], Parsed]] = {
    FieldType.TEXT: parse_text,
    FieldType.SENTENCE: parse_sentence,
    FieldType.CATEGORY: parse_text,
    FieldType.REFERENCE: parse_text,
    FieldType.SIBLING: parse_text,
    FieldType.TITLE: parse_text,
    FieldType.INTEGER: parse_integer,
    FieldType.NUMBER: parse_number,
    FieldType.MONEY: parse_money,
    FieldType.CHOICE: parse_choice,
    FieldType.LIST: parse_list,
    FieldType.DOCUMENT: parse_document,
}
"""Parser of each field type that one column and no calendar is enough for."""

FAMILIAR_REPORTERS = (
    ("municipality", ("employee", "staff", "internal", "city worker", "municipal", "crew", "inspector", "public works",
                      "department")),
    ("officer_interview", ("officer interview", "police interview", "interview")),
    ("survey", ("survey", "questionnaire")),
    ("citizen", ("citizen", "resident", "constituent", "public", "app", "call", "phone", "web", "self service",
                 "online", "mobile", "email", "twitter", "walk-in", "walk in", "311")),
)  # fmt: skip
"""Words by which suppliers tell who reported, for values that the profile does not translate."""


def choice_of(word: str | None, field: Field, translations: dict[str, str]) -> str | None:
    """Return the choice that a supplier's word means, None where that is not known."""
    if word is None:
        return None
    translated = translations.get(word, word)
    plain = re.sub(r"[\s-]+", "_", translated.strip().casefold())
    if plain in field.choices:
        return plain
    if field.name != "reported_by":
        return None
    text = translated.casefold()
    return next((choice for choice, words in FAMILIAR_REPORTERS if any(part in text for part in words)), "unknown")


def as_text(values: pa.Array) -> pa.Array:
    """Return any column as text; whole numbers are written without a decimal point, lists and objects as JSON."""
    if is_text(values.type):
        return values
    if pa.types.is_nested(values.type):
        texts = (json.dumps(item, ensure_ascii=False, default=str) if item else None for item in values.to_pylist())
        return pa.array(texts, pa.string())
    if not pa.types.is_floating(values.type):
        return pc.cast(values, pa.string())
    whole = pc.cast(pc.cast(values, pa.int64(), safe=False), pa.string())
    return pc.if_else(pc.equal(pc.floor(values), values), whole, pc.cast(values, pa.string()))


def slug(text: str) -> str:
    """Return the code of a category: its label in lower case with hyphens."""
    return re.sub(r"[\W_]+", "-", text.casefold()).strip("-") or "unnamed"


def mask_of(values: pa.Array) -> NDArray[np.bool_]:
    """Return which values are null."""
    nulls: NDArray[np.bool_] = values.is_null().to_numpy(zero_copy_only=False)
    return nulls


def joined_texts(columns: list[pa.Array]) -> pa.Array:
    """Return the texts of several columns as one, null where all of them are."""
    texts = [as_text(column) for column in columns]
    joined = pc.binary_join_element_wise(*(pc.fill_null(text, "") for text in texts), " ")
    present = pa.array(np.any([text.is_valid().to_numpy(zero_copy_only=False) for text in texts], axis=0))
    return pc.if_else(present, joined, pa.scalar(None, joined.type))
