import type { MessageKey } from '@/lib/i18n';

/** Something to do before the program answers. */
export interface Step {
  title: MessageKey;
  text: MessageKey;
  command?: string;
}

const DONE: Step = { title: 'welcomeStepDone', text: 'welcomeStepDoneText' };

/** How the program gets onto a system. `command` tells the browsers of it, where no installer does. */
export function stepsOn(os: string, command: string): readonly Step[] {
  switch (os) {
    case 'linux':
      return [
        { title: 'welcomeStepGet', text: 'welcomeStepGetText' },
        { title: 'welcomeStepRun', text: 'welcomeStepRunText', command },
        DONE,
      ];
    case 'win':
      return [{ title: 'welcomeStepGet', text: 'welcomeStepGetOnWindows' }, DONE];
    case 'mac':
      return [{ title: 'welcomeStepGet', text: 'welcomeStepGetOnMac' }, DONE];
    default:
      return [{ title: 'welcomeStepGet', text: 'welcomeStepGetElsewhere' }];
  }
}
