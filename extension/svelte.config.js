import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

// For svelte-check and ESLint; the build's own options stand in wxt.config.ts.
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
};
