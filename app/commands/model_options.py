"""Options of the command line from the parameters of an analysis, so that commands and HTTP take the same."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import typer
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

if TYPE_CHECKING:
    from collections.abc import Collection

Model = TypeVar("Model", bound=BaseModel)
_PAIR = 2


def model_options(model: type[BaseModel], leave_out: Collection[str] = ()) -> list[inspect.Parameter]:
    """Return an option for each field of a parameter model, with its description as help.

    Parameters
    ----------
    model : type of pydantic model
    leave_out : collection of str
        Fields that the command line gives in another way.

    Notes
    -----
    Nothing is given by default: the model has the defaults, and the help tells them.
    """
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(name, field))
        for name, field in model.model_fields.items()
        if name not in leave_out
    ]


def checked_model(model: type[Model], given: Mapping[str, Any]) -> Model:
    """Return the parameters from the options that were given.

    Raises
    ------
    InvalidInputError
        An option cannot be used; the message names it.
    """
    from app.errors import InvalidInputError

    told = {name: _as_parameter(model.model_fields[name], value) for name, value in given.items() if value is not None}
    try:
        return model.model_validate(told, strict=False)
    except ValidationError as error:
        raise InvalidInputError(" ".join(_messages(error)), "--help lists the options and what they take.") from error


def _messages(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_url=False):
        option = f"{option_name(str(item['loc'][0]))}: " if item["loc"] else ""
        given = f" (given: {item['input']})" if option and not isinstance(item["input"], dict) else ""
        yield f"{option}{item['msg'].removeprefix('Value error, ')}{given}."


def option_name(field: str) -> str:
    """Return the option of a field: ``cell_m`` becomes ``--cell-m``."""
    return f"--{field.replace('_', '-')}"


def _annotation(name: str, field: FieldInfo) -> Any:
    kind, metavar = _kind(name, _plain(field.annotation))
    default = _told(field.default)
    shown = f" [default: {default}]" if default else ""
    flag = f"{option_name(name)}/--no-{name.replace('_', '-')}" if field.default is True else option_name(name)
    return Annotated[
        kind | None,
        typer.Option(flag, metavar=metavar, help=f"{field.description}{shown}", show_default=False),
    ]


def _plain(annotation: Any) -> Any:
    """Return a type without None and without the checks that the model makes."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        kept = [_plain(part) for part in get_args(annotation) if part is not type(None)]
        return kept[0] if len(kept) == 1 else str
    return annotation


def _kind(name: str, plain: Any) -> tuple[Any, str | None]:
    """Return what an option is on the command line, and how its value is called."""
    origin, arguments = get_origin(plain), get_args(plain)
    if origin is Literal and all(isinstance(choice, str) for choice in arguments):
        return StrEnum(name, {choice: choice for choice in arguments}), None
    if origin is Literal:
        return str, "|".join(map(str, arguments))
    if origin is tuple:
        pair = len(arguments) == _PAIR and arguments[1] is not Ellipsis
        return (tuple[float, float], "X Y") if pair else (str, "A,B,...")
    if _is_period(plain):
        return tuple[str, str], "FIRST LAST"
    known = {bool: (bool, ""), int: (int, "N"), float: (float, "N"), date: (str, "YYYY-MM-DD")}
    return known.get(plain, (str, "TEXT"))


def _as_parameter(field: FieldInfo, value: Any) -> Any:
    """Return the value of an option as the model takes it."""
    plain = _plain(field.annotation)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple) and _is_period(plain):
        return {"first": value[0], "last": value[1]}
    if isinstance(value, str) and get_origin(plain) is tuple:
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if _is_period(_plain(get_args(plain)[0])):
            return [dict(zip(("first", "last"), part.split("/"), strict=False)) for part in parts]
        return parts
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _is_period(plain: Any) -> bool:
    return isinstance(plain, type) and issubclass(plain, BaseModel)


def _told(default: Any) -> str:
    if default is None or isinstance(default, bool) or default == () or repr(default) == "PydanticUndefined":
        return ""
    return ",".join(f"{part:g}" for part in default) if isinstance(default, tuple) else str(default)
