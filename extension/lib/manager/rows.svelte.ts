/**
 * The buttons of a table's rows are one stop of the Tab key, and the arrows go from row to row. A row that
 * goes up or down while the table is drawn again keeps the focus.
 */
export class RowButtons {
  /** The row whose button Tab comes to. */
  current = $state<string | undefined>();

  #table: HTMLElement | undefined;
  #focused = false;

  /** For the table body: `{@attach rows.attach}`. */
  readonly attach = (table: HTMLElement): (() => void) => {
    this.#table = table;
    const focusin = ({ target }: FocusEvent): void => {
      const row = (target as Element).closest<HTMLElement>('[data-row]')?.dataset['row'];
      if (row !== undefined) this.current = row;
      this.#focused = row !== undefined;
    };
    // Not when the row was merely moved: then nothing else has the focus.
    const focusout = ({ relatedTarget }: FocusEvent): void => {
      if (relatedTarget !== null) this.#focused = false;
    };
    const keydown = (event: KeyboardEvent): void => {
      this.#step(event);
    };
    table.addEventListener('focusin', focusin);
    table.addEventListener('focusout', focusout);
    table.addEventListener('keydown', keydown);
    return () => {
      table.removeEventListener('focusin', focusin);
      table.removeEventListener('focusout', focusout);
      table.removeEventListener('keydown', keydown);
    };
  };

  /** Whether Tab comes to the button of a row. */
  tabindex(row: string, first: boolean, rows: readonly string[]): 0 | -1 {
    const known = this.current !== undefined && rows.includes(this.current);
    return (known ? row === this.current : first) ? 0 : -1;
  }

  /** After the rows were drawn again. */
  restore(): void {
    if (!this.#focused || document.activeElement !== document.body) return;
    const button = this.#buttons().find(
      (one) => one.closest<HTMLElement>('[data-row]')?.dataset['row'] === this.current,
    );
    if (button === undefined) this.#focused = false;
    else button.focus();
  }

  #buttons(): HTMLButtonElement[] {
    return [...(this.#table?.querySelectorAll<HTMLButtonElement>('[data-row] button') ?? [])];
  }

  #step(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const buttons = this.#buttons();
    const at = buttons.findIndex((button) => button === document.activeElement);
    const next = at === -1 ? undefined : buttons[at + step];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    next.focus();
  }
}
