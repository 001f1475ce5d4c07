/** lazarus recover: from a placement and the nodes that failed or joined to a new placement and the transfers that lead to it. */

import { PLACEMENT_POLICIES } from "../core/placement/policy.ts";
import { searchSeconds } from "../core/placement/sizeLimits.ts";
import { failuresOf } from "../core/reconfigure/changeGpus.ts";
import { planRecovery } from "../core/reconfigure/planRecovery.ts";
import { rehearsalOf } from "../core/reconfigure/rehearsal.ts";
import { UsageError } from "../errors.ts";
import { hostCopiesOf, placementOf } from "../formats/documents/placement.ts";
import { checkRecoveryPlan, followedOf, type RecoveryPlanDocument } from "../formats/documents/recoveryPlan.ts";
import { planSystems } from "../formats/plans/plan.ts";
import { policyNameOf, policyOf } from "../formats/policyFields.ts";
import { recoveryPlanDocument, unchangedPlan } from "../formats/recoveryPlanDocument.ts";
import { replacesFile } from "../io/output.ts";
import { isSameFile } from "../io/outputPlace.ts";
import { announce } from "./announce.ts";
import { carriedOver } from "./carriedOver.ts";
import { readNodes } from "./clusterOptions.ts";
import { defineCommand } from "./command.ts";
import { drainedOf } from "./drainOption.ts";
import { type ExpertSize, readExpertSize } from "./expertSize.ts";
import { failedOf } from "./failedOption.ts";
import { joinedOf, withRejoined } from "./joinedOption.ts";
import { readSaidNodes } from "./nodeSource.ts";
import { numberingSettings, planRenderers } from "./planOptions.ts";
import { lastOf } from "./plotOption.ts";
import { usualShares } from "./policyOptions.ts";
import { withStopwatch } from "./progress.ts";
import { readFollowed } from "./readPlacements.ts";
import { readLoad } from "./readProfile.ts";
import { rebalanceBy, rebalancingOf } from "./rebalancedPlan.ts";
import { checkForeign, recoverNeeds } from "./recoverNeeds.ts";
import { type RecoveryOptions, recoveryOptions } from "./recoveryOptions.ts";
import { inOptions, recoveryProblem } from "./recoveryProblem.ts";
import { namingRefusals } from "./refusals.ts";
import { actOut } from "./rehearsedPlan.ts";
import { checkRestore, restorableOf } from "./restoreOption.ts";
import { type Moved, reviews } from "./reviewLoads.ts";
import { reviewSeries } from "./reviewSeries.ts";
import { whatIsShown } from "./shownOptions.ts";
import { complain, warn } from "./warn.ts";
import { readTimedJob } from "./worthMoving.ts";
import { type DocumentWriter, formatOf, type Renderers, writeDocuments } from "./writeDocuments.ts";

const NOT_RECOVERABLE = 3;
const FAILED_REHEARSAL = 1;

export const recover = defineCommand({
  name: "recover",
  summary: "plan how training goes on after nodes failed or joined",
  examples: [
    { says: "Two nodes died", line: "lazarus recover placement.json --failed node3,node7" },
    {
      says: "One died, two new ones came, and there are newer loads",
      line: "lazarus recover placement.json --failed node3 --joined 2 --profile now.json",
    },
    {
      says: "All in CSV: the new placement, for the next command",
      line: "lazarus recover placement.csv --failed node3 --format csv --rows placement -o recovered.csv",
    },
    { says: "One GPU of a node died", line: "lazarus recover placement.json --failed node3:5" },
    { says: "A node is to be taken out", line: "lazarus recover placement.json --drain node3" },
    {
      says: "What a cluster manager says now, on the plan of what it said before",
      line: "kubectl get nodes -o json | lazarus recover plan.json --failed @- -o plan.json",
    },
    { says: "The dispatch after the failure", line: "lazarus recover placement.json --failed node3 | lazarus dispatch-plan" },
  ],
  description: [
    "Reads a placement (or an earlier recovery-plan) and writes a recovery-plan: whether every expert of every layer keeps a live host, the new placement on the live nodes by the same policy, which replicas move from where to where in which round, and how long that takes.",
    "What survived is repaired where it is: experts that lost hosts get others where a loss becomes less likely so, free slots are filled, and layers beyond the balance limit are levelled, with as few replicas moved as a search finds. A new placement is made where the repair survives over 1 % less than the most that is possible, and less than the old placement did, or leaves layers over 1 % beyond the limit on average, and more than the old placement did; then the rule of --prefer decides, and both are stated. Plans of other systems, and those for which step time counts, are placed anew unless a repair is preferred.",
    "With --max-moves the transfers are listed in an order in which they may be made one by one, and the rounds keep it: none overwrites the last copy of an expert, and whoever stops after any of them survives at least as much as had nothing been moved.",
    "In a round a node sends at most one replica and receives at most one. The lower bound is what the busiest node needs at full bandwidth.",
    "When experts are lost, or the live nodes have fewer slots than there are experts, the document says so with recoverable false and the exit code is 3; a file that is there already is left as it is.",
    "Planned changes (--joined, --drain, newer loads) are not detected, and their transfers come before the regrouping. Where nothing failed, joined, leaves or is newer, nothing moves.",
    "A plan has a generation, the SHA-256 of the plan that it follows, and the nodes that failed so far: a failure that is reported again is already handled. With -o FILE, FILE being the plan itself, it is replaced only by a plan that changes something and can be carried out, and only if it still is what the new plan was made from; of two who replace it at once one is refused (exit code 2), and plans again.",
    "Limits: 10,000 nodes, those that join among them. A rehearsal takes at most 80 processes and 1 GiB, and is given up when a process does not answer for half a minute.",
  ],
  input: "a placement or recovery-plan",
  options: recoveryOptions,
  needs: recoverNeeds,
  exitCodes: { [NOT_RECOVERABLE]: "Not recoverable: the document lists the experts that are lost." },
  run: async (options, file) => {
    const changes = ["failed", "joined", "drain", "profile"] as const;
    if (changes.every((name) => options[name] === undefined))
      throw new UsageError("what changed? pass --failed, --joined or --drain with nodes, or --profile with newer loads");
    checkRestore(options);
    const by = rebalancingOf(options);
    const isReview = reviews(options);
    const training = await readTimedJob(options);
    const size = await readExpertSize(options);
    if (isReview) {
      const rehearsed = ({ recovery, old }: Moved) =>
        actOut(rehearsalOf(old, recovery.survivors, recovery.change), options["rehearse-bytes"]);
      const made = { ...size, by, training, rehearsed: options.rehearse ? rehearsed : undefined };
      return reviewSeries(options, file, made, renderers(options, size));
    }
    const isReplaced = isSameFile(file, options.output);
    let unchanged = true;
    let exitCode = 0;
    let follows: string | undefined;
    const work = async (write: DocumentWriter<RecoveryPlanDocument>) => {
      if (options.rows !== "transfers" && options.format !== "csv")
        throw new UsageError("--rows says which rows --format csv has; give that, too");
      const newer = options.profile === undefined ? undefined : await readLoad(options.profile, "recover");
      const said = await readSaidNodes(options, file);
      let isForeign = false;
      const context = {
        nodes: () => {
          isForeign = true;
          return readNodes(options);
        },
        loads: async () => newer?.layers,
        gpus: options.gpus ?? 1,
        ...numberingSettings(options),
      };
      const { plans, sha256 } = await readFollowed(file, context);
      checkForeign(options, isForeign);
      follows = sha256;
      if (options.expect !== undefined && options.expect !== follows)
        throw new UsageError(`--expect: ${file ?? "standard input"} is another plan, ${follows}; plan from the newest one`);
      for (const { placement: document, history } of plans) {
        const old = placementOf(document);
        const named = PLACEMENT_POLICIES.find((name) => name === options.placement);
        const wanted = named ?? policyNameOf(document);
        const made = {
          madeBy: policyNameOf(document),
          policy: policyOf(document, named, usualShares(options, wanted, document.policy.shares)),
        };
        const { gone } = history;
        const failures = failedOf(old.cluster, said.failed, { ...options, gone });
        const drained = drainedOf(old.cluster, said.drain, failures.failed, gone);
        const copies = hostCopiesOf(document);
        const restorable = await restorableOf(old, options, gone, copies);
        const joining = joinedOf(old.cluster, withRejoined(options.joined, failures.back), failures.failedGpus);
        const origin = { window: document.window, drained, history, follows };
        const { joined = [] } = joining;
        const leave = failures.failed.length + failures.failedGpus.length + drained.length;
        const join = (typeof joined === "number" ? joined : joined.length) + joining.joinedGpus.length;
        if (leave + join === 0 && newer === undefined) {
          await write(unchangedPlan(document, origin));
          continue;
        }
        if (made.policy?.placement === "resilient") announce("planning", searchSeconds(old.cluster, old.layers.length));
        const recovery = await withStopwatch("planning", (watch) =>
          namingRefusals(
            () =>
              by !== undefined && newer !== undefined
                ? rebalanceBy(by, options, { ...made, old, loads: newer.layers, expertBytes: size.bytes, training })
                : planRecovery(
                    recoveryProblem(
                      options,
                      {
                        ...made,
                        old,
                        ...failures,
                        drained,
                        ...joining,
                        restorable,
                        loads: newer?.layers,
                        expertBytes: size.bytes,
                      },
                      watch,
                    ),
                  ),
            (refusal) => inOptions(refusal, document.policy.placement),
          ),
        );
        unchanged = false;
        const planned = recoveryPlanDocument(
          recovery,
          old.cluster,
          failuresOf(old.cluster, failures.failed, failures.failedGpus),
          joining.joinedGpus,
          {
            bytes: size.bytes,
            ageSeconds: options["checkpoint-age"],
            ...origin,
            ...carriedOver(options, document, recovery, copies),
          },
        );
        const plan =
          options.rehearse && recovery.recoverable
            ? {
                ...planned,
                rehearsal: await actOut(rehearsalOf(old, recovery.survivors, recovery.change), options["rehearse-bytes"]),
              }
            : planned;
        if (plan.rehearsal?.passed === false) exitCode = FAILED_REHEARSAL;
        if (!plan.recoverable) {
          exitCode = NOT_RECOVERABLE;
          const isPlaced = options.format === "csv" && options.rows === "placement";
          const isKept = replacesFile(options.output);
          if (isKept || isPlaced || planSystems.some((system) => system === options.format))
            complain(`no plan: ${plan.reason}${isKept ? ` (${options.output} is left as it was)` : ""}`);
        }
        if (size.assumed !== undefined && (plan.moved ?? 0) > 0 && formatOf(options) !== "table") warn(size.assumed);
        await write(plan);
      }
      return exitCode;
    };
    return writeDocuments(options, renderers(options, size), work, () => ({
      keeps: exitCode === NOT_RECOVERABLE || (isReplaced && (unchanged || exitCode !== 0)),
      follows: isReplaced ? follows : undefined,
    }));
  },
});

function renderers(options: RecoveryOptions, { assumed }: ExpertSize): Renderers<RecoveryPlanDocument> {
  const shown = whatIsShown(options);
  return {
    check: checkRecoveryPlan,
    csv: async () => {
      if (options.rows === "transfers") return (await import("../formats/recoveryPlanCsv.ts")).recoveryPlanCsv();
      const rows = (await import("../formats/placementCsv.ts")).placementCsv();
      let isFirst = true; // A plan that is not recoverable has no rows.
      return function* (plan) {
        const { placement } = plan;
        if (placement !== undefined) yield* rows(placement, isFirst, followedOf(plan, placement));
        isFirst &&= placement === undefined;
      };
    },
    table: async () => {
      const { recoveryTable } = await import("../report/recoveryTable.ts");
      return (plan, paint, width) => recoveryTable(plan, paint, width, { ...shown, assumed });
    },
    usualName: "recovery-plan.json",
    picture: async () => lastOf((await import("../report/recoveryPicture.ts")).recoveryPicture),
    others: planRenderers(options, ({ placement }) => placement),
  };
}
