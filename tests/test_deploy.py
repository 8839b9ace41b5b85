"""deploy/: the units are valid and closed, their options exist, and the image has what serving needs."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer.main

from chestnut.cli import app
from onnx_bundle import write_onnx_bundle

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))

#: The dependencies that training needs, and serving does not.
TRAINING = {"jinja2", "keras", "onnx", "optuna", "tensorboard", "tensorflow", "tensorflow-cpu", "tf2onnx", "xlsxwriter"}

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def analyze(*words):
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def options(command):
    return {name for param in typer.main.get_command(app).commands[command].params for name in param.opts}


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_valid_and_closed(unit, tmp_path):
    installed = tmp_path / unit.name
    installed.write_text(unit.read_text().replace("/opt/chestnut/bin/chestnut", sys.executable))
    done = analyze("verify", str(installed))
    assert (done.returncode, done.stderr) == (0, "")
    exposure = re.search(
        r"exposure level for .*: ([\d.]+)", analyze("security", "--offline=true", str(installed)).stdout
    )
    assert float(exposure[1]) <= 1.4


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_options_of_a_unit_exist(unit):
    (line,) = re.findall(r"^ExecStart=(.*)", unit.read_text(), flags=re.M)
    _, command, *words = shlex.split(line)
    assert unit.stem == f"chestnut-{command}"
    assert {word for word in words if word.startswith("--")} <= options(command)


def test_the_options_of_the_guide_and_of_the_image_exist():
    known = set().union(*(options(unit.stem.removeprefix("chestnut-")) for unit in UNITS))
    guide = (DEPLOY / "README.md").read_text()
    named = re.findall(r"`(--[\w-]+)", guide) + re.findall(r"--[\w-]+", "".join(re.findall(r"OPTIONS=.*", guide)))
    assert {"--keep-days", "--database"} <= set(named) <= known
    (words,) = re.findall(r"^CMD (\[.*\])", (DEPLOY / "Containerfile").read_text(), flags=re.M)
    assert "--token-file" in re.findall(r"--[\w-]+", words)
    assert set(re.findall(r"--[\w-]+", words)) <= options("serve")


def test_the_image_has_all_dependencies_but_those_of_training():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *extras["postgres"], *extras["dicom"]]
    named = {re.match(r"[\w.-]+(\[\w+\])?", text)[0] for text in declared}
    listed = [line for line in (DEPLOY / "requirements.txt").read_text().split("\n") if line and line[0] != "#"]
    assert listed == sorted(listed)
    assert set(listed) == named - TRAINING


#: Serves an image where the packages that training needs cannot be imported.
SERVE = """
import sys
from importlib.abc import MetaPathFinder

class Refuse(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in sys.argv[2].split():
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
import chestnut.api.listen, chestnut.api.serve, chestnut.cli.work.listen, chestnut.cli.work.serve, chestnut.serve
for module in walk_packages(chestnut.serve.__path__, "chestnut.serve."):
    if not module.name.endswith("migrations.env"):
        import_module(module.name)
from chestnut.serve.http.app import create_app
from chestnut.serve.http.service import Service
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.store import Store
from serve_client import Client, png

service = Service([Scorer.open(Path(sys.argv[1]), threads=1)], Store.open("sqlite:///audit.sqlite"))
ask = Client(create_app(service))
for path in ("/v1/predict", "/v1/explain"):
    answer = ask("POST", path, content=png(200), headers={"content-type": "image/png"})
    assert answer.status_code == 200, answer.text
"""


@pytest.mark.slow
def test_serving_needs_nothing_else(tmp_path):
    run = write_onnx_bundle(tmp_path / "bright")
    refused = " ".join(sorted(TRAINING - {"tensorflow-cpu"}))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    subprocess.run([sys.executable, "-c", SERVE, str(run), refused], cwd=tmp_path, env=environment, check=True)
