import type { Torrent } from '../protocol/generated';

/** A shorter name may be any word of the log. */
const TELLING = 8;

/** The lines of the engine's log about one torrent: they carry its id, or its name where files are meant. */
export function linesAbout(lines: readonly string[], { id, name }: Pick<Torrent, 'id' | 'name'>): string[] {
  return lines.filter((line) => line.includes(id) || (name.length >= TELLING && line.includes(name)));
}
