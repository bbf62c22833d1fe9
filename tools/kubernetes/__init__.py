"""Check the manifests in `k8s/`, where there is no cluster to apply them to."""
