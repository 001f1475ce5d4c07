"""vllm-ascend reads expert_map_path (every rank's expert map and log2phy) and writes expert_map_record_path."""

import logging
from types import SimpleNamespace
from unittest.mock import MagicMock

import torch
from fakes import answer, fake, package

for name in ("vllm_ascend", "vllm_ascend.eplb", "vllm_ascend.eplb.core", "vllm_ascend.eplb.adaptor"):
    package(name)
for name in ("vllm", "vllm.model_executor", "vllm.model_executor.layers", "vllm.model_executor.layers.fused_moe"):
    package(name)
fake("vllm.logger", logger=logging.getLogger("vllm"))
fake("vllm.model_executor.layers.fused_moe.expert_map_manager", determine_expert_map=None)
fake("vllm_ascend.ascend_config", get_ascend_config=None)
fake("vllm_ascend.quantization")
fake("vllm_ascend.quantization.quant_type", QuantType=MagicMock())
torch.Tensor.npu = lambda tensor: tensor  # there is no NPU

from vllm_ascend.eplb.core.eplb_utils import init_eplb_config


def load(file, layer, experts, ranks):
    settings = SimpleNamespace(expert_map_path=file, dynamic_eplb=False, num_redundant_experts=0)
    loaded = [
        init_eplb_config(settings, layer, SimpleNamespace(num_experts=experts, ep_size=ranks, ep_rank=rank))
        for rank in range(ranks)
    ]
    return {
        "maps": loaded[0][0].tolist(),
        "localMaps": [local.tolist() for _, local, _, _ in loaded],
        "logicalToPhysical": [log2phy.tolist() for _, _, log2phy, _ in loaded],
        "redundant": loaded[0][3],
    }


def record(file, maps):
    from vllm_ascend.eplb.adaptor.vllm_adaptor import VllmEplbAdaptor

    VllmEplbAdaptor._export_tensor_to_file(SimpleNamespace(rank_id=0), torch.tensor(maps), file)
    return file


answer(lambda **case: record(**case) if "maps" in case else load(**case))
