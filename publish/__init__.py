"""How data leaves: files, descriptor, difference with the last release, and the release itself.

Knows contracts and tables; knows nothing of Dagster, of sources or of how a figure is computed.
"""
