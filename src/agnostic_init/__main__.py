"""``python -m agnostic_init``: the command line."""

from __future__ import annotations

from agnostic_init.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
