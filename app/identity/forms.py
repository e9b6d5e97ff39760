"""Forms of our pages: sent by our pages, with the token that they carry, and with nothing else in them."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from typing import Any, TypeVar

from fastapi import Depends, Request
from pydantic import ValidationError

from app.access import CSRF_FIELD, FORM, Access, media_type_of
from app.errors import ForbiddenError, InvalidInputError, UnsupportedFormatError
from app.identity.cookies import FORM as FORM_COOKIE
from app.identity.cookies import read_cookie, require_own_page
from app.identity.schemas import PageForm

MOST_FIELDS = 20
AnyForm = TypeVar("AnyForm", bound=PageForm)


def form_of(kind: type[PageForm]) -> Any:
    """Return the dependency that reads a form.

    Parameters
    ----------
    kind : type
        What the form asks for.
    """

    async def read(request: Request) -> PageForm:
        return await read_form(request, kind)

    return Depends(read)


async def read_form(request: Request, kind: type[AnyForm]) -> AnyForm:
    """Return a form that one of our pages sent.

    Raises
    ------
    ForbiddenError
        If a page of another site sent it, or it lacks the token.
    InvalidInputError
        If a field is missing, unknown or cannot be used.
    UnsupportedFormatError
        If it is no form.
    """
    require_own_form(request, {FORM}, f"Send Content-Type: {FORM}.")
    fields = await request.form(max_fields=MOST_FIELDS)
    _require_token(request, str(fields.get(CSRF_FIELD, "")))
    told = {name: value for name, value in fields.items() if name != CSRF_FIELD}
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        raise InvalidInputError(_told(error), "Go back and fill in the form again.") from error


def require_own_form(request: Request, media_types: Collection[str], hint: str) -> None:
    """Refuse what is no form of a page of ours, before anything of it is read.

    Parameters
    ----------
    request : Request
    media_types : collection of str
        What the form may be sent as.
    hint : str
        What a program should send instead.

    Raises
    ------
    ForbiddenError
        If a page of another site sent it.
    UnsupportedFormatError
        If it is no such form.
    """
    require_own_page(request)
    if media_type_of(request) not in media_types:
        raise UnsupportedFormatError("This address takes the form of its own page.", hint)


def _require_token(request: Request, token: str) -> None:
    """Compare with the browser's own cookie; that of a session was compared when the right was granted."""
    access: Access = request.state.access
    if access.caller.csrf_token_hash is not None:
        return
    kept = read_cookie(request, FORM_COOKIE) or ""
    if not kept or not hmac.compare_digest(kept.encode(), token.encode()):
        raise ForbiddenError(
            "The form does not come from the page that this browser was shown.",
            "Open the page again, with cookies allowed, and send the form once more.",
        )


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"])[:80]
    return f"Field '{name}': {first['msg'].removeprefix('Value error, ')}."
