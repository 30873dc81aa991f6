import type { HtmlTagDescriptor, Plugin, Rollup } from 'vite';

/** What opens the popup, and what it then shows. */
const FIRST = 'entrypoints/popup/open.ts';
const THEN = 'entrypoints/popup/show.ts';

/**
 * Puts what the popup loads into few files, which all pages share: each file takes its start some
 * milliseconds, a small one as long as a large one. What is only of one page stays with that page.
 */
export function inFewFiles(): Plugin {
  return {
    name: 'torrpeddo-chunks',
    outputOptions(options) {
      // Scripts that are no pages are one file each.
      return options.inlineDynamicImports === true || options.format !== 'es'
        ? options
        : { ...options, manualChunks: chunkOf() };
    },
    // What is shown then is fetched while the first part runs.
    transformIndexHtml: {
      order: 'post',
      handler: (_, { bundle = {}, chunk }) => (chunk === undefined ? [] : links(bundle, chunk)),
    },
  };
}

function chunkOf(): Rollup.GetManualChunk {
  const loads = new Map<string, Set<string>>();
  return (id, graph) => {
    if (id.includes('/entrypoints/')) return undefined;
    // What every page begins with.
    if (id.includes('virtual:wxt') || loadedBy(FIRST, graph, loads).has(id)) return 'begin';
    return loadedBy(THEN, graph, loads).has(id) ? 'list' : undefined;
  };
}

function loadedBy(
  entry: string,
  graph: Rollup.ManualChunkMeta,
  loads: Map<string, Set<string>>,
): Set<string> {
  const known = loads.get(entry);
  if (known !== undefined) return known;
  const loaded = new Set<string>();
  const left = [...graph.getModuleIds()].filter((module) => module.endsWith(entry));
  for (let module = left.pop(); module !== undefined; module = left.pop()) {
    if (loaded.has(module)) continue;
    loaded.add(module);
    left.push(...(graph.getModuleInfo(module)?.importedIds ?? []));
  }
  loads.set(entry, loaded);
  return loaded;
}

/** To what the opening part of a page asks for, if it has one, after what the page has by itself. */
function links(bundle: Rollup.OutputBundle, page: Rollup.OutputChunk): HtmlTagDescriptor[] {
  const chunks = (files: string[]): Rollup.OutputChunk[] =>
    files.map((file) => bundle[file]).filter((part) => part?.type === 'chunk');
  const opening = chunks(page.imports).find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(FIRST)));
  const parts = chunks(opening?.dynamicImports ?? []).flatMap((part) => [...chunks(part.imports), part]);
  const missing = parts.filter(({ fileName }) => !page.imports.includes(fileName));
  const link = (rel: string, file: string): HtmlTagDescriptor => ({
    tag: 'link',
    attrs: { rel, crossorigin: true, href: `/${file}` },
    injectTo: 'head',
  });
  return missing.flatMap(({ fileName, viteMetadata }) => [
    link('modulepreload', fileName),
    ...[...(viteMetadata?.importedCss ?? [])].map((file) => link('stylesheet', file)),
  ]);
}
