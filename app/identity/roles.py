"""The roles of a caller in a municipality."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a caller is in a municipality; each caller has one role in each, `PUBLIC` where none was given."""

    PUBLIC = "public"
    REPORTER = "reporter"
    """Holds the secret link of one report."""
    OFFICER = "officer"
    ANALYST = "analyst"
    COMMANDER = "commander"
    MUNICIPALITY = "municipality"
    """Engineers and planners of the municipality."""
    ADMINISTRATOR = "administrator"


ASSIGNABLE_ROLES = (Role.OFFICER, Role.ANALYST, Role.COMMANDER, Role.MUNICIPALITY, Role.ADMINISTRATOR)
"""Roles that an account or a key may be given."""
