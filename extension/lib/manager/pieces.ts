import { fromBase64 } from '../base64';
import type { GetPiecesResult } from '../protocol/generated';

/**
 * How full each of so many stretches of a torrent is, from 0 to 1: a bar has fewer pixels than a torrent has
 * pieces, or more.
 */
export function stretches({ piece_count: pieces, have }: GetPiecesResult, width: number): Float32Array {
  const full = new Float32Array(Math.max(0, width));
  if (pieces === 0) return full;
  const bits = fromBase64(have);
  for (let at = 0; at < full.length; at += 1) {
    const from = Math.floor((at * pieces) / width);
    const to = Math.max(from + 1, Math.floor(((at + 1) * pieces) / width));
    let sum = 0;
    for (let piece = from; piece < to; piece += 1) {
      if (((bits[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0) sum += 1;
    }
    full[at] = sum / (to - from);
  }
  return full;
}
