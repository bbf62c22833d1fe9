# Copy this file to settings.sh, in the folder that jobs are submitted from, and fill it in.
# shellcheck shell=bash disable=SC2034

# What runs: images made with worker.def, in this folder ...
IMAGES=/shared/syntrust/images
# ... or, without Apptainer, the Python of an environment with syntrust-generator or syntrust-segmenter.
# PYTHON=/shared/syntrust/venv/bin/python

# A folder on a disk of the node, with room for the inputs of steps. Each job removes its own below it.
SCRATCH=${TMPDIR:-/tmp}

# Secrets: files that you alone can read. Nothing of them is in the environment of a job.
SECRETS=/shared/syntrust/secrets
export SYNTRUST_QUEUE__URL_FILE=$SECRETS/queue-url
export SYNTRUST_STORAGE__ACCESS_KEY_FILE=$SECRETS/storage-access-key
export SYNTRUST_STORAGE__SECRET_KEY_FILE=$SECRETS/storage-secret-key

export SYNTRUST_STORAGE__ENDPOINT=https://s3.hospital.example
export SYNTRUST_STORAGE__BUCKET=syntrust

# CPU threads of a step. They are part of the result, so --cpus-per-task never changes them.
export SYNTRUST_WORKER__THREADS=2
# Devices that share each batch of a training; they, too, are part of the result. For two, submit with
# --gres=gpu:2 --cpus-per-task=8 --mem=64G.
# export SYNTRUST_SEGMENTER__DEVICES=2
# export SYNTRUST_GENERATOR__DEVICES=2
# What a step of a kind that the worker has not done yet is taken to take; less than the wall time.
export SYNTRUST_WORKER__ASSUMED_STEP=PT5M

# As in --signal=B:USR1@120 of the scripts. A step needs up to a minute of it for its checkpoint.
NOTICE_S=120
