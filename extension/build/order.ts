import { basename } from 'node:path';
import type { Plugin } from 'vite';

/**
 * Lets the same sources have the same pages. Vite links the styles of a page in the order of a list of
 * imports that Rollup fills as they happen to be ready; here they are in the order of the code.
 */
export function inOrder(): Plugin {
  return {
    name: 'torrpeddo-order',
    generateBundle: {
      order: 'pre',
      handler(_, bundle) {
        for (const output of Object.values(bundle)) {
          if (output.type !== 'chunk') continue;
          const place = (file: string) => output.code.indexOf(basename(file));
          output.imports.sort((one, other) => place(one) - place(other));
        }
      },
    },
  };
}
