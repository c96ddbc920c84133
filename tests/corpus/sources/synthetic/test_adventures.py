"""The plots of ``adventures``: every way of telling them is a story that holds together."""

from alm.corpus.sources.synthetic import adventures


def test_plots_hold_together(check_plot):
    plots = {name: value for name, value in vars(adventures).items() if name.isupper()}

    assert len(plots) >= 5
    for name, beats in plots.items():
        check_plot(name, beats)
