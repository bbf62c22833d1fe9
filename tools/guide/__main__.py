"""Build the documentation, or tell by the exit status whether it needs building."""

from __future__ import annotations

import sys

from tools.guide.site import build, is_fresh


def main(arguments: list[str]) -> int:
    """Run one verb; the exit status is 2 for any other word."""
    if arguments == ["fresh"]:
        return 0 if is_fresh() else 1
    if arguments == ["build"]:
        return build()
    print("usage: python -m tools.guide build|fresh", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
