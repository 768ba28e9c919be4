"""What `ketenmonitor check` looks at: contracts against the official schema and our reader, and the words they use.

Not here: data. Holding data against contracts is `contracts/audit.py`.
"""

import csv
import json
from importlib.resources import files
from pathlib import Path

import yaml

from contracts.contract import ContractError, read_contract, read_product
from contracts.delivery_contract import FOLDER as DELIVERIES
from contracts.delivery_contract import read_delivery
from contracts.vocabulary import CODELISTS, CONTRACTS, VocabularyError, load_codelist, read_csv_rows


def _read(path: Path) -> None:
    if path.parent.name == "products":
        read_product(path)
    elif path.parent == DELIVERIES:
        read_delivery(path)
    elif path.parent.parent != DELIVERIES:  # a shape of deliveries lacks its categories until a delivery names them
        read_contract(path)


def contract_problems() -> list[str]:
    """Everything that is wrong with contracts and code lists, one line each; empty when all is well."""
    from jsonschema import Draft201909Validator

    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    validator = Draft201909Validator(schema)
    problems = []
    for path in sorted(CONTRACTS.rglob("*.odcs.yaml")):
        try:
            _read(path)
        except (ContractError, VocabularyError) as error:
            problems.append(str(error))
            continue
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        problems += [f"{path.name}: {'.'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(content)]
    for path in sorted(CODELISTS.glob("*.csv")):
        try:
            load_codelist(path.stem)
        except (VocabularyError, csv.Error) as error:
            problems.append(str(error))
    for path in sorted((CONTRACTS / "reference").glob("*.csv")):
        try:
            read_csv_rows(path)
        except (VocabularyError, csv.Error) as error:
            problems.append(str(error))
    return problems
