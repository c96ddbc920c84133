"""Mask e-mail addresses and IPv4 addresses: what stands in their place belongs to nobody.

The placeholders are kept free for examples (RFC 2606, RFC 5737), so a text still reads like one.
Addresses of this machine or of a private network say nothing about a person and stay.
"""

import re
from dataclasses import dataclass

EMAIL, IPV4 = "name@example.com", "192.0.2.1"
LOCAL = "A-Za-z0-9._%+-"  # what may stand before the @
RUN = re.compile(rf"[@{LOCAL}]++")
MAIL = re.compile(rf"[{LOCAL}]@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{{2,}}")
AFTER = "@._%+-"  # at the end of an address it is the sentence's, not the address's
OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
ADDRESS = re.compile(rf"(?<![0-9A-Za-z_.-]){OCTET}(?:\.{OCTET}){{3}}(?![0-9A-Za-z_-]|\.[0-9])")
PRIVATE = re.compile(
    r"(?:0|10|127|255)\.|169\.254\.|192\.168\.|192\.0\.2\.|172\.(?:1[6-9]|2[0-9]|3[01])\."
)
LEAST_DOTS = 3  # of an IPv4 address


@dataclass(frozen=True, slots=True)
class Masked:
    """A text whose addresses are masked."""

    text: str
    emails: int
    """How many e-mail addresses there were."""
    ipv4: int
    """How many IPv4 addresses there were."""


def mask(text: str) -> Masked:
    """Mask the addresses of a text; doing so twice changes nothing more.

    A run of characters that addresses are made of is masked whole where it holds an address: of
    what was left of ``a@b.org@c.org``, a second time would make another. Time is linear, and next
    to none where there is no ``@`` and no three dots.
    """
    emails = ipv4 = 0
    if "@" in text:
        text, emails = _mask_emails(text)
    if text.count(".") >= LEAST_DOTS:
        text, ipv4 = _mask_addresses(text)
    return Masked(text, emails, ipv4)


def _mask_emails(text: str) -> tuple[str, int]:
    n = 0

    def replace(run: re.Match[str]) -> str:
        nonlocal n
        core = run[0].lstrip("@").rstrip(AFTER)
        if core == EMAIL or not MAIL.search(core):
            return run[0]
        n += 1
        before, _, after = run[0].partition(core)
        return before + EMAIL + after

    return RUN.sub(replace, text), n


def _mask_addresses(text: str) -> tuple[str, int]:
    n = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal n
        if PRIVATE.match(found[0]):
            return found[0]
        n += 1
        return IPV4

    return ADDRESS.sub(replace, text), n
