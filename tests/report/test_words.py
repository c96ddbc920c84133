"""Words: sentences that say what the numbers say, for mixtures and dense networks alike."""

from dataclasses import replace

from alm.report import words


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MULTIPLICATION SIGN}", "x")


def test_mixture_says_how_much_of_it_works(found):
    assert plain(words.introduce(found)) == (
        "A mixture-of-experts language model of 1.22 M parameters, 924 k at work on each token, "
        "trained from scratch on 307 k tokens of stories and arithmetic."
    )


def test_dense_network_is_called_dense(dense):
    assert words.introduce(dense).startswith("A dense language model of")
    assert "at work" not in words.introduce(dense)


def test_start_from_other_weights_is_told(found):
    model = replace(found.model, params={**found.model.params, "train": {"init": "pico"}})

    assert "trained from the weights of pico on" in words.introduce(replace(found, model=model))


def test_single_source_needs_no_and(found):
    filtered = found.corpus["filter"]
    only = replace(filtered, facts={**filtered.facts, "sources": filtered.facts["sources"][:1]})
    found = replace(found, corpus={**found.corpus, "filter": only})

    assert words.introduce(found).endswith("tokens of stories.")


def test_comparison_is_with_the_longest_memory(found):
    assert plain(words.compare(found)) == (
        "The model needs 1.200 bits per byte of held-out text (95 % interval 1.180 to 1.230): "
        "0.71x what a byte 5-gram model of the same training text needs (1.700)."
    )


def test_model_without_ngrams_stands_alone(found):
    total = {**found.evaluate["total"], "ngram": {}, "ratio": {}, "interval": None}
    found = replace(found, evaluate={**found.evaluate, "total": total})

    assert words.compare(found) == "The model needs 1.200 bits per byte of held-out text."


def test_skipped_steps_are_told_where_there_were_any(found):
    assert "skipped" not in words.recount_training(found)

    unlucky = replace(found, pretrain={**found.pretrain, "skipped_steps": 3})

    assert "3 steps were skipped" in words.recount_training(unlucky)


def test_a_hybrid_is_told_with_what_changed(found):
    adoptions = [{"run": "0123456789ab", "step": 40, "changed": ["src/alm/optim", "params train"]}]
    hybrid = replace(found, pretrain={**found.pretrain, "hybrid": adoptions})

    assert "hybrid" not in words.recount_training(found)
    assert words.recount_training(hybrid).count(
        "A hybrid: the first 40 steps were trained before src/alm/optim and params train changed."
    )


def test_training_is_recounted(found):
    assert plain(words.recount_training(found)) == (
        "150 steps of 16 rows of 128 tokens, 1.23 times through the text of 1,944 rows, which are "
        "100.00 % full. The loss on held-out rows, cut across documents, ended at 2.200 nats per "
        "token, after 2.190 at step 140."
    )


def test_loss_that_ended_lowest_is_told_so(found):
    facts = {**found.pretrain, "best_step": 150, "best_val_loss": 2.2}

    told = words.recount_training(replace(found, pretrain=facts))

    assert told.endswith("ended at 2.200 nats per token, its lowest.")


def test_quantization_tells_price_and_gain(found):
    told = plain(words.recount_quantization(found))

    assert "1.31 MB, 26.8 % of their size" in told
    assert "moves by +0.00030 nats, and 99.41 % of" in told


def test_copies_corpus_and_limits_give_their_numbers(found):
    assert "has 9 tokens" in words.warn_of_copies(found)
    assert "Of 1,000 documents taken in, 890 are trained on and 60" in words.recount_text(found)
    assert "sees 128 tokens" in words.limits(found)
    assert words.rebuild_command(found) == "make repro PRESET=tiny"


def test_tasks_are_told_where_the_interval_lies_above_chance(found):
    assert words.recount_tasks(found) == (
        "By 95 % intervals, what the model says to questions with known answers beats chance for "
        "copy and recall; its choice between four answers, for arithmetic (1 digit), copy and "
        "recall."
    )


def test_model_that_only_guesses_is_told_so(found):
    guess = found.evaluate["tasks"]["questions"]["arithmetic_2"]
    tasks = {**found.evaluate["tasks"], "questions": {"sort": guess}}
    told = words.recount_tasks(replace(found, evaluate={**found.evaluate, "tasks": tasks}))

    assert told.endswith("for none; its choice between four answers, for none.")


def test_model_that_was_asked_nothing_is_told_so(found):
    found = replace(found, evaluate={**found.evaluate, "tasks": {}})

    assert words.recount_tasks(found) == "No questions with known answers were put to the model."


def with_dedup(found, **changed):
    dedup = found.corpus["dedup"]
    params = {"dedup": {**dedup.params["dedup"], **changed}}
    return replace(found, corpus={**found.corpus, "dedup": replace(dedup, params=params)})


def test_what_was_dropped_is_told(found):
    assert plain(words.recount_drops(found)) == (
        "Copies to the byte are dropped and, among all sources, near-duplicates from a Jaccard "
        "similarity of 0.80 on. The filters refuse 30 of the documents that are left. 2 addresses "
        "are masked."
    )
    assert "within each source" in words.recount_drops(with_dedup(found, near_duplicates="source"))


def test_near_duplicates_that_were_not_looked_for_are_told_so(found):
    told = words.recount_drops(with_dedup(found, near_duplicates="off"))

    assert "dropped; near-duplicates are not looked for." in told
    assert "Jaccard" not in told


def test_check_of_the_tokens_is_told(found):
    told = words.recount_tokens(found)

    assert "has 1,024 tokens. 10 of the 950 packed documents" in told


def test_room_that_padding_takes_is_told(found):
    told = words.recount_training(replace(found, pretrain={**found.pretrain, "fill_rate": 0.9876}))

    assert "which are 98.76 % full." in plain(told)


def test_padding_is_not_trained_on(found):
    told = words.introduce(replace(found, pretrain={**found.pretrain, "fill_rate": 0.5}))

    assert "on 154 k tokens of" in plain(told)
