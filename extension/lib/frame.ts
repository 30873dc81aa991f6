/** Calls when the next frame has been drawn, unless the function that it returns is called before. */
export function afterFrame(then: () => void): () => void {
  // Within the first of these nothing has been drawn yet.
  let waiting = requestAnimationFrame(() => (waiting = requestAnimationFrame(then)));
  return () => {
    cancelAnimationFrame(waiting);
  };
}
