import type { Finding } from '@/lib/protocol/generated';
import { redact, type Private } from '@/lib/redact';

/** What is known about this installation. */
export interface Facts {
  versions: readonly (readonly [string, string])[];
  connection: string;
  findings: readonly Finding[] | undefined;
  log: readonly string[] | undefined;
}

/** So much of the log goes into a report: it is to be read by somebody. */
const LOG_LINES = 100;

/**
 * The report as text, for a bug tracker or a mail. It is for the people who mend this, so its words are the
 * program's own, whatever language the page has. Nothing private is in it.
 */
export function reportText(facts: Facts, known: Private): string {
  const parts = [`connection: ${facts.connection}`];
  if (facts.findings !== undefined) {
    const lines = facts.findings.map(
      ({ level, check, message, remedy }) =>
        `[${level}] ${check}: ${message}${remedy === undefined ? '' : `\n    ${remedy}`}`,
    );
    parts.push(['## doctor', ...lines].join('\n'));
  }
  if (facts.log !== undefined) parts.push(['## log', ...facts.log.slice(-LOG_LINES)].join('\n'));
  // Not the versions, which are ours: a browser's looks like an address.
  const versions = facts.versions.map(([name, value]) => `${name}: ${value}`).join('\n');
  return `# Torrpeddo report\n\n${versions}\n${redact(parts.join('\n\n'), known)}\n`;
}
