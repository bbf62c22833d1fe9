"""How a step runs: queue, lease, worker, inputs."""
