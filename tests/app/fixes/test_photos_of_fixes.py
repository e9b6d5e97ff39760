"""Photos of fixes from a folder: `kvart import fix-photos`."""

import shutil

import pytest
from PIL import Image
from sqlalchemy import text

from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.fixes.photo_files import TakenPhotos, take_in_photos
from app.photos import service as photos
from tests.app.fixes.conftest import SAMPLE


@pytest.fixture
def take_in(sample_town, lindenkvart):
    def ask(folder):
        with sample_town.inside(lindenkvart.id) as session:
            return take_in_photos(session, lindenkvart, folder)

    return ask


def stages(sample_town, lindenkvart, fix):
    with sample_town.inside(lindenkvart.id) as session:
        return sorted(stage for _, stage in photos.of_fix(session, lindenkvart.id, fix))


def test_photos_of_a_folder_are_stored_once_and_told_to_the_audit(take_in, sample_town, lindenkvart, fix_number):
    assert take_in(SAMPLE / "fix_photos") == TakenPhotos(added=7, known=0)
    assert take_in(SAMPLE / "fix_photos") == TakenPhotos(added=0, known=7)
    assert stages(sample_town, lindenkvart, fix_number("FX-01")) == ["after", "before"]
    with sample_town.owner_engine.connect() as connection:
        what = connection.execute(text("select what from audit_event where what ->> 'collection' = 'fix-photos'"))
        assert [row.what["added"] for row in what] == [7, 0]


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("holiday.png", InvalidInputError, "does not tell which fix it shows"),
        ("FX-99_after.png", NotFoundError, "there is no fix FX-99"),
        ("FX-03_after.jpg", InvalidInputError, "FX-03_after.jpg: The file is no photo"),
    ],
)
def test_a_photo_that_cannot_be_taken_is_named_and_nothing_is_stored(
    take_in, sample_town, lindenkvart, fix_number, tmp_path, name, error, words
):
    shutil.copy(SAMPLE / "fix_photos" / "FX-02_before.png", tmp_path / "FX-03_Before.png")
    if name.endswith(".jpg"):
        (tmp_path / name).write_bytes(b"no photo")
    else:
        Image.new("RGB", (9, 9)).save(tmp_path / name)
    with pytest.raises(error, match=words):
        take_in(tmp_path)
    assert stages(sample_town, lindenkvart, fix_number("FX-03")) == []


def test_a_fourth_photo_of_a_stage_is_refused_by_name(take_in, tmp_path):
    for number in range(4):
        Image.new("RGB", (9 + number, 9)).save(tmp_path / f"FX-05_before_{number}.png")
    with pytest.raises(ConflictError, match=r"FX-05_before_3\.png: There are 3 photos already"):
        take_in(tmp_path)


def test_a_folder_without_photos_is_told(take_in, tmp_path):
    with pytest.raises(NotFoundError, match="no photo"):
        take_in(tmp_path)
    with pytest.raises(NotFoundError, match="no folder"):
        take_in(tmp_path / "nowhere")
