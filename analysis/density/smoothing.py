"""Kernel and bandwidth of a density, checked, and why that bandwidth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from analysis.density.bandwidth import Bandwidth, suggest_bandwidth
from analysis.density.kernels import KernelShape, known_kernel
from analysis.errors import ParameterError
from analysis.grids.square import SquareGrid
from analysis.projection import FloatArray
from analysis.summary import Notice


@dataclass(frozen=True)
class Smoothing:
    """Kernel, bandwidth and why that bandwidth.

    Attributes
    ----------
    kernel : KernelShape
    bandwidth_m : float
        Metres.
    reason : str or None
        Rule that chose it, None where it was given.
    """

    kernel: KernelShape
    bandwidth_m: float
    reason: str | None

    @property
    def name(self) -> str:
        """Parameter that the bandwidth goes by."""
        return self.kernel.bandwidth

    @property
    def peak_per_km2(self) -> float:
        """Density of one event at its own place, per km2."""
        return self.kernel.peak / (self.bandwidth_m / 1000.0) ** 2

    @property
    def description(self) -> str:
        """Kernel and bandwidth in words."""
        rule = f" ({self.reason})" if self.reason else ""
        return f"{self.kernel.name} kernel, {self.name.removesuffix('_m')} {self.bandwidth_m:g} m{rule}"

    def parameters(self, grid: SquareGrid) -> dict[str, Any]:
        """Return the parameters that kernel and grid bring to a summary.

        Parameters
        ----------
        grid : SquareGrid

        Returns
        -------
        dict
        """
        return {
            "kernel": self.kernel.name,
            self.name: self.bandwidth_m,
            "bandwidth_rule": self.reason or "given",
            "cell_m": grid.cell_m,
            "origin_m": [grid.origin_x, grid.origin_y],
            "cells": grid.n_cells,
        }

    def notices(self, grid: SquareGrid) -> tuple[Notice, ...]:
        """Warn of a bandwidth that the cells cannot show.

        Parameters
        ----------
        grid : SquareGrid

        Returns
        -------
        tuple of Notice
            ``bandwidth_below_cell``, or none.
        """
        if self.bandwidth_m >= grid.cell_m:
            return ()
        return (
            Notice(
                "bandwidth_below_cell",
                f"{self.name} is {self.bandwidth_m:g} m, less than the cell of {grid.cell_m:g} m: density is taken at "
                "cell centres, so events between them may not show. Use a smaller cell or a wider bandwidth.",
            ),
        )


def chosen_smoothing(
    kernel: str,
    radius_m: float | Bandwidth | None,
    sigma_m: float | Bandwidth | None,
    x: FloatArray,
    y: FloatArray,
    cell_m: float,
) -> Smoothing:
    """Check kernel and bandwidth, and suggest a bandwidth where none is given.

    Parameters
    ----------
    kernel : str
    radius_m, sigma_m : float or Bandwidth, optional
        Metres, or what a rule of `analysis.density.bandwidth_rules` chose.
    x, y : ndarray of float64, shape (n,)
        Events, metres.
    cell_m : float
        Side of a cell of the map, metres.

    Returns
    -------
    Smoothing

    Raises
    ------
    ParameterError
        An unknown kernel, a bandwidth that is not positive or belongs to another kernel.
    """
    shape = known_kernel(kernel)
    given, other = (sigma_m, radius_m) if shape.bandwidth == "sigma_m" else (radius_m, sigma_m)
    if other is not None:
        other_name = "radius_m" if shape.bandwidth == "sigma_m" else "sigma_m"
        raise ParameterError(
            f"The {kernel} kernel takes {shape.bandwidth}, not {other_name}.", f"Give {shape.bandwidth} instead."
        )
    chosen = suggest_bandwidth(x, y, cell_m) if given is None else given
    if isinstance(chosen, Bandwidth):
        return Smoothing(shape, chosen.for_kernel(shape), chosen.reason)
    if not (math.isfinite(chosen) and chosen > 0):
        raise ParameterError(f"{shape.bandwidth} is {chosen}.", "Give a positive number of metres.")
    return Smoothing(shape, float(chosen), None)
