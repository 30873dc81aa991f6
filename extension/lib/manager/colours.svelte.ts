/**
 * The colours of the design for what is drawn on a canvas. A canvas knows nothing of custom properties, nor of
 * which theme counts: it is handed finished colours, and drawn anew when those change.
 */
export class Colours {
  #changes = $state(0);

  /** Follows the system's theme and the user's. Call it in an effect. */
  follow(): () => void {
    const changed = (): void => void (this.#changes += 1);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', changed);
    const chosen = new MutationObserver(changed);
    chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      dark.removeEventListener('change', changed);
      chosen.disconnect();
    };
  }

  /** A token such as `--accent`, as it is inside of `element` now. An effect that asks runs again on a change. */
  of(element: Element, token: `--${string}`): string {
    if (this.#changes < 0) return '';
    const probe = document.createElement('span');
    probe.style.color = `var(${token})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }
}
