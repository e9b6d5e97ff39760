"""What can be said of the machine and the settings without a database."""

from __future__ import annotations

import ipaddress
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from app.database.installation import find_installation
from app.diagnosis.findings import Finding, fault, fine, note
from app.errors import DatabaseUnavailableError
from app.maps.assets import static_directories
from app.settings import Settings

LITTLE_ROOM_GB = 2.0
TOO_LITTLE_ROOM_GB = 0.2


def examine_machine(settings: Settings) -> Iterator[Finding]:
    """Look at the home, the disk, the programs of PostgreSQL and how the service may be reached."""
    yield _home(settings.database.home)
    yield _room(settings.database.home)
    if settings.database.database_url is None:
        yield _programs(settings.database.pg_bindir)
    yield _reach(settings)
    yield _map_files()


def _home(home: Path) -> Finding:
    nearest = _nearest_directory(home)
    if not os.access(nearest, os.W_OK | os.X_OK):
        return fault("home", f"{home} cannot be written to.", "Set KVART_HOME to a directory of your own.")
    if home.is_dir() and stat.S_IMODE(home.stat().st_mode) & stat.S_IROTH:
        return note("home", f"Every account of this machine may list {home}.", f"chmod o-r {home}")
    return fine("home", f"{home.absolute()} is ours to write to.")


def _room(home: Path) -> Finding:
    free_gb = shutil.disk_usage(_nearest_directory(home)).free / 1e9
    sentence = f"{free_gb:,.1f} GB are free where KVART_HOME lies."
    if free_gb < TOO_LITTLE_ROOM_GB:
        return fault("disk", sentence, "Free some: writes are refused when the disk is full.")
    if free_gb < LITTLE_ROOM_GB:
        return note("disk", sentence, "Free some before the next large import.")
    return fine("disk", sentence)


def _nearest_directory(path: Path) -> Path:
    """Return the path, or the nearest directory above it that exists."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.is_dir())


def _programs(bindir: Path | None) -> Finding:
    try:
        found = find_installation(bindir)
    except DatabaseUnavailableError as error:
        return fault("PostgreSQL", error.message, error.hint)
    return fine("PostgreSQL", f"Version {found.major} with PostGIS {found.postgis} in {found.bindir}.")


def _reach(settings: Settings) -> Finding:
    host = settings.server.host
    if _is_loopback(host):
        return fine("network", f"The service listens at {host}: only this machine reaches it.")
    if settings.identity.public_url is None or not settings.identity.public_url.startswith("https:"):
        return fault(
            "network",
            f"The service listens at {host} without an https address: passwords and keys cross the network in clear.",
            "Put a reverse proxy with TLS before it and set KVART_PUBLIC_URL and KVART_TRUSTED_PROXIES.",
        )
    if not settings.identity.trusted_proxies:
        return note(
            "network",
            f"No proxy is trusted: every caller of {settings.identity.public_url} seems to come from the proxy.",
            "Set KVART_TRUSTED_PROXIES to its address, so that limits and the audit log see the callers.",
        )
    return fine("network", f"Browsers reach the service at {settings.identity.public_url}.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _map_files() -> Finding:
    missing = [str(directory) for directory in static_directories().values() if not Path(directory).is_dir()]
    if missing:
        return fault("maps", f"Files that maps are made of are missing: {', '.join(missing)}.", "Install Kvart again.")
    return fine("maps", "Maps need nothing from the network.")
