"""Uploads for single jobs, and links to stored files."""
