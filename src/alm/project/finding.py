"""One line of `make doctor`: what was looked at, what was found, what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a finding is meant."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing is broken."""
    REPAIRED = "repaired"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    verdict: Verdict
    subject: str
    says: str
    cure: str = ""

    def __str__(self) -> str:
        """Return the line that is printed."""
        cure = f"; {self.cure}" if self.cure else ""
        return f"{self.verdict:8}  {self.subject:8}  {self.says}{cure}"


def ok(subject: str, says: str) -> Finding:
    """Report that all is well."""
    return Finding(Verdict.OK, subject, says)


def note(subject: str, says: str, cure: str = "") -> Finding:
    """Report something that explains a surprise."""
    return Finding(Verdict.NOTE, subject, says, cure)


def repaired(subject: str, says: str) -> Finding:
    """Report something that was broken until now."""
    return Finding(Verdict.REPAIRED, subject, says)


def problem(subject: str, says: str, cure: str) -> Finding:
    """Report something that is broken, and what to do."""
    return Finding(Verdict.PROBLEM, subject, says, cure)
