"""SGLang's expert distribution recorder: records forward passes of one rank and dumps them as its server does."""

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.distributed
from fakes import answer, fake
from sglang_fakes import moe

folder = SimpleNamespace(get=lambda: os.environ["LAZARUS_PEERS_DUMPS"])


class Withable:
    """SGLang's holder of a value for the length of a `with` block."""

    value = None

    @contextmanager
    def with_value(self, value):
        self.value = value
        yield
        self.value = None


modes = SimpleNamespace(EXTEND=SimpleNamespace(value=1), SPLIT_PREFILL=None)
fake("sglang.srt.environ", envs=SimpleNamespace(SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR=folder))
fake("sglang.srt.model_executor")
fake("sglang.srt.model_executor.forward_batch_info", ForwardBatch=None, ForwardMode=modes)
fake("sglang.srt.observability")
fake(
    "sglang.srt.observability.metrics_collector",
    STAT_LOGGER_ROLE_EXPERT_DISPATCH=None,
    ExpertDispatchCollector=None,
    resolve_collector_class=None,
)
fake("sglang.srt.layers")
fake("sglang.srt.layers.moe", get_moe_a2a_backend=None)
fake("sglang.srt.utils", Withable=Withable, get_device=lambda: "cpu", get_int_env_var=None)
from sglang.srt.eplb.expert_distribution import ExpertDistributionRecorder

torch.get_device_module = lambda: SimpleNamespace(empty_cache=lambda: None, is_current_stream_capturing=lambda: False)
torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)


def record(mode, rank, location, experts, passes, buffer):
    """`passes`: physical ids, shape [passes][layers][tokens][k]. Returns the file and what PyTorch finds in it."""
    moe.expert_distribution_recorder_mode, moe.expert_distribution_recorder_buffer_size = mode, buffer
    physical_to_logical = torch.tensor(location)
    layers, slots = physical_to_logical.shape
    metadata = SimpleNamespace(
        num_layers=layers,
        num_physical_experts=slots,
        num_logical_experts=experts,
        num_local_physical_experts=slots,
        ep_size=1,
        physical_to_logical_map=physical_to_logical,
    )
    recorder = ExpertDistributionRecorder.init_new(metadata, rank)
    recorder.start_record()
    for number, layers_of_pass in enumerate(passes):
        tokens = torch.arange(len(layers_of_pass[0]))
        batch = SimpleNamespace(
            input_ids=tokens, positions=tokens, extend_seq_lens_cpu=[len(tokens)], forward_mode=modes.EXTEND
        )
        with recorder.with_forward_pass(number, batch):
            for layer, ids in enumerate(layers_of_pass):
                with recorder.with_current_layer(layer):
                    recorder.on_select_experts(topk_ids=torch.tensor(ids))
    before = set(Path(folder.get()).glob("*.pt"))
    recorder.stop_record()
    recorder.dump_record()
    (file,) = set(Path(folder.get()).glob("*.pt")) - before
    return {"file": str(file), "keys": list(torch.load(file, weights_only=True))}


logging.disable()
answer(record)
