"""How each command of the guide is typed in a test, and why some are not.

`{…}` stands for what only a running platform knows: ids, its address. What is drawn or trained is
made small; nothing else of a command changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

_RUN: Final = "syntrust experiment run --dataset"
_SEGMENT: Final = "--model segmenter-1f2e3d4c5b6a"
_CURL: Final = 'curl -s http://127.0.0.1:8000/trust-score -H "Authorization: Bearer $SYNTRUST_KEY"'
_CURLED: Final = 'curl -sSf {url}/trust-score -H "Authorization: Bearer $SYNTRUST_KEY"'
_STUDIES: Final = Path(__file__).parents[3] / "studies"
_CSV: Final = '-H "Content-Type: text/csv" --data-binary @dice.csv'
_HTML: Final = f'-H "Accept: text/html" {_CSV} > trust.html'
_JSON: Final = (
    '-H "Content-Type: application/json" -d \'{ "cases": [{"id": "a", "real": '
    '{"ET": 0.91, "NCR": null}, "synthetic": {"ET": 0.90, "NCR": 0}}], '
    '"policy": {"empty": "drop", "margin": 0.05}}\''
)


class Run(NamedTuple):
    """A command of the guide, what is typed for it, how that ends and what is read in it."""

    shown: str
    typed: str
    code: int = 0
    says: str = ""


def same(shown: str, code: int = 0, says: str = "") -> Run:
    return Run(shown, shown, code, says)


RUNS: Final = (
    Run(
        "syntrust-standalone phantom make build/cohort --count 10 --preset demo",
        "syntrust-standalone phantom make build/cohort --count 1 --preset demo",
    ),
    same("syntrust dataset add cases", says="next: syntrust experiment run --dataset"),
    same(
        "syntrust dataset add brats2013_pat0001_two_modalities",
        1,
        says="brats2013_pat0001_two_modalities: lacks t1, t2 (expected t1.nii.gz, t2.nii.gz)",
    ),
    Run(
        f"{_RUN} 01a22c4e-47eb-763e-9fa5-8df971df9731 --alphas 0,0.5,1 --iterations 10 --out out",
        f"{_RUN} {{dataset}} --alphas 0,0.5,1 --iterations 2 --out out --steps 2",
    ),
    Run(
        "syntrust trust-score build/demo/results.csv --alpha 1",
        "syntrust trust-score out/results.csv --alpha 1",
        says="T1 mean Dice",
    ),
    same("syntrust synthesise mask_with_brain.nii.gz --scheme med_ddpm --steps 5 --out img"),
    Run("syntrust segment CASE --model NAME", "syntrust segment CASE --model {segmenter}"),
    same("syntrust model list --kind segmenter"),
    same(
        "syntrust trust-score real/summary.json --synthetic synthetic/summary.json "
        "--regions 1=NCR,2=ED,3=ET"
    ),
    Run("syntrust --url http://gateway:8000 dataset list", "syntrust --url {url} dataset list"),
    same("syntrust model list | cut -f1"),
    Run("syntrust trust-score FILE", "syntrust trust-score dice.csv"),
    same("syntrust power --cases 100", says="Every region at once: at least 91%."),
    Run(
        "syntrust power --cases 251 --experiment ID",
        "syntrust power --cases 251 --experiment {experiment}",
        code=1,
        says="Fewer than 10 cases have Dice on both sides",
    ),
    Run(
        "syntrust power --cases 251 --pilot share.csv --real-alone real.csv",
        "syntrust power --cases 251 --pilot dice.csv --real-alone dice.csv",
        says="Measured on 12 cases",
    ),
    same(
        "syntrust power --cases 251 --question equivalence --pilot dice.csv",
        says="Measured on 12 cases and 1 training seed(s) of the pilot table.",
    ),
    Run(
        "syntrust compare ID ID",
        f"{_RUN} {{dataset}} --alphas 0,1 --iterations 3 --steps 2 && syntrust compare "
        "$(syntrust experiment list | grep succeeded | sed -n '1p;$p' | cut -f1)",
        says="setting that differs",
    ),
    Run("syntrust dataset add FOLDER", "syntrust dataset add CASES"),
    Run("syntrust dataset add FOLDER --into ID", "syntrust dataset add CASES --into {open}"),
    Run(
        "syntrust experiment run … --dry-run",
        f"{_RUN} {{dataset}} --alphas 0,0.5,1 --dry-run",
    ),
    Run("syntrust experiment edit", "syntrust experiment edit {experiment} --name other"),
    Run("syntrust dataset edit", "syntrust dataset edit {dataset} --tags pilot"),
    Run(
        "syntrust experiment twins ID --out DIR",
        "syntrust experiment twins {experiment} --out twins",
        says="3D Slicer: drag the .nii.gz files into its window",
    ),
    Run(
        "syntrust dataset files ID CASE --out DIR",
        "syntrust dataset files {dataset} {case} --out files",
    ),
    Run(
        "syntrust-generator draw CASES OUT --model tiny --twins 2",
        "syntrust-generator draw CASES OUT --model tiny --twins 2 --steps 2",
    ),
    Run(
        "syntrust synthesise seg.nii.gz --brain brain.nii.gz --out images",
        "syntrust synthesise seg.nii.gz --brain brain.nii.gz --out images --steps 2",
    ),
    Run(
        "syntrust synthesise mask_with_brain.nii.gz --scheme med_ddpm --model tiny --steps 20 "
        "--seed 1 --out images",
        "syntrust synthesise mask_with_brain.nii.gz --scheme med_ddpm --model tiny --steps 2 "
        "--seed 1 --out others",
    ),
    Run(
        f"syntrust segment p1 {_SEGMENT} --scheme brats2021 --probabilities",
        "syntrust segment p1 --model {segmenter} --scheme brats2021 --probabilities",
    ),
    Run(
        f"syntrust segment p7 --dataset ID {_SEGMENT}",
        "syntrust segment {case} --dataset {dataset} --model {segmenter}",
    ),
    Run(
        f"syntrust segment CASE {_SEGMENT} --out FOLDER",
        "syntrust segment CASE --model {segmenter} --out map",
    ),
    same("syntrust model list --kind generator"),
    Run("syntrust model show ours", "syntrust model show tiny"),
    Run("syntrust model download ours --out FOLDER", "syntrust model download tiny --out tiny"),
    Run(f"{_CURL} {_JSON}", f"{_CURLED} {_JSON.replace('{', '{{').replace('}', '}}')}"),
    Run(f"{_CURL} {_CSV}", f"{_CURLED} {_CSV}"),
    Run(f"{_CURL} {_HTML}", f"{_CURLED} {_HTML}"),
    Run(
        "syntrust experiment results ID --out FOLDER",
        "syntrust experiment results {experiment} --out results",
    ),
    Run(
        "syntrust experiment results ID --pdf report.pdf",
        "syntrust experiment results {experiment} --pdf report.pdf",
        says="The report is in report.pdf",
    ),
    Run(
        "syntrust experiment run --controls real_only,shuffled_masks",
        f"{_RUN} {{dataset}} --alphas 0,1 --controls real_only,shuffled_masks --dry-run",
    ),
    Run(
        "syntrust experiment predictions ID --model NAME --out FOLDER",
        "syntrust experiment predictions {experiment} --model {segmenter} --out maps",
    ),
    Run(
        "syntrust model export NAME --out FOLDER",
        "syntrust model export {segmenter} --out bundle",
    ),
    Run(
        "syntrust study studies/brats2021.json --dry-run",
        f"syntrust study {_STUDIES}/brats2021.json --dry-run",
        1,
        says="There is no ready dataset of the name brats2021",
    ),
    # Named within a sentence, without what they need: that they exist is what the guide says.
    *(
        Run(f"syntrust {named}", f"syntrust {named} --help")
        for named in (
            *("synthesise", "segment", "model", "dataset add", "model list", "model show"),
            *("model train", "dataset withdraw", "demo"),
        )
    ),
    Run("syntrust-generator tune", "syntrust-generator tune --rounds 1 --grid 16"),
    Run("syntrust-segmenter tune", "syntrust-segmenter tune --rounds 1"),
    Run(
        "syntrust experiment watch|results|list|cancel",
        "for each in watch results list cancel; do syntrust experiment $each --help; done",
    ),
)

LONG: Final = (
    Run("syntrust-standalone tune --data DATA", "syntrust-standalone tune --data tuned"),
    Run(
        "syntrust-standalone tune --data DATA --keep",
        "syntrust-standalone tune --data tuned --keep",
    ),
    Run("make demo", "syntrust-standalone demo --data demo"),
    Run(
        "syntrust demo --url http://127.0.0.1:8000 --key-file .env",
        "syntrust demo --url {url} --cases 4 --iterations 4",
    ),
    Run(
        "syntrust model train --name ours --dataset ID --iterations 4200",
        "syntrust model train --name ours --dataset {dataset} --iterations 20",
    ),
    Run("make study", "syntrust-standalone study study.json --data study --out study/out.json"),
    Run("make study-page", "syntrust-standalone study-page study/out.json --page study/page.md"),
    Run("syntrust study FILE", "syntrust study study.json --data elsewhere"),
    Run(
        "syntrust-standalone study-page FILE --page PAGE",
        "syntrust-standalone study-page elsewhere/results.json --page elsewhere/page.md",
    ),
)
"""What `make docs-test` runs; each takes minutes."""

_HERE: Final = "is how these tests are run and started"
_ENVIRONMENT: Final = "sets what the tests set"
_KEYS: Final = "server side: tests/integration/gateway/test_gateway_cli.py"
_BACKUP: Final = "server side: tests/integration/gateway/test_backup.py"
_COLLECT: Final = "server side: tests/unit/gateway/lifecycle"
_CLUSTER: Final = "needs a cluster: tests/unit/deploy"
_DOCKER: Final = "needs Docker: tests/deploy, by `make e2e`"
_MED_DDPM: Final = "needs weights that are not at hand: tests/unit/generator/test_import_model.py"
_START: Final = (
    "needs weights that are not at hand: tests/unit/segmenter/models/test_start_weights.py"
)
_PUBLISH: Final = "server side: tests/unit/segmenter/models/test_publish.py"
_BUNDLE: Final = "needs MONAI's command line: tests/unit/segmenter/models/test_bundle.py"

NOT_RUN: Final = {
    "make test-slurm": "needs Slurm: tests/e2e/slurm",
    "docker save --output generator.tar syntrust-generator:0.1.0": _DOCKER,
    "pip install --no-deps -r requirements/generator.txt": _ENVIRONMENT,
    "make test": _HERE,
    "make up": _HERE,
    "make up DATA=build/demo/stack": _HERE,
    "make web docs": "they have run, or nothing would be served: tests/e2e/web",
    "make web": "it has run, or no page would be served: tests/e2e/web",
    "make up OPTIONS=--allow-local-users": _HERE,
    "export SYNTRUST_URL=http://127.0.0.1:8000 SYNTRUST_KEY_FILE=build/data/credentials.json "
    "PATH=$PWD/.venv/bin:$PATH": _ENVIRONMENT,
    "pip install": _ENVIRONMENT,
    "pip install 'httpx[socks]'": _ENVIRONMENT,
    "syntrust-standalone up --database postgresql": (
        "a second platform: tests/integration/standalone/test_standalone.py"
    ),
    "syntrust-gateway key create NAME [--scope] [--label] [--days]": _KEYS,
    "syntrust-gateway key create NAME --further": _KEYS,
    "syntrust-gateway key list [NAME] [--json]": _KEYS,
    "syntrust-gateway key rotate KEY_ID [--overlap-hours 24]": _KEYS,
    "syntrust-gateway key expire KEY_ID [--days 30]": _KEYS,
    "syntrust-gateway key revoke KEY_ID": _KEYS,
    "syntrust-gateway migrate": "server side: tests/integration/gateway/test_migrations.py",
    "syntrust-gateway admin verify": _BACKUP,
    "syntrust-gateway admin backup /backups": _BACKUP,
    "syntrust-gateway admin tombstones /elsewhere/tombstones.jsonl": _BACKUP,
    "syntrust-gateway admin restore /backups/2026-12-01T02-00-00Z "
    "--tombstones /elsewhere/tombstones.jsonl": _BACKUP,
    "syntrust-gateway admin gc": _COLLECT,
    "syntrust-gateway admin gc --delete": _COLLECT,
    **dict.fromkeys(
        (
            "docker compose -f docker-compose.yml -f compose.gpu.yml up -d --wait --build",
            "docker compose -f docker-compose.yml -f compose.monitoring.yml up -d --wait",
            "docker compose build",
            "docker compose run --rm -v /srv/backups:/backups orchestrator admin backup /backups",
            (
                "docker compose run --rm -v /srv/backups:/backups orchestrator admin restore "
                "/backups/2026-12-01T02-00-00Z"
            ),
            "docker compose up -d --wait",
            "docker compose up -d --wait postgres minio redis migrate bucket",
            (
                "docker compose run --rm --no-deps --entrypoint syntrust-generator generator "
                "tune --env >> .env"
            ),
            (
                "docker compose run --rm --no-deps --entrypoint syntrust-segmenter segmenter "
                "tune --env >> .env"
            ),
            (
                "docker run --rm --entrypoint syntrust-generator syntrust-generator:0.1.0 tune "
                "--threads 4 --env"
            ),
            "docker kill",
            "docker load",
            "docker save",
            "make e2e",
            "make images",
        ),
        _DOCKER,
    ),
    "make env": "writes .env: tests/unit/deploy/test_env_file.py",
    "make sbom": "writes files: tests/unit/deploy/test_sbom.py",
    "make venv": _HERE,
    "git pull": "a program of others",
    "make configuration": "writes a page: tests/unit/tools/test_configuration.py",
    "make check": "looks at the code and starts nothing",
    "make kubernetes-secrets": _CLUSTER,
    "kubectl diff -k": _CLUSTER,
    "kubectl apply -k": _CLUSTER,
    "kubectl apply -f k8s/base/namespace.yaml": _CLUSTER,
    "kubectl apply -k k8s/overlays/production": _CLUSTER,
    "kubectl -n syntrust delete job migrate --ignore-not-found": _CLUSTER,
    "itksnap -g CASE_synthetic-0_t1ce.nii.gz -s CASE_labels.nii.gz": "a program of others",
    "syntrust-generator import model_brats.pt OUT": _MED_DDPM,
    "syntrust model import model_brats.pt --name med-ddpm": _MED_DDPM,
    "syntrust-generator train CASES OUT --grid 64 --spacing 3 --name mine": (
        "needs an hour: tests/unit/generator/training/test_loop.py"
    ),
    "torchrun --standalone --nproc-per-node 2 --no-python syntrust-generator train CASES OUT": (
        "needs an hour: tests/unit/generator/training/test_ranks.py"
    ),
    "python benchmarks/bench_trust_coverage.py --scenario all --repetitions 2000": (
        "a benchmark: `make bench`"
    ),
    "python benchmarks/bench_recommendation.py": "a benchmark: `make bench`",
    "python benchmarks/bench_trends.py": "a benchmark: `make bench`",
    "syntrust-segmenter publish FOLDER --name ours-1": _PUBLISH,
    "syntrust-segmenter publish START --name brats21-fold0": _PUBLISH,
    "syntrust-segmenter import fold0_f48_ep300_4gpu_dice0_8854.pt START": _START,
    "syntrust-segmenter import model_swinvit.pt START --layout encoder": _START,
    "syntrust experiment run --dataset ID --alphas 0,0.5,1 --preset full --start brats21-fold0": (
        _START
    ),
    "cd OUT && python -m monai.bundle run --config_file configs/inference.json "
    "--dataset_dir CASES": _BUNDLE,
    "syntrust-segmenter export MODEL OUT": _BUNDLE,
}
"""Why a command is not run here, and what holds it instead."""
