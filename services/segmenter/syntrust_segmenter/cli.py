"""`syntrust-segmenter`: import start weights, publish and export models, and tune."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import torch

from syntrust_core.command_line import name_version, run
from syntrust_core.configuration import read_at_start
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.precision.printing import choose_form, show
from syntrust_core.precision.tuning import Limits
from syntrust_core.segmenter_presets import PRESETS, configure
from syntrust_core.settings import ComputeSettings
from syntrust_core.storage.s3 import S3Store
from syntrust_segmenter.compute import best_device
from syntrust_segmenter.models.bundle import export_bundle
from syntrust_segmenter.models.publish import publish_model
from syntrust_segmenter.models.start_weights import RELEASED_ORDER, Layout, import_checkpoint
from syntrust_segmenter.settings import SegmenterSettings
from syntrust_segmenter.tune import tune_segmenter


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command. `syntrust_core.command_line` has its exit codes."""
    options = _parser().parse_args(arguments)
    run(lambda: sys.stdout.write(f"{options.command(options)}\n"))


def _export(options: argparse.Namespace) -> str:
    export_bundle(options.model, options.out)
    return (
        f"Wrote {options.out}. Run it there with: python -m monai.bundle run "
        "--config_file configs/inference.json --dataset_dir CASES"
    )


def _import(options: argparse.Namespace) -> str:
    config = configure(options.preset)
    import_checkpoint(
        options.checkpoint, options.out, layout=options.layout, config=config, order=options.order
    )
    return f"Wrote {options.out}. Research use only."


def _publish(options: argparse.Namespace) -> str:
    store = S3Store(read_at_start(SegmenterSettings).storage)
    ref = publish_model(store, options.folder, options.name)
    return f"Published {options.name} as {ref.id}, for every client. Research use only."


def _tune(options: argparse.Namespace) -> str:
    found = tune_segmenter(
        configure(options.preset),
        threads=options.threads or read_at_start(ComputeSettings).worker.threads,
        device=torch.device(options.device or best_device()),
        limits=Limits(rounds=options.rounds),
    )
    return show(found, choose_form(json=options.json, env=options.env))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="syntrust-segmenter", description=__doc__)
    parser.add_argument("--version", action="version", version=name_version("syntrust-segmenter"))
    commands = parser.add_subparsers(required=True)

    export = commands.add_parser("export", help="Write a trained segmenter as a MONAI bundle.")
    export.add_argument("model", type=Path, help="Folder of a trained segmenter.")
    export.add_argument("out", type=Path, help="Folder to write; it must not exist yet.")
    export.set_defaults(command=_export)

    import_ = commands.add_parser(
        "import", help="Check a foreign checkpoint and write it as start weights."
    )
    import_.add_argument(
        "checkpoint", type=Path, help="File written by torch.save; nothing in it is executed."
    )
    import_.add_argument("out", type=Path, help="Folder to write.")
    import_.add_argument("--layout", choices=get_args(Layout), default="brats21")
    import_.add_argument(
        "--preset", choices=tuple(PRESETS), default="full", help="Size of network."
    )
    import_.add_argument(
        "--order",
        nargs=len(MODALITIES),
        metavar="MODALITY",
        help=f"Modality of each input channel; by default {' '.join(RELEASED_ORDER)} for brats21.",
    )
    import_.set_defaults(command=_import)

    publish = commands.add_parser("publish", help="Give a model a name that experiments can use.")
    publish.add_argument(
        "folder", type=Path, help="Folder of start weights or of a trained segmenter."
    )
    publish.add_argument("--name", required=True, help="For example brats21-fold0.")
    publish.set_defaults(command=_publish)

    tune = commands.add_parser(
        "tune",
        help="Measure which precision trains faster here, and say how to keep the choice.",
        description="Takes some seconds. Run it while nothing else runs on the machine.",
    )
    _add_tune_options(tune)
    return parser


def _add_tune_options(tune: argparse.ArgumentParser) -> None:
    tune.add_argument("--preset", choices=tuple(PRESETS), default="tiny", help="Size of network.")
    tune.add_argument("--rounds", type=int, default=7, help="Most runs of each precision.")
    tune.add_argument("--device", help="cpu or cuda; default: what a worker here would take.")
    tune.add_argument("--threads", type=int, help="CPU threads; default: SYNTRUST_WORKER__THREADS.")
    tune.add_argument("--json", action="store_true", help="Print JSON.")
    tune.add_argument("--env", action="store_true", help="Print the line of an env file alone.")
    tune.set_defaults(command=_tune)


if __name__ == "__main__":
    main()
