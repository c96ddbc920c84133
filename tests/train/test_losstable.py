"""LossTable: rows that survive the disk and read well."""

from alm.train.losstable import LossRow, LossTable

ROW = {"step": 2, "tokens": 64, "loss": 1.23456789, "val_loss": None, "lr": 0.01, "grad_norm": 0.5}


def test_numbers_are_rounded_and_gaps_are_empty():
    table = LossTable([])
    table.add(LossRow(**ROW, max_load=None, weights=None))

    assert table.to_csv() == (
        "step,tokens,loss,val_loss,lr,grad_norm,max_load,weights\n2,64,1.23457,,0.01,0.5,,\n"
    )


def test_state_and_back_is_the_same_table():
    table = LossTable([])
    table.add(LossRow(**ROW, max_load=1.5, weights="0a1b"))

    assert LossTable.from_state(table.to_state()).to_csv() == table.to_csv()
