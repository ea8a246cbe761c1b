"""Damaged chat exports: typed errors only, the good messages kept, little memory, nothing written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from chat_mutations import FORMATS, read_many

MOST_MIB = 256


@pytest.mark.parametrize("form", FORMATS)
def test_damaged_exports(form: str) -> None:
    """Of 200 damaged exports of each format, each is read to its end and every whole message is kept."""
    documents, errors = read_many(form, range(200))
    assert documents > 100
    assert errors > 20


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("form", FORMATS)
def test_ten_thousand_damaged_exports(form: str) -> None:
    """The same for 10,000, in a process of its own, within 256 MiB."""
    program = Path(__file__).with_name("chat_mutations.py")
    done = subprocess.run([sys.executable, str(program), form, "10000"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["peak_mib"] <= MOST_MIB
