"""Settings of a metrics worker."""

from __future__ import annotations

from syntrust_core.settings import Settings


class MetricsSettings(Settings):
    """All settings of a metrics worker: the shared ones."""
