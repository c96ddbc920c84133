"""Progress: the mean loss since it was last asked for."""

from alm.train import Progress


def test_mean_is_over_what_came_since_the_last_time():
    progress = Progress.start()
    progress.loss_sum, progress.loss_count = 6.0, 3

    assert progress.take_mean_loss() == 2.0
    assert progress.take_mean_loss() is None


def test_state_and_back_is_the_same_progress():
    progress = Progress.start()
    progress.step = 7

    assert Progress.from_state(progress.to_state()) == progress
