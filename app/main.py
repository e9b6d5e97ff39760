"""The web service; nothing happens at import time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import Semaphore, to_thread
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from analysis.summary import software_version
from app.analyses.router import router as analyses
from app.areal_units.router import router as areal_units
from app.audit.router import router as audit
from app.audit.sealing import Sealer
from app.beats.router import router as beat_plans
from app.catalogue import collections
from app.charts.router import router as charts
from app.danger_zones.moderation_router import router as moderation
from app.danger_zones.report_pages import router as report
from app.danger_zones.reporter_pages import router as my_report
from app.danger_zones.router import router as danger_zones
from app.database.sessions import Database, open_database
from app.dependencies import rights_of_routes
from app.fixes.life_router import router as fix_life
from app.fixes.router import router as fixes
from app.health.router import router as health
from app.hot_spots.router import router as hot_spots
from app.identity.account_pages import router as account
from app.identity.oidc import connect_issuer
from app.identity.router import router as identity
from app.imports.router import router as imports
from app.incidents.router import router as incidents
from app.jobs.process import WorkerProcess
from app.lights.router import router as lights
from app.maps.assets import static_directories
from app.maps.router import router as maps
from app.metrics.instruments import Instruments
from app.metrics.router import router as metrics
from app.middleware import BodyCap, PublicAddress, RequestFrame
from app.moderation.router import router as moderation_pages
from app.municipalities.router import router as municipalities
from app.officers.router import router as officers
from app.ogc.keeping import LayerCache
from app.ogc.processes_router import router as processes
from app.ogc.router import router as ogc
from app.ogc.tiles_router import router as ogc_tiles
from app.open311.router import router as open311
from app.openapi import build_openapi
from app.photos.images import MOST_BYTES
from app.plans.edits.editors import Editors
from app.plans.officers_router import router as plan_officers
from app.plans.router import router as plans
from app.problems import register_problem_handlers
from app.public_places.pages import router as reported
from app.public_places.router import router as public_counts
from app.rate_limits import RateLimiter
from app.runs.router import router as runs
from app.runs.watching import RunWatch
from app.settings import ServerSettings, Settings
from app.streets.router import router as streets
from app.web.refusals import refuse_unread, show_refusals_as_pages
from app.web.router import WEB_STATIC
from app.web.router import router as pages

ROUTERS = (
    ogc,
    processes,
    ogc_tiles,
    pages,
    identity,
    account,
    health,
    metrics,
    municipalities,
    incidents,
    danger_zones,
    moderation,
    moderation_pages,
    report,
    reported,
    my_report,
    public_counts,
    open311,
    areal_units,
    lights,
    streets,
    fixes,
    fix_life,
    officers,
    imports,
    runs,
    analyses,
    hot_spots,
    beat_plans,
    plans,
    plan_officers,
    charts,
    maps,
    audit,
)
"""Requests look for their route in this order: the layers, which are read most, come first."""
SMALLEST_COMPRESSED_BYTES = 1024
QUICK_COMPRESSION = 1
MOST_REPORT_BYTES = 64 * 1024**2
ROOM_FOR_WORDS = 1024**2
"""Beside the photos; a photo that is a little too large is refused by what says so in its sender's language."""


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """Return the web service; it opens its database and starts its worker when the server starts it.

    Parameters
    ----------
    settings : Settings
    database : Database, optional
        Opened already; the service closes it at its end.
    """
    application = FastAPI(
        title="Kvart",
        version=software_version().removeprefix("kvart "),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=_lifespan,
    )
    application.state.settings, application.state.database = settings, database
    application.state.rate_limiter = RateLimiter()
    application.state.issuer = connect_issuer(settings.identity)
    application.state.instruments = Instruments()
    application.state.editors = Editors()
    application.state.layer_cache = LayerCache(settings.server.layer_cache_mb * 1024**2)
    # include_router would build every route anew, for each application
    application.router.routes.extend(route for router in ROUTERS for route in router.routes)
    for address, directory in {**static_directories(), "/static": WEB_STATIC}.items():
        application.mount(address, StaticFiles(directory=directory))
    register_problem_handlers(application)
    show_refusals_as_pages(application)
    application.add_middleware(BodyCap, most_bytes=_body_cap(settings.server), refuse=refuse_unread)
    application.add_middleware(GZipMiddleware, minimum_size=SMALLEST_COMPRESSED_BYTES, compresslevel=QUICK_COMPRESSION)
    application.add_middleware(RequestFrame, observe=application.state.instruments.observe_request)
    if settings.identity.public_url:
        application.add_middleware(PublicAddress, public_url=settings.identity.public_url)
    if settings.identity.trusted_proxies:
        application.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.identity.trusted_proxies)
    application.openapi = _openapi_once(application)  # type: ignore[method-assign]
    return application


@asynccontextmanager
async def _lifespan(application: FastAPI) -> AsyncIterator[None]:
    settings: Settings = application.state.settings
    database = application.state.database or await to_thread.run_sync(open_database, settings.database)
    worker = WorkerProcess(settings.database) if settings.server.worker else None
    sealer = Sealer(database, settings.database.audit_heads)
    application.state.database, application.state.worker = database, worker
    application.state.run_watch = RunWatch(database)
    application.state.turns = Semaphore(settings.database.pool_size)
    try:
        if worker is not None:
            worker.start()
        sealer.start()
        yield
    finally:
        if worker is not None:
            await to_thread.run_sync(worker.stop)
        if application.state.issuer is not None:
            application.state.issuer.close()
        await to_thread.run_sync(application.state.run_watch.stop)
        await to_thread.run_sync(sealer.stop)
        await to_thread.run_sync(database.close)


def _body_cap(settings: ServerSettings) -> Callable[[str, str], int]:
    def most_bytes(method: str, path: str) -> int:
        if method == "POST" and path.rstrip("/").endswith("/imports"):
            return settings.max_upload_mb * 1024**2
        if method == "POST" and path.rstrip("/").endswith("/photos"):
            return MOST_BYTES + ROOM_FOR_WORDS
        if method == "POST" and (path.startswith("/report/") or path.endswith("/send-photos")):
            return MOST_REPORT_BYTES
        return settings.max_body_kb * 1024

    return most_bytes


def _openapi_once(application: FastAPI) -> Callable[[], dict[str, Any]]:
    def openapi() -> dict[str, Any]:
        if application.openapi_schema is None:
            application.openapi_schema = build_openapi(application, collections(), rights_of_routes(ROUTERS))
        return application.openapi_schema

    return openapi
