"""Formats of text: formats with a pattern, formats that are only documented, and date formats."""

from __future__ import annotations

import re

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_H16 = r"[0-9A-Fa-f]{1,4}"
_LS32 = rf"(?:{_H16}:{_H16}|{_IPV4})"
# RFC 3986, appendix A: IPv6address.
_IPV6 = "|".join(
    (
        rf"(?:{_H16}:){{6}}{_LS32}",
        rf"::(?:{_H16}:){{5}}{_LS32}",
        *(rf"(?:(?:{_H16}:){{0,{n}}}{_H16})?::(?:{_H16}:){{{4 - n}}}{_LS32}" for n in range(5)),
        rf"(?:(?:{_H16}:){{0,5}}{_H16})?::{_H16}",
        rf"(?:(?:{_H16}:){{0,6}}{_H16})?::",
    )
)

# Source: ODCS 3.1, logicalTypeOptions.format of string; the words come from JSON Schema and OpenAPI.
PATTERNS = {
    "email": rf"^[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})+$",
    "uuid": r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    "uri": r"^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+$",
    "hostname": rf"^{_LABEL}(?:\.{_LABEL})*$",
    "ipv4": rf"^{_IPV4}$",
    "ipv6": rf"^(?:{_IPV6})$",
    "byte": r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
}
DOCUMENTED_FORMATS = {
    "binary": "any sequence of bytes is binary",
    "password": "tells tools to hide the value; to mask it here, set `classification`",
}
# Letters of the JDK's DateTimeFormatter that strptime supports.
_JDK = {
    "yyyy": "%Y",
    "uuuu": "%Y",
    "yy": "%y",
    "MM": "%m",
    "MMM": "%b",
    "MMMM": "%B",
    "dd": "%d",
    "DDD": "%j",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "SSSSSS": "%f",
    "a": "%p",
    "XX": "%z",
    "Z": "%z",
}
_JDK_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z]")


def strptime_format(jdk_format: str) -> str | None:
    """`yyyy-MM-dd` as `%Y-%m-%d`; None if a letter has no exact equivalent."""
    parts: list[str] = []
    for token in _JDK_TOKEN.finditer(jdk_format):
        part = token[0]
        if part.startswith("'"):
            part = (token[1].replace("''", "'") or "'").replace("%", "%%")
        elif part[0].isalpha():
            if part not in _JDK:
                return None
            part = _JDK[part]
        parts.append(part.replace("%", "%%") if part == "%" else part)
    return "".join(parts)
