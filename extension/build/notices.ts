import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** A package of npm that is in the extension, and the folder that it was found in. */
interface Package {
  folder: string;
  name: string;
  version: string;
  license?: string;
}

const LICENCE = /^(licen[cs]e|copying|notice)/i;

/** Where Vite's licence goes on with those of what it builds with, which is not in here. */
const BUNDLED = /^# Licenses of bundled dependencies/m;

const INTRODUCTION =
  'The packages that are in this extension besides its own code, and the licences that they came with.';

/** Finds out which packages are in what is built. */
export class Notices {
  readonly #folders = new Set<string>();

  /** To be part of every build of the extension, of which there is one for each kind of page. */
  plugin(): Plugin {
    return {
      name: 'torrpeddo-notices',
      generateBundle: (_, bundle) => {
        for (const output of Object.values(bundle)) {
          const modules = output.type === 'chunk' ? Object.keys(output.modules) : [];
          modules.map(folderOf).forEach((folder) => folder && this.#folders.add(folder));
        }
      },
    };
  }

  /** The packages, by name and version. */
  #packages(): Package[] {
    const packages = [...this.#folders].map((folder) => {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package;
      return { ...manifest, folder };
    });
    return packages.sort((one, other) => (id(one) < id(other) ? -1 : 1));
  }

  /** What npm calls them, `name@version`. */
  ids(): string[] {
    return this.#packages().map(id);
  }

  /** Their licences. */
  text(): string {
    return [INTRODUCTION, ...this.#packages().map(notice)].join('\n\n') + '\n';
  }
}

function id({ name, version }: Package): string {
  return `${name}@${version}`;
}

/** The folder of the package that a module is from. */
function folderOf(module: string): string | undefined {
  // A few lines of its own that Vite puts in.
  if (module.startsWith('\0vite/')) return 'node_modules/vite';
  return /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1];
}

function notice(one: Package): string {
  const files = readdirSync(one.folder).filter((file) => LICENCE.test(file));
  const texts = files.sort().map((file) => {
    const text = readFileSync(join(one.folder, file), 'utf8').split(BUNDLED)[0];
    return text?.trim();
  });
  const title = `${one.name} ${one.version}, ${one.license ?? 'see below'}`;
  return [title, '-'.repeat(title.length), '', ...texts].join('\n');
}
