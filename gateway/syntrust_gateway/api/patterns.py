"""The forms that texts of a request may have to match, each with its rule in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from syntrust_core.contracts.base import HEX64
from syntrust_core.contracts.models import NAME_PATTERN
from syntrust_gateway.json_values import CONTROL

PLAIN: Final = rf"^[^{CONTROL}]*$"
CASE_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
MODEL_NAME: Final = r"^[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*$"
FIGURE: Final = r"^(fig[2-8]|dice_volume|bland_altman|floors)\.(svg|png)$"

PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        PLAIN: "Give a text without control characters.",
        CASE_ID: "Use up to 128 letters (a to z, no accents), digits, '.', '_' and '-', beginning "
        "with a letter or a digit; no spaces.",
        MODEL_NAME: "A model's name has letters A to Z, digits and underscores, with single dots "
        "or hyphens between them.",
        NAME_PATTERN: "A name has small letters a to z and digits, with single dots, hyphens or "
        "underscores between them.",
        HEX64: "A SHA-256 is 64 hexadecimal digits, in small letters.",
        FIGURE: "Figures are fig2 to fig8, dice_volume, bland_altman and floors, each as .svg or "
        ".png.",
    }
)
