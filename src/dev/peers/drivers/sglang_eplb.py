"""SGLang's load balancer, by the choice of algorithm that its server makes."""

import torch
from fakes import answer

import sglang_fakes  # noqa: F401  (SGLang's packages)

from sglang.srt.eplb import eplb_algorithms


def balance(loads, slots, groups, nodes, gpus):
    physical_to_logical, _, _ = eplb_algorithms.rebalance_experts(
        tokens_per_expert=torch.tensor([loads]),
        num_physical_experts=slots,
        num_local_physical_experts=slots // gpus,
        num_groups=groups,
        num_nodes=nodes,
        algorithm=eplb_algorithms.compute_algorithm("auto", groups, nodes),
    )
    return physical_to_logical.tolist()


answer(balance)
