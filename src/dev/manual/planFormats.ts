import type { ManualSection } from "./manualSection.ts";

export const planFormats: readonly ManualSection[] = [
  {
    heading: "PLANS OF OTHER SYSTEMS",
    blocks: [
      "place --format and recover --format write plans that serving systems load; place --audit, compare, recover and profile-load --physical-to-logical read them.",
      {
        list: [
          ["sglang", 'SGLang --init-expert-location: {"physical_to_logical_map":[[...]]}, a row for every hidden layer.'],
          [
            "ascend",
            'vllm-ascend expert_map_path and MindIE eplb_expert_map_file: {"moe_layer_count","layer_list":[{"layer_id","device_count","device_list":[...]}]}.',
          ],
          [
            "trtllm",
            "TensorRT-LLM moe_config.load_balancer: YAML with num_slots, initial_global_assignments by hidden layer, layer_updates_per_iter.",
          ],
          ["vllm", "vLLM's physical-to-logical map: lists [MoE layer][slot]."],
        ],
      },
      "Slots stand in rank order, equally many a rank, none of them free; a placement that is otherwise is refused with a remedy. --num-dense-layers says how many dense layers come before the first MoE layer (layers without tokens in front have to agree), --layer-base the number that the profile gives to this layer, and --moe-layers 1-47:2 which layers have experts where dense ones lie between them. A plan for SGLang needs a server with the --ep-num-redundant-experts that a note names; no release of vLLM that we know of (up to 0.33.0) loads a map at its start, so its format is for code of one's own, and for recover and --audit.",
      "resilient and balanced give no GPU an expert twice unless it has more slots than there are experts. mro, spread, compact and eplb keep to the algorithms that they re-enact, which may: a line counts such slots, which are of no use to an engine, and ascend refuses them.",
    ],
  },
  {
    heading: "SERVING",
    blocks: [
      "Engines share an expert's tokens evenly among its copies: --shares even. Where tokens may be shared freely (SGLang with --ep-dispatch-algorithm lp, or dispatch-plan) --shares free survives more. Serving engines count the slots of all GPUs together: --redundant-experts 32 is what SGLang calls --ep-num-redundant-experts and vLLM num_redundant_experts, --total-slots 288 the sum; the GPUs share them evenly.",
    ],
  },
];
