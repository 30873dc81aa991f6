/** By which the script in the page's world tells the one beside it of a `window.open`. */
export const OPEN_EVENT = 'torrpeddo:open';
