/**
 * Names come from strangers. For display: one line, no control characters, nothing that turns the direction
 * of what stands around it, and not longer than anyone reads. Components add `<bdi>`.
 */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const LINE_BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;
// Controls, the other invisible format characters (joiners stay: scripts and emoji need them), tags, and
// halves of surrogate pairs.
// eslint-disable-next-line no-misleading-character-class
const INVISIBLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu;
/** More combining marks on one character than any script uses paint over the lines above and below. */
const STACKED_MARKS = /(\p{M}{4})\p{M}+/gu;

export const DISPLAY_LIMIT = 300;

export function displayText(text: string, limit = DISPLAY_LIMIT): string {
  // Cut before and after: before, so that a megabyte costs nothing; after, for the promised length.
  const rough = text.length > limit * 4 ? text.slice(0, limit * 4) : text;
  const clean = rough
    .replace(LINE_BREAKS, ' ')
    .replace(DIRECTION, '\ufffd')
    .replace(INVISIBLE, '\ufffd')
    .replace(STACKED_MARKS, '$1')
    .replace(/ {2,}/g, ' ')
    .trim();
  if (clean.length <= limit && rough.length === text.length) return clean;
  return `${cut(clean, limit)}…`;
}

/** Between characters as people see them, never inside one. */
function cut(text: string, limit: number): string {
  let end = 0;
  for (const { index, segment } of new Intl.Segmenter().segment(text)) {
    if (index + segment.length > limit) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}

/** The engine's and the system's own sentences: the same care, more room. */
export function displaySentence(text: string): string {
  return displayText(text, 600);
}
