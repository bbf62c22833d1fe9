"""Tell which cases are one patient. Ids of archives differ in style and carry time points."""

from __future__ import annotations

import re
from typing import Final

_BEFORE: Final = r"(?:.*[_-])?"  # of a site, whose folder the archive's lies in
# BraTS2021_00012 and BraTS-GLI-00012-000: the number names the patient, what follows the visit.
_GLIOMA: Final = re.compile(_BEFORE + r"BraTS(?:2021_|-GLI-)(\d{5})(?:-\d{1,3})?", re.IGNORECASE)
# BraTS-MET-00012-000, -PED-, -MEN-, -MEN-RT-, -SSA-: each task counts its own patients.
_BRATS: Final = re.compile(_BEFORE + r"BraTS-([a-z]+(?:-[a-z]+)?)-(\d{4,5})-\d{1,3}", re.IGNORECASE)
# UPENN-GBM-00001_11 is the first scan, _21 one after surgery.
_UPENN: Final = re.compile(_BEFORE + r"(UPENN-GBM-\d{5})_\d\d", re.IGNORECASE)
# UCSF-PDGM-0429 and UCSF-PDGM-0429_FU003d_nifti are visits of one patient.
_UCSF: Final = re.compile(_BEFORE + r"(UCSF-PDGM-\d{4})(?:_FU\d+d)?(?:_nifti)?", re.IGNORECASE)
_VISIT: Final = re.compile(
    r"[_-](?:time[_-]?point|time|tp|ses|session|visit|week|follow[_-]?up|fu|t)[_-]?\d+$"
    r"|[_-]ses-[a-z0-9]+$",  # BIDS: the label of a session is any letters and digits
    re.IGNORECASE,
)


def patient_of(case_id: str) -> str:
    """Give the patient of a case id: archive aliases joined, a time-point suffix removed.

    `BraTS2021_00012` and `BraTS-GLI-00012-000` are one patient, as are `p7_time1` and `p7_time2`,
    `sub-07_ses-pre` and `sub-07_ses-post`, `UPENN-GBM-00001_11` and `UPENN-GBM-00001_21`. Patients
    of different tasks of BraTS are different, because each task counts anew.
    """
    if match := _GLIOMA.fullmatch(case_id):
        return f"brats-{match[1]}"
    if match := _BRATS.fullmatch(case_id):
        return f"brats-{match[1]}-{match[2]}".lower()
    if match := _UPENN.fullmatch(case_id) or _UCSF.fullmatch(case_id):
        return match[1].lower()
    return _VISIT.sub("", case_id)


def name_patient(case_id: str, patient: str | None) -> str:
    """Give the patient of a case: as its caller named it, else as its id tells."""
    return patient_of(case_id) if patient is None else patient
