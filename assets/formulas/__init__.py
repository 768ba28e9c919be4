"""Pure computation on tables of figures.

Belongs here: functions that take pandas frames and return pandas frames, vectorised and deterministic.
Does not belong here: Dagster, files, network, clocks, settings.
"""
