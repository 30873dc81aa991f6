// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { fakeBrowser } from 'wxt/testing/fake-browser';
import { writeLocal } from './settings';
import { followTheme } from './theme';

const shown = (): string | undefined => document.documentElement.dataset['theme'];

describe('followTheme', () => {
  beforeEach(() => {
    fakeBrowser.reset();
    localStorage.clear();
    delete document.documentElement.dataset['theme'];
  });

  it('leaves the colours to the system when nothing was chosen', async () => {
    followTheme();
    await Promise.resolve();
    expect(shown()).toBeUndefined();
  });

  it('shows what was chosen before the storage answers, and then what the storage says', async () => {
    localStorage.setItem('theme', 'dark');
    await writeLocal({ theme: 'light' });
    followTheme();
    expect(shown()).toBe('dark');
    await expect.poll(shown).toBe('light');
    expect(localStorage.getItem('theme')).toBe('light');
  });

  it('changes with the choice', async () => {
    followTheme();
    await writeLocal({ theme: 'dark' });
    await expect.poll(shown).toBe('dark');
    await writeLocal({ theme: 'system' });
    await expect.poll(shown).toBeUndefined();
  });

  it('takes nonsense for the system', () => {
    localStorage.setItem('theme', '"><b>');
    followTheme();
    expect(shown()).toBeUndefined();
  });
});
