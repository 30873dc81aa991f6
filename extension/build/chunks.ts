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
      handler: (_, { bundle = {}, chunk }) => then(bundle, chunk).flatMap((file) => links(bundle, file)),
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

/** The files that the opening part of a page asks for, if it has one. */
function then(bundle: Rollup.OutputBundle, page: Rollup.OutputChunk | undefined): string[] {
  const parts = (page?.imports ?? []).map((file) => bundle[file]);
  return parts.flatMap((part) =>
    part?.type === 'chunk' && part.moduleIds.some((id) => id.endsWith(FIRST)) ? part.dynamicImports : [],
  );
}

function links(bundle: Rollup.OutputBundle, file: string): HtmlTagDescriptor[] {
  const chunk = bundle[file];
  if (chunk?.type !== 'chunk') return [];
  const files = [file, ...chunk.imports];
  const styles = files.flatMap((each) => {
    const part = bundle[each];
    return part?.type === 'chunk' ? [...(part.viteMetadata?.importedCss ?? [])] : [];
  });
  const link = (rel: string) => (href: string) => ({
    tag: 'link',
    attrs: { rel, crossorigin: true, href: `/${href}` },
  });
  return [...files.map(link('modulepreload')), ...styles.map(link('stylesheet'))];
}
