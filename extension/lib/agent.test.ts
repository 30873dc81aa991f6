import { describe, expect, it } from 'vitest';
import { agentOf, installCommand } from './agent';

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const MADE_UP = { brand: 'Not/A)Brand', version: '99' };
const CHROMIUM = { brand: 'Chromium', version: '148' };

describe('agentOf', () => {
  it.each([
    [FIREFOX, undefined, 'Firefox 140.0', 'torrpeddo install --browser firefox'],
    [CHROME, [MADE_UP, CHROMIUM], 'Chromium 148.0.0.0', 'torrpeddo install --browser chromium'],
    [
      CHROME,
      [CHROMIUM, { brand: 'Google Chrome', version: '148' }, MADE_UP],
      'Google Chrome 148',
      'torrpeddo install --browser chrome',
    ],
    [CHROME, [{ brand: 'Brave', version: '148' }, CHROMIUM, MADE_UP], 'Brave 148', 'torrpeddo install'],
    [CHROME, undefined, 'Chromium 148.0.0.0', 'torrpeddo install'],
    ['something else', undefined, 'something else', 'torrpeddo install'],
  ])('%s %j', (userAgent, brands, title, command) => {
    const agent = agentOf(userAgent, brands && { brands });
    expect(agent.title).toBe(title);
    expect(installCommand(agent)).toBe(command);
  });
});
