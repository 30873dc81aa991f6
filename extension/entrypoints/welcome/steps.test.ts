import { describe, expect, it } from 'vitest';
import { stepsOn } from './steps';

describe('stepsOn', () => {
  it('has a command only where nothing else tells the browsers', () => {
    const commands = (os: string): (string | undefined)[] =>
      stepsOn(os, 'the command').map(({ command }) => command);
    expect(commands('linux')).toEqual([undefined, 'the command', undefined]);
    for (const os of ['win', 'mac']) expect(commands(os)).toEqual([undefined, undefined]);
  });

  it('promises nothing where there is no program', () => {
    expect(stepsOn('cros', 'the command').map(({ text }) => text)).toEqual(['welcomeStepGetElsewhere']);
  });
});
