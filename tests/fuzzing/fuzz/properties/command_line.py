"""A SPEC, right or wrong, is written whole with exit code 0, or is one line, code 2, and no file."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

import agnostic_init as ai
from agnostic_init.cli import main
from fuzz import shapes, strategies
from fuzz.programs import Code, Fault, Program

__all__ = ["Case", "cases", "check"]

FILES = ("spec.toml", "spec.json")


class Case(NamedTuple):
    """The text of a SPEC, its file's name, and what is asked of it."""

    name: str
    text: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        lines = (
            "from pathlib import Path",
            "from agnostic_init.cli import main",
            f"Path({self.name!r}).write_text({self.text!r}, 'utf-8')",
            f"main({list(self.arguments)!r})",
        )
        return "\n".join(lines)


def _plain(value: Any) -> Any:
    """What a file can hold of what Python can."""
    if isinstance(value, Code) or not isinstance(
        value, bool | int | float | str | list | tuple | dict
    ):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    return value


anything = strategies.anything.map(_plain)


@st.composite
def _initializers(draw: Any) -> Any:
    text = draw(strategies.initializers(sense=draw(st.booleans())))
    outcome = Program((f"{text}.to_dict()",)).outcome()
    made: Any = {"name": "normal"} if outcome.refused else _plain(outcome.value)
    if draw(strategies.rarely):
        made[draw(st.sampled_from(["std", "name", "layout", "x"]))] = draw(anything)
    return draw(st.sampled_from([made, made, made, made.get("name")]))


names = st.one_of(
    st.sampled_from(["w", "h.{0..2}.w", "{q,k}", "a" * 300, "é", "{00..03}", "h.{0..1}.{a,b}"]),
    st.text("ab.{0}*", min_size=1, max_size=6),
    st.text(max_size=3),
)


@st.composite
def _data(draw: Any) -> Any:
    tensors: dict[str, Any] = {}
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        shape: Any = list(draw(shapes.shapes(40)))
        if draw(strategies.rarely):
            shape = draw(anything)
        tensors[name] = (
            {"shape": shape, "dtype": draw(strategies.dtypes())}
            if draw(strategies.rarely)
            else shape
        )
    rules = []
    for _ in range(draw(st.integers(0, 2))):
        pattern = draw(st.one_of(names, st.sampled_from(["re:.*w", "re:(", "h.*", "[a"])))
        rules.append({"match": pattern, "init": draw(_initializers())})
    rules.append({"match": "*", "init": draw(_initializers())})
    data: dict[str, Any] = {
        "defaults": {"seed": draw(st.integers(0, 2**63))},
        "tensors": tensors,
        "rules": rules,
    }
    if draw(strategies.rarely):
        place = draw(st.sampled_from([data, data["defaults"], rules[-1], tensors]))
        name = draw(
            st.sampled_from(["key", "dtype", "seed", "match", "rules", "tensors", "x", "init"])
        )
        place[name] = draw(anything)
    return data


def _toml(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False).replace(
            "\x7f", "?"
        )
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{_toml(str(name))} = {_toml(each)}" for name, each in value.items())
            + "}"
        )
    return repr(value)


@st.composite
def cases(draw: Any) -> Case:
    """Files that make sense, and files of which a piece is cut, doubled or changed."""
    name, data = draw(st.sampled_from(FILES)), draw(_data())
    if name == "spec.json":
        text = json.dumps(data)
    else:
        text = "\n".join(f"{key} = {_toml(value)}" for key, value in data.items())
    if draw(strategies.rarely):
        first = draw(st.integers(0, len(text)))
        last = draw(st.integers(first, min(len(text), first + 9)))
        text = (
            text[:first]
            + draw(st.one_of(st.text(max_size=3), st.just(text[first:last] * 2)))
            + text[last:]
        )
    more = draw(st.sampled_from([(), (), ("--json",), ("--seed", "7"), ("--dtype", "bfloat16")]))
    if draw(st.booleans()):
        return Case(name, text, ("describe", name, *more))
    return Case(name, text, ("write", name, "out.safetensors", "--no-progress", *more))


def check(case: Case) -> None:
    """The exit code, the lines and the files that are left agree."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path(case.name).write_text(case.text, "utf-8", "surrogatepass")
        out, said = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
            code = main(case.arguments)
        files = {path.name for path in Path().iterdir()} - {case.name}
        text = said.getvalue()
        if code == 0:
            wanted = {"out.safetensors"} if case.arguments[0] == "write" else set()
            if files != wanted or not out.getvalue() or text:
                raise Fault(f"code 0, but {files} are there, and it says {text!r}")
            if wanted:
                _check_file(case, Path("out.safetensors"))
        elif code != 2 or files or out.getvalue() or text.count("\n") != 1:
            raise Fault(f"code {code}, and {files} are there; it says {out.getvalue()!r}, {text!r}")


def _check_file(case: Case, path: Path) -> None:
    """The header names every tensor, and its offsets reach to the end."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header.pop("__metadata__", None)
    ends = [each["data_offsets"][1] for each in header.values()]
    if max(ends, default=0) != len(content) - 8 - size:
        raise Fault("the file ends elsewhere than its header says")
    if not header and ai.__version__:
        raise Fault("the file has no tensors")
