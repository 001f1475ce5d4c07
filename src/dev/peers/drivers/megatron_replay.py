"""Megatron-Core's RouterReplay records the top-k ids of every layer; the release writes no trace file of its own."""

import json

import torch
from fakes import answer, package

for name in ("megatron", "megatron.core", "megatron.core.transformer", "megatron.core.transformer.moe"):
    package(name)
from megatron.core.transformer.moe.router_replay import RouterReplay, RouterReplayAction


def topk(scores, k, **_):
    return torch.topk(scores, k, dim=1)


def record(file, steps, layers, k):
    """`steps`: scores of every token by step and layer, [steps][layers][tokens][experts]."""
    RouterReplay.global_router_replay_instances.clear()
    routers = [RouterReplay() for _ in range(layers)]
    RouterReplay.set_global_router_replay_action(RouterReplayAction.RECORD)
    with open(file, "w") as trace:
        for step, scores in enumerate(steps):
            for router, of_layer in zip(routers, scores):
                router.get_replay_topk(torch.tensor(of_layer), k, default_compute_topk=topk)
            for layer, ids in enumerate(RouterReplay.get_recorded_data()):
                trace.write(json.dumps({"step": step, "layer": layer, "rank": 0, "top_indices": ids.tolist()}) + "\n")
            RouterReplay.clear_global_indices()
    return file


answer(record)
