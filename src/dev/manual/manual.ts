/** What the man pages say beside each command's own help: formats, documents and ways of working. */
import { comparing } from "./comparing.ts";
import { documents } from "./documents.ts";
import { failures } from "./failures.ts";
import { kernels } from "./kernels.ts";
import type { ManualSection } from "./manualSection.ts";
import { pipelines } from "./pipelines.ts";
import { planFormats } from "./planFormats.ts";
import { routingFormats } from "./routingFormats.ts";
import { simulating } from "./simulating.ts";

/** Sections by command, and those of the overview under "". */
export const manual: Readonly<Record<string, readonly ManualSection[]>> = {
  "": documents,
  "profile-load": routingFormats,
  place: planFormats,
  recover: failures,
  compare: comparing,
  "pipeline-plan": pipelines,
  simulate: simulating,
  bench: kernels,
};
