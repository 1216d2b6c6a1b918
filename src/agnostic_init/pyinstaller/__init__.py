"""What PyInstaller is told of this package: it asks by the entry point ``pyinstaller40``."""

from __future__ import annotations

from pathlib import Path

__all__ = ["hook_folders"]


def hook_folders() -> list[str]:
    """The folders of hooks, of which there is this one."""
    return [str(Path(__file__).parent)]
