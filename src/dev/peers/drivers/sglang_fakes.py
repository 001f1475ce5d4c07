"""SGLang's packages without a server: settings that its modules ask for, and the model's shape."""

from types import SimpleNamespace

from fakes import fake, package

moe = SimpleNamespace(
    ep_dispatch_algorithm=None,
    ep_join_mode=None,
    ep_num_redundant_experts=0,
    moe_a2a_backend="none",
    deepep_mode="normal",
    elastic_ep_backend=None,
    expert_distribution_recorder_mode=None,
    expert_distribution_recorder_buffer_size=1000,
    eplb_algorithm="auto",
    init_expert_location="trivial",
)
parallel = SimpleNamespace(ep_size=1, nnodes=1, tp_size=1, elastic_ep_initial_size=None)
shape = SimpleNamespace(num_layers=1, num_logical_experts=1, num_groups=None)

for name in ("sglang", "sglang.srt", "sglang.srt.eplb", "sglang.srt.elastic_ep"):
    package(name)
fake(
    "sglang.srt.runtime_context",
    get_exec=lambda: SimpleNamespace(moe=moe, overlap=SimpleNamespace(enable_two_batch_overlap=False)),
    get_parallel=lambda: parallel,
    get_device=lambda: SimpleNamespace(device="cpu"),
    get_platform=lambda: SimpleNamespace(is_hip=False),
    get_schedule=lambda: SimpleNamespace(chunked_prefill_size=16),
    get_resources=lambda: SimpleNamespace(),
    logs_expert_balancedness_to_server_log=lambda: False,
    reports_expert_balancedness=lambda: False,
)


class Model:
    """Any model: SGLang asks its class for layers, experts and groups."""

    @staticmethod
    def get_model_config_for_expert_location(_):
        return shape


fake("sglang.srt.model_loader", get_model_architecture=lambda _: (Model, "Model"))
fake("sglang.srt.elastic_ep.elastic_ep", elastic_expanded_world_enabled=lambda: False, ElasticEPStateManager=None)
model_config = SimpleNamespace(hf_config=None)
