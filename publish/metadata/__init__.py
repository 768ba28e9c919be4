"""A release in the words of each standard: citation, DataCite, Croissant, RO-Crate, schema.org, DCAT-AP-NL.

Here: one module a standard, each a pure function of `ReleaseFacts`. Not here: the facts themselves
(`publish/release_facts.py`), writing files (`publish/release.py`) or pages.
"""
