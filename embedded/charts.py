"""Where the JupyterHub chart comes from: the one given, the real one by version, else our small one.

It ends as an archive under `.charts/` of the project, named by version and content: the path is an
input of the release, so that an unchanged chart is no difference, and a changed one cannot be missed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import yaml

from embedded.console import say
from embedded.fault import Fault
from embedded.toolchain import versions

SMALL = Path(__file__).resolve().parent / "chart"
FOLDER = ".charts"
NAME = "jupyterhub"
REPOSITORY = "https://hub.jupyter.org/helm-chart/"
# A machine without a way out answers at once or never; nobody should wait for the latter.
FETCH_SECONDS = 20.0
_NEEDED = ("Chart.yaml", "values.yaml", "values.schema.json")


@dataclass(frozen=True)
class ChartArchive:
    """A packed chart: its path relative to the project, its version, and in words where it came from."""

    path: Path
    version: str
    origin: str


def ensure(
    project: Path, helm: Path, given: Path | None, in_use: Collection[str] = frozenset()
) -> ChartArchive:
    """Put the best chart that can be had under `.charts/`, and remove those that no stack names any more."""
    folder = project / FOLDER
    folder.mkdir(exist_ok=True)
    packed, origin = _find(folder, helm, given)
    version = _version(packed, origin)
    digest = hashlib.sha256(packed).hexdigest()[:12]
    place = folder / f"{NAME}-{version}-{digest}.tgz"
    if not place.is_file() or place.read_bytes() != packed:
        _write(place, packed)
    for old in folder.glob("*.tgz"):
        if old != place and str(old.relative_to(project)) not in in_use:
            old.unlink()
    return ChartArchive(place.relative_to(project), version, origin)


def _find(folder: Path, helm: Path, given: Path | None) -> tuple[bytes, str]:
    if given:
        return _given(given, helm), f"the chart at {given}"
    wanted = versions.load().chart.wanted
    kept = sorted(folder.glob(f"{NAME}-{wanted}-*.tgz"))
    if kept:
        return kept[0].read_bytes(), f"JupyterHub chart {wanted}, fetched before"
    fetched = _fetch(wanted, helm)
    if fetched:
        return fetched, f"JupyterHub chart {wanted} from its repository"
    return pack(SMALL, helm), "the small chart of this project, in place of the JupyterHub chart"


def _given(place: Path, helm: Path) -> bytes:
    if place.is_dir():
        return pack(place, helm)
    try:
        return place.read_bytes()
    except OSError as error:
        raise _unusable(f"The chart {place} cannot be read: {error.strerror or error}.") from error


def pack(source: Path, helm: Path) -> bytes:
    """Pack a chart's folder so that the same files always give the same bytes: Helm writes times into it."""
    with tempfile.TemporaryDirectory() as there:
        done = subprocess.run(
            [helm, "package", source, "--destination", there], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise _unusable(f"Helm cannot pack {source}: {done.stderr.strip()}")
        return _still(next(Path(there).glob("*.tgz")).read_bytes())


def _still(packed: bytes) -> bytes:
    files = _files(packed)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size = len(files[name])
            archive.addfile(member, io.BytesIO(files[name]))
    return gzip.compress(plain.getvalue(), mtime=0)


def _files(packed: bytes) -> dict[str, bytes]:
    """Give what an archive holds, by name."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        for member in archive:
            body = archive.extractfile(member)
            if body:
                files[member.name] = body.read()
    return files


def _fetch(version: str, helm: Path) -> bytes | None:
    """Fetch the real chart; where it cannot be had says so in one line and gives nothing."""
    if os.environ.get("EMBEDDED_OFFLINE") == "1":
        say(f"  The JupyterHub chart {version} is not asked for (EMBEDDED_OFFLINE=1): using the small one.")
        return None
    with tempfile.TemporaryDirectory() as there:
        order: list[str | Path] = [
            helm,
            "pull",
            NAME,
            "--repo",
            REPOSITORY,
            "--version",
            version,
            "--destination",
            there,
        ]
        try:
            subprocess.run(order, capture_output=True, text=True, check=True, timeout=FETCH_SECONDS)
            return next(Path(there).glob("*.tgz")).read_bytes()
        except subprocess.TimeoutExpired:
            reason = f"no answer in {FETCH_SECONDS:.0f} s"
        except subprocess.CalledProcessError as error:
            last = (error.stderr or "no reason given").strip().splitlines()[-1]
            reason = last.removeprefix("Error: ")
        except StopIteration:
            reason = "Helm fetched nothing"
    say(f"  The JupyterHub chart {version} cannot be fetched ({reason}): using the small one.")
    return None


def _version(packed: bytes, origin: str) -> str:
    """Give the version of a packed chart, once it is sure that the program can read it."""
    try:
        files = _files(packed)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise _unusable(f"{origin} is no packed chart: {error}.") from error
    missing = [name for name in _NEEDED if f"{NAME}/{name}" not in files]
    if missing:
        raise _unusable(f"{origin} has no {', '.join(missing)} in a folder {NAME}.")
    meta = yaml.safe_load(files[f"{NAME}/Chart.yaml"])
    if meta.get("name") != NAME:
        raise _unusable(f"{origin} is the chart {meta.get('name')}, not {NAME}.")
    return str(meta["version"])


def _unusable(what: str) -> Fault:
    return Fault(
        what,
        "The release cannot be deployed with it; what runs stays as it is.",
        "Name a released JupyterHub chart (.tgz, or its folder with values.schema.json), or none at all.",
    )


def _write(place: Path, packed: bytes) -> None:
    # Whole or not at all: an interrupted run must not leave half a chart under a good name.
    half = place.with_suffix(f".{os.getpid()}")
    half.write_bytes(packed)
    half.replace(place)
