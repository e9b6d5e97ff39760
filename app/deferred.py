"""What takes long to load, and is loaded when something of it is first used.

A module that the web service or the commands load at their start takes the libraries of tables from here, and the
modules that compute or draw as a `Deferred` beside an import for the type checker and the import rules. What is loaded
by these in turn imports as usual.
"""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["Deferred", "gpd", "pa", "pc", "pd", "pyogrio"]


class Deferred:
    """A module that is loaded when something of it is first used.

    Parameters
    ----------
    name : str
        Full name of the module.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @cached_property
    def _module(self) -> ModuleType:
        return import_module(self._name)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._module, attribute)


if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyogrio
else:
    gpd, pd = Deferred("geopandas"), Deferred("pandas")
    pa, pc = Deferred("pyarrow"), Deferred("pyarrow.compute")
    pyogrio = Deferred("pyogrio")
