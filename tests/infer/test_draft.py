"""Draft: what was read and what waits."""

import torch

from alm.infer.draft import Draft


class Length:
    """A decoder that knows its length and nothing else."""

    def __init__(self, length):
        self.length = length

    def truncate(self, length):
        self.length = length


def test_newest_token_waits_until_it_is_read():
    draft = Draft(Length(2), [1, 7], 2, torch.zeros(3))
    assert not draft.unread

    draft.ids.append(8)

    assert (draft.unread, draft.n_new) == (True, 1)


def test_restart_forgets_all_but_the_prompt_and_shares_no_list_with_it():
    prompt = Draft(Length(2), [1, 7], 2, torch.zeros(3))
    prompt.ids += [8, 9]
    prompt.decoder.length = 3

    again = prompt.restart()
    again.ids.append(5)

    assert (again.decoder.length, again.ids, prompt.ids) == (2, [1, 7, 5], [1, 7, 8, 9])
