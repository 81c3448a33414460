"""What the environment, `.env` and `partition-gate.toml` say: setting -> value and where it is written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr

from partition_gate.core.errors import InvalidSetting
from partition_gate.core.nearest_words import nearest
from partition_gate.settings.model import PREFIX, Settings

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)")
_URLS = frozenset({"ledger_url", "warehouse_uri"})
_COMMENT = re.compile(r"(^|\s)#.*$")


class Given(NamedTuple):
    """A value, and what a message calls the place where it is written (`.env, line 3: GATE_HOME`)."""

    value: str
    origin: str


def from_variables(variables: Mapping[str, str]) -> dict[str, Given]:
    """The `GATE_` variables. Raises: InvalidSetting (unknown names)."""
    given = {name: Given(value, name) for name, value in variables.items() if name.startswith(PREFIX)}
    return _known(given, prefix=PREFIX)


def from_dotenv(path: Path) -> dict[str, Given]:
    """The `GATE_` lines of a file of `NAME=value` lines. Other names are for other tools, such as Docker Compose.

    Raises:
        InvalidSetting: an unknown name, a repeated one, or a line that cannot be read. No value is quoted.
    """
    given: dict[str, Given] = {}
    for number, line in enumerate(_text(path).splitlines(), start=1):
        where = f"{path}, line {number}"
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise InvalidSetting(f"{where}: is not an assignment: write NAME=value, or # before a comment")
        name = found["name"]
        if not name.startswith(PREFIX):
            continue
        if name in given:
            raise InvalidSetting(f"{where}: duplicate {name}: remove one")
        given[name] = Given(_unquoted(found["value"], f"{where}: {name}"), f"{where}: {name}")
    return _known(given, prefix=PREFIX)


def from_toml(path: Path) -> dict[str, Given]:
    """The keys of a TOML file: settings in lower case without `GATE_`.

    Raises:
        InvalidSetting: not TOML, an unknown key, a table or list, or a secret. The file is meant to be committed.
    """
    try:
        document = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise InvalidSetting(f"{path}: is not TOML: {error}") from None
    known = _known({name: Given("", f"{path}: {name}") for name in document}, prefix="")
    return {name: Given(_scalar(document[name], each.origin, name), each.origin) for name, each in known.items()}


def _known(given: Mapping[str, Given], *, prefix: str) -> dict[str, Given]:
    """The same by setting. Raises: InvalidSetting, with the nearest setting for each name."""
    names = [f"{prefix}{name.upper() if prefix else name}" for name in Settings.model_fields]
    problems = []
    for name in sorted(given.keys() - set(names)):
        near = nearest(name, names)
        step = f"did you mean {near}?" if near else "the README lists all settings"
        problems.append(f"{given[name].origin}: unknown setting; {step}")
    if problems:
        raise InvalidSetting("\n".join(problems))
    return {name.removeprefix(prefix).lower(): each for name, each in given.items()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InvalidSetting(f"{path}: cannot be read ({why}); correct the file, or remove it") from None


def _unquoted(text: str, where: str) -> str:
    """The value without its quotes, or without a comment behind it."""
    quote = text[:1]
    if quote not in {"'", '"'}:
        value = _COMMENT.sub("", text).rstrip()
    else:
        value, closing, rest = text[1:].partition(quote)
        if not closing or _COMMENT.sub("", rest).strip():
            raise InvalidSetting(f"{where}: close the quote at the end, and use the other one inside")
    if "${" in value and quote != "'":
        raise InvalidSetting(f"{where}: variables are not replaced here: write the value, or use single quotes")
    return value


def _scalar(value: Any, origin: str, name: str) -> str:
    if isinstance(value, dict | list):
        raise InvalidSetting(f"{origin}: is a table or a list: write one line, {name} = <value>, outside of any table")
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    secret = isinstance(Settings.model_fields[name].default, SecretStr)
    if secret or (name in _URLS and urlsplit(text).password):
        raise InvalidSetting(
            f"{origin}: secrets do not belong in this file, which is shared: remove it, change the secret if others "
            f"have seen it, and set {PREFIX}{name.upper()} in the environment or in .env"
        )
    return text
