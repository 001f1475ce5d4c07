/** What GPUs could do at most: single precision without tensor cores, and memory. */

/** Rates of an adapter, by its maker. */
export interface AdapterPeaks {
  readonly gflops: number;
  readonly gigabytesPerSecond: number;
}

/** Names as drivers give them, more special ones first; from the makers' data sheets and white papers. */
const PEAKS: readonly (readonly [RegExp, number, number])[] = [
  [/\bH200\b/i, 67_000, 4800],
  [/\bH100 PCIe\b/i, 51_200, 2000],
  [/\bH100\b/i, 66_900, 3350],
  [/\bA100.*80GB/i, 19_500, 2039],
  [/\bA100\b/i, 19_500, 1555],
  [/\bA10G?\b/i, 31_200, 600],
  [/\bL40S\b/i, 91_600, 864],
  [/\bL4\b/i, 30_300, 300],
  [/\bV100\b/i, 15_700, 900],
  [/\bT4\b/i, 8_100, 320],
  [/\bRTX 3090 Ti\b/i, 40_000, 1008],
  [/\bRTX 3090\b/i, 35_600, 936],
  [/\bRTX 4090\b/i, 82_600, 1008],
  [/\bMI300X\b/i, 163_400, 5300],
];

/** Peaks of an adapter of this name; nothing for processors, and for GPUs that are not in the list. */
export function adapterPeaks(name: string, software: boolean): AdapterPeaks | undefined {
  if (software) return undefined;
  const found = PEAKS.find(([pattern]) => pattern.test(name));
  return found && { gflops: found[1], gigabytesPerSecond: found[2] };
}
