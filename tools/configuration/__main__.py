"""`python -m tools.configuration`: print docs/configuration.md."""

from __future__ import annotations

import sys

from tools.configuration import write_page

sys.stdout.write(write_page())
