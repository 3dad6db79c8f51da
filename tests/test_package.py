"""The package as others install it: complete, and independent of the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cd22kg import resources
from cd22kg.errors import ResourceError

ROOT = Path(__file__).resolve().parents[1]

#: Looks at an installed package from within; prints what it finds as JSON.
LOOK = """
import json
from pathlib import Path
import cd22kg
from cd22kg.resources import FOLDERS, folder

kg = cd22kg.load()
print(json.dumps({
    "package": cd22kg.__file__,
    "version": cd22kg.__version__,
    "rows": len(kg.query("complete-response", indication="b-all")),
    "sources": len(kg.query("claims-per-source")),
    "folders": {kind: str(folder(kind)) for kind in FOLDERS},
    "sizes": {kind: sorted(folder(kind).iterdir())[0].stat().st_size for kind in FOLDERS},
    "rules": len(list((folder("ontology") / "rules").glob("*.rq"))),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from the checkout without a network."""
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    found = sorted(place.glob("*.whl"))
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the wheel is installed."""
    place = tmp_path_factory.mktemp("installed") / "site"
    options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--target", str(place)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True, capture_output=True)
    return place


def run(site: Path, cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the installed package, from another folder."""
    surroundings = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *args], cwd=cwd, env=surroundings, check=False, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_wheel_holds_every_data_file(wheel: Path) -> None:
    """Each claim file, ontology file, rule, query and shape of the checkout is in the wheel, byte for byte."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name.removeprefix("cd22kg/_data/"): archive.read(name)
            for name in archive.namelist()
            if name.startswith("cd22kg/_data/")
        }
    expected = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for kind in resources.FOLDERS
        for path in (ROOT / kind).rglob("*")
        if path.is_file()
    }

    assert sorted(expected) == sorted(packed)
    assert [name for name, data in expected.items() if packed[name] != data] == []


@pytest.mark.slow
def test_wheel_holds_the_code_and_nothing_else(wheel: Path) -> None:
    """The wheel has every module, the mark for type checkers and both licences, and no tests or drafts."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    code = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "cd22kg").rglob("*.py")}
    licences = {name.rpartition("/")[2] for name in names if "/licenses/" in name}

    assert code <= set(names)
    assert "cd22kg/py.typed" in names
    assert {"LICENSE", "LICENSE-DATA"} == licences
    assert [name for name in names if not name.startswith(("cd22kg/", "cd22kg-"))] == []


@pytest.mark.slow
def test_installed_package_answers(site: Path, tmp_path: Path) -> None:
    """Installed elsewhere, the package reads its own data folders and answers a question."""
    found: dict[str, Any] = json.loads(run(site, tmp_path, "-c", LOOK).stdout)
    data = site / "cd22kg" / "_data"

    assert site / "cd22kg" / "__init__.py" == Path(found["package"])
    assert {kind: str(data / kind) for kind in resources.FOLDERS} == found["folders"]
    assert all(size > 0 for size in found["sizes"].values())
    assert len(list((ROOT / "claims").glob("*.yaml"))) == found["sources"]
    assert len(list((ROOT / "ontology" / "rules").glob("*.rq"))) == found["rules"]
    assert found["rows"] >= 3


@pytest.mark.slow
@pytest.mark.parametrize("args", [("--help",), ("query", "--list"), ("overview",)], ids=" ".join)
def test_installed_command_line_works(args: tuple[str, ...], site: Path, tmp_path: Path) -> None:
    """Installed elsewhere, the command line helps, lists its questions and shows the overview."""
    assert run(site, tmp_path, "-m", "cd22kg", *args).stdout.strip()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not (ROOT / ".git").exists() or shutil.which("git") is None, reason="needs a git checkout")
def test_no_file_of_the_package_is_ignored() -> None:
    """What git ignores is neither committed nor packed, so it holds no module and no data file."""
    kept = [ROOT / "src" / "cd22kg", ROOT / "tests", *(ROOT / kind for kind in resources.FOLDERS)]
    paths = [
        path.relative_to(ROOT).as_posix()
        for folder in kept
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    command = ["git", "check-ignore", "--stdin", "--no-index"]
    done = subprocess.run(command, cwd=ROOT, input="\n".join(paths), capture_output=True, encoding="utf-8", check=False)

    assert paths
    assert done.stdout.splitlines() == []
    assert done.returncode == 1, done.stderr  # 1 says that none is ignored


def test_help_needs_no_library() -> None:
    """Help comes without waiting for the libraries that read and ask the graph."""
    code = (
        "import sys\n"
        "from cd22kg.cli import main\n"
        "sys.argv = ['cd22kg', '--help']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = {'rdflib', 'pyshacl', 'owlready2', 'pyoxigraph', 'pydantic', 'yaml', 'numpy', 'scipy', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8")

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("kind", resources.FOLDERS)
def test_data_folder_is_found(kind: str) -> None:
    """In a checkout, each data folder is the one beside `pyproject.toml`."""
    assert ROOT / kind == resources.folder(kind)


def test_unknown_folder_is_an_error() -> None:
    """A kind of data that does not exist is an error which lists those that do."""
    with pytest.raises(ResourceError, match="no data folder `tests`") as caught:
        resources.folder("tests")

    assert caught.value.hint == "one of: claims, ontology, queries, shapes, syntheses"


def test_finding_nothing_is_an_error() -> None:
    """A pattern that fits no file is an error, never an empty list."""
    with pytest.raises(ResourceError, match=r"no \*\.owl in the data folder `ontology`"):
        resources.resource_files("ontology", "*.owl")


def test_missing_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package without its data says that it must be installed again."""
    monkeypatch.setattr(resources, "files", lambda name: tmp_path)
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "a" / "b" / "resources.py"))
    with pytest.raises(ResourceError, match="the data folder `claims` is missing"):
        resources.folder.__wrapped__("claims")
