"""What staff does with fixes over HTTP: propose, edit, take steps, bundle, photos before and after."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, SettingsDep, permit
from app.errors import NotFoundError
from app.features import service as features
from app.features.parameters import MAX_IDENTIFIER
from app.features.responses import feature_response, one_of
from app.fixes import managing, service
from app.fixes.schemas import (
    BundleIn,
    BundleList,
    BundleOut,
    FixCatalogue,
    FixEdit,
    FixFeature,
    FixLife,
    FixLinks,
    FixPhoto,
    FixPhotos,
    FixStep,
    Stage,
)
from app.openapi import problems
from app.photos import service as photos
from app.photos.receiving import PHOTO_BODY, PHOTO_CONTENT, SentPhoto, photo_answer

READ = [permit("fixes", "read")]
ALTER = [permit("fixes", "alter")]
CHANGED = problems(400, 404, 409, 413, 415, 422)
PhotoParam = Annotated[int, Path(ge=1, le=MAX_IDENTIFIER, description="Number of the photo.", examples=[1])]

router = APIRouter(prefix="/municipalities/{municipality}", tags=["fixes"])


@router.get("/fix-kinds", dependencies=READ, responses=problems(400, 404))
def list_fix_kinds(_municipality: MunicipalityDep) -> FixCatalogue:
    """List what can be done about a place (CPTED): principle, usual owner, reach, and what is known of the benefit."""
    return FixCatalogue.model_validate({"kinds": managing.catalogue()})


@router.get("/fix-bundles", dependencies=READ, responses=problems(400, 404))
def list_fix_bundles(session: SessionDep, municipality: MunicipalityDep) -> BundleList:
    """List the bundles with their fixes, what they cost and what is set aside."""
    return BundleList.model_validate({"bundles": managing.list_bundles(session, municipality)})


@router.post("/fix-bundles", dependencies=ALTER, status_code=201, responses=CHANGED)
def create_fix_bundle(session: SessionDep, municipality: MunicipalityDep, body: BundleIn) -> BundleOut:
    """Make a bundle; fixes join it by their `bundle_id`."""
    number = managing.store_bundle(session, municipality, body)
    return BundleOut(id=number, title=body.title, description=body.description, fixes=[], cost=0.0, budget=0.0)


@router.post(
    "/fixes",
    dependencies=ALTER,
    status_code=201,
    response_class=Response,
    responses={201: one_of(service.COLLECTION)[200], **CHANGED},
)
def create_fix(
    session: SessionDep, municipality: MunicipalityDep, access: AccessDep, settings: SettingsDep, body: FixFeature
) -> Response:
    """Store a fix of a kind that `fix-kinds` lists."""
    number = managing.store_fix(session, municipality, body, max_vertices=settings.server.max_vertices)
    stored = features.get_feature(session, municipality, service.COLLECTION, number, access.precision)
    return feature_response(stored, status=201, location=f"/municipalities/{municipality.code}/fixes/{number}")


@router.patch(
    "/fixes/{id}", dependencies=ALTER, response_class=Response, responses={**one_of(service.COLLECTION), **CHANGED}
)
def edit_fix(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    id: IdentifierParam,  # noqa: A002
    body: FixEdit,
) -> Response:
    """Change what is told of a fix: owners, cost, budget, days, bundle, the danger zones and hot spots it answers."""
    managing.edit_fix(session, municipality, id, body)
    return feature_response(features.get_feature(session, municipality, service.COLLECTION, id, access.precision))


@router.post("/fixes/{id}/steps", dependencies=ALTER, responses=CHANGED)
def take_fix_step(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    id: IdentifierParam,  # noqa: A002
    body: FixStep,
) -> FixLife:
    """Take a fix through a step: plan, begin, finish, redo, postpone, drop or take up again.

    Its danger zones go along: into the plan, under way, and fixed when every fix that answers them is done or dropped.
    """
    managing.take_step(session, municipality, id, body, access.caller)
    return FixLife.model_validate(managing.life(session, municipality, id))


@router.get("/fixes/{id}/history", dependencies=READ, responses=problems(400, 404))
def get_fix_history(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> FixLife:  # noqa: A002
    """Return where a fix stands, the steps it can take, and those that it took, in words for everybody."""
    return FixLife.model_validate(managing.life(session, municipality, id))


@router.get("/fixes/{id}/links", dependencies=ALTER, responses=problems(400, 404))
def get_fix_links(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> FixLinks:  # noqa: A002
    """Return the danger zones and the hot-spot cells that a fix answers."""
    return FixLinks.model_validate(managing.links(session, municipality, id))


@router.get("/fixes/{id}/photos", dependencies=READ, responses=problems(400, 404))
def list_fix_photos(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> FixPhotos:  # noqa: A002
    """List the photos of a fix, before and after."""
    managing.life(session, municipality, id)
    found = photos.of_fix(session, municipality.id, id)
    return FixPhotos(photos=[FixPhoto(id=number, stage=stage) for number, stage in found])


@router.post("/fixes/{id}/photos", dependencies=ALTER, status_code=201, responses=CHANGED, openapi_extra=PHOTO_BODY)
def add_fix_photo(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    sent: SentPhoto,
    stage: Annotated[Stage, Query(description="Taken before the work or after it.")],
) -> FixPhoto:
    """Take in a photo of a fix: the body is the JPEG, PNG or WebP itself, three before and three after at most."""
    managing.life(session, municipality, id)
    stored = photos.add_to_fix(session, municipality.id, sent, fix_id=id, stage=stage)
    return FixPhoto(id=stored.id, stage=stage)


@router.get(
    "/fixes/{id}/photos/{photo}",
    dependencies=READ,
    response_class=Response,
    responses={**PHOTO_CONTENT, **problems(400, 404)},
)
def get_fix_photo(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    photo: PhotoParam,
) -> Response:
    """Return a photo of a fix as JPEG."""
    _require_own(photos.of_fix(session, municipality.id, id), id, photo)
    return photo_answer(photos.read(session, municipality.id, photo))


@router.delete("/fixes/{id}/photos/{photo}", dependencies=ALTER, status_code=204, responses=problems(400, 404))
def delete_fix_photo(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    photo: PhotoParam,
) -> None:
    """Erase a photo of a fix, for example one that shows a person."""
    _require_own(photos.of_fix(session, municipality.id, id), id, photo)
    photos.delete(session, municipality.id, photo)


def _require_own(known: list[tuple[int, str]], fix_id: int, photo: int) -> None:
    if photo not in {number for number, _ in known}:
        raise NotFoundError(
            f"There is no photo {photo} of fix {fix_id}.", "The list of its photos shows their numbers."
        )
