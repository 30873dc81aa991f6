/** What is known to be private: exact texts, whatever they look like. */
export interface Private {
  torrents: readonly string[];
  folders: readonly string[];
}

/** Shorter names than this are words of everyday; blotting them out would only garble the text. */
const NAME_LENGTH = 4;

const MAGNET = /magnet:\?[^\s"'<>]+/gi;
/** Addresses of trackers carry passkeys, those of pages say what somebody reads. */
const URL = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi;
const HASH = /\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[a-z2-7]{32})\b/gi;
const IPV4 = /\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b/g;
// Two colons side by side, or seven of them: a time of day has neither.
const IPV6 =
  /\[?(?<![\w:])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}|(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?)(?![\w:])\]?(?::\d{1,5})?/gi;
const HOME = /(?:\/home\/|\/Users\/|\b[a-z]:\\Users\\)[^\s/\\"':,;]+|\/root(?=\/|$)/gi;
/** Places of programs, the same for everybody: they say what is installed where. */
const KNOWN = String.raw`~\/\.|\/(?:usr|etc|opt|run\/user|bin|sbin|snap|proc|Applications|Library)\/`;
/**
 * Any other path. Where it ends cannot be known, since names may have blanks in them: it is taken to go on to
 * what usually follows one, and rather too far than not far enough.
 */
const PATH = new RegExp(
  String.raw`(?<![\w<~./\\])(?!${KNOWN})(?:~?\/|~?\\|[a-z]:\\)(?=[^\s/\\])[^\n"']*?(?=: |"|'| \w+=|, which |\.?$)`,
  'gim',
);

/** Takes out of a text what is nobody's business: torrents, folders, addresses. */
export function redact(text: string, known: Private): string {
  let clean = text;
  const replace = (what: readonly string[], by: string): void => {
    // The longest first: one may be the beginning of another.
    for (const each of [...new Set(what)].sort((a, b) => b.length - a.length)) {
      if (each.length >= NAME_LENGTH) clean = clean.replaceAll(each, by);
    }
  };
  replace(known.folders, '<folder>');
  replace(known.torrents, '<torrent>');
  // What follows a known folder is the inside of it.
  clean = clean.replace(/<folder>(?:[/\\][^\n"']*?(?=: |"|'| \w+=|$))/gm, '<folder>');
  return clean
    .replace(MAGNET, '<magnet>')
    .replace(URL, '<address>')
    .replace(HASH, '<hash>')
    .replace(IPV6, '<address>')
    .replace(IPV4, '<address>')
    .replace(HOME, '~')
    .replace(PATH, '<path>');
}
