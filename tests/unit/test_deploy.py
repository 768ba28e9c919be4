"""What stands in deploy/: units, image, compose and Kubernetes name only commands, settings and files that exist."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import in_process_executor, validate_run_config
from dagster._config import process_config
from dagster_k8s import k8s_job_executor

from pipelines import cli
from pipelines.definitions import NIGHTLY, build_definitions
from pipelines.doctor.machine import locked
from pipelines.executors import EXECUTOR, HEAVY_STEPS, executor_of, pods_of_steps
from pipelines.night_portals import portals_of_night
from pipelines.secret_files import SECRETS
from pipelines.service_commands import alive, program
from pipelines.settings import SettingsError

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("ketenmonitor-*.service"))
TIMERS = sorted((DEPLOY / "systemd").glob("ketenmonitor-*.timer"))
#: What every service must say, so that a fault in it harms nothing else.
HARDENED = {
    "User": "ketenmonitor",
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "CapabilityBoundingSet": "",
    "StateDirectory": "ketenmonitor",
}


@cache
def unit(path: Path) -> dict[str, list[str]]:
    """Every setting of a unit with its values, in order; systemd allows a setting more than once."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#;[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def understood(words: list[str]) -> None:
    """Raises where `ketenmonitor` does not take these words."""
    try:
        cli._parser().parse_args(words)
    except SystemExit as error:
        raise AssertionError(f"ketenmonitor {' '.join(words)} is not understood") from error


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_service_runs_a_command_that_exists_and_is_kept_from_everything_else(path: Path) -> None:
    found = unit(path)
    for line in found["ExecStart"]:
        command, *words = shlex.split(line)
        assert command == "/opt/ketenmonitor/.venv/bin/ketenmonitor"
        understood(words)
    for name, value in HARDENED.items():
        assert found[name] == [value], name
    assert "KETENMONITOR_HOME=/var/lib/ketenmonitor" in found["Environment"]


def test_a_night_is_ended_tried_again_and_never_runs_twice() -> None:
    night = unit(DEPLOY / "systemd/ketenmonitor-night.service")
    assert night["Type"] == ["oneshot"]
    # more than the two runs of a night may take before they end themselves
    assert night["TimeoutStartSec"] == ["9h"]
    # 1: something was refused, the rest was published; 2: wrong set-up, which no second try mends
    assert (night["SuccessExitStatus"], night["RestartPreventExitStatus"]) == (["1"], ["2"])
    assert (night["Restart"], night["StartLimitBurst"]) == (["on-failure"], ["3"])


@pytest.mark.parametrize("path", TIMERS, ids=lambda path: path.name)
def test_a_timer_starts_a_service_that_is_there_and_catches_up(path: Path) -> None:
    found = unit(path)
    assert (path.parent / found["Unit"][0]).exists()
    assert found["Persistent"] == ["true"]
    assert all(line.endswith("Europe/Amsterdam") for line in found["OnCalendar"])


def _starts(calendar: str, day: date) -> list[str]:
    """The moments (UTC) at which a calendar elapses in the week after a day."""
    base = f"--base-time={day} 12:00:00 UTC"
    told = subprocess.run(
        ["systemd-analyze", "calendar", calendar, base, "--iterations=6"],
        capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
    ).stdout  # fmt: skip
    return re.findall(r"(?:Next elapse|Iter\. #\d+): \w{3} (\d{4}-\d\d-\d\d \d\d:\d\d):\d\d UTC", told)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize(
    ("start", "change", "expected"),
    [
        # the clock goes forward on 2027-03-28 at 02:00: 02:30 does not exist, and the night runs at 03:00 (01:00 UTC)
        (date(2027, 3, 25), "2027-03-28", "2027-03-28 01:00"),
        # it goes back on 2027-10-31 at 03:00: of both 02:30 the first (00:30 UTC)
        (date(2027, 10, 28), "2027-10-31", "2027-10-31 00:30"),
    ],
)
def test_there_is_one_night_a_day_across_both_clock_changes(start: date, change: str, expected: str) -> None:
    lines = unit(DEPLOY / "systemd/ketenmonitor-night.timer")["OnCalendar"]
    starts = sorted({moment for line in lines for moment in _starts(line, start)})
    days = [str(start + timedelta(days=n)) for n in range(1, 6)]
    assert [moment[:10] for moment in starts if moment[:10] in days] == days
    assert [moment for moment in starts if moment.startswith(change)] == [expected]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    ours = tmp_path / "ketenmonitor"
    ours.write_text("#!/bin/sh\n")
    ours.chmod(0o755)
    for path in (*UNITS, *TIMERS):
        text = path.read_text(encoding="utf-8").replace("/opt/ketenmonitor/.venv/bin/ketenmonitor", str(ours))
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    units = [str(tmp_path / path.name) for path in (*UNITS, *TIMERS)]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "ketenmonitor" in line]) == (0, [])


COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "container/compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def _commands(service: dict[str, Any]) -> list[list[str]]:
    """Every call of our own command in a service: its command, its health check, a script in it."""
    found = []
    for words in (service.get("command", []), service.get("healthcheck", {}).get("test", [])[1:]):
        for line in words if words and words[0] == "/bin/sh" else [shlex.join(map(str, words))]:
            found += [shlex.split(part) for part in re.findall(r"(?:^|exec )(ketenmonitor [^\n;]*)", line, re.M)]
    return [words[1:] for words in found]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_of_compose_can_be_started(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":[\w.-]*\d[\w.-]*$", service["image"]), "an image is pinned to a version"
    assert "/" not in service["image"].split("/")[0] and "." not in service["image"].split("/")[0].split(":")[0]
    for words in _commands(service):
        understood(words)
    for other in service.get("depends_on", {}):
        assert other in SERVICES
    for volume in service.get("volumes", []):
        assert volume.split(":")[0] in COMPOSE["volumes"]
    for secret in service.get("secrets", []):
        assert secret in COMPOSE["secrets"]
    used = re.findall(r"/run/secrets/([a-z0-9-]+)", str(service))
    assert set(used) == set(service.get("secrets", [])), "a secret that is not handed over, or not used"
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), "Dagster knows no passwords"
    if service["restart"] == "unless-stopped":
        assert "healthcheck" in service


def test_every_service_of_ours_says_its_command_and_can_do_nothing_else() -> None:
    ours = {name: service for name, service in SERVICES.items() if service["image"].startswith("ketenmonitor:")}
    assert set(ours) == {"code", "daemon", "web", "site", "every-day"}
    for name, service in ours.items():
        assert _commands(service) or name == "every-day"
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    for name in ("code", "daemon", "web", "site"):
        assert len(_commands(ours[name])) >= 1, name


@cache
def settings_read() -> set[str]:
    """Every setting that our code reads."""
    texts = [
        path.read_text(encoding="utf-8") for room in ("pipelines", "publish") for path in (ROOT / room).rglob("*.py")
    ]
    names = {name for text in texts for name in re.findall(r"\b(?:KETENMONITOR|AWS)_[A-Z0-9_]*[A-Z0-9]\b", text)}
    return names | {f"{name}_FILE" for name in SECRETS} | {"SOURCE_DATE_EPOCH"}


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted(DEPLOY.rglob("*"))
        if path.is_file() and path.suffix in (".yaml", ".service", ".example", ".md", ".sh", "") and path.name[0] != "."
    ],
    ids=lambda path: path.relative_to(DEPLOY).as_posix(),
)
def test_every_setting_that_is_named_is_one_that_we_read(path: Path) -> None:
    # KETENMONITOR_BACKUP is the word that the units and the script give to `ketenmonitor backup`
    named = set(re.findall(r"\b(?:KETENMONITOR|AWS)_[A-Z0-9_]*[A-Z0-9]\b", path.read_text(encoding="utf-8")))
    assert named - settings_read() - {"KETENMONITOR_BACKUP"} == set()


def test_the_nights_in_containers_bring_the_bucket_up_to_date() -> None:
    given = SERVICES["code"]["environment"]
    assert [portal.kind for portal in portals_of_night(given)] == ["s3"]
    assert given["KETENMONITOR_S3_BUCKET"] == "published"


def test_no_secret_stands_in_an_environment() -> None:
    for name, service in SERVICES.items():
        for key in service.get("environment", {}):
            assert not re.search(r"(PASSWORD|SECRET_ACCESS_KEY|ACCESS_KEY_ID|POSTGRES_URL)$", key), (name, key)


def test_the_image_is_made_of_files_that_exist_as_locked_and_does_not_run_as_root() -> None:
    text = (DEPLOY / "container/Containerfile").read_text(encoding="utf-8")
    shown = (DEPLOY / "container/Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [
        name for line in re.findall(r"^COPY (?!--from)(?:--chmod=\S+ )?(.+) \S+$", text, re.M) for name in line.split()
    ]
    assert {"pipelines", "contracts", "deploy/container/requirements.lock"} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in shown, f"{name} is kept out of the build"
    assert "--require-hashes" in text
    assert re.search(r"^USER 10001:10001$", text, re.M)
    assert re.findall(r"^FROM (\S+)", text, re.M) == ["${BASE}", "${BASE}"]
    assert "://" not in text
    # the run launcher and the chart give whole commands as arguments
    assert not re.search(r"^ENTRYPOINT", text, re.M)


def test_the_lock_of_the_image_pins_what_the_lock_of_the_project_pins() -> None:
    ours = (DEPLOY / "container/requirements.lock").read_text(encoding="utf-8")
    image, project = locked(ours), locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert {"dagster-postgres", "dagster-k8s", "pandas", "setuptools"} <= set(image)
    assert {name: version for name, version in image.items() if project.get(name, version) != version} == {}
    assert not {"pytest", "ruff", "playwright"} & set(image)
    assert "://" not in ours
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", ours)
    assert all("--hash=sha256:" in block for block in blocks if block.strip() and block[0] != "#")


def _stub(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(("fails", "code"), [("nothing", 0), ("backup", 1), ("prune", 1)])
def test_every_day_does_the_rest_where_one_thing_fails(fails: str, code: int, tmp_path: Path) -> None:
    _stub(tmp_path / "bin", "ketenmonitor", f'echo "$@" >>{tmp_path}/said; [ "$1" != {fails} ]')
    done = subprocess.run(
        [str(DEPLOY / "container/every-day.sh"), "now"],
        env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "KETENMONITOR_BACKUP": "s3://backup/km"},
        check=False,
    )
    assert done.returncode == code
    said = (tmp_path / "said").read_text().splitlines()
    assert said == ["backup s3://backup/km", "prune"]
    for line in said:
        understood(line.split())


def test_every_day_ends_at_once_when_it_is_told_to(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "KETENMONITOR_BACKUP": "x", "TZ": "Europe/Amsterdam"}
    with subprocess.Popen(["sh", str(DEPLOY / "container/every-day.sh"), "05:30"], env=environment) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=1)
        waiting.terminate()
        assert waiting.wait(timeout=5) == 0


def test_start_makes_secrets_once_and_says_them_nowhere(tmp_path: Path) -> None:
    here = tmp_path / "container"
    here.mkdir()
    shutil.copy(DEPLOY / "container/start.sh", here)
    _stub(tmp_path / "bin", "docker", 'echo "docker $*"')
    environment = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}

    def start() -> str:
        command = [str(here / "start.sh")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert start() == "docker compose --file compose.yaml up --detach --build\n"
    made = {path.name: path.read_text() for path in (here / "secrets").iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    assert made["postgres-url"] == f"postgresql://ketenmonitor:{made['postgres-password']}@postgres:5432/dagster"
    assert re.fullmatch(r"[0-9a-f]{48}", made["postgres-password"])
    assert (here / "secrets").stat().st_mode & 0o777 == 0o700
    start()
    assert {path.name: path.read_text() for path in (here / "secrets").iterdir()} == made


#: The keys of the chart that we set, with their type in its values.schema.json; a key that is not here is a slip.
ANY = object
CHART: dict[str, Any] = {
    "global": {"postgresqlSecretName": str},
    "dagster-user-deployments": {
        "enabled": bool,
        "enableSubchart": bool,
        "deployments": [
            {
                "name": str, "image": {"repository": str, "tag": str, "pullPolicy": str}, "codeServerArgs": [str],
                "port": int, "includeConfigInLaunchedRuns": {"enabled": bool}, "env": [{"name": str, "value": str}],
                "envSecrets": [{"name": str}], "volumes": [ANY], "volumeMounts": [ANY], "podSecurityContext": ANY,
                "securityContext": ANY, "resources": ANY,
            }
        ],
    },
    "dagsterWebserver": {
        "image": {"repository": str, "tag": str, "pullPolicy": str}, "service": {"type": str, "port": int},
        "podSecurityContext": ANY, "securityContext": ANY, "resources": ANY,
    },
    "dagsterDaemon": {
        "enabled": bool, "image": {"repository": str, "tag": str, "pullPolicy": str}, "podSecurityContext": ANY,
        "securityContext": ANY, "resources": ANY,
        "runCoordinator": {
            "enabled": bool, "type": str, "config": {"queuedRunCoordinator": {"maxConcurrentRuns": int}},
        },
        "runMonitoring": {
            "enabled": bool, "startTimeoutSeconds": int, "pollIntervalSeconds": int, "maxResumeRunAttempts": int,
        },
    },
    "runLauncher": {
        "type": str,
        "config": {
            "k8sRunLauncher": {
                "imagePullPolicy": str, "loadInclusterConfig": bool, "envConfigMaps": [ANY], "envSecrets": [ANY],
                "envVars": [str], "volumes": [ANY], "volumeMounts": [ANY],
                "runK8sConfig": {"containerConfig": ANY, "podSpecConfig": ANY, "jobSpecConfig": ANY},
            }
        },
    },
    "postgresql": {
        "enabled": bool, "postgresqlHost": str, "postgresqlUsername": str, "postgresqlDatabase": str,
        "postgresqlScheme": str, "service": {"port": int},
    },
    "generatePostgresqlPasswordSecret": bool,
    "telemetry": {"enabled": bool},
    "rabbitmq": {"enabled": bool},
    "redis": {"enabled": bool},
    "flower": {"enabled": bool},
    "retention": {
        "enabled": bool, "schedule": {"purgeAfterDays": int},
        "sensor": {"purgeAfterDays": {"skipped": int, "failure": int, "success": int, "started": int}},
    },
}  # fmt: skip
VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "kubernetes/values.yaml").read_text(encoding="utf-8"))


def _slips(found: Any, expected: Any, at: str = "") -> list[str]:
    if expected is ANY:
        return []
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{at} is no group"]
        strange = [f"{at}.{key} is not in the chart" for key in found if key not in expected]
        return strange + [
            slip for key in found if key in expected for slip in _slips(found[key], expected[key], f"{at}.{key}")
        ]
    if isinstance(expected, list):
        return [slip for one in found for slip in _slips(one, expected[0], f"{at}[]")]
    return [] if type(found) is expected else [f"{at} is {found!r}"]


def test_the_values_are_keys_of_the_chart_with_their_types() -> None:
    assert _slips(VALUES, CHART) == []
    assert _slips({"telemetry": {"enable": "no"}, "retention": {"enabled": "yes"}}, CHART) == [
        ".telemetry.enable is not in the chart",
        ".retention.enabled is 'yes'",
    ]


def test_the_chart_is_told_the_driver_the_executor_and_one_run_at_a_time() -> None:
    assert VALUES["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"
    [deployment] = VALUES["dagster-user-deployments"]["deployments"]
    assert {"name": EXECUTOR, "value": "k8s"} in deployment["env"]
    assert VALUES["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"] == {"maxConcurrentRuns": 1}
    assert deployment["podSecurityContext"]["runAsNonRoot"] is True


def test_the_documents_name_the_version_of_dagster_that_is_locked() -> None:
    version = locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))["dagster"]
    for name in ("values.yaml", "README.md"):
        assert f"--version {version}" in (DEPLOY / "kubernetes" / name).read_text(encoding="utf-8")


def test_what_stands_beside_the_chart_uses_one_disk_and_commands_that_exist() -> None:
    parts = list(yaml.safe_load_all((DEPLOY / "kubernetes/beside.yaml").read_text(encoding="utf-8")))
    assert [part["kind"] for part in parts] == ["PersistentVolumeClaim", "CronJob", "Deployment", "Service"]
    claim = parts[0]["metadata"]["name"]
    assert VALUES["dagster-user-deployments"]["deployments"][0]["volumes"][0]["persistentVolumeClaim"] == {
        "claimName": claim
    }
    pods = [parts[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"], parts[2]["spec"]["template"]["spec"]]
    for pod in pods:
        assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim
        assert pod["securityContext"]["runAsNonRoot"] is True
    understood(pods[1]["containers"][0]["command"][1:])


@pytest.mark.parametrize(
    ("given", "name"), [({}, "in_process"), ({EXECUTOR: "in_process"}, "in_process"), ({EXECUTOR: "k8s"}, "k8s")]
)
def test_the_steps_run_in_one_process_or_each_in_a_pod(given: dict[str, str], name: str) -> None:
    found = executor_of(given)
    assert found.name == name
    if name == "in_process":
        assert found is in_process_executor
    else:
        # what we tell it is what it takes, and one slip in it is refused
        job = build_definitions().resolve_job_def(NIGHTLY).with_executor_def(found)
        assert validate_run_config(job, {})
        told = pods_of_steps()
        assert process_config(k8s_job_executor.config_schema.config_type, told).success
        wrong = told | {"step_k8s_config": {"container_config": told["step_k8s_config"], "pods": 1}}
        assert not process_config(k8s_job_executor.config_schema.config_type, wrong).success


def test_an_executor_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SettingsError, match="KETENMONITOR_EXECUTOR is 'dask'; expected in_process or k8s"):
        executor_of({EXECUTOR: "dask"})


def test_the_heavy_steps_are_steps() -> None:
    graph = build_definitions().resolve_asset_graph()
    steps = {"__".join(key.path) for key in graph.get_all_asset_keys()}
    assert set(HEAVY_STEPS) <= steps
    assert set(pods_of_steps()["per_step_k8s_config"]) == set(HEAVY_STEPS)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["code"], "dagster code-server start --module-name pipelines.definitions --location-name ketenmonitor "
                   "--host 127.0.0.1 --port 4000"),
        (["daemon", "--code", "code:4000"], "dagster-daemon run --workspace {home}/dagster/workspace.yaml"),
        (["web", "--host", "0.0.0.0", "--code", "code:4000"],
         "dagster-webserver --workspace {home}/dagster/workspace.yaml --host 0.0.0.0 --port 3000"),
        (["daemon"], "dagster-daemon run --workspace {root}/workspace.yaml"),
    ],
)  # fmt: skip
def test_a_service_becomes_a_program_of_dagster(words: list[str], expected: str, tmp_path: Path) -> None:
    arguments = cli._parser().parse_args(["service", *words])
    command = program(words[0], arguments, tmp_path)
    assert command[0].startswith(str(Path(sys.executable).parent))
    said = " ".join([Path(command[0]).name, *command[1:]])
    assert said == expected.format(home=tmp_path, root=ROOT)
    assert Path(command[0]).exists()
    if "--code" in words:
        told = yaml.safe_load((tmp_path / "dagster/workspace.yaml").read_text())
        # under this name the state of schedules is kept, wherever the code server stands
        assert told == {"load_from": [{"grpc_server": {"host": "code", "port": 4000, "location_name": "ketenmonitor"}}]}


@pytest.mark.parametrize("code", ["code", ":4000", "code:http", "4000"])
def test_a_code_server_without_machine_or_port_is_refused(code: str, tmp_path: Path) -> None:
    arguments = cli._parser().parse_args(["service", "web", "--code", code])
    with pytest.raises(SettingsError, match="expected a machine and a port, such as code:4000"):
        program("web", arguments, tmp_path)


def test_whether_a_service_is_alive_is_asked_of_dagster_or_of_the_web_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = cli._parser().parse_args(["service", "code", "--check"])
    assert alive("code", arguments)[1:] == ["api", "grpc-health-check", "--port", "4000"]
    assert alive("daemon", arguments)[1:] == ["liveness-check"]
    # nobody listens on port 9 of this machine
    assert cli.main(["service", "web", "--check", "--port", "9", "--home", str(tmp_path)]) == 1
