"""The layer that an address names, as its caller sees it."""

from __future__ import annotations

from fastapi import Request
from sqlalchemy.orm import Session

from app.access import Access
from app.database.feature_collections import Interval
from app.municipalities.context import MunicipalityContext
from app.ogc.layers import Layer, View, view_of
from app.ogc.links import root_of

RUN = "run"


def addresses_of(layer: Layer) -> tuple[str, ...]:
    """Return the paths of a layer below the landing page: its own, and that of the results of one run."""
    own = f"/collections/{layer.name}"
    return (own,) if layer.results is None else (own, f"{own}-{{{RUN}}}")


def requested_view(
    request: Request,
    session: Session,
    municipality: MunicipalityContext,
    layer: Layer,
    interval: Interval | None = None,
) -> View:
    """Return the layer as the caller sees it, of the run that the address names where it names one.

    Raises
    ------
    NotFoundError
        If there is no such run.
    """
    access: Access = request.state.access
    return view_of(session, municipality, layer, access.precision, interval, request.path_params.get(RUN))


def address_of(request: Request, view: View) -> str:
    """Return the address of the layer."""
    return f"{root_of(request)}/collections/{view.collection.name}"
