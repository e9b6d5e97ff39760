"""Settings by concern, read from the environment with the prefix ``KVART_``; nothing is read at import time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import InvalidInputError


class EnvironmentSettings(BaseSettings):
    """Base of the settings: a variable that cannot be used is named, with what it takes, and its value is not shown.

    Raises
    ------
    InvalidInputError
        On construction, if a variable cannot be used.
    """

    model_config = SettingsConfigDict(env_prefix="KVART_")

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InvalidInputError(
                f"A setting cannot be used. {_told(error)}", "Correct or unset the environment variable."
            ) from None


def _told(error: ValidationError) -> str:
    faults = []
    for item in error.errors(include_url=False, include_input=False):
        names = ", ".join(f"KVART_{str(part).upper()}" for part in item["loc"])
        faults.append(f"{names}: {item['msg']}." if names else f"{item['msg']}.")
    return " ".join(faults)


class DatabaseSettings(EnvironmentSettings):
    """Where the data lives.

    With ``KVART_DATABASE_URL`` unset, a private PostGIS cluster under ``KVART_HOME`` (default ``.kvart``) is used.
    """

    database_url: str | None = Field(default=None, repr=False)
    home: Path = Path(".kvart")
    pool_size: int = Field(default=10, ge=1)
    pg_bindir: Path | None = None
    """Where the programs of PostgreSQL are, if not where the system's packages put them."""
    audit_head_file: Path | None = None
    """Where the heads of the audit log are published; by default below ``home``."""
    audit_keep_days: int | None = Field(default=None, ge=365)
    """For how many days audit events are kept; by default for good."""

    @property
    def audit_heads(self) -> Path:
        """File that the heads of the audit log are appended to."""
        return self.audit_head_file or self.home / "audit" / "heads.jsonl"

    @property
    def uploads(self) -> Path:
        """Directory in which the uploaded files of each municipality lie until they are taken in."""
        return self.home / "uploads"


class ServerSettings(EnvironmentSettings):
    """How the web service listens and what it accepts."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_upload_mb: int = Field(default=512, ge=1)
    max_body_kb: int = Field(default=1024, ge=1)
    max_vertices: int = Field(default=2000, ge=4)
    max_boundary_vertices: int = Field(default=50_000, ge=4)
    """Of a municipality's boundary; a larger one goes through ``kvart import municipalities``."""
    public_reads_per_minute: int = Field(default=240, ge=1)
    public_reports_per_minute: int = Field(default=20, ge=1)
    """What one address may read and send without a credential."""
    count_milliseconds: int = Field(default=300, ge=1)
    """How long matching features are counted; above that their number is an estimate."""
    layer_cache_mb: int = Field(default=64, ge=0)
    """Memory for tiles, extents and counts of layers, which are kept until the data changes."""
    emergency_number: str = Field(default="112", pattern=r"^[0-9 +*#-]{2,20}$")
    """What the page of reports says to call first where somebody is in danger."""
    worker: bool = True
    """Whether the service does the runs itself; without it they wait for another worker."""


class MapSettings(EnvironmentSettings):
    """What the maps may show below the data."""

    basemap_url: str | None = None
    basemap_attribution: str = ""
    handling_mark: str = "RESTRICTED - police and municipality use only"


class IdentitySettings(EnvironmentSettings):
    """Who may sign in, and by which address the service is known to browsers."""

    public_url: str | None = Field(default=None, pattern=r"^https?://[A-Za-z0-9.\[\]:-]+/?$")
    """Origin that browsers see, for example ``https://kvart.example``; unset: that of the request."""
    trusted_proxies: str = ""
    """Addresses and networks, separated by commas, whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed."""
    sign_in_attempts_per_minute: int = Field(default=20, ge=1)
    """From one address, whatever the account."""
    oidc_issuer: str | None = None
    """Issuer of bearer tokens (OpenID Connect): an https address, without its ``/.well-known`` part."""
    oidc_audience: str | None = None
    """What a token's ``aud`` must name; unset: the client id."""
    oidc_client_id: str | None = None
    """Client at the issuer by which people sign in on the page; unset: bearer tokens only."""
    oidc_client_secret: SecretStr | None = None
    oidc_roles_claim: str = "kvart_roles"
    """Claim with the roles; dots lead into objects, as in ``realm_access.roles``."""
    oidc_other_hosts: str = ""
    """Further hosts, separated by commas, that the issuer may name for its keys and tokens."""

    @model_validator(mode="after")
    def _say_for_whom_tokens_are(self) -> Self:
        if self.oidc_issuer and not (self.oidc_audience or self.oidc_client_id):
            raise ValueError("KVART_OIDC_ISSUER needs KVART_OIDC_AUDIENCE or KVART_OIDC_CLIENT_ID beside it")
        return self


class AccountSettings(EnvironmentSettings):
    """How passwords are hashed, and how long sessions and keys last."""

    password_time_cost: int = Field(default=3, ge=1)
    password_memory_kb: int = Field(default=65_536, ge=256)
    password_parallelism: int = Field(default=4, ge=1, le=16)
    """These three: the cost of an Argon2id hash; the defaults are those that RFC 9106 gives for machines like ours."""
    session_idle_hours: float = Field(default=12, gt=0, le=168)
    """A session ends when it was not seen for that long."""
    session_days: float = Field(default=7, gt=0, le=90)
    """A session ends after that long however often it was seen."""
    key_max_days: int = Field(default=730, ge=1, le=3650)
    """Longest that an API key may be valid."""


class Settings(EnvironmentSettings):
    """All settings of one process."""

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    server: ServerSettings = Field(default_factory=ServerSettings)
    maps: MapSettings = Field(default_factory=MapSettings)
    identity: IdentitySettings = Field(default_factory=IdentitySettings)
    accounts: AccountSettings = Field(default_factory=AccountSettings)
