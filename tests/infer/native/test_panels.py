import numpy as np
import pytest

from alm.infer.native.panels import Form, pack


@pytest.mark.parametrize("form", [Form(4, 128), Form(4, 0), Form(2, 128)])
@pytest.mark.parametrize(("n_rows", "n_columns"), [(16, 32), (17, 96), (40, 64)])
def test_every_weight_and_scale_is_where_the_program_looks_for_it(form, n_rows, n_columns):
    values = (np.arange(n_rows * n_columns) * 37 % 255 - 127).astype(np.int8)
    values = values.reshape(n_rows, n_columns)
    scales = np.arange(1, n_rows * n_columns // 32 + 1, dtype=np.float16).reshape(n_rows, -1)

    panels = pack(values, scales, form)

    n_blocks = n_columns // 32
    begin = (n_blocks + n_blocks % 2) * 16 * 2
    assert panels.shape == (-(-n_rows // 16), begin + 16 * n_columns)
    for row, column in np.ndindex(values.shape):
        panel, r = panels[row // 16], row % 16
        found = panel[begin + (column // form.group * 16 + r) * form.group + column % form.group]
        assert (int(found) - form.offset) % 256 == int(values[row, column]) % 256
        place = (column // 32 * 16 + r) * 2
        scale = panel[place : place + 2].view(np.float16)
        assert scale == scales[row, column // 32]


def test_rows_beyond_the_matrix_are_zeros():
    panels = pack(np.ones((1, 32), np.int8), np.ones((1, 1), np.float16), Form(4, 0))

    scales, values = panels[0, :64].view(np.float16), panels[0, 64:].view(np.int8)
    assert np.count_nonzero(scales) == 1
    assert np.count_nonzero(values) == 32
