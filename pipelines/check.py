"""What `ketenmonitor check` looks at: contracts against the official schema and our reader, and the words they use.

Not here: data. Holding data against contracts is `contracts/audit.py`.
"""

import csv
import json
from importlib.resources import files

import yaml

from contracts.contract import ContractError, read_contract, read_product
from contracts.vocabulary import CODELISTS, CONTRACTS, VocabularyError, load_codelist, read_csv_rows


def contract_problems() -> list[str]:
    """Everything that is wrong with contracts and code lists, one line each; empty when all is well."""
    from jsonschema import Draft201909Validator

    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    validator = Draft201909Validator(schema)
    problems = []
    for path in sorted(CONTRACTS.rglob("*.odcs.yaml")):
        try:
            (read_product if path.parent.name == "products" else read_contract)(path)
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
