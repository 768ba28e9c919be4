"""What data must be: contracts, code lists, reference tables and the readers that turn them into checks.

Nothing here knows where a table comes from, how it is computed or how it is published.
"""
