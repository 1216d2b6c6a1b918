"""Compiling for tests, once for all runs of pytest: what is made is kept in the cache folder of pytest."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import tempfile
import time
from pathlib import Path

__all__ = ["compiled", "remove_old"]

WEEK = 7 * 24 * 3600.0  # seconds


def compiled(
    folder: Path, command: list[str], sources: list[Path | str], included: list[Path] | None = None
) -> Path:
    """What a compiler makes of sources: files, or the text of one.

    It is made again if the compiler, the command, or a text changes: of the sources, or of the
    files that they include. Where those lie (-I) may differ, as it does between environments.
    """
    version = subprocess.run([command[0], "--version"], capture_output=True, text=True, check=True)
    texts = [each if isinstance(each, str) else each.read_text("utf-8") for each in sources]
    texts += [each.read_text("utf-8") for each in included or []]
    options = [word for word in command if not word.startswith("-I")]
    digest = hashlib.sha256("\0".join([version.stdout, *options, *texts]).encode()).hexdigest()
    made = folder / digest
    if made.exists():
        return made
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        paths = [each for each in sources if isinstance(each, Path)]
        if len(paths) < len(sources):
            paths.append(Path(scratch, "source.cpp"))
            paths[-1].write_text(texts[0], encoding="utf-8")
        new = Path(scratch, "made")
        line = [*command, *map(str, paths), "-o", str(new)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return new.replace(made)  # at once, as another process may look


def remove_old(folder: Path) -> None:
    """Remove what was made more than a week ago."""
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # a folder in use, or gone already
            if path.stat().st_mtime < time.time() - WEEK:
                path.unlink()
