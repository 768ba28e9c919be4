"""Other places that show our releases: a folder, an S3 bucket, a CKAN catalogue, Zenodo.

Each portal makes a plan first (what would be created, updated, skipped or refused, and why) and carries it out only
when told to. None of them ever writes in the published folder.
"""
