"""Servers on loopback that tests speak to: a CKAN and a Zenodo of our own making, and a real S3 (OpenStack Swift)."""
