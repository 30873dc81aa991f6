import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['.output/', '.wxt/', 'node_modules/', 'lib/protocol/generated.ts'] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked,
  ...svelte.configs.recommended,
  prettier,
  ...svelte.configs.prettier,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js', 'scripts/*.mjs'] },
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      'no-console': 'error',
      'svelte/no-at-html-tags': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      // The type-aware rules see Svelte's own template types as `any`; svelte-check covers them.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Large lists are replaced as a whole and held by `$state.raw`; fine-grained proxies would cost more.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  {
    files: ['scripts/*.mjs', '*.js'],
    ...ts.configs.disableTypeChecked,
    languageOptions: { globals: globals.node },
    rules: {
      ...ts.configs.disableTypeChecked.rules,
      // For people at a terminal: standard output is where they say it.
      'no-console': 'off',
    },
  },
);
