import type { FileStatus } from './protocol/generated';
import type { TreeFilter } from './treefilter';

/** A folder or a file of a torrent. Sums are kept in every folder, so that a row costs nothing to show. */
export interface TreeNode {
  name: string;
  parent: TreeNode | undefined;
  depth: number;
  /** The file's index in the torrent; folders have none. */
  index: number | undefined;
  children: TreeNode[];
  bytes: number;
  files: number;
  selectedFiles: number;
  selectedBytes: number;
  doneBytes: number;
  expanded: boolean;
}

export type Check = 'all' | 'some' | 'none';

/** Up to here everything is opened; a longer list begins folded. */
const OPEN_UP_TO = 60;

function node(name: string, parent: TreeNode | undefined, index?: number): TreeNode {
  return {
    name,
    parent,
    depth: parent === undefined ? -1 : parent.depth + 1,
    index,
    children: [],
    bytes: 0,
    files: 0,
    selectedFiles: 0,
    selectedBytes: 0,
    doneBytes: 0,
    expanded: false,
  };
}

export class FileTree {
  readonly root = node('', undefined);
  readonly #folders = new Map<string, TreeNode>([['', this.root]]);
  readonly #leaves = new Map<number, TreeNode>();

  constructor(files: readonly FileStatus[]) {
    for (const file of files) this.#insert(file);
    this.#sort(this.root);
    this.root.expanded = true;
    const open = this.root.files <= OPEN_UP_TO;
    for (const folder of this.#folders.values()) {
      if (folder !== this.root) folder.expanded = open || isLonely(folder);
    }
  }

  get total(): { files: number; bytes: number } {
    return { files: this.root.files, bytes: this.root.bytes };
  }

  get selected(): { files: number; bytes: number } {
    return { files: this.root.selectedFiles, bytes: this.root.selectedBytes };
  }

  /** The indices to download, or undefined when that is all of them. */
  selection(): number[] | undefined {
    if (this.root.selectedFiles === this.root.files) return undefined;
    const indices: number[] = [];
    walk(this.root, (leaf) => {
      if (leaf.index !== undefined && leaf.selectedFiles === 1) indices.push(leaf.index);
    });
    return indices.sort((a, b) => a - b);
  }

  /** The same as the engine takes it, where all is a list as well. */
  chosen(): number[] {
    return this.selection() ?? [...this.#leaves.keys()];
  }

  /** Takes over how far the files are; what is chosen stays as it is. */
  progress(files: readonly FileStatus[]): void {
    for (const file of files) {
      const leaf = this.#leaves.get(file.index);
      const more = file.done_bytes - (leaf?.doneBytes ?? file.done_bytes);
      if (more === 0) continue;
      for (let up = leaf; up !== undefined; up = up.parent) up.doneBytes += more;
    }
  }

  check(of: TreeNode): Check {
    if (of.selectedFiles === 0) return 'none';
    return of.selectedFiles === of.files ? 'all' : 'some';
  }

  /** A folder that is partly chosen becomes chosen as a whole, as people expect of such boxes. */
  toggle(of: TreeNode): void {
    this.set(of, this.check(of) !== 'all');
  }

  set(of: TreeNode, selected: boolean): void {
    const files = of.selectedFiles;
    const bytes = of.selectedBytes;
    walk(of, (each) => {
      each.selectedFiles = selected ? each.files : 0;
      each.selectedBytes = selected ? each.bytes : 0;
    });
    for (let up = of.parent; up !== undefined; up = up.parent) {
      up.selectedFiles += of.selectedFiles - files;
      up.selectedBytes += of.selectedBytes - bytes;
    }
  }

  /** The same for files that are somewhere in the tree, all at once. */
  setAll(files: readonly TreeNode[], selected: boolean): void {
    for (const each of files) if ((each.selectedFiles === 1) !== selected) this.set(each, selected);
  }

  /** The rows to show, top to bottom. Of a filtered tree every folder is open: what fits is to be seen. */
  rows(filter?: TreeFilter): TreeNode[] {
    const rows: TreeNode[] = [];
    const stack = [...this.root.children].reverse();
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (filter?.shows(next) === false) continue;
      rows.push(next);
      if (filter === undefined && !next.expanded) continue;
      for (let at = next.children.length - 1; at >= 0; at -= 1) {
        const child = next.children[at];
        if (child !== undefined) stack.push(child);
      }
    }
    return rows;
  }

  #insert(file: FileStatus): void {
    const cut = file.path.lastIndexOf('/');
    const folder = this.#folder(cut === -1 ? '' : file.path.slice(0, cut));
    const leaf = node(file.path.slice(cut + 1), folder, file.index);
    leaf.bytes = file.bytes;
    leaf.files = 1;
    leaf.selectedFiles = file.selected ? 1 : 0;
    leaf.selectedBytes = file.selected ? file.bytes : 0;
    leaf.doneBytes = file.done_bytes;
    folder.children.push(leaf);
    this.#leaves.set(file.index, leaf);
    for (let up: TreeNode | undefined = folder; up !== undefined; up = up.parent) {
      up.bytes += leaf.bytes;
      up.files += 1;
      up.selectedFiles += leaf.selectedFiles;
      up.selectedBytes += leaf.selectedBytes;
      up.doneBytes += leaf.doneBytes;
    }
  }

  /** Not recursive: a path may have as many parts as its author liked. */
  #folder(path: string): TreeNode {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    let parent = this.root;
    let end = -1;
    do {
      end = path.indexOf('/', end + 1);
      const prefix = end === -1 ? path : path.slice(0, end);
      let folder = this.#folders.get(prefix);
      if (folder === undefined) {
        folder = node(prefix.slice(prefix.lastIndexOf('/') + 1), parent);
        parent.children.push(folder);
        this.#folders.set(prefix, folder);
      }
      parent = folder;
    } while (end !== -1);
    return parent;
  }

  #sort(folder: TreeNode): void {
    const collator = new Intl.Collator(undefined, { numeric: true });
    const isFolder = (each: TreeNode): boolean => each.index === undefined;
    walk(folder, (each) => {
      each.children.sort((a, b) =>
        isFolder(a) === isFolder(b) ? collator.compare(a.name, b.name) : isFolder(a) ? -1 : 1,
      );
    });
  }
}

/** A torrent's one top folder is opened even in a long list: folded it would show nothing. */
function isLonely(folder: TreeNode): boolean {
  return folder.depth === 0 && folder.parent?.children.length === 1;
}

function walk(from: TreeNode, visit: (each: TreeNode) => void): void {
  const stack = [from];
  for (let each = stack.pop(); each !== undefined; each = stack.pop()) {
    visit(each);
    for (const child of each.children) stack.push(child);
  }
}
