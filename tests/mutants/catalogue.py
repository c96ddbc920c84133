"""One-line sabotages, each of which the tests named with it must notice.

Each is a mistake that somebody could make, and that the readers of our numbers would not see.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A line of code that is changed, and the tests that must fail by it."""

    name: str
    path: str
    """Below ``src/alm``."""
    old: str
    new: str
    tests: str


MUTANTS = (
    Mutant(
        "a file's bytes are not made durable before it gets its name",
        "io/atomic.py",
        "            raw.sync()\n",
        "",
        "tests/faults/test_power_loss_of_files.py",
    ),
    Mutant(
        "the name of what was written is not made durable",
        "io/atomic.py",
        "        disk.sync_directory(path.parent)\n    except AlmError as error:",
        "        pass\n    except AlmError as error:",
        "tests/faults/test_power_loss.py",
    ),
    Mutant(
        "the names within a folder are not made durable",
        "io/atomic.py",
        "            disk.sync(own, part)\n",
        "",
        "tests/faults/test_power_loss_of_files.py",
    ),
    Mutant(
        "the files within a folder are not made durable",
        "io/atomic.py",
        "        disk.sync_directory(path)  # fsync",
        "        pass  # fsync",
        "tests/faults/test_power_loss_of_files.py",
    ),
    Mutant(
        "the name of a new folder is not made durable",
        "io/disk.py",
        "    sync_directory(path.parent)\n",
        "",
        "tests/faults/test_power_loss.py",
    ),
    Mutant(
        "an old folder loses its name before the new one has one that is durable",
        "io/atomic.py",
        "    disk.sync_directory(path.parent)  # the old",
        "    pass  # the old",
        "tests/faults/test_power_loss_of_files.py",
    ),
    Mutant(
        "an old folder that is put back may be gone again",
        "io/atomic.py",
        "        disk.rename(old, path)\n        disk.sync_directory(path.parent)\n",
        "        disk.rename(old, path)\n",
        "tests/faults/test_power_loss_of_files.py",
    ),
    Mutant(
        "a state that was set aside may be back",
        "checkpoint/states.py",
        "        rename(path, aside)\n        sync_directory(self._root)\n",
        "        rename(path, aside)\n",
        "tests/faults/test_power_loss.py",
    ),
    Mutant(
        "a file that cannot be closed counts as written",
        "io/disk.py",
        "calls.close, descriptor, unless=InterruptedError)",
        "calls.close, descriptor, unless=OSError)",
        "tests/io/test_disk.py",
    ),
    Mutant(
        "a full disk is passed over",
        "io/disk.py",
        "            if unless and isinstance(error, unless):\n                return None\n",
        "            if error.errno == errno.ENOSPC or unless and isinstance(error, unless):\n"
        "                return None\n",
        "tests/io/test_disk.py tests/faults/test_io_errors.py",
    ),
    Mutant(
        "two processes may hold one directory",
        "io/lock.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        "tests/io/test_lock.py",
    ),
    Mutant(
        "a file is sound that has the right size",
        "io/manifest.py",
        "            if found != expected:\n",
        "            if found.bytes != expected.bytes:\n",
        "tests/io/test_manifest.py",
    ),
    Mutant(
        "where no state is sound, a run starts afresh",
        "checkpoint/states.py",
        "        if damaged:\n            raise",
        "        if not damaged and damaged:\n            raise",
        "tests/checkpoint/test_states.py",
    ),
    Mutant(
        "the newest states go first",
        "checkpoint/states.py",
        "surplus = others[: max(0, len(others) + 1 - self._keep)]",
        "surplus = others[::-1][: max(0, len(others) + 1 - self._keep)]",
        "tests/checkpoint/test_states.py",
    ),
    Mutant(
        "a run that lacks one step counts as finished",
        "checkpoint/pruning.py",
        'return values["step"] >= values["steps"]',
        'return values["step"] >= values["steps"] - 1',
        "tests/checkpoint/test_pruning.py",
    ),
    Mutant(
        "a short write is taken for a whole one",
        "io/disk.py",
        "        data = data[n_written:]\n",
        "        break\n",
        "tests/io/test_disk.py tests/faults/test_io_errors.py",
    ),
    Mutant(
        "the optimizer's state is not restored",
        "train/trainer.py",
        '        self.task.optimizer.load_state_tensors(state.tensors["optimizer"])\n',
        "",
        "tests/train/test_trainer.py",
    ),
    Mutant(
        "the best weights are not restored",
        "train/trainer.py",
        '        self.best = state.tensors["best"]\n',
        "",
        "tests/train/test_trainer.py",
    ),
    Mutant(
        "the loss table starts afresh after a resume",
        "train/trainer.py",
        '        self.table = LossTable.from_state(state.values["table"])\n',
        "",
        "tests/train/test_trainer.py",
    ),
    Mutant(
        "the guard forgets its window in a resume",
        "train/progress.py",
        '"guard": Guard.from_state(values["guard"])',
        '"guard": Guard.start()',
        "tests/train/test_trainer.py",
    ),
    Mutant(
        "the alarm forgets how long an expert was idle",
        "train/trainer.py",
        'CollapseAlarm.from_state(self._n_chosen, state.values["alarm"])',
        "CollapseAlarm(self._n_chosen)",
        "tests/train/test_trainer.py",
    ),
    Mutant(
        "a finished state is trained one step further",
        "train/trainer.py",
        "        while self.progress.step < self.task.steps:\n            step = self.step()",
        "        while self.progress.step <= self.task.steps:\n            step = self.step()",
        "tests/train/test_trainer.py",
    ),
    Mutant(
        "the best weights are published as the last",
        "train/pretrain.py",
        '{"model": trainer.task.model.state_dict(), "best": trainer.best},',
        '{"model": trainer.best, "best": trainer.best},',
        "tests/train/test_pretrain.py",
    ),
    Mutant(
        "a run that was done is left as interrupted",
        "train/trainer.py",
        "        if self.progress.step < self.task.steps:\n            self.around.stop",
        "        if self.progress.step <= self.task.steps:\n            self.around.stop",
        "tests/train/test_signals.py",
    ),
    Mutant(
        "a signal is seen, and nothing saved",
        "train/trainer.py",
        "        if not (stopping or self._due(self.config.save_every)):",
        "        if not self._due(self.config.save_every):",
        "tests/train/test_signals.py",
    ),
    Mutant(
        "a scheduler's signal ends a run without a save",
        "runtime/stop.py",
        "signal.SIGTERM, signal.SIGUSR1)",
        "signal.SIGTERM)",
        "tests/runtime/test_stop.py",
    ),
    Mutant(
        "a forked child takes a signal for its parent's",
        "runtime/stop.py",
        "        if asked_twice or os.getpid() != self._owner:",
        "        if asked_twice:",
        "tests/runtime/test_stop.py",
    ),
    Mutant(
        "a signal is answered with success",
        "errors.py",
        "self.exit_code = 128 + signal_number",
        "self.exit_code = 0",
        "tests/test_errors.py tests/test_entry.py",
    ),
    Mutant(
        "a gradient that is not finite is trained on",
        "train/guard.py",
        "if not (math.isfinite(loss) and math.isfinite(grad_norm)):",
        "if not math.isfinite(loss):",
        "tests/train/test_guard.py tests/train/test_injection.py",
    ),
    Mutant(
        "the learning rate is that of the next step",
        "train/trainer.py",
        "factor = lr_factor(self.progress.step, self.task.steps, self.config)",
        "factor = lr_factor(self.progress.step + 1, self.task.steps, self.config)",
        "tests/train/test_trainer.py",
    ),
    Mutant(
        "micro-batches weigh alike, however many targets they have",
        "train/accumulation.py",
        "share = (loss.value + routing_loss(loss.usage, loads_ME, config)) / parts",
        "share = (loss.value + routing_loss(loss.usage, loads_ME, config)) / len(micro_batches)",
        "tests/train/test_accumulation.py tests/train/test_trainer.py",
    ),
    Mutant(
        "balance is that of the last micro-batch alone",
        "train/accumulation.py",
        "loads_ME = used_ME if loads_ME is None else loads_ME + used_ME",
        "loads_ME = used_ME",
        "tests/train/test_accumulation.py tests/train/test_trainer.py",
    ),
    Mutant(
        "the newest state is the one that was touched last",
        "checkpoint/states.py",
        "return sorted(found, key=_step_of)",
        "return sorted(found, key=lambda path: path.stat().st_mtime)",
        "tests/checkpoint/test_states.py tests/faults/test_retention.py",
    ),
    Mutant(
        "a manifest's own digest is not looked at",
        "io/manifest.py",
        'if (digest := body.pop("sha256")) is None or digest != _digest(body):',
        'if body.pop("sha256") is None:',
        "tests/io/test_manifest.py",
    ),
    Mutant(
        "a JSON object may have a key twice",
        "io/strict_json.py",
        "            object_pairs_hook=_refuse_twins,\n",
        "",
        "tests/io/test_strict_json.py",
    ),
    Mutant(
        "rows overlap by one token too many",
        "data/rows.py",
        "return i * self.seq_len",
        "return i * (self.seq_len - 1)",
        "tests/data",
    ),
    Mutant(
        "every epoch has the order of the first",
        "data/epochs.py",
        "mix_key(*self._seed, epoch)",
        "mix_key(*self._seed, 0)",
        "tests/data",
    ),
    Mutant(
        "experts are left out of the optimizer",
        "optim/groups.py",
        "is_map = param.ndim >= 2",
        "if param.ndim > 2:\n            continue\n        is_map = param.ndim >= 2",
        "tests/optim tests/model/test_conformance.py",
    ),
    Mutant(
        "the selection bias moves away from balance",
        "model/router.py",
        "step_E = (loads_E.sum() - len(loads_E) * loads_E).sign() * rate",
        "step_E = (len(loads_E) * loads_E - loads_E.sum()).sign() * rate",
        "tests/model/test_router.py",
    ),
    Mutant(
        "the balance loss lacks its factor E",
        "model/usage.py",
        "return shares_ME.shape[-1] * (f_ME * shares_ME).sum(-1).mean()",
        "return (f_ME * shares_ME).sum(-1).mean()",
        "tests/model/test_usage.py",
    ),
    Mutant(
        "a router with one expert per token is not taught",
        "model/router.py",
        "    if chosen_SK.shape[-1] == 1:\n        return chosen_SK\n",
        "",
        "tests/model/test_router.py tests/model/test_conformance.py",
    ),
    Mutant(
        "a token sees the next one",
        "model/sight.py",
        "visible_TP = distance_TP >= 0",
        "visible_TP = distance_TP >= -1",
        "tests/model/test_sight.py tests/model/test_blocked.py tests/model/test_attention.py",
    ),
    Mutant(
        "a window is one token wider",
        "model/sight.py",
        "(distance_TP < self.window)",
        "(distance_TP <= self.window)",
        "tests/model/test_sight.py tests/model/test_blocked.py",
    ),
    Mutant(
        "a quantized weight is rounded towards zero",
        "quant/blocks.py",
        "return np.copysign(whole + (size - whole >= 0.5), x)",
        "return np.copysign(whole, x)",
        "tests/quant",
    ),
    Mutant(
        "the portable mode leaves oneDNN on",
        "runtime/numerics.py",
        "    torch.backends.mkldnn.enabled = False",
        "    torch.backends.mkldnn.enabled = True",
        "tests/runtime/test_numerics.py",
    ),
    Mutant(
        "a pair at the very limit is no near-duplicate",
        "corpus/jaccard.py",
        "enough = found >= min_jaccard",
        "enough = found > min_jaccard",
        "tests/corpus/test_jaccard.py tests/corpus/test_dedup.py",
    ),
    Mutant(
        "the beginning of a document is scored too",
        "eval/windows.py",
        "scored = start + 1  # the first",
        "scored = start  # the first",
        "tests/eval",
    ),
)
