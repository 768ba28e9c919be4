"""Disclosure control of tables of some 20,000 cells: CPU seconds, audit included, and how much is withheld.

`measure()` protects made tables in three shapes, with producers of like size and with giants among them. Seconds depend
on the machine; the shares of cells are a property of the code, and say how much it withholds beyond the unsafe cells.
Not here: a limit that fails a test. The limit (30 s) is the one that `make bench` prints beside the figures.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from assets.formulas.disclosure import protected_table
from assets.formulas.disclosure_margins import Margins
from contracts.delivery_contract import Disclosure

LIMIT_CPU_SECONDS = 30.0

#: Those of the textile declarations.
RULES = Disclosure("producer", 3, ((1, 0.75), (2, 0.9)), 10, 20)
PRODUCERS = 400

#: Dimensions with margins, by the number of parts at each level; separate dimensions, by their number of codes; and how
#: many producers report on a lowest cell, on average: where sizes are alike, and where there are giants.
SHAPES: dict[str, tuple[dict[str, tuple[int, ...]], dict[str, int], tuple[float, float]]] = {
    "50 categories in 3 levels x 20 measures x 20 years": ({"category": (7, 6)}, {"measure": 20, "year": 20}, (4, 9)),
    "200 x 100 with margins": ({"row": (199,), "column": (99,)}, {}, (7, 20)),
    "157 x 133 in 3 levels each": ({"row": (12, 12), "column": (11, 11)}, {}, (9, 20)),
    "156 x 125 in 4 levels each": ({"row": (5, 5, 5), "column": (4, 5, 5)}, {}, (9, 20)),
}


def measure() -> Iterator[dict[str, Any]]:
    """One dictionary a table: its shape, numbers of cells, shares of unsafe and other withheld cells, CPU seconds."""
    for name, (levels, separate, means) in SHAPES.items():
        for sizes, spread, mean in (("alike", 1.0, means[0]), ("giants", 2.2, means[1])):
            rows, margins = made(levels, separate, mean, spread)
            began = time.process_time()
            table = protected_table(rows, margins, RULES)
            spent = time.process_time() - began
            yield {
                "table": name,
                "producers": sizes,
                "declarations": len(rows),
                "cells": len(table),
                "unsafe": round(float((table["status"] == "primary").mean()), 3),
                "also_withheld": round(float((table["status"] == "secondary").mean()), 3),
                "exposed": int(table["exposed"].sum()),
                "cpu_seconds": round(spent, 1),
            }


def made(
    levels: dict[str, tuple[int, ...]], separate: dict[str, int], mean: float, spread: float
) -> tuple[pd.DataFrame, Margins]:
    """Declarations: a Poisson number of producers in each lowest cell, of lognormal sizes."""
    random = np.random.default_rng(6)
    parents, lowest = {}, {name: [f"{name}{place}" for place in range(count)] for name, count in separate.items()}
    for name, counts in levels.items():
        parents[name], lowest[name] = _tree(name, counts)
    places = np.indices([len(codes) for codes in lowest.values()]).reshape(len(lowest), -1)
    cell = np.repeat(np.arange(places.shape[1]), random.poisson(mean, places.shape[1]))
    producer = random.integers(0, PRODUCERS, len(cell))
    size = random.lognormal(0.0, spread, PRODUCERS)
    value = np.round(size[producer] * random.lognormal(3.0, 0.8, len(cell)), 1)
    columns = {
        name: np.array(codes, dtype=object)[place[cell]]
        for (name, codes), place in zip(lowest.items(), places, strict=True)
    }
    names = np.array([f"p{place:03d}" for place in range(PRODUCERS)], dtype=object)
    return pd.DataFrame({**columns, "producer": names[producer], "value": value}), Margins(parents, tuple(separate))


def _tree(top: str, counts: tuple[int, ...]) -> tuple[dict[str, str], list[str]]:
    """The parent of every code, and the lowest codes."""
    parents: dict[str, str] = {}
    level = [top]
    for count in counts:
        parts = {f"{code}.{place:03d}": code for code in level for place in range(count)}
        parents |= parts
        level = list(parts)
    return parents, level
