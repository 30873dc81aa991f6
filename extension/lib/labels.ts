/** As many and as long as the engine takes them. */
const MOST = 32;
const LONGEST_BYTES = 64;

/** Labels as typed or pasted, joined to those that are there; each once, whatever its case. */
export function withLabels(labels: readonly string[], text: string): string[] {
  const joined = [...labels];
  for (const part of text.split(/[,\n]/u)) {
    const label = shorten(part.trim());
    const known = joined.some((other) => other.toLowerCase() === label.toLowerCase());
    if (label !== '' && !known && joined.length < MOST) joined.push(label);
  }
  return joined;
}

/** Between characters, for the engine counts bytes. */
function shorten(label: string): string {
  const { read } = new TextEncoder().encodeInto(label, new Uint8Array(LONGEST_BYTES));
  return label.slice(0, read);
}
