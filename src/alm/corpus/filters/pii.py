"""Mask e-mail addresses and IPv4 addresses: what stands in their place belongs to nobody.

The placeholders are kept free for examples (RFC 2606, RFC 5737), so a text still reads like one.
Addresses of this machine or of a private network say nothing about a person and stay.
"""

import re
from dataclasses import dataclass

EMAIL, IPV4 = "name@example.com", "192.0.2.1"
LOCAL_PART = re.compile(r"[A-Za-z0-9._%+-]{1,64}\Z")
DOMAIN = re.compile(r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,63}")
MOST_LOCAL, MOST_DOMAIN = 64, 255  # characters before and behind the @ (RFC 5321)
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

    Time is linear: patterns see a bounded piece at a time, and nothing where there is no ``@`` and
    no three dots.
    """
    emails = ipv4 = 0
    if "@" in text:
        text, emails = _mask_emails(text)
    if text.count(".") >= LEAST_DOTS:
        text, ipv4 = _mask_addresses(text)
    return Masked(text, emails, ipv4)


def _mask_emails(text: str) -> tuple[str, int]:
    pieces: list[str] = []
    done, n, at = 0, 0, text.find("@")
    while at >= 0:
        local = LOCAL_PART.search(text, max(done, at - MOST_LOCAL), at)
        domain = local and DOMAIN.match(text, at + 1, at + 1 + MOST_DOMAIN)
        if domain and text[local.start() : domain.end()] != EMAIL:
            pieces += [text[done : local.start()], EMAIL]
            done, n = domain.end(), n + 1
        at = text.find("@", max(at + 1, done))
    return "".join([*pieces, text[done:]]), n


def _mask_addresses(text: str) -> tuple[str, int]:
    n = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal n
        if PRIVATE.match(found[0]):
            return found[0]
        n += 1
        return IPV4

    return ADDRESS.sub(replace, text), n
