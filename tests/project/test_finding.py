from alm.project.finding import Verdict, note, ok, problem, repaired


def test_a_finding_is_one_line_with_its_cure():
    assert str(problem("disk", "0.1 GB free", "free some")) == (
        "problem   disk      0.1 GB free; free some"
    )


def test_a_finding_without_a_cure_ends_with_what_it_says():
    assert str(ok("git", "clean")) == "ok        git       clean"


def test_only_a_problem_counts_as_one():
    verdicts = [each.verdict for each in (ok("a", ""), note("a", ""), repaired("a", ""))]

    assert Verdict.PROBLEM not in verdicts
