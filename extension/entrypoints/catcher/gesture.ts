/** As long as the longest activation that browsers grant after something the user did. */
const ACTIVATION_MS = 5_000;

/**
 * What a page's script does counts as the user's will only once for each thing the user did: a page that
 * follows a thousand links after one click has one of them taken.
 */
export class Gestures {
  #last = -Infinity;
  #spent = -Infinity;
  #alt = false;

  listen(): void {
    const seen = (event: MouseEvent | KeyboardEvent): void => {
      if (event.isTrusted) this.note(performance.now(), event.altKey);
    };
    for (const kind of ['pointerdown', 'click', 'keydown'] as const) addEventListener(kind, seen, true);
  }

  note(now: number, alt: boolean): void {
    this.#last = now;
    this.#alt = alt;
  }

  /** Whether a script may act for the user now; if so, it may not again until the user does something. */
  spend(now = performance.now(), active = navigator.userActivation.isActive): boolean {
    // Alt passes everything through, to scripts as to links.
    if (!active || this.#alt) return false;
    // What the user did in another frame is not seen here: then time has to tell two things apart.
    if (this.#last <= this.#spent && now - this.#spent < ACTIVATION_MS) return false;
    this.#spent = now;
    return true;
  }
}
