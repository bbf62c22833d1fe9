"""The object store: its interface and the S3 adapter."""
