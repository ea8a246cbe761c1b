"""The wheel as a user gets it: built, installed alone, used."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout without isolation: no download."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """Types, licence and the demo's data are in it; tests, weights and benchmarks are not."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {"masa_rag/py.typed", "masa_rag/_demo_data/tidewell_podcast.txt"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"masa_rag"}
    assert wheel.stat().st_size < 1_500_000


@pytest.mark.slow
def test_the_wheel_works_without_the_development_packages(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own: the base install alone runs the demo."""
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [str(python), "-m", "pip", "install", "-q", "-c", str(REPOSITORY / "constraints.txt"), str(wheel),
         str(REPOSITORY / "weights")],
        check=True,
    )  # fmt: skip
    run = subprocess.run(
        [str(environment / "bin" / "masa-rag"), "demo", "-m", str(tmp_path / "brain")],
        capture_output=True, text=True, check=True, env={"MASA_RAG_OFFLINE": "1", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert run.stdout.count("[1] ") == 3
    absent = "import importlib.util as u; print([n for n in ('torch', 'langchain', 'pytest') if u.find_spec(n)])"
    assert (
        subprocess.run([str(python), "-c", absent], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
