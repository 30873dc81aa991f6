import { describe, expect, it } from 'vitest';
import type { FileStatus } from './protocol/generated';
import { FileTree } from './tree';

function file(index: number, path: string, bytes = 10): FileStatus {
  return { index, path, bytes, done_bytes: 0, selected: true };
}

const FILES = [
  file(0, 'T/b.mkv', 100),
  file(1, 'T/Subs/10.srt'),
  file(2, 'T/Subs/9.srt'),
  file(3, 'T/a.nfo', 1),
];

describe('the tree of files', () => {
  it('has folders first, then names as people order them', () => {
    expect(new FileTree(FILES).rows().map(({ name }) => name)).toEqual([
      'T',
      'Subs',
      '9.srt',
      '10.srt',
      'a.nfo',
      'b.mkv',
    ]);
  });

  it('carries a choice up and down', () => {
    const tree = new FileTree(FILES);
    const [top, subs, nine] = tree.rows();
    if (!top || !subs || !nine) throw new Error('rows are missing');
    expect(tree.selection()).toBeUndefined();
    tree.toggle(nine);
    expect([tree.check(top), tree.check(subs), tree.check(nine)]).toEqual(['some', 'some', 'none']);
    expect(tree.selected).toEqual({ files: 3, bytes: 111 });
    tree.toggle(subs);
    expect(tree.check(subs)).toBe('all');
    tree.toggle(subs);
    expect(tree.selection()).toEqual([0, 3]);
    tree.toggle(top);
    tree.toggle(top);
    expect(tree.selected.files).toBe(0);
    expect(tree.selection()).toEqual([]);
  });

  it('begins with what the engine has selected', () => {
    const tree = new FileTree([file(0, 'a'), { ...file(1, 'b'), selected: false }]);
    expect(tree.selection()).toEqual([0]);
  });

  it('bears with strange paths', () => {
    const tree = new FileTree([
      file(0, ''),
      file(1, '/x'),
      file(2, 'a//b'),
      file(3, `${'d/'.repeat(5000)}e`),
    ]);
    expect(tree.total.files).toBe(4);
    tree.set(tree.root, false);
    expect(tree.selection()).toEqual([]);
  });

  it('is quick with fifty thousand files, and begins folded', () => {
    const many = Array.from({ length: 50_000 }, (_, index) =>
      file(index, `T/part ${Math.floor(index / 500)}/file ${index}`),
    );
    const start = performance.now();
    const tree = new FileTree(many);
    tree.toggle(tree.root);
    expect(tree.rows()).toHaveLength(101);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
