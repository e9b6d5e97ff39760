"""Checks the locked runtime requirements against the published vulnerabilities.

Fails when one is known. Where no vulnerability service can be reached it says so and passes: a build on a closed
network must not depend on the weather outside.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path("requirements/runtime.txt")
TIMEOUT_S = 300


def main() -> int:
    """Return the exit code: 1 where a vulnerability is known."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip", "--require-hashes"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
            [*command, "--format", "json", "--progress-spinner", "off", "--timeout", "10"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
        print("audit: no vulnerability service answered; nothing was checked")
        return 0
    audited = [package for package in packages if "skip_reason" not in package]
    found = [(package, hole) for package in audited for hole in package["vulns"]]
    for package, hole in found:
        fixed = ", ".join(hole["fix_versions"]) or "no release yet"
        print(f"audit: {package['name']} {package['version']}: {hole['id']} (fixed in {fixed})")
    if not audited:
        print("audit: no vulnerability service answered; nothing was checked")
    else:
        print(f"audit: {len(audited)} of {len(packages)} packages checked, {len(found)} known vulnerabilities")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
