/** Rows beyond the edges, so that a scroll finds them there. */
export const SPARE = 6;

/** Which rows of a long list are worth having in the document. */
export interface Window {
  start: number;
  end: number;
}

export function visible(
  total: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
  spare = SPARE,
): Window {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const shown = Math.ceil(height / rowHeight) + 1;
  const start = Math.max(0, Math.min(first, total - shown) - spare);
  return { start, end: Math.min(total, Math.max(0, first) + shown + spare) };
}
