"""Commands whose options are the fields of a dataclass, so that several commands share them."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

Group = TypeVar("Group")


def command_of(run: Callable[[Group], None], group: type[Group]) -> Callable[..., None]:
    """Return a command that takes the fields of a group as options and hands the group to a function.

    Parameters
    ----------
    run : callable
        Its docstring is the help of the command.
    group : type of dataclass
        Fields annotated with typer's arguments and options.
    """
    hints = get_type_hints(group, include_extras=True)
    taken = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in dataclasses.fields(group)  # type: ignore[arg-type]
    ]

    def command(**given: Any) -> None:
        run(group(**given))

    command.__doc__ = run.__doc__
    command.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in taken}
    return command
