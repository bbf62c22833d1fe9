"""Which ids are one patient."""

from __future__ import annotations

import pytest

from syntrust_core.cases.patient_id import name_patient, patient_of


@pytest.mark.parametrize(
    "visits",
    [
        ("BraTS2021_00012", "BraTS-GLI-00012-000", "BraTS-GLI-00012-101", "brats-gli-00012-1"),
        ("site1_BraTS-GLI-00012-000", "site2_BraTS2021_00012"),
        ("site1_UPENN-GBM-00001_11", "UPENN-GBM-00001_21"),
        ("BraTS-MET-00012-000", "BraTS-MET-00012-001"),
        ("BraTS-PED-00012-000", "BraTS-PED-00012-001"),
        ("BraTS-MEN-00012-000", "BraTS-MEN-00012-001"),
        ("BraTS-MEN-RT-0012-1", "BraTS-MEN-RT-0012-2"),
        ("UPENN-GBM-00001_11", "UPENN-GBM-00001_21"),
        ("UCSF-PDGM-0429", "UCSF-PDGM-0429_nifti", "UCSF-PDGM-0429_FU003d_nifti"),
        ("sub-07_ses-1", "sub-07_ses-post", "sub-07"),
        ("PatientID_0003_Timepoint_1", "PatientID_0003_Timepoint_12", "PatientID_0003"),
        ("p7_time1", "p7_time2", "p7-visit-3", "p7_tp02", "p7_week12", "p7_FU1"),
    ],
)
def test_visits_of_one_patient_are_one_patient(visits: tuple[str, ...]) -> None:
    assert len({patient_of(visit) for visit in visits}) == 1


def test_patients_of_different_archives_and_numbers_are_different() -> None:
    ids = [
        *("BraTS-GLI-00012-000", "BraTS-GLI-00013-000", "BraTS-MET-00012-000"),
        *("BraTS-PED-00012-000", "BraTS-MEN-00012-000", "BraTS-MEN-RT-0012-1"),
        *("BraTS20_Training_012", "UPENN-GBM-00012_11", "UPENN-GBM-00013_11"),
        *("UCSF-PDGM-0012", "UCSF-PDGM-0013", "sub-12", "sub-13_ses-1", "case_012", "case_013"),
        *("IXI-T1", "patient_1", "patient_2", "time_1"),
    ]

    assert len({patient_of(case) for case in ids}) == len(ids)


def test_the_patient_that_a_caller_names_counts_and_the_id_else() -> None:
    assert name_patient("scan-a", "p1") == name_patient("scan-b", "p1") == "p1"
    assert name_patient("p1_ses-2", None) == "p1"
