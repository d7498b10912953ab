"""Manifests and features on disk, each file whole or absent."""
