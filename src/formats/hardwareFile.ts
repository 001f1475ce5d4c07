/** Hardware files: what the machines can do and how long recovery takes on them, as JSON. */
import * as z from "zod/mini";
import type { HardwareSpec } from "../core/cost/hardwareSpec.ts";
import { amount, checkFields, label, positiveCount, sources } from "./documents/schema.ts";

const rate = z.number().check(z.positive());
const efficiency = z.number().check(z.positive(), z.maximum(1));

const hardwareSchema: z.ZodMiniType<HardwareSpec> = z.strictObject({
  name: label,
  gpusPerNode: positiveCount,
  nodesPerServer: positiveCount,
  fp16Flops: rate,
  fp8Flops: z.exactOptional(rate),
  computeEfficiency: efficiency,
  memoryBytesPerSecond: z.exactOptional(rate),
  networkBytesPerSecond: rate,
  serverBytesPerSecond: rate,
  bandwidthEfficiency: efficiency,
  stepOverheadSeconds: amount,
  sources,
  recovery: z.strictObject({
    checkpointSeconds: amount,
    restartSeconds: amount,
    storeBytesPerSecond: z.exactOptional(rate),
    storeBytesPerSecondPerNode: z.exactOptional(rate),
    hostBytesPerSecond: z.exactOptional(rate),
    detectSeconds: z.exactOptional(amount),
    regroupSeconds: z.exactOptional(amount),
    reconfigureSeconds: amount,
    scaleUpSeconds: amount,
    scaleUpDelaySeconds: amount,
    rebalanceSeconds: amount,
  }),
});

/**
 * Checks a parsed hardware file.
 * @throws InputError naming the field
 */
export function checkHardware(value: unknown, source: string): HardwareSpec {
  return checkFields(hardwareSchema, "hardware", value, source);
}
