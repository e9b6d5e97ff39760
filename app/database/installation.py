"""Finding PostgreSQL and PostGIS among the system's packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.database.programs import run_program
from app.errors import DatabaseUnavailableError

OLDEST_POSTGRESQL = 15
OLDEST_POSTGIS = (3, 3)
PROGRAMS = ("initdb", "postgres", "pg_dump", "pg_restore")
BINDIR_PATTERNS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/lib/postgresql*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
    "home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "usr/local/pgsql/bin",
)
"""Where Debian, Ubuntu, RHEL, SUSE, Homebrew and a build from source put the server's programs."""

INSTALL_HINT = (
    "Install it with one command: sudo apt-get install postgresql postgresql-postgis "
    "(RHEL: dnf install postgresql-server postgis; macOS: brew install postgis). "
    "A server elsewhere is named by KVART_DATABASE_URL, programs elsewhere by KVART_PG_BINDIR."
)


@dataclass(frozen=True)
class Installation:
    """The programs of one PostgreSQL that has PostGIS."""

    bindir: Path
    major: int
    postgis: str

    def program(self, name: str) -> str:
        """Return the path of one of its programs, for example ``pg_dump``."""
        return str(self.bindir / name)


def find_installation(bindir: Path | None = None, *, major: int | None = None) -> Installation:
    """Return the newest PostgreSQL with PostGIS on this machine.

    Parameters
    ----------
    bindir : Path, optional
        The only directory to look in (``KVART_PG_BINDIR``).
    major : int, optional
        Major version that an existing data directory needs.

    Raises
    ------
    DatabaseUnavailableError
        If none is found; the message says what was seen and how to install one.
    """
    rejected: list[str] = []
    found: list[Installation] = []
    for directory in [bindir] if bindir else dict.fromkeys(_candidate_directories("initdb", "postgres")):
        try:
            installation = _examine(directory)
        except DatabaseUnavailableError as error:
            rejected.append(error.message)
            continue
        if major in {None, installation.major}:
            return installation
        found.append(installation)
    if found:
        versions = ", ".join(sorted({str(installation.major) for installation in found}))
        raise DatabaseUnavailableError(
            f"The data was written by PostgreSQL {major}, but this machine has PostgreSQL {versions}.",
            f"Install postgresql-{major} with its PostGIS, or make a backup there with `kvart db backup` "
            "and restore it into a new KVART_HOME with `kvart db restore`.",
        )
    seen = f" Seen: {'; '.join(rejected)}." if rejected else ""
    wanted = f"PostgreSQL >= {OLDEST_POSTGRESQL} with PostGIS >= {'.'.join(map(str, OLDEST_POSTGIS))}"
    raise DatabaseUnavailableError(f"No {wanted} was found.{seen}", INSTALL_HINT)


def find_program(name: str, bindir: Path | None = None) -> str:
    """Return the path of the newest client program of that name, for example ``pg_dump``; it needs no server.

    Raises
    ------
    DatabaseUnavailableError
        If there is none.
    """
    for directory in [bindir] if bindir else _candidate_directories(name):
        if os.access(directory / name, os.X_OK):
            return str(directory / name)
    raise DatabaseUnavailableError(
        f"The program {name} was not found.", "Install it with one command: sudo apt-get install postgresql-client"
    )


def _candidate_directories(*programs: str) -> Iterator[Path]:
    found = [path for pattern in BINDIR_PATTERNS for path in Path("/").glob(pattern)]
    yield from sorted(found, key=_version_in_path, reverse=True)
    for program in programs:
        on_path = shutil.which(program)
        if on_path:
            yield Path(on_path).resolve().parent


def _version_in_path(bindir: Path) -> int:
    numbers = re.findall(r"\d+", bindir.parent.name)
    return int(numbers[-1]) if numbers else 0


def _examine(bindir: Path) -> Installation:
    """Return the installation in a directory, or say in an error why it cannot be used."""
    missing = [name for name in PROGRAMS if not os.access(bindir / name, os.X_OK)]
    if missing:
        raise DatabaseUnavailableError(f"{bindir} has no {', '.join(missing)}", INSTALL_HINT)
    major = _major_version(bindir)
    if major < OLDEST_POSTGRESQL:
        raise DatabaseUnavailableError(f"{bindir} is PostgreSQL {major}", INSTALL_HINT)
    control = next((path for path in _control_files(bindir, major) if path.is_file()), None)
    if control is None:
        raise DatabaseUnavailableError(f"{bindir} has no PostGIS", INSTALL_HINT)
    postgis = re.search(r"default_version\s*=\s*'((\d+)\.(\d+)[^']*)'", control.read_text(encoding="utf-8"))
    if postgis is None or (int(postgis[2]), int(postgis[3])) < OLDEST_POSTGIS:
        raise DatabaseUnavailableError(f"{bindir} has PostGIS {postgis[1] if postgis else '?'}", INSTALL_HINT)
    return Installation(bindir, major, postgis[1])


def _major_version(bindir: Path) -> int:
    try:
        answer = run_program([str(bindir / "postgres"), "--version"], timeout=30).stdout
        return int(re.findall(r"\(PostgreSQL\) (\d+)", answer)[0])
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        raise DatabaseUnavailableError(f"{bindir}/postgres does not tell its version", INSTALL_HINT) from error


def _control_files(bindir: Path, major: int) -> Iterator[Path]:
    prefix = bindir.resolve().parent
    for share in (
        Path(f"/usr/share/postgresql/{major}"),
        prefix / "share" / "postgresql",
        prefix / "share" / f"postgresql@{major}",
        prefix / "share",
        Path("/usr/share/pgsql"),
    ):
        yield share / "extension" / "postgis.control"
    if os.access(bindir / "pg_config", os.X_OK):
        answer = run_program([str(bindir / "pg_config"), "--sharedir"])
        yield Path(answer.stdout.strip()) / "extension" / "postgis.control"
