"""SGLang reads --init-expert-location: the maps that it makes of the file."""

from fakes import answer
from sglang_fakes import model_config, moe, parallel, shape

from sglang.srt.eplb import expert_location


def load(file, layers, experts, redundant, ranks, nodes):
    shape.num_layers, shape.num_logical_experts = layers, experts
    moe.ep_num_redundant_experts, moe.init_expert_location = redundant, file
    parallel.ep_size, parallel.nnodes = ranks, nodes
    metadata = expert_location.compute_initial_expert_location_metadata(model_config, 0)
    return {
        "physicalToLogical": metadata.physical_to_logical_map.tolist(),
        "logicalToPhysical": metadata.logical_to_all_physical_map.tolist(),
        "copies": metadata.logical_to_all_physical_map_num_valid.tolist(),
        "perRank": metadata.num_local_physical_experts,
    }


answer(load)
