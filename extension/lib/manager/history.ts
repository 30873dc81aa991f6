import type { Torrent } from '../protocol/generated';

/** Rates over time, as uPlot takes them: seconds, then a value for each. */
export interface Rates {
  times: number[];
  down: number[];
  up: number[];
}

/** Ten minutes, at a sample a second. */
const MOST = 600;

/**
 * What the page has seen of the rates since it was opened; the engine keeps no history. Only torrents that
 * move are written down, so that ten thousand quiet ones cost nothing.
 */
export class History {
  readonly #rates = new Map<string, Rates>();

  record(torrents: ReadonlyMap<string, Torrent>, nowMs: number): void {
    for (const id of this.#rates.keys()) if (!torrents.has(id)) this.#rates.delete(id);
    for (const { id, download_rate: down, upload_rate: up } of torrents.values()) {
      let rates = this.#rates.get(id);
      if (rates === undefined) {
        if (down === 0 && up === 0) continue;
        rates = { times: [], down: [], up: [] };
        this.#rates.set(id, rates);
      }
      rates.times.push(nowMs / 1000);
      rates.down.push(down);
      rates.up.push(up);
      if (rates.times.length > MOST) {
        rates.times.shift();
        rates.down.shift();
        rates.up.shift();
        if (rates.down.every((each) => each === 0) && rates.up.every((each) => each === 0))
          this.#rates.delete(id);
      }
    }
  }

  of(id: string): Rates | undefined {
    return this.#rates.get(id);
  }
}
