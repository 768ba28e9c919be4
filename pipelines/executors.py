"""In which processes the steps of a run are made: all in one, or each in a pod of its own on Kubernetes.

KETENMONITOR_EXECUTOR: `in_process` (default; a new interpreter for each step costs more than most steps do) or `k8s`.
Not here: how a run itself is started; that is the launcher of the installation (deploy/kubernetes/values.yaml).
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from pipelines.settings import SettingsError

EXECUTOR = "KETENMONITOR_EXECUTOR"
#: Steps that read or hold much: fetching streams a month of detailed trade, and its tables are the largest.
HEAVY_STEPS = ("sources__vintages", "sources__comext_months", "sources__comext_years")
# A small step takes some 400 MB, most of it libraries; a month of trade of 5 million rows stays below 600 MB.
_SMALL = {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}
_LARGE = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "3Gi"}}
_PODS_AT_ONCE = 4


def executor_of(environment: Mapping[str, str]) -> dg.ExecutorDefinition:
    """The executor of this installation. Raises SettingsError where the setting or the library is not known."""
    wanted = environment.get(EXECUTOR, "").strip() or "in_process"
    if wanted == "in_process":
        return dg.in_process_executor
    if wanted != "k8s":
        raise SettingsError(f"{EXECUTOR} is {wanted!r}; expected in_process or k8s")
    try:
        from dagster_k8s import k8s_job_executor
    except ImportError as error:
        raise SettingsError(
            f"{EXECUTOR} is k8s and dagster-k8s is not installed; install the extra `deploy`"
        ) from error
    return k8s_job_executor.configured(pods_of_steps())


def pods_of_steps() -> dict[str, Any]:
    """What the executor of Kubernetes is told: how many pods at once, and what each asks for."""
    return {
        "max_concurrent": _PODS_AT_ONCE,
        "step_k8s_config": {"container_config": {"resources": _SMALL}},
        "per_step_k8s_config": {name: {"container_config": {"resources": _LARGE}} for name in HEAVY_STEPS},
    }
