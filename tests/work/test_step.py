"""A step is sent to other processes whole, so it must be small and picklable."""

import pickle


def test_a_step_can_be_sent_to_another_process(step):
    sent = pickle.loads(pickle.dumps(step))

    assert sent == step
    assert len(pickle.dumps(step)) < 10_000
