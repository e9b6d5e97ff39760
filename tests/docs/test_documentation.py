"""The documentation names only files, commands, options and settings that exist."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from app.commands import build_program
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/sample/*.md")])
LINK = re.compile(r"\]\(([^)#:]+?)(?:#[^)]*)?\)")
CALL = re.compile(r"(?:^|&& )(?:\.venv/bin/)?kvart ([^&]*)")
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def names(path):
    return str(path.relative_to(ROOT))


def documented_commands():
    """Every call of kvart in a shell block, continued lines joined, without comments and variables before it."""
    for page in PAGES:
        for block in SHELL.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                for call in CALL.findall(line):
                    words = shlex.split(call, comments=True)
                    yield pytest.param(words, id=f"{page.name}: {' '.join(words[:3])}")


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{names(page)} links to {target}"


@pytest.mark.parametrize("words", list(documented_commands()))
def test_commands_and_options_exist(words):
    command = typer.main.get_command(build_program())
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    assert not getattr(command, "commands", {}), f"no command {words[:1]}"
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known | {"--help"}


def test_every_setting_is_documented():
    pages = [page.read_text(encoding="utf-8") for page in ROOT.glob("docs/*.md")]
    groups = [field.annotation for field in Settings.model_fields.values()]
    settings = {name for group in groups for name in group.model_fields}
    documented = {name for page in pages for name in re.findall(r"`KVART_([A-Z_]+)`", page)}
    assert documented - {"DATABASE_PASSWORD"} == {name.upper() for name in settings}


def test_no_page_names_this_machine():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert "/work/" not in text
        assert "../shared" not in text
