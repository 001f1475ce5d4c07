/** Operations of an incremental policy as documents list them. */
import type { Operation } from "../core/rebalance/operations.ts";
import type { DocumentOperation } from "./documents/operation.ts";

/** @param bytes of an expert */
export function operationFields(operations: readonly Operation[], bytes: number): DocumentOperation[] {
  return operations.map(({ fetched, ...rest }) => ({ ...rest, bytes: fetched * bytes }));
}
