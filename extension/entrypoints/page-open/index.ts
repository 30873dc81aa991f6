import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import { OPEN_EVENT } from './event';

/**
 * Runs in the page's own world, where alone `window.open` can be seen. It only asks: who decides is the
 * script beside it, which believes nothing that comes from here. The page may undo this, and then opens its
 * links as if we were not there.
 */
export default defineUnlistedScript({
  globalName: false,
  main,
});

function main(): void {
  // Kept before the page can change them.
  const apply: <T>(target: (...parameters: never[]) => T, self: unknown, parameters: unknown[]) => T =
    Reflect.apply.bind(Reflect);
  const dispatch = EventTarget.prototype.dispatchEvent.bind(window);
  const Event = CustomEvent;
  const text = String;

  const taken = (url: unknown): boolean => {
    try {
      if (typeof url !== 'string' && !(url instanceof URL)) return false;
      const detail = text(url).trim();
      if (!/^magnet:\?/i.test(detail)) return false;
      return !dispatch(new Event(OPEN_EVENT, { cancelable: true, detail }));
    } catch {
      // A page that changed what this is made of must still be able to open windows.
      return false;
    }
  };

  // A proxy looks like what it stands for, whatever a page asks it.
  window.open = new Proxy(open, {
    apply: (native, self: unknown, parameters: unknown[]): Window | null =>
      taken(parameters[0]) ? null : apply(native, self, parameters),
  });
}
