"""The one Definitions object. `build_definitions(**overrides)` makes it; tests and the command line give their night.

No computation here: assets are in `assets/`, schedules and sensors follow with the night.
"""

from collections.abc import Callable

import dagster as dg

from assets.chain_table_assets import CHAIN_TABLES, chain_table_assets
from assets.night import Night
from assets.packages import package_assets
from assets.source_assets import source_assets
from pipelines.settings import read_settings

NIGHTLY = "nightly"


def build_definitions(*, night: Callable[[], Night] | None = None) -> dg.Definitions:
    """All assets, their checks and the job `nightly`.

    `night` gives the run its folders and its moment; it is called once at the start of every run. By default it is
    read from the environment.
    """
    make_night = night or (lambda: read_settings().night())

    @dg.resource(description="Folders and moment of this run.")
    def night_resource(_: dg.InitResourceContext) -> Night:
        return make_night()

    assets = [*source_assets(), *package_assets()]
    for chain in CHAIN_TABLES:
        assets += chain_table_assets(chain)
    nightly = dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.all(),
        description="Haalt op, bouwt, toetst en geeft uit: wat elke nacht om half drie draait.",
    )
    # one process: a new interpreter for each step costs more than most steps do
    return dg.Definitions(
        assets=assets, jobs=[nightly], resources={"night": night_resource}, executor=dg.in_process_executor
    )


defs = build_definitions()
