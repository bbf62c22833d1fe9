"""Tell which cases are one patient. Ids of archives differ in style and carry time points."""

from __future__ import annotations

import re

# BraTS2021_00012, BraTS-GLI-00012-000 and BraTS19_... : the number names the patient.
_BRATS = re.compile(r"^BraTS(?:2021_|-GLI-)(\d{5})(?:-\d{3})?$", re.IGNORECASE)
_TIME_POINT = re.compile(r"[_-](?:time|tp|ses|session|visit|t)[_-]?\d+$", re.IGNORECASE)


def patient_of(case_id: str) -> str:
    """Give the patient of a case id: archive aliases joined, a time-point suffix removed.

    `BraTS2021_00012` and `BraTS-GLI-00012-000` are one patient, as are `p7_time1` and `p7_time2`.
    """
    match = _BRATS.match(case_id)
    if match:
        return f"brats-{match.group(1)}"
    return _TIME_POINT.sub("", case_id)
