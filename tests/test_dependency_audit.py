"""``make audit``: a known vulnerability stops the build; no answer from outside does not."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / ".ci" / "audit.py"


@pytest.fixture
def audit():
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(monkeypatch, audit, text):
    done = subprocess.CompletedProcess([], 1, stdout=text, stderr="")
    monkeypatch.setattr(audit.subprocess, "run", lambda *args, **options: done)


def package(name, **more):
    return {"name": name, "version": "1.0", "vulns": [], **more}


def test_a_known_vulnerability_stops_the_build(monkeypatch, audit, capsys):
    hole = {"id": "CVE-2026-1", "fix_versions": ["1.1"]}
    answer(monkeypatch, audit, json.dumps({"dependencies": [package("a", vulns=[hole]), package("b")]}))
    assert audit.main() == 1
    assert "a 1.0: CVE-2026-1 (fixed in 1.1)" in capsys.readouterr().out


def test_no_known_vulnerability_passes(monkeypatch, audit, capsys):
    answer(monkeypatch, audit, json.dumps({"dependencies": [package("a"), package("b", skip_reason="not found")]}))
    assert audit.main() == 0
    assert "1 of 2 packages checked, 0 known" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", json.dumps({"dependencies": [{"name": "a", "skip_reason": "not found"}]})], ids=["silent", "skipped"]
)
def test_a_closed_network_is_told_and_passes(monkeypatch, audit, capsys, text):
    answer(monkeypatch, audit, text)
    assert audit.main() == 0
    assert "nothing was checked" in capsys.readouterr().out
