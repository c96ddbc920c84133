"""The committed page: who, what it took, how it was found out."""

from alm.twins import render_page


def lines(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def test_every_network_has_its_sizes_its_loss_and_its_speed(compare, speed):
    page = render_page(compare(), speed)

    assert (
        "| mixture | `moe_shape` | 15.50 M | 8.40 M | 51.2 | 3.5000 ± 0.0497 "
        "| 4,100 (4000 to 4200) |" in page
    )
    assert "| dense, equal active size | `active_shape` |" in page
    assert "| dense, equal total size | `total_shape` |" in page


def test_every_seed_is_shown(compare, speed):
    page = render_page(compare(), speed)

    assert "| 1337 | 3.5000 | 3.6000 | 3.4600 | +0.1000 |" in page
    assert "| 1339 | 3.4800 | 3.5900 | 3.4300 | +0.1100 |" in page


def test_speed_says_when_and_on_what(compare, speed):
    page = render_page(compare(), speed)

    assert "Speed measured on Some CPU, 2 cores, 2 threads, bfloat16, torch 2, 2026-11-21." in page
    assert "7 turns" in page


def test_speed_that_was_not_measured_is_said_to_be_so(compare):
    page = render_page(compare(), None)

    assert "Speed not measured: machine busy." in page
    assert "turns" not in page
    assert "| 3.5000 ± 0.0497 | - |" in page


def test_tables_have_as_many_cells_in_every_row(compare, speed):
    for page in (render_page(compare(), speed), render_page(compare(), None)):
        counts = [line.count("|") for line in lines(page, "|")]
        assert set(counts[:5]) == {8}
        assert set(counts[5:]) == {6}


def test_the_command_that_makes_it_is_named(compare, speed):
    assert "`make twins PRESET=pico SEEDS=3 TOKENS=4014080`" in render_page(compare(), speed)
