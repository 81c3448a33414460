"""Recognizes personal data by a sample of a column's values: only what they are like is kept, never a value. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from partition_gate.core.addresses import is_email_address
from partition_gate.core.record import Record

SAMPLE = 1_000
_CARD = re.compile(r"\d{13,19}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_PHONE = re.compile(r"(?:\+|00)?\(?\d[\d ()/.-]{5,20}\d")
_DATE_OR_ADDRESS = re.compile(r"\d{4}([-./])\d{1,2}\1\d{1,2}.*|\d{1,2}([-./])\d{1,2}\2\d{4}|\d+(?:\.\d+)*")
_PERSON = re.compile(r"[A-Z][a-z\u00df-\u00ff'-]+(?: [A-Z]\.)? [A-Z][A-Za-z\u00df-\u00ff'-]+")


class Content(Record):
    """What the values of a column are like, and the fraction (0..1) of a sample that is."""

    kind: str
    fraction: float


def content_of(values: Sequence[str], *, column: str) -> Content | None:
    """What most of the values are like; None if that is not personal. Numbers are given as text.

    Names of people are only looked for in a column that is called a name.
    """
    for kind, (is_like, least) in _KINDS.items():
        if kind != _PEOPLE or "name" in column.casefold():
            fraction = sum(map(is_like, values)) / len(values) if values else 0.0
            if fraction >= least:
                return Content(kind=kind, fraction=fraction)
    return None


def is_card_number(text: str) -> bool:
    """Whether a text is a payment card's number: 13 to 19 digits whose check digit is right.

    Source: ISO/IEC 7812-1, annex B (Luhn).
    """
    digits = re.sub("[ -]", "", text)
    if not _CARD.fullmatch(digits) or len(set(digits)) == 1:
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether a text is an account number whose check digits are right. Source: ISO 13616."""
    account = re.sub("[ -]", "", text).upper()
    if not _IBAN.fullmatch(account):
        return False
    return int("".join(str(int(letter, 36)) for letter in account[4:] + account[:4])) % 97 == 1


def is_phone_number(text: str) -> bool:
    """Whether a text is written like a phone number: with a prefix, or in groups; not a date or a plain number."""
    text = text.strip()
    digits = sum(map(str.isdigit, text))
    return bool(7 <= digits <= 15 and _PHONE.fullmatch(text) and not _DATE_OR_ADDRESS.fullmatch(text))


def is_person(text: str) -> bool:
    """Whether a text is written like the name of a person: two capitalized words."""
    return bool(_PERSON.fullmatch(text.strip()))


_PEOPLE = "names of people"
# A random number has the right check digit of a card in 1 of 10 cases, so nearly all must have it.
_KINDS: dict[str, tuple[Callable[[str], bool], float]] = {
    "e-mail addresses": (is_email_address, 0.5),
    "account numbers (IBAN)": (is_iban, 0.5),
    "card numbers": (is_card_number, 0.95),
    "phone numbers": (is_phone_number, 0.6),
    _PEOPLE: (is_person, 0.8),
}
