"""What each number about twins means, in which unit, and which way is better."""

from __future__ import annotations

from typing import Final

from syntrust_core.contracts.results import FidelityMeasure, MeasureDefinition, PrivacyMeasure

_LEAF: Final = "Mean over cases; ci is its 95 % t interval over cases, n the cases with a value."
_DESCRIBES: Final = "none: a twin is a new draw, so nearness to its source is no merit"

FIDELITY: Final[dict[FidelityMeasure, MeasureDefinition]] = {
    "scope": {
        "text": "The first twin of every case that has one, against the case's real image, inside "
        "the brain as far as the generator draws it. Both are z-scored over the brain by one rule "
        "(mean and sd of the values between the 0.5 and 99.5 percentiles, z bounded to [-10, 10]). "
        "healthy is the brain without tumour. seen counts cases the generator was trained on. "
        "outside_view counts brain voxels that it does not draw, tumour_outside_view those of "
        "them that are tumour.",
        "unit": None,
        "range": None,
        "direction": None,
    },
    "ms_ssim": {
        "text": "Multi-scale structural similarity in 3-D to the own source: three scales, "
        "Gaussian window of 11 voxels (sd 1.5), exponents 0.0711, 0.4530, 0.4760, local values "
        "averaged over the area (Wang et al. 2003, doi:10.1109/ACSSC.2003.1292216). Null below 48 "
        f"voxels a side of the brain box. {_LEAF}",
        "unit": None,
        "range": "[0, 1]",
        "direction": _DESCRIBES,
    },
    "psnr": {
        "text": "10 log10(range² / mean squared difference) to the own source, the range being the "
        "distance of the source's 0.5 and 99.5 percentiles in the brain. Null where nothing "
        f"differs. {_LEAF}",
        "unit": "dB",
        "range": None,
        "direction": _DESCRIBES,
    },
    "histogram": {
        "text": "Wasserstein-1 distance of the intensities before they are z-scored. MRI has no "
        "unit and twins are drawn on a scale of their own, so each image is only moved and "
        "stretched until the 0.5 and 99.5 percentiles of its brain lie at 0 and 1. "
        f"{_LEAF}",
        "unit": "share of the range",
        "range": "≥ 0",
        "direction": "lower is better",
    },
    "contrast": {
        "text": "Mean of a lesion less the mean of healthy tissue, in sds of healthy tissue, of "
        f"real images and twins; difference is twin less real, paired by case. {_LEAF}",
        "unit": "sd of healthy tissue",
        "range": None,
        "direction": "a difference closer to 0 is better",
    },
    "features": {
        "text": "First-order features of the z-scores in an area of at least 20 voxels (kurtosis "
        "in excess of a normal distribution's). distance is the Wasserstein-1 distance between the "
        "feature over real images and over twins, in sds over both; real and synthetic are means.",
        "unit": "sd over images",
        "range": "≥ 0",
        "direction": "a lower distance is better",
    },
    "mmd": {
        "text": "Unbiased squared maximum mean discrepancy between real images and twins, on an "
        "area's features in four modalities, each in its sd over both. Gaussian kernel, bandwidth "
        "the median distance; pairs of one case are left out (Gretton et al., JMLR 13, 2012, "
        "eq. 4). p from 9999 random swaps within pairs; ci by jackknife over cases, 95 %. At most "
        "2000 cases, drawn by a fixed seed.",
        "unit": None,
        "range": "0 is expected of equal distributions; may be below",
        "direction": "lower is better",
    },
    "diversity": {
        "text": "How twins of one label map differ, where there are several: sd is the voxelwise "
        "sd over twins averaged over the area, ms_ssim the similarity of neighbouring twins over "
        f"the brain. Equal twins give sd 0 and ms_ssim 1. {_LEAF}",
        "unit": "sd: z-score",
        "range": "sd ≥ 0, ms_ssim in [0, 1]",
        "direction": "a higher sd and a lower ms_ssim are more diverse",
    },
}

PRIVACY: Final[dict[PrivacyMeasure, MeasureDefinition]] = {
    "residual": {
        "text": "Similarity of a twin to its own source: correlation of healthy tissue less its "
        "mean, averaged to blocks of 4 mm, mean over modalities. Tumour regions and their means "
        "are left out: both images have them from one label map.",
        "unit": None,
        "range": "[-1, 1]",
        "direction": "higher is more alike",
    },
    "features": {
        "text": "Similarity of a twin to its own source: minus the root mean squared difference "
        "of healthy tissue's first-order features, each in its sd over all images.",
        "unit": "sd over images",
        "range": "≤ 0",
        "direction": "higher is more alike",
    },
    "p": {
        "text": "One-sided permutation test (9999 draws): are sources that the generator was "
        "trained on resembled more than sources it has never seen? p_holm is adjusted for the "
        "number of embeddings.",
        "unit": None,
        "range": "(0, 1]",
        "direction": "a small p is a sign of memorisation",
    },
    "above": {
        "text": "Share of seen sources whose similarity exceeds the 95th percentile of unseen "
        "ones; 0.05 is expected without memorisation. ci is Wilson's, 95 %.",
        "unit": "share",
        "range": "[0, 1]",
        "direction": "lower is better",
    },
    "verdict": {
        "text": "memorisation where an adjusted p is below 0.05, no sign where none is, undecided "
        "below 20 seen or 20 unseen sources. No sign is not a proof of privacy.",
        "unit": None,
        "range": None,
        "direction": None,
    },
}
