/** A short word to the user at the edge of the page. */
export interface Message {
  text: string;
  bad: boolean;
  /** What can be done about it, for as long as it stands there. */
  action?: { label: string; run: () => void };
}

/** What is asked before something that cannot be undone. */
export interface Question {
  title: string;
  text: string;
  yes: string;
  /** What it is about, in the words of a stranger. */
  subject: string;
  dangerous: boolean;
  answer: () => void;
}
