import { mount, unmount } from 'svelte';

/** How long a pointer rests on a button before its tooltip appears. */
const DELAY_MS = 500;
/** Who has just read one and goes on to the next button waits no longer. */
const WARM_MS = 300;
/** How long the way from the button to its tooltip may take. */
const GRACE_MS = 150;

/** The tooltip itself: `Tooltip.svelte`. */
const PLACE = '[data-tooltip]';

function buttonAt(event: Event): HTMLElement | undefined {
  const at = event.target;
  return (at instanceof Element && at.closest<HTMLElement>('[data-tip]')) || undefined;
}

function overTooltip(event: Event): boolean {
  return event.target instanceof Element && event.target.closest(PLACE) !== null;
}

/**
 * One tooltip for all buttons of a page. A button says in `data-tip` what stands in it; that costs nothing,
 * and a list has two buttons in every row. What draws it is fetched when the first one is wanted.
 */
class Tips {
  #button: HTMLElement | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #hide: (() => void) | undefined;
  #hiddenAt = -Infinity;
  /** Was pressed: what it says is known, until the pointer comes back to it. */
  #pressed: HTMLElement | undefined;

  pointed(event: PointerEvent): void {
    if (event.pointerType === 'touch') return;
    const button = buttonAt(event);
    if (overTooltip(event) || (button !== undefined && button === this.#button)) {
      // Back again, or on its way across the tooltip; a pointer that rests on goes on resting.
      if (this.#hide !== undefined) clearTimeout(this.#waiting);
      return;
    }
    clearTimeout(this.#waiting);
    if (button !== this.#pressed) this.#pressed = undefined;
    if (button === undefined) {
      if (this.#hide === undefined) this.end();
      else
        this.#waiting = setTimeout(() => {
          this.end();
        }, GRACE_MS);
    } else if (button !== this.#pressed) {
      const warm = this.#hide !== undefined || performance.now() - this.#hiddenAt < WARM_MS;
      this.end();
      this.#button = button;
      this.#waiting = setTimeout(() => void this.#show(button), warm ? 0 : DELAY_MS);
    }
  }

  focused(event: FocusEvent): void {
    this.end();
    const button = buttonAt(event);
    if (button?.matches(':focus-visible') !== true) return;
    this.#button = button;
    void this.#show(button);
  }

  pressed(event: Event): void {
    this.#pressed = buttonAt(event);
    this.end();
  }

  /** No tooltip, and none on its way. */
  end(): void {
    clearTimeout(this.#waiting);
    this.#button = undefined;
    if (this.#hide !== undefined) this.#hiddenAt = performance.now();
    this.#hide?.();
    this.#hide = undefined;
  }

  async #show(button: HTMLElement): Promise<void> {
    const { default: Tooltip } = await import('@/components/Tooltip.svelte');
    const text = button.dataset['tip'];
    // Who left and came back while it was fetched has asked twice.
    const wanted = button === this.#button && this.#hide === undefined && button.isConnected;
    if (!wanted || text === undefined) return;
    const props = {
      anchor: button,
      text,
      onclose: () => {
        this.end();
      },
    };
    const tooltip = mount(Tooltip, { target: document.body, props });
    this.#hide = () => void unmount(tooltip);
  }
}

/** Shows the tooltips of a page's buttons to who points at them or comes to them by keyboard. */
export function showTips(): void {
  const tips = new Tips();
  document.addEventListener('pointerover', (event) => {
    tips.pointed(event);
  });
  document.documentElement.addEventListener('pointerleave', () => {
    tips.end();
  });
  document.addEventListener('focusin', (event) => {
    tips.focused(event);
  });
  document.addEventListener('focusout', () => {
    tips.end();
  });
  document.addEventListener(
    'pointerdown',
    (event) => {
      tips.pressed(event);
    },
    { capture: true },
  );
  document.addEventListener(
    'click',
    (event) => {
      tips.pressed(event);
    },
    { capture: true },
  );
  document.addEventListener(
    'scroll',
    () => {
      tips.end();
    },
    { capture: true, passive: true },
  );
}
