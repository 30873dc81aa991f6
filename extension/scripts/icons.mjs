// Draws the PNG icons from the SVGs in assets. Run after changing one: `npm run icons`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Resvg } from '@resvg/resvg-js';

// What the toolbar button shows of each state; the first is also the icon of everything else.
const ICONS = { '': [16, 32, 48, 128], '-active': [16, 32], '-trouble': [16, 32] };

const folder = new URL('../public/icon/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [state, sizes] of Object.entries(ICONS)) {
  const svg = readFileSync(new URL(`../assets/icon${state}.svg`, import.meta.url));
  for (const size of sizes) {
    const image = new Resvg(svg, { fitTo: { mode: 'width', value: size } }).render();
    writeFileSync(new URL(`${size}${state}.png`, folder), image.asPng());
  }
}
