"""docs/deployment.md fits the service: its limits, its health checks, its image, and what was measured."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from sessionscope.fastapi.health import PATIENCE_SECONDS
from sessionscope.settings import ServerSettings
from tests.guides.blocks import Block, blocks_of
from tests.new.running import ROOT

pytestmark = pytest.mark.isolation("none")

PAGE: Final = ROOT / "docs" / "deployment.md"
SHUTDOWN_SECONDS: Final = ServerSettings().shutdown_timeout


def block(title: str) -> Block:
    """Return the block with a title."""
    [found] = [each for each in blocks_of(PAGE) if each.title == title]
    return found


def manifest(title: str) -> Any:
    """Return a manifest for Kubernetes."""
    return pytest.importorskip("yaml").safe_load(block(title).text)


def container(title: str) -> Any:
    """Return the one container of a manifest."""
    [found] = manifest(title)["spec"]["template"]["spec"]["containers"]
    return found


class TestKubernetes:
    @pytest.mark.parametrize("title", ["migrate.yaml", "service.yaml"])
    def test_pods_run_as_the_image_is_meant(self, title: str) -> None:
        """The root is read-only, `/tmp` is not, and nothing is allowed beyond that."""
        pod, own = manifest(title)["spec"]["template"]["spec"], container(title)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        } == own["securityContext"]
        assert [{"name": "tmp", "mountPath": "/tmp"}] == own["volumeMounts"]  # noqa: S108 - in the container
        assert [{"name": "tmp", "emptyDir": {}}] == pod["volumes"]

    def test_probes_ask_what_they_should(self) -> None:
        """Only readiness needs the database, and it has the time to say so."""
        own = container("service.yaml")
        paths = {name: own[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
        assert {"startup": "/health/live", "liveness": "/health/live", "readiness": "/health/ready"} == paths
        assert own["readinessProbe"]["timeoutSeconds"] > PATIENCE_SECONDS
        assert f"EXPOSE {own['ports'][0]['containerPort']}\n" in (ROOT / "Containerfile").read_text()

    def test_pod_has_time_to_end(self) -> None:
        """It is killed only after its last request had all of its time."""
        [_, seconds] = container("service.yaml")["lifecycle"]["preStop"]["exec"]["command"]
        grace = manifest("service.yaml")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        assert grace > int(seconds) + SHUTDOWN_SECONDS


class TestCompose:
    def test_service_has_time_to_end(self) -> None:
        """It is killed only after its last request had all of its time."""
        [grace] = re.findall(r"stop_grace_period: (\d+)s", (ROOT / "compose.yaml").read_text())
        assert int(grace) > SHUTDOWN_SECONDS


class TestSystemd:
    UNIT: Final = "/etc/systemd/system/your-service.service"

    def test_service_has_time_to_end(self) -> None:
        """It is killed only after its last request had all of its time."""
        [grace] = re.findall(r"^TimeoutStopSec=(\d+)$", block(self.UNIT).text, re.MULTILINE)
        assert int(grace) > SHUTDOWN_SECONDS

    @pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
    def test_systemd_finds_no_fault(self, tmp_path: Path) -> None:
        """All keys and values are known to it."""
        unit = tmp_path / "your-service.service"
        text = block(self.UNIT).text.replace("/opt/your-service/.venv/bin/python", "/bin/true")
        unit.write_text(text.replace("=/opt/your-service", f"={tmp_path}"))
        command = ["systemd-analyze", "verify", str(unit)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
        mine = [line for line in done.stderr.splitlines() if "your-service" in line]
        assert (0, []) == (done.returncode, mine)


class TestMeasurement:
    def test_table_is_that_of_the_results(self) -> None:
        """The figures on the page were measured."""
        lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| (\d+|pool_size) \|", line)]
        assert len(lines) >= 6
        assert (
            "\n".join([lines[0], "|---:" * lines[0].count(" | ") + "|---:|", *lines[1:]])
            in (ROOT / "benchmarks" / "results" / "pool_sizes.md").read_text()
        )
