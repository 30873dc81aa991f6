import { describe, expect, it } from 'vitest';
import { Selection } from './selection';

const order = ['a', 'b', 'c', 'd', 'e'];
const ids = (selection: Selection): string => [...selection.ids].sort().join('');

describe('a selection', () => {
  it('is one row after a plain click', () => {
    const two = Selection.none.choose('a', 'only', order).choose('c', 'only', order);
    expect([ids(two), two.cursor, two.anchor]).toEqual(['c', 'c', 'c']);
  });

  it('grows and shrinks with ctrl', () => {
    const three = Selection.none
      .choose('a', 'only', order)
      .choose('c', 'toggle', order)
      .choose('e', 'toggle', order);
    expect(ids(three)).toBe('ace');
    expect(ids(three.choose('c', 'toggle', order))).toBe('ae');
  });

  it('reaches from the anchor in both directions with shift, and the anchor stays', () => {
    const anchored = Selection.none.choose('c', 'only', order);
    expect(ids(anchored.choose('e', 'range', order))).toBe('cde');
    expect(ids(anchored.choose('e', 'range', order).choose('a', 'range', order))).toBe('abc');
  });

  it('is a plain click when there is no anchor to reach from', () => {
    expect(ids(Selection.none.choose('d', 'range', order))).toBe('d');
    const gone = Selection.none.choose('x', 'only', ['x']);
    expect(ids(gone.choose('b', 'range', order))).toBe('b');
  });

  it('moves the cursor alone, and toggles there', () => {
    const moved = Selection.none.choose('a', 'only', order).point('d');
    expect([ids(moved), moved.cursor]).toEqual(['a', 'd']);
    expect(ids(moved.choose('d', 'toggle', order))).toBe('ad');
  });

  it('takes all, and lets go of what is not shown', () => {
    const all = Selection.none.all(order);
    expect(ids(all)).toBe('abcde');
    expect(ids(all.within((id) => id > 'c'))).toBe('de');
    expect(all.within(() => true)).toBe(all);
    expect(Selection.none.choose('a', 'only', order).within((id) => id !== 'a').cursor).toBeUndefined();
  });

  it('leaves the keyboard where rows were removed', () => {
    const chosen = Selection.none.choose('b', 'only', order).choose('d', 'range', order);
    expect(chosen.leaving(new Set(['b', 'c', 'd']), order).cursor).toBe('e');
    expect(chosen.leaving(new Set(['d', 'e']), order).cursor).toBe('c');
    expect(chosen.leaving(new Set(order), order).cursor).toBeUndefined();
    expect(ids(chosen.leaving(new Set(['e']), order))).toBe('');
  });
});
