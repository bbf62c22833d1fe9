"""`python -m tools.kubernetes [--out FOLDER]`: check what every overlay renders to.

With `--out`, the objects and the Jobs that KEDA would make of them are written there, for checkov.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml
from tools.kubernetes.cross_checks import cross_check
from tools.kubernetes.rendering import VARIANTS, render
from tools.kubernetes.schemas import check_schemas, with_jobs
from tools.kubernetes.settings_checks import check_settings


def main() -> int:
    """Print what is wrong; the exit status is 1 if anything is."""
    parser = argparse.ArgumentParser(prog="python -m tools.kubernetes", description=__doc__)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    wrong = 0
    for variant in VARIANTS:
        objects = render(variant)
        found = [*check_schemas(objects), *cross_check(objects), *check_settings(objects)]
        print("\n".join(f"{variant}: {sentence}" for sentence in found), end="\n" if found else "")
        wrong += len(found)
        if asked.out is not None:
            asked.out.mkdir(parents=True, exist_ok=True)
            text = yaml.safe_dump_all(with_jobs(objects), sort_keys=False)
            (asked.out / f"{variant}.yaml").write_text(text, "utf-8")
    print(f"k8s/: {len(VARIANTS)} variants, {wrong} faults", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
