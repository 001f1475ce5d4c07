"""vLLM's default policy of expert parallel load balancing."""

import torch
from fakes import answer, package

for name in ("vllm", "vllm.distributed", "vllm.distributed.eplb", "vllm.distributed.eplb.policy"):
    package(name)
from vllm.distributed.eplb.policy.default import DefaultEplbPolicy


def balance(loads, slots, groups, nodes, gpus):
    return DefaultEplbPolicy.rebalance_experts(torch.tensor(loads), slots, groups, nodes, gpus).tolist()


answer(balance)
