# Sourced by generator.sbatch and segmenter.sbatch: one worker, until it is idle or its wall time ends.
# shellcheck shell=bash

# Exit codes of a worker: its time ends and there may be more to do; no new start would help.
readonly COME_BACK=75 USELESS=78

# Print when the worker will be told to stop, in seconds since 1970; fail if the job has no limit.
told_at() {
    local end=${SLURM_JOB_END_TIME:-}
    if [ -z "$end" ]; then # before Slurm 23.02
        end=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%e) || return 1
        [[ $end == *T*:* ]] || return 1
        end=$(date --date="$end" +%s) || return 1
    fi
    # Slurm may send the signal up to a minute earlier than it was asked to.
    echo $((end - NOTICE_S - 60))
}

# Steps compute with the threads of the settings on any machine, because the number is part of the result.
pin_threads() {
    local threads=${SYNTRUST_WORKER__THREADS:-2} cpus=${SLURM_CPUS_PER_TASK:-}
    export SYNTRUST_WORKER__THREADS=$threads OMP_NUM_THREADS=$threads OMP_WAIT_POLICY=passive
    if [ -n "$cpus" ] && [ "$cpus" -lt "$threads" ]; then
        echo "The job has $cpus CPUs for SYNTRUST_WORKER__THREADS=$threads: steps take longer, results stay the same." >&2
    fi
}

# Neither do the GPUs of a job change the devices of a training. A job with too few does nothing.
require_gpus() {
    local setting="SYNTRUST_${1^^}__DEVICES"
    local -a gpus
    local devices=${!setting:-1}
    [ -n "${SLURM_JOB_GPUS:-}" ] || return 0
    IFS=, read -ra gpus <<<"$SLURM_JOB_GPUS"
    if [ "${#gpus[@]}" -lt "$devices" ]; then
        echo "The job has ${#gpus[@]} GPU(s) for $setting=$devices: submit it with --gres=gpu:$devices, or lower the setting." >&2
        return "$USELESS"
    fi
}

# Set `command` to what starts a worker of service $1.
find_command() {
    if [ -n "${IMAGES:-}" ]; then
        local name
        for name in "${!SYNTRUST_@}" "${!OMP_@}" CUDA_VISIBLE_DEVICES; do
            [ -z "${!name+set}" ] || export "APPTAINERENV_$name=${!name}"
        done
        # Without a process namespace, so that the signal reaches the worker itself.
        command=(apptainer run --contain --cleanenv --no-home ${SLURM_JOB_GPUS:+--nv}
            --bind "$SYNTRUST_WORKER__SCRATCH" --bind "$SECRETS:$SECRETS:ro" "$IMAGES/$1.sif")
    else
        unset PYTHONPATH PYTHONHOME
        # As in the images: freed memory stays with the process.
        export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_TOP_PAD_=268435456
        export GLIBC_TUNABLES=glibc.malloc.hugetlb=1
        command=("${PYTHON:?settings.sh must set IMAGES or PYTHON}" -m "syntrust_$1.worker")
    fi
}

run_worker() {
    local service=$1 code=0 told='' again='' worker='' ends
    local -a command options=()
    # shellcheck source=/dev/null
    source "$SLURM_SUBMIT_DIR/settings.sh"
    require_gpus "$service" || return
    : "${NOTICE_S:=120}"
    export SYNTRUST_WORKER__EXIT_WHEN_IDLE=${SYNTRUST_WORKER__EXIT_WHEN_IDLE:-PT5M}
    SYNTRUST_WORKER__SCRATCH=$(mktemp --directory "${SCRATCH:-${TMPDIR:-/tmp}}/syntrust-$SLURM_JOB_ID-XXXXXX")
    export SYNTRUST_WORKER__SCRATCH
    # A job that was given no GPU leaves those of the node alone.
    [ -n "${SLURM_JOB_GPUS:-}" ] || export CUDA_VISIBLE_DEVICES=
    pin_threads
    find_command "$service"
    if ends=$(told_at); then
        options+=(--ends-at "$ends")
    fi

    trap 'told=yes again=yes; [ -z "$worker" ] || kill -USR1 "$worker"' USR1
    # Of scancel and of preemption. A script that died of it would take its worker along at once.
    trap 'told=yes; [ -z "$worker" ] || kill -TERM "$worker"' TERM
    "${command[@]}" "${options[@]}" &
    worker=$!
    wait "$worker" || code=$?
    if [ -n "$told" ]; then # the signal has ended the first wait
        code=0
        wait "$worker" || code=$?
    fi
    rm -rf "$SYNTRUST_WORKER__SCRATCH"
    if [ "$code" = "$COME_BACK" ] || { [ -n "$again" ] && [ "$code" != "$USELESS" ]; }; then
        # Slurm does not requeue at a timeout by itself. This ends the job, and with it the script.
        scontrol requeue "$SLURM_JOB_ID"
        return
    fi
    return "$code"
}
