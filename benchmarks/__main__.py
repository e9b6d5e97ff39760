"""Run all benchmarks, or the named ones, and write RESULTS.md."""

from __future__ import annotations

import argparse
import importlib
import pkgutil

import benchmarks
from benchmarks.report import RESULTS, Section, write_results

NOT_BENCHMARKS = {"__main__", "beat_peers", "cities", "clusters", "ogc_peers", "report"}


def main() -> None:
    """Discover modules with ``run() -> Section``, run them and write what they measured."""
    modules = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    names = [name for name in modules if name not in NOT_BENCHMARKS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; all by default")
    chosen = parser.parse_args().names or names
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        parser.error(f"unknown benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    for name in chosen:
        print(f"{name} ...", flush=True)
        section: Section = importlib.import_module(f"benchmarks.{name}").run()
        write_results([section])
        for row in section.rows:
            print(f"  {row.what}: {row.ours} s; {row.peer or 'no peer'} {row.theirs or ''}", flush=True)
    print(f"wrote {RESULTS}")


if __name__ == "__main__":
    main()
