"""Rotary: lengths stay, scores depend on distance, and the halves are paired."""

import math

import pytest
import torch

from alm.config import RopeScaling
from alm.model import head_norm
from alm.model.rotary import FIRST_TABLE, Rotary, Rotation

CPU = torch.device("cpu")
H = 8


@pytest.fixture
def rotary():
    return Rotary(H, 100.0)


def turn(x_BTNH, rotation):
    return head_norm.turn(x_BTNH, *rotation)


def one_hot(component):
    return torch.eye(H)[component].view(1, 1, 1, H)


def test_first_component_turns_by_one_radian_a_position_towards_the_second_half(rotary):
    turned = turn(one_hot(0), rotary(3, 4, CPU)).flatten()

    assert turned[0].item() == pytest.approx(math.cos(3.0))
    assert turned[H // 2].item() == pytest.approx(math.sin(3.0))


def test_later_components_turn_slower_by_powers_of_theta(rotary):
    turned = turn(one_hot(2), rotary(5, 6, CPU)).flatten()

    assert turned[2].item() == pytest.approx(math.cos(5 * 100.0 ** (-4 / H)))


def test_lengths_stay_as_they_are(rotary):
    x = torch.randn(2, 7, 3, H)

    torch.testing.assert_close(turn(x, rotary(0, 7, CPU)).norm(dim=-1), x.norm(dim=-1))


def test_product_depends_on_the_distance_alone(rotary):
    q, k = torch.randn(2, H).unbind(0)

    def score(i, j):
        rotate = [turn(x.view(1, 1, 1, H), rotary(t, t + 1, CPU)) for x, t in ((q, i), (k, j))]
        return (rotate[0] * rotate[1]).sum().item()

    assert score(9, 4) == pytest.approx(score(25, 20), abs=1e-5)
    assert score(9, 4) != pytest.approx(score(9, 5), abs=1e-3)


def test_turning_back_undoes_it(rotary):
    x, rotation = torch.randn(1, 6, 2, H), rotary(0, 6, CPU)

    torch.testing.assert_close(
        turn(turn(x, rotation), Rotation(rotation.cos_T1H, -rotation.sin_T1H)), x
    )


def test_positions_are_the_same_after_the_table_has_grown(rotary):
    early = Rotation(*(part.clone() for part in rotary(2, 5, CPU)))

    rotary(0, 3 * FIRST_TABLE, CPU)

    assert all(map(torch.equal, early, rotary(2, 5, CPU)))


def test_stretched_table_is_a_rotation_too():
    rotary = Rotary(H, 100.0, RopeScaling(factor=4.0, original_seq_len=16))
    x = torch.randn(1, 40, 2, H)

    turned = turn(x, rotary(0, 40, CPU))

    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    assert (turned - turn(x, Rotary(H, 100.0)(0, 40, CPU))).abs().max() > 0.1


def test_no_rotation_leaves_every_vector_as_it_is():
    x = torch.randn(2, 5, 3, H)

    assert torch.equal(turn(x, Rotation.none(5, H, CPU)), x)
