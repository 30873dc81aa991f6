import type { TreeNode } from './tree';

/**
 * What people type to find files: words, all of which must be in the path, or patterns with `*` and `?` for
 * the name (“*.mkv”), of which one must fit. Undefined when there is nothing to look for.
 */
export function pathFilter(text: string): ((path: string) => boolean) | undefined {
  const words = text
    .toLowerCase()
    .split(/[\s,;]+/u)
    .filter(Boolean);
  if (words.length === 0) return undefined;
  const patterns = words.filter((word) => /[*?]/.test(word));
  const plain = words.filter((word) => !/[*?]/.test(word));
  return (path) => {
    const whole = path.toLowerCase();
    const name = whole.slice(whole.lastIndexOf('/') + 1);
    return (
      plain.every((word) => whole.includes(word)) &&
      (patterns.length === 0 || patterns.some((pattern) => fitsGlob(name, pattern)))
    );
  };
}

/** Goes back to the last star only, so that no pattern takes for ever. */
function fitsGlob(text: string, glob: string): boolean {
  let at = 0;
  let to = 0;
  let star = -1;
  let from = 0;
  while (at < text.length) {
    if (glob[to] === '*') {
      star = to++;
      from = at;
    } else if (to < glob.length && (glob[to] === '?' || glob[to] === text[at])) {
      at += 1;
      to += 1;
    } else if (star !== -1) {
      at = ++from;
      to = star + 1;
    } else return false;
  }
  return /^\**$/.test(glob.slice(to));
}

/** The files of a tree that fit, and the folders on the way to them; each with the sums of what fits. */
export class TreeFilter {
  /** How many fitting files are in a folder, or 1 for a file that fits. */
  readonly #files = new Map<TreeNode, number>();
  readonly matches: readonly TreeNode[];

  constructor(root: TreeNode, fits: (path: string) => boolean) {
    const matches: TreeNode[] = [];
    const stack: { node: TreeNode; path: string }[] = [{ node: root, path: '' }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { node, path } = next;
      if (node.index !== undefined && fits(path)) {
        matches.push(node);
        for (let up: TreeNode | undefined = node; up !== undefined; up = up.parent) {
          this.#files.set(up, (this.#files.get(up) ?? 0) + 1);
        }
      }
      for (const child of node.children) {
        stack.push({ node: child, path: path === '' ? child.name : `${path}/${child.name}` });
      }
    }
    this.matches = matches;
  }

  shows(node: TreeNode): boolean {
    return this.#files.has(node);
  }
}
