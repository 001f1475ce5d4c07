/** `recover` on a series of load-profiles: one decision after the other, state carried along in the plan. */
import type { LoadProfile } from "../core/profile/loadProfile.ts";
import { UsageError } from "../errors.ts";
import type { RecoveryPlanDocument } from "../formats/documents/recoveryPlan.ts";
import { isStandardStream, openInput, peek } from "../io/input.ts";
import { isSameFile } from "../io/outputPlace.ts";
import { untilStopped } from "../io/stop.ts";
import { readNodes } from "./clusterOptions.ts";
import type { ExpertSize } from "./expertSize.ts";
import { numberingSettings } from "./planOptions.ts";
import { readFollowed } from "./readPlacements.ts";
import { readLoad, readProfiles, withDefaults } from "./readProfile.ts";
import type { RecoveryOptions } from "./recoveryOptions.ts";
import { followed, type Moved, type Reviewed, type ReviewTerms, review } from "./reviewLoads.ts";
import { warn } from "./warn.ts";
import { type DocumentWriter, formatOf, type Renderers, writeDocuments } from "./writeDocuments.ts";

/** What reviews are made with. */
interface SeriesTerms extends Omit<ReviewTerms, "expertBytes">, ExpertSize {
  /** Acts a plan out, where that is asked for. */
  readonly rehearsed: ((moved: Moved) => Promise<NonNullable<RecoveryPlanDocument["rehearsal"]>>) | undefined;
}

const FAILED_REHEARSAL = 1;

/**
 * Decides on every load-profile of --profile as it comes. Memory is that of one of them.
 * @returns the exit code
 */
export async function reviewSeries(
  options: RecoveryOptions,
  file: string | undefined,
  { bytes, assumed, rehearsed, ...terms }: SeriesTerms,
  renderers: Renderers<RecoveryPlanDocument>,
): Promise<number> {
  const source = options.profile!;
  if (isStandardStream(file) && isStandardStream(source))
    throw new UsageError("the plan and --profile both come from standard input; name a file for one of them");
  const isReplaced = isSameFile(file, options.output);
  const savesEach = options.follow && !isStandardStream(options.output);
  let exitCode = 0;
  let moves = false;
  let plan = await readReviewed(file, options);
  if (options.expect !== undefined && options.expect !== plan.follows)
    throw new UsageError(`--expect: ${file ?? "standard input"} is another plan, ${plan.follows}; plan from the newest one`);
  const { follows } = plan;
  const decided = async (newer: LoadProfile, write: DocumentWriter<RecoveryPlanDocument>) => {
    const { document, moved } = await review(options, plan, newer, { ...terms, expertBytes: bytes });
    const rehearsal = moved && (await rehearsed?.(moved));
    if (rehearsal?.passed === false) exitCode = FAILED_REHEARSAL;
    moves ||= document.decision!.move;
    if (assumed !== undefined && document.moved! > 0 && formatOf(options) !== "table") warn(assumed);
    const whole = rehearsal === undefined ? document : { ...document, rehearsal };
    await write(whole);
    plan = followed(whole, plan);
  };
  const each = async (write: DocumentWriter<RecoveryPlanDocument>) => {
    let early = 0;
    for await (const newer of untilStopped(profilesOf(options, source))) {
      if (options.follow && newer.window.to <= (plan.reviewed?.iteration ?? Number.NEGATIVE_INFINITY)) early++;
      else await decided(newer, write);
    }
    if (early > 0)
      warn(`${early} load-profile${early === 1 ? "" : "s"} left out: loads that the plan had been decided on by, or older ones`);
  };
  if (!savesEach) {
    await writeDocuments(options, renderers, each, () => ({
      keeps: isReplaced && (!moves || exitCode !== 0),
      follows: isReplaced ? follows : undefined,
    }));
    return exitCode;
  }
  await each(async (document) => {
    const replacement = { follows: isReplaced ? plan.follows : undefined };
    await writeDocuments(
      options,
      renderers,
      (write) => write(document),
      () => replacement,
    );
  });
  return exitCode;
}

/** The only plan of a file. */
async function readReviewed(file: string | undefined, options: RecoveryOptions): Promise<Reviewed> {
  const context = {
    nodes: () => readNodes(options),
    loads: async () => {
      if (isSeries(options))
        throw new UsageError(
          "the plan of another system says nothing of the loads it is for; `lazarus place --audit` makes it one of ours",
        );
      return (await readLoad(options.profile!, "recover")).layers;
    },
    gpus: options.gpus ?? 1,
    ...numberingSettings(options),
  };
  const { plans, sha256 } = await readFollowed(file, context);
  if (plans.length > 1) throw new UsageError("there are several plans; newer loads are decided on for one: keep one window");
  return { ...plans[0]!, follows: sha256 };
}

/** Of a series all, as they come, if any do; of a log their mean, as otherwise. */
async function* profilesOf(options: RecoveryOptions, source: string): AsyncGenerator<LoadProfile> {
  if (!isSeries(options)) {
    yield await readLoad(source, "recover");
    return;
  }
  const { byte, input } = await peek(openInput(source));
  if (byte === undefined && options.follow) return;
  yield* withDefaults(readProfiles(source, { byRank: false, input }), "recover");
}

function isSeries({ follow, profile }: RecoveryOptions): boolean {
  return follow || isStandardStream(profile);
}
