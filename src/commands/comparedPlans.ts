/** The plans that `compare` compares: those that are read, and those that are made on the spot. */
import { basename } from "node:path";
import { type Compared, judgedBy } from "../core/comparison/comparePlans.ts";
import { Infeasible } from "../core/layout/infeasible.ts";
import type { LayerLoads, Placement } from "../core/layout/placement.ts";
import {
  assumedSettings,
  PLACEMENT_POLICIES,
  type PlacementPolicyName,
  type Shares,
  sharesOf,
} from "../core/placement/policy.ts";
import { placeAfresh } from "../core/reconfigure/placeResidents.ts";
import { InputError, UsageError } from "../errors.ts";
import { type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { policyNameOf, policyOf } from "../formats/policyFields.ts";
import { parseNameList, UnitError } from "../formats/units.ts";
import { meantInstead } from "./closestWord.ts";
import { withStopwatch } from "./progress.ts";
import { type PlanContext, readPlacements } from "./readPlacements.ts";
import { warn } from "./warn.ts";

/** A plan that is compared. */
export interface NamedPlan {
  readonly name: string;
  readonly policy: string;
  readonly placement: Placement;
}

/** A plan as it was read. */
export interface ReadPlan {
  readonly name: string;
  readonly file: string;
  readonly document: PlacementDocument;
}

/** Policies in a list. */
export function parsePolicies(text: string): PlacementPolicyName[] {
  const names = parseNameList(text);
  if (names.length < text.split(",").length) throw new UnitError("expected each policy once");
  return names.map((name) => {
    const found = PLACEMENT_POLICIES.find((policy) => policy === name);
    if (found === undefined)
      throw new UnitError(`expected policies among ${PLACEMENT_POLICIES.join(", ")}${meantInstead(name, PLACEMENT_POLICIES)}`);
    return found;
  });
}

/** Reads all plans of all files; names are those of the files, with folders and windows where that tells them apart. */
export async function readPlans(files: readonly (string | undefined)[], context: PlanContext): Promise<ReadPlan[]> {
  const plans: { file: string; document: PlacementDocument }[] = [];
  for (const file of files) {
    for await (const document of readPlacements(file, context)) plans.push({ file: nameOf(file), document });
  }
  const names = files.map(nameOf);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`"${twice}" is given twice; compare it with another plan`);
  const short = new Set(names.map((name) => basename(name))).size === names.length;
  return plans.map(({ file, document }) => {
    const several = plans.filter((other) => other.file === file);
    const base = short ? basename(file) : file;
    const { window } = document;
    const mark =
      window === undefined ? `${several.findIndex((other) => other.document === document) + 1}` : `${window.from}-${window.to}`;
    return { name: several.length === 1 ? base : `${base} ${mark}`, file, document };
  });
}

function nameOf(file: string | undefined): string {
  return file === undefined || file === "-" ? "standard input" : file;
}

/** Shares that a plan was made for. */
export function sharesOfPlan(document: PlacementDocument): Shares {
  const name = policyNameOf(document);
  return document.policy.shares ?? document.cost?.shares ?? (name === undefined ? "even" : sharesOf({ placement: name }));
}

/**
 * Numbers of the layers that all plans have.
 * @throws InputError when they have none in common, or a layer has other experts in another plan
 */
export function commonLayers(plans: readonly ReadPlan[]): number[] {
  const [first, ...others] = plans;
  let common = first!.document.layers.map(({ layer }) => layer);
  for (const { document, file } of others) {
    const theirs = new Map(document.layers.map((layer) => [layer.layer, layer]));
    for (const { layer, loads } of first!.document.layers) {
      const experts = theirs.get(layer)?.loads.length ?? loads.length;
      if (experts !== loads.length)
        throw new InputError(
          `layer ${layer} has ${experts} experts, in ${first!.name} it has ${loads.length}; only plans of the same model can be compared`,
          { file },
        );
    }
    common = common.filter((layer) => theirs.has(layer));
    if (common.length === 0)
      throw new InputError(
        `no layer of ${first!.name} is in it; expected the same numbers of layers (--layer-base, --num-dense-layers)`,
        {
          file,
        },
      );
  }
  for (const { document, name } of plans) {
    const left = document.layers.length - common.length;
    if (left > 0) warn(`${name}: ${left} of ${document.layers.length} layers are not in every plan, and left out`);
  }
  return common;
}

/** Plans of other policies for the first plan's nodes and settings, and these loads; why there is none of a policy that cannot place there. */
export async function madePlans(
  { document }: ReadPlan,
  policies: readonly PlacementPolicyName[],
  loads: readonly LayerLoads[],
  shares: Shares,
  taken: readonly string[],
): Promise<{ readonly plans: readonly NamedPlan[]; readonly refusals: readonly string[] }> {
  const refusals: string[] = [];
  const { cluster } = placementOf(document);
  const plans: NamedPlan[] = [];
  for (const placement of policies) {
    const known = policyOf(document, placement, shares)!;
    const assumed = assumedSettings(placement, cluster);
    const policy = {
      ...known,
      groups: known.groups ?? assumed.groups,
      effort: known.effort ?? assumed.effort,
      failureUnit: known.failureUnit ?? assumed.failureUnit,
    };
    const made = await withStopwatch(`placing ${placement}`, (watch) => {
      try {
        return placeAfresh(cluster, loads, { ...policy, watch });
      } catch (error) {
        if (!(error instanceof Infeasible)) throw error;
        refusals.push(`--with ${placement}: ${error.message}`);
        return undefined;
      }
    });
    if (made === undefined) continue;
    plans.push({ name: taken.includes(placement) ? `new ${placement}` : placement, policy: placement, placement: made });
  }
  return { plans, refusals };
}

/** The plans with the loads that they are judged by. */
export function judged(plans: readonly NamedPlan[], loads: readonly LayerLoads[]): NamedPlan[] {
  return plans.map((plan) => ({ ...plan, placement: judgedBy(plan.placement, loads) }));
}

/** Loads of some layers, in their order. @throws InputError when they are not those of the plans */
export function loadsOf(
  wanted: readonly number[],
  loads: readonly LayerLoads[],
  file: string,
  plan: readonly LayerLoads[],
): LayerLoads[] {
  return wanted.map((layer) => {
    const found = loads.find((candidate) => candidate.layer === layer);
    if (found === undefined) throw new InputError(`there is no layer ${layer}; expected every layer of the plans`, { file });
    const experts = plan.find((candidate) => candidate.layer === layer)!.loads.length;
    if (found.loads.length !== experts)
      throw new InputError(`there are ${found.loads.length} experts; expected the ${experts} of the plans`, { file });
    return { layer, loads: found.loads };
  });
}

/** Says which figures plans that differ in nodes, or are large, do not have. */
export function sayWhatIsMissing(
  compared: readonly Compared[],
  plans: readonly { readonly name: string }[],
  timed: boolean,
): void {
  const [first] = plans;
  const apart = plans.filter((_, p) => compared[p]!.moves === undefined).map(({ name }) => name);
  if (apart.length > 0) warn(`moves from ${first!.name} to ${apart.join(", ")}: not known, since nodes, slots or domains differ`);
  if (compared.some(({ traffic }) => traffic === undefined))
    warn(
      `traffic${timed ? " and step time" : ""} under free shares: left out, as it would take long at this size; --shares even has it`,
    );
}
