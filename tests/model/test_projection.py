"""Projection and Embedding: a matrix each, zero until somebody fills it."""

import torch

from alm.model.projection import Embedding, Projection


def test_projection_multiplies_by_its_matrix():
    projection = Projection(3, 2)
    projection.weight.data = torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])

    assert projection(torch.tensor([5.0, 6.0, 7.0])).tolist() == [19.0, 6.0]


def test_embedding_reads_the_row_of_each_token():
    embedding = Embedding(4, 2)
    embedding.weight.data = torch.arange(8.0).view(4, 2)

    assert embedding(torch.tensor([[3, 0]])).tolist() == [[[6.0, 7.0], [0.0, 1.0]]]


def test_building_draws_no_random_number():
    before = torch.get_rng_state()

    weights = [Projection(3, 2).weight, Embedding(3, 2).weight]

    assert torch.equal(torch.get_rng_state(), before)
    assert not any(weight.any() for weight in weights)
