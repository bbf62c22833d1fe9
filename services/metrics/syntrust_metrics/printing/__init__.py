"""Write report.pdf: the report's page as numbered, tagged pages of paper (PDF/UA-1)."""

from __future__ import annotations

from syntrust_metrics.printing.typesetting import PDF_FILE, Cover, typeset

__all__ = ["PDF_FILE", "Cover", "typeset"]
