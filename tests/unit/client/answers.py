"""Bodies as the API answers them, for the commands that print them."""

from __future__ import annotations

import hashlib
from typing import Any

IMAGE = b"a volume"


def estimate(value: float | None, *ci: float) -> dict[str, Any]:
    return {
        "value": value,
        "ci": list(ci) or None,
        "scope": "this trained model" if ci else None,
        "seed_sd": None,
        "reason": None if value is not None else "the mean Dice is 0",
    }


def trust(cases: int = 12) -> dict[str, Any]:
    both = {"real": estimate(0.6, 0.5, 0.7), "synthetic": estimate(0.7, 0.6, 0.8)}
    regions = {"ED": estimate(0.9), "ET": estimate(None)}
    factors = {
        "t1": both,
        "t2": both,
        "t3": regions,
        "t4": regions,
        "t5": {"real": regions, "synthetic": regions},
    }
    low = {"code": "low_n", "detail": "Fewer than 50 cases (12)."}
    near = {
        "verdict": "equivalent",
        "difference": 0.004,
        "ci90": [-0.01, 0.02],
        "p": 0.01,
        "power": 0.9,
        "reason": None,
    }
    open_ = near | {"verdict": "inconclusive", "reason": "rare large failures"}
    equivalence = {
        "margin": 0.03,
        "regions": {"ED": near, "ET": open_},
        "overall": near,
        "every_region": "inconclusive",
    }
    score = {
        "definition": "syntrust/1",
        "value": 71.25,
        "ci": [64.0, 77.5],
        "parts": {"s0": 0.8, "s1": 0.9, "s2": 0.9, "s3": 0.421, "s4": 0.9, "s5": 0.9},
        "weakest": "s3",
        "reason": None,
    }
    return {
        "cases": cases,
        "factors": factors,
        "equivalence": equivalence,
        "score": score,
        "warnings": [low],
    }


def results() -> dict[str, Any]:
    alphas = [
        {
            "alpha": alpha,
            "mix": {"n_real": round(16 * alpha), "n_synthetic": 16 - round(16 * alpha)},
            "trust": trust(),
        }
        for alpha in (0.0, 0.5, 1.0)
    ]
    return {
        "alphas": alphas,
        "controls": [],
        "unseen": None,
        "digest": "sha256:feed",
        "provenance": {"spec": {"origin": "patients"}},
    }


def experiment(name: str) -> dict[str, Any]:
    kinds = {"train_segmenter": {"done": 1, "total": 3, "running": 1}}
    progress = {"done": 20, "total": 200, "detail": {"loss": 0.51234567}}
    return {
        "id": "e1",
        "name": None,
        "dataset": "d1",
        "state": name,
        "priority": 0,
        "partial": False,
        "steps": {"done": 1, "total": 3, "by_kind": kinds},
        "running": [{"step": "ab", "kind": "train_segmenter", "progress": progress}],
        "queue_position": None,
        "eta_seconds": 60.0,
        "error": None,
        "created": "2026",
        "finished": None,
        "alphas": [0.0, 1.0],
    }


def dataset(name: str, *cases: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "d1",
        "name": "cohort",
        "state": name,
        "grid": {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]},
        "scheme": "auto",
        "origin": "patients",
        "digest": "abc" if name == "ready" else None,
        "created": "2026",
        "cases": list(cases),
        "withdrawn": [],
        "warnings": ["auto read label 4 as enhancing tumour in a."] if name == "ready" else [],
        "progress": {"inspected": len(cases), "total": len(cases)},
    }


def case(name: str, state: str, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"id": name, "group": None, "state": state, "region_volumes_ml": None}
    return {**body, "patient": f"patient-{name}", "problems": [], "warnings": [], **more}


def job(server: Any, name: str, *, error: Any = None, sha256: str | None = None) -> dict[str, Any]:
    file = {
        "url": f"{server.url}/bucket/t1?signed",
        "expires": "2026",
        "bytes": len(IMAGE),
        "sha256": sha256 or hashlib.sha256(IMAGE).hexdigest(),
    }
    kinds = {"synthesise_case": {"done": 0, "total": 1, "running": 1}}
    progress = {"done": 1, "total": 4, "detail": {}}
    running = [{"step": "ab", "kind": "synthesise_case", "progress": progress}]
    return {
        "id": "j1",
        "kind": "synthesis",
        "name": "ours",
        "state": name,
        "steps": {"done": 1, "total": 3, "by_kind": kinds},
        "running": running if name == "running" else [],
        "queue_position": None,
        "eta_seconds": None,
        "files": {"t1.nii.gz": file} if name == "succeeded" else {},
        "warnings": ["seg: Label 4 was read as ET [auto]."],
        "error": error,
        "created": "2026-11-24T10:00:00Z",
        "finished": None,
        "request": {},
    }
