"""Settings by concern, read from the environment with the prefix ``KVART_``; nothing is read at import time."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseSettings(BaseSettings):
    """Where the data lives.

    With ``KVART_DATABASE_URL`` unset, a private PostGIS cluster under ``KVART_HOME`` (default ``.kvart``) is used.
    """

    model_config = SettingsConfigDict(env_prefix="KVART_")

    database_url: str | None = None
    home: Path = Path(".kvart")
    pool_size: int = Field(default=10, ge=1)
    pg_bindir: Path | None = None
    """Where the programs of PostgreSQL are, if not where the system's packages put them."""


class ServerSettings(BaseSettings):
    """How the web service listens and what it accepts."""

    model_config = SettingsConfigDict(env_prefix="KVART_")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_upload_mb: int = Field(default=512, ge=1)
    max_body_kb: int = Field(default=1024, ge=1)
    max_vertices: int = Field(default=2000, ge=4)
    max_boundary_vertices: int = Field(default=50_000, ge=4)
    """Of a municipality's boundary; a larger one goes through ``kvart import municipalities``."""
    worker: bool = True
    """Whether the service does the runs itself; without it they wait for another worker."""


class MapSettings(BaseSettings):
    """What the maps may show below the data."""

    model_config = SettingsConfigDict(env_prefix="KVART_")

    basemap_url: str | None = None
    basemap_attribution: str = ""
    handling_mark: str = "RESTRICTED - police and municipality use only"


class Settings(BaseSettings):
    """All settings of one process."""

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    server: ServerSettings = Field(default_factory=ServerSettings)
    maps: MapSettings = Field(default_factory=MapSettings)
