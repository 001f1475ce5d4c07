import type { ManualSection } from "./manualSection.ts";

export const routingFormats: readonly ManualSection[] = [
  {
    heading: "INPUT FORMATS",
    blocks: [
      "Formats are told apart by their shape, or the files in a folder; --input-format says it where that is not enough.",
      {
        list: [
          ["wide", "CSV [iteration,]layer[,rank],e0..eN: tokens of every expert; without iteration it is one."],
          ["long", "CSV [iteration,]layer[,rank],expert,tokens, columns in any order, experts without tokens left out."],
          ["tokens", "CSV iteration,layer,rank,token,expert: one row a routed token, k rows for top-k."],
          ["matrix", "JSON [layers][experts] or [steps][layers][experts]."],
          ["load-profile", "A load-profile document, to cut it down or look at it."],
          [
            "megatron",
            'Megatron-Core router traces: JSON lines such as {"step":1,"layer":0,"rank":3,"top_indices":[[5,17],[2,5]]}. That of its development branch: the release 0.16.1 writes none.',
          ],
          [
            "sglang",
            'SGLang\'s expert distribution recorder: JSON {"logical_count":[[412,9],[77,260]]}, [layers][experts] or with steps in front; or global_physical_count.',
          ],
          [
            "torch",
            "SGLang's recorder by torch.save, .pt: logical_count, or records of passes (also a folder, a file a rank, which are added up with the map that they hold); or a tensor [layers][experts] or [steps][layers][experts] alone. Read without Python: of the pickle only dictionaries, lists, numbers and tensors are known, nothing is run, and whatever else it names is refused.",
          ],
          ["numpy", ".npy, .npz: [experts], [layers][experts] or [steps][layers][experts], whole numbers also as floats."],
          ["mindspeed", 'MindSpeed: JSON {"0":{"0":412,"1":9},"1":{"0":77}}, by layer and expert, one document an iteration.'],
          [
            "trtllm",
            "TensorRT-LLM, EXPERT_STATISTIC_PATH: a folder with meta_info.json and rank*.safetensors with counts {iteration}_{layer}. Neither SGLang 0.5.23 nor vLLM 0.33.0 saves loads in safetensors.",
          ],
          [
            "mindie",
            "MindIE, MINDIE_EXPERT_HOTPOT_DUMP_PATH: a folder with decode_{rank}.csv or prefill_{rank}.csv, and model_gen_config.json.",
          ],
          [
            "parquet",
            "Columns iteration (or step), layer, rank, experts (or topk_ids, top_indices, expert), or as --columns says.",
          ],
        ],
      },
      "Rows come in order of iteration, so that memory does not grow with the log. place, simulate and every --profile read all of this as well, as if piped through profile-load with its defaults (simulate replays the iterations); place says in a line when it took the mean of several iterations.",
      "TensorRT-LLM, MindIE and global_physical_count may count physical slots. Which expert a slot holds is asked for, never guessed: --physical-to-logical PLAN takes a plan of any system that place --audit reads, identity says that slot s holds expert s.",
    ],
  },
  {
    heading: "FORECASTS AND DRIFT",
    blocks: [
      "--forecast writes the loads that are expected some iterations ahead, with how far off such forecasts were so far; auto takes for each layer what did best of nine forecasters, judged without hindsight, and --backtest sets all methods side by side. ensemble carries what each forecaster expects as a scenario: place --robust takes of the plans for the forecast and the scenarios the one whose worst balance over them is least, and says so when that is the forecast's. Young routers, whose loads jump, are best forecast by the last value.",
      "--drift tells how long a plan lasts. L1 is the distance of the experts' shares between a window and the next, ranks the rank correlation of their loads; fresh is the busiest of 8 GPUs of 4 slots over the mean under a plan made in its own window, old under one made before; the half-life is the number of iterations until a plan has lost half of what it gains over the old one.",
    ],
  },
];
