import { describe, expect, it } from 'vitest';
import { commandOf, type Pressed } from './keys';

function press(key: string, more: Partial<Pressed> = {}): Pressed {
  return { key, ctrlKey: false, metaKey: false, altKey: false, ...more };
}

describe('the keys of the table', () => {
  it('give commands', () => {
    expect(commandOf(press('p'))).toBe('pause');
    expect(commandOf(press('R'))).toBe('force');
    expect(commandOf(press('ArrowUp', { altKey: true }))).toBe('up');
    expect(commandOf(press('c', { metaKey: true }))).toBe('magnet');
  });

  it('leave to the browser what is the browser’s', () => {
    expect(commandOf(press('r', { ctrlKey: true }))).toBeUndefined();
    expect(commandOf(press('p', { ctrlKey: true }))).toBeUndefined();
    expect(commandOf(press('ArrowUp'))).toBeUndefined();
    expect(commandOf(press('c'))).toBeUndefined();
  });
});
