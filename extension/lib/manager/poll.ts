/** Does something now and again, never twice at once, and not while nobody looks. Returns how to end it. */
export function poll(act: () => Promise<void>, everyMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const again = (): void => {
    if (ended) return;
    timer = setTimeout(() => {
      if (document.hidden) again();
      else void act().finally(again);
    }, everyMs);
  };
  void act().finally(again);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
