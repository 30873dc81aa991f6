import { describe, expect, it } from 'vitest';
import type { FileStatus } from './protocol/generated';
import { FileTree } from './tree';
import { pathFilter, TreeFilter } from './treefilter';

function file(index: number, path: string): FileStatus {
  return { index, path, bytes: 10, done_bytes: 0, selected: true };
}

const FILES = [
  file(0, 'Show/S01/One.mkv'),
  file(1, 'Show/S01/One.srt'),
  file(2, 'Show/S02/Two.MKV'),
  file(3, 'Show/read me.txt'),
];

function shown(tree: FileTree, text: string): string[] {
  const fits = pathFilter(text);
  const filter = fits === undefined ? undefined : new TreeFilter(tree.root, fits);
  return tree.rows(filter).map(({ name }) => name);
}

describe('a filter of files', () => {
  it('is nothing without a word', () => {
    expect(pathFilter('  , ')).toBeUndefined();
  });

  it('takes patterns for names, any of which fits', () => {
    const tree = new FileTree(FILES);
    expect(shown(tree, '*.mkv')).toEqual(['Show', 'S01', 'One.mkv', 'S02', 'Two.MKV']);
    expect(shown(tree, '*.srt *.txt')).toEqual(['Show', 'S01', 'One.srt', 'read me.txt']);
    expect(shown(tree, '?wo.*')).toEqual(['Show', 'S02', 'Two.MKV']);
  });

  it('takes words for paths, all of which must be there', () => {
    const tree = new FileTree(FILES);
    expect(shown(tree, 's01 one')).toEqual(['Show', 'S01', 'One.mkv', 'One.srt']);
    expect(shown(tree, 's01 *.srt')).toEqual(['Show', 'S01', 'One.srt']);
    expect(shown(tree, 'nowhere')).toEqual([]);
  });

  it('means what it says, not what expressions mean by it', () => {
    expect(pathFilter('*.(mkv|srt)')?.('a.mkv')).toBe(false);
    expect(pathFilter('[a]*')?.('[a] name')).toBe(true);
  });

  it('comes to an end whatever the pattern', () => {
    expect(pathFilter('*a'.repeat(40) + '*b')?.('a'.repeat(5_000))).toBe(false);
    expect(pathFilter('*a'.repeat(40) + '**')?.('a'.repeat(5_000))).toBe(true);
  });

  it('chooses what it shows and nothing else', () => {
    const tree = new FileTree(FILES);
    tree.set(tree.root, false);
    tree.setAll(new TreeFilter(tree.root, pathFilter('*.mkv') ?? (() => false)).matches, true);
    expect(tree.selection()).toEqual([0, 2]);
    expect(tree.selected).toEqual({ files: 2, bytes: 20 });
    const top = tree.root.children[0];
    expect(top === undefined ? '' : tree.check(top)).toBe('some');
  });
});
