"""Names of service levels. Source: ODCS 3.1, slaProperties.property and its two-letter codes."""

from __future__ import annotations

NAMES = {
    "availability": "av",
    "throughput": "th",
    "errorRate": "er",
    "generalAvailability": "ga",
    "endOfSupport": "es",
    "endOfLife": "el",
    "retention": "re",
    "frequency": "fy",
    "latency": "ly",
    "timeToDetect": "td",
    "timeToNotify": "tn",
    "timeToRepair": "tr",
    "timeOfAvailability": "ta",
    "freshness": "fr",
}
_BY_WORD = {name.lower(): name for name in NAMES} | {code: name for name, code in NAMES.items()}
_BY_WORD["frequencyofupdate"] = "frequency"


def canonical(word: object) -> str | None:
    """The standard's spelling of a service level, given its name or code in any case; None for an unknown word."""
    return _BY_WORD.get(str(word).strip().lower())
