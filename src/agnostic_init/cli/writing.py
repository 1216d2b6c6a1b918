"""The commands that write tensors, and that say what would be written."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from agnostic_init.arrays.errors import ParameterError, must
from agnostic_init.arrays.target import BACKENDS
from agnostic_init.checkpoint import Written, verify, write
from agnostic_init.checkpoint.shards import as_bytes
from agnostic_init.cli.arguments import command_of_spec
from agnostic_init.cli.planning import holds_tensors, plan_of_options
from agnostic_init.cli.reporting import discard_output, fail, note, show, showing_progress
from agnostic_init.cli.signals import Signals
from agnostic_init.models.brief import brief
from agnostic_init.models.plan import Plan
from agnostic_init.storage.checkpoint import open_checkpoint

__all__ = ["add_describe", "add_write"]

FORMATS_OF_OTHERS = (
    *(".bin", ".ckpt", ".gguf", ".h5", ".keras", ".msgpack", ".npy", ".npz", ".onnx"),
    *(".json", ".pickle", ".pkl", ".pt", ".pth", ".toml"),
)


def add_write(commands: Any) -> None:
    """Add the parser of write."""
    parser = command_of_spec(
        commands, "write", "make every tensor of SPEC and write a .safetensors file"
    )
    parser.add_argument("out", metavar="OUT", help="the .safetensors file to write")
    parser.add_argument(
        "--backend",
        choices=list(BACKENDS),
        default="numpy",
        help="the array library that makes the tensors (default: numpy); the bytes are the same, "
        "but for the last bits of orthogonal tensors",
    )
    parser.add_argument(
        "--device", metavar="D", help="a device of that library, such as cpu or cuda:0"
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace OUT, once the new file is complete; files of it that are left over, as more "
        "shards than there are now, are removed",
    )
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    parser.add_argument(
        "--max-shard-size",
        type=_size,
        metavar="S",
        help="bytes of data in a file at most, such as 5GB: then there may be several files, "
        "OUT-00001-of-00002.safetensors and so on, and OUT.safetensors.index.json",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with what an earlier run with --resume has written before it was ended",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="read what was written, make all of it again and compare; exit code 1 if it differs",
    )
    parser.add_argument("--dry-run", action="store_true", help="do as describe, and make nothing")
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    parser.set_defaults(run=_write)


def add_describe(commands: Any) -> None:
    """Add the parser of describe."""
    parser = command_of_spec(
        commands, "describe", "print what write would make, or what made a file of tensors"
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="a row for every tensor, and not for those that are alike",
    )
    parser.set_defaults(run=_describe)


def _size(text: str) -> int:
    try:
        return as_bytes(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _describe(options: argparse.Namespace, signals: Signals) -> int:
    plan = plan_of_options(options)
    told = plan.to_dict()
    made_by = ""
    if holds_tensors(options.spec):
        about = open_checkpoint(options.spec).metadata
        told["metadata"] = about
        version = about.get("agnostic_init")
        if version is not None and options.rules is None:
            made_by = f"\nmade by agnostic_init {version}, stream {about.get('stream')}, {plan.key}"
    text = "" if options.json else str(plan) if getattr(options, "all", False) else brief(plan)
    show(json.dumps(told, indent=2) if options.json else f"{text}{made_by}")
    return 0


def _write(options: argparse.Namespace, signals: Signals) -> int:
    if options.dry_run:
        return _describe(options, signals)
    plan = plan_of_options(options)
    _check_out(options)
    hidden = options.no_progress or options.quiet
    with showing_progress(plan.bytes, hidden=hidden) as progressed:

        def progress(name: str, done: int, total: int) -> None:
            signals.check()
            progressed(name, done, total)

        written = write(
            plan,
            options.out,
            xp=options.backend,
            device=options.device,
            max_shard_size=options.max_shard_size,
            overwrite=options.overwrite,
            resume=options.resume,
            progress=progress,
            before=signals.check if options.verify else signals.close,
        )
    try:
        if not options.quiet:
            show(_written(plan, written, as_json=options.json))
    except OSError as error:
        # OUT is new and whole, which is what the exit code says.
        discard_output()
        note(f"{written.path} is written; standard output is not: {error}")
    if options.verify:
        wrong = verify(plan, written.path, xp=options.backend, device=options.device)
        if wrong:
            return fail(
                f"{written.path}: {len(wrong)} tensors differ from the plan, {wrong[0]!r} first", 1
            )
    return 0


def _check_out(options: argparse.Namespace) -> None:
    out = Path(options.out)
    if not options.out:
        raise must("OUT", "must be the name of a file", "")
    if options.out == "-":
        raise must("OUT", "must be a file, not standard output", "-", "a name.safetensors")
    if out.suffix.lower() in FORMATS_OF_OTHERS:
        hint = str(out.with_suffix(".safetensors"))
        raise must("OUT", "must be a .safetensors file, the one format there is", str(out), hint)
    if out.exists():
        for name, given in (("SPEC", options.spec), ("what --rules names", options.rules)):
            if given is not None and Path(given).exists() and out.samefile(given):
                raise must("OUT", f"must not be {name}", str(out), "another name")
        if not options.overwrite:
            message = f"{options.out} exists; try: --overwrite"
            raise ParameterError(message)
    if holds_tensors(options.spec):
        stem = out.name.removesuffix(".safetensors")
        for file in {*open_checkpoint(options.spec).files.values()}:
            if file.resolve().parent == out.resolve().parent and file.name.startswith(stem):
                rule = "must have another name or folder than the files of SPEC"
                raise must("OUT", rule, str(out), "a new folder")


def _written(plan: Plan, written: Written, *, as_json: bool) -> str:
    if not as_json:
        several = f" in {len(written.files)} files" if len(written.files) > 1 else ""
        names = ", ".join(each.name for each in written.removed)
        removed = f"\nremoved, of what was there before: {names}" if names else ""
        return (
            f"{written.path}: {len(plan):,} tensors, {plan.elements:,} parameters, "
            f"{written.data_bytes:,} bytes of data{several}\nsha256 of the data: {written.sha256}"
            f"{removed}"
        )
    told = {
        "path": str(written.path),
        "tensors": len(plan),
        "elements": plan.elements,
        "bytes": written.data_bytes,
        "sha256": written.sha256,
        "files": [str(file) for file in written.files],
        "removed": [str(file) for file in written.removed],
    }
    return json.dumps(told, indent=2)
