import type { Session } from './protocol/generated';

/** The totals at one moment. They hold until the next sample: the engine tells only what changed. */
export interface Sample {
  at: number;
  down: number;
  up: number;
}

export const WINDOW_MS = 90_000;
/** The first samples fill a part of this, not of the whole window: a sliver at the edge is no curve. */
const LEAST_MS = 30_000;
/** Less than this is noise, and must not fill the picture. */
const FLOOR = 20_000;
/** Two pages' samples of one moment are one. */
const CLOSE_MS = 500;

/** Adds what was just heard, and drops what no longer shows. */
export function addSample(samples: readonly Sample[], session: Session, now: number): Sample[] {
  const kept = samples.filter(({ at }) => at > now - WINDOW_MS && at < now - CLOSE_MS);
  // The last one before the window says how it begins.
  const before = samples.findLast(({ at }) => at <= now - WINDOW_MS);
  const sample = { at: now, down: session.download_rate, up: session.upload_rate };
  return before === undefined ? [...kept, sample] : [before, ...kept, sample];
}

/** Both ways into the same list of samples, in the order of time. */
export function mergeSamples(a: readonly Sample[], b: readonly Sample[]): Sample[] {
  return [...a, ...b].sort((left, right) => left.at - right.at);
}

export interface Curves {
  down: string;
  /** Empty where nothing went up: a line along the edge would look like one of the frame. */
  up: string;
  /** The surface under `down`. */
  area: string;
}

/** The last minutes as paths of an SVG; `undefined` while there is nothing that could be a curve. */
export function curves(
  samples: readonly Sample[],
  now: number,
  width: number,
  height: number,
): Curves | undefined {
  const first = samples[0];
  if (first === undefined || samples.every(({ down, up }) => down === 0 && up === 0)) return undefined;
  const top = Math.max(FLOOR, ...samples.map(({ down, up }) => Math.max(down, up)));
  const window = Math.min(WINDOW_MS, Math.max(LEAST_MS, now - first.at));
  const x = (at: number): number => Math.max(0, width * (1 - (now - at) / window));
  const y = (rate: number): number => height - (height - 1) * (rate / top) - 0.5;
  const path = (of: (sample: Sample) => number): string => {
    const points = samples.map((sample) => `${x(sample.at).toFixed(1)},${y(of(sample)).toFixed(1)}`);
    const last = samples.at(-1) ?? first;
    return `M${[...points, `${width},${y(of(last)).toFixed(1)}`].join('L')}`;
  };
  const down = path((sample) => sample.down);
  return {
    down,
    up: samples.some(({ up }) => up > 0) ? path((sample) => sample.up) : '',
    area: `${down}L${width},${height}L${x(first.at).toFixed(1)},${height}Z`,
  };
}
