"""Say what twins are worth: their fidelity to real images, and whether they repeat cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from syntrust_core.contracts.results import (
    FeatureDistance,
    Fidelity,
    MemorisationTest,
    Privacy,
    TwinSummary,
)
from syntrust_core.contracts.vocabulary import Modality
from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.report.cells import (
    Cell,
    Evidence,
    Row,
    Sentence,
    Table,
    estimate_cell,
    format_number,
    format_probability,
    number_cell,
)

MODALITIES: Final[Mapping[Modality, str]] = {
    "t1": "T1",
    "t1ce": "T1ce",
    "t2": "T2",
    "flair": "FLAIR",
}
PRIVACY_ROW: Final = "memorisation"


@dataclass(frozen=True)
class TwinView:
    """What the page shows of twins, in its order."""

    privacy: Sentence
    privacy_table: Table
    scope: str
    fidelity_tables: Sequence[Table]
    feature_table: Table
    definitions: Sequence[Sequence[str]]


def build_twin_view(twins: TwinSummary | None, wording: Wording = PATIENTS) -> TwinView | None:
    """Give everything the page says about twins; None where they were not compared."""
    if twins is None:
        return None
    fidelity, privacy = twins["fidelity"], twins["privacy"]
    return TwinView(
        privacy=Sentence(describe_privacy(privacy), [Evidence(PRIVACY_ROW, "table")], "twins"),
        privacy_table=_build_privacy_table(privacy),
        scope=wording.adapt(_describe_scope(fidelity)),
        fidelity_tables=[
            _build_whole_brain_table(fidelity),
            _build_contrast_table(fidelity, wording),
            _build_mmd_table(fidelity, wording),
            *_build_diversity_tables(fidelity),
        ],
        feature_table=_build_feature_table(fidelity),
        definitions=[_list_definitions(part, wording) for part in (fidelity, privacy)],
    )


def describe_privacy(privacy: Privacy) -> str:
    """Say whether twins show signs of repeating the generator's training cases."""
    sources = f"{privacy['seen']} seen and {privacy['unseen']} unseen sources"
    if privacy["verdict"] == "undecided":
        return f"Memorisation: undecided. {privacy['reason']}"
    adjusted = (each["p_holm"] for _, each in _list_embeddings(privacy))
    p = min(each for each in adjusted if each is not None)
    if privacy["verdict"] == "no sign":
        return (
            f"Memorisation: no sign of it, from {sources} (smallest adjusted p "
            f"{format_probability(p)}). No sign is not a proof of privacy."
        )
    return (
        f"Memorisation: twins resemble cases the generator was trained on more than cases it has "
        f"never seen ({sources}, adjusted p {format_probability(p)}). Do not hand out these twins."
    )


def _build_privacy_table(privacy: Privacy) -> Table:
    rows: list[Row] = [
        [
            Cell(name, anchor=PRIVACY_ROW if name == "residual" else ""),
            *(number_cell(found[key]) for key in ("seen_mean", "unseen_mean", "difference")),
            format_probability(found["p"]),
            format_probability(found["p_holm"]),
            estimate_cell({**found["above"], "reason": found["reason"]}, 2),
        ]
        for name, found in _list_embeddings(privacy)
    ]
    head = ["embedding", "seen", "unseen", "difference", "p", "adjusted p", "above unseen's 95%"]
    caption = (
        f"Similarity of twins to their own sources, {privacy['seen']} of them seen by the "
        f"generator and {privacy['unseen']} not; higher is more alike. Above unseen's 95%: 0.05 is "
        "expected."
    )
    return Table(head, rows, caption=caption)


def _list_embeddings(privacy: Privacy) -> list[tuple[str, MemorisationTest]]:
    found = privacy["embeddings"]
    return [("residual", found["residual"]), ("features", found["features"])]


def _describe_scope(fidelity: Fidelity) -> str:
    said = (
        f"{fidelity['cases']} cases with a twin, {fidelity['seen']} of them seen by the generator."
    )
    outside, tumour = fidelity["outside_view"], fidelity["tumour_outside_view"]
    if not outside:
        return said
    return (
        f"{said} {outside} brain voxels lie outside of what it draws, {tumour} of them tumour: "
        "there, real image and twin are not compared."
    )


def _build_whole_brain_table(fidelity: Fidelity) -> Table:
    measures: Mapping[Literal["ms_ssim", "psnr", "histogram"], int] = {
        "ms_ssim": 3,
        "psnr": 1,
        "histogram": 3,
    }
    rows: list[Row] = [
        [
            title,
            *(estimate_cell(fidelity[key][name]["brain"], d) for key, d in measures.items()),
        ]
        for name, title in MODALITIES.items()
    ]
    head = ["modality", "MS-SSIM to the source", "PSNR to the source, dB", "histogram distance ↓"]
    caption = (
        "Over the brain, mean over cases and its 95% interval. MS-SSIM and PSNR describe: a twin "
        "is a new draw, so nearness to its source is no merit."
    )
    return Table(head, rows, caption=caption, kind="factors")


def _build_contrast_table(fidelity: Fidelity, wording: Wording) -> Table:
    rows: list[Row] = [
        [
            f"{title}, {area}",
            *(estimate_cell(found[side], 2) for side in ("real", "synthetic", "difference")),
        ]
        for name, title in MODALITIES.items()
        for area, found in fidelity["contrast"][name].items()
    ]
    head = ["modality, region", wording.real, "twin", f"twin − {wording.real}"]
    caption = "Lesion contrast in sds of healthy tissue; a difference closer to 0 is better."
    return Table(head, rows, caption=caption, kind="factors")


def _build_mmd_table(fidelity: Fidelity, wording: Wording) -> Table:
    rows: list[Row] = [
        [
            area,
            estimate_cell(found, 4),
            format_probability(found["p"]),
            found["n"] or 0,
        ]
        for area, found in fidelity["mmd"].items()
    ]
    caption = (
        "Real images against twins on first-order features of four modalities; lower is better."
    )
    head = ["area", "squared MMD ↓", "permutation p", "cases"]
    return Table(head, rows, caption=wording.adapt(caption))


def _build_diversity_tables(fidelity: Fidelity) -> list[Table]:
    found = fidelity["diversity"]
    if found is None:
        return []
    rows: list[Row] = [
        [
            title,
            estimate_cell(found["sd"][name]["brain"]),
            estimate_cell(found["ms_ssim"][name]),
        ]
        for name, title in MODALITIES.items()
    ]
    caption = f"Twins of one label map among themselves, {found['cases']} cases."
    head = ["modality", "voxelwise sd, z-score ↑", "MS-SSIM ↓"]
    return [Table(head, rows, caption=caption, kind="factors")]


def _build_feature_table(fidelity: Fidelity) -> Table:
    rows: list[Row] = [
        [f"{MODALITIES[name]}, {area}", *(_distance_cell(each) for each in found.values())]
        for name, areas in fidelity["features"].items()
        for area, found in areas.items()
    ]
    first = next(iter(next(iter(fidelity["features"].values())).values()))
    return Table(["modality, area", *first], rows, caption="In sds over images; lower is better.")


def _distance_cell(found: FeatureDistance) -> Cell | str:
    if found["distance"] is None:
        return Cell(found["reason"] or "", kind="missing")
    return format_number(found["distance"], 2)


def _list_definitions(part: Fidelity | Privacy, wording: Wording) -> list[str]:
    return [
        f"{name}: {wording.adapt(found['text'])}" for name, found in part["definitions"].items()
    ]
