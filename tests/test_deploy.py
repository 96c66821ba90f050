"""The ways to run it every night are checked as far as one machine can."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
BIN = Path(sys.executable).parent


def here(text):
    """A unit's text for this clone and this environment."""
    return text.replace("/opt/nodecision/.venv/bin", str(BIN)).replace("/opt/nodecision", str(ROOT))


def told(unit, key):
    text = (DEPLOY / "systemd" / unit).read_text(encoding="utf-8")
    return re.findall(rf"(?m)^{key}=(.*)$", text)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_finds_no_fault_in_a_unit(unit, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for each in UNITS:
        (tmp_path / each.name).write_text(here(each.read_text(encoding="utf-8")), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    ours = [line for line in done.stderr.splitlines() if "nodecision" in line]
    assert ours == []


def test_every_command_that_is_started_exists():
    from pipelines.cli import app

    known = {command.callback.__name__ for command in app.registered_commands}
    started = set()
    for path in [*UNITS, DEPLOY / "nodecision.cron", DEPLOY / "kubernetes" / "cronjob.yaml"]:
        started |= set(re.findall(r"bin/nodecision (\w+)", path.read_text(encoding="utf-8")))
    assert started == {"run", "alerts"} <= known
    for line in (DEPLOY / "nodecision.cron").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#") and "=" not in line.split()[0]:
            assert re.fullmatch(r"([\d*]+ ){5}nodecision cd /opt/nodecision && .+", line), line


def test_a_warning_is_no_failure_and_one_night_runs_at_a_time():
    assert told("nodecision-night.service", "SuccessExitStatus") == ["3"]
    job = yaml.safe_load((DEPLOY / "kubernetes" / "cronjob.yaml").read_text(encoding="utf-8"))
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    script = container["args"][0].replace("/app/.venv/bin/nodecision", "sh -c 'exit $0'")
    for code, expected in ((0, 0), (1, 1), (2, 2), (3, 0)):
        line = re.sub(r"sh -c 'exit \$0'[^;]*", f"sh -c 'exit {code}'", script)
        assert subprocess.run(["/bin/sh", "-c", line], check=False).returncode == expected
    uid = re.search(r"--uid (\d+)", (DEPLOY / "Containerfile").read_text(encoding="utf-8"))[1]
    assert pod["securityContext"]["runAsUser"] == int(uid)


def test_the_container_holds_all_that_a_run_reads(tmp_path):
    """Its files, as its own lines lay them out, make up an installation that works."""
    app = tmp_path / "app"
    for line in re.findall(
        r"(?m)^COPY (.+)$", (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    ):
        *sources, target = line.split()
        for source in sources:
            place = app / target / Path(source).name if target.endswith("/") else app / target
            place.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                ignore = shutil.ignore_patterns("published", "__pycache__")
                shutil.copytree(ROOT / source, place, ignore=ignore)
            else:
                shutil.copy(ROOT / source, app if target == "./" else place)
    code = (
        "import pipelines.definitions as d, pipelines.night as n; "
        "assert str(n.ROOT) == sys.argv[1], n.ROOT; "
        "from pipelines import preview; night = n.Night(home=sys.argv[2]); "
        "print(len(list(preview.lines(night))), len(list(d.defs.resolve_all_asset_specs())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}", str(app), str(tmp_path / "home")],
        capture_output=True,
        text=True,
        check=False,
        cwd=app,
        env=os.environ | {"PYTHONPATH": str(app), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr[-1500:]
    lines, assets = map(int, done.stdout.split())
    assert lines > 10 and assets > 100


def test_dagsters_services_start(tmp_path):
    """The commands of the two units, with a history of their own: both come up and answer."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {
        "DAGSTER_HOME": str(tmp_path),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": str(ROOT),
    }
    web, daemon = (
        shlex.split(here(told(unit, "ExecStart")[0]))
        for unit in ("nodecision-webserver.service", "nodecision-daemon.service")
    )
    assert web[-4:] == ["-h", "127.0.0.1", "-p", "3000"]
    with (tmp_path / "daemon.log").open("wb") as log:
        running = [
            subprocess.Popen([*web[:-1], str(port)], cwd=tmp_path, env=env, stderr=log, stdout=log),
            subprocess.Popen(daemon, cwd=tmp_path, env=env, stderr=log, stdout=log),
        ]
        try:
            until = time.monotonic() + 180
            said, answer = "", b""
            while time.monotonic() < until and not (answer and "SchedulerDaemon" in said):
                time.sleep(1)
                assert all(process.poll() is None for process in running), said
                said = (tmp_path / "daemon.log").read_text(encoding="utf-8")
                try:
                    with urllib.request.urlopen(
                        f"http://127.0.0.1:{port}/server_info", timeout=10
                    ) as got:
                        answer = got.read()
                except OSError:
                    continue
            assert b"dagster_webserver_version" in answer
            assert "SchedulerDaemon" in said and "SensorDaemon" in said
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(timeout=60)
