"""Tables: the stages' numbers, in the right rows."""

from dataclasses import replace

from alm.report import render_card, render_page, tables


def row(table, name):
    (found,) = [list(each) for each in table.rows if each[0] == name]
    return [value.replace("\N{NO-BREAK SPACE}", " ") for value in found]


def test_held_out_stands_in_the_order_of_the_corpus_with_the_total_last(found):
    table = tables.held_out(found)

    assert [each[0] for each in table.rows] == ["stories", "arithmetic", "all"]
    assert table.columns[3:7] == ["model", "95 % interval", "5-gram", "3-gram"]
    assert row(table, "arithmetic")[3:8] == [
        "1.400",
        "1.380 to 1.430",
        "1.900",
        "2.200",
        "0.74\N{MULTIPLICATION SIGN}",
    ]


def test_source_without_held_out_text_has_no_row(found):
    sources = {"stories": found.evaluate["sources"]["stories"]}
    found = replace(found, evaluate={**found.evaluate, "sources": sources})

    assert [each[0] for each in tables.held_out(found).rows] == ["stories", "all"]


def test_rows_are_as_long_as_the_head(found):
    every = [tables.held_out, tables.receipt, tables.flow, tables.origins, tables.splits]
    every += [tables.shape, tables.environment, tables.fertility]

    for make in every:
        table = make(found)
        assert {len(each) for each in table.rows} == {len(table.columns)}, table.caption


def test_every_document_is_accounted_for(found):
    table = tables.flow(found)

    assert [each[0] for each in table.rows] == ["ingest", "normalize", "dedup", "filter", "pack"]
    assert row(table, "ingest") == ["ingest", "1,000", "960", "empty 30", "utf8 10"]
    assert row(table, "filter")[3] == "coherent:noise 30"
    assert row(table, "pack") == ["pack", "960", "950", "target_tokens 10", "\N{EN DASH}"]


def test_bytes_per_token_are_told_by_source(found):
    table = tables.fertility(found)

    assert row(table, "stories") == ["stories", "445", "375 kB", "125,000", "3.00", "3.25"]
    assert row(table, "arithmetic")[5] == "\N{EN DASH}"  # none of it is held out


def test_licences_are_told(found):
    assert row(tables.origins(found), "stories")[1:3] == ["synthetic", "CC0-1.0"]


def test_receipt_shows_both_models(found):
    table = tables.receipt(found)

    assert row(table, "weights file")[1:3] == ["4.88 MB", "1.31 MB"]
    assert row(table, "same likeliest token")[3] == "99.41 %"


def test_every_parameter_is_listed_under_its_section(found):
    listed = {table.caption: dict(table.rows) for table in tables.parameters(found)}

    assert listed["train"] == {"init": "scratch", "lr": "0.01", "tokens": "300000"}
    assert listed["shared"] == {"seed": "1337"}


def test_shape_is_flat_and_a_dense_one_has_no_experts(found, dense):
    assert row(tables.shape(found), "moe.n_experts") == ["moe.n_experts", "4"]
    assert row(tables.shape(found), "tied_embeddings")[1] == "true"
    assert row(tables.shape(dense), "moe")[1] == "\N{EN DASH}"


def test_digests_name_text_code_and_weights(found):
    listed = {table.caption: dict(table.rows) for table in tables.digests(found)}

    assert listed["Text, SHA-256"]["vocabulary"] == "ab" * 6
    assert listed["Text, SHA-256"]["tokenizer"] == found.tokenizer.sha256[:12]
    assert listed["Code, SHA-256"] == {"src/alm/train": "ef" * 6}
    assert listed["Model, SHA-256"]["manifest.json"] == found.model.sha256[:12]
    assert listed["Model in int8, SHA-256"]["manifest.json"] == found.int8.sha256[:12]


def test_environment_names_libraries_and_numerics(found):
    assert row(tables.environment(found), "torch")[1] == "2.11.0"
    assert row(tables.environment(found), "mode")[1] == "portable"


def test_mixture_is_told_where_there_was_one(found):
    assert tables.mixture(found) == []

    each = {"rows": 1200, "share": 0.25, "epochs": 0.5, "fill_rate": 0.98}
    mixed = replace(found, pretrain={**found.pretrain, "sources": {"arithmetic": each}})
    (table,) = tables.mixture(mixed)

    assert row(table, "arithmetic")[1:] == ["1,200", "25.0 %", "0.500", "98.00 %"]
    for render in (render_card, render_page):
        assert "Mixture of sources" in render(mixed)
        assert "Mixture of sources" not in render(found)


def test_lists_of_settings_are_readable(found):
    phases = [{"until": 0.2, "seq_len": 128}, {"until": 0.4, "seq_len": 256}]
    params = {**found.model.params, "data": {"curriculum": phases, "mixture": {}, "betas": [1, 2]}}
    found = replace(found, model=replace(found.model, params=params))

    listed = {table.caption: dict(table.rows) for table in tables.parameters(found)}

    assert listed["data"] == {
        "curriculum": "until 0.2 seq_len 128, until 0.4 seq_len 256",
        "mixture": "\N{EN DASH}",
        "betas": "1, 2",
    }
