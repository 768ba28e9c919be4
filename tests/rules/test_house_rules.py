"""The rules of the house as tests: what may import what, what must have a contract, a label, two languages."""

import ast
import csv
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from contracts.contract import product, product_names, source_contract, source_names
from contracts.vocabulary import CODELISTS, load_codelist

ROOT = Path(__file__).parents[2]
ROOMS = ("contracts", "publish", "assets", "pipelines")  # each may import those before it
HEAVY = {"pandas", "pyarrow", "duckdb", "great_expectations", "frictionless", "numpy"}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(path: Path, *, at_load_only: bool = False) -> set[str]:
    """Dotted names that a module imports; with `at_load_only` those outside functions and `if TYPE_CHECKING`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _at_load(tree) if at_load_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def _at_load(tree: ast.Module) -> list[ast.AST]:
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        found.append(node)
        waiting.extend(ast.iter_child_nodes(node))
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room: str) -> None:
    above = ROOMS[ROOMS.index(room) + 1 :]
    wrong = [(path.name, name) for path in modules(room) for name in imported(path) if name.split(".")[0] in above]
    assert wrong == []


def test_only_one_module_imports_great_expectations_and_none_at_load() -> None:
    users = {
        p.relative_to(ROOT).as_posix()
        for room in ROOMS
        for p in modules(room)
        if any(n.startswith("great_expectations") for n in imported(p))
    }
    assert users == {"contracts/expectations.py"}
    assert not any(
        n.startswith("great_expectations") for n in imported(ROOT / "contracts/expectations.py", at_load_only=True)
    )


def test_publish_knows_no_dagster() -> None:
    assert [p.name for p in modules("publish") if any(n.split(".")[0] == "dagster" for n in imported(p))] == []


def test_formulas_know_neither_dagster_nor_files() -> None:
    barred = {"dagster", "pathlib", "os", "requests", "duckdb", "pyarrow"}
    wrong = [
        (p.name, n)
        for p in sorted((ROOT / "assets/formulas").glob("*.py"))
        for n in imported(p)
        if n.split(".")[0] in barred
    ]
    assert wrong == []


def test_loading_the_definitions_imports_no_heavy_library_but_what_dagster_brings() -> None:
    code = "import sys, pipelines.definitions; print(' '.join(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert HEAVY & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    "path", [p for room in ROOMS for p in modules(room)], ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_a_module_says_what_belongs_there(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "the first lines say what belongs here"


def test_the_night_walks_no_rows_in_python() -> None:
    walking = re.compile(r"\.iterrows\(|axis=1\)\.apply|\.apply\([^)]*axis=1")
    found = [p.name for room in ROOMS for p in modules(room) if walking.search(p.read_text(encoding="utf-8"))]
    assert found == []


def test_only_the_settings_ask_the_clock() -> None:
    asking = re.compile(r"\b(datetime\.now|datetime\.utcnow|time\.time|date\.today|Timestamp\.now)\(")
    found = {
        p.relative_to(ROOT).as_posix()
        for room in ROOMS
        for p in modules(room)
        if asking.search(p.read_text(encoding="utf-8"))
    }
    assert found == {"pipelines/settings.py"}


def test_every_table_has_a_contract_and_every_contract_a_table() -> None:
    from assets.chain_table_assets import CHAIN_TABLES
    from pipelines.definitions import build_definitions

    keys = {"/".join(key.path) for key in build_definitions().resolve_asset_graph().get_all_asset_keys()}
    assert {f"sources/{name}" for name in source_names()} <= keys
    read = {name for chain in CHAIN_TABLES for name in chain.sources}
    # a table that no copy exists of is fetched first and read when its figures have been seen
    awaited = {name for name in source_names() if source_contract(name).get("awaitedNl")}
    assert read | awaited == set(source_names()), "a source that no chain table reads, or one without a contract"
    assert {f"{chain.group}/{name}" for chain in CHAIN_TABLES for name in chain.computed} <= keys
    assert {f"publication/{name.replace('-', '_')}" for name in product_names()} <= keys


def test_the_chain_tables_name_the_sources_that_their_computation_reads() -> None:
    from assets.chain_table_assets import CHAIN_TABLES

    for chain in CHAIN_TABLES:
        if chain.computed:
            assert set(chain.sources) == set(chain.computation().SOURCES), chain.group
            assert set(chain.indicator_sources) <= set(chain.sources), chain.group


def test_every_asset_has_owner_group_kind_and_a_description_in_plain_words() -> None:
    from assets.chain_table_assets import CHAIN_TABLES
    from pipelines.definitions import build_definitions

    graph = build_definitions().resolve_asset_graph()
    # what is fetched, the sources by publisher, what is delivered, the chain tables, what is published
    sources = {f"sources_{of}" for of in ("eurostat", "cbs", "comext", "curated", "delivered")}
    groups = {"sources", "deliveries", "publication"} | sources | {chain.group for chain in CHAIN_TABLES}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.owners, key
        assert node.group_name in groups, key
        assert node.kinds, key
        assert node.description.startswith(("Eén rij", "Elke rij")), key
        assert node.description, key
        assert len(node.description) > 40, key


@pytest.mark.parametrize("name", sorted(path.stem for path in CODELISTS.glob("*.csv")))
def test_every_code_has_a_label_in_two_languages(name: str) -> None:
    assert len(load_codelist(name).codes) > 0


def test_every_column_that_is_published_is_described_in_two_languages() -> None:
    for name in product_names():
        for contract in product(name).tables:
            for column in contract.columns:
                for text in (column.title_nl, column.title_en, column.description_nl, column.description_en):
                    assert text, (name, contract.table, column.name)


def test_every_indicator_and_measure_that_a_computation_names_is_in_its_code_list() -> None:
    codes = set(load_codelist("indicator").values())
    methods = set(load_codelist("method").values())
    for path in sorted((ROOT / "assets").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r'indicator(?:: str)?\s*=\s*"([a-z0-9_]+)"', text)) <= codes, path.name
        if not path.name.startswith("disclosure"):  # there a method is one of linear programming
            assert set(re.findall(r'method(?:: str)?\s*=\s*"([a-z0-9_]+)"', text)) <= methods, path.name


def test_workspace_and_dg_project_name_the_same_definitions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text(encoding="utf-8"))
    module = workspace["load_from"][0]["python_module"]["module_name"]
    assert module == project["tool"]["dg"]["project"]["code_location_target_module"]
    assert module.split(".")[0] == project["tool"]["dg"]["project"]["root_module"]


def test_every_pin_has_its_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    start, end = lines.index("dependencies = ["), lines.index("[tool.setuptools.packages.find]")
    for number, line in enumerate(lines[start:end], start=start):
        if re.match(r'\s+"[a-zA-Z]', line):
            assert "#" in line or lines[number - 1].strip().startswith("#"), line


def test_the_lock_names_no_address_and_pins_everything_with_a_hash() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)
    assert all("==" in block and "--hash=sha256:" in block for block in blocks if block.strip())
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = {re.split(r"[=\[]", block)[0].lower() for block in blocks if block.strip()}
    for requirement in [*wanted["dependencies"], *wanted["optional-dependencies"]["dev"]]:
        assert re.split(r"[<>=\[]", requirement)[0].lower() in locked, requirement


def test_the_readme_names_only_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"`make ([a-z]+)`", readme)) | {"nightly", "test"} <= targets
    shown = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    for command in set(re.findall(r"`ketenmonitor ([a-z]+)", readme)):
        assert re.search(rf"^\s+{command}\s", shown, re.M), command


def test_no_tracked_text_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    barred = re.compile(r"(^|[^A-Za-z0-9_.])/(work|home|root|Users)/[a-z]|pythonhosted|pypi\.org|registry\.npmjs", re.M)
    here = Path(__file__).name
    found = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if (
            path.is_file()
            and path.suffix in {".py", ".md", ".yaml", ".toml", ".lock", ".csv", ".json", ""}
            and path.name != here
            and barred.search(path.read_text(encoding="utf-8", errors="ignore"))
        ):
            found.append(name)
    assert found == []


def test_the_records_of_the_embedded_edition_say_where_every_table_came_from() -> None:
    for path in sorted((ROOT / "assets/sources/embedded").rglob("*.record.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        for field in (
            "source",
            "retrieved_at",
            "retrieved_from",
            "licence",
            "attribution",
            "sha256",
            "rows",
            "note_nl",
            "note_en",
        ):
            assert record.get(field), (path.name, field)
        answer = path.with_name(path.name.replace(".record.json", ".json"))
        if answer.exists():
            rows = len(json.loads(answer.read_text(encoding="utf-8"))["value"])
        else:
            with path.with_name(path.name.replace(".record.json", ".csv")).open(encoding="utf-8", newline="") as handle:
                rows = sum(1 for _ in csv.reader(handle)) - 1
        assert rows == record["rows"], path.name
