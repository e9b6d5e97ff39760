"""The forms of the sign-in and account pages."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.features.schemas import PlainText
from app.identity.keys import DEFAULT_DAYS, LONGEST_LABEL
from app.identity.passwords import LONGEST
from app.identity.purposes import Purpose

LONGEST_ADDRESS = 2000
OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def own_address(address: str) -> str:
    """Return an address if it is one of this service, the home page otherwise: nobody is led elsewhere by a link."""
    return address if len(address) <= LONGEST_ADDRESS and OWN_PATH.fullmatch(address) else "/"


Password = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class PageForm(BaseModel):
    """A form of one of our pages."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class BeginForm(PageForm):
    """What every way to sign in asks for.

    Attributes
    ----------
    purpose : Purpose
        Why data is looked at in this session.
    next : str
        Where to go afterwards.
    """

    purpose: Purpose
    next: Annotated[str, AfterValidator(own_address)] = "/"


class PasswordSignInForm(BeginForm):
    """Sign in by name and password."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    password: Password


class PurposeForm(PageForm):
    """Choose another purpose of use."""

    purpose: Purpose


class PasswordForm(PageForm):
    """Choose another password."""

    current: Password
    new: Password
    again: Password


class KeyForm(PageForm):
    """Make an API key.

    Attributes
    ----------
    label : str
    reach : str
        Scopes, separated by spaces.
    municipality : str
        Code of the only municipality; empty for all of the account.
    purpose : Purpose or None
        Of requests that name none.
    days : int
    """

    label: Annotated[PlainText, Field(max_length=LONGEST_LABEL)]
    reach: Annotated[str, Field(min_length=1, max_length=1000)] = "*:read"
    municipality: Annotated[str, Field(max_length=63)] = ""
    purpose: Purpose
    days: int = DEFAULT_DAYS


class EmptyForm(PageForm):
    """A button."""
