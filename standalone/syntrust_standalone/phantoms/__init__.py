"""Seeded cohorts of phantom brain-tumour MRI cases: for research and tests, no patient in them."""

from syntrust_standalone.phantoms.cohort import (
    PhantomCase,
    case_id,
    lps_affine,
    make_case,
    make_cohort,
    make_labels,
    write_case,
)
from syntrust_standalone.phantoms.options import PhantomOptions
from syntrust_standalone.phantoms.plan import Enhancement, Kind, case_kind

__all__ = [
    "Enhancement",
    "Kind",
    "PhantomCase",
    "PhantomOptions",
    "case_id",
    "case_kind",
    "lps_affine",
    "make_case",
    "make_cohort",
    "make_labels",
    "write_case",
]
